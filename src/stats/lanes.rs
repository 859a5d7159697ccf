//! Sums over values of which some are missing, in lanes that a processor can work on side by side.

/// Lanes of a sum.
const LANES: usize = 4;

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
    let (fours, rest) = values.as_chunks::<LANES>();
    rest.iter().for_each(|value| take(0, *value));
    fours.iter().for_each(|four| (0..LANES).for_each(|lane| take(lane, four[lane])));
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
    let ((fours, rest), (four_weights, rest_weights)) = (values.as_chunks::<LANES>(), weights.as_chunks::<LANES>());
    rest.iter().zip(rest_weights).for_each(|(value, weight)| take(0, *value, *weight));
    let fours = fours.iter().zip(four_weights);
    fours.for_each(|(v, w)| (0..LANES).for_each(|lane| take(lane, v[lane], w[lane])));
    let weight = total(sum_of_weights);
    (weight > 0.0).then(|| total(sums) / weight)
}

fn total(lanes: [f64; LANES]) -> f64 {
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
}
