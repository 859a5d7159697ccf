//! Bars on a time line, one row a subject.

use super::dates;
use super::figure::{Bar, Rows};
use super::layout::SMALL;
use super::palette::{GRID, INK, PURPLE, SOFT, STRIPE};
use super::plot::{DATES, FLAGS, date_axis, draw_flags, x};
use super::scene::{Anchor, Area, Scene};
use super::text;

/// Shortest bar: a surge of one hour in ten years must still be seen.
const SHORTEST: f64 = 5.0;

/// Draws the rows into `area`.
pub(super) fn draw(scene: &mut Scene, rows: &Rows, area: Area) {
    let name = |label: &str| text::fit_label(&text::shown(label).unwrap_or_default(), SMALL, 330.0);
    let names: Vec<String> = rows.rows.iter().map(|row| name(&row.label)).collect();
    let names_wide = names.iter().map(|name| text::width(name, SMALL)).fold(0.0, f64::max);
    let flags = if rows.events.is_empty() { 6.0 } else { FLAGS };
    let left = area.left + if names_wide > 0.0 { names_wide + 14.0 } else { 10.0 };
    let inner = Area { left, top: area.top + flags, right: area.right - 10.0, bottom: area.bottom - DATES };
    let inner = Area { bottom: inner.bottom.max(inner.top + 10.0), ..inner };
    let high = (inner.height() / rows.rows.len().max(1) as f64).min(44.0);
    // Few rows stand at the top, close to the flags, and the axis directly beneath them.
    let used = if rows.rows.is_empty() { inner.height() } else { high * rows.rows.len() as f64 };
    let inner = Area { bottom: inner.top + used, ..inner };
    for (i, name) in names.iter().enumerate() {
        let top = inner.top + i as f64 * high;
        if i % 2 == 0 {
            scene.rect(Area { left: area.left, top, right: inner.right, bottom: top + high }, STRIPE);
        }
        scene.text((inner.left - 10.0, top + high / 2.0 + 6.0), Anchor::End, SMALL, INK, name);
    }
    for tick in dates::ticks(rows.from, rows.to, inner.width(), SMALL, false) {
        let at = x(inner, rows.from, rows.to, tick.at);
        scene.line((at, inner.top), (at, inner.bottom), 1.0, GRID);
    }
    for event in &rows.events {
        let at = x(inner, rows.from, rows.to, event.at);
        scene.line((at, inner.top), (at, inner.bottom), 1.0, PURPLE.fade(0.6));
    }
    for (i, row) in rows.rows.iter().enumerate() {
        let top = inner.top + i as f64 * high;
        bars(scene, &row.bars, rows, inner, (top, high));
    }
    date_axis(scene, inner, rows.from, rows.to, false);
    draw_flags(scene, &rows.events, inner, rows.from, rows.to);
    if rows.rows.is_empty() {
        let middle = ((inner.left + inner.right) / 2.0, (inner.top + inner.bottom) / 2.0);
        scene.text(middle, Anchor::Middle, SMALL + 6.0, SOFT, &rows.empty);
    }
}

/// The bars of one row, each with its label on the right, else on the left, else without.
fn bars(scene: &mut Scene, bars: &[Bar], rows: &Rows, area: Area, (top, high): (f64, f64)) {
    let mut placed: Vec<(f64, f64, &Bar)> = bars
        .iter()
        .map(|bar| {
            let left = x(area, rows.from, rows.to, bar.from).min(area.right - SHORTEST);
            (left, x(area, rows.from, rows.to, bar.to).max(left + SHORTEST), bar)
        })
        .collect();
    placed.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (left, right, bar) in &placed {
        let inset = (high * 0.18).min(6.0);
        scene.rect(Area { left: *left, top: top + inset, right: *right, bottom: top + high - inset }, bar.color);
    }
    let mut taken: Vec<(f64, f64)> = placed.iter().map(|(left, right, _)| (*left, *right)).collect();
    for (left, right, bar) in &placed {
        let wide = text::width(&bar.label, SMALL);
        let free = |from: f64, to: f64| {
            from >= area.left && to <= area.right + 8.0 && taken.iter().all(|(a, b)| to < *a || from > *b)
        };
        let Some(start) =
            [right + 5.0, left - 5.0 - wide].into_iter().find(|start| free(start - 2.0, start + wide + 2.0))
        else {
            continue;
        };
        scene.text((start, top + high / 2.0 + 6.0), Anchor::Start, SMALL, INK, &bar.label);
        taken.push((start - 2.0, start + wide + 2.0));
    }
}
