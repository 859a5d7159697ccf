//! Values against time: axes, bands, lines, shaded spans, change points, event flags.

use super::dates;
use super::figure::{Band, Direction, EventMark, Line, Plot};
use super::layout::SMALL;
use super::palette::{AXIS, Color, GRID, INK, PURPLE, SOFT, VERMILION, WHITE};
use super::place::spread;
use super::scene::{Anchor, Area, Scene};
use super::text;
use super::ticks;
use crate::time::Seconds;

/// Height kept for event flags and their leaders.
pub(super) const FLAGS: f64 = 40.0;
/// Height kept for two lines of dates.
pub(super) const DATES: f64 = 46.0;

/// From moments and values to places.
struct Map {
    area: Area,
    from: Seconds,
    to: Seconds,
    low: f64,
    high: f64,
    direction: Direction,
}

impl Map {
    fn x(&self, at: Seconds) -> f64 {
        x(self.area, self.from, self.to, at)
    }

    fn y(&self, value: f64) -> f64 {
        let part = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        match self.direction {
            Direction::FromZero => self.area.bottom - part * self.area.height(),
            Direction::Ranks => self.area.top + part * self.area.height(),
        }
    }
}

/// Place of a moment, kept inside the area.
pub(super) fn x(area: Area, from: Seconds, to: Seconds, at: Seconds) -> f64 {
    let span = (to as f64 - from as f64).max(1.0);
    area.left + ((at as f64 - from as f64) / span).clamp(0.0, 1.0) * area.width()
}

/// Draws a panel into `area`.
pub(super) fn draw(scene: &mut Scene, plot: &Plot, area: Area) {
    let heading = !plot.title.is_empty();
    if heading {
        let title = text::fit(&text::shown(&plot.title).unwrap_or_default(), SMALL, area.width());
        scene.text((area.left, area.top + SMALL), Anchor::Start, SMALL, INK, &title);
    }
    let unit = text::shown(&plot.axis.label).unwrap_or_default();
    let above = if heading { 24.0 } else { 0.0 } + if unit.is_empty() { 0.0 } else { 22.0 };
    let flags = if plot.events.iter().all(|event| event.number == 0) { 6.0 } else { FLAGS };
    let inner = Area { top: area.top + above + flags, bottom: area.bottom - DATES, ..area };
    let inner = Area { bottom: inner.bottom.max(inner.top + 10.0), ..inner };
    let (low, high) = plot.axis.range.unwrap_or_else(|| range(plot));
    let values = ticks::values(low, high, (inner.height() / 55.0).clamp(2.0, 8.0) as usize);
    let labels = ticks::labels(&values);
    let gutter = labels.iter().map(|label| text::width(label, SMALL)).fold(0.0, f64::max) + 10.0;
    let named: f64 = plot.lines.iter().map(|line| text::width(&line.label, SMALL)).fold(0.0, f64::max).min(200.0);
    let right = if named > 0.0 { named + 22.0 } else { 8.0 };
    let inner = Area { left: area.left + gutter, right: area.right - right, ..inner };
    let map = Map { area: inner, from: plot.from, to: plot.to, low, high, direction: plot.axis.direction };
    scene.text((area.left, area.top + above - 4.0), Anchor::Start, SMALL, SOFT, &text::fit(&unit, SMALL, area.width()));
    for (value, label) in values.iter().zip(&labels) {
        let y = map.y(*value);
        scene.line((inner.left, y), (inner.right, y), 1.0, GRID);
        scene.text((inner.left - 8.0, y + 6.0), Anchor::End, SMALL, SOFT, label);
    }
    contents(scene, plot, &map);
    date_axis(scene, inner, plot.from, plot.to, plot.digits);
    draw_flags(scene, &plot.events, inner, plot.from, plot.to);
    if !plot.empty.is_empty() {
        let middle = ((inner.left + inner.right) / 2.0, (inner.top + inner.bottom) / 2.0);
        scene.text(middle, Anchor::Middle, SMALL + 4.0, SOFT, &plot.empty);
    }
}

fn contents(scene: &mut Scene, plot: &Plot, map: &Map) {
    let Area { top, bottom, .. } = map.area;
    for span in &plot.spans {
        let (left, right) = (map.x(span.from), map.x(span.to));
        let right = right.max(left + 3.0).min(map.area.right);
        scene.rect(Area { left, top, right, bottom }, span.color);
        if span.edged {
            for x in [left, right] {
                scene.line((x, top), (x, bottom), 1.0, Color { alpha: 1.0, ..span.color });
            }
        }
    }
    if let Some(reference) = plot.axis.reference {
        let y = map.y(reference);
        scene.line((map.area.left, y), (map.area.right, y), 2.0, AXIS);
    }
    plot.bands.iter().for_each(|band| draw_band(scene, band, map));
    for change in &plot.changes {
        let (left, right) = (map.x(change.low), map.x(change.high));
        scene.rect(Area { left, top, right, bottom }, VERMILION.fade(0.13));
        let x = map.x(change.at);
        scene.dashes(&[(x, top), (x, bottom)], (7.0, 5.0), 2.0, VERMILION);
    }
    for event in &plot.events {
        let x = map.x(event.at);
        scene.line((x, top), (x, bottom), 1.0, PURPLE.fade(0.6));
    }
    plot.lines.iter().for_each(|line| draw_line(scene, line, map));
    for at in &plot.censored.0 {
        triangle(scene, (map.x(*at), bottom - 3.0), SOFT);
    }
    end_labels(scene, &plot.lines, map);
}

/// Lower and upper end of the value axis: all that was observed and expected; a band that towers above is cut.
fn range(plot: &Plot) -> (f64, f64) {
    let lines = plot.lines.iter().flat_map(|line| line.points.iter().map(|point| point.1));
    let reach = |values: &mut dyn Iterator<Item = f64>| values.filter(|v| v.is_finite()).fold(f64::NAN, f64::max);
    let highest = reach(&mut lines.chain(plot.axis.reference)).min(1e300);
    let band = reach(&mut plot.bands.iter().flat_map(|band| band.points.iter().map(|point| point.2)));
    let top = if highest > 0.0 { highest.max(band.min(highest * 1.25)) } else { band };
    match plot.axis.direction {
        _ if !(top.is_finite() && top > 0.0) => (0.0, 1.0),
        Direction::FromZero => (0.0, top * 1.06),
        Direction::Ranks => (0.0, top * 1.06),
    }
}

/// Runs without `NaN`, as places.
fn runs<T: Copy>(points: &[T], place: impl Fn(T) -> Option<(f64, f64, f64)>) -> Vec<Vec<(f64, f64, f64)>> {
    let mut out = vec![Vec::new()];
    for point in points {
        match place(*point) {
            Some(place) => out.last_mut().into_iter().for_each(|run| run.push(place)),
            None => out.push(Vec::new()),
        }
    }
    out.retain(|run| !run.is_empty());
    out
}

/// At most four points for each half pixel: the first, the extremes and the last look the same as all of them.
fn thin(run: Vec<(f64, f64, f64)>) -> Vec<(f64, f64, f64)> {
    let column = |x: f64| (x * 2.0).floor();
    let mut out: Vec<(f64, f64, f64)> = Vec::new();
    for bucket in run.chunk_by(|a, b| column(a.0) == column(b.0)) {
        let lowest = bucket.iter().copied().reduce(|a, b| if b.1 < a.1 { b } else { a });
        let highest = bucket.iter().copied().reduce(|a, b| if b.2 > a.2 { b } else { a });
        let mut kept: Vec<_> = [bucket.first().copied(), lowest, highest, bucket.last().copied()].into();
        kept.dedup();
        kept.sort_by(|a, b| a.map(|p| p.0).partial_cmp(&b.map(|p| p.0)).unwrap_or(std::cmp::Ordering::Equal));
        kept.dedup();
        out.extend(kept.into_iter().flatten());
    }
    out
}

fn draw_line(scene: &mut Scene, line: &Line, map: &Map) {
    let place = |(at, value): (Seconds, f64)| {
        let y = map.y(value);
        value.is_finite().then(|| (map.x(at), y, y))
    };
    for run in runs(&line.points, place) {
        let points: Vec<(f64, f64)> = thin(run).into_iter().map(|(x, y, _)| (x, y)).collect();
        match points.as_slice() {
            // An observation between two gaps has no line: it is shown as a dot.
            [only] => {
                scene.marks.push(super::scene::Mark::Dot { at: *only, radius: line.width + 1.0, color: line.color })
            }
            _ if line.dashed => scene.dashes(&points, (9.0, 5.0), line.width, line.color),
            _ => scene.stroke(points, line.width, line.color),
        }
    }
}

fn draw_band(scene: &mut Scene, band: &Band, map: &Map) {
    let place = |(at, low, high): (Seconds, f64, f64)| {
        let (a, b) = (map.y(low), map.y(high));
        (!low.is_nan() && !high.is_nan()).then(|| (map.x(at), a.min(b), a.max(b)))
    };
    for run in runs(&band.points, place) {
        let points = thin(run);
        if points.len() > 1 {
            scene.marks.push(super::scene::Mark::Ribbon { points, color: band.color });
        }
    }
}

/// Names at the right ends of lines, moved apart where they would collide.
fn end_labels(scene: &mut Scene, lines: &[Line], map: &Map) {
    let end =
        |line: &Line| line.points.iter().rev().find(|point| point.1.is_finite()).map(|(at, v)| (map.x(*at), map.y(*v)));
    let mut ends: Vec<(&Line, (f64, f64))> =
        lines.iter().filter(|line| !line.label.is_empty()).filter_map(|line| Some((line, end(line)?))).collect();
    ends.sort_by(|a, b| a.1.1.total_cmp(&b.1.1));
    let wanted: Vec<f64> = ends.iter().map(|(_, end)| end.1).collect();
    let places = spread(&wanted, SMALL * 1.25, map.area.top - 6.0, map.area.bottom + 6.0);
    for ((line, end), y) in ends.into_iter().zip(places) {
        let start = map.area.right + 16.0;
        scene.line(end, (start - 4.0, y), 1.0, line.color);
        scene.text((start, y + 6.0), Anchor::Start, SMALL, line.color, &text::fit(&line.label, SMALL, 200.0));
    }
}

/// A triangle that points down at `tip`: "somewhere below this".
pub(super) fn triangle(scene: &mut Scene, (x, y): (f64, f64), color: Color) {
    let points = vec![(x - 5.0, y - 9.0), (x + 5.0, y - 9.0), (x, y)];
    scene.marks.push(super::scene::Mark::Polygon { points, color });
}

/// Base line, ticks and dates beneath `area`.
pub(super) fn date_axis(scene: &mut Scene, area: Area, from: Seconds, to: Seconds, digits: bool) {
    scene.line((area.left, area.bottom), (area.right, area.bottom), 1.5, AXIS);
    for tick in dates::ticks(from, to, area.width(), SMALL, digits) {
        let x = x(area, from, to, tick.at);
        scene.line((x, area.bottom), (x, area.bottom + 6.0), 1.5, AXIS);
        let inside = |words: &str| {
            let half = text::width(words, SMALL) / 2.0;
            x.max(half + 2.0).min(super::scene::WIDTH - half - 2.0)
        };
        scene.text((inside(&tick.label), area.bottom + 22.0), Anchor::Middle, SMALL, SOFT, &tick.label);
        if let Some(context) = tick.context {
            scene.text((inside(&context), area.bottom + 41.0), Anchor::Middle, SMALL, SOFT, &context);
        }
    }
}

/// Numbered flags above `area`, moved apart, each with a leader to its moment.
pub(super) fn draw_flags(scene: &mut Scene, events: &[EventMark], area: Area, from: Seconds, to: Seconds) {
    let mut events: Vec<EventMark> = events.iter().copied().filter(|event| event.number > 0).collect();
    events.sort_by_key(|event| (event.at, event.number));
    let wide = |number: usize| text::width(&number.to_string(), SMALL) + 10.0;
    let size = events.iter().map(|event| wide(event.number)).fold(20.0, f64::max) + 3.0;
    let wanted: Vec<f64> = events.iter().map(|event| x(area, from, to, event.at)).collect();
    let places = spread(&wanted, size, area.left - 10.0, area.right + 6.0);
    let foot = area.top - FLAGS + 30.0;
    for ((event, at), place) in events.iter().zip(wanted).zip(places) {
        let half = (size - 3.0) / 2.0;
        scene.line((place, foot), (at, area.top), 1.5, PURPLE);
        scene.rect(Area { left: place - half, right: place + half, top: foot - 22.0, bottom: foot }, PURPLE);
        scene.text((place, foot - 5.0), Anchor::Middle, SMALL, WHITE, &event.number.to_string());
    }
}
