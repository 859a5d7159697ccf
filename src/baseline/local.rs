//! What the next value of one series should be, from its past alone: a local level with a season, both followed
//! recursively in constant time and memory.
//!
//! Several forecasters run side by side: exponential levels (Brown 1959; Holt 1957) of different rates, without a
//! season and on top of each season the grid may have. The one with the smallest recent clipped absolute error
//! speaks, so neither the rate nor the season is chosen by hand or with hindsight. Every recursion is robust in the
//! manner of Gelper, Fried & Croux (2010, "Robust forecasting with exponential and Holt–Winters smoothing", eq. 3–5):
//! residuals enter the level clipped and the spread Winsorised. Two large residuals in a row on the same side are a
//! new level and not two outliers: the level is anchored there.

/// The spread of a series that has never moved from zero: it only keeps divisions possible.
pub(crate) const LEAST_SPREAD: f64 = 1e-150;

/// How fast the levels of each season follow; the slowest follows a season's length instead.
const RATES: [f64; 3] = [0.07, 0.3, 0.9];
/// A residual moves the level as if it were no larger than so many spreads (Huber 1964).
const CLIP: f64 = 2.5;
/// A squared residual enters the variance as if it were no larger than so many variances.
const WINSOR: f64 = 12.0;
/// Rate of the spread: it follows about the last sixty values.
const SPREAD_RATE: f64 = 1.0 / 60.0;
/// Rate of the long-run spread, and which part of it bounds the spread from below.
const LONG_RATE: f64 = 1.0 / 1000.0;
const LONG_FLOOR: f64 = 0.15;
/// Rate of the errors by which forecasters are compared.
const LOSS_RATE: f64 = 1.0 / 150.0;
/// A season is clear when it leaves less than this part of the errors.
const CLEAR: f64 = 0.85;
/// Seasons of more samples are only followed in coarse phases.
const FINEST: usize = 1500;
/// So many residuals in a row on one side anchor a level anew: for the quick levels and for the slow one.
const PATIENCE: u32 = 2;
const SLOW_PATIENCE: u32 = 40;

/// The forecast for one value, on the working scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Expected value by the forecaster with the smallest recent error.
    pub mean: f64,
    /// Standard deviation of its error.
    pub spread: f64,
    /// Expected value by the slow level (with the same season), which a lasting change cannot quickly bend.
    pub slow_mean: f64,
    /// Standard deviation of that error.
    pub slow_spread: f64,
}

/// One exponential level with its error.
#[derive(Clone, Debug, Default)]
struct Level {
    rate: f64,
    patience: u32,
    level: f64,
    recent: f64,
    variance: f64,
    long_variance: f64,
    loss: f64,
    run: u32,
    run_sign: f64,
    n: f64,
}

impl Level {
    fn new(rate: f64, patience: u32) -> Level {
        Level { rate, patience, ..Level::default() }
    }

    /// Standard deviation of the next error; a short past widens it.
    fn spread(&self) -> f64 {
        let variance = self.variance.max(LONG_FLOOR.powi(2) * self.long_variance);
        let young = 1.0 + 2.0 / self.n.max(1.0);
        (variance * young).sqrt().max(1e-9 * self.level.abs()).max(LEAST_SPREAD)
    }

    /// Takes in `y`, the value without its season; `reference` is the spread at which errors are clipped when
    /// forecasters are compared.
    fn update(&mut self, y: f64, reference: f64) {
        if self.n == 0.0 {
            (self.level, self.recent, self.n) = (y, y, 1.0);
            return;
        }
        let residual = y - self.level;
        let spread = self.spread();
        let share = 1.0 / self.n;
        self.loss += LOSS_RATE.max(share) * (residual.abs().min(4.0 * reference) - self.loss);
        self.follow_run(residual, spread);
        let before = self.recent;
        self.recent += if self.patience > PATIENCE { 0.1 } else { 1.0 } * (y - self.recent);
        if self.run >= self.patience {
            self.level = if self.patience > PATIENCE { self.recent } else { f64::midpoint(before, y) };
            self.run = 0;
        } else {
            let clip = if self.n < 3.0 { f64::INFINITY } else { CLIP * spread };
            self.level += self.rate.max(share / (1.0 + share)) * residual.clamp(-clip, clip);
        }
        let square = residual * residual;
        let bound = |variance: f64| if self.n < 3.0 { f64::INFINITY } else { WINSOR * variance.max(1e-4 * square) };
        let (short, long) = (square.min(bound(self.variance)), square.min(bound(self.long_variance)));
        self.variance += SPREAD_RATE.max(share) * (short - self.variance);
        self.long_variance += LONG_RATE.max(share) * (long - self.long_variance);
        self.n += 1.0;
    }

    fn follow_run(&mut self, residual: f64, spread: f64) {
        if residual.abs() <= CLIP * spread {
            self.run = 0;
        } else if self.run > 0 && residual.signum() == self.run_sign {
            self.run += 1;
        } else {
            (self.run, self.run_sign) = (1, residual.signum());
        }
    }
}

/// A season of `period` samples in `effects.len()` phases, with its levels: the slow one first.
#[derive(Clone, Debug)]
struct Seasonal {
    period: usize,
    effects: Vec<f64>,
    visits: Vec<f64>,
    levels: Vec<Level>,
}

impl Seasonal {
    fn new(period: usize, phases: usize) -> Seasonal {
        let slow = 1.0 / (period.clamp(60, 300) as f64);
        let mut levels = vec![Level::new(slow, SLOW_PATIENCE)];
        levels.extend(RATES.iter().map(|rate| Level::new(*rate, PATIENCE)));
        Seasonal { period, effects: vec![0.0; phases], visits: vec![0.0; phases], levels }
    }

    fn phase(&self, index: usize) -> usize {
        (index % self.period) * self.effects.len() / self.period
    }

    fn effect(&self, index: usize) -> f64 {
        self.effects[self.phase(index)]
    }

    fn update(&mut self, index: usize, x: f64, reference: f64) {
        let phase = self.phase(index);
        let y = x - self.effects[phase];
        if self.effects.len() > 1 && self.levels[0].n > 0.0 {
            let width = (self.period / self.effects.len()).max(1) as f64;
            let residual = y - self.levels[0].level;
            let clip = if self.visits[phase] < 2.0 * width { f64::INFINITY } else { 4.0 * self.levels[0].spread() };
            let rate = (1.0 / (self.visits[phase] + 1.0)).max(0.1 / width);
            self.effects[phase] += rate * residual.clamp(-clip, clip);
            self.visits[phase] += 1.0;
        }
        for level in &mut self.levels {
            level.update(y, reference);
        }
    }
}

/// Follows one series on its working scale.
#[derive(Clone, Debug)]
pub struct Local {
    seasons: Vec<Seasonal>,
    best: (usize, usize),
    index: usize,
    n: usize,
}

impl Local {
    /// A series of which nothing is known yet; `periods` are the seasons it may have, in samples.
    pub fn new(periods: &[usize]) -> Local {
        let mut seasons = vec![Seasonal::new(1, 1)];
        for &period in periods.iter().filter(|period| **period > 1) {
            // Many phases are slow to learn: a coarser copy of the same season competes with the fine one.
            let coarse = if period % 7 == 0 && period > 168 { 168 } else { 24 };
            if period > 2 * coarse {
                seasons.push(Seasonal::new(period, coarse));
            }
            if period <= FINEST {
                seasons.push(Seasonal::new(period, period));
            }
        }
        Local { seasons, best: (0, 0), index: 0, n: 0 }
    }

    /// Number of values seen (gaps not counted).
    pub fn observed(&self) -> usize {
        self.n
    }

    /// What the season adds to the next value; zero unless the season makes errors clearly smaller.
    pub fn clear_season(&self) -> f64 {
        let without = self.seasons[0].levels.iter().map(|level| level.loss).fold(f64::INFINITY, f64::min);
        let with = self.seasons[self.best.0].levels[self.best.1].loss;
        if with < CLEAR * without { self.seasons[self.best.0].effect(self.index) } else { 0.0 }
    }

    /// The forecast for the next value; `None` before the third.
    pub fn forecast(&self) -> Option<Forecast> {
        if self.n < 2 {
            return None;
        }
        let season = &self.seasons[self.best.0];
        let effect = season.effect(self.index);
        let (quick, slow) = (&season.levels[self.best.1], &season.levels[0]);
        Some(Forecast {
            mean: quick.level + effect,
            spread: quick.spread(),
            slow_mean: slow.level + effect,
            slow_spread: slow.spread(),
        })
    }

    /// Takes in the next value; `NaN` is a gap.
    pub fn update(&mut self, x: f64) {
        if !x.is_nan() {
            let reference = self.seasons[self.best.0].levels[self.best.1].spread();
            for season in &mut self.seasons {
                season.update(self.index, x, reference);
            }
            self.n += 1;
            self.choose();
        }
        self.index += 1;
    }

    /// The forecaster with the smallest recent error; a season must have been seen twice whole to be believed.
    fn choose(&mut self) {
        let (mut best, mut least) = ((0, 0), f64::INFINITY);
        for (s, season) in self.seasons.iter().enumerate() {
            if s > 0 && self.n < 2 * season.period {
                continue;
            }
            for (l, level) in season.levels.iter().enumerate() {
                if level.loss < least {
                    (best, least) = ((s, l), level.loss);
                }
            }
        }
        self.best = best;
    }
}
