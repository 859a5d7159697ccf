//! A state's index, country by country.

use super::figure::{ALL_COUNTRIES, Axis, Figure, Legend, Line, Panel, Plot, Span, Swatch};
use super::palette::{AXIS, CATEGORIES, Color, INK, ORANGE, PURPLE};
use super::series::{concerns, flags, note};
use super::text;
use crate::alert::{Alert, Event, IndexRow};
use crate::series::{Key, Level};
use crate::time::{Seconds, Step};
use std::collections::BTreeMap;

/// Most panels in one figure.
const MOST_PANELS: usize = 12;
/// Up to here the countries share one panel, with their names at the ends of their lines.
const MOST_LINES: usize = 4;
const MOST_EVENTS: usize = 10;

/// The chart of one state's index: 100 is the mean of the baseline.
///
/// Up to four countries share one panel; of more, the twelve with the most visits get a panel each (all countries
/// together first) and the rest is counted in the note. `alerts` of the state as a whole are shaded where they concern the
/// country; `step` is the step of the rows.
pub fn index(rows: &[IndexRow], state: &str, step: Step, alerts: &[Alert], events: &[Event]) -> Figure {
    let countries = by_country(rows, state);
    let left_out = countries.len().saturating_sub(MOST_PANELS);
    let countries = &countries[..countries.len().min(MOST_PANELS)];
    let times = || countries.iter().flat_map(|(_, rows)| rows.iter().map(|row| row.time));
    let from = times().min().unwrap_or(0);
    let to = times().max().map_or(from + step.seconds(), |last| last.saturating_add(step.seconds()));
    let key = Key { state: state.into(), ..Key::default() };
    let near: Vec<&Event> = events.iter().filter(|event| concerns(event, &key)).collect();
    // Surges of the state as a whole: what single outlets did is not what the line shows.
    let of_state = |alert: &&Alert| alert.level == Level::State && alert.key.state == state;
    let alerts: Vec<&Alert> = alerts.iter().filter(of_state).collect();
    let centre = alerts.first().map_or(from + (to - from) / 2, |alert| alert.onset);
    let (marks, event_key, events_out) = flags(&near, from, to, centre, MOST_EVENTS);
    let frame = |title: String, lines: Vec<Line>, spans: Vec<Span>| Plot {
        title,
        from,
        to,
        axis: Axis { reference: Some(100.0), ..Axis::default() },
        empty: if lines.iter().all(|line| line.points.iter().all(|p| !p.1.is_finite())) {
            "no observations"
        } else {
            ""
        }
        .into(),
        lines,
        spans,
        events: marks.clone(),
        ..Plot::default()
    };
    let together = countries.len() <= MOST_LINES;
    let mut panels: Vec<Plot> = if together {
        let color = |i: usize| if countries.len() == 1 { INK } else { CATEGORIES[i % CATEGORIES.len()] };
        let named = |code: &str| if countries.len() == 1 { String::new() } else { country_name(code) };
        let lines = countries.iter().enumerate().map(|(i, (code, rows))| line(rows, step, color(i), named(code)));
        vec![frame(String::new(), lines.collect(), spans(&alerts, None, step))]
    } else {
        let panel = |(code, rows): &(&str, Vec<&IndexRow>)| {
            frame(country_name(code), vec![line(rows, step, INK, String::new())], spans(&alerts, Some(code), step))
        };
        countries.iter().map(panel).collect()
    };
    let shared = share_range(&mut panels);
    let columns = match panels.len() {
        0 | 1 => 1,
        2..=6 => 2 + usize::from(panels.len() > 4),
        7..=9 => 3,
        _ => 4,
    };
    // The flags of the top row serve the panels below it, which have little height.
    let below = panels.iter_mut().skip(columns).flat_map(|plot| plot.events.iter_mut());
    below.for_each(|event| event.number = 0);
    let more = match left_out {
        0 => String::new(),
        1 => " · 1 country with fewer visits is not shown".into(),
        n => format!(" · {n} countries with fewer visits are not shown"),
    };
    let scales = if panels.len() > 1 && !shared { " · scales differ from panel to panel" } else { "" };
    let shaded = panels.iter().any(|panel| !panel.spans.is_empty());
    Figure {
        title: text::shown(state).unwrap_or_else(|| "unnamed".into()),
        finding: "index of traffic to state-affiliated outlets".into(),
        subtitle: if together && countries.len() == 1 {
            format!("{}. Share of all traffic, 100 = mean of the baseline", country_name(countries[0].0))
        } else {
            "Share of all traffic in the country, 100 = mean of the baseline".into()
        },
        legend: legend(shaded, !marks.is_empty()),
        panels: panels.into_iter().map(Panel::Plot).collect(),
        columns,
        key: event_key,
        note: note(from, to, events_out) + &more + scales,
        ..Figure::default()
    }
}

fn country_name(code: &str) -> String {
    text::shown(code).unwrap_or_else(|| ALL_COUNTRIES.into())
}

/// The state's rows by country: all together first, then by visits.
fn by_country<'a>(rows: &'a [IndexRow], state: &str) -> Vec<(&'a str, Vec<&'a IndexRow>)> {
    let mut map: BTreeMap<&str, Vec<&IndexRow>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.key.state == state) {
        map.entry(&row.key.country).or_default().push(row);
    }
    let mut out: Vec<_> = map.into_iter().collect();
    let visits = |rows: &[&IndexRow]| rows.iter().map(|row| row.visits).filter(|v| v.is_finite()).sum::<f64>();
    out.sort_by(|a, b| (!a.0.is_empty()).cmp(&!b.0.is_empty()).then(visits(&b.1).total_cmp(&visits(&a.1))));
    out
}

fn line(rows: &[&IndexRow], step: Step, color: Color, label: String) -> Line {
    let mut points: Vec<(Seconds, f64)> = Vec::with_capacity(rows.len());
    for row in rows {
        let at = row.time + step.seconds() / 2;
        // A row that is missing altogether is a gap too.
        if points.last().is_some_and(|last| at - last.0 > step.seconds()) {
            points.push((at - step.seconds(), f64::NAN));
        }
        points.push((at, row.index));
    }
    Line { points, color, width: if label.is_empty() { 1.5 } else { 2.0 }, dashed: false, label }
}

/// The surges of a country; of all of them for the panel of all countries together (`None` or an empty code).
fn spans(alerts: &[&Alert], country: Option<&str>, step: Step) -> Vec<Span> {
    let here = |alert: &&&Alert| country.is_none_or(|code| code.is_empty() || alert.key.country == code);
    let mut stretches: Vec<(Seconds, Seconds)> =
        alerts.iter().filter(here).map(|alert| (alert.onset, alert.end.saturating_add(step.seconds()))).collect();
    stretches.sort_unstable();
    // Overlapping surges of several outlets are shaded once.
    let mut merged: Vec<(Seconds, Seconds)> = Vec::new();
    for (from, to) in stretches {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged.into_iter().map(|(from, to)| Span { from, to, color: ORANGE.fade(0.3), edged: false }).collect()
}

/// One value axis for all panels, unless that would flatten some of them; says which.
fn share_range(panels: &mut [Plot]) -> bool {
    let top = |plot: &Plot| {
        let values = plot.lines.iter().flat_map(|line| line.points.iter().map(|point| point.1));
        values.filter(|v| v.is_finite()).fold(100.0, f64::max).min(1e300)
    };
    let tops: Vec<f64> = panels.iter().map(top).collect();
    let (low, high) = tops.iter().fold((f64::INFINITY, 0.0), |(l, h): (f64, f64), t| (l.min(*t), h.max(*t)));
    let shared = high <= 3.0 * low;
    if shared {
        panels.iter_mut().for_each(|plot| plot.axis.range = Some((0.0, high * 1.06)));
    }
    shared
}

fn legend(shaded: bool, events: bool) -> Vec<Legend> {
    let entries = [
        (true, Swatch::Line, AXIS, "100 = mean of the baseline"),
        (shaded, Swatch::Box, ORANGE.fade(0.3), "surge of these outlets together"),
        (events, Swatch::Line, PURPLE, "event"),
    ];
    let seen = entries.into_iter().filter(|entry| entry.0);
    seen.map(|(_, swatch, color, text)| Legend { swatch, color, text: text.into() }).collect()
}
