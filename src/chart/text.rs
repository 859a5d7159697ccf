//! What the embedded font (DejaVu Sans) can show, how wide it is, how it is shortened.

use ab_glyph::{Font, FontRef};
use std::sync::OnceLock;

fn font() -> Option<&'static FontRef<'static>> {
    static FONT: OnceLock<Option<FontRef<'static>>> = OnceLock::new();
    FONT.get_or_init(|| FontRef::try_from_slice(dejavu::sans::regular()).ok()).as_ref()
}

/// Ascent plus descent of the font, in em: plotters takes this height for its "size".
pub(super) fn line_height() -> f64 {
    font().and_then(|font| Some(f64::from(font.height_unscaled() / font.units_per_em()?))).unwrap_or(1.164)
}

/// Width of `text` at `em` pixels to the em.
pub(super) fn width(text: &str, em: f64) -> f64 {
    let Some((font, units)) = font().and_then(|font| Some((font, font.units_per_em()?))) else {
        return 0.6 * em * text.chars().count() as f64;
    };
    let advance: f32 = text.chars().map(|c| font.h_advance_unscaled(font.glyph_id(c))).sum();
    f64::from(advance / units) * em
}

/// Whether a character has a glyph and needs no shaping: scripts whose letters join or stack are left out even
/// where the font has their letters, for unjoined letters in the wrong order are worse than none.
fn drawable(c: char) -> bool {
    let plain_script = matches!(u32::from(c),
        0x20..=0x7e | 0xa0..=0x052f | 0x10a0..=0x10ff | 0x1e00..=0x1fff | 0x2010..=0x2027 | 0x2030..=0x205e
        | 0x2070..=0x218f | 0x2190..=0x22ff | 0x25a0..=0x25ff);
    plain_script && font().is_some_and(|font| font.glyph_id(c).0 != 0)
}

/// `text` without what the font cannot show and with single spaces; `None` if most of its letters would be lost.
pub(super) fn shown(text: &str) -> Option<String> {
    let spaced: String = text.chars().map(|c| if c.is_whitespace() || c.is_control() { ' ' } else { c }).collect();
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
    let kept: String = spaced.chars().filter(|c| drawable(*c)).collect();
    let words: Vec<&str> = kept.split_whitespace().collect();
    (letters(&kept) > 0 && 2 * letters(&kept) >= letters(&spaced)).then(|| words.join(" "))
}

/// The first of `names` that can be shown.
pub(super) fn first_shown<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    names.into_iter().find_map(shown)
}

/// `text`, shortened with an ellipsis to fit into `room` pixels; empty if not even that fits.
pub(super) fn fit(text: &str, em: f64, room: f64) -> String {
    if width(text, em) <= room {
        return text.to_string();
    }
    let mut kept: Vec<char> = text.chars().collect();
    while kept.pop().is_some() {
        let short: String = kept.iter().collect::<String>().trim_end().to_string() + "…";
        if !kept.is_empty() && width(&short, em) <= room {
            return short;
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin_greek_and_cyrillic_are_shown_as_they_are() {
        for name in ["Press TV", "Sputnik Česká", "РИА Новости", "Ελληνικά", "+42% [36, 49]"] {
            assert_eq!(shown(name).as_deref(), Some(name));
        }
    }

    #[test]
    fn scripts_that_need_shaping_or_another_font_are_not_shown() {
        for name in ["新华社", "العالم", "پرس‌تی‌وی", "🔥🔥", "", " \n", "\u{0}"] {
            assert_eq!(shown(name), None, "{name}");
        }
        assert_eq!(shown("War 🔥 begins").as_deref(), Some("War begins"));
        assert_eq!(first_shown(["العالم", "alalam.ir"]).as_deref(), Some("alalam.ir"));
    }

    #[test]
    fn a_shortened_text_fits_and_ends_with_an_ellipsis() {
        let long = "The Very Long Name of an Outlet That Nobody Can Read";
        let short = fit(long, 16.0, 120.0);
        assert!(short.ends_with('…') && width(&short, 16.0) <= 120.0);
        assert_eq!(fit("RT", 16.0, 120.0), "RT");
        assert_eq!(fit(long, 16.0, 1.0), "");
    }
}
