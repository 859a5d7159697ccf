//! The fonts in the program: DejaVu Sans for most scripts, glyphs of Droid Sans Fallback for Chinese.

use ab_glyph::{Font, FontRef, GlyphId};
use std::sync::OnceLock;

/// Glyphs of common Chinese characters; `fonts/make-cjk.py` tells which, and where they come from.
const CHINESE: &[u8] = include_bytes!("fonts/cjk.ttf");

/// One font, for outlines and for shaping.
pub(super) struct Typeface {
    pub(super) outlines: FontRef<'static>,
    pub(super) shaper: rustybuzz::Face<'static>,
    /// Font units to the em.
    pub(super) units: f64,
}

impl Typeface {
    fn read(bytes: &'static [u8]) -> Option<Typeface> {
        let outlines = FontRef::try_from_slice(bytes).ok()?;
        let units = f64::from(outlines.units_per_em()?);
        Some(Typeface { outlines, shaper: rustybuzz::Face::from_slice(bytes, 0)?, units })
    }

    /// The glyph of a character, if there is one.
    pub(super) fn glyph(&self, c: char) -> Option<GlyphId> {
        Some(self.outlines.glyph_id(c)).filter(|glyph| glyph.0 != 0)
    }

    /// How far a glyph moves the pen, in em.
    pub(super) fn advance(&self, glyph: GlyphId) -> f64 {
        f64::from(self.outlines.h_advance_unscaled(glyph)) / self.units
    }
}

/// All fonts, in the order in which they are asked for a character.
pub(super) fn all() -> &'static [Typeface] {
    static FONTS: OnceLock<Vec<Typeface>> = OnceLock::new();
    FONTS.get_or_init(|| [dejavu::sans::regular(), CHINESE].into_iter().filter_map(Typeface::read).collect())
}

/// The first font that has a character, by its place in [`all`].
pub(super) fn with(c: char) -> Option<usize> {
    all().iter().position(|font| font.glyph(c).is_some())
}
