//! What a chart shows, as plain data: no pixel, no drawing library.

use super::layout;
use super::palette::Color;
use super::render;
use crate::error::Result;
use crate::time::Seconds;

/// What stands in the place of a country where none is told apart.
pub(super) const ALL_COUNTRIES: &str = "all countries";

/// Width and height of a picture in pixels. Everything, letters too, is scaled to the width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Pixels across, 400 to 6400.
    pub width: u32,
    /// Pixels down, from a quarter of the width to twice the width.
    pub height: u32,
}

impl Size {
    /// 1600 × 900.
    pub const DEFAULT: Size = Size { width: 1600, height: 900 };

    /// The nearest size that can be drawn legibly.
    #[must_use]
    pub fn sensible(self) -> Size {
        let width = self.width.clamp(400, 6400);
        Size { width, height: self.height.clamp(width / 4, width * 2) }
    }
}

impl Default for Size {
    fn default() -> Self {
        Size::DEFAULT
    }
}

/// A whole picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figure {
    /// Size in pixels; the makers of figures choose one that fits, callers may overrule it.
    pub size: Size,
    /// Whom it is about. Shortened with an ellipsis when the title would not fit.
    pub title: String,
    /// What was found; stands behind the title and is never shortened before it.
    pub finding: String,
    /// Second line.
    pub subtitle: String,
    /// What the colours mean.
    pub legend: Vec<Legend>,
    /// The panels, row by row.
    pub panels: Vec<Panel>,
    /// Panels side by side; 0 counts as 1.
    pub columns: usize,
    /// Key to the numbered event flags: number and text.
    pub key: Vec<(usize, String)>,
    /// Small print: what was left out.
    pub note: String,
}

impl Figure {
    /// The picture as the bytes of a PNG file.
    ///
    /// # Errors
    /// Only when the font or the encoder fails: not on account of data.
    pub fn png(&self) -> Result<Vec<u8>> {
        render::png(&layout::scene(self), self.size.sensible(), None)
    }

    /// The same, with the density in dots per inch written into the file (`pHYs`), for programs that set pages.
    ///
    /// # Errors
    /// As [`Figure::png`].
    pub fn png_at(&self, dpi: u32) -> Result<Vec<u8>> {
        render::png(&layout::scene(self), self.size.sensible(), Some(dpi))
    }

    /// The same picture without a word of any language: names, numbers, and dates in digits.
    #[must_use]
    pub fn without_words(mut self) -> Figure {
        for text in [&mut self.finding, &mut self.subtitle, &mut self.note] {
            text.clear();
        }
        self.legend.clear();
        self.key.clear();
        for panel in &mut self.panels {
            match panel {
                Panel::Plot(plot) => {
                    plot.axis.label.clear();
                    plot.empty.clear();
                    plot.digits = true;
                    let labels = plot.lines.iter_mut().map(|line| &mut line.label);
                    labels.chain([&mut plot.title]).filter(|text| *text == ALL_COUNTRIES).for_each(String::clear);
                }
                Panel::Rows(rows) => rows.empty.clear(),
            }
        }
        self
    }

    /// The picture as the text of an SVG file.
    ///
    /// # Errors
    /// Only when the font fails: not on account of data.
    pub fn svg(&self) -> Result<String> {
        render::svg(&layout::scene(self), self.size.sensible())
    }
}

/// One entry of the legend.
#[derive(Clone, Debug, PartialEq)]
pub struct Legend {
    /// How the thing is drawn.
    pub swatch: Swatch,
    /// Its colour.
    pub color: Color,
    /// What it means.
    pub text: String,
}

/// How a thing is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swatch {
    /// A line.
    Line,
    /// A dashed line.
    Dashes,
    /// A filled box.
    Box,
    /// A triangle.
    Triangle,
}

/// One coordinate system.
#[derive(Clone, Debug, PartialEq)]
pub enum Panel {
    /// Values against time.
    Plot(Plot),
    /// Bars on a time line, one row a subject.
    Rows(Rows),
}

/// Values against time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plot {
    /// Above the panel; empty = none.
    pub title: String,
    /// First and last moment shown.
    pub from: Seconds,
    /// Last moment shown.
    pub to: Seconds,
    /// The value axis.
    pub axis: Axis,
    /// Lines, drawn in order.
    pub lines: Vec<Line>,
    /// Bands, drawn beneath the lines.
    pub bands: Vec<Band>,
    /// Shaded stretches of time, drawn first.
    pub spans: Vec<Span>,
    /// Change points.
    pub changes: Vec<Change>,
    /// Dated events.
    pub events: Vec<EventMark>,
    /// Moments at which only an upper bound is known.
    pub censored: Censored,
    /// Written in the middle when there is nothing to draw.
    pub empty: String,
    /// Dates in digits alone: `10-07` instead of `7 Oct`.
    pub digits: bool,
}

/// Moments at which only an upper bound is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Censored(pub Vec<Seconds>);

/// The value axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// What is measured, e.g. `visits per day`.
    pub label: String,
    /// Whether small values stand on top (ranks) and whether zero must be seen.
    pub direction: Direction,
    /// A value with a line of its own (100 for an index).
    pub reference: Option<f64>,
    /// Lower and upper end, when several panels share them.
    pub range: Option<(f64, f64)>,
}

/// How values run up the axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Upwards from zero.
    #[default]
    FromZero,
    /// Downwards: rank 1 on top.
    Ranks,
}

/// A line through values; broken where a value is `NaN`.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Moment and value, in order of time.
    pub points: Vec<(Seconds, f64)>,
    /// Colour.
    pub color: Color,
    /// Width in pixels at 1600 across.
    pub width: f64,
    /// Whether dashed.
    pub dashed: bool,
    /// Written at its end; empty = nothing.
    pub label: String,
}

/// A band between two values; broken where either is `NaN`.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// Moment, lower and upper value, in order of time.
    pub points: Vec<(Seconds, f64, f64)>,
    /// Colour.
    pub color: Color,
}

/// A shaded stretch of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Begin.
    pub from: Seconds,
    /// End.
    pub to: Seconds,
    /// Colour.
    pub color: Color,
    /// Whether its edges are drawn.
    pub edged: bool,
}

/// A change point and its interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Start of the new regime.
    pub at: Seconds,
    /// Earliest plausible.
    pub low: Seconds,
    /// Latest plausible.
    pub high: Seconds,
}

/// A numbered flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventMark {
    /// Number in the key, from 1; 0 draws the line without a flag.
    pub number: usize,
    /// When.
    pub at: Seconds,
}

/// Bars on a time line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// First moment shown.
    pub from: Seconds,
    /// Last moment shown.
    pub to: Seconds,
    /// From top to bottom.
    pub rows: Vec<Row>,
    /// Dated events.
    pub events: Vec<EventMark>,
    /// Written in the middle when there is no row.
    pub empty: String,
}

/// One subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its name.
    pub label: String,
    /// Its bars.
    pub bars: Vec<Bar>,
}

/// One stretch of time of a subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Begin.
    pub from: Seconds,
    /// End.
    pub to: Seconds,
    /// Colour.
    pub color: Color,
    /// Written beside it where there is room.
    pub label: String,
}
