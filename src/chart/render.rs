//! Scenes to bytes, through plotters.
//!
//! Its bitmap backend works on whole pixels, so a PNG is drawn at twice the size and averaged down. Wide lines are
//! drawn piece by piece: its own outline of a jagged path fills with holes.

use super::figure::Size;
use super::glyphs;
use super::palette::{Color, WHITE};
use super::scene::{Anchor, Area, Mark, Scene, WIDTH};
use crate::error::{Error, Result};
use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, RGBAColor, ShapeStyle, TextStyle, register_font};
use std::sync::OnceLock;

/// How much larger a bitmap is drawn than delivered.
const FINER: u32 = 2;
/// Registered with plotters and written into SVG: viewers without DejaVu take Verdana, its twin in width.
const FAMILY: &str = "DejaVu Sans,Verdana,sans-serif";

fn failed(what: impl std::fmt::Display) -> Error {
    Error::io("cannot draw the chart", std::io::Error::other(what.to_string()))
}

fn prepare_font() -> Result<()> {
    static DONE: OnceLock<bool> = OnceLock::new();
    let done = *DONE.get_or_init(|| register_font(FAMILY, FontStyle::Normal, dejavu::sans::regular()).is_ok());
    if done { Ok(()) } else { Err(failed("the embedded font cannot be read")) }
}

/// The scene as a PNG file of `size`, which carries the density if one is given.
pub(super) fn png(scene: &Scene, size: Size, dpi: Option<u32>) -> Result<Vec<u8>> {
    prepare_font()?;
    let (width, height) = (size.width * FINER, size.height * FINER);
    let mut fine = vec![255u8; width as usize * height as usize * 3];
    {
        let backend = BitMapBackend::with_buffer(&mut fine, (width, height));
        let mut painter = Painter { backend, scale: f64::from(width) / WIDTH, vector: false };
        painter.draw(scene)?;
    }
    let mut pixels = halve(&fine, size);
    glyphs::paint(scene, &mut pixels, size);
    encode(&pixels, size, dpi)
}

/// The scene as an SVG file of `size`.
pub(super) fn svg(scene: &Scene, size: Size) -> Result<String> {
    prepare_font()?;
    let mut out = String::new();
    {
        let backend = SVGBackend::with_string(&mut out, (size.width, size.height));
        let mut painter = Painter { backend, scale: f64::from(size.width) / WIDTH, vector: true };
        painter.draw(scene)?;
    }
    if let Some(end) = out.rfind("</svg>") {
        out.insert_str(end, &glyphs::paths(scene, size));
    }
    let title = scene.title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    Ok(match out.find("<svg").and_then(|at| out[at..].find('>').map(|end| at + end + 1)) {
        Some(at) => format!("{}\n<title>{title}</title>{}", &out[..at], &out[at..]),
        None => out,
    })
}

/// Averages squares of [`FINER`] × [`FINER`] pixels.
fn halve(fine: &[u8], size: Size) -> Vec<u8> {
    let row = size.width as usize * 6;
    let mut out = Vec::with_capacity(size.width as usize * size.height as usize * 3);
    for pair in fine.chunks_exact(2 * row) {
        let (upper, lower) = pair.split_at(row);
        for (a, b) in upper.chunks_exact(6).zip(lower.chunks_exact(6)) {
            for c in 0..3 {
                let sum = u16::from(a[c]) + u16::from(a[c + 3]) + u16::from(b[c]) + u16::from(b[c + 3]);
                out.push(((sum + 2) / 4) as u8);
            }
        }
    }
    out
}

fn encode(pixels: &[u8], size: Size, dpi: Option<u32>) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, size.width, size.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder.set_filter(png::FilterType::Up);
    if let Some(dpi) = dpi {
        let per_metre = (f64::from(dpi) / 0.0254).round() as u32;
        encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit: png::Unit::Meter }));
    }
    encoder.write_header().and_then(|mut writer| writer.write_image_data(pixels)).map_err(failed)?;
    Ok(out)
}

/// Draws marks on a backend whose pixels are `scale` to the scene's unit.
struct Painter<B> {
    backend: B,
    scale: f64,
    vector: bool,
}

impl<B: DrawingBackend> Painter<B> {
    fn draw(&mut self, scene: &Scene) -> Result<()> {
        let (width, height) = self.backend.get_size();
        let all = Area { left: 0.0, top: 0.0, right: f64::from(width), bottom: f64::from(height) };
        let page = Area { right: all.right / self.scale, bottom: all.bottom / self.scale, ..all };
        self.mark(&Mark::Rect { area: page, color: WHITE })?;
        for mark in &scene.marks {
            self.mark(mark)?;
        }
        self.backend.present().map_err(failed)
    }

    fn pixel(&self, (x, y): (f64, f64)) -> (i32, i32) {
        ((x * self.scale).round() as i32, (y * self.scale).round() as i32)
    }

    fn mark(&mut self, mark: &Mark) -> Result<()> {
        match mark {
            Mark::Rect { area, color } => {
                let from = self.pixel((area.left, area.top));
                let to = self.pixel((area.right, area.bottom));
                let to = (to.0.max(from.0 + 1), to.1.max(from.1 + 1));
                self.backend.draw_rect(from, to, &style(*color, 1), true).map_err(failed)
            }
            Mark::Stroke { points, width, color } => self.stroke(points, *width, *color),
            Mark::Ribbon { points, color } => self.ribbon(points, *color),
            Mark::Polygon { points, color } => {
                let points: Vec<_> = points.iter().map(|p| self.pixel(*p)).collect();
                self.backend.fill_polygon(points, &style(*color, 1)).map_err(failed)
            }
            Mark::Dot { at, radius, color } => {
                let radius = (radius * self.scale).round().max(1.0) as u32;
                self.backend.draw_circle(self.pixel(*at), radius, &style(*color, 1), true).map_err(failed)
            }
            Mark::Text { at, anchor, em, color, text } => self.text(*at, *anchor, *em, *color, text),
        }
    }

    fn stroke(&mut self, points: &[(f64, f64)], width: f64, color: Color) -> Result<()> {
        let thick = (width * self.scale).round().max(1.0);
        if self.vector || thick < 2.0 {
            let points: Vec<_> = points.iter().map(|p| self.pixel(*p)).collect();
            return self.backend.draw_path(points, &style(color, thick as u32)).map_err(failed);
        }
        let half = thick / 2.0;
        for pair in points.windows(2) {
            let (a, b) =
                ((pair[0].0 * self.scale, pair[0].1 * self.scale), (pair[1].0 * self.scale, pair[1].1 * self.scale));
            let length = (b.0 - a.0).hypot(b.1 - a.1);
            if a.0.round() == b.0.round() || a.1.round() == b.1.round() {
                self.straight(a, b, half, color)?;
            } else if length > 0.0 {
                let (nx, ny) = ((b.1 - a.1) / length * half, (a.0 - b.0) / length * half);
                let corner = |x: f64, y: f64| (x.round() as i32, y.round() as i32);
                let quad = [
                    corner(a.0 + nx, a.1 + ny),
                    corner(b.0 + nx, b.1 + ny),
                    corner(b.0 - nx, b.1 - ny),
                    corner(a.0 - nx, a.1 - ny),
                ];
                self.backend.fill_polygon(quad, &style(color, 1)).map_err(failed)?;
            }
        }
        if points.len() > 2 && half >= 1.5 {
            for point in &points[1..points.len() - 1] {
                let joint = (half - 0.5).floor() as u32;
                self.backend.draw_circle(self.pixel(*point), joint, &style(color, 1), true).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// A level or upright piece, as a box.
    fn straight(&mut self, a: (f64, f64), b: (f64, f64), half: f64, color: Color) -> Result<()> {
        let upright = a.0.round() == b.0.round();
        let (dx, dy) = if upright { (half, 0.0) } else { (0.0, half) };
        let from = ((a.0.min(b.0) - dx).round() as i32, (a.1.min(b.1) - dy).round() as i32);
        let to = ((a.0.max(b.0) + dx).round() as i32, (a.1.max(b.1) + dy).round() as i32);
        let to = (to.0.max(from.0 + 1), to.1.max(from.1 + 1));
        self.backend.draw_rect(from, to, &style(color, 1), true).map_err(failed)
    }

    /// A band between two curves: column by column in a bitmap, so that no part is painted twice.
    fn ribbon(&mut self, points: &[(f64, f64, f64)], color: Color) -> Result<()> {
        if self.vector {
            let upper = points.iter().map(|p| (p.0, p.1));
            let lower = points.iter().rev().map(|p| (p.0, p.2));
            let outline: Vec<_> = upper.chain(lower).map(|p| self.pixel(p)).collect();
            return self.backend.fill_polygon(outline, &style(color, 1)).map_err(failed);
        }
        let style = style(color, 1);
        for pair in points.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let (from, to) = ((a.0 * self.scale).round() as i32, (b.0 * self.scale).round() as i32);
            for x in from..to {
                let part = f64::from(x - from) / f64::from(to - from);
                let top = ((a.1 + (b.1 - a.1) * part) * self.scale).round() as i32;
                let bottom = ((a.2 + (b.2 - a.2) * part) * self.scale).round() as i32;
                self.backend.draw_rect((x, top), (x + 1, bottom.max(top + 1)), &style, true).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Texts of letters that any viewer's font has and sets alike stay texts in an SVG. All others are drawn as glyphs.
    fn text(&mut self, at: (f64, f64), anchor: Anchor, em: f64, color: Color, text: &str) -> Result<()> {
        if !self.vector || glyphs::drawn(text) {
            return Ok(());
        }
        let em = em * self.scale;
        // What plotters calls size is 1.24 em in SVG; its top lies 0.76 em above the base line.
        let h_pos = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let paint = paint(color);
        let style = TextStyle::from((FAMILY, 1.24 * em)).color(&paint).pos(Pos::new(h_pos, VPos::Top));
        let at = ((at.0 * self.scale).round() as i32, (at.1 * self.scale - 0.76 * em).round() as i32);
        self.backend.draw_text(text, &style, at).map_err(failed)
    }
}

fn paint(color: Color) -> RGBAColor {
    let (red, green, blue) = color.rgb;
    RGBAColor(red, green, blue, color.alpha)
}

fn style(color: Color, width: u32) -> ShapeStyle {
    ShapeStyle { color: paint(color), filled: true, stroke_width: width }
}
