//! Working scales: where a surge is a sum and noise has one size.

/// How a value is turned into the scale on which it is modelled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// ln(value + offset): differences are ratios. For counts the offset is 1, for shares a small part of their level.
    Log {
        /// Added before the logarithm.
        offset: f64,
    },
    /// The value itself: for series that may be negative or are logarithms already.
    Identity,
}

impl Scale {
    /// The scale of counts.
    pub const COUNT: Scale = Scale::Log { offset: 1.0 };

    /// Value → working scale. `NaN` stays `NaN`.
    pub fn forward(self, value: f64) -> f64 {
        match self {
            Scale::Log { offset } => (value + offset).ln(),
            Scale::Identity => value,
        }
    }

    /// Working scale → value.
    ///
    /// ```
    /// # use floodmark::stats::scale::Scale;
    /// assert!((Scale::COUNT.inverse(Scale::COUNT.forward(41.0)) - 41.0).abs() < 1e-12);
    /// ```
    pub fn inverse(self, x: f64) -> f64 {
        match self {
            Scale::Log { offset } => x.exp() - offset,
            Scale::Identity => x,
        }
    }
}
