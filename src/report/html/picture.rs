//! The small charts of the report as places in an SVG: the template draws them.

use super::axis;
use super::geometry::{Columns, Frame, place};
use crate::alert::{Alert, Event, Flag, IndexRow, PeriodFlags, ScoredSeries};
use crate::report::cell::moment;
use crate::series::Kind;
use crate::time::{Grid, Seconds, Step};
use serde::{Serialize, Serializer};
use std::ops::Range;

/// One chart.
#[derive(Debug, Serialize)]
pub(super) struct Picture {
    pub id: String,
    pub title: String,
    pub description: String,
    pub width: f64,
    pub height: f64,
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    pub unit: String,
    pub x_ticks: Vec<Tick>,
    pub y_ticks: Vec<Tick>,
    pub spans: Vec<Span>,
    pub band: String,
    pub lines: Vec<Line>,
    /// Height of a line to compare with.
    pub reference: Option<String>,
    pub changes: Vec<Change>,
    pub events: Vec<Mark>,
    /// Places of periods known only below a bound.
    pub censored: Vec<String>,
    /// What is told before a reader points anywhere.
    pub readout: String,
    /// Said beneath the chart when points stand for several periods.
    pub note: String,
    /// Not for the template: the script gets them as JSON.
    #[serde(skip)]
    pub points: Points,
}

/// A label on an axis.
#[derive(Debug, Serialize)]
pub(super) struct Tick {
    pub at: String,
    pub label: String,
}

/// A shaded stretch.
#[derive(Debug, Serialize)]
pub(super) struct Span {
    pub x: String,
    pub width: String,
    pub class: &'static str,
}

/// A line, and its points without neighbours.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub class: &'static str,
    pub path: String,
    pub dots: Vec<(String, String)>,
}

/// A change point with its interval.
#[derive(Debug, Serialize)]
pub(super) struct Change {
    pub x: String,
    pub low: String,
    pub width: String,
}

/// A numbered event.
#[derive(Debug, Serialize)]
pub(super) struct Mark {
    pub number: usize,
    pub x: String,
    /// Height of its number: several rows where they would collide.
    pub y: String,
}

/// What the script needs to answer a pointer or a key: one value of each name a period.
#[derive(Debug, Serialize)]
pub(super) struct Points {
    pub start: Seconds,
    pub step: Seconds,
    pub names: Vec<&'static str>,
    pub values: Vec<Numbers>,
    /// Value at the top of the axis (at its foot for ranks).
    pub high: f64,
    pub ranks: bool,
    /// Place of the period told at first.
    pub at: usize,
}

/// Numbers as JSON, six digits each (observed counts all of theirs), `null` for the unknown.
#[derive(Debug)]
pub(super) struct Numbers(pub Vec<f64>);

impl Serialize for Numbers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|value| {
            let whole = value.fract() == 0.0 && value.abs() < 9e15;
            let short = if whole { *value } else { format!("{value:.5e}").parse().unwrap_or(f64::NAN) };
            // Whole numbers without a decimal point: half the bytes of the page are these.
            if whole { Number::Whole(short as i64) } else { Number::Real(short.is_finite().then_some(short)) }
        }))
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Number {
    Whole(i64),
    Real(Option<f64>),
}

/// Numbers for events, in rows where they would collide.
fn marks(events: &[(usize, Seconds)], frame: &Frame) -> Vec<Mark> {
    let mut ends: Vec<f64> = Vec::new();
    let mut placed = Vec::new();
    for (number, at) in events {
        let x = frame.x(*at);
        let row = ends.iter().position(|end| x - end >= 15.0).unwrap_or(ends.len());
        if row == ends.len() {
            ends.push(x);
        }
        ends[row] = x;
        placed.push(Mark { number: *number, x: place(x), y: place(9.0 + 14.0 * row as f64) });
    }
    placed
}

/// Room above the plot for the numbers of events that fall within it.
fn rows_needed(events: &[(usize, Seconds)], from: Seconds, to: Seconds, wide: f64) -> usize {
    let frame = Frame { from, to, high: 1.0, ranks: false, size: (0.0, 0.0), area: [0.0, 0.0, wide, 0.0] };
    let rows = marks(events, &frame).iter().map(|mark| mark.y.parse::<f64>().unwrap_or(0.0)).fold(0.0, f64::max);
    if events.is_empty() { 0 } else { ((rows - 9.0) / 14.0) as usize + 1 }
}

/// The chart of an alert. `events` are numbered as in the words beside it.
pub(super) fn alert(
    id: String,
    title: String,
    scored: &ScoredSeries,
    grid: &Grid,
    alert: &Alert,
    events: &[(usize, Seconds)],
) -> Picture {
    let shown = excerpt(scored, grid, alert);
    let column = |value: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..shown.end).map(value).collect() };
    let expected = column(&|i| scored.expected(i));
    let (lower, upper) = (column(&|i| scored.lower(i)), column(&|i| scored.upper(i)));
    let columns = Columns::new(grid, &shown, [&scored.observed, &expected, &lower, &upper, &scored.z]);
    let (from, to) = (columns.start, columns.end());
    let events: Vec<_> = events.iter().copied().filter(|event| (from..to).contains(&event.1)).collect();
    let (width, left, right) = (480.0, 46.0, 472.0);
    let top = 22.0 + 14.0 * rows_needed(&events, from, to, right - left) as f64;
    let size = (width, top + 196.0);
    let ranks = scored.kind == Kind::Rank;
    let frame = Frame { from, to, high: columns.high(), ranks, size, area: [left, top, right, top + 172.0] };
    let at = grid.index_of(alert.peak).map_or(0, |i| i.saturating_sub(shown.start) / columns.each);
    let censored = |i: &usize| scored.flags.get(*i).is_some_and(|flags| flags.has(PeriodFlags::CENSORED));
    let picture = Picture {
        spans: spans(scored, grid, alert, &shown, &frame),
        band: columns.band(&frame),
        lines: vec![
            columns.line("expected", &columns.expected, &frame),
            columns.line("observed", &columns.observed, &frame),
        ],
        changes: changes(scored, grid, alert, &frame),
        events: marks(&events, &frame),
        censored: shown.clone().filter(censored).map(|i| place(frame.x(grid.time(i)))).collect(),
        unit: unit(scored.kind, grid.step),
        ..blank(id, title, &frame, columns.note(grid.step))
    };
    let points = Points {
        start: columns.start,
        step: columns.step,
        names: vec!["observed", "expected", "z"],
        values: [columns.observed, columns.expected, columns.z].map(Numbers).into(),
        high: frame.high,
        ranks,
        at,
    };
    finish(picture, points, "peak")
}

/// The chart of a state's index in one country; `None` without any value.
pub(super) fn index(
    id: String,
    title: String,
    rows: &[&IndexRow],
    grid: &Grid,
    surges: &[(Seconds, Seconds)],
    events: &[(usize, Seconds)],
) -> Option<Picture> {
    let (mut index, mut share) = (vec![f64::NAN; grid.len], vec![f64::NAN; grid.len]);
    for row in rows {
        if let Some(i) = grid.index_of(row.time) {
            (index[i], share[i]) = (row.index, 100.0 * row.share);
        }
    }
    index.iter().find(|value| value.is_finite())?;
    let columns = Columns::new(grid, &(0..grid.len), [&index, &share, &[], &[], &[]]);
    let (from, to) = (columns.start, columns.end());
    let events: Vec<_> = events.iter().copied().filter(|event| (from..to).contains(&event.1)).collect();
    let (width, left, right) = (340.0, 34.0, 334.0);
    let top = 8.0 + 14.0 * rows_needed(&events, from, to, right - left) as f64;
    let highest = columns.observed.iter().copied().filter(|v| v.is_finite()).fold(100.0, f64::max).min(1e300);
    let size = (width, top + 134.0);
    let area = [left, top, right, top + 112.0];
    let frame = Frame { from, to, high: highest * 1.06, ranks: false, size, area };
    let peak = (0..columns.observed.len()).filter(|i| columns.observed[*i].is_finite());
    let at = peak.max_by(|a, b| columns.observed[*a].total_cmp(&columns.observed[*b])).unwrap_or(0);
    let span = |(from, to): &(Seconds, Seconds)| {
        let (x, end) = (frame.x(*from), frame.x(*to));
        Span { x: place(x), width: place((end - x).max(1.0)), class: "surge" }
    };
    let picture = Picture {
        spans: surges.iter().filter(|(a, b)| *b > from && *a < to).map(span).collect(),
        lines: vec![columns.line("observed", &columns.observed, &frame)],
        reference: Some(place(frame.y(100.0))),
        events: marks(&events, &frame),
        ..blank(id, title, &frame, columns.note(grid.step))
    };
    let points = Points {
        start: columns.start,
        step: columns.step,
        names: vec!["index", "share in %"],
        values: [columns.observed, columns.expected].map(Numbers).into(),
        high: frame.high,
        ranks: false,
        at,
    };
    Some(finish(picture, points, "highest"))
}

/// A picture with axes and nothing else.
fn blank(id: String, title: String, frame: &Frame, note: String) -> Picture {
    let [left, top, right, bottom] = frame.area;
    let y = |value: f64| Tick { at: place(frame.y(value)), label: axis::short(value) };
    let room = ((right - left) / 52.0) as i64;
    let inside = |x: f64| x.max(left + 12.0).min(frame.size.0 - 16.0);
    let x = |(at, label)| Tick { at: place(inside(frame.x(at))), label };
    Picture {
        id,
        title,
        description: String::new(),
        width: frame.size.0,
        height: frame.size.1,
        left,
        right,
        top,
        bottom,
        unit: String::new(),
        x_ticks: axis::dates(frame.from, frame.to, room).into_iter().map(x).collect(),
        y_ticks: axis::values(frame.high).into_iter().map(y).collect(),
        spans: Vec::new(),
        band: String::new(),
        lines: Vec::new(),
        reference: None,
        changes: Vec::new(),
        events: Vec::new(),
        censored: Vec::new(),
        readout: String::new(),
        note,
        points: Points { start: 0, step: 1, names: Vec::new(), values: Vec::new(), high: 1.0, ranks: false, at: 0 },
    }
}

fn finish(mut picture: Picture, points: Points, what: &str) -> Picture {
    let step = Step::from_seconds(points.step).unwrap_or(Step::DAY);
    let when = moment(points.start + points.at as i64 * points.step, step);
    let value = |(name, values): (&&str, &Numbers)| {
        let value = values.0.get(points.at).copied().unwrap_or(f64::NAN);
        format!("{name} {}", super::words::number(value))
    };
    let values: Vec<String> = points.names.iter().zip(&points.values).map(value).collect();
    picture.readout = format!("{when} ({what}): {}", values.join(" · "));
    let last = points.values.first().map_or(0, |values| values.0.len().saturating_sub(1));
    let period = (moment(points.start, step), moment(points.start + last as i64 * points.step, step));
    picture.description = format!("{} from {} to {}. {}", points.names.join(", "), period.0, period.1, picture.readout);
    picture.points = points;
    picture
}

fn unit(kind: Kind, step: Step) -> String {
    match kind {
        Kind::Count | Kind::Rounded => format!("visits per {}", step.name()),
        Kind::Share => format!("share per {}", step.name()),
        Kind::Scaled => "scaled value (0–100)".into(),
        Kind::Rank => "rank (first on top)".into(),
    }
}

/// The periods drawn: a legible stretch around the surge, three fifths of it before, within what was observed.
fn excerpt(scored: &ScoredSeries, grid: &Grid, alert: &Alert) -> Range<usize> {
    let seen = |i: &usize| {
        scored.observed.get(*i).is_some_and(|v| !v.is_nan())
            || scored.flags.get(*i).is_some_and(|flags| flags.has(PeriodFlags::CENSORED))
    };
    let first = (0..grid.len).find(seen).unwrap_or(0);
    let end = (0..grid.len).rev().find(seen).map_or(grid.len, |last| last + 1);
    let onset = grid.index_of(alert.onset).unwrap_or(first);
    let stop = grid.index_of(alert.end).map_or(end, |last| last + 1);
    let days = match grid.step.seconds() {
        s if s < Step::DAY.seconds() => 21,
        s if s < Step::WEEK.seconds() => 182,
        _ => 3 * 364,
    };
    let surge = stop.saturating_sub(onset);
    let most = ((days * Step::DAY.seconds() / grid.step.seconds()).max(8) as usize).max(2 * surge);
    if end - first <= most {
        return first..end;
    }
    let start = onset.saturating_sub((most - surge) * 3 / 5).max(first).min(end - most);
    start..start + most
}

/// The alert, and fainter the other surges and drops of the series.
fn spans(scored: &ScoredSeries, grid: &Grid, alert: &Alert, shown: &Range<usize>, frame: &Frame) -> Vec<Span> {
    let state = |i: &usize| {
        let flags = scored.flags.get(*i).copied().unwrap_or_default();
        match (alert.onset..=alert.end).contains(&grid.time(*i)) {
            true if alert.flags.contains(&Flag::Drop) => Some("drop"),
            true => Some("surge"),
            false if flags.has(PeriodFlags::SURGE) => Some("surge other"),
            false if flags.has(PeriodFlags::DROP) => Some("drop other"),
            false => None,
        }
    };
    let indices: Vec<usize> = shown.clone().collect();
    let span = |run: &[usize]| {
        let (x, end) = (frame.x(grid.time(run[0])), frame.x(grid.time(run[run.len() - 1] + 1)));
        Some(Span { x: place(x), width: place((end - x).max(1.0)), class: state(&run[0])? })
    };
    indices.chunk_by(|a, b| state(a) == state(b)).filter_map(span).collect()
}

fn changes(scored: &ScoredSeries, grid: &Grid, alert: &Alert, frame: &Frame) -> Vec<Change> {
    let own = scored.change_points.iter().map(|c| (grid.time(c.index), grid.time(c.low), grid.time(c.high)));
    let named = alert.change_point.map(|c| (c.at, c.low, c.high));
    let mut all: Vec<_> = own.chain(named).filter(|c| c.0 > frame.from && c.0 < frame.to).collect();
    all.sort_unstable();
    all.dedup_by_key(|change| change.0);
    let change = |(at, low, high): (Seconds, Seconds, Seconds)| {
        let (x, from, to) = (frame.x(at), frame.x(low), frame.x(high));
        Change { x: place(x), low: place(from), width: place(to - from) }
    };
    all.into_iter().map(change).collect()
}

/// Events within the grid that concern a state, those nearest to `centre` first taken, numbered in order of time.
pub(super) fn nearest<'a>(
    events: &'a [Event],
    state: &str,
    grid: &Grid,
    centre: Seconds,
    most: usize,
) -> Vec<&'a Event> {
    let concerns = |event: &&Event| event.states.is_empty() || event.states.iter().any(|named| named == state);
    let inside = |event: &&Event| (grid.start..grid.end()).contains(&event.date);
    let mut near: Vec<&Event> = events.iter().filter(concerns).filter(inside).collect();
    near.sort_by(|a, b| (a.date.abs_diff(centre), &a.name).cmp(&(b.date.abs_diff(centre), &b.name)));
    near.dedup_by(|a, b| a.date == b.date && a.name == b.name);
    near.truncate(most);
    near.sort_by(|a, b| (a.date, &a.name).cmp(&(b.date, &b.name)));
    near
}
