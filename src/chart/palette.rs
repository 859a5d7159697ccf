//! Colours that stay apart for colour-blind readers: Okabe & Ito (2008), "Color Universal Design".

/// A colour with opacity from 0 (not seen) to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Color {
    /// Red, green, blue.
    pub rgb: (u8, u8, u8),
    /// Opacity.
    pub alpha: f64,
}

impl Color {
    const fn new(red: u8, green: u8, blue: u8) -> Color {
        Color { rgb: (red, green, blue), alpha: 1.0 }
    }

    /// The same colour, less opaque.
    #[must_use]
    pub fn fade(self, alpha: f64) -> Color {
        Color { alpha: self.alpha * alpha, ..self }
    }
}

pub(super) const INK: Color = Color::new(0x22, 0x22, 0x22);
pub(super) const SOFT: Color = Color::new(0x55, 0x55, 0x55);
pub(super) const AXIS: Color = Color::new(0x88, 0x88, 0x88);
pub(super) const GRID: Color = Color::new(0xe4, 0xe4, 0xe4);
pub(super) const STRIPE: Color = Color::new(0xf6, 0xf6, 0xf6);
pub(super) const WHITE: Color = Color::new(0xff, 0xff, 0xff);

pub(super) const BLUE: Color = Color::new(0x00, 0x72, 0xb2);
pub(super) const SKY: Color = Color::new(0x56, 0xb4, 0xe9);
pub(super) const ORANGE: Color = Color::new(0xe6, 0x9f, 0x00);
pub(super) const VERMILION: Color = Color::new(0xd5, 0x5e, 0x00);
pub(super) const GREEN: Color = Color::new(0x00, 0x9e, 0x73);
pub(super) const PURPLE: Color = Color::new(0x8f, 0x3f, 0x71);

/// Colours of categories, in the order in which they are given out. Yellow is left out: too faint on white.
pub(super) const CATEGORIES: [Color; 7] =
    [BLUE, VERMILION, GREEN, Color::new(0xcc, 0x79, 0xa7), ORANGE, SKY, Color::new(0x33, 0x33, 0x33)];
