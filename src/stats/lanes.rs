//! Sums over values of which some are missing, in lanes that a processor can work on side by side.

use fearless_simd::{Level, dispatch};

/// Does `work` with the widest vectors that the processor at hand has. To be of use, `work` and all that it calls must be
/// `#[inline(always)]`. What comes of it is the same to the bit on every processor: additions keep their order, and are not
/// fused with products.
///
/// ```
/// # use floodmark::stats::lanes::widely;
/// let mut values = [1.0, 2.0, 3.0];
/// widely(
///     #[inline(always)]
///     || values.iter_mut().for_each(|v| *v *= 2.0),
/// );
/// assert_eq!(values, [2.0, 4.0, 6.0]);
/// ```
#[inline(always)]
pub fn widely<R>(work: impl FnOnce() -> R) -> R {
    dispatch!(Level::new(), _ => work())
}

/// Lanes of a sum.
const LANES: usize = 8;

/// Sum of `f` over the values that are not `NaN`, and their number.
///
/// ```
/// # use floodmark::stats::lanes::sum_of_observed;
/// assert_eq!(sum_of_observed(&[1.0, f64::NAN, 3.0], |v| 2.0 * v), (8.0, 2));
/// ```
pub fn sum_of_observed(values: &[f64], f: impl Fn(f64) -> f64) -> (f64, usize) {
    let (mut sums, mut counts) = ([0.0; LANES], [0.0; LANES]);
    let mut take = |lane: usize, value: f64| {
        let gap = value.is_nan();
        sums[lane] += if gap { 0.0 } else { f(value) };
        counts[lane] += if gap { 0.0 } else { 1.0 };
    };
    let (parts, rest) = values.as_chunks::<LANES>();
    rest.iter().for_each(|value| take(0, *value));
    widely(
        #[inline(always)]
        || {
            for part in parts {
                for (lane, value) in part.iter().enumerate() {
                    take(lane, *value);
                }
            }
        },
    );
    (total(sums), total(counts) as usize)
}

/// Weighted mean of `f` over the values that are not `NaN`; `None` where their weights have no sum.
///
/// ```
/// # use floodmark::stats::lanes::weighted_mean_of_observed;
/// assert_eq!(weighted_mean_of_observed(&[1.0, f64::NAN, 4.0], &[1.0, 9.0, 2.0], |v| v), Some(3.0));
/// assert_eq!(weighted_mean_of_observed(&[], &[], |v| v), None);
/// ```
pub fn weighted_mean_of_observed(values: &[f64], weights: &[f64], f: impl Fn(f64) -> f64) -> Option<f64> {
    let (mut sums, mut sum_of_weights) = ([0.0; LANES], [0.0; LANES]);
    let mut take = |lane: usize, value: f64, weight: f64| {
        let gap = value.is_nan();
        sums[lane] += if gap { 0.0 } else { weight * f(value) };
        sum_of_weights[lane] += if gap { 0.0 } else { weight };
    };
    let ((parts, rest), (weight_parts, rest_weights)) = (values.as_chunks::<LANES>(), weights.as_chunks::<LANES>());
    rest.iter().zip(rest_weights).for_each(|(value, weight)| take(0, *value, *weight));
    widely(
        #[inline(always)]
        || {
            for (v, w) in parts.iter().zip(weight_parts) {
                for lane in 0..LANES {
                    take(lane, v[lane], w[lane]);
                }
            }
        },
    );
    let weight = total(sum_of_weights);
    (weight > 0.0).then(|| total(sums) / weight)
}

/// Sum, in eight lanes.
///
/// ```
/// # use floodmark::stats::lanes::sum;
/// assert_eq!(sum(&[1.0; 19]), 19.0);
/// ```
#[inline(always)]
pub fn sum(values: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (eights, rest) = values.as_chunks::<LANES>();
    for eight in eights {
        for (sum, value) in sums.iter_mut().zip(eight) {
            *sum += value;
        }
    }
    rest.iter().sum::<f64>() + total(sums)
}

/// Largest of the values whose `weights` are above zero; minus infinity without any. `NaN` is never the largest.
///
/// ```
/// # use floodmark::stats::lanes::largest;
/// assert_eq!(largest(&[1.0, 5.0, f64::NAN, 3.0], &[1.0, 0.0, 1.0, 2.0]), 3.0);
/// assert_eq!(largest(&[], &[]), f64::NEG_INFINITY);
/// ```
#[inline(always)]
pub fn largest(values: &[f64], weights: &[f64]) -> f64 {
    let mut most = [f64::NEG_INFINITY; LANES];
    let mut take = |lane: usize, value: f64, weight: f64| {
        let value = if weight > 0.0 { value } else { f64::NEG_INFINITY };
        most[lane] = if value > most[lane] { value } else { most[lane] };
    };
    let ((eights, rest), (eight_weights, rest_weights)) = (values.as_chunks::<LANES>(), weights.as_chunks::<LANES>());
    rest.iter().zip(rest_weights).for_each(|(value, weight)| take(0, *value, *weight));
    for (v, w) in eights.iter().zip(eight_weights) {
        for lane in 0..LANES {
            take(lane, v[lane], w[lane]);
        }
    }
    most.into_iter().fold(f64::NEG_INFINITY, f64::max)
}

fn total([a, b, c, d, e, f, g, h]: [f64; LANES]) -> f64 {
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}
