//! How much there is to find: the same panels seen by a test that is told level, season, spread, memory and the length
//! of the surge, and has only to find out where it is, if it is.
use crate::detection::{RATE, SERIES};
use crate::panels::{Noise, normal};
use floodmark::stats::resample::generator;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StudentT};

/// Series without a surge that tell how large the statistic is by chance, and panels in which surges are looked for.
const NULLS: u64 = 20_000;
const PANELS: u64 = 300;

/// Share of surges of `lift` over `len` days found at the same false-discovery rate.
pub fn ceiling(noise: Noise, n: usize, lift: f64, len: usize) -> f64 {
    let mut nulls: Vec<f64> = (0..NULLS).map(|i| one(&mut generator(51, i), noise, n, lift, len, None)).collect();
    nulls.sort_unstable_by(f64::total_cmp);
    let p = |statistic: f64| {
        let beyond = nulls.len() - nulls.partition_point(|null| *null < statistic);
        (beyond + 1) as f64 / (nulls.len() + 1) as f64
    };
    let (mut found, planted) = (0, SERIES / 10);
    for run in 0..PANELS {
        let mut rng = generator(52, run);
        let ps: Vec<f64> = (0..SERIES)
            .map(|i| {
                let start = (i < planted).then(|| rng.random_range(n - 104..n - 34));
                p(one(&mut rng, noise, n, lift, len, start))
            })
            .collect();
        let mut sorted = ps.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let passed = (1..=SERIES).rev().find(|r| sorted[r - 1] <= RATE * *r as f64 / SERIES as f64).unwrap_or(0);
        found += ps[..planted].iter().filter(|p| **p <= RATE * passed as f64 / SERIES as f64).count();
    }
    found as f64 / (PANELS as usize * planted) as f64
}

/// The largest statistic of one series, with a surge from `start` on if there is one.
fn one(rng: &mut impl Rng, noise: Noise, n: usize, lift: f64, len: usize, start: Option<usize>) -> f64 {
    let (sd, rho) = match noise {
        Noise::Gaussian(sd) | Noise::Student(sd) => (sd, 0.0),
        Noise::Ar(rho, sd) => (sd, rho),
        Noise::UpTo15 => (rng.random_range(0.05..0.15), 0.0),
        // Of the logarithm, nearly Normal for counts as large as these.
        Noise::Counts(mean, size) => ((1.0 / mean + 1.0 / size).sqrt(), 0.0),
    };
    let raised = (1.0 + lift).ln() / sd;
    let fresh = (1.0 - rho * rho).sqrt();
    let t3 = StudentT::new(3.0).expect("three degrees of freedom");
    let mut state = normal(rng);
    let mut errors: Vec<f64> = (0..n)
        .map(|_| match noise {
            Noise::Student(_) => t3.sample(rng) / 3f64.sqrt(),
            _ => {
                state = rho * state + fresh * normal(rng);
                state
            }
        })
        .collect();
    if let Some(start) = start {
        errors[start..start + len].iter_mut().for_each(|e| *e += raised);
    }
    match noise {
        // The likelihood ratio, period by period.
        Noise::Student(_) => {
            let ratio = |e: &f64| 2.0 * ((1.0 + e * e) / (1.0 + (e - raised).powi(2))).ln();
            let ratios: Vec<f64> = errors.iter().map(ratio).collect();
            ratios.windows(len).map(|window| window.iter().sum()).fold(f64::NEG_INFINITY, f64::max)
        }
        _ => largest_pulse(&errors, rho, len),
    }
}

/// The largest z of a pulse of `len` in an autoregression of order one, by generalised least squares.
fn largest_pulse(errors: &[f64], rho: f64, len: usize) -> f64 {
    let fresh = (1.0 - rho * rho).sqrt();
    let innovation = |t: usize| (errors[t] - rho * errors[t - 1]) / fresh;
    let (first, inside, after) = (1.0 / fresh, (1.0 - rho) / fresh, -rho / fresh);
    let size = (first * first + (len - 1) as f64 * inside * inside + after * after).sqrt();
    let pulse = |from: usize| {
        let amid: f64 = (from + 1..from + len).map(innovation).sum();
        (first * innovation(from) + inside * amid + after * innovation(from + len)) / size
    };
    (1..errors.len() - len).map(pulse).fold(f64::NEG_INFINITY, f64::max)
}
