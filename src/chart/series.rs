//! One alerted series: observed, expected, band, change points, the surge, events.

use super::figure::{
    Axis, Band, Censored, Change, Direction, EventMark, Figure, Legend, Line, Panel, Plot, Span, Swatch,
};
use super::palette::{BLUE, Color, GREEN, INK, ORANGE, PURPLE, SKY, SOFT, VERMILION};
use super::{dates, text, words};
use crate::alert::{Alert, Event, Flag, PeriodFlags, ScoredSeries};
use crate::series::{Key, Kind};
use crate::time::{Grid, Seconds, Step};
use std::ops::Range;

/// Most events with a flag in one chart.
const MOST_EVENTS: usize = 12;

/// The chart of one alerted series.
///
/// `grid` is the grid of `scored`; `alert` is the alert shown, which stands out among the other surges of the series.
/// Of `events` those that concern the alert's state and country are flagged, at most twelve, the nearest to the onset
/// first. At most half a year of days (three weeks of finer data, three years of weeks) around the surge is drawn.
pub fn series(scored: &ScoredSeries, grid: &Grid, alert: &Alert, events: &[Event]) -> Figure {
    let shown = excerpt(scored, grid, alert);
    draw(scored, grid, Some(alert), events, shown)
}

/// The chart of a series between two moments, whatever was found in it: with `alert` that one stands out, without it
/// the title says only whose traffic it is.
pub fn portrait(
    scored: &ScoredSeries,
    grid: &Grid,
    alert: Option<&Alert>,
    events: &[Event],
    (from, to): (Seconds, Seconds),
) -> Figure {
    let index = |at: Seconds| at.saturating_sub(grid.start).div_euclid(grid.step.seconds()).clamp(0, grid.len as i64);
    let shown = index(from) as usize..index(to.saturating_add(grid.step.seconds() - 1)) as usize;
    draw(scored, grid, alert, events, shown)
}

fn draw(scored: &ScoredSeries, grid: &Grid, alert: Option<&Alert>, events: &[Event], shown: Range<usize>) -> Figure {
    let (from, to) = (grid.time(shown.start), grid.time(shown.end.max(shown.start + 1)));
    let near: Vec<&Event> = events.iter().filter(|event| concerns(event, &scored.key)).collect();
    let centre = alert.map_or(from + (to - from) / 2, |alert| alert.onset);
    let (marks, key, left_out) = flags(&near, from, to, centre, MOST_EVENTS);
    let observed = points(&shown, grid, |i| scored.observed.get(i).copied().unwrap_or(f64::NAN));
    let censored = censored(scored, grid, &shown);
    let empty =
        if observed.iter().all(|point| !point.1.is_finite()) && censored.0.is_empty() { "no observations" } else { "" };
    let direction = if scored.kind == Kind::Rank { Direction::Ranks } else { Direction::FromZero };
    let expected = points(&shown, grid, |i| scored.expected(i));
    // Thousands of periods at full width would run together.
    let width = if shown.len() > 800 { 1.0 } else { 2.0 };
    let plot = Plot {
        from,
        to,
        axis: Axis { label: unit(scored.kind, grid.step), direction, ..Axis::default() },
        bands: vec![Band { points: band(scored, grid, &shown), color: SKY.fade(0.3) }],
        lines: vec![
            Line { points: expected, color: BLUE, width, dashed: width > 1.0, label: String::new() },
            Line { points: observed, color: INK, width, dashed: false, label: String::new() },
        ],
        spans: spans(scored, grid, alert, &shown),
        changes: changes(scored, grid, alert, (from, to)),
        events: marks,
        censored,
        empty: empty.into(),
        ..Plot::default()
    };
    Figure {
        title: words::label(scored.level, &scored.key),
        finding: alert.map(|alert| words::finding(alert, scored.kind)).unwrap_or_default(),
        subtitle: alert.map(|alert| words::context(alert, scored.kind)).unwrap_or_default(),
        legend: legend(&plot, alert),
        panels: vec![Panel::Plot(plot)],
        columns: 1,
        key,
        note: note(from, to, left_out),
        ..Figure::default()
    }
}

/// What the value axis measures.
fn unit(kind: Kind, step: Step) -> String {
    let name = step.name();
    match kind {
        Kind::Count | Kind::Rounded => format!("visits per {name}"),
        Kind::Share => format!("share per {name}"),
        Kind::Scaled => "scaled value (0–100)".into(),
        Kind::Rank => "rank (first on top)".into(),
    }
}

/// The small print under a chart of `from..end`.
pub(super) fn note(from: Seconds, end: Seconds, left_out: usize) -> String {
    let events = match left_out {
        0 => String::new(),
        1 => " · 1 more event not flagged".into(),
        n => format!(" · {n} more events not flagged"),
    };
    format!("{}, UTC{events}", words::period(from, end))
}

/// Whether an event names the state and the country of a key, or leaves them open.
pub(super) fn concerns(event: &Event, key: &Key) -> bool {
    let named = |list: &[String], name: &str| list.is_empty() || name.is_empty() || list.iter().any(|n| n == name);
    named(&event.states, &key.state) && named(&event.countries, &key.country)
}

/// Flags and key for the events within `from..to`, at most `most`, those nearest to `centre` first; and how many were
/// left out. Numbered in order of time. Two records of one event make one flag.
pub(super) fn flags(
    events: &[&Event],
    from: Seconds,
    to: Seconds,
    centre: Seconds,
    most: usize,
) -> (Vec<EventMark>, Vec<(usize, String)>, usize) {
    let mut inside: Vec<&Event> = events.iter().copied().filter(|event| (from..to).contains(&event.date)).collect();
    inside.sort_by(|a, b| (a.date, &a.name).cmp(&(b.date, &b.name)));
    inside.dedup_by(|a, b| a.date == b.date && a.name == b.name);
    let left_out = inside.len().saturating_sub(most);
    inside.sort_by_key(|event| event.date.abs_diff(centre));
    inside.truncate(most);
    inside.sort_by(|a, b| (a.date, &a.name).cmp(&(b.date, &b.name)));
    let marks = inside.iter().enumerate().map(|(i, event)| EventMark { number: i + 1, at: event.date });
    let line = |event: &Event| {
        let name = text::first_shown([event.name.as_str(), event.kind.as_str()]).unwrap_or_else(|| "event".into());
        format!("{} {}", dates::stamp(event.date), text::isolated(&name))
    };
    let key = inside.iter().enumerate().map(|(i, event)| (i + 1, line(event)));
    (marks.collect(), key.collect(), left_out)
}

/// The periods drawn: a legible stretch around the surge, three fifths of it before, within what was observed.
fn excerpt(scored: &ScoredSeries, grid: &Grid, alert: &Alert) -> Range<usize> {
    let seen = |i: &usize| {
        scored.observed.get(*i).is_some_and(|v| !v.is_nan())
            || scored.flags.get(*i).is_some_and(|flags| flags.has(PeriodFlags::CENSORED))
    };
    let len = grid.len.min(scored.observed.len());
    let first = (0..len).find(seen).unwrap_or(0);
    let end = (0..len).rev().find(seen).map_or(len, |last| last + 1);
    let index =
        |at: Seconds| (at.saturating_sub(grid.start)).div_euclid(grid.step.seconds()).clamp(0, len as i64) as usize;
    let (onset, stop) = (index(alert.onset), (index(alert.end) + 1).min(len));
    let days = match grid.step.seconds() {
        s if s < Step::DAY.seconds() => 21,
        s if s < Step::WEEK.seconds() => 182,
        _ => 3 * 364,
    };
    let most = ((days * Step::DAY.seconds() / grid.step.seconds()).max(8) as usize).max(2 * stop.saturating_sub(onset));
    if end - first <= most {
        return first..end;
    }
    let before = (most - stop.saturating_sub(onset)) * 3 / 5;
    let start = onset.saturating_sub(before).max(first).min(end - most);
    start..start + most
}

/// Moments of observations: the middle of their periods, so that a shaded period holds its own point.
pub(super) fn middle(grid: &Grid, index: usize) -> Seconds {
    grid.time(index) + grid.step.seconds() / 2
}

fn points(shown: &Range<usize>, grid: &Grid, value: impl Fn(usize) -> f64) -> Vec<(Seconds, f64)> {
    shown.clone().map(|i| (middle(grid, i), value(i))).collect()
}

fn band(scored: &ScoredSeries, grid: &Grid, shown: &Range<usize>) -> Vec<(Seconds, f64, f64)> {
    shown.clone().map(|i| (middle(grid, i), scored.lower(i), scored.upper(i))).collect()
}

fn censored(scored: &ScoredSeries, grid: &Grid, shown: &Range<usize>) -> Censored {
    let below = |i: &usize| scored.flags.get(*i).is_some_and(|flags| flags.has(PeriodFlags::CENSORED));
    Censored(shown.clone().filter(below).map(|i| middle(grid, i)).collect())
}

/// The alert, and fainter the other surges and drops of the series.
fn spans(scored: &ScoredSeries, grid: &Grid, alert: Option<&Alert>, shown: &Range<usize>) -> Vec<Span> {
    let within = |i: usize, flag: PeriodFlags| scored.flags.get(i).is_some_and(|flags| flags.has(flag));
    let state = |i: usize| match (within(i, PeriodFlags::SURGE), within(i, PeriodFlags::DROP)) {
        _ if alert.is_some_and(|alert| (alert.onset..=alert.end).contains(&grid.time(i))) => None,
        (false, false) => None,
        (surge, _) => Some(surge),
    };
    let indices: Vec<usize> = shown.clone().collect();
    let mut out: Vec<Span> = Vec::new();
    for run in indices.chunk_by(|a, b| state(*a) == state(*b)) {
        if let Some(surge) = state(run[0]) {
            let color = if surge { ORANGE } else { GREEN }.fade(0.16);
            out.push(Span { from: grid.time(run[0]), to: grid.time(run[0] + run.len()), color, edged: false });
        }
    }
    let (from, to) = (grid.time(shown.start), grid.time(shown.end));
    if let Some(alert) = alert.filter(|alert| alert.onset < to && alert.end >= from) {
        let to = alert.end.saturating_add(grid.step.seconds());
        out.push(Span { from: alert.onset, to, color: main_color(alert).fade(0.38), edged: true });
    }
    out
}

fn main_color(alert: &Alert) -> Color {
    if alert.flags.contains(&Flag::Drop) { GREEN } else { ORANGE }
}

fn changes(scored: &ScoredSeries, grid: &Grid, alert: Option<&Alert>, (from, to): (Seconds, Seconds)) -> Vec<Change> {
    let own = scored.change_points.iter().map(|point| Change {
        at: grid.time(point.index),
        low: grid.time(point.low),
        high: grid.time(point.high),
    });
    let named = alert.and_then(|alert| alert.change_point).map(|point| Change {
        at: point.at,
        low: point.low,
        high: point.high,
    });
    // The alert's own first: where a series is read back from a file, only that one has its interval.
    let mut all: Vec<Change> =
        named.into_iter().chain(own).filter(|change| change.at > from && change.at < to).collect();
    all.sort_by_key(|change| change.at);
    all.dedup_by_key(|change| change.at);
    all
}

/// Only what is in the picture.
fn legend(plot: &Plot, alert: Option<&Alert>) -> Vec<Legend> {
    let has = |line: usize| plot.lines.get(line).is_some_and(|line| line.points.iter().any(|point| !point.1.is_nan()));
    let band = plot.bands.iter().any(|band| band.points.iter().any(|point| !point.1.is_nan()));
    let faint = |color: Color| plot.spans.iter().any(|span| !span.edged && span.color.rgb == color.rgb);
    let fell = alert.is_some_and(|alert| alert.flags.contains(&Flag::Drop));
    let what = if fell { "this drop" } else { "this surge" };
    let others = if alert.is_some() { "other surges" } else { "surges" };
    let main = alert.map_or(ORANGE, main_color);
    let entries = [
        (has(1), Swatch::Line, INK, "observed"),
        (has(0), if plot.lines[0].dashed { Swatch::Dashes } else { Swatch::Line }, BLUE, "expected"),
        (band, Swatch::Box, SKY.fade(0.3), "band of ordinary values"),
        (plot.spans.iter().any(|span| span.edged), Swatch::Box, main.fade(0.38), what),
        (faint(ORANGE), Swatch::Box, ORANGE.fade(0.16), others),
        (faint(GREEN), Swatch::Box, GREEN.fade(0.16), "drops"),
        (!plot.changes.is_empty(), Swatch::Dashes, VERMILION, "change point, with interval"),
        (!plot.events.is_empty(), Swatch::Line, PURPLE, "event"),
        (!plot.censored.0.is_empty(), Swatch::Triangle, SOFT, "below the reporting threshold"),
    ];
    let seen = entries.into_iter().filter(|entry| entry.0);
    seen.map(|(_, swatch, color, text)| Legend { swatch, color, text: text.into() }).collect()
}
