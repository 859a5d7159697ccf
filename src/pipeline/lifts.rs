//! Lifts of surges and around dated events, and the index: which series, which baseline, which controls.

use crate::alert::{Estimate, Event, IndexRow, LiftRow, Window};
use crate::baseline::counterfactual::{NetLift, net_lift};
use crate::detect::surge::Episode;
use crate::measure::expected::Setting;
use crate::measure::index;
use crate::measure::lift::{Lift, event_lifts, lift, window_range};
use crate::pipeline::alerts::Judged;
use crate::pipeline::score::Scored;
use crate::pipeline::{Options, in_parallel, periods};
use crate::series::{Key, Kind, Level, Panel, Role};
use crate::stats::scale::Scale;
use crate::time::{Grid, Step};
use std::collections::BTreeMap;
use std::ops::Range;

/// The counterfactual from reference outlets is fitted on so many days, where the data reach back that far.
const CONTROL_DAYS: f64 = 180.0;
/// Fewest days of history before an event for a lift.
const MIN_HISTORY_DAYS: f64 = 28.0;
/// Draws for the interval of one outlet around one event: there are very many of them.
const OUTLET_DRAWS: usize = 99;
/// Episodes at least this improbable are no part of a baseline.
const EXCLUDE_P: f64 = 1e-4;

/// Lift of a surge.
pub(crate) struct StretchLift {
    pub(crate) observed: f64,
    pub(crate) expected: f64,
    pub(crate) lift: Estimate,
}

fn setting<'a>(seasons: &'a [usize], kind: Kind, values: &[f64], step: Step, options: &Options) -> Setting<'a> {
    let per_day = Step::DAY.seconds() as f64 / step.seconds() as f64;
    let (level, seed) = (options.interval, options.seed);
    let count = Setting { seasons, per_day, scale: Scale::COUNT, level, seed, ..Setting::DAILY };
    if kind.adds_up() { count } else { count.for_shares(values) }
}

fn seasons(step: Step) -> Vec<usize> {
    step.seasons().iter().map(|season| step.periods_in(*season)).collect()
}

/// The baseline that ends the gap before `at`.
fn baseline_before(at: usize, days: f64, step: Step, options: &Options) -> Range<usize> {
    let end = at.saturating_sub(periods(options.gap_days, step));
    end.saturating_sub(periods(days, step))..end
}

/// Periods in telling episodes, but for the one measured.
fn excluded(series: &Scored, but: Option<&Episode>) -> Vec<bool> {
    let mut mask = vec![false; series.watched.series.values.len()];
    for episode in series.walk.episodes.iter().filter(|e| e.p <= EXCLUDE_P && !e.level_shift) {
        if but.is_none_or(|b| b.onset != episode.onset) {
            mask[episode.onset..=episode.end].fill(true);
        }
    }
    mask
}

/// The lift of an episode. Where the baseline is too short for an interval, the expectation of the walk serves.
pub(crate) fn of_stretch(series: &Scored, episode: &Episode, step: Step, options: &Options) -> StretchLift {
    let values = &series.watched.series.values;
    let (onset, end) = (episode.onset, episode.end);
    let seasons = seasons(step);
    let setting = setting(&seasons, series.watched.series.kind, values, step, options);
    let baseline = baseline_before(onset, options.baseline_days, step, options);
    if let Some(found) = lift(values, baseline, onset..end + 1, Some(&excluded(series, Some(episode))), &setting) {
        return StretchLift { observed: found.observed, expected: found.expected, lift: found.lift };
    }
    let both = |t: &usize| !values[*t].is_nan() && !series.walk.expected[*t].is_nan();
    let (observed, expected) = (onset..=end)
        .filter(both)
        .fold((0.0, 0.0), |(o, e), t| (o + values[t], e + series.scale.inverse(series.walk.expected[t])));
    // Where nothing was expected, any traffic is infinitely more: no lift that could be told.
    let point = if expected > 0.0 { observed / expected - 1.0 } else { f64::NAN };
    StretchLift { observed, expected, lift: Estimate { point, ..Estimate::UNKNOWN } }
}

/// The reference outlets of each country.
pub(crate) struct References<'a> {
    by_country: BTreeMap<&'a str, Vec<&'a [f64]>>,
}

impl<'a> References<'a> {
    pub(crate) fn new(scored: &'a [Scored]) -> Self {
        let mut by_country: BTreeMap<&str, Vec<&[f64]>> = BTreeMap::new();
        for s in scored.iter().filter(|s| s.watched.series.role == Role::Reference && s.watched.level != Level::State) {
            by_country.entry(&s.watched.series.key.country).or_default().push(&s.watched.series.values);
        }
        References { by_country }
    }

    /// From the values of each country's references.
    pub(crate) fn of(by_country: impl Iterator<Item = (&'a str, Vec<&'a [f64]>)>) -> Self {
        References { by_country: by_country.collect() }
    }

    /// The lift of an episode net of the references of its country; unknown without any.
    pub(crate) fn net(&self, series: &Scored, episode: &Episode, step: Step, options: &Options) -> NetLift {
        let window = episode.onset..episode.end + 1;
        let excluded = excluded(series, Some(episode));
        self.net_of(series, episode.onset, window, &excluded, step, options).unwrap_or(UNKNOWN_NET)
    }

    /// Fitted on what lies before period `before` (less the gap), judged in `window`.
    fn net_of(
        &self,
        series: &Scored,
        before: usize,
        window: Range<usize>,
        excluded: &[bool],
        step: Step,
        options: &Options,
    ) -> Option<NetLift> {
        let source = &series.watched.series;
        let controls = self.by_country.get(source.key.country.as_str())?;
        let seasons = seasons(step);
        let setting = setting(&seasons, source.kind, &source.values, step, options);
        let baseline = baseline_before(before, CONTROL_DAYS, step, options);
        source.kind.has_lift().then_some(())?;
        net_lift(&source.values, controls, baseline, window, Some(excluded), &setting)
    }
}

const UNKNOWN_NET: NetLift = NetLift {
    reference_lift: f64::NAN,
    net: Estimate::UNKNOWN,
    p_value: f64::NAN,
    used: Vec::new(),
    moved: Vec::new(),
};

/// Denominator of a country: the total given, or all traffic in the input.
fn totals(scored: &[Scored], panel: &Panel) -> BTreeMap<String, Vec<f64>> {
    if !panel.totals.is_empty() {
        return panel.totals.clone();
    }
    let mut totals: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for s in scored.iter().filter(|s| s.watched.level != Level::State && s.watched.series.kind.adds_up()) {
        let total =
            totals.entry(s.watched.series.key.country.clone()).or_insert_with(|| vec![f64::NAN; panel.grid.len]);
        for (sum, value) in total.iter_mut().zip(&s.watched.series.values) {
            if !value.is_nan() {
                *sum = if sum.is_nan() { *value } else { *sum + value };
            }
        }
    }
    totals
}

fn states(scored: &[Scored]) -> impl Iterator<Item = (usize, &Scored)> {
    scored.iter().enumerate().filter(|(_, s)| s.watched.level == Level::State)
}

/// The index of every state × country: 100 = mean of its first baseline, surges left out.
pub(crate) fn index_table(scored: &[Scored], panel: &Panel, options: &Options) -> Vec<IndexRow> {
    let totals = totals(scored, panel);
    let mut rows = Vec::new();
    for (_, s) in states(scored) {
        let source = &s.watched.series;
        let Some(total) = totals.get(&source.key.country) else { continue };
        let share = index::shares(&source.values, total);
        let mut calm = share.clone();
        for (value, out) in calm.iter_mut().zip(excluded(s, None)) {
            *value = if out { f64::NAN } else { *value };
        }
        let first = calm.iter().position(|v| !v.is_nan()).unwrap_or(0);
        let end = (first + periods(options.baseline_days, panel.grid.step)).min(calm.len());
        let level = crate::stats::robust::mean(&calm[first..end]);
        let row = |t: usize| IndexRow {
            time: panel.grid.time(t),
            state: source.key.state.clone(),
            country: source.key.country.clone(),
            visits: source.values[t],
            total: total[t],
            share: share[t],
            index: if level > 0.0 { 100.0 * share[t] / level } else { f64::NAN },
        };
        rows.extend((0..panel.grid.len).map(row));
    }
    rows
}

/// Whether an event can be measured on the grid: enough before it, a whole week after it.
fn event_period(event: &Event, grid: &Grid, options: &Options) -> Option<usize> {
    let at = grid.index_of(event.date)?;
    let history = periods(MIN_HISTORY_DAYS + options.gap_days, grid.step);
    (at >= history && window_range(Window::Week1, at, per_day(grid.step)).end <= grid.len).then_some(at)
}

fn per_day(step: Step) -> f64 {
    Step::DAY.seconds() as f64 / step.seconds() as f64
}

/// An event of certain states does not concern an outlet whose state is not known; one of certain countries does
/// concern all countries together.
fn concerns(event: &Event, key: &Key) -> bool {
    let listed = |list: &[String], one: &str| list.is_empty() || list.iter().any(|x| x == one);
    listed(&event.states, &key.state) && (key.country.is_empty() || listed(&event.countries, &key.country))
}

/// A row of a lift table, before its figures.
fn blank(event: &Event, key: &Key, window: Window, at: usize, baseline: &Range<usize>, grid: &Grid) -> LiftRow {
    let range = window_range(window, at, per_day(grid.step));
    LiftRow {
        event: event.name.clone(),
        event_date: event.date,
        state: key.state.clone(),
        outlet: key.outlet.clone(),
        country: key.country.clone(),
        window,
        from: grid.time(range.start),
        to: grid.time(range.end - 1),
        baseline_from: grid.time(baseline.start),
        baseline_to: grid.time(baseline.end - 1),
        base_level: f64::NAN,
        observed: f64::NAN,
        expected: f64::NAN,
        lift: Estimate::UNKNOWN,
        pp_change: f64::NAN,
        net_lift: Estimate::UNKNOWN,
        p_value: f64::NAN,
        n_placebo: 0,
    }
}

fn fill(row: &mut LiftRow, lift: &Lift, grid: &Grid) {
    (row.base_level, row.observed, row.expected) = (lift.base_level, lift.observed, lift.expected);
    (row.lift, row.p_value, row.n_placebo) = (lift.lift, lift.p_value, lift.n_placebo);
    if let Some(peak) = lift.peak_at {
        (row.from, row.to) = (grid.time(peak), grid.time(peak));
    }
}

/// What the lift tables are made of.
struct Tables<'a> {
    grid: &'a Grid,
    events: &'a [Event],
    options: &'a Options,
    references: References<'a>,
    totals: BTreeMap<String, Vec<f64>>,
    seasons: Vec<usize>,
    /// Whether the data tell countries apart and have them all together too.
    together: bool,
}

/// Lifts around every dated event that concerns a series: of the visits of every state and outlet, each country, and of
/// the index of every state × country (there `observed` and `expected` are mean shares).
pub(crate) fn lift_tables(
    scored: &[Scored],
    judged: &Judged,
    panel: &Panel,
    events: &[Event],
    options: &Options,
) -> (Vec<LiftRow>, Vec<LiftRow>) {
    let tables = Tables {
        grid: &panel.grid,
        events,
        options,
        references: References::new(scored),
        totals: totals(scored, panel),
        seasons: seasons(panel.grid.step),
        together: scored.iter().any(|s| s.watched.series.key.country.is_empty()),
    };
    let wanted = |s: &Scored| {
        let source = &s.watched.series;
        source.role == Role::State && s.watched.level != Level::Domain && source.kind.has_lift()
    };
    let series: Vec<(usize, &Scored)> = scored.iter().enumerate().filter(|(_, s)| wanted(s)).collect();
    let rows = in_parallel(series, options.jobs, &|_, _| {}, |(i, s)| {
        let mask = judged.mask(i, panel.grid.len);
        (tables.visits(s, &mask), tables.index(s, &mask))
    });
    let (mut visits, mut index) = (Vec::new(), Vec::new());
    for (v, x) in rows {
        visits.extend(v);
        index.extend(x);
    }
    sort(&mut visits);
    sort(&mut index);
    (visits, index)
}

impl Tables<'_> {
    fn visits(&self, s: &Scored, mask: &[bool]) -> Vec<LiftRow> {
        let source = &s.watched.series;
        let share = self.totals.get(&source.key.country).map(|total| index::shares(&source.values, total));
        let mut setting = setting(&self.seasons, source.kind, &source.values, self.grid.step, self.options);
        if s.watched.level != Level::State {
            setting.draws = OUTLET_DRAWS;
        }
        self.around_events(&source.key, &source.values, mask, &setting, |row, at, range, baseline, outside, _| {
            row.pp_change = share.as_ref().map_or(f64::NAN, |s| points(s, baseline, &range, outside));
            if self.is_netted(s)
                && let Some(net) = self.references.net_of(s, at, range, outside, self.grid.step, self.options)
            {
                row.net_lift = net.net;
            }
        })
    }

    /// Net lifts are dear: they are taken of states everywhere, and of outlets in all countries together.
    fn is_netted(&self, s: &Scored) -> bool {
        s.watched.level == Level::State || s.watched.series.key.country.is_empty() || !self.together
    }

    fn index(&self, s: &Scored, mask: &[bool]) -> Vec<LiftRow> {
        let source = &s.watched.series;
        let (Level::State, Some(total)) = (s.watched.level, self.totals.get(&source.key.country)) else {
            return Vec::new();
        };
        let share = index::shares(&source.values, total);
        let setting = setting(&self.seasons, Kind::Share, &share, self.grid.step, self.options);
        self.around_events(&source.key, &share, mask, &setting, |row, _, range, baseline, outside, lift| {
            row.pp_change = points(&share, baseline, &range, outside);
            // Shares of single periods do not add up: means are what a reader wants.
            row.observed /= lift.n_periods as f64;
            row.expected /= lift.n_periods as f64;
        })
    }

    /// The rows of one series: every event that concerns it and lies well within the data, every window that fits.
    fn around_events(
        &self,
        key: &Key,
        values: &[f64],
        mask: &[bool],
        setting: &Setting<'_>,
        finish: impl Fn(&mut LiftRow, usize, Range<usize>, &Range<usize>, &[bool], &Lift),
    ) -> Vec<LiftRow> {
        let mut rows = Vec::new();
        for event in self.events.iter().filter(|e| concerns(e, key)) {
            let Some(at) = event_period(event, self.grid, self.options) else { continue };
            let baseline = baseline_before(at, self.options.baseline_days, self.grid.step, self.options);
            let outside = outside_window(mask, at, self.grid);
            let lifts = event_lifts(values, at, baseline.clone(), Some(&outside), setting);
            for (window, lift) in Window::ALL.into_iter().zip(&lifts) {
                let Some(lift) = lift else { continue };
                let mut row = blank(event, key, window, at, &baseline, self.grid);
                fill(&mut row, lift, self.grid);
                let range = lift.peak_at.map_or(window_range(window, at, per_day(self.grid.step)), |p| p..p + 1);
                finish(&mut row, at, range, &baseline, &outside, lift);
                rows.push(row);
            }
        }
        rows
    }
}

/// Alerts elsewhere are no part of a baseline; the window itself is what is measured.
fn outside_window(mask: &[bool], at: usize, grid: &Grid) -> Vec<bool> {
    let window = window_range(Window::Month1, at, per_day(grid.step));
    mask.iter().enumerate().map(|(t, out)| *out && !window.contains(&t)).collect()
}

/// Change of the mean share, in percentage points.
fn points(share: &[f64], baseline: &Range<usize>, window: &Range<usize>, excluded: &[bool]) -> f64 {
    let base: Vec<f64> = baseline.clone().filter(|t| !excluded[*t]).map(|t| share[t]).collect();
    100.0 * (crate::stats::robust::mean(&share[window.clone()]) - crate::stats::robust::mean(&base))
}

fn sort(rows: &mut [LiftRow]) {
    let order =
        |r: &LiftRow| (r.event_date, r.event.clone(), r.state.clone(), r.outlet.clone(), r.country.clone(), r.window);
    rows.sort_by_cached_key(order);
}
