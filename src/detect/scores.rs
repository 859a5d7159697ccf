//! What a residual counts for in a sum: its Normal score, and how much sums of scores with memory vary.

/// A residual enters a window clipped to so many spreads: several raised periods make a surge, one wild one does not.
const CLIP: f64 = 5.0;

/// Normal scores of Student-t residuals: what a Normal residual as improbable would be. Sums of scores have Normal
/// tails where sums of heavy-tailed residuals have not, and no single wild period can make a window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scores {
    df: f64,
    unit: f64,
    shrink: f64,
}

impl Scores {
    pub(super) fn new(df: f64) -> Scores {
        // Variance (Winsorised at 3 spreads) of Student's t: 2.04 at ν = 3, 1.51 at 5, 1.22 at 10.
        let unit = 1.0 + 1.7 / df + 4.4 / (df * df);
        Scores { df, unit, shrink: (8.0 * df + 1.0) / (8.0 * df + 3.0) }
    }

    /// Wallace (1959, eq. 2.1), clipped.
    pub(super) fn of(&self, z: f64) -> f64 {
        let score = self.shrink * (self.df * (z * z * self.unit / self.df).ln_1p()).sqrt();
        score.min(CLIP).copysign(z)
    }
}

/// Variance of the mean of `w` values of an AR(1) process of variance 1.
pub(super) fn mean_of_correlated(w: f64, correlation: f64) -> f64 {
    let rho = correlation.clamp(0.0, 0.95);
    let tail = 2.0 * rho * (1.0 - rho.powf(w)) / (w * (1.0 - rho).powi(2));
    ((1.0 + rho) / (1.0 - rho) - tail) / w
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_independent_values_has_variance_one_over_w() {
        assert!((mean_of_correlated(7.0, 0.0) - 1.0 / 7.0).abs() < 1e-15);
        assert!((mean_of_correlated(1.0, 0.7) - 1.0).abs() < 1e-12);
    }
}
