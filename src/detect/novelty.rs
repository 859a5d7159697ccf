//! Evidence of several kinds at one row, each measured against its own past, joined into one tail probability that is
//! raised once per episode.
//!
//! The kinds: the one-step residual (up and down apart), short and long means of residuals from the slow level (level
//! shifts, flat or missing days), the size of residuals now against the long run (changed noise), and values outside
//! what has been seen. The most surprising one counts, and that maximum is again measured against its own past, so
//! that a restless series is not surprising for being restless (the idea of the anomaly likelihood of Ahmad, Lavin,
//! Purdy & Agha 2017, § 4.2, with tails in place of a Normal distribution).

use crate::detect::points::MEMORY;
use crate::detect::surprise::Tail;
use crate::time::Step;

/// Lengths of the means of residuals.
const MEANS: [f64; 2] = [6.0, 30.0];
/// Residuals enter means clipped: one wild value is no shift.
const CLIP: f64 = 6.0;
/// Length over which the size of residuals is compared with the long run.
const SIZE: f64 = 24.0;
/// Rate at which the yardsticks of the statistics follow.
const YARDSTICK: f64 = 1.0 / 2000.0;
/// Values before which only the residual itself speaks.
const YOUNG: usize = 20;
/// A new surprise must exceed what is left of the last one by this factor.
const FRESH: f64 = 1.2;
/// What is left of a surprise that has been told.
const STALE: f64 = 0.3;
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
        let spread = self.variance.sqrt().max(1e-9 * s.abs()).max(1e-12);
        let size = (residual.abs() / spread).min(1e3);
        let old = self.n >= YOUNG as f64;
        let surprise = if old { self.tail.surprise(size) } else { 0.0 };
        if old {
            self.tail.insert(size);
        }
        self.n += 1.0;
        let rate = YARDSTICK.max(1.0 / self.n);
        let clip = if old { 4.0 * spread } else { f64::INFINITY };
        self.mean += rate * residual.clamp(-clip, clip);
        self.variance += rate * (residual.clamp(-clip, clip).powi(2) - self.variance);
        surprise
    }
}

/// Joins the evidence of a series row by row.
#[derive(Clone, Debug)]
pub(crate) struct Novelty {
    n: usize,
    up: Tail,
    down: Tail,
    means: [f64; 2],
    shifts: [Channel; 2],
    size: f64,
    noise: Channel,
    level: f64,
    range: Channel,
    joint: Tail,
    rest: Rest,
}

impl Novelty {
    pub(crate) fn new(step: Option<Step>, _periods: &[usize]) -> Novelty {
        Novelty {
            n: 0,
            up: Tail::new(MEMORY),
            down: Tail::new(MEMORY),
            means: [0.0; 2],
            shifts: [Channel::new(), Channel::new()],
            size: 0.0,
            noise: Channel::new(),
            level: f64::NAN,
            range: Channel::new(),
            joint: Tail::new(MEMORY),
            rest: Rest::new(step),
        }
    }

    /// −ln of the tail probability of this row, told once.
    pub(crate) fn push(&mut self, row: Evidence) -> f64 {
        self.n += 1;
        let surprise = self.join(row);
        let calibrated = self.joint.surprise(surprise);
        self.joint.insert(surprise);
        drawn_together(self.rest.tell(calibrated, self.n))
    }

    fn join(&mut self, row: Evidence) -> f64 {
        let mut most = self.up.surprise(row.z.max(0.0)).max(self.down.surprise((-row.z).max(0.0)));
        self.up.insert(row.z.max(0.0));
        self.down.insert((-row.z).max(0.0));
        for (i, length) in MEANS.iter().enumerate() {
            self.means[i] += (row.slow.clamp(-CLIP, CLIP) - self.means[i]) / length.min(self.n as f64);
            most = most.max(self.shifts[i].push(self.means[i]));
        }
        let size = 0.5 * (row.slow * row.slow + 0.01).ln();
        self.size += (size - self.size) / SIZE.min(self.n as f64);
        most = most.max(self.noise.push(self.size));
        self.level = if self.level.is_nan() { row.value } else { self.level + 0.5 * (row.value - self.level) };
        most.max(self.range.push(self.level))
    }
}

/// Lets an episode speak once: after a surprise has been told, only a fresh or a larger one is told in full.
#[derive(Clone, Debug)]
struct Rest {
    told: f64,
    longest: f64,
}

impl Rest {
    fn new(step: Option<Step>) -> Rest {
        let longest = match step {
            Some(step) if step < Step::DAY => step.periods_in(Step::DAY).clamp(12, 150) as f64,
            Some(_) => 3.0,
            None => 100.0,
        };
        Rest { told: 0.0, longest }
    }

    fn tell(&mut self, surprise: f64, n: usize) -> f64 {
        let half_life = self.longest.min(n as f64 / 20.0).max(3.0);
        self.told *= 0.5f64.powf(1.0 / half_life);
        let fresh = surprise > FRESH * self.told;
        self.told = self.told.max(surprise);
        if fresh { surprise } else { STALE * surprise }
    }
}

/// Bounded below fifteen decimal places, increasing throughout.
fn drawn_together(surprise: f64) -> f64 {
    if surprise <= PLAIN { surprise } else { PLAIN + ROOM * (1.0 - (-(surprise - PLAIN) / ROOM).exp()) }
}
