//! Evidence of several kinds at one row, each measured against its own past and told once per episode.
//!
//! The kinds: the one-step residual (up and down apart), short and long means of residuals from the slow level (level
//! shifts, flat or missing days), the size of residuals now against the long run (changed noise), and distance from
//! everything seen so far. Each becomes a tail probability by its own history, so that a restless series is not
//! surprising for being restless (the idea of the anomaly likelihood of Ahmad, Lavin, Purdy & Agha 2017, § 4.2, with
//! tails in place of a Normal distribution). The most surprising one speaks.

use crate::detect::points::MEMORY;
use crate::detect::surprise::Tail;
use crate::time::Step;

/// Lengths of the means of residuals.
const MEANS: [f64; 2] = [6.0, 30.0];
/// Residuals enter means clipped: one wild value is no shift.
const CLIP: f64 = 6.0;
/// Length over which the size of residuals is compared with the long run.
const SIZE: f64 = 24.0;
/// Rate at which the value enters its distance from the range seen: nearly at once.
const RANGE: f64 = 0.8;
/// Rate at which the yardsticks of the statistics follow.
const YARDSTICK: f64 = 1.0 / 2000.0;
/// Values before which only the residual itself speaks.
const YOUNG: f64 = 20.0;
/// Surprises of slow statistics stand on few independent values and count for less.
const SLOW_WEIGHT: f64 = 0.8;
/// An unusual value that was to be expected counts half; it adds a little to a surprising residual.
const RANGE_WEIGHT: f64 = 0.5;
const RANGE_BONUS: f64 = 0.2;
/// Weight of an unusual value in the score of rows that raise no alert.
const LASTING_WEIGHT: f64 = 1.3;
/// A new surprise must exceed what is left of the last one by this factor.
const FRESH: f64 = 1.2;
/// Bound (−ln p) of the score of rows that tell nothing new.
const STALE: f64 = 6.0;
/// Rows for which a surprise stands before it fades: the part of a day, of the past, and the fewest.
const REST_LONGEST: usize = 75;
const REST_PAST: f64 = 1.0 / 40.0;
const REST_SHORTEST: f64 = 2.5;
/// Surprises beyond six decimal places are drawn together so that they stay distinct below 1e-15.
const PLAIN: f64 = 6.0 * std::f64::consts::LN_10;
const ROOM: f64 = 9.0 * std::f64::consts::LN_10;

/// What a row brings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Evidence {
    /// Residual from the forecast in spreads.
    pub(crate) z: f64,
    /// Residual from the slow level in spreads.
    pub(crate) slow: f64,
    /// The value itself.
    pub(crate) value: f64,
}

/// A statistic on its own yardstick: distance from its long-run mean in long-run deviations, and its tail.
#[derive(Clone, Debug)]
struct Channel {
    mean: f64,
    variance: f64,
    n: f64,
    tail: Tail,
}

impl Channel {
    fn new() -> Channel {
        Channel { mean: 0.0, variance: 0.0, n: 0.0, tail: Tail::new(MEMORY) }
    }

    /// Surprise of `s`, which then belongs to the past.
    fn push(&mut self, s: f64) -> f64 {
        let residual = s - self.mean;
        let spread = self.variance.sqrt().max(1e-9 * s.abs()).max(1e-150);
        let old = self.n >= YOUNG;
        let size = (residual.abs() / spread).min(1e3);
        let surprise = if old { self.tail.surprise(size) } else { 0.0 };
        if old {
            self.tail.insert(size);
        }
        self.n += 1.0;
        let rate = YARDSTICK.max(1.0 / self.n);
        let clip = if old { 4.0 * spread } else { f64::INFINITY };
        let clipped = residual.clamp(-clip, clip);
        self.mean += rate * clipped;
        self.variance += rate * (clipped * clipped - self.variance);
        surprise
    }
}

/// Joins the evidence of a series row by row.
#[derive(Clone, Debug)]
pub(crate) struct Novelty {
    n: f64,
    up: Tail,
    down: Tail,
    means: [f64; 2],
    shifts: [Channel; 2],
    size: f64,
    noise: Channel,
    level: f64,
    range: Channel,
    rests: [Rest; 5],
}

impl Novelty {
    pub(crate) fn new(step: Option<Step>) -> Novelty {
        Novelty {
            n: 0.0,
            up: Tail::new(MEMORY),
            down: Tail::new(MEMORY),
            means: [0.0; 2],
            shifts: [Channel::new(), Channel::new()],
            size: 0.0,
            noise: Channel::new(),
            level: f64::NAN,
            range: Channel::new(),
            rests: [0.0, MEANS[0], MEANS[1], SIZE, 0.0].map(|reach| Rest::new(step, reach)),
        }
    }

    /// −ln of the tail probability of this row.
    pub(crate) fn push(&mut self, row: Evidence) -> f64 {
        self.n += 1.0;
        let residual = self.residual(row.z);
        let [short, long] = self.shift(row.slow);
        let noise = self.noise(row.slow);
        let range = self.range(row.value);
        let found = [
            residual + RANGE_BONUS * range,
            SLOW_WEIGHT * short,
            SLOW_WEIGHT * long,
            SLOW_WEIGHT * noise,
            RANGE_WEIGHT * range,
        ];
        let most = found.into_iter().fold(0.0, f64::max);
        let n = self.n;
        let told = self.rests.iter_mut().zip(found).map(|(rest, s)| rest.tell(s, most, n)).fold(0.0, f64::max);
        drawn_together(told.max(stale(LASTING_WEIGHT * range)))
    }

    fn residual(&mut self, z: f64) -> f64 {
        let (up, down) = (z.max(0.0), (-z).max(0.0));
        let surprise = self.up.surprise(up).max(self.down.surprise(down));
        self.up.insert(up);
        self.down.insert(down);
        surprise
    }

    fn shift(&mut self, slow: f64) -> [f64; 2] {
        std::array::from_fn(|i| {
            self.means[i] += (slow.clamp(-CLIP, CLIP) - self.means[i]) / MEANS[i].min(self.n);
            self.shifts[i].push(self.means[i])
        })
    }

    fn noise(&mut self, slow: f64) -> f64 {
        let size = 0.5 * (slow * slow + 0.01).ln();
        self.size += (size - self.size) / SIZE.min(self.n);
        self.noise.push(self.size)
    }

    fn range(&mut self, value: f64) -> f64 {
        self.level = if self.level.is_nan() { value } else { self.level + RANGE * (value - self.level) };
        self.range.push(self.level)
    }
}

/// Lets an episode speak once: what has been told stands for a while and then fades, halving again and again, and only
/// what exceeds it is told in full.
#[derive(Clone, Debug)]
struct Rest {
    told: f64,
    age: f64,
    longest: f64,
    /// For how long one event can sway the statistic.
    reach: f64,
}

impl Rest {
    fn new(step: Option<Step>, reach: f64) -> Rest {
        let longest = match step {
            Some(step) if step < Step::DAY => (step.periods_in(Step::DAY) / 2).clamp(6, REST_LONGEST) as f64,
            Some(_) => REST_SHORTEST,
            None => 50.0,
        };
        Rest { told: 0.0, age: 0.0, longest, reach }
    }

    /// What is told of `surprise` in row `n` of which `most` is the largest of all kinds.
    fn tell(&mut self, surprise: f64, most: f64, n: f64) -> f64 {
        let length = self.longest.min(n * REST_PAST).max(REST_SHORTEST).max(self.reach);
        self.age += 1.0;
        if self.age > length {
            self.told *= (-std::f64::consts::LN_2 / length).exp();
        }
        let fresh = surprise > FRESH * self.told;
        if most > self.told {
            (self.told, self.age) = (most, 0.0);
        }
        if fresh { surprise } else { stale(surprise) }
    }
}

/// Increasing, below [`STALE`].
fn stale(surprise: f64) -> f64 {
    STALE * (1.0 - (-surprise / STALE).exp())
}

/// Bounded below fifteen decimal places, increasing throughout.
fn drawn_together(surprise: f64) -> f64 {
    if surprise <= PLAIN { surprise } else { PLAIN + ROOM * (1.0 - (-(surprise - PLAIN) / ROOM).exp()) }
}
