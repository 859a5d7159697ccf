//! How improbable an episode is, seen from the whole series.
//!
//! The walk judges a period by its past alone: a level known from eight weeks, a spread and an autocorrelation known
//! from what had gone before. Once a surge is over, the periods after it know as much about all three as those before.
//! This is the test of a pulse in an autoregressive series (Box & Tiao 1975, JASA 70; Fox 1972, JRSS B 34): the
//! residuals' Normal scores are whitened, and a raised window is looked for with the shape it has after that: a step
//! up, a stretch of 1 − ρ, a step down. How much such windows vary is checked against all windows of that length
//! elsewhere in the series.

use crate::baseline::seasonal::Season;
use crate::detect::heaviness::Heaviness;
use crate::detect::scores::{
    MODEL_BLOCKS, Scores, WINSOR, WINSOR_BIAS, degrees, looks, mean_of_correlated, safe_correlation,
};
use crate::detect::surge::Episode;
use crate::stats::robust::{huber_step, mad_sd_with, median_with};
use crate::stats::tail::student_sf;

/// Observed values on either side from which the level in the middle is taken, in cycles of the season.
const SIDE_CYCLES: usize = 4;
/// Beyond how many standard deviations a value no longer pulls the level (Huber 1964).
const HUBER: f64 = 1.5;
/// A window of three has at most so many times the degrees of freedom of its residuals' tails.
const SHORT_DEGREES: f64 = 5.0;
/// The least variance of a window, as a part of the model's.
const LEAST_PART: f64 = 0.9;
/// Shorter windows are left to the walk: single wild periods are no matter of levels.
const SHORTEST: usize = 3;
/// A series with fewer observed values has no hindsight.
const LEAST_VALUES: usize = 56;

/// One-sided p-value of each of `episodes` (of the most telling window within it, corrected for the choice of length but
/// not of place) in the series `x` (working scale, `NaN` = gap); 1 where nothing can be said. `seasons` in samples, the
/// shorter first; `windows` are the lengths looked at.
pub fn p_values(x: &[f64], episodes: &[Episode], seasons: &[usize], windows: &[usize]) -> Vec<f64> {
    let windows: Vec<usize> = windows.iter().copied().filter(|w| *w >= SHORTEST).collect();
    let observed = x.iter().filter(|v| !v.is_nan()).count();
    if observed < LEAST_VALUES || windows.is_empty() {
        return vec![1.0; episodes.len()];
    }
    let tails = Whitened::each(x, episodes, seasons);
    let Some((_, series)) = tails.first() else { return vec![1.0; episodes.len()] };
    let scales: Vec<Vec<f64>> =
        windows.iter().map(|w| tails.iter().map(|(_, series)| series.inflation(*w)).collect()).collect();
    let side = SIDE_CYCLES * cycle(seasons) / 2;
    let of = |episode: &Episode| {
        let mut best = 1.0f64;
        for (w, scale) in windows.iter().zip(&scales) {
            // Half of the window, or all of the episode, lies in the episode.
            let first = episode.onset.saturating_sub(w / 2);
            let last = (episode.end + 1).min(x.len().saturating_sub(*w));
            for a in first..=last {
                let common = (a + w).min(episode.end + 1).saturating_sub(a.max(episode.onset));
                if 2 * common < *w || !series.is_amid(a, a + w, side) {
                    continue;
                }
                let tail = |((weight, series), scale): (&(f64, Whitened), &f64)| {
                    let z = episode.sign * series.contrast(a, a + w, true) / scale.sqrt();
                    weight * student_sf(z, series.degrees_of(*w))
                };
                let p: f64 = tails.iter().zip(scale).map(tail).sum();
                best = best.min(looks(*w, windows.len()) * p);
            }
        }
        best
    };
    episodes.iter().map(of).collect()
}

fn cycle(seasons: &[usize]) -> usize {
    seasons.first().copied().unwrap_or(7).max(2)
}

/// The scores of a series, whitened, as running sums.
struct Whitened {
    rho: f64,
    degrees: f64,
    /// Degrees of freedom of the residuals' tails.
    freedom: f64,
    /// Variance of the level, in units of the scores' variance.
    level_error: f64,
    /// Innovation of each period, 0 for a gap, and the response of a raised level in it.
    innovation: Vec<f64>,
    response: Vec<f64>,
    /// Whether the period before was observed too.
    follows: Vec<bool>,
    /// Σ response × innovation and Σ response² before each period.
    product: Vec<f64>,
    square: Vec<f64>,
    masked: Vec<usize>,
    /// Number of calm observed periods before each.
    calm: Vec<usize>,
}

impl Whitened {
    /// One for each degree of freedom that the residuals may have, with its weight; none where there is too little.
    fn each(x: &[f64], episodes: &[Episode], seasons: &[usize]) -> Vec<(f64, Whitened)> {
        let mut masked = vec![false; x.len()];
        episodes.iter().for_each(|e| masked[e.onset..=e.end].fill(true));
        let calm: Vec<f64> = x.iter().zip(&masked).map(|(v, m)| if *m { f64::NAN } else { *v }).collect();
        let season = Season::learn(&calm, 0, seasons);
        let cycle = cycle(seasons);
        let seasonless = |v: &[f64]| -> Vec<f64> { v.iter().enumerate().map(|(t, v)| v - season.at(t)).collect() };
        let level = level(&seasonless(&calm), cycle, SIDE_CYCLES * cycle);
        let residual: Vec<f64> = seasonless(x).iter().zip(&level).map(|(v, level)| v - level).collect();
        let kept = |t: &usize| !masked[*t] && !residual[*t].is_nan();
        let n = (0..x.len()).filter(kept).count();
        if n < LEAST_VALUES / 2 {
            return Vec::new();
        }
        let spread = winsorised((0..x.len()).filter(kept).map(|t| residual[t]));
        if spread.is_nan() || spread <= 0.0 {
            return Vec::new();
        }
        let mut heaviness = Heaviness::of_scores(x.len() as f64 * 10.0);
        (0..x.len()).filter(kept).for_each(|t| heaviness.learn(residual[t] / spread));
        let window = 2.0 * (SIDE_CYCLES * cycle) as f64;
        let of = |(freedom, weight): (f64, f64)| {
            let scores = Scores::new(freedom);
            let scores: Vec<f64> = residual.iter().map(|r| scores.of(r / spread)).collect();
            let rho = correlation(&scores, &masked, window);
            // The level is a Huber mean of so many values.
            let level_error = mean_of_correlated(0.95 * window, rho);
            (weight, Whitened::of_scores(&scores, &masked, freedom, rho, level_error))
        };
        heaviness.posterior().into_iter().map(of).collect()
    }

    fn of_scores(scores: &[f64], masked: &[bool], freedom: f64, rho: f64, level_error: f64) -> Whitened {
        let n = scores.len();
        let fresh = (1.0 - rho * rho).sqrt();
        let (mut innovation, mut response, mut follows) = (vec![0.0; n], vec![0.0; n], vec![false; n]);
        let (mut product, mut square, mut hidden) = (vec![0.0; n + 1], vec![0.0; n + 1], vec![0; n + 1]);
        let mut calm = vec![0; n + 1];
        for t in 0..n {
            if !scores[t].is_nan() {
                follows[t] = t > 0 && !scores[t - 1].is_nan();
                let carried = if follows[t] { rho } else { 0.0 };
                let unit = if follows[t] { fresh } else { 1.0 };
                let before = if follows[t] { scores[t - 1] } else { 0.0 };
                innovation[t] = (scores[t] - carried * before) / unit;
                response[t] = (1.0 - carried) / unit;
            }
            product[t + 1] = product[t] + response[t] * innovation[t];
            square[t + 1] = square[t] + response[t] * response[t];
            hidden[t + 1] = hidden[t] + usize::from(masked[t]);
            calm[t + 1] = calm[t] + usize::from(!masked[t] && !scores[t].is_nan());
        }
        Whitened {
            rho,
            degrees: degrees(calm[n] as f64, rho),
            freedom,
            level_error,
            innovation,
            response,
            follows,
            product,
            square,
            masked: hidden,
            calm,
        }
    }

    /// Whether there are `least` calm periods on either side: without those after it, a window is not seen from after it.
    fn is_amid(&self, from: usize, to: usize, least: usize) -> bool {
        self.calm[from] >= least && self.calm[self.calm.len() - 1] - self.calm[to] >= least
    }

    /// How far `from..to` is raised, in standard deviations. `apart`: whether the level was learnt without the window.
    fn contrast(&self, from: usize, to: usize, apart: bool) -> f64 {
        let (mut product, mut square) = (self.product[to] - self.product[from], self.square[to] - self.square[from]);
        let fresh = (1.0 - self.rho * self.rho).sqrt();
        let edges = [(from, 1.0 / fresh), (to, -self.rho / fresh)];
        // What a change of the level by one does to all of these innovations.
        let mut level = square;
        for (t, step) in edges.into_iter().filter(|(t, _)| *t < self.follows.len() && self.follows[*t]) {
            let inside = if t == from { self.response[t] } else { 0.0 };
            product += (step - inside) * self.innovation[t];
            square += step * step - inside * inside;
            level += (step - inside) * self.response[t];
        }
        if square <= 0.0 {
            return 0.0;
        }
        let known = self.level_error * level * level / square;
        let variance = if apart { 1.0 + known } else { (1.0 - known).max(0.25) };
        product / (square * variance).sqrt()
    }

    /// Degrees of freedom by which a window of `w` is judged: three scores do not make a Normal sum where tails are heavy.
    fn degrees_of(&self, w: usize) -> f64 {
        if w == 3 { self.degrees.min(SHORT_DEGREES * self.freedom) } else { self.degrees }
    }

    /// Variance of the contrasts of windows of `w` outside episodes, mixed with the 1 that it should be.
    fn inflation(&self, w: usize) -> f64 {
        let (mut sum, mut n) = (0.0, 0.0);
        for a in 0..(self.innovation.len() + 1).saturating_sub(w) {
            let calm = self.masked[a + w] == self.masked[a];
            if calm && self.square[a + w] - self.square[a] > 0.0 {
                sum += self.contrast(a, a + w, false).clamp(-WINSOR, WINSOR).powi(2) / WINSOR_BIAS;
                n += 1.0;
            }
        }
        let blocks = n / w as f64;
        let seen = if n > 0.0 { sum / n } else { 1.0 };
        ((MODEL_BLOCKS + blocks * seen) / (MODEL_BLOCKS + blocks)).max(LEAST_PART)
    }
}

/// Lag-1 correlation of neighbours outside episodes, corrected for its bias where the mean is learnt from `window` values
/// (Kendall 1954), on the safe side of its standard error.
fn correlation(scores: &[f64], masked: &[bool], window: f64) -> f64 {
    let (mut products, mut squares, mut pairs) = (0.0, 0.0, 0.0f64);
    for t in 1..scores.len() {
        let (a, b) = (scores[t - 1].clamp(-WINSOR, WINSOR), scores[t].clamp(-WINSOR, WINSOR));
        if !masked[t] && !masked[t - 1] && !a.is_nan() && !b.is_nan() {
            products += a * b;
            squares += (a * a + b * b) / 2.0;
            pairs += 1.0;
        }
    }
    if squares <= 0.0 {
        return 0.95;
    }
    safe_correlation(products / squares, window.min(pairs), pairs)
}

/// Spread of values around 0: a standard deviation in which none counts for more than three of it.
fn winsorised(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let mut spread = mad_sd_with(values.clone(), 0.0, &mut Vec::new());
    for _ in 0..3 {
        let bound = WINSOR * spread;
        let (sum, n) = values.clone().fold((0.0, 0.0), |(sum, n), v| (sum + v.clamp(-bound, bound).powi(2), n + 1.0));
        spread = (sum / n / WINSOR_BIAS).sqrt();
    }
    spread
}

/// Level at every index: at every `cycle`-th a Huber step from the median of the nearest `side` observed values on
/// either side, straight lines between.
fn level(values: &[f64], cycle: usize, side: usize) -> Vec<f64> {
    let known: Vec<usize> = (0..values.len()).filter(|&t| !values[t].is_nan()).collect();
    let mut scratch = Vec::new();
    let mut at = |t: usize| {
        let place = known.partition_point(|&u| u < t);
        let near = &known[place.saturating_sub(side)..(place + side).min(known.len())];
        let near = near.iter().map(|&u| values[u]);
        let middle = median_with(near.clone(), &mut scratch);
        let spread = mad_sd_with(near.clone(), middle, &mut scratch);
        middle + huber_step(near.map(|v| (v, 1.0)), middle, HUBER * spread)
    };
    let last = values.len().saturating_sub(1);
    let knots: Vec<usize> = (0..last).step_by(cycle).chain([last]).collect();
    let heights: Vec<f64> = knots.iter().map(|&t| at(t)).collect();
    let mut level = vec![heights.first().copied().unwrap_or(f64::NAN); values.len()];
    for (pair, height) in knots.windows(2).zip(heights.windows(2)) {
        let steps = (pair[1] - pair[0]).max(1) as f64;
        for (step, value) in level[pair[0]..=pair[1]].iter_mut().enumerate() {
            *value = height[0] + step as f64 / steps * (height[1] - height[0]);
        }
    }
    level
}

#[cfg(test)]
mod tests {
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
            let series = Whitened::of_scores(&scores, &[false; 12], f64::INFINITY, rho, 0.0);
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
}
