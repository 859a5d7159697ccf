//! Long-run standard deviation: the noise that a mean over many neighbouring values sees.
//!
//! Under autocorrelation the standard deviation of single values (or of their differences) is too small a yardstick
//! for changes of level: means of B neighbours vary more than σ/√B. The long-run variance is what B·Var(mean of B)
//! tends to. Differences keep level shifts out of it, medians keep out the few differences that straddle one.

use super::robust::{MAD_TO_SD, median_in_place};

/// Robust standard deviation of numbers that scatter around 0: from their median size, or, where more than half of
/// them are 0 (small counts), from their mean square. `NaN` without values.
pub fn scale_around_zero(deviations: &mut [f64]) -> f64 {
    deviations.iter_mut().for_each(|d| *d = d.abs());
    let robust = median_in_place(deviations) * MAD_TO_SD;
    if robust > 0.0 || robust.is_nan() {
        return robust;
    }
    let largest = deviations.iter().copied().fold(0.0, f64::max);
    if largest == 0.0 || largest.is_infinite() {
        return largest;
    }
    // Relative to the largest: no overflow.
    let square = deviations.iter().map(|d| (d / largest).powi(2)).sum::<f64>() / deviations.len() as f64;
    largest * square.sqrt()
}

/// Standard deviation of single values from the differences of neighbours; right for independent noise only.
/// 0 for a constant series, `NaN` with fewer than two values.
///
/// ```
/// # use floodmark::stats::longrun::difference_sd;
/// assert_eq!(difference_sd(&[2.0, 2.0, 2.0]), 0.0);
/// ```
pub fn difference_sd(values: &[f64]) -> f64 {
    let mut differences = Vec::with_capacity(values.len());
    let mut last = f64::NAN;
    for &v in values.iter().filter(|v| !v.is_nan()) {
        if !last.is_nan() {
            differences.push(v - last);
        }
        last = v;
    }
    scale_around_zero(&mut differences) / std::f64::consts::SQRT_2
}

/// Block length for batch means of n values, about 2·n^⅓ (the rate of Carlstein 1986, Annals of Statistics 14;
/// 21 for three years of days), in whole seasons if the series has one.
pub fn block_length(n: usize, season: usize) -> usize {
    let block = 2.0 * (n as f64).cbrt();
    let season = season.max(1);
    ((block / season as f64).ceil() as usize).max(1) * season
}

/// Long-run standard deviation from the differences of the means of neighbouring blocks, robust to changes of level;
/// `NaN` with fewer than four blocks. A block counts if half of it is observed. Blocks begin every third of their
/// length: overlapping ones waste less (Meketon & Schmeiser 1984). Values further than `clip` from the median of
/// their block are moved there: one spike would otherwise spoil six differences.
pub fn block_sd(values: &[f64], block: usize, clip: f64) -> f64 {
    let block = block.max(1);
    if values.len() < 4 * block {
        return f64::NAN;
    }
    let starts = (0..=values.len() - 2 * block).step_by(block.div_ceil(3));
    let mut scratch = Vec::with_capacity(block);
    let mut mean = |start: usize| clipped_mean(&values[start..start + block], clip, &mut scratch);
    let mut differences: Vec<f64> = starts.map(|s| mean(s + block) - mean(s)).filter(|d| !d.is_nan()).collect();
    scale_around_zero(&mut differences) * (block as f64 / 2.0).sqrt()
}

fn clipped_mean(block: &[f64], clip: f64, scratch: &mut Vec<f64>) -> f64 {
    scratch.clear();
    // Not `median_with`, which leaves the values in another order: the sum below keeps its last digits.
    scratch.extend(block.iter().filter(|v| !v.is_nan()));
    let middle = median_in_place(scratch);
    let n = scratch.len();
    if 2 * n < block.len() || n == 0 {
        return f64::NAN;
    }
    scratch.iter().map(|v| v.clamp(middle - clip, middle + clip)).sum::<f64>() / n as f64
}

/// Long-run standard deviation of a first-order autoregression, from differences over one and two steps: their
/// variances are 2σ²(1 − φ) and 2σ²(1 − φ²) (the robust estimator of Chakar, Lebarbier, Lévy-Leduc & Robin 2017,
/// Bernoulli 23). However frequent the changes of level, they touch few differences. `NaN` with fewer than three values.
pub fn autoregressive_sd(values: &[f64]) -> f64 {
    let over = |lag: usize| {
        let steps = values.iter().zip(values.iter().skip(lag)).map(|(from, to)| to - from);
        scale_around_zero(&mut steps.filter(|d| !d.is_nan()).collect::<Vec<_>>())
    };
    let (one, two) = (over(1), over(2));
    let phi = ((two / one).powi(2) - 1.0).clamp(0.0, 0.99);
    // σ² (1 + φ) ÷ (1 − φ) with σ² = one² ÷ 2(1 − φ).
    one * ((1.0 + phi) / 2.0).sqrt() / (1.0 - phi)
}

/// How far block means may exceed a first-order autoregression: counting noise on top of it hides half of its
/// autocorrelation from single steps.
const ROOM: f64 = 2.0;

/// The yardstick of a change of level: [`block_sd`], at least [`difference_sd`] (negative autocorrelation does not
/// make it smaller) and at most twice [`autoregressive_sd`] (changes more frequent than every few blocks would blow up
/// the block means and hide themselves). 0 for a constant series, `NaN` with fewer than two values.
pub fn long_run_sd(values: &[f64], season: usize) -> f64 {
    let observed = values.iter().filter(|v| !v.is_nan()).count();
    let sd = difference_sd(values);
    if !(sd > 0.0 && sd.is_finite()) {
        return sd;
    }
    let blocks = block_sd(values, block_length(observed, season), 5.0 * sd);
    // `min` leaves out a NaN.
    if blocks > sd { sd.max(blocks.min(ROOM * autoregressive_sd(values))) } else { sd }
}

/// As [`long_run_sd`], but changes of slope leave it alone too: from second differences of single values and of
/// block means. For values without gaps and spikes; `NaN` with fewer than five values.
pub fn line_long_run_sd(values: &[f64], season: usize) -> f64 {
    let sd = second_difference_sd(values, 1);
    sd.max(second_difference_sd(values, block_length(values.len(), season)))
}

fn second_difference_sd(values: &[f64], block: usize) -> f64 {
    if values.len() < 3 * block + 2 * block.div_ceil(3) {
        return f64::NAN;
    }
    let mean = |start: usize| values[start..start + block].iter().sum::<f64>() / block as f64;
    let starts = (0..=values.len() - 3 * block).step_by(block.div_ceil(3));
    let mut differences: Vec<f64> = starts.map(|s| mean(s) - 2.0 * mean(s + block) + mean(s + 2 * block)).collect();
    // Var(a − 2b + c) = 6 Var of one.
    scale_around_zero(&mut differences) * (block as f64 / 6.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::resample::generator;
    use rand_distr::{Distribution, StandardNormal};

    fn autoregression(n: usize, phi: f64) -> Vec<f64> {
        let mut rng = generator(3, 0);
        let mut x = 0.0;
        let mut step = || {
            let e: f64 = StandardNormal.sample(&mut rng);
            x = phi * x + e;
            x
        };
        (0..n).map(|_| step()).collect()
    }

    #[test]
    fn independent_noise_has_one_standard_deviation_however_measured() {
        let x = autoregression(20_000, 0.0);
        assert!((difference_sd(&x) - 1.0).abs() < 0.03);
        assert!((long_run_sd(&x, 1) - 1.0).abs() < 0.12);
    }

    #[test]
    fn autocorrelated_noise_is_judged_by_its_long_run_standard_deviation() {
        // AR(1): σ ÷ (1 − φ) = 2 in the long run.
        let sd = long_run_sd(&autoregression(20_000, 0.5), 1);
        assert!((1.75..2.15).contains(&sd), "{sd}");
    }

    #[test]
    fn level_shifts_and_gaps_leave_the_scale_as_it_was() {
        let plain = autoregression(2_000, 0.0);
        let mut shifted = plain.clone();
        shifted[700..].iter_mut().for_each(|v| *v += 50.0);
        shifted[300..330].fill(f64::NAN);
        assert!((long_run_sd(&shifted, 7) / long_run_sd(&plain, 7) - 1.0).abs() < 0.2);
    }

    #[test]
    fn frequent_changes_do_not_hide_themselves() {
        let mut x = autoregression(1_095, 0.0);
        x.iter_mut().enumerate().for_each(|(t, v)| *v += 4.0 * ((t / 40) % 2) as f64);
        assert!(block_sd(&x, 21, 5.0) > 5.0 && long_run_sd(&x, 7) < 3.0);
        assert!((autoregressive_sd(&autoregression(20_000, 0.5)) - 2.0).abs() < 0.15);
    }

    #[test]
    fn mostly_zero_counts_have_a_scale_and_constants_have_none() {
        let mut counts = vec![0.0; 50];
        counts[20] = 1.0;
        assert!(long_run_sd(&counts, 7) > 0.0);
        assert_eq!(long_run_sd(&[5.0; 40], 7), 0.0);
        assert!(long_run_sd(&[1.0], 7).is_nan() && long_run_sd(&[], 7).is_nan());
    }
}
