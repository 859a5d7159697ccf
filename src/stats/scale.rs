//! Working scales: where a surge is a sum and noise has one size.

use crate::series::Kind;
use crate::stats::robust::median;

/// How a value is turned into the scale on which it is modelled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// ln(value + offset): differences are ratios. For counts the offset is 1, for shares a small part of their level.
    Log {
        /// Added before the logarithm.
        offset: f64,
    },
    /// −ln(value): for ranks, where small is much.
    ReversedLog,
    /// The value itself: for series that may be negative or are logarithms already.
    Identity,
}

impl Scale {
    /// The scale of counts.
    pub const COUNT: Scale = Scale::Log { offset: 1.0 };

    /// The scale for values of `kind`. The offset of shares is a hundredth of the typical size of the first `history`
    /// observed values: later values must not change how earlier ones are seen.
    pub fn of(kind: Kind, values: &[f64], history: usize) -> Scale {
        match kind {
            Kind::Count | Kind::Rounded => Scale::COUNT,
            Kind::Scaled => Scale::Log { offset: 0.5 },
            Kind::Rank => Scale::ReversedLog,
            Kind::Share => {
                let first: Vec<f64> = values.iter().copied().filter(|v| *v > 0.0).take(history).collect();
                let typical = median(&first);
                Scale::Log { offset: if typical > 0.0 { 0.01 * typical } else { 1e-6 } }
            }
        }
    }

    /// Value → working scale. `NaN` stays `NaN`.
    pub fn forward(self, value: f64) -> f64 {
        match self {
            Scale::Log { offset } => (value + offset).ln(),
            Scale::ReversedLog => -value.ln(),
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
            Scale::ReversedLog => (-x).exp(),
            Scale::Identity => x,
        }
    }
}
