//! Where the parts of a figure go: title, legend, panels, key, note, from top to bottom.

use super::figure::{Figure, Legend, Panel, Swatch};
use super::palette::{INK, SOFT};
use super::scene::{Anchor, Area, Scene, WIDTH};
use super::{plot, rows, text};

pub(super) const TITLE: f64 = 26.0;
pub(super) const SUBTITLE: f64 = 19.0;
pub(super) const SMALL: f64 = 16.0;
const MARGIN: f64 = 28.0;
const LINE: f64 = 24.0;
/// Space between panels.
const GUTTER: f64 = 26.0;

/// Lays out a figure.
pub(super) fn scene(figure: &Figure) -> Scene {
    let size = figure.size.sensible();
    let height = WIDTH * f64::from(size.height) / f64::from(size.width);
    let mut scene = Scene { height, ..Scene::default() };
    let mut top = header(&mut scene, figure);
    top = legend(&mut scene, &figure.legend, top);
    let bottom = footer(&mut scene, figure, height - MARGIN);
    panels(&mut scene, figure, Area { left: MARGIN, top: top + 6.0, right: WIDTH - MARGIN, bottom: bottom - 10.0 });
    scene
}

/// Title and subtitle; returns where they end.
fn header(scene: &mut Scene, figure: &Figure) -> f64 {
    let room = WIDTH - 2.0 * MARGIN;
    let (subject, finding) =
        (text::shown(&figure.title).unwrap_or_default(), text::shown(&figure.finding).unwrap_or_default());
    let tail = if subject.is_empty() || finding.is_empty() { finding } else { format!(": {finding}") };
    let full = text::width(&subject, TITLE) + text::width(&tail, TITLE);
    let em = (TITLE * room / full.max(1.0)).clamp(20.0, TITLE);
    let subject = text::fit(&subject, em, (room - text::width(&tail, em)).max(room * 0.25));
    let title = text::fit(&format!("{subject}{tail}"), em, room);
    let mut top = MARGIN;
    if !title.is_empty() {
        top += TITLE;
        scene.text((MARGIN, top), Anchor::Start, em, INK, &title);
    }
    if let Some(subtitle) = text::shown(&figure.subtitle) {
        top += SUBTITLE + 10.0;
        scene.text((MARGIN, top), Anchor::Start, SUBTITLE, SOFT, &text::fit(&subtitle, SUBTITLE, room));
    }
    scene.title = title;
    top + 6.0
}

/// Swatches with texts, wrapped; returns where they end.
fn legend(scene: &mut Scene, entries: &[Legend], top: f64) -> f64 {
    let (mut x, mut y) = (MARGIN, top + LINE);
    let mut any = false;
    for entry in entries {
        let words = text::fit(&text::shown(&entry.text).unwrap_or_default(), SMALL, 420.0);
        if words.is_empty() {
            continue;
        }
        let wide = 34.0 + text::width(&words, SMALL) + 24.0;
        if x + wide > WIDTH - MARGIN && x > MARGIN {
            (x, y) = (MARGIN, y + LINE);
        }
        swatch(scene, entry, (x, y - 6.0));
        scene.text((x + 34.0, y), Anchor::Start, SMALL, INK, &words);
        x += wide;
        any = true;
    }
    if any { y + 6.0 } else { top }
}

fn swatch(scene: &mut Scene, entry: &Legend, (x, y): (f64, f64)) {
    let color = entry.color;
    match entry.swatch {
        Swatch::Line => scene.line((x, y), (x + 26.0, y), 3.0, color),
        Swatch::Dashes => scene.dashes(&[(x, y), (x + 26.0, y)], (7.0, 5.0), 2.0, color),
        Swatch::Box => scene.rect(Area { left: x, top: y - 8.0, right: x + 26.0, bottom: y + 8.0 }, color),
        Swatch::Triangle => plot::triangle(scene, (x + 13.0, y + 6.0), color),
    }
}

/// Key of events and note, upwards from `bottom`; returns where they begin.
fn footer(scene: &mut Scene, figure: &Figure, bottom: f64) -> f64 {
    let room = WIDTH - 2.0 * MARGIN;
    let mut top = bottom;
    if let Some(note) = text::shown(&figure.note) {
        scene.text((MARGIN, top), Anchor::Start, SMALL, SOFT, &text::fit(&note, SMALL, room));
        top -= LINE;
    }
    let entries: Vec<String> = figure
        .key
        .iter()
        .map(|(number, text)| format!("{number}  {}", text::shown(text).unwrap_or_else(|| "event".into())))
        .collect();
    let widest = entries.iter().map(|entry| text::width(entry, SMALL)).fold(0.0, f64::max);
    let columns = ((room / (widest + 24.0)).floor() as usize).clamp(2, 4);
    let lines = entries.len().div_ceil(columns);
    let wide = room / columns as f64;
    top -= lines as f64 * LINE;
    for (i, entry) in entries.iter().enumerate() {
        let (column, line) = (i / lines.max(1), i % lines.max(1));
        let at = (MARGIN + column as f64 * wide, top + (line + 1) as f64 * LINE);
        scene.text(at, Anchor::Start, SMALL, INK, &text::fit(entry, SMALL, wide - 24.0));
    }
    top
}

fn panels(scene: &mut Scene, figure: &Figure, area: Area) {
    let columns = figure.columns.clamp(1, figure.panels.len().max(1));
    let lines = figure.panels.len().div_ceil(columns).max(1);
    let wide = (area.width() - GUTTER * (columns - 1) as f64) / columns as f64;
    let high = ((area.height() - GUTTER * 0.5 * (lines - 1) as f64) / lines as f64).max(60.0);
    for (i, panel) in figure.panels.iter().enumerate() {
        let left = area.left + (i % columns) as f64 * (wide + GUTTER);
        let top = area.top + (i / columns) as f64 * (high + GUTTER * 0.5);
        let area = Area { left, top, right: left + wide, bottom: top + high };
        match panel {
            Panel::Plot(plot) => plot::draw(scene, plot, area),
            Panel::Rows(rows) => rows::draw(scene, rows, area),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::figure::{EventMark, Line, Plot, Size};
    use proptest::prelude::*;

    const DAY: i64 = 86_400;

    fn figure(names: &[String], days: &[i64], values: &[f64], size: Size) -> Figure {
        let line = |(i, name): (usize, &String)| Line {
            points: values.iter().enumerate().map(|(t, v)| (t as i64 * DAY, v + i as f64)).collect(),
            color: INK,
            width: 2.0,
            dashed: false,
            label: name.clone(),
        };
        let events = days.iter().enumerate().map(|(i, day)| EventMark { number: i + 1, at: day * DAY }).collect();
        let to = values.len().max(1) as i64 * DAY;
        let plot = Plot { to, lines: names.iter().enumerate().map(line).collect(), events, ..Plot::default() };
        Figure {
            size,
            title: names.join(" "),
            finding: "+42% in 7 days".into(),
            subtitle: names.concat(),
            key: days.iter().enumerate().map(|(i, _)| (i + 1, names.join("; "))).collect(),
            note: names.join(" and "),
            panels: vec![Panel::Plot(plot)],
            ..Figure::default()
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_text_covers_another_or_leaves_the_page(
            names in prop::collection::vec("[A-Za-zА-я ]{0,60}", 0..6),
            days in prop::collection::vec(0i64..300, 0..12),
            values in prop::collection::vec(-1e3..1e9f64, 2..300),
            height in 700u32..1400,
        ) {
            let scene = scene(&figure(&names, &days, &values, Size { width: 1600, height }));
            let areas = scene.text_areas();
            for (i, (text, a)) in areas.iter().enumerate() {
                prop_assert!(a.left >= 0.0 && a.right <= WIDTH && a.top >= 0.0 && a.bottom <= scene.height, "{text} {a:?}");
                for (other, b) in &areas[i + 1..] {
                    let apart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
                    prop_assert!(apart, "'{text}' {a:?} covers '{other}' {b:?}");
                }
            }
        }
    }
}
