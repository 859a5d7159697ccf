//! All alerts on one time line.

use super::figure::{Bar, Figure, Legend, Panel, Row, Rows, Size, Swatch};
use super::palette::{CATEGORIES, Color, PURPLE};
use super::series::{flags, note};
use super::ticks::grouped;
use super::{text, words};
use crate::alert::{Alert, Event};
use crate::time::{Grid, Seconds};
use std::collections::BTreeMap;

/// Most rows.
const MOST_ROWS: usize = 28;
const MOST_EVENTS: usize = 12;

/// The chart of all alerts: one row for each outlet (or domain, or state) and country, or for each outlet with all its
/// countries where there are more than twenty-eight of those, coloured by state. Rows are in the order of their states, then
/// of their first onset. Past twenty-eight rows (what a page of 900 pixels holds legibly) the ones with the most alerts are drawn and the rest is counted in the note.
pub fn overview(alerts: &[Alert], grid: &Grid, events: &[Event]) -> Figure {
    let (from, to) = (grid.start, grid.end().max(grid.start + grid.step.seconds()));
    let fine = rows_by(alerts, |alert| words::label(alert.level, &alert.key));
    let merged = fine.len() > MOST_ROWS;
    let mut rows = if merged { rows_by(alerts, |alert| words::name(alert.level, &alert.key)) } else { fine };
    let all = rows.len();
    if rows.len() > MOST_ROWS {
        rows.sort_by_key(|row| std::cmp::Reverse(row.alerts.len()));
    }
    let hidden: usize = rows.iter().skip(MOST_ROWS).map(|row| row.alerts.len()).sum();
    rows.truncate(MOST_ROWS);
    rows.sort_by(|a, b| (&a.state, a.first, &a.label).cmp(&(&b.state, b.first, &b.label)));
    let states: Vec<&str> = {
        let mut states: Vec<&str> = rows.iter().map(|row| row.state.as_str()).collect();
        states.dedup();
        states
    };
    let color = |state: &str| CATEGORIES[states.iter().position(|s| *s == state).unwrap_or(0) % CATEGORIES.len()];
    let near: Vec<&Event> = events.iter().collect();
    let centre = alerts.iter().map(|alert| alert.onset).min().unwrap_or(from);
    let (marks, key, events_out) = flags(&near, from, to, centre, MOST_EVENTS);
    let mut legend: Vec<Legend> = states
        .iter()
        .map(|state| Legend {
            swatch: Swatch::Box,
            color: color(state),
            text: text::shown(state).unwrap_or_else(|| "state unknown".into()),
        })
        .collect();
    if !marks.is_empty() {
        legend.push(Legend { swatch: Swatch::Line, color: PURPLE, text: "event".into() });
    }
    let drawn: Vec<Row> = rows.iter().map(|row| bars(row, color(&row.state), merged)).collect();
    Figure {
        size: Size::DEFAULT,
        title: match alerts.len() {
            0 => "No alerts".into(),
            1 => "1 alert".into(),
            n => format!("{} alerts", grouped(n as f64, 0)),
        },
        finding: words::period(from, to),
        subtitle: subtitle(&rows, merged),
        legend,
        panels: vec![Panel::Rows(Rows { from, to, rows: drawn, events: marks, empty: "no alerts".into() })],
        columns: 1,
        key,
        note: note(from, to, events_out) + &rest(all.saturating_sub(MOST_ROWS), hidden),
    }
}

/// The alerts of one row.
struct Group<'a> {
    label: String,
    state: String,
    first: Seconds,
    alerts: Vec<&'a Alert>,
}

fn rows_by(alerts: &[Alert], name: impl Fn(&Alert) -> String) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<(String, String), Vec<&Alert>> = BTreeMap::new();
    for alert in alerts {
        groups.entry((alert.key.state.clone(), name(alert))).or_default().push(alert);
    }
    groups
        .into_iter()
        .map(|((state, label), alerts)| {
            let first = alerts.iter().map(|alert| alert.onset).min().unwrap_or(0);
            Group { label, state, first, alerts }
        })
        .collect()
}

/// One bar an alert; where countries are merged, one bar for each stretch of overlapping alerts.
fn bars(row: &Group<'_>, color: Color, merged: bool) -> Row {
    let stop = |alert: &Alert| alert.end.saturating_add(alert.step.seconds());
    let mut alerts = row.alerts.clone();
    alerts.sort_by(|a, b| (a.onset, a.end, &a.id).cmp(&(b.onset, b.end, &b.id)));
    let mut stretches: Vec<(Seconds, Seconds, Vec<&Alert>)> = Vec::new();
    for alert in alerts {
        match stretches.last_mut() {
            Some((_, end, inside)) if alert.onset < *end => {
                *end = stop(alert).max(*end);
                inside.push(alert);
            }
            _ => stretches.push((alert.onset, stop(alert), vec![alert])),
        }
    }
    let label = |inside: &[&Alert]| match inside {
        [only] => words::percent(only.lift.point),
        many if merged => format!("{}×", many.len()),
        many => many.iter().map(|alert| alert.lift.point).reduce(f64::max).map(words::percent).unwrap_or_default(),
    };
    let known = |text: String| if text == "unknown" { String::new() } else { text };
    let bar = |(from, to, inside): &(Seconds, Seconds, Vec<&Alert>)| Bar {
        from: *from,
        to: *to,
        color,
        label: known(label(inside)),
    };
    Row { label: row.label.clone(), bars: stretches.iter().map(bar).collect() }
}

fn subtitle(rows: &[Group<'_>], merged: bool) -> String {
    match (rows.is_empty(), merged) {
        (true, _) => "Nothing passed the false-discovery control and the floors".into(),
        (_, false) => "Each bar is a surge from onset to end, with its lift".into(),
        (_, true) => "One row an outlet, all countries together; 3× = three overlapping alerts".into(),
    }
}

fn rest(rows: usize, alerts: usize) -> String {
    match rows {
        0 => String::new(),
        n => format!(" · {} more rows with {} alerts are not shown", grouped(n as f64, 0), grouped(alerts as f64, 0)),
    }
}
