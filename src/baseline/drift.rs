//! What a trailing baseline misses: growth, and levels that wander faster than it follows.

use crate::stats::plain::plain;

/// Growth: a baseline that ends a gap ago lags behind a series that grows. How far it usually lags is learnt from the
/// errors made: the mean of a Normal prior around no lag and the errors so far, with its variance.
#[derive(Clone, Debug)]
pub struct Bias {
    mean: f64,
    variance: f64,
    errors: f64,
    memory: f64,
    prior: f64,
    applied: f64,
}

plain!(Bias { mean, variance, errors, memory, prior, applied });
plain!(Drift { products, squares, rest, pairs, keep });

impl Bias {
    /// Errors are forgotten after about `memory` samples; `prior` is the standard deviation of the lag before any is known.
    pub fn new(memory: f64, prior: f64) -> Bias {
        Bias { mean: 0.0, variance: 0.0, errors: 0.0, memory, prior: prior * prior, applied: 0.0 }
    }

    /// Learns from the residual of a period and the spread of such residuals.
    pub fn learn(&mut self, residual: f64, spread: f64) {
        // The residual was taken after the correction: undo it, so that what is learnt is the whole lag.
        let error = residual.clamp(-2.0 * spread, 2.0 * spread) + self.applied;
        self.errors = (self.errors + 1.0).min(self.memory);
        self.mean += (error - self.mean) / self.errors;
        self.variance = spread * spread;
        self.applied = self.correction();
    }

    /// Variance of the mean error: neighbouring errors share their baseline, about a quarter of them are independent.
    fn uncertain(&self) -> f64 {
        4.0 * self.variance / self.errors
    }

    /// What is to be added to the level.
    pub fn correction(&self) -> f64 {
        if self.errors == 0.0 || self.prior == 0.0 {
            0.0
        } else {
            self.mean * self.prior / (self.prior + self.uncertain())
        }
    }

    /// Standard deviation of the lag that remains.
    pub fn error(&self) -> f64 {
        let known =
            if self.errors == 0.0 { 1.0 } else { self.uncertain() / (self.prior + self.uncertain()).max(1e-300) };
        (self.prior * known).sqrt()
    }
}

/// Wandering levels: how much of the mean residual of a recent stretch is still there a few periods later, learnt by
/// regression on the series' own past and corrected downwards by its standard error, so that in a series that does not
/// wander nothing is added.
#[derive(Clone, Debug)]
pub struct Drift {
    products: f64,
    squares: f64,
    rest: f64,
    pairs: f64,
    keep: f64,
}

/// Neighbouring stretches overlap: the standard error is that of independent ones times this.
const OVERLAP: f64 = 2.0;
/// Beyond so many spreads a residual counts no more.
const BOUND: f64 = 3.0;

impl Drift {
    /// Pairs are forgotten after about `memory` samples.
    pub fn new(memory: f64) -> Drift {
        Drift { products: 0.0, squares: 0.0, rest: 0.0, pairs: 0.0, keep: 1.0 - 1.0 / memory.max(2.0) }
    }

    /// Learns from the mean residual of the stretch and the residual that followed, in spreads.
    pub fn learn(&mut self, stretch: f64, residual: f64) {
        if stretch.is_nan() || residual.is_nan() {
            return;
        }
        let (m, r) = (stretch.clamp(-BOUND, BOUND), residual.clamp(-BOUND, BOUND));
        let error = r - self.part() * m;
        self.products = self.keep * self.products + m * r;
        self.squares = self.keep * self.squares + m * m;
        self.rest = self.keep * self.rest + error * error;
        self.pairs = self.keep * self.pairs + 1.0;
    }

    /// The part of the stretch's mean residual that is to be expected now, 0 to 1.
    pub fn part(&self) -> f64 {
        if self.pairs < 28.0 || self.squares <= 0.0 {
            return 0.0;
        }
        let error = OVERLAP * (self.rest / self.pairs / self.squares).sqrt();
        (self.products / self.squares - error).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(i: usize) -> f64 {
        (i as f64 * 0.618_033_988_749).fract() * 2.0 - 1.0
    }

    #[test]
    fn what_does_not_last_is_not_expected() {
        let mut drift = Drift::new(365.0);
        (0..300).for_each(|i| drift.learn(noise(i), noise(7 * i + 3)));
        assert!(drift.part() < 0.1, "{}", drift.part());
    }

    #[test]
    fn what_lasts_is_expected() {
        let mut drift = Drift::new(365.0);
        (0..300).for_each(|i| drift.learn(noise(i), 0.8 * noise(i) + 0.2 * noise(5 * i + 1)));
        assert!((drift.part() - 0.8).abs() < 0.1, "{}", drift.part());
    }
}
