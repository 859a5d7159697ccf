//! From episodes to alerts: false-discovery control over all series of the run, floors, lifts, context.

use crate::alert::{Alert, ChangePointTime, Counts, Detectors, Estimate, Event, Flag, Group, Severity, Status};
use crate::baseline::holiday;
use crate::detect::surge::Episode;
use crate::measure::attribution::{Onset, attribute};
use crate::measure::comovement::{self, Onsets};
use crate::pipeline::baselines::baseline_before;
use crate::pipeline::candidates::{Candidate, candidates, nearest_change};
use crate::pipeline::references::References;
use crate::pipeline::score::{Known, Scored};
use crate::pipeline::surge_lift;
use crate::pipeline::{Options, in_parallel, part_shifts, periods};
use crate::series::{Key, Kind, Level, Panel, Series};
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
            } else if below_floor(&scored[candidate.series], &candidate.episode, options) {
                counts.below_floor += usize::from(sign > 0.0);
            } else if !persists(&scored[candidate.series], &candidate.episode, options) {
                counts.not_persistent += usize::from(sign > 0.0);
            } else {
                passed.push(candidate);
            }
        }
        let known = Known { grid: &panel.grid, events, options };
        let found = in_parallel(passed, options.jobs, &|_, _| {}, |candidate| {
            let alert = alert(&candidate, &scored[candidate.series], &known, &references);
            let stands = candidate.past_q <= options.fdr || is_lifted(&alert.lift);
            (candidate.series, (candidate.episode.onset, candidate.episode.end), alert, stands)
        });
        let stretches = if sign > 0.0 { &mut judged.surges } else { &mut judged.falls };
        let alerts = if sign > 0.0 { &mut judged.alerts } else { &mut judged.drops };
        for (series, stretch, alert, stands) in found {
            if stands {
                stretches[series].push(stretch);
                alerts.push(alert);
            } else {
                counts.lift_uncertain += 1;
            }
        }
    }
    mark_displacement(&mut judged);
    // What a part of an outlet does is news only where another part explains it or it fell.
    let parts: BTreeSet<&Key> = scored.iter().filter(|s| s.watched.part).map(|s| &s.watched.series.key).collect();
    judged.alerts.retain(|alert| !parts.contains(&alert.key) || alert.flags.contains(&Flag::Displacement));
    judged.alerts.sort_by(|a, b| order(a).cmp(&order(b)));
    judged.drops.sort_by(|a, b| order(a).cmp(&order(b)));
    judged
}

/// Whether the interval of a lift leaves out zero. A surge that may be none is not one to print where hindsight alone
/// tells it; a drop is told by the past.
fn is_lifted(lift: &Estimate) -> bool {
    lift.low.is_nan() || lift.low > 0.0
}

/// The order of the files: onset, state, outlet, country; then what tells the rest apart.
fn order(alert: &Alert) -> (i64, &str, &str, &str, &str, Level, &str) {
    let key = &alert.key;
    (alert.onset, &key.state, &key.outlet, &key.country, &key.domain, alert.level, &alert.id)
}

fn below_floor(series: &Scored, episode: &Episode, options: &Options) -> bool {
    let expected = series.scale.inverse(series.walk.expected[episode.onset]);
    is_below_floor(&series.watched.series, expected, episode, options)
}

fn persists(series: &Scored, episode: &Episode, options: &Options) -> bool {
    options.persist.holds(&series.walk.z[episode.onset..=episode.end], episode.sign)
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
    let episode = candidate.episode.as_ref();
    let source = &series.watched.series;
    let settled = part_shifts::before(series, episode.onset, grid.step, options);
    let selection = surge_lift::selection(&settled, episode, grid, options);
    let lift = surge_lift::of_stretch(&settled, episode, &selection, grid, options);
    let net = references.net(&settled, episode, &selection, grid.step, options);
    // What is left when the net lift is taken out of the lift that is printed: the three must fit together.
    let reference_lift = (1.0 + lift.lift.point) / (1.0 + net.net.point) - 1.0;
    let change = nearest_change(series, episode, grid.step);
    let mut flags = flags(series, episode, lift.expected, grid.step);
    if is_of_newcomers(series, episode, lift.observed - lift.expected, grid.step, options) {
        flags.insert(Flag::NewDomain);
    }
    if holiday::is_on(&options.holidays, &source.key.country, grid.time(episode.onset)) {
        flags.insert(Flag::Holiday);
    }
    if options.cut_short && episode.open {
        flags.insert(Flag::PartialData);
    }
    if reference_lift.abs() > 0.1 && reference_lift * episode.sign > 0.0 {
        flags.insert(Flag::ReferenceMoved);
    }
    // A surge smaller than that of all news is none of its own either.
    if sure(net.net, episode.sign) <= 0.0 {
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
        detectors: Detectors { zscore: candidate.seen, changepoint: change.is_some() },
        reference_lift,
        net_lift: net.net,
        controls: references.uses(&source.key.country, &net),
        events: attribute(events, place, &source.key.state, &source.key.country, (grid.start, grid.end())),
        severity: match flags.contains(&Flag::NewDomain) {
            // Of what has no history it cannot be said that it rose.
            true => Severity::Low,
            false => severity(kind_lift, net.net, candidate.q, episode),
        },
        flags,
    }
}

/// What is certain of a lift in the direction `sign`: the nearer end of its interval.
fn sure(lift: Estimate, sign: f64) -> f64 {
    if sign > 0.0 { lift.low } else { -lift.high }
}

/// Severity from what is certain: the lower end of the lift (net of the news where that is known).
fn severity(lift: Estimate, net: Estimate, q: f64, episode: &Episode) -> Severity {
    let sure = |e: Estimate| sure(e, episode.sign);
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

/// Whether at least half of what a sum has more than expected was brought by members that were not there before.
fn is_of_newcomers(series: &Scored, episode: &Episode, excess: f64, step: Step, options: &Options) -> bool {
    let baseline = baseline_before(episode.onset, options.baseline_days, step, options);
    let brought = series.watched.brought_by_newcomers(&baseline, &(episode.onset..episode.end + 1));
    brought > 0.0 && 2.0 * brought >= excess && excess > 0.0
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
