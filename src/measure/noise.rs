//! Noise that remembers: an autoregression of order one on the residuals of a baseline, from which other courses of
//! the same series are drawn (sieve bootstrap, Bühlmann 1997, Bernoulli 3). Each draw also draws the parameters, so
//! that a short baseline makes wide intervals.

use crate::measure::expected::Expected;
use crate::stats::robust::mean;
use rand::{Rng, RngExt};
use rand_distr::{ChiSquared, Distribution, Exp1, StandardNormal};

/// The noise of a series on its working scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Noise {
    /// Correlation of neighbours, corrected for the bias of a short baseline.
    pub phi: f64,
    /// Sorted.
    innovations: Vec<f64>,
    /// Innovations above and below these thresholds are drawn from exponential tails with these means.
    upper: Tail,
    lower: Tail,
    n: f64,
    freedom: f64,
    /// Length of a block (a day of hours), standard deviation and memory of what its periods have in common beyond
    /// the autoregression.
    block: Option<(usize, f64, f64)>,
}

/// The outer tenth of the innovations on one side: where it starts, how far beyond on average, how many.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tail {
    threshold: f64,
    excess: f64,
    count: usize,
}

impl Tail {
    /// `values` from the outermost inwards.
    fn of(values: impl ExactSizeIterator<Item = f64> + Clone) -> Tail {
        let count = values.len() / 10;
        let threshold = values.clone().nth(count).unwrap_or(0.0);
        let sum: f64 = values.take(count).map(|v| v - threshold).sum();
        Tail { threshold, excess: sum / count.max(1) as f64, count }
    }

    fn draw(&self, rng: &mut impl Rng) -> f64 {
        let beyond: f64 = Exp1.sample(rng);
        self.threshold + self.excess * beyond
    }
}

impl Noise {
    /// Learns the noise from the residuals of a fit. `block`: length of the shortest season if there are several (a
    /// day of hours), whose periods may share noise that an autoregression from hour to hour does not see.
    pub fn of(fit: &Expected, block: Option<usize>) -> Noise {
        let r = &fit.residuals;
        let limit = 3.0 * fit.spread;
        let clipped = |v: f64| v.clamp(-limit, limit);
        let (mut cross, mut square, mut pairs) = (0.0, 0.0, 0usize);
        for pair in r.windows(2).filter(|p| p[0].is_finite() && p[1].is_finite()) {
            cross += clipped(pair[0]) * clipped(pair[1]);
            square += (clipped(pair[0]).powi(2) + clipped(pair[1]).powi(2)) / 2.0;
            pairs += 1;
        }
        let raw = if square > 0.0 { cross / square } else { 0.0 };
        // Estimating the mean biases the correlation by about −(1 + 3φ)/n (Marriott & Pope 1954).
        let phi = (raw + (1.0 + 3.0 * raw) / pairs.max(8) as f64).clamp(-0.3, 0.95);
        let mut innovations: Vec<f64> =
            r.windows(2).filter(|p| p[0].is_finite() && p[1].is_finite()).map(|p| p[1] - phi * p[0]).collect();
        if innovations.len() < 4 {
            let shrink = (1.0 - phi * phi).sqrt();
            innovations = r.iter().filter(|v| v.is_finite()).map(|v| v * shrink).collect();
        }
        let mean = innovations.iter().sum::<f64>() / innovations.len().max(1) as f64;
        let n = fit.n as f64;
        let inflate = (n / (n - fit.spent).max(1.0)).sqrt();
        innovations.iter_mut().for_each(|v| *v = (*v - mean) * inflate);
        let freedom = (n * (1.0 - phi) / (1.0 + phi.max(0.0)) - fit.spent).max(4.0);
        innovations.sort_unstable_by(f64::total_cmp);
        let upper = Tail::of(innovations.iter().rev().copied());
        let lower = Tail::of(innovations.iter().map(|v| -v));
        let block = block.and_then(|length| shared(r, length, phi));
        Noise { phi, innovations, upper, lower, n, freedom, block }
    }

    /// One innovation: an observed one, or from a tail beyond what a short baseline could show.
    fn innovation(&self, rng: &mut impl Rng) -> f64 {
        let n = self.innovations.len();
        if n == 0 {
            return 0.0;
        }
        let rank = rng.random_range(0..n);
        if rank < self.lower.count {
            -self.lower.draw(rng)
        } else if n - 1 - rank < self.upper.count {
            self.upper.draw(rng)
        } else {
            self.innovations[rank]
        }
    }

    /// Fills `path` with one course of the noise.
    pub fn draw(&self, path: &mut [f64], rng: &mut impl Rng) {
        let wander: f64 = StandardNormal.sample(rng);
        let phi = (self.phi + wander * ((1.0 - self.phi * self.phi) / self.n).sqrt()).clamp(-0.3, 0.97);
        // `freedom` is at least 4, so the distribution exists.
        let scale = ChiSquared::new(self.freedom).map_or(1.0, |d| (self.freedom / d.sample(rng)).sqrt());
        let mut innovation = || scale * self.innovation(rng);
        let mut state = innovation() / (1.0 - phi * phi).sqrt();
        for _ in 0..8 {
            state = phi * state + innovation();
        }
        for value in path.iter_mut() {
            state = phi * state + innovation();
            *value = state;
        }
        let Some((length, sd, memory)) = self.block else { return };
        let mut level: f64 = StandardNormal.sample(rng);
        for day in path.chunks_mut(length) {
            let step: f64 = StandardNormal.sample(rng);
            level = memory * level + (1.0 - memory * memory).sqrt() * step;
            day.iter_mut().for_each(|v| *v += scale * sd * level);
        }
    }
}

/// (length, standard deviation, memory) of what the periods of a block share: the variance of the block means beyond
/// what an autoregression with correlation `phi` gives them. `None` where there is none, or fewer than eight blocks.
fn shared(residuals: &[f64], length: usize, phi: f64) -> Option<(usize, f64, f64)> {
    let means: Vec<f64> = residuals.chunks_exact(length.max(1)).map(mean).filter(|m| m.is_finite()).collect();
    let blocks = means.len() as f64;
    if length < 2 || means.len() < 8 {
        return None;
    }
    let center = mean(&means);
    let variance = means.iter().map(|m| (m - center).powi(2)).sum::<f64>() / (blocks - 1.0);
    let total = mean(&residuals.iter().map(|r| r * r).collect::<Vec<_>>());
    let n = length as f64;
    let implied = total / n * (1.0 + 2.0 * (1..length).map(|k| (1.0 - k as f64 / n) * phi.powi(k as i32)).sum::<f64>());
    let excess = variance - implied;
    let cross = means.windows(2).map(|p| (p[0] - center) * (p[1] - center)).sum::<f64>() / (blocks - 1.0);
    let raw = if excess > 0.0 { (cross / excess).clamp(-0.2, 0.9) } else { return None };
    Some((length, excess.sqrt(), (raw + (1.0 + 3.0 * raw) / blocks).clamp(0.0, 0.9)))
}
