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

/// Values that are worked on together.
pub(super) const LANES: usize = 8;
pub(super) type Lanes = [f64; LANES];

/// The values that are left over, less than there are lanes, and `filler` after them.
#[inline(always)]
pub(super) fn padded(rest: &[f64], filler: f64) -> Lanes {
    let mut lanes = [filler; LANES];
    lanes[..rest.len()].copy_from_slice(rest);
    lanes
}

/// Sum of `f` over the values that are not `NaN`, and their number.
///
/// ```
/// # use floodmark::stats::lanes::sum_of_observed;
/// assert_eq!(sum_of_observed(&[1.0, f64::NAN, 3.0], |v| 2.0 * v), (8.0, 2));
/// ```
pub fn sum_of_observed(values: &[f64], f: impl Fn(f64) -> f64) -> (f64, usize) {
    let (parts, rest) = values.as_chunks();
    let (sums, counts) = widely(
        #[inline(always)]
        || sums_of_observed(parts, &padded(rest, f64::NAN), &f),
    );
    (total(sums), total(counts) as usize)
}

#[inline(always)]
fn sums_of_observed(parts: &[Lanes], last: &Lanes, f: &impl Fn(f64) -> f64) -> (Lanes, Lanes) {
    let (mut sums, mut counts) = ([0.0; LANES], [0.0; LANES]);
    for part in parts.iter().chain(std::iter::once(last)) {
        for ((sum, count), value) in sums.iter_mut().zip(&mut counts).zip(part) {
            let gap = value.is_nan();
            *sum += if gap { 0.0 } else { f(*value) };
            *count += if gap { 0.0 } else { 1.0 };
        }
    }
    (sums, counts)
}

/// Weighted mean of `f` over the values that are not `NaN`; `None` where their weights have no sum. A value without a weight
/// does not count.
///
/// ```
/// # use floodmark::stats::lanes::weighted_mean_of_observed;
/// assert_eq!(weighted_mean_of_observed(&[1.0, f64::NAN, 4.0], &[1.0, 9.0, 2.0], |v| v), Some(3.0));
/// assert_eq!(weighted_mean_of_observed(&[], &[], |v| v), None);
/// ```
pub fn weighted_mean_of_observed(values: &[f64], weights: &[f64], f: impl Fn(f64) -> f64) -> Option<f64> {
    let n = values.len().min(weights.len());
    let ((parts, rest), (weight_parts, weight_rest)) = (values[..n].as_chunks(), weights[..n].as_chunks());
    let (last, last_weights) = (padded(rest, f64::NAN), padded(weight_rest, 0.0));
    let (sums, sums_of_weights) = widely(
        #[inline(always)]
        || weighted_sums_of_observed((parts, &last), (weight_parts, &last_weights), &f),
    );
    let weight = total(sums_of_weights);
    (weight > 0.0).then(|| total(sums) / weight)
}

#[inline(always)]
fn weighted_sums_of_observed(
    (parts, last): (&[Lanes], &Lanes),
    (weights, last_weights): (&[Lanes], &Lanes),
    f: &impl Fn(f64) -> f64,
) -> (Lanes, Lanes) {
    let (mut sums, mut sums_of_weights) = ([0.0; LANES], [0.0; LANES]);
    let all = parts.iter().zip(weights).chain(std::iter::once((last, last_weights)));
    for (part, weights) in all {
        for (((sum, sum_of_weights), value), weight) in sums.iter_mut().zip(&mut sums_of_weights).zip(part).zip(weights)
        {
            let gap = value.is_nan();
            *sum += if gap { 0.0 } else { weight * f(*value) };
            *sum_of_weights += if gap { 0.0 } else { *weight };
        }
    }
    (sums, sums_of_weights)
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

/// Sum of products, in eight lanes.
///
/// ```
/// # use floodmark::stats::lanes::dot;
/// assert_eq!(dot(&[1.0; 19], &[2.0; 19]), 38.0);
/// ```
#[inline(always)]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().min(b.len());
    let ((a, a_rest), (b, b_rest)) = (a[..n].as_chunks::<LANES>(), b[..n].as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>() + total(sums)
}

/// Largest of the values whose `weights` are there and above zero; minus infinity without any. `NaN` is never the largest.
///
/// ```
/// # use floodmark::stats::lanes::largest;
/// assert_eq!(largest(&[1.0, 5.0, f64::NAN, 3.0], &[1.0, 0.0, 1.0, 2.0]), 3.0);
/// assert_eq!(largest(&[9.0], &[]), f64::NEG_INFINITY);
/// ```
#[inline(always)]
pub fn largest(values: &[f64], weights: &[f64]) -> f64 {
    let n = values.len().min(weights.len());
    let ((parts, rest), (weight_parts, weight_rest)) = (values[..n].as_chunks(), weights[..n].as_chunks());
    let (last, last_weights) = (padded(rest, f64::NAN), padded(weight_rest, 0.0));
    let mut most = [f64::NEG_INFINITY; LANES];
    for (part, weights) in parts.iter().zip(weight_parts).chain(std::iter::once((&last, &last_weights))) {
        for ((most, value), weight) in most.iter_mut().zip(part).zip(weights) {
            let value = if *weight > 0.0 { *value } else { f64::NEG_INFINITY };
            *most = if value > *most { value } else { *most };
        }
    }
    most.into_iter().fold(f64::NEG_INFINITY, f64::max)
}

fn total([a, b, c, d, e, f, g, h]: Lanes) -> f64 {
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn wide_vectors_give_what_narrow_ones_give_to_the_bit(
            values in prop::collection::vec(prop_oneof![9 => -1e3..1e3f64, 1 => Just(f64::NAN)], 0..70)
        ) {
            let (parts, rest) = values.as_chunks();
            let last = padded(rest, f64::NAN);
            let square = |v: f64| v * v + v;
            let (sums, counts) = sums_of_observed(parts, &last, &square);
            let (sum, count) = sum_of_observed(&values, square);
            prop_assert_eq!((sum.to_bits(), count), (total(sums).to_bits(), total(counts) as usize));
            let plain: f64 = values.iter().filter(|v| !v.is_nan()).map(|v| square(*v)).sum();
            prop_assert!((sum - plain).abs() <= 1e-9 * plain.abs().max(1.0));
            let known: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
            let most = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert_eq!(largest(&values, &vec![1.0; values.len()]), most);
            prop_assert_eq!(widely(|| super::sum(&known)).to_bits(), super::sum(&known).to_bits());
        }
    }
}
