//! The lift of a surge, over the window that was found in the same data.

use crate::alert::Estimate;
use crate::detect::surge::{Episode, Settings};
use crate::measure::expected::Setting;
use crate::measure::lift::lift;
use crate::measure::selection::{Finder, Selection};
use crate::pipeline::Options;
use crate::pipeline::baselines::{
    baseline_before, excluded, levels, or, ordinary, seasons, seen, setting, since_new_level,
};
use crate::pipeline::score::Scored;
use crate::time::Grid;

/// Lift of a surge.
pub(crate) struct StretchLift {
    pub(crate) observed: f64,
    pub(crate) expected: f64,
    pub(crate) lift: Estimate,
}

/// What finding its first and last period in the data did to the lift of an episode.
pub(crate) fn selection(series: &Scored, episode: &Episode, grid: &Grid, options: &Options) -> Selection {
    let step = grid.step;
    let (values, strange) = ordinary(series, grid, options);
    let seasons = seasons(step);
    let levels = levels(&series.walk.episodes);
    let setting = Setting { levels: &levels, ..setting(&seasons, series.watched.series.kind, &values, step, options) };
    let walk = Settings::for_step(step, options.baseline_days, options.gap_days, series.scale);
    let finder = Finder {
        sign: episode.sign,
        spread: series.walk.spread[episode.onset],
        delay: episode.detected - episode.onset,
        calm: walk.calm,
        longest: walk.shift_after,
    };
    let baseline = baseline_before(episode.onset, options.baseline_days, step, options);
    let baseline = since_new_level(baseline, &series.walk.episodes, step);
    let mask = or(excluded(series, Some(episode)), &strange);
    Selection::of(&values, baseline, episode.onset..episode.end + 1, Some(&mask), &finder, &setting)
}

/// The lift of an episode. Where the baseline is too short for an interval, the expectation of the walk serves.
pub(crate) fn of_stretch(
    series: &Scored,
    episode: &Episode,
    selection: &Selection,
    grid: &Grid,
    options: &Options,
) -> StretchLift {
    let values = &series.watched.series.values;
    let (onset, end) = (episode.onset, episode.end);
    let (ordinary, strange) = ordinary(series, grid, options);
    let seasons = seasons(grid.step);
    let levels = levels(&series.walk.episodes);
    let setting =
        Setting { levels: &levels, ..setting(&seasons, series.watched.series.kind, &ordinary, grid.step, options) };
    let baseline = baseline_before(onset, options.baseline_days, grid.step, options);
    let baseline = since_new_level(baseline, &series.walk.episodes, grid.step);
    let mask = or(excluded(series, Some(episode)), &strange);
    if let Some(found) = lift(&ordinary, baseline, onset..end + 1, Some(&mask), &setting) {
        let observed = seen(values, &(onset..end + 1));
        let expected = observed / found.observed * found.expected;
        return StretchLift { observed, expected, lift: selection.widen(found.lift) };
    }
    let both = |t: &usize| !values[*t].is_nan() && !series.walk.expected[*t].is_nan();
    let (observed, expected) = (onset..=end)
        .filter(both)
        .fold((0.0, 0.0), |(o, e), t| (o + values[t], e + series.scale.inverse(series.walk.expected[t])));
    // Where nothing was expected, any traffic is infinitely more: no lift that could be told.
    let point = if expected > 0.0 { observed / expected - 1.0 } else { f64::NAN };
    StretchLift { observed, expected, lift: Estimate { point, ..Estimate::UNKNOWN } }
}
