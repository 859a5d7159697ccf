//! Noise that remembers: an autoregression of order one on the residuals of a baseline, from which other courses of
//! the same series are drawn (sieve bootstrap, Bühlmann 1997, Bernoulli 3). Each draw also draws the parameters, so
//! that a short baseline makes wide intervals.

use crate::measure::expected::Expected;
use crate::stats::autoregression::autoregression;
use crate::stats::luck::{Draw, RANKS, normal};
use crate::stats::robust::{mean, sort};

/// Periods that a course runs before it is looked at.
const WARM_UP: usize = 8;

/// The noise of a series on its working scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Noise {
    /// Correlation of neighbours, corrected for the bias of a short baseline.
    pub phi: f64,
    /// Quantiles of the innovations at (i + ½) ÷ [`RANKS`]: the observed ones, and beyond the outer tenths what a short
    /// baseline could not show.
    innovations: Vec<f64>,
    n: f64,
    freedom: f64,
    shared: Option<Shared>,
}

/// What the periods of a block (a day of hours) have in common beyond the autoregression.
#[derive(Clone, Debug, PartialEq)]
struct Shared {
    /// Periods of a block.
    length: usize,
    sd: f64,
    /// Correlation of neighbouring blocks.
    memory: f64,
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

    /// The value that a share `beyond` of the tail exceeds: tails are exponential.
    fn at(&self, beyond: f64) -> f64 {
        self.threshold - self.excess * beyond.ln()
    }
}

/// Quantiles of sorted `innovations`, with exponential tails.
fn quantiles(innovations: &[f64]) -> Vec<f64> {
    let n = innovations.len();
    let upper = Tail::of(innovations.iter().rev().copied());
    let lower = Tail::of(innovations.iter().map(|v| -v));
    let quantile = |i: usize| {
        let below = (i as f64 + 0.5) / RANKS as f64 * n as f64;
        let (rank, above) = (below as usize, n as f64 - below);
        if rank < lower.count {
            -lower.at(below / lower.count as f64)
        } else if n - 1 - rank < upper.count {
            upper.at(above / upper.count as f64)
        } else {
            innovations[rank]
        }
    };
    if n == 0 { vec![0.0; RANKS] } else { (0..RANKS).map(quantile).collect() }
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
        sort(&mut innovations);
        let shared = block.and_then(|length| shared(r, length, phi));
        Noise { phi, innovations: quantiles(&innovations), n, freedom, shared }
    }

    /// How many ranks a course of so many periods needs.
    pub(super) fn ranks(&self, length: usize) -> usize {
        let blocks = self.shared.as_ref().map_or(0, |shared| length / shared.length + 2);
        WARM_UP + 1 + length + blocks
    }

    /// Fills `path` with the course of the noise that a draw makes.
    pub(super) fn course(&self, draw: &Draw<'_>, path: &mut [f64]) {
        let [wander, size, _] = draw.parameters;
        let phi = (self.phi + wander * ((1.0 - self.phi * self.phi) / self.n).sqrt()).clamp(-0.3, 0.97);
        // freedom ÷ χ², by the cube that Wilson & Hilferty (1931, PNAS 17) make of a Normal number.
        let part = 2.0 / (9.0 * self.freedom);
        let scale = (1.0 - part + size * part.sqrt()).max(0.1).powi(3).sqrt().recip();
        let innovation = |rank: u16| self.innovations[usize::from(rank)];
        let (before, ranks) = draw.ranks.split_at(WARM_UP + 1);
        let begin = innovation(before[0]) / (1.0 - phi * phi).sqrt();
        let state = before[1..].iter().fold(begin, |state, rank| phi * state + innovation(*rank));
        autoregression(phi, scale * state, ranks.iter().map(|rank| scale * innovation(*rank)), path);
        if let Some(shared) = &self.shared {
            shared.add(&ranks[path.len()..], scale, path);
        }
    }
}

/// e to the power of `noise`, to five digits where that lies within ±4 and to three within ±10: courses are random, and there
/// are hundreds of millions of periods in them. Plain products, which a processor does side by side.
#[inline(always)]
pub(super) fn growth(noise: f64) -> f64 {
    let x = noise / 16.0;
    let mut power = 1.0 + x * (1.0 + x * (1.0 / 2.0 + x * (1.0 / 6.0 + x * (1.0 / 24.0 + x * (1.0 / 120.0)))));
    for _ in 0..4 {
        power *= power;
    }
    power
}

impl Shared {
    /// Adds it to a course.
    fn add(&self, ranks: &[u16], scale: f64, path: &mut [f64]) {
        let Shared { length, sd, memory } = self;
        let fresh = (1.0 - memory * memory).sqrt();
        let mut steps = ranks.iter().map(|rank| normal(*rank));
        let mut level = steps.next().unwrap_or(0.0);
        for (day, step) in path.chunks_mut(*length).zip(steps) {
            level = memory * level + fresh * step;
            day.iter_mut().for_each(|v| *v += scale * sd * level);
        }
    }
}

/// What the periods of a block share: the variance of the block means beyond
/// what an autoregression with correlation `phi` gives them. `None` where there is none, or fewer than eight blocks.
fn shared(residuals: &[f64], length: usize, phi: f64) -> Option<Shared> {
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
    let memory = (raw + (1.0 + 3.0 * raw) / blocks).clamp(0.0, 0.9);
    Some(Shared { length, sd: excess.sqrt(), memory })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_the_exponential_to_five_digits() {
        for i in -400..=400 {
            let noise = f64::from(i) / 100.0;
            assert!((growth(noise) / noise.exp() - 1.0).abs() < 1e-5, "{noise}");
        }
        assert!((growth(10.0) / 10f64.exp() - 1.0).abs() < 2e-3 && growth(-10.0) > 0.0);
    }
}
