//! From episodes to alerts: false-discovery control over all series of the run, floors, lifts, context.

use crate::alert::{Alert, ChangePointTime, Counts, Detectors, Estimate, Event, Flag, Group, Severity, Status};
use crate::baseline::holiday;
use crate::detect::surge::Episode;
use crate::measure::attribution::{Onset, attribute};
use crate::measure::comovement::{self, Onsets};
use crate::pipeline::lifts;
use crate::pipeline::references::References;
use crate::pipeline::score::{Known, Scored};
use crate::pipeline::{Options, in_parallel, periods};
use crate::series::{Key, Kind, Level, Panel, Role, Series};
use crate::stats::fdr;
use crate::time::{Seconds, Step};
use std::collections::BTreeSet;

/// What became of the episodes of a run.
pub(crate) struct Judged {
    /// Surges.
    pub(crate) alerts: Vec<Alert>,
    /// Falls.
    pub(crate) drops: Vec<Alert>,
    /// Stretches (first, last period) of each series that are alerts.
    pub(crate) surges: Vec<Vec<(usize, usize)>>,
    /// The same for drops.
    pub(crate) falls: Vec<Vec<(usize, usize)>>,
}

impl Judged {
    /// Alerts and drops that were decided elsewhere, from the past alone.
    pub(crate) fn of(alerts: impl Iterator<Item = Alert>, scored: &[Scored], panel: &Panel) -> Judged {
        let nothing = || vec![Vec::new(); scored.len()];
        let mut judged = Judged { alerts: Vec::new(), drops: Vec::new(), surges: nothing(), falls: nothing() };
        for alert in alerts {
            let of = |s: &Scored| s.watched.level == alert.level && s.watched.series.key == alert.key;
            let fall = alert.flags.contains(&Flag::Drop);
            let stretches = if fall { &mut judged.falls } else { &mut judged.surges };
            let stretch = panel.grid.index_of(alert.onset).zip(panel.grid.index_of(alert.end));
            if let (Some(i), Some(stretch)) = (scored.iter().position(of), stretch) {
                stretches[i].push(stretch);
            }
            if fall { judged.drops.push(alert) } else { judged.alerts.push(alert) }
        }
        judged.alerts.sort_by(|a, b| order(a).cmp(&order(b)));
        judged.drops.sort_by(|a, b| order(a).cmp(&order(b)));
        judged
    }

    /// Periods of series `i` that lie in an alert or a drop.
    pub(crate) fn mask(&self, i: usize, len: usize) -> Vec<bool> {
        let mut mask = vec![false; len];
        for &(first, last) in self.surges[i].iter().chain(&self.falls[i]) {
            mask[first..=last].fill(true);
        }
        mask
    }
}

/// An episode on trial.
pub(crate) struct Candidate<'a> {
    pub(crate) series: usize,
    pub(crate) episode: &'a Episode,
    pub(crate) p: f64,
    pub(crate) q: f64,
    /// First period of the episode as it was first seen: its identity.
    pub(crate) since: Seconds,
}

/// Decides which episodes are alerts. Surges and drops are two families of tests.
pub(crate) fn judge(
    scored: &[Scored],
    panel: &Panel,
    events: &[Event],
    options: &Options,
    counts: &mut Counts,
) -> Judged {
    let references = References::new(scored);
    let mut judged = Judged {
        alerts: Vec::new(),
        drops: Vec::new(),
        surges: vec![Vec::new(); scored.len()],
        falls: vec![Vec::new(); scored.len()],
    };
    for sign in [1.0, -1.0] {
        let candidates = candidates(scored, panel, options, sign);
        counts.surges_tested += if sign > 0.0 { candidates.len() } else { 0 };
        let mut passed = Vec::new();
        for candidate in candidates {
            if candidate.q > options.fdr {
                counts.not_significant += usize::from(sign > 0.0);
            } else if below_floor(&scored[candidate.series], candidate.episode, options) {
                counts.below_floor += usize::from(sign > 0.0);
            } else {
                let stretches = if sign > 0.0 { &mut judged.surges } else { &mut judged.falls };
                stretches[candidate.series].push((candidate.episode.onset, candidate.episode.end));
                passed.push(candidate);
            }
        }
        let known = Known { grid: &panel.grid, events, options };
        let found = in_parallel(passed, options.jobs, &|_, _| {}, |candidate| {
            alert(&candidate, &scored[candidate.series], &known, &references)
        });
        if sign > 0.0 { judged.alerts = found } else { judged.drops = found }
    }
    mark_displacement(&mut judged);
    // What a part of an outlet does is news only where another part explains it or it fell.
    let parts: BTreeSet<&Key> = scored.iter().filter(|s| s.watched.part).map(|s| &s.watched.series.key).collect();
    judged.alerts.retain(|alert| !parts.contains(&alert.key) || alert.flags.contains(&Flag::Displacement));
    judged.alerts.sort_by(|a, b| order(a).cmp(&order(b)));
    judged.drops.sort_by(|a, b| order(a).cmp(&order(b)));
    judged
}

/// The order of the files: onset, state, outlet, country; then what tells the rest apart.
fn order(alert: &Alert) -> (i64, &str, &str, &str, &str, Level, &str) {
    let key = &alert.key;
    (alert.onset, &key.state, &key.outlet, &key.country, &key.domain, alert.level, &alert.id)
}

/// All episodes of one sign in watched series, with q-values over the run. A series without an episode is a test too:
/// it enters with p = 1, so that looking at more series costs what it must.
fn candidates<'a>(scored: &'a [Scored], panel: &Panel, options: &Options, sign: f64) -> Vec<Candidate<'a>> {
    let from = options.judge_from.map_or(0, |time| {
        let steps = (time - panel.grid.start).div_euclid(panel.grid.step.seconds());
        steps.clamp(0, panel.grid.len as i64) as usize
    });
    let mut found = Vec::new();
    let mut quiet = 0;
    for (i, series) in scored.iter().enumerate() {
        // Periods that serve as history alone are no looks.
        let looks = |from: usize| series.walk.p.iter().skip(from).filter(|p| !p.is_nan()).count();
        if series.watched.series.role != Role::State || looks(from) == 0 {
            continue;
        }
        let before = found.len();
        let episodes = series.walk.episodes.iter().filter(|e| e.sign == sign && e.end >= from);
        found.extend(episodes.map(|episode| Candidate {
            series: i,
            episode,
            p: within_series(episode.p, looks(from.min(episode.onset))),
            q: 1.0,
            since: panel.grid.time(episode.first_seen),
        }));
        quiet += usize::from(found.len() == before);
    }
    let mut p: Vec<f64> = found.iter().map(|c| c.p).collect();
    p.extend(std::iter::repeat_n(1.0, quiet));
    for (candidate, q) in found.iter_mut().zip(fdr::q_values(&p)) {
        candidate.q = q;
    }
    found
}

/// p-value of the most telling of `looks` looks at a series (Šidák 1967).
fn within_series(p: f64, looks: usize) -> f64 {
    -(looks as f64 * (-p.min(1.0 - 1e-16)).ln_1p()).exp_m1()
}

fn below_floor(series: &Scored, episode: &Episode, options: &Options) -> bool {
    let expected = series.scale.inverse(series.walk.expected[episode.onset]);
    is_below_floor(&series.watched.series, expected, episode, options)
}

/// Whether there is too little traffic for an alert: in a surge while it lasts, in a drop before it.
pub(crate) fn is_below_floor(series: &Series, expected: f64, episode: &Episode, options: &Options) -> bool {
    let surge = || crate::stats::robust::mean(&series.values[episode.onset..=episode.end]);
    let level = if episode.sign > 0.0 { surge() } else { expected };
    series.kind.adds_up() && level < options.min_visits
}

/// Below so many visits a period, a percentage says little.
const LOW_BASE: f64 = 100.0;

/// The alert of an episode, with all its figures.
pub(crate) fn alert(
    candidate: &Candidate<'_>,
    series: &Scored,
    known: &Known<'_>,
    references: &References<'_>,
) -> Alert {
    let Known { grid, events, options } = *known;
    let episode = candidate.episode;
    let source = &series.watched.series;
    let selection = lifts::selection(series, episode, grid, options);
    let lift = lifts::of_stretch(series, episode, &selection, grid, options);
    let net = references.net(series, episode, &selection, grid.step, options);
    // What is left when the net lift is taken out of the lift that is printed: the three must fit together.
    let reference_lift = (1.0 + lift.lift.point) / (1.0 + net.net.point) - 1.0;
    let change = nearest_change(series, episode, grid.step);
    let mut flags = flags(series, episode, lift.expected, grid.step);
    if holiday::is_on(&options.holidays, &source.key.country, grid.time(episode.onset)) {
        flags.insert(Flag::Holiday);
    }
    if options.cut_short && episode.open {
        flags.insert(Flag::PartialData);
    }
    if reference_lift.abs() > 0.1 && reference_lift * episode.sign > 0.0 {
        flags.insert(Flag::ReferenceMoved);
    }
    if net.net.low <= 0.0 && net.net.high >= 0.0 {
        flags.insert(Flag::NetIncludesZero);
    }
    let onset = grid.time(episode.onset);
    let span = change.map_or((onset, onset), |c| (grid.time(c.low).min(onset), grid.time(c.high).max(onset)));
    let place = Onset { at: onset, low: span.0, high: span.1 };
    let kind_lift = if source.kind.has_lift() { lift.lift } else { Estimate::UNKNOWN };
    Alert {
        id: identity(series.watched.level, &source.key, grid.step, episode.sign, candidate.since),
        level: series.watched.level,
        key: source.key.clone(),
        step: grid.step,
        onset,
        peak: grid.time(episode.peak),
        end: grid.time(episode.end),
        status: if episode.open { Status::Open } else { Status::Closed },
        periods: episode.end + 1 - episode.onset,
        observed: lift.observed,
        expected: lift.expected,
        lift: kind_lift,
        excess: if source.kind.has_excess() { lift.observed - lift.expected } else { f64::NAN },
        peak_value: source.values[episode.peak],
        peak_z: episode.peak_z * episode.sign,
        p_value: candidate.p,
        q_value: candidate.q,
        change_point: change.as_ref().map(|c| ChangePointTime {
            at: grid.time(c.index),
            low: grid.time(c.low),
            high: grid.time(c.high),
        }),
        detectors: Detectors { zscore: true, changepoint: change.is_some() },
        reference_lift,
        net_lift: net.net,
        controls: references.uses(&source.key.country, &net),
        events: attribute(events, place, &source.key.state, &source.key.country, (grid.start, grid.end())),
        severity: severity(kind_lift, net.net, candidate.q, episode),
        flags,
    }
}

/// Severity from what is certain: the lower end of the lift (net of the news where that is known).
fn severity(lift: Estimate, net: Estimate, q: f64, episode: &Episode) -> Severity {
    let sure = |e: Estimate| if episode.sign > 0.0 { e.low } else { -e.high };
    let low = if net.low.is_nan() { sure(lift) } else { sure(lift).min(sure(net)) };
    let lasting = episode.end > episode.onset + 1;
    if low >= 0.5 && q <= 0.01 && lasting {
        Severity::High
    } else if low >= 0.2 && lasting {
        Severity::Medium
    } else {
        Severity::Low
    }
}

fn flags(series: &Scored, episode: &Episode, expected: f64, step: Step) -> BTreeSet<Flag> {
    let mut flags = BTreeSet::new();
    let stretch = episode.onset..=episode.end;
    let values = &series.watched.series.values;
    let observed = values[stretch.clone()].iter().filter(|v| !v.is_nan()).count();
    if observed < values[stretch.clone()].len() || stretch.clone().any(|t| series.watched.filled[t]) {
        flags.insert(Flag::PartialData);
    }
    if series.watched.series.kind == Kind::Count && expected < LOW_BASE * observed as f64 {
        flags.insert(Flag::LowBase);
    }
    if episode.level_shift {
        flags.insert(Flag::LevelShift);
    }
    if episode.onset == episode.end {
        flags.insert(Flag::SinglePeriod);
    }
    if episode.sign < 0.0 {
        flags.insert(Flag::Drop);
    }
    let first = series.watched.series.observed_span().map_or(0, |(first, _)| first);
    if first > 0 && episode.onset < first + periods(90.0, step) {
        flags.insert(Flag::NewDomain);
    }
    flags
}

/// The break in the direction of the episode whose interval lies nearest to the onset, if it is near.
fn nearest_change<'a>(series: &'a Scored, episode: &Episode, step: Step) -> Option<&'a crate::alert::ChangePoint> {
    let near = periods(3.0, step).max(2);
    let distance = |c: &crate::alert::ChangePoint| match episode.onset {
        onset if onset < c.low => c.low - onset,
        onset if onset > c.high => onset - c.high,
        _ => 0,
    };
    series
        .change_points
        .iter()
        .filter(|c| (c.after - c.before) * episode.sign > 0.0 && distance(c) <= near)
        .min_by_key(|c| (distance(c), c.index.abs_diff(episode.onset)))
}

/// A name for the surge that stays the same when more data arrive: whose traffic, which step, which sign, since when.
/// The onset is the one seen on the day of detection, from the past alone. (FNV-1a, 64 bits: an identity, not a
/// seal.)
fn identity(level: Level, key: &Key, step: Step, sign: f64, onset: Seconds) -> String {
    let text = format!(
        "{}|{}|{}|{}|{}|{}|{sign}|{onset}",
        level.name(),
        key.state,
        key.outlet,
        key.domain,
        key.country,
        step.name()
    );
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}

/// A drop of one domain and a surge of another of the same outlet, in the same country, within two weeks.
fn mark_displacement(judged: &mut Judged) {
    let near = 14 * Step::DAY.seconds();
    for drop in judged.drops.iter_mut().filter(|drop| !drop.key.domain.is_empty()) {
        for gain in judged.alerts.iter_mut().filter(|gain| !gain.key.domain.is_empty()) {
            let same = gain.key.outlet == drop.key.outlet && gain.key.country == drop.key.country;
            if same && gain.key.domain != drop.key.domain && (gain.onset - drop.onset).abs() <= near {
                gain.flags.insert(Flag::Displacement);
                drop.flags.insert(Flag::Displacement);
            }
        }
    }
}

/// Outlets whose surges start together: onsets of outlets in all countries together where the data have them.
pub(crate) fn groups(alerts: &[Alert], panel: &Panel, options: &Options) -> Vec<Group> {
    let together = alerts.iter().any(|a| a.level == Level::Outlet && a.key.country.is_empty());
    let mut onsets: Vec<Onsets> = Vec::new();
    for alert in alerts.iter().filter(|a| a.level == Level::Outlet && (a.key.country.is_empty() || !together)) {
        let Some(at) = panel.grid.index_of(alert.onset) else { continue };
        match onsets.iter_mut().find(|o| o.outlet == alert.key.outlet) {
            Some(known) if !known.at.contains(&at) => known.at.push(at),
            Some(_) => {}
            None => {
                onsets.push(Onsets { outlet: alert.key.outlet.clone(), state: alert.key.state.clone(), at: vec![at] })
            }
        }
    }
    onsets.sort_by(|a, b| a.outlet.cmp(&b.outlet));
    comovement::groups(&onsets, &panel.grid, periods(1.0, panel.grid.step).max(1), options.fdr)
}
