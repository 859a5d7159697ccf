//! Charts: what is to be shown ([`Figure`], plain data) apart from how it is drawn (PNG or SVG).
//!
//! [`series`], [`portrait`], [`index`] and [`overview`] make figures from the results of an analysis; [`Figure::png`] and
//! [`Figure::svg`] return the finished picture. Nothing here touches a file or the clock, and equal figures give equal
//! bytes. See `docs/charts.md` for what each chart shows.

mod dates;
mod figure;
mod fonts;
mod glyphs;
mod index;
mod layout;
mod overview;
mod palette;
mod place;
mod plot;
mod render;
mod rows;
mod scene;
mod series;
mod shape;
mod text;
mod ticks;
mod words;

pub use figure::{
    Axis, Band, Bar, Censored, Change, Direction, EventMark, Figure, Legend, Line, Panel, Plot, Row, Rows, Size, Span,
    Swatch,
};
pub use index::index;
pub use overview::overview;
pub use palette::Color;
pub use series::{portrait, series};
