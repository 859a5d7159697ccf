//! A simulation as CSV files, by name.

use crate::series::Series;
use crate::simulate::{Planted, Recipe, Simulation};
use crate::time::{Seconds, Step};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The files of a simulation, by name: one CSV of traffic a calendar month (`traffic-2023-10.csv`), `traffic-late.csv`
/// if the recipe holds rows back, `total.csv`, `_truth.csv`. Rows are sorted by time, domain, country; a gap is a row
/// that is not there; a censored count is `<` its bound.
pub fn files(recipe: &Recipe, simulation: &Simulation) -> Vec<(String, String)> {
    let mut files = traffic(recipe, simulation);
    files.insert("total.csv".into(), totals(simulation));
    files.insert("_truth.csv".into(), truth(&simulation.truth, recipe.grid.step));
    files.into_iter().collect()
}

fn traffic(recipe: &Recipe, simulation: &Simulation) -> BTreeMap<String, String> {
    let panel = &simulation.panel;
    let mut order: Vec<&Series> = panel.series.iter().collect();
    order.sort_by(|a, b| (&a.key.domain, &a.key.country).cmp(&(&b.key.domain, &b.key.country)));
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for index in 0..panel.grid.len {
        let time = panel.grid.time(index);
        let stamp = stamp(time, panel.grid.step);
        let month = format!("traffic-{}.csv", stamp.get(..7).unwrap_or(&stamp));
        for series in &order {
            let value = match (series.values[index], series.censored.get(&index)) {
                (_, Some(bound)) => format!("<{bound}"),
                (value, None) if value.is_nan() => continue,
                (value, None) => format!("{value}"),
            };
            let late = recipe.late.as_ref().is_some_and(|late| late.country == series.key.country && time >= late.from);
            let name = if late { "traffic-late.csv".to_string() } else { month.clone() };
            let text = files.entry(name).or_insert_with(|| "timestamp,domain,country,visits\n".into());
            let _ = writeln!(text, "{stamp},{},{},{value}", series.key.domain, series.key.country);
        }
    }
    files
}

fn totals(simulation: &Simulation) -> String {
    let grid = simulation.panel.grid;
    let mut text = String::from("timestamp,country,visits\n");
    for index in 0..grid.len {
        for (country, visits) in &simulation.panel.totals {
            if !visits[index].is_nan() {
                let _ = writeln!(text, "{},{country},{}", stamp(grid.time(index), grid.step), visits[index]);
            }
        }
    }
    text
}

/// The truth as CSV: `level,state,outlet,domain,country,onset,end,lift_pct,kind` and then what else is known.
fn truth(rows: &[Planted], step: Step) -> String {
    let mut text = String::from(
        "level,state,outlet,domain,country,onset,end,lift_pct,kind,net_lift_pct,index_lift_pct,index_week1_pct,index_week4_pct\n",
    );
    let percent = |lift: f64| if lift.is_finite() { format!("{:.2}", lift * 100.0) } else { String::new() };
    for row in rows {
        let key = &row.key;
        let level = row.level.map_or("", |level| level.name());
        let (outlet, kind) = (quoted(&key.outlet), row.kind.name());
        let (onset, end) = (stamp(row.onset, step), stamp(row.end, step));
        let _ = write!(text, "{level},{},{outlet},{},{},{onset},{end},", key.state, key.domain, key.country);
        let _ = write!(text, "{},{kind},{},", percent(row.lift), percent(row.net_lift));
        let shares = [row.index_lift, row.index_week1, row.index_week4].map(percent);
        let _ = writeln!(text, "{}", shares.join(","));
    }
    text
}

/// A name as a CSV cell; one that a spreadsheet would run as a formula is disarmed, as in the tables of a result.
fn quoted(name: &str) -> String {
    let formula = name.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let name = if formula { format!("'{name}") } else { name.to_string() };
    if name.contains([',', '"', '\n', '\r']) { format!("\"{}\"", name.replace('"', "\"\"")) } else { name }
}

/// A date for days and weeks, date and time for anything shorter.
fn stamp(time: Seconds, step: Step) -> String {
    match Timestamp::from_second(time) {
        Ok(timestamp) if step >= Step::DAY => timestamp.strftime("%Y-%m-%d").to_string(),
        Ok(timestamp) => timestamp.to_string(),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_looks_like_a_formula_is_disarmed() {
        assert_eq!(quoted("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(quoted("-x,y"), "\"'-x,y\"");
        assert_eq!(quoted("\tx"), "'\tx");
        assert_eq!(quoted("Press TV"), "Press TV");
    }
}
