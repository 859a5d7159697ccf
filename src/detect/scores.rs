//! What a residual counts for in a sum: its Normal score, and how much sums of scores with memory vary.

use crate::stats::plain::plain;

/// A residual enters a window clipped to so many spreads: several raised periods make a surge, one wild one does not.
const CLIP: f64 = 5.0;

/// Beyond so many spreads an error adds no more to the spread.
pub(super) const WINSOR: f64 = 3.0;
/// E[min(Z², 9)] for a standard Normal Z: undoes the bias of the clipping.
pub(super) const WINSOR_BIAS: f64 = 0.995_01;
/// What the autoregression says of a window counts as much as so many separate windows seen.
pub(super) const MODEL_BLOCKS: f64 = 20.0;
/// A Winsorised variance of n values is as precise as a variance of so many times n.
pub(super) const KNOWN: f64 = 0.7;
/// So many standard errors are added to the autocorrelation.
const SAFE: f64 = 0.25;

/// Normal scores of Student-t residuals: what a Normal residual as improbable would be. Sums of scores have Normal
/// tails where sums of heavy-tailed residuals have not, and no single wild period can make a window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scores {
    /// Degrees of freedom of the residuals.
    pub(super) df: f64,
    unit: f64,
    shrink: f64,
}

plain!(Scores { df, unit, shrink });

impl Scores {
    pub(super) fn new(df: f64) -> Scores {
        // Variance (Winsorised at 3 spreads) of Student's t: 2.04 at ν = 3, 1.51 at 5, 1.22 at 10.
        let unit = 1.0 + 1.7 / df + 4.4 / (df * df);
        Scores { df, unit, shrink: (8.0 * df + 1.0) / (8.0 * df + 3.0) }
    }

    /// Wallace (1959, eq. 2.1), clipped; `NaN` stays `NaN`.
    pub(super) fn of(&self, z: f64) -> f64 {
        let score = self.shrink * (self.df * (z * z * self.unit / self.df).ln_1p()).sqrt();
        score.clamp(0.0, CLIP).copysign(z)
    }
}

/// Variance of the mean of `w` values of an AR(1) process of variance 1.
pub(super) fn mean_of_correlated(w: f64, correlation: f64) -> f64 {
    let rho = correlation.clamp(0.0, 0.95);
    let tail = 2.0 * rho * (1.0 - rho.powf(w)) / (w * (1.0 - rho).powi(2));
    ((1.0 + rho) / (1.0 - rho) - tail) / w
}

/// How many independent looks `windows` lengths are worth to one of length `w`: those of neighbouring lengths say much
/// the same, and a long one hardly changes from one period to the next.
pub(super) fn looks(w: usize, windows: usize) -> f64 {
    0.75 * windows as f64 * (3.0 / w as f64).min(1.0)
}

/// Autocorrelation from what `pairs` of neighbours show, corrected for the bias of a mean learnt from `window` values
/// (Kendall 1954), on the safe side of its standard error.
pub(super) fn safe_correlation(shown: f64, window: f64, pairs: f64) -> f64 {
    let (bias, error) = ((1.0 + 3.0 * shown) / window, ((1.0 - shown * shown) / pairs).sqrt());
    (shown + bias + SAFE * error).clamp(0.0, 0.95)
}

/// Degrees of freedom of the variance of a mean of values of an AR(1) process, known from `n` of them: about as many as
/// from this many independent ones (delta method: its logarithm changes by 2/(1 − ρ²) with an error of ρ of √((1 − ρ²)/n)).
pub(super) fn degrees(n: f64, rho: f64) -> f64 {
    (KNOWN * n * (1.0 - rho).powi(2).max(0.25)).max(3.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_counts_for_nothing() {
        assert!(Scores::new(5.0).of(f64::NAN).is_nan());
        assert_eq!((Scores::new(5.0).of(1e9), Scores::new(5.0).of(-1e9)), (CLIP, -CLIP));
    }

    #[test]
    fn the_mean_of_independent_values_has_variance_one_over_w() {
        assert!((mean_of_correlated(7.0, 0.0) - 1.0 / 7.0).abs() < 1e-15);
        assert!((mean_of_correlated(1.0, 0.7) - 1.0).abs() < 1e-12);
    }
}
