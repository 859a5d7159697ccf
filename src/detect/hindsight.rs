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
    KNOWN, MODEL_BLOCKS, Scores, WINSOR, WINSOR_BIAS, degrees, looks, mean_of_correlated, safe_correlation,
};
use crate::detect::surge::Episode;
use crate::stats::robust::{cut_off, huber_step, mad_sd_with, median_and_mad_sd};
use crate::stats::tail::student_sf;
use std::collections::HashMap;
use std::ops::Range;

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

/// Episodes that chance makes less often than this are left out of what a series is judged by. Leaving out whatever
/// happened to be high would make level and spread too small for the rest.
const MASKED_P: f64 = 2e-3;

/// One-sided p-value of each surge among `episodes` (of the most telling window within it, corrected for the choice of
/// length but not of place) in the series `x` (working scale, `NaN` = gap); 1 where nothing can be said, and for falls,
/// which are judged as they came. `seasons` in samples, the shorter first; `windows` are the lengths looked at.
pub fn p_values(x: &[f64], episodes: &[Episode], seasons: &[usize], windows: &[usize]) -> Vec<f64> {
    let windows: Vec<usize> = windows.iter().copied().filter(|w| *w >= SHORTEST).collect();
    match Whole::learn(x, episodes, seasons, windows) {
        Some(whole) => episodes.iter().map(|e| if e.sign > 0.0 { whole.p_value(e) } else { 1.0 }).collect(),
        None => vec![1.0; episodes.len()],
    }
}

/// What the whole of a series tells of its level and noise.
struct Whole {
    cycle: usize,
    windows: Vec<usize>,
    /// Values without the season.
    seasonless: Vec<f64>,
    /// Observed periods outside telling episodes, in order.
    calm: Vec<usize>,
    spread: f64,
    noises: Vec<Noise>,
}

/// The noise of a series if its residuals had tails of so many degrees of freedom.
struct Noise {
    weight: f64,
    freedom: f64,
    scores: Scores,
    rho: f64,
    /// Variance of the level, in units of the scores' variance.
    level_error: f64,
    /// For each length of window the degrees of freedom by which it is judged.
    degrees: Vec<f64>,
    /// For each length of window how much more such windows vary than they should.
    inflation: Vec<f64>,
}

impl Whole {
    /// `None` where there is too little.
    fn learn(x: &[f64], episodes: &[Episode], seasons: &[usize], windows: Vec<usize>) -> Option<Whole> {
        let mut masked = vec![false; x.len()];
        let telling = episodes.iter().filter(|e| e.p <= MASKED_P || e.level_shift);
        telling.for_each(|e| masked[e.onset..=e.end].fill(true));
        let calm: Vec<usize> = (0..x.len()).filter(|&t| !masked[t] && !x[t].is_nan()).collect();
        let observed = x.iter().filter(|v| !v.is_nan()).count();
        if observed < LEAST_VALUES || calm.len() < LEAST_VALUES / 2 || windows.is_empty() {
            return None;
        }
        let quiet: Vec<f64> = x.iter().zip(&masked).map(|(v, m)| if *m { f64::NAN } else { *v }).collect();
        let season = Season::learn(&quiet, 0, seasons);
        let mut seasonless = x.to_vec();
        season.take_out(&mut seasonless, 0);
        let cycle = seasons.first().copied().unwrap_or(7).max(2);
        let mut whole = Whole { cycle, windows, seasonless, calm, spread: f64::NAN, noises: Vec::new() };
        let residual = whole.residuals(0..x.len(), &whole.calm);
        whole.spread = winsorised(whole.calm.iter().map(|&t| residual[t]));
        if whole.spread.is_nan() || whole.spread <= 0.0 {
            return None;
        }
        let mut heaviness = Heaviness::of_scores(x.len() as f64 * 10.0);
        whole.calm.iter().for_each(|&t| heaviness.learn(residual[t] / whole.spread));
        whole.noises = heaviness
            .posterior()
            .into_iter()
            .map(|(freedom, weight)| whole.noise(&residual, &masked, freedom, weight))
            .collect();
        Some(whole)
    }

    fn noise(&self, residual: &[f64], masked: &[bool], freedom: f64, weight: f64) -> Noise {
        let scores = Scores::new(freedom);
        let scored: Vec<f64> = residual.iter().map(|r| scores.of(r / self.spread)).collect();
        let window = 2.0 * (SIDE_CYCLES * self.cycle) as f64;
        let rho = correlation(&scored, masked, window);
        // The level is a Huber mean of so many values.
        let level_error = mean_of_correlated(0.95 * window, rho);
        let series = Whitened::new(&scored, rho, level_error);
        let inflation = self.windows.iter().map(|w| series.inflation(*w, masked)).collect();
        let known = self.calm.len() as f64;
        // With little memory, ρ on the safe side already makes up for its own error.
        let degrees = self.windows.iter().map(|w| degrees(known, rho).max(degrees_of_pulse(known, rho, *w))).collect();
        Noise { weight, freedom, scores, rho, level_error, degrees, inflation }
    }

    /// Values of `range` less the level that the `calm` periods give them.
    fn residuals(&self, range: Range<usize>, calm: &[usize]) -> Vec<f64> {
        let level = level(&self.seasonless, calm, range.clone(), self.cycle, SIDE_CYCLES * self.cycle);
        self.seasonless[range].iter().zip(level).map(|(v, level)| v - level).collect()
    }

    /// The p-value of one episode, against a level that has no part of it.
    fn p_value(&self, episode: &Episode) -> f64 {
        let longest = self.windows.iter().copied().max().unwrap_or(0);
        let (n, end) = (self.seasonless.len(), episode.end + 1);
        // A window half of which lies in the episode is no longer than twice that, nor reaches further.
        let reach = longest.min(2 * (end - episode.onset));
        let near = episode.onset.saturating_sub(reach)..(end + reach).min(n);
        let before = &self.calm[..self.calm.partition_point(|&t| t < episode.onset)];
        let after = &self.calm[self.calm.partition_point(|&t| t < end)..];
        let side = SIDE_CYCLES * self.cycle;
        let level_from = before.len().saturating_sub(side + longest);
        let calm: Vec<usize> = before[level_from..].iter().chain(after.iter().take(side + longest)).copied().collect();
        let residual = self.residuals(near.clone(), &calm);
        let amid = |window: &Range<usize>| {
            let (left, right) = (window.start.min(episode.onset), window.end.max(end));
            let left = before.partition_point(|&t| t < left);
            let right = after.len() - after.partition_point(|&t| t < right);
            left.min(right) >= side / 2
        };
        let series: Vec<Whitened> = self
            .noises
            .iter()
            .map(|noise| {
                let scores: Vec<f64> = residual.iter().map(|r| noise.scores.of(r / self.spread)).collect();
                Whitened::new(&scores, noise.rho, noise.level_error)
            })
            .collect();
        let (mut best, mut z) = (1.0f64, Vec::with_capacity(series.len()));
        for (i, &w) in self.windows.iter().enumerate().filter(|(_, w)| **w <= reach) {
            // What every noise has seen further out already tells no more: the tail function is spared.
            let mut furthest = vec![f64::NEG_INFINITY; series.len()];
            // Half of the window, or all of the episode, lies in the episode.
            for from in episode.onset.saturating_sub(w / 2)..=end.min(n.saturating_sub(w)) {
                let window = from..from + w;
                let common = window.end.min(end).saturating_sub(from.max(episode.onset));
                if 2 * common < w || !amid(&window) {
                    continue;
                }
                let place = from - near.start;
                z.clear();
                z.extend(series.iter().map(|s| episode.sign * s.contrast(place, place + w, true)));
                if z.iter().zip(&furthest).all(|(z, furthest)| z <= furthest) {
                    continue;
                }
                furthest.iter_mut().zip(&z).for_each(|(furthest, z)| *furthest = furthest.max(*z));
                let p: f64 = self.noises.iter().zip(&z).map(|(noise, z)| noise.weight * noise.tail(*z, i, w)).sum();
                best = best.min(looks(w, self.windows.len()) * p);
            }
        }
        best
    }
}

impl Noise {
    /// How improbable it is that window length `i`, of `w` periods, is raised by so many standard deviations. Three
    /// scores do not make a Normal sum where tails are heavy.
    fn tail(&self, z: f64, i: usize, w: usize) -> f64 {
        let degrees = self.degrees[i];
        let degrees = if w == 3 { degrees.min(SHORT_DEGREES * self.freedom) } else { degrees };
        student_sf(z / self.inflation[i].sqrt(), degrees)
    }
}

/// The scores of a series, whitened, as running sums.
struct Whitened {
    level_error: f64,
    /// What is left, after whitening, of a step up and of one down.
    up: f64,
    down: f64,
    /// Innovation of each period, 0 for a gap, and the response of a raised level in it.
    innovation: Vec<f64>,
    response: Vec<f64>,
    /// Whether the period before was observed too.
    follows: Vec<bool>,
    /// Σ response × innovation and Σ response² before each period.
    product: Vec<f64>,
    square: Vec<f64>,
}

impl Whitened {
    fn new(scores: &[f64], rho: f64, level_error: f64) -> Whitened {
        let n = scores.len();
        let fresh = (1.0 - rho * rho).sqrt();
        let (mut innovation, mut response, mut follows) = (vec![0.0; n], vec![0.0; n], vec![false; n]);
        let (mut product, mut square) = (vec![0.0; n + 1], vec![0.0; n + 1]);
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
        }
        Whitened { level_error, up: 1.0 / fresh, down: -rho / fresh, innovation, response, follows, product, square }
    }

    /// How far `from..to` is raised, in standard deviations. `apart`: whether the level was learnt without the window.
    fn contrast(&self, from: usize, to: usize, apart: bool) -> f64 {
        let (mut product, mut square) = (self.product[to] - self.product[from], self.square[to] - self.square[from]);
        let edges = [(from, self.up), (to, self.down)];
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

    /// Variance of the contrasts of windows of `w` outside episodes, mixed with the 1 that it should be.
    fn inflation(&self, w: usize, masked: &[bool]) -> f64 {
        let (mut sum, mut n, mut calm_since) = (0.0, 0.0, 0);
        for end in 1..=masked.len() {
            if masked[end - 1] {
                calm_since = end;
            }
            let Some(a) = end.checked_sub(w).filter(|a| *a >= calm_since) else { continue };
            if self.square[end] - self.square[a] > 0.0 {
                sum += cut_off(self.contrast(a, end, false), WINSOR).powi(2) / WINSOR_BIAS;
                n += 1.0;
            }
        }
        let blocks = n / w as f64;
        let seen = if n > 0.0 { sum / n } else { 1.0 };
        ((MODEL_BLOCKS + blocks * seen) / (MODEL_BLOCKS + blocks)).max(LEAST_PART)
    }
}

/// Degrees of freedom of the variance of a pulse of `w` periods in an AR(1) process known from `n` of them. With innovations
/// of variance σ² it is σ² ÷ N, N = 1 + (w − 1)(1 − ρ)² + ρ²; its logarithm has the error of ln σ² and, by N′ ÷ N, that of
/// ρ (delta method), which do not depend on each other.
fn degrees_of_pulse(n: f64, rho: f64, w: usize) -> f64 {
    let inner = (w as f64 - 1.0) * (1.0 - rho);
    let by_rho = 2.0 * (rho - inner) / (1.0 + inner * (1.0 - rho) + rho * rho);
    n / (1.0 / KNOWN + by_rho.powi(2) * (1.0 - rho * rho) / 2.0)
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
        let (sum, n) = values.clone().fold((0.0, 0.0), |(sum, n), v| (sum + cut_off(v, bound).powi(2), n + 1.0));
        spread = (sum / n / WINSOR_BIAS).sqrt();
    }
    spread
}

/// Level over `range`: at every `cycle`-th period from the nearest `side` of the `calm` ones on either side, straight
/// lines between. Each side gives a Huber step from its median, and the line through both its value at the knot: within a
/// masked stretch a series that grows is not taken to stand still.
fn level(values: &[f64], calm: &[usize], range: Range<usize>, cycle: usize, side: usize) -> Vec<f64> {
    let (mut scratch, mut known) = (Vec::new(), HashMap::new());
    // What lies to the right of one knot lies to the left of a later one.
    let mut of = |near: Range<usize>| {
        *known.entry((near.start, near.end)).or_insert_with(|| {
            let near = calm[near].iter().map(|&u| values[u]);
            let (middle, spread) = median_and_mad_sd(near.clone(), &mut scratch);
            middle + huber_step(near.map(|v| (v, 1.0)), middle, HUBER * spread)
        })
    };
    let centre = |near: Range<usize>| calm[near.clone()].iter().sum::<usize>() as f64 / near.len() as f64;
    let mut at = |t: usize| {
        let place = calm.partition_point(|&u| u < t);
        let (first, last) = (place.saturating_sub(side), (place + side).min(calm.len()));
        let (left, right) = (first..place, place..last);
        if left.len() < side || right.len() < side {
            return of(first..last);
        }
        let (from, to) = (centre(left.clone()), centre(right.clone()));
        let (before, after) = (of(left), of(right));
        before + (t as f64 - from) / (to - from) * (after - before)
    };
    let (start, end) = (range.start / cycle * cycle, range.end.max(1) - 1);
    let mut level = Vec::with_capacity(range.len());
    let mut knot = (start, at(start));
    while knot.0 < end || level.is_empty() {
        let next = (knot.0 + cycle).min(values.len() - 1).max(knot.0 + 1);
        let height = at(next);
        let slope = (height - knot.1) / (next - knot.0) as f64;
        let own = knot.0.max(range.start)..next.min(range.end);
        level.extend(own.map(|t| knot.1 + (t - knot.0) as f64 * slope));
        knot = (next, height);
    }
    level.resize(range.len(), knot.1);
    level
}

#[cfg(test)]
mod tests;
