//! Lifts around dated events: which series, which events, which rows.

use crate::alert::{ContributionRow, ControlRow, Estimate, Event, LiftRow, RatioRow, Window};
use crate::measure::expected::{Expected, Setting};
use crate::measure::lift::{Lift, Lifts, window_range};
use crate::measure::{index, placebo};
use crate::pipeline::alerts::Judged;
use crate::pipeline::baselines::{
    baseline_before, levels, or, ordinary, per_day, seasons, seen, setting, since_new_level,
};
use crate::pipeline::parts::Member;
use crate::pipeline::references::{BesideLifts, References};
use crate::pipeline::score::Scored;
use crate::pipeline::shares::{self, totals};
use crate::pipeline::{Options, in_parallel, part_shifts, parts, periods, season};
use crate::series::{Key, Kind, Level, Panel, Role};
use crate::time::Grid;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Fewest days of history before an event for a lift.
const MIN_HISTORY_DAYS: f64 = 28.0;
/// Draws for the interval of one outlet around one event: there are very many of them.
pub(super) const OUTLET_DRAWS: usize = 99;
/// So many series are measured before their rows are put with the others.
const AT_A_TIME: usize = 1024;

/// Whether an event can be measured on the grid: enough before it, a whole week after it.
pub(super) fn event_period(event: &Event, grid: &Grid, options: &Options) -> Option<usize> {
    let at = grid.index_of(event.date)?;
    let history = periods(MIN_HISTORY_DAYS + options.gap_days, grid.step);
    (at >= history && window_range(Window::Week1, at, per_day(grid.step)).end <= grid.len).then_some(at)
}

/// An event of certain states does not concern an outlet whose state is not known; one of certain countries does
/// concern all countries together.
pub(super) fn concerns(event: &Event, key: &Key) -> bool {
    let listed = |list: &[String], one: &str| list.is_empty() || list.iter().any(|x| x == one);
    listed(&event.states, &key.state) && (key.country.is_empty() || listed(&event.countries, &key.country))
}

/// A row of a lift table, before its figures.
fn blank(
    event: &Arc<Event>,
    key: &Arc<Key>,
    window: Window,
    at: usize,
    baseline: &Range<usize>,
    grid: &Grid,
) -> LiftRow {
    let range = window_range(window, at, per_day(grid.step));
    LiftRow {
        event: event.clone(),
        key: key.clone(),
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
        p_space: f64::NAN,
        n_space: 0,
    }
}

fn fill(row: &mut LiftRow, lift: &Lift, grid: &Grid) {
    (row.base_level, row.observed, row.expected) = (lift.base_level, lift.observed, lift.expected);
    (row.lift, row.p_value, row.n_placebo) = (lift.lift, lift.p_value, lift.n_placebo);
    if let Some(peak) = lift.peak_at {
        (row.from, row.to) = (grid.time(peak), grid.time(peak));
    }
}

/// Everything measured around dated events.
#[derive(Default)]
pub(crate) struct Lifted {
    pub(crate) visits: Vec<LiftRow>,
    pub(crate) index: Vec<LiftRow>,
    pub(crate) controls: Vec<ControlRow>,
    pub(crate) contributions: Vec<ContributionRow>,
    pub(crate) ratios: Vec<RatioRow>,
}

impl Lifted {
    fn add(&mut self, other: Lifted) {
        self.visits.extend(other.visits);
        self.index.extend(other.index);
        self.contributions.extend(other.contributions);
    }

    /// By event, state, outlet, country, window; rows that these do not tell apart stay in the order they came in.
    fn sort(&mut self) {
        macro_rules! key {
            ($row:ident, $part:ident) => {{
                let (event, key) = (&$row.event, &$row.key);
                (event.date, &event.name, &key.state, &key.$part, &key.country, $row.window)
            }};
        }
        macro_rules! sort {
            ($rows:expr, $part:ident) => {
                sort_in_place(&mut $rows, |a, b| key!(a, $part).cmp(&key!(b, $part)))
            };
        }
        sort!(self.visits, outlet);
        sort!(self.index, outlet);
        sort!(self.controls, outlet);
        // Outlets are in order within a country.
        sort!(self.contributions, state);
    }
}

/// As `sort_by`, which would want room for half of the rows once more: these are wide, and there may be millions.
fn sort_in_place<T>(rows: &mut [T], order: impl Fn(&T, &T) -> std::cmp::Ordering) {
    let mut from: Vec<usize> = (0..rows.len()).collect();
    from.sort_by(|&a, &b| order(&rows[a], &rows[b]));
    for i in 0..rows.len() {
        // The row that belongs here may have been put elsewhere: each swap left word of where.
        let mut row = from[i];
        while row < i {
            row = from[row];
        }
        rows.swap(i, row);
        from[i] = row;
    }
}

/// What the lift tables are made of.
pub(super) struct Tables<'a> {
    pub(super) grid: &'a Grid,
    pub(super) events: &'a [Arc<Event>],
    pub(super) options: &'a Options,
    scored: &'a [Scored],
    pub(super) references: References<'a>,
    totals: BTreeMap<String, Vec<f64>>,
    seasons: Vec<usize>,
    /// Whether the data tell countries apart and have them all together too.
    pub(super) together: bool,
}

/// Lifts around every dated event that concerns a series: of the visits of every state and outlet, each country, and of
/// the index of every state × country (there `observed` and `expected` are mean shares); and what explains them.
pub(crate) fn lift_tables(
    scored: &[Scored],
    judged: &Judged,
    panel: &Panel,
    events: &[Event],
    options: &Options,
) -> Lifted {
    let events: Vec<Arc<Event>> = events.iter().cloned().map(Arc::new).collect();
    let tables = Tables {
        grid: &panel.grid,
        events: &events,
        options,
        scored,
        references: References::new(scored),
        totals: totals(scored, panel),
        seasons: seasons(panel.grid.step),
        together: scored.iter().any(|s| s.watched.series.key.country.is_empty()),
    };
    let wanted = |s: &Scored| {
        let source = &s.watched.series;
        source.role == Role::State && s.watched.level != Level::Domain && source.kind.has_lift()
    };
    let mut by_country: BTreeMap<&str, Vec<(usize, &Scored)>> = BTreeMap::new();
    for (i, s) in scored.iter().enumerate().filter(|(_, s)| wanted(s)) {
        by_country.entry(&s.watched.series.key.country).or_default().push((i, s));
    }
    let mut all = Lifted::default();
    for series in by_country.into_values() {
        let mut netted = Vec::new();
        // The rows of a few series at a time are put with the others: all at once would be there twice.
        for some in series.chunks(AT_A_TIME) {
            let found = in_parallel(some.to_vec(), options.jobs, &|_, _| {}, |(i, s)| {
                let mask = judged.mask(i, panel.grid.len);
                let index = tables.index(s, &mask);
                let (around, rows) = tables.visits(s, mask);
                (around, Lifted { index, ..rows })
            });
            for (around, rows) in found {
                let first = all.visits.len();
                all.add(rows);
                if tables.is_netted(around.series) {
                    netted.push(Around { rows: first..all.visits.len(), ..around });
                }
            }
        }
        tables.add_net_lifts(&netted, &mut all);
    }
    all.sort();
    all.ratios = shares::ratios(scored, judged, panel, &events, options);
    all
}

/// What is measured of one series around all events.
pub(super) struct Around<'a> {
    pub(super) series: &'a Scored,
    /// Periods that are no part of a baseline.
    pub(super) mask: Vec<bool>,
    pub(super) draws: usize,
    /// Which rows of the visits are its own.
    pub(super) rows: Range<usize>,
}

/// Where a row of a table stands: its baseline, the periods of its window.
struct Place<'a> {
    at: usize,
    window: usize,
    range: Range<usize>,
    baseline: &'a Range<usize>,
    outside: &'a [bool],
}

impl Tables<'_> {
    /// The rows of the visits of a series, and what contributed to them.
    fn visits<'a>(&self, series: &'a Scored, mask: Vec<bool>) -> (Around<'a>, Lifted) {
        let source = &series.watched.series;
        let share = self.totals.get(&source.key.country).map(|total| index::shares(&source.values, total));
        let (values, strange) = ordinary(series, self.grid, self.options);
        let mask = or(mask, &strange);
        let levels = levels(&series.walk.episodes);
        let mut setting =
            Setting { levels: &levels, ..setting(&self.seasons, source.kind, &values, self.grid.step, self.options) };
        let is_state = series.watched.level == Level::State;
        if !is_state {
            setting.draws = OUTLET_DRAWS;
        }
        let members =
            if is_state { parts::members(self.scored, &source.key, season(self.grid.step)) } else { Vec::new() };
        let mut contributions = Vec::new();
        // What is expected of the members, and what the references did, is the same in all windows after one event.
        let mut fits = (usize::MAX, Vec::new());
        let mut beside = (usize::MAX, BesideLifts::default());
        let as_ordinary = |settled: &Scored| ordinary(settled, self.grid, self.options).0.into_owned();
        let visits = self.around_events(series, &values, &as_ordinary, &mask, &setting, |row, place, lift| {
            if !strange.is_empty() {
                row.observed = seen(&source.values, &place.range);
                row.expected = row.observed / (1.0 + lift.lift.point);
            }
            row.pp_change = share.as_ref().map_or(f64::NAN, |s| points(s, place.baseline, &place.range, place.outside));
            if beside.0 != place.at {
                beside = (place.at, self.beside(&source.key.country, place.at));
            }
            (row.p_space, row.n_space) = in_space(row, place, &beside.1);
            if is_state {
                if fits.0 != place.at {
                    let fit = |member| self.fit(member, place, &setting);
                    fits = (place.at, members.iter().map(fit).collect());
                }
                contributions.extend(parts::contributions(row, source, &members, &place.range, &fits.1));
            }
        });
        let around = Around { series, mask, draws: setting.draws, rows: 0..0 };
        (around, Lifted { visits, contributions, ..Lifted::default() })
    }

    /// What is expected of a member of a state.
    fn fit(&self, member: &Member<'_>, place: &Place<'_>, state: &Setting<'_>) -> Option<Expected> {
        let settled = part_shifts::before(member.scored, place.at, self.grid.step, self.options);
        let values = &settled.watched.series.values;
        Expected::fit(values, place.baseline.clone(), Some(place.outside), &parts::setting_of(state, values))
    }

    /// Lifts of the reference outlets in the windows after period `at`.
    fn beside(&self, country: &str, at: usize) -> BesideLifts {
        // One baseline for all who ask: the references know nothing of the levels of this series.
        let baseline = baseline_before(at, self.options.baseline_days, self.grid.step, self.options);
        self.references.lifts(country, at, &baseline, self.grid.step, self.options)
    }

    fn index(&self, s: &Scored, mask: &[bool]) -> Vec<LiftRow> {
        let source = &s.watched.series;
        let (Level::State, Some(total)) = (s.watched.level, self.totals.get(&source.key.country)) else {
            return Vec::new();
        };
        let share = index::shares(&source.values, total);
        let levels = levels(&s.walk.episodes);
        let setting =
            Setting { levels: &levels, ..setting(&self.seasons, Kind::Share, &share, self.grid.step, self.options) };
        let shares = |settled: &Scored| index::shares(&settled.watched.series.values, total);
        self.around_events(s, &share, &shares, mask, &setting, |row, _, lift| {
            // Shares of single periods do not add up: means are what a reader wants.
            row.observed /= lift.n_periods as f64;
            row.expected /= lift.n_periods as f64;
            row.pp_change = 100.0 * (row.observed - row.expected);
        })
    }

    /// The rows of one series: every event that concerns it and lies well within the data, every window that fits. `values`
    /// are those measured, `settled` makes them of a sum whose parts came to new levels.
    fn around_events(
        &self,
        of: &Scored,
        values: &[f64],
        settled: &dyn Fn(&Scored) -> Vec<f64>,
        mask: &[bool],
        setting: &Setting<'_>,
        mut finish: impl FnMut(&mut LiftRow, &Place<'_>, &Lift),
    ) -> Vec<LiftRow> {
        let mut rows = Vec::new();
        let mut series = Lifts::new(values, *setting);
        let (key, episodes) = (of.key(), &of.walk.episodes);
        let whose = Arc::new(Key { domain: String::new(), ..key.clone() });
        for event in self.events.iter().filter(|event| concerns(event, key)) {
            let Some(at) = event_period(event, self.grid, self.options) else { continue };
            let baseline = baseline_before(at, self.options.baseline_days, self.grid.step, self.options);
            let baseline = since_new_level(baseline, episodes, self.grid.step);
            let outside = outside_window(mask, at, self.grid);
            let lifts = match part_shifts::before(of, at, self.grid.step, self.options) {
                Cow::Borrowed(_) => series.after(at, baseline.clone(), Some(&outside)),
                Cow::Owned(sum) => Lifts::new(&settled(&sum), *setting).after(at, baseline.clone(), Some(&outside)),
            };
            for (w, (window, lift)) in Window::ALL.into_iter().zip(&lifts).enumerate() {
                let Some(lift) = lift else { continue };
                let mut row = blank(event, &whose, window, at, &baseline, self.grid);
                fill(&mut row, lift, self.grid);
                let range = lift.peak_at.map_or(window_range(window, at, per_day(self.grid.step)), |p| p..p + 1);
                let place = Place { at, window: w, range, baseline: &baseline, outside: &outside };
                finish(&mut row, &place, lift);
                rows.push(row);
            }
        }
        rows
    }
}

/// The lift among the reference outlets' at the same date: p-value, and how many these are.
fn in_space(row: &LiftRow, place: &Place<'_>, beside: &BesideLifts) -> (f64, usize) {
    let others: Vec<f64> = beside.iter().map(|lifts| lifts[place.window]).collect();
    let (p_space, n_space) = placebo::in_space(row.lift.point, &others);
    (if n_space == 0 { f64::NAN } else { p_space }, n_space)
}

/// Alerts elsewhere are no part of a baseline; the window itself is what is measured.
pub(super) fn outside_window(mask: &[bool], at: usize, grid: &Grid) -> Vec<bool> {
    let window = window_range(Window::Month1, at, per_day(grid.step));
    mask.iter().enumerate().map(|(t, out)| *out && !window.contains(&t)).collect()
}

/// Change of the mean share, in percentage points.
fn points(share: &[f64], baseline: &Range<usize>, window: &Range<usize>, excluded: &[bool]) -> f64 {
    let base: Vec<f64> = baseline.clone().filter(|t| !excluded[*t]).map(|t| share[t]).collect();
    100.0 * (crate::stats::robust::mean(&share[window.clone()]) - crate::stats::robust::mean(&base))
}

#[cfg(test)]
mod tests {
    use super::sort_in_place;

    #[test]
    fn rows_that_the_order_does_not_tell_apart_stay_as_they_came() {
        let mut rows: Vec<(usize, usize)> = (0..200).map(|i| (i * i * 7 % 31, i)).collect();
        let mut sorted = rows.clone();
        sorted.sort_by_key(|row| row.0);
        sort_in_place(&mut rows, |a, b| a.0.cmp(&b.0));
        assert_eq!(rows, sorted);
    }
}
