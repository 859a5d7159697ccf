//! From a raw series of unknown nature to one on which levels and lines can be searched: working scale, season, spikes.

use crate::stats::longrun::scale_around_zero;
use crate::stats::robust::{mean, median, median_with};
use crate::stats::scale::Scale;

/// The working scale of a raw series: the logarithm where steps are more even as ratios than as differences.
///
/// Compares the likelihood of the step-to-step changes (Laplace around their median) on both scales, with the
/// Jacobian of Box & Cox (1964). Values that are not positive exclude the logarithm, except counts (whole, never
/// negative), which get one added. Steps of a possible season are looked at too, and the smaller count: the
/// shape of a season says nothing about the scale.
pub fn working_scale(values: &[f64], seasons: &[usize]) -> Scale {
    let observed: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    let least = observed.iter().copied().fold(f64::INFINITY, f64::min);
    let counts = least == 0.0 && observed.iter().all(|v| v.fract() == 0.0);
    if observed.len() < 3 || !(least > 0.0 || counts) {
        return Scale::Identity;
    }
    let log = Scale::Log { offset: if counts { 1.0 } else { 0.0 } };
    let logs: Vec<f64> = observed.iter().map(|&v| log.forward(v)).collect();
    let least_step = |x: &[f64]| {
        let steps =
            seasons.iter().copied().filter(|s| (2..=x.len() / 4).contains(s)).chain([1]).map(|lag| mean_step(x, lag));
        steps.fold(f64::INFINITY, f64::min)
    };
    // The geometric mean is the Jacobian of the logarithm.
    if least_step(&logs) * mean(&logs).exp() < least_step(&observed) { log } else { Scale::Identity }
}

/// Mean absolute deviation of the changes over `lag` from their median; `NaN` if there are none.
fn mean_step(values: &[f64], lag: usize) -> f64 {
    let steps: Vec<f64> = values.iter().zip(values.iter().skip(lag)).map(|(from, to)| to - from).collect();
    let middle = median(&steps);
    mean(&steps.iter().map(|d| (d - middle).abs()).collect::<Vec<_>>())
}

/// Median of the observed values within `reach` of every index (fewer at the ends).
pub fn running_median(x: &[f64], reach: usize) -> Vec<f64> {
    let mut scratch = Vec::with_capacity(2 * reach + 1);
    let mut around = |i: usize| {
        let window = &x[i.saturating_sub(reach)..(i + reach + 1).min(x.len())];
        median_with(window.iter().copied(), &mut scratch)
    };
    (0..x.len()).map(&mut around).collect()
}

/// Running median over one season. It moves slowly against its own window, so for long seasons it is taken sixteen
/// times a season and read off in between by straight lines.
fn trend(x: &[f64], season: usize) -> Vec<f64> {
    let (stride, reach) = ((season / 16).max(1), season / 2);
    if stride == 1 {
        return running_median(x, reach);
    }
    let mut scratch = Vec::with_capacity(2 * reach + 1);
    let mut at = |i: usize| {
        let window = &x[i.saturating_sub(reach)..(i + reach + 1).min(x.len())];
        median_with(window.iter().copied(), &mut scratch)
    };
    let last = x.len() - 1;
    let knots: Vec<f64> = (0..=last.div_ceil(stride)).map(|k| at((k * stride).min(last))).collect();
    let between = |i: usize| {
        let (k, part) = (i / stride, (i % stride) as f64 / stride as f64);
        let next = knots[(k + 1).min(knots.len() - 1)];
        if part == 0.0 { knots[k] } else { knots[k] + part * (next - knots[k]) }
    };
    (0..=last).map(between).collect()
}

/// Removes the medians by phase of a season if it is really there: if phases learnt on either half of the series
/// make the other half at least 5% smaller. `None` if they do not, or with fewer than four cycles.
pub fn without_season(x: &[f64], season: usize) -> Option<Vec<f64>> {
    let n = x.len();
    if season < 2 || n < 4 * season {
        return None;
    }
    let trend = trend(x, season);
    let rest: Vec<f64> = x.iter().zip(trend).map(|(v, t)| v - t).collect();
    let half = n / 2;
    let (first, second) = (phases(&rest, season, 0..half), phases(&rest, season, half..n));
    let size = |value: &dyn Fn(usize) -> f64| (0..n).map(value).filter(|v| !v.is_nan()).map(f64::abs).sum::<f64>();
    let before = size(&|i| rest[i]);
    let after = size(&|i| rest[i] - if i < half { second[i % season] } else { first[i % season] });
    if after.is_nan() || after >= 0.95 * before {
        return None;
    }
    let all = phases(&rest, season, 0..n);
    Some((0..n).map(|i| x[i] - all[i % season]).collect())
}

/// Median of every phase of the season within a stretch, centred; 0 for a phase without observations.
fn phases(rest: &[f64], season: usize, range: std::ops::Range<usize>) -> Vec<f64> {
    let mut scratch = Vec::new();
    let mut phase = |p: usize| {
        let first = range.start + (p + season - range.start % season) % season;
        let values = (first..range.end).step_by(season).map(|i| rest[i]);
        let middle = median_with(values, &mut scratch);
        if middle.is_nan() { 0.0 } else { middle }
    };
    let medians: Vec<f64> = (0..season).map(&mut phase).collect();
    let center = mean(&medians);
    medians.into_iter().map(|m| m - center).collect()
}

/// Replaces spikes of one or two observations by the median of five: values further than four robust standard
/// deviations from it (Hampel's filter). `x` has no gaps.
pub fn without_spikes(x: &[f64]) -> Vec<f64> {
    if x.len() < 10 {
        return x.to_vec();
    }
    let smooth = running_median(x, 2);
    let mut rest: Vec<f64> = x.iter().zip(&smooth).map(|(v, m)| v - m).filter(|d| *d != 0.0).collect();
    let steps: Vec<f64> = x.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // Where hardly anything ever moves, what stands alone is a spike however small: there is no noise to measure it by.
    if 10 * steps.iter().filter(|d| **d != 0.0).count() < steps.len() {
        return smooth;
    }
    let middle = median(&steps);
    let mut steps: Vec<f64> = steps.iter().map(|d| d - middle).collect();
    let sd = scale_around_zero(&mut rest).max(scale_around_zero(&mut steps) / std::f64::consts::SQRT_2);
    x.iter().zip(smooth).map(|(&v, m)| if (v - m).abs() > 4.0 * sd { m } else { v }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_get_the_logarithm_and_differences_do_not() {
        let wave = |t: i32| f64::from(t * 37 % 11 - 5);
        let growth: Vec<f64> = (0..100).map(|t| 10.0 * 1.05_f64.powi(t) * (1.0 + wave(t) / 50.0)).collect();
        assert_eq!(working_scale(&growth, &[7]), Scale::Log { offset: 0.0 });
        let even: Vec<f64> = (0..100).map(|t| 10.0 + f64::from(t) + wave(t) / 2.0).collect();
        assert_eq!(working_scale(&even, &[7]), Scale::Identity);
        assert_eq!(working_scale(&[-1.0, 2.0, 30.0, 400.0], &[]), Scale::Identity);
        assert_eq!(working_scale(&[], &[]), Scale::Identity);
    }

    #[test]
    fn a_season_goes_and_noise_stays() {
        let wave: Vec<f64> = (0..70).map(|t| [3.0, 0.0, 0.0, 1.0, 0.0, -2.0, -2.0][t % 7] + 0.01 * t as f64).collect();
        let rest = without_season(&wave, 7).unwrap();
        assert!(rest.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 0.2));
        let noise: Vec<f64> = (0..70).map(|t| f64::from(t * t * 31 % 17)).collect();
        assert_eq!(without_season(&noise, 7), None);
        assert_eq!(without_season(&wave[..20], 7), None);
    }

    #[test]
    fn single_events_in_silence_are_spikes() {
        let mut x = vec![0.0; 100];
        (0..100).step_by(33).for_each(|t| x[t] = 1.0);
        x[60..].iter_mut().for_each(|v| *v += 5.0);
        let expected: Vec<f64> = (0..100).map(|t| if t < 60 { 0.0 } else { 5.0 }).collect();
        assert_eq!(without_spikes(&x)[2..98], expected[2..98]);
    }

    #[test]
    fn spikes_go_and_steps_stay() {
        let mut x: Vec<f64> = (0..40).map(|t| f64::from(t * 37 % 11) / 10.0 + if t < 20 { 0.0 } else { 9.0 }).collect();
        let clean = x.clone();
        x[10] = 50.0;
        let found = without_spikes(&x);
        assert!(found[10] < 2.0);
        assert_eq!((&found[..10], &found[11..]), (&clean[..10], &clean[11..]));
    }
}
