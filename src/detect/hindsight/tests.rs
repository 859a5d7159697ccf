use super::*;
use crate::stats::resample::generator;
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use rand_distr::{Distribution, StandardNormal};

/// The contrast by its definition: generalised least squares with the whole covariance of an autoregression.
#[test]
fn the_contrast_is_that_of_generalised_least_squares_gaps_included() {
    let mut scores = vec![0.3, -0.8, 1.4, 0.2, 2.1, 1.7, 0.9, -0.4, 0.6, -1.1, 0.1, 0.5];
    scores[8] = f64::NAN;
    for (rho, from, to) in [(0.0, 3, 7), (0.5, 3, 7), (0.5, 7, 10), (0.3, 0, 4), (0.6, 9, 12)] {
        let series = Whitened::new(&scores, rho, 0.0);
        // Across a gap the whitening forgets: two stretches, each a process of its own.
        let seen: Vec<usize> = (0..12).filter(|&t| !scores[t].is_nan()).collect();
        let apart = |a: usize, b: usize| (a < 8) != (b < 8);
        let covariance = DMatrix::from_fn(11, 11, |i, j| {
            let (a, b) = (seen[i], seen[j]);
            if apart(a, b) { 0.0 } else { f64::powi(rho, a.abs_diff(b) as i32) }
        });
        let inverse = covariance.try_inverse().unwrap();
        let x = DVector::from_iterator(11, seen.iter().map(|&t| scores[t]));
        let raised = DVector::from_iterator(11, seen.iter().map(|&t| f64::from(u8::from((from..to).contains(&t)))));
        let weighted = &inverse * &raised;
        let exact = weighted.dot(&x) / weighted.dot(&raised).sqrt();
        let ours = series.contrast(from, to, true);
        assert!((ours - exact).abs() < 1e-12, "{rho} {from}..{to}: {ours} {exact}");
    }
}

fn episode(onset: usize, end: usize) -> Episode {
    Episode {
        sign: 1.0,
        onset,
        first_seen: onset,
        detected: end,
        end,
        open: false,
        level_shift: false,
        peak: onset,
        peak_z: 3.0,
        p: 1e-3,
        window: 1,
    }
}

fn noise(n: usize, seed: u64) -> Vec<f64> {
    let mut rng = generator(seed, 0);
    (0..n).map(|_| 7.0 + 0.15 * <StandardNormal as Distribution<f64>>::sample(&StandardNormal, &mut rng)).collect()
}

#[test]
fn a_raised_week_is_improbable_and_a_calm_one_is_not() {
    let windows = [1, 2, 3, 7, 14, 28];
    let (mut telling, mut silent) = (0, 0);
    for seed in 0..40 {
        let mut x = noise(184, seed);
        silent += u32::from(p_values(&x, &[episode(100, 106)], &[7], &windows)[0] > 0.01);
        x[100..107].iter_mut().for_each(|v| *v += 1.42f64.ln());
        telling += u32::from(p_values(&x, &[episode(100, 106)], &[7], &windows)[0] < 1e-3);
    }
    assert!(telling >= 36 && silent >= 36, "{telling} {silent}");
}

#[test]
fn without_calm_periods_on_either_side_nothing_is_said() {
    let x = noise(184, 3);
    assert_eq!(p_values(&x, &[episode(175, 183)], &[7], &[1, 3, 7]), [1.0]);
    assert_eq!(p_values(&x[..50], &[episode(20, 27)], &[7], &[1, 3, 7]), [1.0]);
}

proptest! {
    #[test]
    fn p_values_are_probabilities_whatever_the_series(
        mut x in proptest::collection::vec(prop_oneof![Just(f64::NAN), -5.0..5.0f64, Just(2.0)], 60..200),
        at in 0usize..50,
        len in 1usize..9,
    ) {
        x[at] = 3.0;
        let p = p_values(&x, &[episode(at, at + len)], &[7], &[1, 2, 3, 7, 14, 28]);
        prop_assert!(p.len() == 1 && p[0] >= 0.0 && p[0] <= 1.0, "{p:?}");
    }
}
