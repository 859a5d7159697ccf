//! How a series is walked through: lengths for each step, thresholds, and the least spread of a value.

use crate::baseline::trailing;
use crate::stats::scale::Scale;
use crate::time::Step;

/// How a series is walked through. All lengths in samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The baseline.
    pub baseline: trailing::Settings,
    /// Window lengths judged together; the first is 1.
    pub windows: Vec<usize>,
    /// Samples in a year.
    pub per_year: f64,
    /// An episode opens when the evidence of one period is this improbable.
    pub open_p: f64,
    /// An episode this improbable is not learnt from.
    pub telling_p: f64,
    /// Periods of calm that close an episode.
    pub calm: usize,
    /// An episode that lasts this long is a level shift: the new level becomes normal.
    pub shift_after: usize,
    /// Recent stretch whose residuals tell how far the level has wandered, and the gap between it and the period judged.
    pub drift_length: usize,
    /// See `drift_length`.
    pub drift_gap: usize,
    /// Scale on which `x` is given: sets the floor of the spread.
    pub scale: Scale,
}

/// An episode opens at this improbability of one period; whether it becomes an alert is decided over all series.
pub const OPEN_P: f64 = 3e-3;
/// An episode beyond this improbability is certainly not noise to learn from.
const TELLING_P: f64 = 3e-5;
/// How much series grow or shrink in a year (standard deviation, logarithm).
const GROWTH: f64 = 0.4;
/// Mean age of a baseline's values by their weights, as a part of its length.
const MEAN_AGE: f64 = 0.35;
/// The season is learnt from half a year; hours, of which each day gives 24, from twelve weeks.
const SEASON_DAYS: f64 = 182.0;
const HOURLY_SEASON_DAYS: f64 = 84.0;
/// A level that has lasted as long as the baseline is the new normal.
pub const SHIFT_DAYS: f64 = 56.0;
/// Least history: four weeks, or what a third of the baseline gives if that is less.
const MIN_HISTORY_DAYS: f64 = 28.0;

impl Settings {
    /// The settings for a grid of `step`, with a baseline of `baseline_days` that ends `gap_days` before the period
    /// judged. For hours, windows from one hour to two weeks; for days, one day to four weeks; for weeks, one week to
    /// two months.
    pub fn for_step(step: Step, baseline_days: f64, gap_days: f64, scale: Scale) -> Settings {
        let per_day = Step::DAY.seconds() as f64 / step.seconds() as f64;
        let periods = |days: f64| (days * per_day).round() as usize;
        let (windows, calm) = match per_day {
            d if d > 1.0 => (vec![1, 3, 6, 12, periods(1.0).max(13), periods(3.0), periods(7.0), periods(14.0)], 12),
            d if d > 0.5 => (vec![1, 2, 3, 7, 14, 28], 3),
            _ => (vec![1, 2, 4, 8], 2),
        };
        let length = periods(baseline_days).max(4);
        let min_observed = periods(MIN_HISTORY_DAYS.min(baseline_days / 2.0)).max(4).min(length);
        Settings {
            baseline: trailing::Settings {
                length,
                gap: periods(gap_days),
                min_observed,
                seasons: step.seasons().iter().map(|season| step.periods_in(*season)).collect(),
                refresh: periods(1.0).max(1),
                season_length: periods(if per_day > 1.0 { HOURLY_SEASON_DAYS } else { SEASON_DAYS }).max(length),
            },
            windows,
            per_year: 365.25 * per_day,
            open_p: OPEN_P,
            telling_p: TELLING_P,
            calm,
            shift_after: periods(SHIFT_DAYS).max(4),
            drift_length: periods(7.0).max(1),
            drift_gap: periods(3.0).max(1),
            scale,
        }
    }
}

impl Settings {
    /// How far the level may lag behind a series that grows as series do (standard deviation, working scale).
    pub(super) fn lag(&self) -> f64 {
        let age = self.baseline.gap as f64 + MEAN_AGE * self.baseline.length as f64;
        match self.scale {
            Scale::Identity => 0.0,
            _ => GROWTH * age / self.per_year,
        }
    }
}

/// Least spread of a value on its working scale: counting noise for counts, two per cent for other ratio scales, a
/// thousandth of the level otherwise. Nothing is known more closely than that.
pub(super) fn floor(scale: Scale, expected: f64) -> f64 {
    match scale {
        Scale::Log { offset: 1.0 } => {
            let mean = expected.exp_m1().max(0.0);
            (mean.sqrt() / (mean + 1.0)).max(if mean < 1.0 { 0.5 } else { 0.02 })
        }
        Scale::Log { .. } | Scale::ReversedLog => 0.02,
        Scale::Identity => (1e-3 * expected.abs()).max(1e-9),
    }
}
