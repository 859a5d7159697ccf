//! Texts as glyphs: painted into pixels, or as paths of an SVG.

use super::figure::Size;
use super::palette::Color;
use super::scene::{Anchor, Mark, Scene, WIDTH};
use super::{fonts, shape};
use ab_glyph::{Font, OutlineCurve, Point, PxScale, point};
use std::fmt::Write as _;

/// Whether an SVG has to carry the glyphs of a text: a viewer may have another font, or none, for anything but Latin,
/// Greek and Cyrillic.
pub(super) fn drawn(text: &str) -> bool {
    let common = |c: char| matches!(u32::from(c), 0x20..=0x52f | 0x1e00..=0x1fff | 0x2010..=0x2027 | 0x2030..=0x22ff);
    !text.chars().all(common)
}

/// A text in pixels: where it starts on its base line, its size, its colour.
struct Line<'a> {
    x: f64,
    y: f64,
    em: f64,
    color: Color,
    text: &'a str,
    shaped: shape::Shaped,
}

fn lines(scene: &Scene, size: Size) -> impl Iterator<Item = Line<'_>> {
    let scale = f64::from(size.width) / WIDTH;
    scene.marks.iter().filter_map(move |mark| {
        let Mark::Text { at, anchor, em, color, text } = mark else { return None };
        let shaped = shape::shape(text);
        let shift = match anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => shaped.width / 2.0,
            Anchor::End => shaped.width,
        };
        let em = em * scale;
        Some(Line { x: at.0 * scale - shift * em, y: at.1 * scale, em, color: *color, text, shaped })
    })
}

/// Paints the texts of a scene over its pixels (red, green, blue).
pub(super) fn paint(scene: &Scene, pixels: &mut [u8], size: Size) {
    for line in lines(scene, size) {
        for placed in &line.shaped.glyphs {
            let font = &fonts::all()[placed.font];
            // The crate's scale is the height of the font, not its em.
            let scale = PxScale::from((line.em * f64::from(font.outlines.height_unscaled()) / font.units) as f32);
            let at = point((line.x + placed.x * line.em) as f32, (line.y - placed.y * line.em) as f32);
            let glyph = placed.glyph.with_scale_and_position(scale, at);
            let Some(outlined) = font.outlines.outline_glyph(glyph) else { continue };
            let corner = outlined.px_bounds().min;
            outlined.draw(|x, y, covered| {
                let (x, y) = (corner.x as i64 + i64::from(x), corner.y as i64 + i64::from(y));
                if (0..i64::from(size.width)).contains(&x) && (0..i64::from(size.height)).contains(&y) {
                    let start = (y as usize * size.width as usize + x as usize) * 3;
                    blend(&mut pixels[start..start + 3], line.color, f64::from(covered));
                }
            });
        }
    }
}

fn blend(pixel: &mut [u8], color: Color, covered: f64) {
    let part = (covered * color.alpha).clamp(0.0, 1.0);
    let (red, green, blue) = color.rgb;
    for (old, new) in pixel.iter_mut().zip([red, green, blue]) {
        *old = (f64::from(*old) * (1.0 - part) + f64::from(new) * part).round() as u8;
    }
}

/// The texts that a viewer's fonts may not have, as paths that keep their words for readers and searches.
pub(super) fn paths(scene: &Scene, size: Size) -> String {
    let mut out = String::new();
    for line in lines(scene, size).filter(|line| drawn(line.text)) {
        let (red, green, blue) = line.color.rgb;
        let words = line.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ =
            write!(out, "<path fill=\"#{red:02x}{green:02x}{blue:02x}\" fill-opacity=\"{}\" d=\"", line.color.alpha);
        for placed in &line.shaped.glyphs {
            let font = &fonts::all()[placed.font];
            let unit = line.em / font.units;
            let origin = (line.x + placed.x * line.em, line.y - placed.y * line.em);
            let place =
                |p: &Point| format!("{:.2} {:.2}", origin.0 + f64::from(p.x) * unit, origin.1 - f64::from(p.y) * unit);
            let curves = font.outlines.outline(placed.glyph).map(|outline| outline.curves).unwrap_or_default();
            outline(&mut out, &curves, &place);
        }
        let _ = writeln!(out, "\"><title>{words}</title></path>");
    }
    out
}

fn outline(out: &mut String, curves: &[OutlineCurve], place: &impl Fn(&Point) -> String) {
    let mut pen: Option<Point> = None;
    for curve in curves {
        let (start, rest) = match curve {
            OutlineCurve::Line(a, b) => (a, format!("L{}", place(b))),
            OutlineCurve::Quad(a, b, c) => (a, format!("Q{} {}", place(b), place(c))),
            OutlineCurve::Cubic(a, b, c, d) => (a, format!("C{} {} {}", place(b), place(c), place(d))),
        };
        if pen != Some(*start) {
            let _ = write!(out, "M{}", place(start));
        }
        out.push_str(&rest);
        pen = match curve {
            OutlineCurve::Line(_, end) | OutlineCurve::Quad(_, _, end) | OutlineCurve::Cubic(_, _, _, end) => {
                Some(*end)
            }
        };
    }
}
