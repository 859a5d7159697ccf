//! From letters to glyphs in places: letters that join, runs from right to left, a second font where the first lacks a
//! character. Bidirectional text is ordered by UAX #9 (unicode-bidi), joined letters by OpenType shaping (rustybuzz).

use super::fonts;
use ab_glyph::GlyphId;
use unicode_bidi::{BidiInfo, Level};

/// Opens and closes a name whose direction must not reach its neighbours (UAX #9).
pub(super) const ISOLATE: (char, char) = ('\u{2068}', '\u{2069}');

/// A glyph, in em from the start of the text on its base line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Placed {
    /// Its font, by its place among [`fonts::all`].
    pub(super) font: usize,
    pub(super) glyph: GlyphId,
    pub(super) x: f64,
    /// Upwards.
    pub(super) y: f64,
}

/// A text as glyphs, from left to right.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shaped {
    pub(super) glyphs: Vec<Placed>,
    /// In em.
    pub(super) width: f64,
}

/// Marks without a glyph of their own: directions, joiners, variation selectors.
pub(super) fn invisible(c: char) -> bool {
    directs(c) || joins(c)
}

fn directs(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn joins(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

/// Whether each letter stands by itself, from left to right: true of most texts, and then nothing need be looked up.
pub(super) fn plain(text: &str) -> bool {
    text.chars().all(|c| {
        matches!(u32::from(c),
            0x20..=0x2ff | 0x370..=0x482 | 0x48a..=0x52f | 0x10a0..=0x10ff | 0x1e00..=0x1fff | 0x2010..=0x2027
            | 0x2030..=0x205e | 0x2070..=0x23ff | 0x2500..=0x25ff | 0x2e80..=0x9fff | 0xff00..=0xffef)
    })
}

/// The glyphs of a text; characters that no font has are left out.
pub(super) fn shape(text: &str) -> Shaped {
    let mut shaped = Shaped::default();
    if plain(text) {
        for c in text.chars() {
            if let Some((font, glyph)) = fonts::with(c).and_then(|f| Some((f, fonts::all()[f].glyph(c)?))) {
                shaped.glyphs.push(Placed { font, glyph, x: shaped.width, y: 0.0 });
                shaped.width += fonts::all()[font].advance(glyph);
            }
        }
        return shaped;
    }
    let info = BidiInfo::new(text, Some(Level::ltr()));
    for paragraph in &info.paragraphs {
        let (levels, runs) = info.visual_runs(paragraph, paragraph.range.clone());
        for run in runs {
            let leftwards = levels[run.start].is_rtl();
            let mut parts = by_font(&text[run]);
            if leftwards {
                parts.reverse();
            }
            parts.iter().for_each(|(font, part)| push(&mut shaped, *font, part, leftwards));
        }
    }
    shaped
}

/// Stretches of one font each. What joins stays with the letters before it; what directs has done its work.
fn by_font(text: &str) -> Vec<(usize, String)> {
    let mut parts: Vec<(usize, String)> = Vec::new();
    for c in text.chars().filter(|c| !directs(*c)) {
        let before = parts.last().map(|part| part.0);
        let font = match joins(c) {
            true => before,
            // A space or a mark that the font at hand has does not end its stretch.
            false => before
                .filter(|f| fonts::all()[*f].glyph(c).is_some() && !c.is_alphanumeric())
                .or_else(|| fonts::with(c)),
        };
        match (font, parts.last_mut()) {
            (Some(font), Some(last)) if last.0 == font => last.1.push(c),
            (Some(font), _) => parts.push((font, c.to_string())),
            (None, _) => {}
        }
    }
    parts
}

fn push(shaped: &mut Shaped, font: usize, text: &str, leftwards: bool) {
    let face = &fonts::all()[font];
    let mut buffer = rustybuzz::UnicodeBuffer::new();
    buffer.push_str(text);
    buffer.guess_segment_properties();
    buffer.set_direction(if leftwards { rustybuzz::Direction::RightToLeft } else { rustybuzz::Direction::LeftToRight });
    let glyphs = rustybuzz::shape(&face.shaper, &[], buffer);
    let em = |units: i32| f64::from(units) / face.units;
    for (glyph, at) in glyphs.glyph_infos().iter().zip(glyphs.glyph_positions()) {
        let id = GlyphId(u16::try_from(glyph.glyph_id).unwrap_or(0));
        if id.0 != 0 {
            let (x, y) = (shaped.width + em(at.x_offset), em(at.y_offset));
            shaped.glyphs.push(Placed { font, glyph: id, x, y });
        }
        shaped.width += em(at.x_advance);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ids(text: &str) -> Vec<u16> {
        shape(text).glyphs.iter().map(|placed| placed.glyph.0).collect()
    }

    /// Letters of the joined scripts change with their neighbours: seen alone they are other glyphs.
    #[test]
    fn persian_is_joined_and_runs_from_right_to_left() {
        let apart: Vec<u16> = "تسنیم".chars().flat_map(|c| ids(&c.to_string())).collect();
        let joined = ids("تسنیم");
        assert_eq!(joined.len(), 5);
        let leftwards: Vec<u16> = apart.iter().rev().copied().collect();
        assert_ne!(joined, leftwards);
        // The last letter, م, stands leftmost, in its final form; nothing is left without a glyph.
        assert!(joined.iter().all(|id| *id != 0) && joined[0] != leftwards[0]);
        assert!(shape("تسنیم").width < apart.len() as f64);
    }

    #[test]
    fn a_non_joiner_parts_letters_and_shows_nothing() {
        assert_ne!(ids("می‌شود"), ids("میشود"));
        assert_eq!(ids("a\u{202e}bc"), ids("acb"));
        assert_eq!(ids("\u{2068}ab\u{2069}"), ids("ab"));
    }

    /// Numbers after an Arabic name would be drawn into its run from right to left (UAX #9, W2) unless it is isolated.
    #[test]
    fn an_isolated_name_leaves_the_numbers_behind_it_in_their_order() {
        let (open, close) = ISOLATE;
        let figure = ids(": +42% [36, 49]");
        assert!(ids(&format!("{open}تسنیم{close}: +42% [36, 49]")).ends_with(&figure));
        assert!(!ids("تسنیم: +42% [36, 49]").ends_with(&figure));
    }

    #[test]
    fn chinese_comes_from_the_second_font() {
        let shaped = shape("人民日报 RT");
        assert_eq!(shaped.glyphs.iter().map(|placed| placed.font).collect::<Vec<_>>(), [1, 1, 1, 1, 0, 0, 0]);
        for name in ["新华社", "环球时报", "中国国际电视台", "人民日報", "新華社", "央视新闻", "参考消息"]
        {
            assert_eq!(shape(name).glyphs.len(), name.chars().count(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_a_finite_width_and_glyphs_in_order(text in "\\PC{0,40}") {
            let shaped = shape(&text);
            prop_assert!(shaped.width.is_finite() && shaped.width >= 0.0);
            prop_assert!(shaped.glyphs.iter().all(|placed| placed.x.is_finite() && placed.font < fonts::all().len()));
        }
    }
}
