//! The index: a state's share of all traffic in each country, and one country against another.

use crate::alert::{Estimate, Event, IndexRow, RatioRow, Window};
use crate::measure::index;
use crate::measure::lift::Lifts;
use crate::pipeline::alerts::Judged;
use crate::pipeline::baselines::{baseline_before, excluded, seasons, setting};
use crate::pipeline::lifts::{OUTLET_DRAWS, concerns, event_period, outside_window};
use crate::pipeline::score::Scored;
use crate::pipeline::{Options, in_parallel, periods};
use crate::series::{Kind, Level, Panel};
use crate::stats::robust::mean;
use crate::time::Seconds;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Pairs of countries grow with their square: so many countries of a state, those with most traffic, are compared.
const MOST_COUNTRIES: usize = 12;

/// Denominator of a country: the total given, or all traffic in the input.
pub(super) fn totals(scored: &[Scored], panel: &Panel) -> BTreeMap<String, Vec<f64>> {
    if !panel.totals.is_empty() {
        return panel.totals.clone();
    }
    let mut totals: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for s in scored.iter().filter(|s| s.watched.level != Level::State && s.watched.series.kind.adds_up()) {
        let total =
            totals.entry(s.watched.series.key.country.clone()).or_insert_with(|| vec![f64::NAN; panel.grid.len]);
        for (sum, value) in total.iter_mut().zip(&*s.watched.series.values) {
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
        let level = mean(&calm[first..end]);
        let key = Arc::new(source.key.clone());
        let row = |t: usize| IndexRow {
            time: panel.grid.time(t),
            key: key.clone(),
            visits: source.values[t],
            total: total[t],
            share: share[t],
            index: if level > 0.0 { 100.0 * share[t] / level } else { f64::NAN },
        };
        rows.extend((0..panel.grid.len).map(row));
    }
    rows
}

/// Two countries of a state.
struct Pair<'a> {
    country: Side<'a>,
    against: Side<'a>,
}

/// A state in one country.
struct Side<'a> {
    series: &'a Scored,
    /// Its number among the scored series.
    number: usize,
    share: Vec<f64>,
}

/// The index of a state in each country against that in every other, around each dated event that concerns one of
/// them: what both countries share drops out.
pub(crate) fn ratios(
    scored: &[Scored],
    judged: &Judged,
    panel: &Panel,
    events: &[Arc<Event>],
    options: &Options,
) -> Vec<RatioRow> {
    let pairs = pairs(scored, &totals(scored, panel));
    let rows = in_parallel(pairs, options.jobs, &|_, _| {}, |pair| of_pair(&pair, judged, panel, events, options));
    let mut rows: Vec<RatioRow> = rows.into_iter().flatten().collect();
    rows.sort_by(|a, b| order(a).cmp(&order(b)));
    rows
}

fn order(row: &RatioRow) -> (Seconds, &str, &str, &str, &str, Window) {
    let (event, key) = (&row.event, &row.key);
    (event.date, &event.name, &key.state, &key.country, &row.against.country, row.window)
}

/// Every two countries of every state, each pair once.
fn pairs<'a>(scored: &'a [Scored], totals: &BTreeMap<String, Vec<f64>>) -> Vec<Pair<'a>> {
    let mut by_state: BTreeMap<&str, Vec<(usize, &Scored, f64)>> = BTreeMap::new();
    for (number, s) in states(scored).filter(|(_, s)| !s.watched.series.key.country.is_empty()) {
        let key = &s.watched.series.key;
        if let Some(total) = totals.get(&key.country) {
            by_state.entry(&key.state).or_default().push((number, s, mean(total)));
        }
    }
    let mut pairs = Vec::new();
    for (_, mut countries) in by_state {
        countries.sort_by(|a, b| b.2.total_cmp(&a.2));
        countries.truncate(MOST_COUNTRIES);
        let side = |&(number, series, _): &(usize, &'a Scored, f64)| {
            let source = &series.watched.series;
            Side { series, number, share: index::shares(&source.values, &totals[&source.key.country]) }
        };
        for (i, a) in countries.iter().enumerate() {
            pairs.extend(countries[i + 1..].iter().map(|b| Pair { country: side(a), against: side(b) }));
        }
    }
    pairs
}

fn of_pair(pair: &Pair<'_>, judged: &Judged, panel: &Panel, events: &[Arc<Event>], options: &Options) -> Vec<RatioRow> {
    let (grid, Pair { country, against }) = (&panel.grid, pair);
    let ratio = index::shares(&country.share, &against.share);
    let seasons = seasons(grid.step);
    let mut setting = setting(&seasons, Kind::Share, &ratio, grid.step, options);
    setting.draws = OUTLET_DRAWS;
    let mut mask = judged.mask(country.number, grid.len);
    mask.iter_mut().zip(judged.mask(against.number, grid.len)).for_each(|(out, other)| *out |= other);
    let [one, other] = [country, against].map(|side| Arc::new(side.series.watched.series.key.clone()));
    let mut rows = Vec::new();
    let mut lifts = Lifts::new(&ratio, setting);
    for event in events.iter().filter(|event| concerns(event, &one) || concerns(event, &other)) {
        let Some(at) = event_period(event, grid, options) else { continue };
        let baseline = baseline_before(at, options.baseline_days, grid.step, options);
        let outside = outside_window(&mask, at, grid);
        let lifts = lifts.after(at, baseline, Some(&outside));
        for (window, lift) in Window::ALL.into_iter().zip(lifts).filter(|(window, _)| *window != Window::Peak) {
            let Some(lift) = lift else { continue };
            let n = lift.n_periods as f64;
            let row = RatioRow {
                event: event.clone(),
                key: one.clone(),
                against: other.clone(),
                window,
                before: lift.expected / n,
                after: lift.observed / n,
                change: lift.lift,
            };
            rows.push(reversed(&row));
            rows.push(row);
        }
    }
    rows
}

/// The same the other way round.
fn reversed(row: &RatioRow) -> RatioRow {
    let turn = |change: f64| 1.0 / (1.0 + change) - 1.0;
    let Estimate { point, low, high } = row.change;
    RatioRow {
        key: row.against.clone(),
        against: row.key.clone(),
        before: 1.0 / row.before,
        after: 1.0 / row.after,
        change: Estimate { point: turn(point), low: turn(high), high: turn(low) },
        ..row.clone()
    }
}
