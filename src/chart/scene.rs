//! Marks with places, in units of which 1600 make up the width: between the figure and the drawing library.

use super::palette::Color;
use super::text;

/// Width of every scene.
pub(super) const WIDTH: f64 = 1600.0;

/// A rectangle, y growing downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Area {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }
}

/// Which point of a text is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// One thing to draw.
#[derive(Clone, Debug)]
pub(super) enum Mark {
    Rect {
        area: Area,
        color: Color,
    },
    Stroke {
        points: Vec<(f64, f64)>,
        width: f64,
        color: Color,
    },
    /// x, upper y, lower y.
    Ribbon {
        points: Vec<(f64, f64, f64)>,
        color: Color,
    },
    Polygon {
        points: Vec<(f64, f64)>,
        color: Color,
    },
    Dot {
        at: (f64, f64),
        radius: f64,
        color: Color,
    },
    /// `at` is on the base line.
    Text {
        at: (f64, f64),
        anchor: Anchor,
        em: f64,
        color: Color,
        text: String,
    },
}

/// All marks, in drawing order.
#[derive(Clone, Debug, Default)]
pub(super) struct Scene {
    #[cfg_attr(not(test), expect(dead_code, reason = "read by the tests of the layout"))]
    pub(super) height: f64,
    pub(super) title: String,
    pub(super) marks: Vec<Mark>,
}

impl Scene {
    pub(super) fn rect(&mut self, area: Area, color: Color) {
        if area.width() > 0.0 && area.height() > 0.0 {
            self.marks.push(Mark::Rect { area, color });
        }
    }

    pub(super) fn stroke(&mut self, points: Vec<(f64, f64)>, width: f64, color: Color) {
        if points.len() > 1 {
            self.marks.push(Mark::Stroke { points, width, color });
        }
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), width: f64, color: Color) {
        self.stroke(vec![from, to], width, color);
    }

    /// The same in pieces of `on` with `off` between them.
    pub(super) fn dashes(&mut self, points: &[(f64, f64)], (on, off): (f64, f64), width: f64, color: Color) {
        let (mut walked, mut piece) = (0.0, Vec::new());
        for pair in points.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let length = (b.0 - a.0).hypot(b.1 - a.1);
            let at = |s: f64| (a.0 + (b.0 - a.0) * s / length, a.1 + (b.1 - a.1) * s / length);
            let mut done = 0.0;
            while length > 0.0 && done < length {
                let phase = walked % (on + off);
                let drawing = phase < on;
                let stop = (done + if drawing { on - phase } else { on + off - phase }.max(0.01)).min(length);
                if drawing {
                    if piece.is_empty() {
                        piece.push(at(done));
                    }
                    piece.push(at(stop));
                } else {
                    self.stroke(std::mem::take(&mut piece), width, color);
                }
                walked += stop - done;
                done = stop;
            }
        }
        self.stroke(piece, width, color);
    }

    /// Writes what the font can show of `text`; nothing if that is nothing.
    pub(super) fn text(&mut self, at: (f64, f64), anchor: Anchor, em: f64, color: Color, text: &str) {
        if let Some(text) = text::shown(text) {
            self.marks.push(Mark::Text { at, anchor, em, color, text });
        }
    }

    /// The extents of every text.
    #[cfg(test)]
    pub(super) fn text_areas(&self) -> Vec<(String, Area)> {
        let area = |mark: &Mark| match mark {
            Mark::Text { at, anchor, em, text, .. } => {
                let width = text::width(text, *em);
                let left = match anchor {
                    Anchor::Start => at.0,
                    Anchor::Middle => at.0 - width / 2.0,
                    Anchor::End => at.0 - width,
                };
                let area = Area { left, top: at.1 - 0.76 * em, right: left + width, bottom: at.1 + 0.2 * em };
                Some((text.clone(), area))
            }
            _ => None,
        };
        self.marks.iter().filter_map(area).collect()
    }
}
