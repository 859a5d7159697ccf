//! Jumps: how far a single period lies from what the one before it led to expect, against the jumps of the past.
//!
//! Single wild days are ordinary on the web, and how ordinary differs between series. So the spread of jumps is that
//! of their bulk (Winsorised close to the middle, of the last months), and how far beyond it they reach is learnt as a
//! posterior over tails ([`Heaviness`]).

use crate::detect::heaviness::Heaviness;
use crate::stats::plain::plain;

/// Beyond so many spreads a jump adds no more to the spread: it is the spread of the bulk.
const WINSOR: f64 = 1.5;
/// E[min(Z², 1.5²)] for a standard Normal Z.
const WINSOR_BIAS: f64 = 0.7784;
/// How many jumps the model's spread counts for.
const PRIOR: f64 = 20.0;
/// The spread follows about so many years: series become calmer and noisier.
const MEMORY_YEARS: f64 = 0.33;
/// A Winsorised variance of n values is as precise as a variance of so many times n.
const KNOWN: f64 = 0.5;

/// Follows the jumps of a series.
#[derive(Clone, Debug)]
pub(super) struct Jumps {
    memory: f64,
    variance: f64,
    errors: f64,
    heaviness: Heaviness,
}

plain!(Jumps { memory, variance, errors, heaviness });

impl Jumps {
    /// `memory` in samples is that of the tail.
    pub(super) fn new(per_year: f64, memory: f64) -> Jumps {
        Jumps {
            memory: (MEMORY_YEARS * per_year).max(30.0),
            variance: 0.0,
            errors: 0.0,
            heaviness: Heaviness::of_jumps(memory),
        }
    }

    /// Spread of a jump where a model leads to expect `model`, and none is known more closely than `floor`.
    pub(super) fn spread(&self, model: f64, floor: f64) -> f64 {
        let sum = PRIOR * model * model + self.errors * self.variance;
        (sum / (PRIOR + self.errors)).sqrt().max(floor)
    }

    /// Chance of a jump of `z` spreads or more.
    pub(super) fn sf(&self, z: f64) -> f64 {
        self.heaviness.sf(z, KNOWN * (PRIOR + self.errors))
    }

    /// Learns from `jump`, which was judged with `spread`.
    pub(super) fn learn(&mut self, jump: f64, spread: f64) {
        if !jump.is_finite() || spread <= 0.0 {
            return;
        }
        self.heaviness.learn(jump / spread);
        self.errors = (self.errors + 1.0).min(self.memory);
        let square = jump.clamp(-WINSOR * spread, WINSOR * spread).powi(2) / WINSOR_BIAS;
        self.variance += (square - self.variance) / self.errors;
    }
}
