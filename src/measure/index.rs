//! Share index, contributions of outlets, cross-country ratios. See `docs/methods/index.md`.

use crate::measure::expected::Setting;
use crate::measure::lift::{Lift, lift};
use crate::stats::robust::mean;
use std::ops::Range;

/// visits ÷ total, period by period; `NaN` where either is missing or the total is not positive.
pub fn shares(visits: &[f64], total: &[f64]) -> Vec<f64> {
    visits.iter().zip(total).map(|(v, t)| if *t > 0.0 { v / t } else { f64::NAN }).collect()
}

/// A share series as an index: 100 = mean of the baseline. All `NaN` if that is not positive.
///
/// ```
/// # use floodmark::measure::index::{index, shares};
/// let share = shares(&[1.0, 3.0, 4.0], &[100.0, 100.0, 100.0]);
/// assert_eq!(index(&share, 0..2), [50.0, 150.0, 200.0]);
/// ```
pub fn index(share: &[f64], baseline: Range<usize>) -> Vec<f64> {
    let level = share.get(baseline).map_or(f64::NAN, mean);
    share.iter().map(|s| if level > 0.0 { 100.0 * s / level } else { f64::NAN }).collect()
}

/// Lift of the index over a window: the lift of the share, whose baseline is 100.
pub fn index_lift(
    share: &[f64],
    baseline: Range<usize>,
    window: Range<usize>,
    exclude: Option<&[bool]>,
    setting: &Setting<'_>,
) -> Option<Lift> {
    lift(share, baseline, window, exclude, &setting.for_shares(share))
}

/// What each outlet contributed to the lift of its state. `outlets` holds (Σ observed, Σ expected) of each over the
/// same periods; `expected` is the state's own Σ expected. The contributions add up to Σ observed ÷ `expected` − 1.
///
/// ```
/// # use floodmark::measure::index::contributions;
/// assert_eq!(contributions(&[(150.0, 100.0), (90.0, 100.0)], 200.0), [0.25, -0.05]);
/// ```
pub fn contributions(outlets: &[(f64, f64)], expected: f64) -> Vec<f64> {
    let sum: f64 = outlets.iter().map(|o| o.1).sum();
    // Expectations fitted one by one do not quite add up to the one fitted to the sum.
    let scale = if sum > 0.0 { expected / sum } else { f64::NAN };
    outlets.iter().map(|(observed, own)| (observed - own * scale) / expected).collect()
}

/// How the index of country A moved against that of country B: (A ÷ B in the window) ÷ (A ÷ B in the baseline) − 1,
/// with the interval of a lift. `a` and `b` are shares (or visits) on one grid. `None` as for [`lift`].
pub fn country_ratio(
    a: &[f64],
    b: &[f64],
    baseline: Range<usize>,
    window: Range<usize>,
    exclude: Option<&[bool]>,
    setting: &Setting<'_>,
) -> Option<Lift> {
    index_lift(&shares(a, b), baseline, window, exclude, setting)
}
