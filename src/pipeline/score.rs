//! Scoring of one series: working scale, walk through time, change points.

use crate::aggregate::Watched;
use crate::alert::{Band, ChangePoint, Event, PeriodFlags, ScoredSeries};
use crate::baseline::holiday;
use crate::baseline::seasonal::Season;
use crate::detect::surge::{self, Episode, Settings, Walk};
use crate::detect::{changepoint, extent, hindsight, succession};
use crate::pipeline::candidates::NEAR_DAYS;
use crate::pipeline::part_shifts::PartShift;
use crate::pipeline::{Options, periods};
use crate::series::{Key, Role, Series};
use crate::stats::scale::Scale;
use crate::stats::tail::normal_quantile;
use crate::time::Grid;

/// A scored series as the rest of the pipeline needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// What was scored.
    pub(crate) watched: Watched,
    /// Its walk through time.
    pub(crate) walk: Walk,
    /// Scale of the walk.
    pub(crate) scale: Scale,
    /// Breaks, with levels on the working scale.
    pub(crate) change_points: Vec<ChangePoint>,
    /// p-value of each episode in the light of the whole series.
    pub(crate) hindsight: Vec<f64>,
    /// Of a sum: which of its parts came to new levels.
    pub(crate) part_shifts: Vec<PartShift>,
}

/// What the measuring of an alert may know beside the series.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    /// Grid of the series.
    pub(crate) grid: &'a Grid,
    /// Dated events.
    pub(crate) events: &'a [Event],
    /// How to analyse.
    pub(crate) options: &'a Options,
}

pub(crate) fn score(watched: Watched, grid: &Grid, options: &Options) -> Scored {
    let values = &watched.series.values;
    let mut settings = Settings::for_step(grid.step, options.baseline_days, options.gap_days, Scale::COUNT);
    let scale = Scale::of(watched.series.kind, values, settings.baseline.min_observed);
    settings.scale = scale;
    let mut x: Vec<f64> = values.iter().map(|v| scale.forward(*v)).collect();
    let effects = holiday::effects(&x, grid, &options.holidays, &watched.series.key.country);
    let mut walk = walk_through_holidays(&mut x, &effects, &settings);
    let change_points = change_points(&x, &settings);
    if !options.online {
        walk.episodes = succession::divide(&walk, &change_points, periods(NEAR_DAYS, grid.step).max(2));
    }
    set_ends(&mut walk, &x);
    for (t, effect) in effects.iter().enumerate() {
        match effect.is_nan() {
            true => walk.spread[t] *= holiday::UNSURE,
            false => walk.expected[t] += effect,
        }
    }
    // Surges of watched outlets alone are judged with hindsight, and none period by period.
    let surges = walk.episodes.iter().any(|episode| episode.sign > 0.0);
    let hindsight = match watched.series.role == Role::State && surges && !options.online {
        true => hindsight::p_values(&x, &walk.episodes, &settings.baseline.seasons, &settings.windows),
        false => vec![1.0; walk.episodes.len()],
    };
    keep_what_is_read(&mut walk);
    Scored { watched, walk, scale, change_points, hindsight, part_shifts: Vec::new() }
}

/// Thousands of series are kept scored until the last is: without the room to grow, and what only the walk reads. Which
/// periods were judged is told by their z.
fn keep_what_is_read(walk: &mut Walk) {
    (walk.p, walk.sign, walk.in_episode) = (Vec::new(), Vec::new(), Vec::new());
    [&mut walk.expected, &mut walk.spread, &mut walk.z].into_iter().for_each(Vec::shrink_to_fit);
}

/// Walks through `x` with the effects of holidays taken out of it. A holiday of which nothing is known is expected to be
/// like any day, only less surely: its distance from that counts as if its spread were so much wider.
fn walk_through_holidays(x: &mut [f64], effects: &[f64], settings: &Settings) -> Walk {
    x.iter_mut().zip(effects).filter(|(_, effect)| !effect.is_nan()).for_each(|(x, effect)| *x -= effect);
    let unsure: Vec<(usize, f64)> = (0..effects.len()).filter(|&t| effects[t].is_nan()).map(|t| (t, x[t])).collect();
    if unsure.iter().all(|(_, value)| value.is_nan()) {
        return surge::walk(x, settings);
    }
    unsure.iter().for_each(|&(t, _)| x[t] = f64::NAN);
    let expected = surge::walk(x, settings).expected;
    for (t, value) in unsure {
        // Before there is a baseline the day stays out.
        x[t] = expected[t] + (value - expected[t]) / holiday::UNSURE;
    }
    surge::walk(x, settings)
}

/// Ends of the episodes that are over, seen from after them.
fn set_ends(walk: &mut Walk, x: &[f64]) {
    let mut episodes = std::mem::take(&mut walk.episodes);
    episodes.iter_mut().for_each(|episode| set_end(episode, walk, x));
    walk.episodes = episodes;
}

/// The end of an episode, seen from after it, if it is over.
pub(crate) fn set_end(episode: &mut Episode, walk: &Walk, x: &[f64]) {
    if !episode.open && !episode.level_shift {
        let stretch = episode.onset..=episode.end;
        let residuals: Vec<f64> = stretch.map(|t| episode.sign * (x[t] - walk.expected[t])).collect();
        let earliest = episode.peak.clamp(episode.onset, episode.end) - episode.onset;
        episode.end = episode.onset + extent::end(&residuals, walk.spread[episode.onset], earliest);
    }
}

/// Breaks of the deseasonalised series, seen from the whole of it.
pub(crate) fn change_points(x: &[f64], settings: &Settings) -> Vec<ChangePoint> {
    let season = Season::learn(x, 0, &settings.baseline.seasons);
    let mut level = x.to_vec();
    season.take_out(&mut level, 0);
    let cycle = settings.baseline.seasons.first().copied().unwrap_or(1);
    changepoint::change_points(&level, &changepoint::Settings { season: cycle, ..Default::default() })
}

impl Scored {
    /// Whose traffic.
    pub(crate) fn key(&self) -> &Key {
        &self.watched.series.key
    }

    /// The series with everything known of it, for tables and charts. `surges` and `drops` are the stretches that
    /// became alerts. The columns are handed on, not copied.
    pub(crate) fn describe(self, surges: &[(usize, usize)], drops: &[(usize, usize)], interval: f64) -> ScoredSeries {
        let Scored { watched, walk, scale, change_points, .. } = self;
        let Series { key, role, kind, values, censored } = watched.series;
        let within = |t: usize, stretches: &[(usize, usize)]| stretches.iter().any(|(a, b)| (*a..=*b).contains(&t));
        let flags = |(t, filled): (usize, bool)| {
            let bounded = censored.contains_key(&t);
            PeriodFlags::default()
                .with(PeriodFlags::GAP, values[t].is_nan() && !bounded)
                .with(PeriodFlags::CENSORED, bounded)
                .with(PeriodFlags::FILLED, filled)
                .with(PeriodFlags::SURGE, within(t, surges))
                .with(PeriodFlags::DROP, within(t, drops))
        };
        let in_values = |change: ChangePoint| ChangePoint {
            before: scale.inverse(change.before),
            after: scale.inverse(change.after),
            ..change
        };
        let reach = normal_quantile(0.5 + interval / 2.0);
        ScoredSeries {
            level: watched.level,
            key,
            role,
            kind,
            band: Band::Learnt { scale, expected: walk.expected, spread: walk.spread, reach },
            z: walk.z,
            flags: watched.filled.into_iter().enumerate().map(flags).collect(),
            change_points: change_points.into_iter().map(in_values).collect(),
            observed: values,
        }
    }
}
