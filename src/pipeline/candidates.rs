//! What stands trial: the episodes of every watched series and, with hindsight, its upward change points; with
//! p-values for the whole of a series and false-discovery rates for the whole run.

use crate::alert::ChangePoint;
use crate::detect::surge::Episode;
use crate::pipeline::score::Scored;
use crate::pipeline::{Options, periods};
use crate::series::{Panel, Role};
use crate::stats::fdr;
use crate::time::{Seconds, Step};
use std::borrow::Cow;

/// The parts of a series' chance of a false alert: what the past alone had to say, the episodes seen from the whole
/// series, and change points.
const PAST: f64 = 0.4;
const HINDSIGHT: f64 = 0.5;
const CHANGE_POINTS: f64 = 0.1;
/// A change point this far from an episode, in days, belongs to it.
pub(crate) const NEAR_DAYS: f64 = 3.0;

/// An episode on trial.
pub(crate) struct Candidate<'a> {
    /// Which series.
    pub(crate) series: usize,
    pub(crate) episode: Cow<'a, Episode>,
    /// Whether the past alone had seen it; if not, only a change point tells.
    pub(crate) seen: bool,
    /// p-value for the whole of the series.
    pub(crate) p: f64,
    /// False-discovery rate over the run.
    pub(crate) q: f64,
    /// The same by what the past alone had to say.
    pub(crate) past_q: f64,
    /// First period of the episode as it was first seen: its identity.
    pub(crate) since: Seconds,
}

/// All candidates of one sign, with q-values over the run: each series is a family of tests. A series without an
/// episode is one too, so that looking at more series costs what it must.
pub(crate) fn candidates<'a>(scored: &'a [Scored], panel: &Panel, options: &Options, sign: f64) -> Vec<Candidate<'a>> {
    let from = options.judge_from.map_or(0, |time| {
        let steps = (time - panel.grid.start).div_euclid(panel.grid.step.seconds());
        steps.clamp(0, panel.grid.len as i64) as usize
    });
    let hindsight = sign > 0.0;
    let mut found = Vec::new();
    let mut pasts = Vec::new();
    let mut families = 0;
    for (i, series) in scored.iter().enumerate() {
        // Periods that serve as history alone are no looks.
        let looks = |from: usize| series.walk.z.iter().skip(from).filter(|z| !z.is_nan()).count();
        if series.watched.series.role != Role::State || looks(from) == 0 {
            continue;
        }
        families += 1;
        let episodes = series.walk.episodes.iter().zip(&series.hindsight);
        for (episode, whole) in episodes.filter(|(e, _)| e.sign == sign && e.end >= from) {
            let looks = looks(from.min(episode.onset));
            let past = within_series(episode.p, looks);
            let (p, share) = match hindsight {
                true => {
                    let change = change_p_value(series, episode, panel.grid.step);
                    (harmonic_mean(past, within_series(*whole, looks), change), PAST)
                }
                false => (past, 1.0),
            };
            pasts.push((past / share).min(1.0));
            found.push(Candidate {
                series: i,
                episode: Cow::Borrowed(episode),
                seen: true,
                p: p.min(1.0),
                q: 1.0,
                past_q: 1.0,
                since: panel.grid.time(episode.first_seen),
            });
        }
        if hindsight {
            let shifts = shifts(series, panel.grid.step, from);
            pasts.resize(pasts.len() + shifts.len(), 1.0);
            found.extend(shifts.into_iter().map(|(episode, p)| Candidate {
                series: i,
                since: panel.grid.time(episode.first_seen),
                episode: Cow::Owned(episode),
                seen: false,
                p: (p / CHANGE_POINTS).min(1.0),
                q: 1.0,
                past_q: 1.0,
            }));
        }
    }
    let p: Vec<f64> = found.iter().map(|c| c.p).collect();
    let family: Vec<usize> = found.iter().map(|c| c.series).collect();
    let q = fdr::q_values_in_families(&p, &family, families);
    let past_q = fdr::q_values_in_families(&pasts, &family, families);
    for (candidate, (q, past_q)) in found.iter_mut().zip(q.into_iter().zip(past_q)) {
        (candidate.q, candidate.past_q) = (q, past_q);
    }
    found
}

/// One p-value from three that depend on each other, by their shares (Wilson 2019, PNAS 116: the harmonic mean p-value,
/// which for small p keeps its size whatever the dependence of a few tests).
fn harmonic_mean(past: f64, whole: f64, change: f64) -> f64 {
    let least = f64::MIN_POSITIVE;
    1.0 / (PAST / past.max(least) + HINDSIGHT / whole.max(least) + CHANGE_POINTS / change.max(least))
}

/// p-value of the most telling of `looks` looks at a series (Šidák 1967).
fn within_series(p: f64, looks: usize) -> f64 {
    -(looks as f64 * (-p.min(1.0 - 1e-16)).ln_1p()).exp_m1()
}

/// The break in the direction of the episode whose interval lies nearest to the onset, if it is near and does not lie
/// after the episode's end.
pub(crate) fn nearest_change<'a>(series: &'a Scored, episode: &Episode, step: Step) -> Option<&'a ChangePoint> {
    let near = periods(NEAR_DAYS, step).max(2);
    let distance = |c: &ChangePoint| match episode.onset {
        onset if onset < c.low => c.low - onset,
        onset if onset > c.high => onset - c.high,
        _ => 0,
    };
    series
        .change_points
        .iter()
        .filter(|c| (c.after - c.before) * episode.sign > 0.0 && distance(c) <= near && c.low <= episode.end + 1)
        .min_by_key(|c| (distance(c), c.index.abs_diff(episode.onset)))
}

/// p-value of the break nearest to the onset of an episode, if it is a step; 1 without one.
fn change_p_value(series: &Scored, episode: &Episode, step: Step) -> f64 {
    let changes = &series.change_points;
    let Some(change) = nearest_change(series, episode, step) else { return 1.0 };
    let at = |index: usize| changes.get(index).map(|c| c.index);
    let i = changes.partition_point(|c| c.index < change.index);
    let before = i.checked_sub(1).and_then(at).unwrap_or(0);
    let next = at(i + 1).unwrap_or(series.walk.z.len());
    if is_step(series, before, change.index, next) { change.p_value.min(1.0) } else { 1.0 }
}

/// Upward change points that belong to no episode, as episodes of their own: from the break to the next one, or until
/// the new level has become normal.
fn shifts(series: &Scored, step: Step, from: usize) -> Vec<(Episode, f64)> {
    let walk = &series.walk;
    let near = periods(NEAR_DAYS, step).max(2);
    let normal = periods(crate::detect::surge::SHIFT_DAYS, step).max(4);
    let begins = walk.z.iter().position(|z| !z.is_nan()).unwrap_or(walk.z.len());
    let ends = walk.z.iter().rposition(|z| !z.is_nan()).map_or(0, |last| last + 1);
    let mut found = Vec::new();
    for (i, change) in series.change_points.iter().enumerate() {
        let onset = change.index;
        let next = series.change_points.get(i + 1).map_or(ends, |next| next.index.min(ends));
        let known = |e: &Episode| e.sign > 0.0 && e.onset < next && e.end + near >= change.low;
        if change.after <= change.before || onset < begins.max(from) || walk.episodes.iter().any(known) {
            continue;
        }
        let before = i.checked_sub(1).map_or(0, |i| series.change_points[i].index);
        if change.p_value > CHANGE_POINTS || !is_step(series, before, onset, next) {
            continue;
        }
        let end = next.min(onset + normal).saturating_sub(1).max(onset);
        let peak = (onset..=end).filter(|&t| !walk.z[t].is_nan()).max_by(|&a, &b| walk.z[a].total_cmp(&walk.z[b]));
        let Some(peak) = peak else { continue };
        let episode = Episode {
            sign: 1.0,
            onset,
            first_seen: onset,
            detected: end,
            end,
            open: end + 1 == ends,
            level_shift: end + 1 == onset + normal,
            peak,
            peak_z: walk.z[peak],
            p: change.p_value,
            window: end + 1 - onset,
        };
        found.push((episode, change.p_value));
    }
    found
}

/// Whether two levels describe `before..next` better than a straight line does (Schwarz 1978; the place of the step is
/// a parameter too): growth is no staircase.
fn is_step(series: &Scored, before: usize, onset: usize, next: usize) -> bool {
    let at = |range: std::ops::Range<usize>| -> Vec<(f64, f64)> {
        let value = |t: usize| series.scale.forward(series.watched.series.values[t]);
        range.map(|t| (t as f64, value(t))).filter(|(_, x)| x.is_finite()).collect()
    };
    let (left, right) = (at(before..onset), at(onset..next));
    let squares = |points: &[(f64, f64)], line: bool| {
        let n = points.len().max(1) as f64;
        let (t, x) = points.iter().fold((0.0, 0.0), |(t, x), p| (t + p.0 / n, x + p.1 / n));
        let sum = |f: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>();
        let (tt, tx) = (sum(&|p| (p.0 - t).powi(2)), sum(&|p| (p.0 - t) * (p.1 - x)));
        let slope = if line && tt > 0.0 { tx / tt } else { 0.0 };
        sum(&|p| (p.1 - x - slope * (p.0 - t)).powi(2))
    };
    let steps = squares(&left, false) + squares(&right, false);
    let all: Vec<(f64, f64)> = left.into_iter().chain(right).collect();
    let n = all.len().max(2) as f64;
    n * steps.max(1e-12).ln() + n.ln() < n * squares(&all, true).max(1e-12).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::Watched;
    use crate::pipeline::score::score;
    use crate::series::{Key, Kind, Level, Series};
    use crate::time::Grid;
    use std::collections::BTreeMap;

    #[test]
    fn the_break_of_a_surge_in_ranks_leads_up_the_ranking() {
        let noise = |t: usize| ((t * 7919 % 101) as f64 / 101.0 - 0.5) * 0.2;
        let level = |t: usize| if (150..170).contains(&t) { 100.0 } else { 1000.0 };
        let values: Vec<f64> = (0..200).map(|t| (level(t) * f64::exp(noise(t))).round()).collect();
        let key = Key { state: "IR".into(), outlet: "o".into(), domain: "d".into(), country: "US".into() };
        let series =
            Series { key, role: Role::State, kind: Kind::Rank, values: values.into(), censored: BTreeMap::new() };
        let watched =
            Watched { level: Level::Domain, series, filled: vec![false; 200], part: false, newcomers: Vec::new() };
        let grid = Grid { start: 0, step: Step::DAY, len: 200 };
        let scored = score(watched, &grid, &Options::default());
        let surge = scored.walk.episodes.iter().find(|e| e.sign > 0.0).unwrap();
        assert_eq!(nearest_change(&scored, surge, Step::DAY).unwrap().index, 150);
        let told = &scored.describe(&[], &[], 0.9).change_points;
        assert!(told[0].before > 900.0 && told[0].after < 120.0, "{told:?}");
    }
}
