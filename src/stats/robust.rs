//! Location and scale that a few wild values cannot move.

/// 1 ÷ Φ⁻¹(3/4): turns a median absolute deviation into a standard deviation under the Normal distribution.
pub const MAD_TO_SD: f64 = 1.482_602_218_505_602;

/// Median of the values that are not `NaN`; `NaN` if there are none. `scratch` is overwritten.
pub fn median_with(values: impl IntoIterator<Item = f64>, scratch: &mut Vec<f64>) -> f64 {
    scratch.clear();
    // Two steps are quicker than one: a copy without a question, then mostly nothing to move.
    scratch.extend(values);
    scratch.retain(|v| !v.is_nan());
    median_in_place(scratch)
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

/// Median of a slice without `NaN`, which is reordered.
pub fn median_in_place(values: &mut [f64]) -> f64 {
    let n = values.len();
    if n == 0 {
        return f64::NAN;
    }
    if n <= FEW {
        return median_of_few(values);
    }
    let (below, &mut upper, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    if n % 2 == 1 {
        return upper;
    }
    middle_of(below.iter().copied().fold(f64::NEG_INFINITY, f64::max), upper)
}

/// So many values are sorted by exchanges that do not depend on what has come out before: no guess can go wrong.
const FEW: usize = 8;
/// Which places are compared and exchanged, one after another (Batcher 1968, Proceedings AFIPS 32).
const EXCHANGES: [(usize, usize); 19] = [
    (0, 1),
    (2, 3),
    (4, 5),
    (6, 7),
    (0, 2),
    (1, 3),
    (4, 6),
    (5, 7),
    (1, 2),
    (5, 6),
    (0, 4),
    (1, 5),
    (2, 6),
    (3, 7),
    (2, 4),
    (3, 5),
    (1, 2),
    (3, 4),
    (5, 6),
];

/// Median of 1 to [`FEW`] values, which are sorted.
fn median_of_few(values: &mut [f64]) -> f64 {
    let mut keys = [i64::MAX; FEW];
    keys.iter_mut().zip(values.iter()).for_each(|(key, value)| *key = order_key(value.to_bits() as i64));
    for (i, j) in EXCHANGES {
        (keys[i], keys[j]) = (keys[i].min(keys[j]), keys[i].max(keys[j]));
    }
    values.iter_mut().zip(keys).for_each(|(value, key)| *value = f64::from_bits(order_key(key) as u64));
    let n = values.len();
    if n % 2 == 1 { values[n / 2] } else { middle_of(values[n / 2 - 1], values[n / 2]) }
}

/// Bits of a number to an integer of the same order as [`f64::total_cmp`], and back.
fn order_key(bits: i64) -> i64 {
    bits ^ (((bits >> 63) as u64) >> 1) as i64
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
        sum += w * (value - middle).clamp(-bound, bound);
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
    sorted.sort_unstable_by(f64::total_cmp);
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

    #[test]
    fn the_median_of_an_even_number_is_the_middle_of_the_two_middle_values() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&[f64::MAX, f64::MAX]), f64::MAX);
    }

    #[test]
    fn the_median_of_few_values_is_that_of_the_sorted_ones() {
        // What sorts all sequences of 0 and 1 sorts all values (Knuth, TAOCP 3, section 5.3.4).
        for n in 1..=FEW {
            for bits in 0..1u32 << n {
                let mut values: Vec<f64> = (0..n).map(|i| f64::from(bits >> i & 1) - 0.5).collect();
                let found = median_in_place(&mut values);
                values.sort_by(f64::total_cmp);
                assert_eq!(found, (values[(n - 1) / 2] + values[n / 2]) / 2.0, "{values:?}");
            }
        }
        assert_eq!(median(&[-0.0, 0.0, -0.0]).to_bits(), (-0.0f64).to_bits());
    }

    #[test]
    fn quantiles_reach_both_ends() {
        let values = [5.0, 1.0, 9.0];
        assert_eq!((quantile(&values, 0.0), quantile(&values, 1.0)), (1.0, 9.0));
    }
}
