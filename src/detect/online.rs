//! Change points as a watcher learns of them: row t is computed from rows ≤ t alone.

use super::changepoint::{Observed, Settings, robust_level};
use super::fpop::Fpop;
use super::penalty::default_penalty;
use crate::stats::longrun::block_length;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// What is known after one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// The row at which the new regime began, if this row confirms a change; always ≤ this row.
    pub confirmed: Option<usize>,
    /// First row of the segment this row belongs to, as far as known.
    pub start: usize,
    /// Robust level of that segment, from rows up to this one; `NaN` before the first observation.
    pub level: f64,
}

/// Observations before the first search: fewer do not give a scale.
const FEWEST: usize = 8;

/// For every row of `x` (working scale, season removed by past values alone) what the rows up to it say.
///
/// The search itself is sequential ([`Fpop`]); its scale and penalty are learnt anew whenever the number of
/// observations has grown by a quarter, so all of it costs about five times one search.
///
/// ```
/// use floodmark::detect::{changepoint::Settings, online::online};
/// let x: Vec<f64> = (0..80).map(|t| f64::from(t * 37 % 11) / 10.0 + if t < 50 { 0.0 } else { 5.0 }).collect();
/// let known = online(&x, &Settings::default());
/// let confirmed: Vec<usize> = (0..80).filter(|&t| known[t].confirmed.is_some()).collect();
/// assert_eq!(confirmed.len(), 1);
/// assert_eq!(known[confirmed[0]].confirmed, Some(50));
/// assert!(confirmed[0] < 56);
/// ```
pub fn online(x: &[f64], settings: &Settings) -> Vec<Known> {
    let mut watcher = Watcher { settings, scale: None, at: Vec::new(), due: FEWEST, judged_from: 1, start: 0 };
    (0..x.len()).map(|row| watcher.step(&x[..=row])).collect()
}

struct Watcher<'a> {
    settings: &'a Settings,
    scale: Option<Scaled>,
    /// Rows observed so far.
    at: Vec<usize>,
    /// Number of observations at which the scale is learnt again.
    due: usize,
    /// Changes before this observation were reported, or belong to one that was.
    judged_from: usize,
    /// Last known first observation of the current segment.
    start: usize,
}

/// A search on values that were centred and scaled by what was known when it began.
struct Scaled {
    search: Fpop,
    center: f64,
    sd: f64,
}

/// How much wider a standard deviation learnt from few blocks must be taken, so that a change at the threshold is as
/// rare as with a known one: Student's quantile over the Normal quantile. Close to 1 after a few years of days.
fn caution(n: usize, season: usize, penalty: f64) -> f64 {
    let blocks = n as f64 / block_length(n, season) as f64;
    // Overlapping blocks are worth half as many again.
    let freedom = (1.5 * blocks - 1.0).max(2.0);
    let (Ok(known), Ok(learnt)) = (Normal::new(0.0, 1.0), StudentsT::new(0.0, 1.0, freedom)) else { return 1.0 };
    let z = penalty.max(1.0).sqrt();
    let rare = known.sf(z);
    if rare > 0.0 { (-learnt.inverse_cdf(rare) / z).max(1.0) } else { 1.0 }
}

impl Scaled {
    fn learn(x: &[f64], settings: &Settings) -> Option<Scaled> {
        let observed = Observed::new(x, settings.season);
        if !(observed.sd > 0.0 && observed.sd.is_finite()) {
            return None;
        }
        let n = observed.values.len();
        let penalty = settings.penalty.unwrap_or_else(|| default_penalty(n));
        let sd = observed.sd * observed.unit * caution(n, settings.season, penalty);
        let center = robust_level(&observed.values) * observed.unit;
        let mut scaled = Scaled { search: Fpop::new(settings.loss, penalty), center, sd };
        observed.at.iter().for_each(|&i| scaled.push(x[i]));
        Some(scaled)
    }

    fn push(&mut self, value: f64) {
        self.search.push((value - self.center) / self.sd);
    }
}

impl Watcher<'_> {
    /// Learns the last row of `x`, which holds all rows so far.
    fn step(&mut self, x: &[f64]) -> Known {
        let mut confirmed = None;
        let row = x.len() - 1;
        if x[row].is_finite() {
            self.at.push(row);
            self.observe(x);
            let start = self.scale.as_ref().map_or(0, |scaled| scaled.search.last_start());
            if start >= self.judged_from {
                (confirmed, self.judged_from) = (Some(self.at[start]), self.at.len());
            }
            self.start = start;
        }
        Known { confirmed, start: self.at.get(self.start).copied().unwrap_or(0), level: self.level(x) }
    }

    fn observe(&mut self, x: &[f64]) {
        let n = self.at.len();
        match &mut self.scale {
            Some(scaled) if n < self.due => scaled.push(x[x.len() - 1]),
            // As long as nothing ever moved there is no scale to learn.
            None if n < FEWEST || (n < self.due && x[x.len() - 1] == x[self.at[0]]) => {}
            _ => {
                self.scale = Scaled::learn(x, self.settings);
                self.due = n + n / 4 + 1;
            }
        }
    }

    fn level(&self, x: &[f64]) -> f64 {
        match &self.scale {
            Some(scaled) => scaled.center + scaled.sd * scaled.search.last_level(),
            None => robust_level(&self.at.iter().take(FEWEST).map(|&i| x[i]).collect::<Vec<_>>()),
        }
    }
}
