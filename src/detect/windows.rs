//! Windows over the errors of a series: what they sum, and what an autoregression leads to expect of them.

use crate::detect::scores::mean_of_correlated;
use crate::stats::plain::Plain;

/// The most windows followed together.
pub(super) const MAX_WINDOWS: usize = 16;

/// The errors of a series, and what each counts for ([`super::spike::Spread::counts_for`]) by what was known when it was made: of older
/// ones than `FRESH` that is enough, in a window of hundreds.
#[derive(Clone, Copy, Debug)]
pub struct Errors<'a> {
    /// Distances from what was expected; `NaN` for a gap.
    pub residual: &'a [f64],
    /// What they count for.
    pub counted: &'a [f64],
}

/// Sum and number of the values that are not `NaN`, in lanes that a processor can work on side by side.
pub(super) fn sum_of_observed(values: &[f64]) -> (f64, usize) {
    let (mut sums, mut counts) = ([0.0; 4], [0.0; 4]);
    let mut take = |lane: usize, value: f64| {
        let gap = value.is_nan();
        sums[lane] += if gap { 0.0 } else { value };
        counts[lane] += if gap { 0.0 } else { 1.0 };
    };
    let chunks = values.chunks_exact(4);
    chunks.remainder().iter().for_each(|value| take(0, *value));
    chunks.for_each(|four| (0..4).for_each(|lane| take(lane, four[lane])));
    ((sums[0] + sums[1]) + (sums[2] + sums[3]), counts.iter().sum::<f64>() as usize)
}

/// What an autoregression leads to expect of each window. Powers are dear, and it changes once a period.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) rho: f64,
    /// Variance of the window's mean, in units of the single variance.
    pub(super) mean: [f64; MAX_WINDOWS],
    /// What the period before leads to expect of it.
    pub(super) carried: [f64; MAX_WINDOWS],
    /// Variance of the window's contrast, for a level that has an error of its own.
    pub(super) contrast: [f64; MAX_WINDOWS],
}

impl Model {
    /// Of `windows` under a correlation `rho` of neighbours, beside a level learnt from `level_length` values.
    pub(super) fn of(windows: &[usize], rho: f64, level_length: f64) -> Model {
        let level_error = mean_of_correlated(level_length, rho);
        let mut model = Model { rho, ..Model::default() };
        for (k, w) in windows.iter().map(|w| *w as f64).enumerate() {
            (model.mean[k], model.carried[k]) = (mean_of_correlated(w, rho), carried(w, rho));
            model.contrast[k] = (model.mean[k] - model.carried[k].powi(2) + level_error) / (1.0 + level_error);
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

/// What a residual before the window leads to expect of the mean of the window's `w` values, for an AR(1) process.
fn carried(w: f64, rho: f64) -> f64 {
    rho * (1.0 - rho.powf(w)) / (w * (1.0 - rho))
}
