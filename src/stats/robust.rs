//! Location and scale that a few wild values cannot move.

use crate::stats::lanes::{LANES, widely};

/// 1 ÷ Φ⁻¹(3/4): turns a median absolute deviation into a standard deviation under the Normal distribution.
pub const MAD_TO_SD: f64 = 1.482_602_218_505_602;

/// Median of the values that are not `NaN`; `NaN` if there are none. `scratch` is overwritten.
pub fn median_with(values: impl IntoIterator<Item = f64>, scratch: &mut Vec<f64>) -> f64 {
    scratch.clear();
    // Two steps are quicker than one: a copy without a question, then mostly nothing to move.
    scratch.extend(values);
    scratch.retain(|v| !v.is_nan());
    if scratch.len() > FEW && scratch.len() <= 2 * FEW { median_of_halves(scratch) } else { median_in_place(scratch) }
}

/// Median of the values that are not `NaN`; `NaN` if there are none.
///
/// ```
/// # use floodmark::stats::robust::median;
/// assert_eq!(median(&[3.0, f64::NAN, 1.0, 2.0]), 2.0);
/// assert!(median(&[]).is_nan());
/// ```
pub fn median(values: &[f64]) -> f64 {
    median_with(values.iter().copied(), &mut Vec::with_capacity(values.len()))
}

/// Median of a slice without `NaN`, which may be reordered.
pub fn median_in_place(values: &mut [f64]) -> f64 {
    let n = values.len();
    if n == 0 {
        return f64::NAN;
    }
    if n <= FEW {
        return median_of_few(values);
    }
    median_of_many(values)
}

/// Median of one value or more, by selection among integers that have their order.
fn median_of_many(values: &[f64]) -> f64 {
    let n = values.len();
    let mut keys: Vec<i64> = values.iter().map(|v| order_key(*v)).collect();
    let (below, &mut upper, _) = keys.select_nth_unstable(n / 2);
    let upper = from_order_key(upper);
    if n % 2 == 1 { upper } else { middle_of(from_order_key(largest_key(below)), upper) }
}

fn largest_key(keys: &[i64]) -> i64 {
    let mut most = [i64::MIN; LANES];
    let (eights, rest) = keys.as_chunks::<LANES>();
    widely(
        #[inline(always)]
        || {
            for eight in eights {
                for lane in 0..LANES {
                    most[lane] = most[lane].max(eight[lane]);
                }
            }
        },
    );
    rest.iter().chain(&most).fold(i64::MIN, |most, key| most.max(*key))
}

/// Sorts values in the order of [`f64::total_cmp`], as integers.
pub(crate) fn sort(values: &mut [f64]) {
    let mut keys: Vec<i64> = values.iter().map(|v| order_key(*v)).collect();
    keys.sort_unstable();
    values.iter_mut().zip(keys).for_each(|(value, key)| *value = from_order_key(key));
}

/// So many values are sorted by exchanges that do not depend on what has come out before: no guess can go wrong.
const FEW: usize = 16;

/// Compares and exchanges places one after another, each with its number written out: they stay in registers.
macro_rules! exchange {
    ($keys:ident: $($low:literal $high:literal),+) => {
        $(($keys[$low], $keys[$high]) = ($keys[$low].min($keys[$high]), $keys[$low].max($keys[$high]));)+
    };
}

/// Median of 1 to [`FEW`] values, which are sorted (by the networks of Knuth, TAOCP 3, section 5.3.4).
fn median_of_few(values: &mut [f64]) -> f64 {
    if values.len() <= 8 {
        sort_few(values, sort_eight)
    } else {
        sort_few(values, sort_sixteen)
    }
    let n = values.len();
    if n % 2 == 1 { values[n / 2] } else { middle_of(values[n / 2 - 1], values[n / 2]) }
}

/// Median of more than [`FEW`] and up to twice as many values: either half is sorted.
fn median_of_halves(values: &mut [f64]) -> f64 {
    let (count, half) = (values.len(), values.len() / 2);
    let (left, right) = values.split_at_mut(half);
    sort_few(left, sort_sixteen);
    sort_few(right, sort_sixteen);
    // So many of the lower half of all lie on the left.
    let (mut from, mut to) = (0, half);
    while from < to {
        let place = (from + to) / 2;
        if left[place].total_cmp(&right[half - 1 - place]).is_lt() {
            from = place + 1;
        } else {
            to = place;
        }
    }
    let lower = left[..from].last().into_iter().chain(right[..half - from].last());
    let upper = left[from..].first().into_iter().chain(right[half - from..].first());
    let lower = lower.copied().max_by(f64::total_cmp).unwrap_or(f64::NAN);
    let upper = upper.copied().min_by(f64::total_cmp).unwrap_or(f64::NAN);
    if count % 2 == 1 { upper } else { middle_of(lower, upper) }
}

/// Sorts up to `N` values by a network for `N`.
fn sort_few<const N: usize>(values: &mut [f64], sort: impl Fn([i64; N]) -> [i64; N]) {
    let mut keys = [i64::MAX; N];
    for place in 0..N.min(values.len()) {
        keys[place] = order_key(values[place]);
    }
    values.iter_mut().zip(sort(keys)).for_each(|(value, key)| *value = from_order_key(key));
}

#[inline(always)]
fn sort_eight(mut keys: [i64; 8]) -> [i64; 8] {
    exchange!(keys: 0 1, 2 3, 4 5, 6 7, 0 2, 1 3, 4 6, 5 7, 1 2, 5 6, 0 4, 1 5, 2 6, 3 7, 2 4, 3 5, 1 2, 3 4, 5 6);
    keys
}

#[inline(always)]
fn sort_sixteen(mut keys: [i64; 16]) -> [i64; 16] {
    exchange!(keys:
        0 1, 2 3, 4 5, 6 7, 8 9, 10 11, 12 13, 14 15, 0 2, 1 3, 4 6, 5 7, 8 10, 9 11, 12 14, 13 15, 0 4, 1
        5, 2 6, 3 7, 8 12, 9 13, 10 14, 11 15, 0 8, 1 9, 2 10, 3 11, 4 12, 5 13, 6 14, 7 15, 5 10, 6 9, 3
        12, 13 14, 4 8, 7 11, 1 2, 1 4, 7 13, 2 8, 11 14, 2 4, 5 6, 9 10, 11 13, 3 8, 7 12, 6 8, 10 12, 3 5,
        7 9, 3 4, 5 6, 7 8, 9 10, 11 12, 6 7, 8 9
    );
    keys
}

/// An integer for a number: in the order of [`f64::total_cmp`], and cheaper to compare.
pub(super) fn order_key(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// The number of an [`order_key`].
pub(super) fn from_order_key(key: i64) -> f64 {
    f64::from_bits((key ^ (((key >> 63) as u64) >> 1) as i64) as u64)
}

/// The mean of the two middle values, safe from overflow.
pub(super) fn middle_of(lower: f64, upper: f64) -> f64 {
    lower + (upper - lower) / 2.0
}

/// Median absolute deviation around `center`, as a standard deviation; `NaN` without values.
///
/// ```
/// # use floodmark::stats::robust::mad_sd;
/// assert_eq!(mad_sd(&[1.0, 2.0, 3.0, 4.0, 100.0], 3.0), 1.482_602_218_505_602);
/// ```
pub fn mad_sd(values: &[f64], center: f64) -> f64 {
    mad_sd_with(values.iter().copied(), center, &mut Vec::with_capacity(values.len()))
}

/// As [`mad_sd`], on any values, with a buffer to overwrite.
pub fn mad_sd_with(values: impl IntoIterator<Item = f64>, center: f64, scratch: &mut Vec<f64>) -> f64 {
    median_with(values.into_iter().map(|v| (v - center).abs()), scratch) * MAD_TO_SD
}

/// Median of the values that are not `NaN`, and their median absolute deviation around it as a standard deviation.
/// `scratch` is overwritten.
pub fn median_and_mad_sd(values: impl IntoIterator<Item = f64>, scratch: &mut Vec<f64>) -> (f64, f64) {
    let middle = median_with(values, scratch);
    // What the median has reordered are still the same values.
    scratch.iter_mut().for_each(|v| *v = (*v - middle).abs());
    (middle, median_in_place(scratch) * MAD_TO_SD)
}

/// `value` cut off at `bound` on either side: as [`f64::clamp`], which asks every time whether its bounds are any and
/// keeps a loop from being worked on side by side.
#[inline(always)]
pub fn cut_off(value: f64, bound: f64) -> f64 {
    let value = if value < -bound { -bound } else { value };
    if value > bound { bound } else { value }
}

/// One step from `middle` towards a Huber (1964) location: the weighted mean of the deviations from it, each cut off at
/// `bound`. `values` come with their weights; `NaN` are left out; 0 without any.
///
/// ```
/// # use floodmark::stats::robust::huber_step;
/// assert_eq!(huber_step([(1.0, 1.0), (2.0, 1.0), (90.0, 2.0)], 1.0, 3.0), 1.75);
/// ```
pub fn huber_step(values: impl IntoIterator<Item = (f64, f64)>, middle: f64, bound: f64) -> f64 {
    let (mut sum, mut weight) = (0.0, 0.0);
    for (value, w) in values.into_iter().filter(|(value, _)| !value.is_nan()) {
        sum += w * cut_off(value - middle, bound);
        weight += w;
    }
    if weight > 0.0 { sum / weight } else { 0.0 }
}

/// Quantile `p` (0–1) of the values that are not `NaN`, linear between order statistics (type 7 of Hyndman & Fan
/// 1996); `NaN` if there are none.
///
/// ```
/// # use floodmark::stats::robust::quantile;
/// assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0], 0.5), 2.5);
/// ```
pub fn quantile(values: &[f64], p: f64) -> f64 {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sort(&mut sorted);
    quantile_of_sorted(&sorted, p)
}

/// As [`quantile`], of values in rising order, none of them `NaN`.
pub fn quantile_of_sorted(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let position = p.clamp(0.0, 1.0) * last as f64;
    let (below, part) = (position.floor() as usize, position.fract());
    sorted[below] + part * (sorted[(below + 1).min(last)] - sorted[below])
}

/// Mean of the values that are not `NaN`; `NaN` if there are none.
pub fn mean(values: &[f64]) -> f64 {
    let (sum, n) = values.iter().filter(|v| !v.is_nan()).fold((0.0, 0usize), |(sum, n), v| (sum + v, n + 1));
    if n == 0 { f64::NAN } else { sum / n as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::Strategy;

    #[test]
    fn the_median_of_an_even_number_is_the_middle_of_the_two_middle_values() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&[f64::MAX, f64::MAX]), f64::MAX);
    }

    #[test]
    fn the_networks_sort() {
        // What sorts all sequences of 0 and 1 sorts all values (Knuth, TAOCP 3, section 5.3.4).
        for n in 1..=FEW {
            for bits in 0..1u32 << n {
                let mut values: Vec<f64> = (0..n).map(|i| f64::from(bits >> i & 1) - 0.5).collect();
                median_of_few(&mut values);
                assert!(
                    values.is_sorted() && values.iter().filter(|v| **v > 0.0).count() == bits.count_ones() as usize
                );
            }
        }
        assert_eq!(median(&[-0.0, 0.0, -0.0]).to_bits(), (-0.0f64).to_bits());
    }

    proptest::proptest! {
        #[test]
        fn medians_of_few_values_are_those_that_selection_finds(
            values in proptest::collection::vec(proptest::prop_oneof![-3.0..3.0f64, (-3i32..4).prop_map(f64::from)], 1..40)
        ) {
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let (lower, upper) = (sorted[(values.len() - 1) / 2], sorted[values.len() / 2]);
            proptest::prop_assert_eq!(median(&values), lower + (upper - lower) / 2.0);
        }
    }

    #[test]
    fn quantiles_reach_both_ends() {
        let values = [5.0, 1.0, 9.0];
        assert_eq!((quantile(&values, 0.0), quantile(&values, 1.0)), (1.0, 9.0));
    }
}
