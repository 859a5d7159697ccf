//! Robust z of a period, and of the last few periods together, from the past alone.
//!
//! A residual is the working-scale distance between a value and what its baseline led to expect, so its spread holds
//! everything that makes such expectations fail: noise, autocorrelation, wandering levels, a short baseline. That
//! spread is not modelled but followed: for each window length, the errors actually made in the past, Winsorised
//! (Huber 1964), so that a surge does not widen it. This is the placebo in time of the synthetic-control literature
//! (Abadie, Diamond & Hainmueller 2010), period by period.

use crate::detect::heaviness::Heaviness;
use crate::detect::jump::Jumps;
use crate::detect::scores::{MODEL_BLOCKS, Scores, WINSOR, WINSOR_BIAS, degrees, looks, safe_correlation};
use crate::detect::windows::{Errors, MAX_WINDOWS, Model};
use crate::stats::plain::plain;
use crate::stats::tail::student_sf;

/// How many independent errors the baseline's own spread counts for while there are few real ones.
const PRIOR_ERRORS: f64 = 20.0;
/// Autocorrelation assumed, with the weight of `PRIOR_PAIRS` pairs, until the series has shown its own.
const PRIOR_CORRELATION: f64 = 0.2;
const PRIOR_PAIRS: f64 = 20.0;
/// Below so many spreads no window can tell anything: the tail function is spared.
const LEAST_Z: f64 = 2.0;
/// Variance of the cube of a standard Normal score Winsorised at 3 (15 without the clipping).
const SKEWNESS_VARIANCE: f64 = 13.0;
/// So many standard errors of the skewness are not believed.
const SURE: f64 = 0.5;
/// The least variance of a window, as a part of the model's.
const LEAST_PART: f64 = 0.8;
/// A window is raised if its mean lies so many of its standard deviations from the baseline.
const RAISED: f64 = 1.5;
/// An error is forgotten after about so many years: traffic has rare bad weeks, and they must be remembered.
const MEMORY_YEARS: f64 = 3.0;

/// The evidence at one period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// Residual ÷ spread of the single period; `NaN` for a gap.
    pub z: f64,
    /// One-sided p-value of the most telling window that ends here.
    pub p: f64,
    /// +1 if that window is raised, −1 if lowered.
    pub sign: f64,
    /// Its length in periods.
    pub window: usize,
}

/// Follows the errors of a series for a set of window lengths.
#[derive(Clone, Debug)]
pub struct Spread {
    windows: Vec<usize>,
    memory: f64,
    /// Winsorised variance of the mean of each window's residuals, and how many errors it stands on.
    variance: Vec<f64>,
    errors: Vec<f64>,
    /// Σ z·z' of neighbours and its weight, for autocorrelation.
    pairs: f64,
    correlation: f64,
    /// Mean cube of the scores.
    skewness: f64,
    singles: f64,
    previous: f64,
    /// Tails of single residuals, and of jumps from one period to the next.
    heaviness: Heaviness,
    jumps: Jumps,
    /// How a single residual counts, given the tails seen so far.
    scores: Scores,
    /// Variance of what the level lags behind.
    lag: f64,
    level_length: f64,
    model: Model,
}

plain!(Spread {
    windows,
    memory,
    variance,
    errors,
    pairs,
    correlation,
    skewness,
    singles,
    previous,
    heaviness,
    jumps,
    scores,
    lag,
    level_length,
    model,
});

impl Spread {
    /// `windows` in samples, the first being 1; `per_year` is the number of samples in a year.
    pub fn new(windows: &[usize], per_year: f64) -> Spread {
        let windows = &windows[..windows.len().min(MAX_WINDOWS)];
        let heaviness = Heaviness::of_scores(MEMORY_YEARS * per_year);
        let mut spread = Spread {
            windows: windows.to_vec(),
            memory: (MEMORY_YEARS * per_year).max(30.0),
            variance: vec![0.0; windows.len()],
            errors: vec![0.0; windows.len()],
            pairs: PRIOR_PAIRS,
            correlation: PRIOR_CORRELATION,
            skewness: 0.0,
            singles: PRIOR_PAIRS,
            previous: f64::NAN,
            scores: Scores::new(heaviness.freedom()),
            heaviness,
            jumps: Jumps::new(per_year, MEMORY_YEARS * per_year),
            lag: 0.0,
            level_length: 1.0,
            model: Model::default(),
        };
        spread.settle();
        spread
    }

    /// Draws the conclusions of what was learnt.
    pub(super) fn settle(&mut self) {
        self.model = Model::of(&self.windows, self.rho(), self.level_length);
    }

    /// Says how many observed values the level stands on: the fewer, the more its own error matters to long windows.
    /// `lag` is the standard deviation of what it lags behind by.
    pub fn stand_on(&mut self, observed: usize, lag: f64) {
        self.lag = lag * lag;
        // Recent values weigh more: so many equally weighted ones would give the same error.
        let length = (0.8 * observed as f64).max(1.0);
        if length != self.level_length {
            self.level_length = length;
            self.settle();
        }
    }

    /// Takes a first idea of autocorrelation and tails from the residuals of the first baseline around its own level.
    pub fn begin_with(&mut self, residuals: impl Iterator<Item = f64>, spread: f64) {
        for r in residuals {
            let before = self.previous;
            self.learn_shape(r / spread);
            if before.is_finite() {
                let rho = self.rho();
                let model = (1.0 - rho * rho).sqrt() * spread;
                self.jumps.learn(r - rho * spread * before, self.jumps.spread(model, 0.0));
            }
        }
        self.previous = f64::NAN;
        self.settle();
    }

    /// Spread of a single period's residual, given the spread of the baseline around its own level and a floor.
    pub fn single(&self, prior: f64, floor: f64) -> f64 {
        self.of_window(0, self.single_variance(prior), floor)
    }

    /// Spread of the mean of window `k`: what a first-order autoregression of the single residuals leads to expect,
    /// mixed with the errors that windows of this length really had. The first is known early, the second sees what
    /// the first cannot (wandering levels, holidays). `single` is the variance of a single residual.
    fn of_window(&self, k: usize, single: f64, floor: f64) -> f64 {
        let part = self.model.part[k];
        let model = single * self.model.contrast[k] + self.lag;
        let blocks = self.errors[k] * part;
        let mixed =
            if k == 0 { single } else { (MODEL_BLOCKS * model + blocks * self.variance[k]) / (MODEL_BLOCKS + blocks) };
        // Neighbours that undo each other earn little credit.
        mixed.max(LEAST_PART * model).max(floor * floor * part).sqrt()
    }

    fn single_variance(&self, prior: f64) -> f64 {
        let weight = PRIOR_ERRORS;
        (weight * prior * prior + self.errors[0] * self.variance[0]) / (weight + self.errors[0])
    }

    /// How far out `z` lies for a mean of `w` scores, had they no skewness to the left (Johnson 1978, JASA 73; the
    /// Cornish–Fisher expansion). Logarithms of small counts reach further down than up; only a skewness surely there counts.
    fn without_skew(&self, z: f64, w: usize) -> f64 {
        if w == 1 || z > 0.0 || self.skewness > 0.0 {
            return z.abs();
        }
        let sure = (-self.skewness - SURE * (SKEWNESS_VARIANCE / self.singles).sqrt()).max(0.0);
        z.abs() - sure / (6.0 * (w as f64).sqrt()) * (z * z - 1.0)
    }

    /// Degrees of freedom of the reference distribution of window `k`: few where the spread stands on few errors or
    /// where single residuals are heavy-tailed and the window too short to average that out.
    fn degrees(&self, k: usize) -> f64 {
        let df = degrees(self.singles, self.model.rho);
        // A few scores do not make a Normal sum where their tails are heavy.
        match self.windows[k] {
            2 => df.min(2.0 * self.scores.df),
            3 => df.min(8.0 * self.scores.df),
            _ => df,
        }
    }

    /// What a residual counts for in the windows that it is in, in its own units: its score, given the spread of a
    /// `single` one and the tails as they are known now.
    pub fn counts_for(&self, residual: f64, single: f64) -> f64 {
        single * self.scores.of(residual / single)
    }

    /// The most telling window that ends at `t`. `errors` may hold `NaN` (gaps); `prior` is the spread of the
    /// baseline around its level, `floor` the least spread a single value can have (counting noise). No window reaches
    /// back before `calm_since`, the first period after the last episode.
    pub fn evidence(&self, errors: &Errors, t: usize, calm_since: usize, prior: f64, floor: f64) -> Evidence {
        let residual = &errors.residual;
        let variance = self.single_variance(prior);
        let single = self.of_window(0, variance, floor);
        let z = residual[t] / single;
        let mut best = Evidence { z, p: 1.0, sign: 0.0, window: 1 };
        let contrasts = self.contrasts(errors, t, calm_since);
        for (k, &w) in self.windows.iter().enumerate() {
            let (mean, least) = (contrasts.mean[k], RAISED * single);
            // What comes back from a low is no surge: the window itself must be raised. Most are not: the rest is spared.
            if mean.is_nan() || mean * mean <= least * least * self.model.mean[k] {
                continue;
            }
            let z_window = if w == 1 {
                let (jump, spread) = self.jump(residual, t, calm_since, single, floor);
                jump / spread
            } else {
                contrasts.error[k] / self.of_window(k, variance, floor)
            };
            if z_window.abs() > LEAST_Z && mean * z_window > 0.0 {
                let size = self.without_skew(z_window, w);
                let tail = if w == 1 { self.jumps.sf(size) } else { student_sf(size, self.degrees(k)) };
                let p = (looks(w, self.windows.len()) * tail).min(1.0);
                if p < best.p {
                    best = Evidence { z, p, sign: z_window.signum(), window: w };
                }
            }
        }
        best
    }

    /// The contrast of every window that ends at `t`: the mean of its scores (in units of `x`) less what the period
    /// before the window leads to expect of it. In a series that wanders, yesterday says more than last month.
    fn contrasts(&self, errors: &Errors, t: usize, calm_since: usize) -> Contrasts {
        let Model { part, mean: model_mean, carried, .. } = &self.model;
        let mut contrasts = Contrasts { mean: [f64::NAN; MAX_WINDOWS], error: [f64::NAN; MAX_WINDOWS] };
        for (k, &w) in self.windows.iter().enumerate() {
            if t + 1 < calm_since + w {
                break;
            }
            let ((sum, seen), start, length) = (errors.of_window(t, w), t + 1 - w, w as f64);
            let before = if start > calm_since { errors.counted[start - 1] } else { f64::NAN };
            if seen == length && !before.is_nan() {
                let mean = sum * part[k];
                (contrasts.mean[k], contrasts.error[k]) = (mean, mean - carried[k] * before);
            } else if 2.0 * seen >= length {
                let (mean, blind) = (sum / seen, model_mean[k]);
                let (expected, unknown) = match before.is_nan() {
                    true => (0.0, blind / (blind - carried[k] * carried[k])),
                    false => (carried[k] * before, 1.0),
                };
                contrasts.mean[k] = mean;
                contrasts.error[k] = (mean - expected) / (unknown * length / seen).sqrt();
            }
        }
        contrasts
    }

    /// The residual at `t` less what the one before it led to expect, and the spread of such jumps.
    fn jump(&self, residual: &[f64], t: usize, calm_since: usize, single: f64, floor: f64) -> (f64, f64) {
        let before = if t > calm_since { residual[t - 1] / single } else { f64::NAN };
        if before.is_nan() {
            return (residual[t], single);
        }
        let rho = self.model.rho;
        let spread = self.jumps.spread((1.0 - rho * rho).sqrt() * single, floor);
        (residual[t] - rho * single * self.scores.of(before), spread)
    }

    /// Learns from the errors at `t`, and how large jumps are. Not to be called for periods inside a surge or drop: a surge
    /// must not widen the spread. `calm_since` is the first period after the last surge; windows that reach before it are
    /// not learnt.
    pub fn learn(&mut self, errors: &Errors, t: usize, calm_since: usize, prior: f64, floor: f64) {
        let mut variance = self.single_variance(prior);
        let single = self.of_window(0, variance, floor);
        let (jump, spread) = self.jump(&errors.residual, t, calm_since, single, floor);
        self.jumps.learn(jump, spread);
        let contrasts = self.contrasts(errors, t, calm_since);
        self.learn_window(0, contrasts.mean[0], variance, floor);
        // Longer windows know already what the single period has taught.
        variance = self.single_variance(prior);
        for k in 1..self.windows.len() {
            self.learn_window(k, contrasts.error[k], variance, floor);
        }
        self.learn_shape(errors.residual[t] / single);
        self.settle();
    }

    fn learn_window(&mut self, k: usize, error: f64, single: f64, floor: f64) {
        if error.is_nan() {
            return;
        }
        let bound = WINSOR * self.of_window(k, single, floor);
        let square = error.clamp(-bound, bound).powi(2);
        self.errors[k] = (self.errors[k] + 1.0).min(self.memory);
        self.variance[k] += (square / WINSOR_BIAS - self.variance[k]) / self.errors[k];
    }

    /// Autocorrelation, corrected for its small-sample bias (Kendall 1954), on the safe side of its standard error.
    fn rho(&self) -> f64 {
        safe_correlation(self.correlation.clamp(-1.0, 1.0), self.pairs, self.pairs)
    }

    fn learn_shape(&mut self, z: f64) {
        let score = self.scores.of(z);
        if z.is_finite() {
            self.singles = (self.singles + 1.0).min(self.memory);
            self.heaviness.learn(z);
            self.scores = Scores::new(self.heaviness.freedom());
            self.skewness += (score.clamp(-WINSOR, WINSOR).powi(3) - self.skewness) / self.singles;
            if self.previous.is_finite() {
                self.pairs = (self.pairs + 1.0).min(self.memory);
                let product = score.clamp(-WINSOR, WINSOR) * self.previous.clamp(-WINSOR, WINSOR);
                self.correlation += (product - self.correlation) / self.pairs;
            }
        }
        self.previous = score;
    }
}

/// What the windows that end in a period say; `NaN` where too little is known.
struct Contrasts {
    /// Mean of the scores.
    mean: [f64; MAX_WINDOWS],
    /// That mean less what was to be expected from the period before, in units in which it varies as usual where there
    /// are gaps, or nothing is known of the period before.
    error: [f64; MAX_WINDOWS],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_raised_periods_tell_more_than_one_wild_one() {
        let mut spread = Spread::new(&[1, 2, 4, 7], 365.0);
        let noise: Vec<f64> = (0..300).map(|i| ((i as f64 * 0.618_033_988_749).fract() - 0.5) * 0.4).collect();
        spread.stand_on(56, 0.0);
        let made = |spread: &Spread, errors: &mut Errors, residual: f64| {
            errors.make_room();
            errors.set(errors.len() - 1, residual, spread.counts_for(residual, spread.single(0.1, 0.0)));
        };
        let mut errors = Errors::default();
        for (t, residual) in noise[..290].iter().enumerate() {
            made(&spread, &mut errors, *residual);
            spread.learn(&errors, t, 0, 0.1, 0.0);
        }
        let evidence = |raise: &dyn Fn(usize) -> f64| {
            let mut errors = errors.clone();
            (290..297).for_each(|t| made(&spread, &mut errors, noise[t] + raise(t)));
            spread.evidence(&errors, 296, 0, 0.1, 0.0)
        };
        let (week, jump) = (evidence(&|_| 0.35), evidence(&|t| if t == 296 { 1.0 } else { 0.0 }));
        assert!(week.sign > 0.0 && week.p < 1e-4 && week.window > 1, "{week:?}");
        assert!(jump.p > 100.0 * week.p, "{jump:?} {week:?}");
    }
}
