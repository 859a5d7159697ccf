//! Which charts a result has, and their names. Drawing is elsewhere.

use super::plan::Plan;
use crate::alert::{Alert, Analysis, Event, ScoredSeries};
use crate::chart::{self, Figure};
use crate::config::Charts;
use crate::error::{Error, Result};
use crate::report::folder::Folder;
use crate::series::{Key, Level};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Charts of single series: so many of the strongest alerts. A picture more than that is looked at by nobody.
const MOST: usize = 200;

/// Draws the overview, the index of each state and every alerted series.
pub(crate) fn write(folder: &Folder, plan: &Plan, analysis: &Analysis, events: &[Event]) -> Result<()> {
    let end = match plan.charts() {
        Charts::None => return Ok(()),
        Charts::Png => "png",
        Charts::Svg => "svg",
    };
    let jobs = orders(analysis);
    let draw = |(name, order): (&String, &Order<'_>)| -> Result<()> {
        let figure = order.figure(analysis, events);
        let bytes = if end == "svg" { figure.svg()?.into_bytes() } else { figure.png()? };
        folder.write(&format!("charts/{name}.{end}"), &bytes)
    };
    let threads = rayon::ThreadPoolBuilder::new().num_threads(plan.options.jobs).build();
    threads
        .map_err(|error| Error::usage("cannot start the threads of --jobs").because(error))?
        .install(|| jobs.par_iter().try_for_each(draw))
}

/// What a chart is of.
enum Order<'a> {
    Overview,
    Index(&'a str),
    Series(&'a ScoredSeries, &'a Alert),
}

impl Order<'_> {
    fn figure(&self, analysis: &Analysis, events: &[Event]) -> Figure {
        match self {
            Order::Overview => chart::overview(&analysis.alerts, &analysis.grid, events),
            Order::Index(state) => chart::index(&analysis.index, state, analysis.grid.step, &analysis.alerts, events),
            Order::Series(scored, alert) => chart::series(scored, &analysis.grid, alert, events),
        }
    }
}

/// File name → chart. Two series whose names fold to the same one get numbers.
fn orders(analysis: &Analysis) -> BTreeMap<String, Order<'_>> {
    let mut orders = BTreeMap::from([("overview".to_string(), Order::Overview)]);
    for row in &analysis.index {
        orders.entry(format!("index-{}", slug(&row.key.state))).or_insert(Order::Index(&row.key.state));
    }
    let series: BTreeMap<(Level, &Key), &ScoredSeries> =
        analysis.series.iter().map(|scored| ((scored.level, &scored.key), scored)).collect();
    let mut strongest: BTreeMap<(Level, &Key), &Alert> = BTreeMap::new();
    for alert in analysis.alerts.iter().chain(&analysis.drops) {
        let best = strongest.entry((alert.level, &alert.key)).or_insert(alert);
        if strength(alert) > strength(best) {
            *best = alert;
        }
    }
    let mut alerts: Vec<_> =
        strongest.into_iter().filter_map(|(key, alert)| Some((*series.get(&key)?, alert))).collect();
    alerts.sort_by(|(_, a), (_, b)| strength(b).partial_cmp(&strength(a)).unwrap_or(std::cmp::Ordering::Equal));
    alerts.truncate(MOST);
    alerts.sort_by_key(|(scored, _)| (scored.level, &scored.key));
    for (scored, alert) in alerts {
        let name = series_name(scored.level, &scored.key);
        let free =
            (1..).map(|n| if n == 1 { name.clone() } else { format!("{name}-{n}") }).find(|n| !orders.contains_key(n));
        orders.insert(free.unwrap_or(name), Order::Series(scored, alert));
    }
    orders
}

fn strength(alert: &Alert) -> (crate::alert::Severity, f64) {
    (alert.severity, if alert.peak_z.is_nan() { 0.0 } else { alert.peak_z.abs() })
}

/// `outlet-ir-press-tv-gb`.
fn series_name(level: Level, key: &Key) -> String {
    let parts = [level.name(), &key.state, &key.outlet, &key.domain, &key.country];
    parts.iter().map(|part| slug(part)).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// Small letters and digits joined by `-`: a name for files on any system.
fn slug(text: &str) -> String {
    let plain: String = text.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join("-").chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_hold_no_path() {
        assert_eq!(slug("../../etc/passwd"), "etc-passwd");
        assert_eq!(slug("Press TV"), "press-tv");
        assert_eq!(slug("РИА Новости"), "риа-новости");
        let key = Key { state: "IR".into(), outlet: "Press TV".into(), country: "GB".into(), ..Key::default() };
        assert_eq!(series_name(Level::Outlet, &key), "outlet-ir-press-tv-gb");
    }
}
