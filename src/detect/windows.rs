//! Windows over the errors of a series: what they sum, and what an autoregression leads to expect of them.

use crate::detect::scores::mean_of_correlated;
use crate::stats::plain::Plain;

/// The most windows followed together.
pub(super) const MAX_WINDOWS: usize = 16;

/// The errors of a series, and what each counts for ([`super::spike::Spread::counts_for`]) by what was known when it
/// was made. Running sums make a window of hundreds as cheap as one of two.
#[derive(Clone, Debug, Default)]
pub struct Errors {
    /// Distances from what was expected; `NaN` for a gap.
    pub(super) residual: Vec<f64>,
    /// What they count for; `NaN` for a gap.
    pub(super) counted: Vec<f64>,
    /// Sum of what has been counted, and number of errors, up to and with each period.
    pub(super) sum: Vec<f64>,
    pub(super) seen: Vec<f64>,
}

impl Errors {
    /// Number of periods.
    pub(super) fn len(&self) -> usize {
        self.residual.len()
    }

    /// The lists that it is made of.
    pub(super) fn parts(&mut self) -> [&mut Vec<f64>; 4] {
        [&mut self.residual, &mut self.counted, &mut self.sum, &mut self.seen]
    }

    /// One more period, of which nothing is known yet.
    pub(super) fn make_room(&mut self) {
        let (sum, seen) = (self.sum.last().copied(), self.seen.last().copied());
        self.residual.push(f64::NAN);
        self.counted.push(f64::NAN);
        self.sum.push(sum.unwrap_or(0.0));
        self.seen.push(seen.unwrap_or(0.0));
    }

    /// The error of period `t`, after which no error may be known yet.
    pub(super) fn set(&mut self, t: usize, residual: f64, counted: f64) {
        let (sum, seen) = t.checked_sub(1).map_or((0.0, 0.0), |u| (self.sum[u], self.seen[u]));
        let gap = counted.is_nan();
        (self.residual[t], self.counted[t]) = (residual, counted);
        (self.sum[t], self.seen[t]) = if gap { (sum, seen) } else { (sum + counted, seen + 1.0) };
    }

    /// What the window of `w` periods that ends at `t` counts for, and how many errors are in it.
    pub(super) fn of_window(&self, t: usize, w: usize) -> (f64, f64) {
        let before = (t + 1).checked_sub(w + 1).map_or((0.0, 0.0), |u| (self.sum[u], self.seen[u]));
        (self.sum[t] - before.0, self.seen[t] - before.1)
    }
}

/// What an autoregression leads to expect of each window. It changes once a period: divisions and powers are dear.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) rho: f64,
    /// One part in so many as the window has periods.
    pub(super) part: [f64; MAX_WINDOWS],
    /// Variance of the window's mean, in units of the single variance.
    pub(super) mean: [f64; MAX_WINDOWS],
    /// What the period before leads to expect of it.
    pub(super) carried: [f64; MAX_WINDOWS],
    /// Variance of the window's contrast, for a level that has an error of its own.
    pub(super) contrast: [f64; MAX_WINDOWS],
}

impl Model {
    /// Of `windows` under a correlation `rho` (from 0 to 0.95) of neighbours, beside a level learnt from `level_length` values.
    pub(super) fn of(windows: &[usize], rho: f64, level_length: f64) -> Model {
        let level_error = mean_of_correlated(level_length, rho);
        // What all windows have in common.
        let (carried, lasting, beside) = (rho / (1.0 - rho), (1.0 + rho) / (1.0 - rho), 1.0 / (1.0 + level_error));
        let fading = 2.0 * carried / (1.0 - rho);
        let mut gone = [0.0; MAX_WINDOWS];
        let mut model = Model { rho, ..Model::default() };
        for (k, &w) in windows.iter().enumerate() {
            (model.part[k], gone[k]) = (1.0 / w as f64, 1.0 - rho.powi(w as i32));
        }
        for k in 0..MAX_WINDOWS {
            let gone = gone[k] * model.part[k];
            model.mean[k] = (lasting - fading * gone) * model.part[k];
            model.carried[k] = carried * gone;
            model.contrast[k] = (model.mean[k] - model.carried[k] * model.carried[k] + level_error) * beside;
        }
        model
    }
}

/// Follows from the rest: whoever reads a spread settles it.
impl Plain for Model {
    fn put(&self, _: &mut Vec<u8>) {}
    fn read(_: &mut &[u8]) -> Option<Self> {
        Some(Model::default())
    }
}
