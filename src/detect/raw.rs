//! Change points of a raw series of unknown nature: no choice of scale, season or model is asked of the user.
//!
//! The series is brought to a working scale, its season and its spikes are removed ([`super::prepare`]). Then two
//! descriptions compete at their exact optimum, in units of one long-run variance that neither steps nor slopes move:
//! constant levels (3 ln n a change) and straight lines (4 ln n a change, ln n for the first slope). Drifting series
//! become few lines instead of a staircase.

use super::changepoint::{Observed, Settings, change_points_of, location, segments};
use super::cost::{LineCost, Loss, SegmentCost};
use super::penalty::default_penalty;
use super::prepare::{without_season, without_spikes, working_scale};
use super::{fpop, pelt};
use crate::alert::ChangePoint;
use crate::stats::longrun::line_long_run_sd;
use crate::stats::scale::Scale;
use std::ops::Range;

/// What describes the segments best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// One level a segment.
    Levels,
    /// One straight line a segment.
    Lines,
}

/// Change points of a raw series and how it was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct RawChanges {
    /// In order; `before` and `after` in the units of the series. Under [`Model::Lines`] they are the ends of both
    /// lines at the break: about equal if only the slope changed.
    pub change_points: Vec<ChangePoint>,
    /// Working scale.
    pub scale: Scale,
    /// Seasons that were there, in samples.
    pub seasons: Vec<usize>,
    /// Levels or lines.
    pub model: Model,
}

/// Longest series for which lines are tried: their search is quadratic when there are few changes.
const LONGEST_FOR_LINES: usize = 10_000;

/// Fewest observations of a line: with two there is nothing it could miss.
const SHORTEST_LINE: usize = 3;

/// Change points of `values` (`NaN` = gap). `seasons`: possible periods in samples, each checked on the data.
///
/// ```
/// use floodmark::detect::raw::{Model, detect_raw};
/// use floodmark::detect::changepoint::Settings;
/// // Growth by 2% a period that stops at 100: two lines, no stairs.
/// let noise = |t: i32| 1.0 + f64::from(t * 37 % 11 - 5) / 300.0;
/// let x: Vec<f64> = (0..200).map(|t| 50.0 * 1.02_f64.powi(t.min(100)) * noise(t)).collect();
/// let found = detect_raw(&x, &[7], &Settings::default());
/// assert_eq!(found.model, Model::Lines);
/// assert_eq!(found.change_points.len(), 1);
/// assert!(found.change_points[0].index.abs_diff(100) <= 5);
/// ```
pub fn detect_raw(values: &[f64], seasons: &[usize], settings: &Settings) -> RawChanges {
    let scale = working_scale(values, seasons);
    let forward = |v: &f64| if v.is_finite() { scale.forward(*v) } else { f64::NAN };
    let mut x: Vec<f64> = values.iter().map(forward).collect();
    let mut found = Vec::new();
    for &season in seasons {
        if let Some(rest) = without_season(&x, season) {
            x = rest;
            found.push(season);
        }
    }
    let season = found.iter().copied().max().unwrap_or(1);
    let (model, mut change_points) = search(&x, &Settings { season, ..*settings });
    for change in &mut change_points {
        change.before = scale.inverse(change.before);
        change.after = scale.inverse(change.after);
    }
    RawChanges { change_points, scale, seasons: found, model }
}

/// Levels against lines on the working scale.
fn search(x: &[f64], settings: &Settings) -> (Model, Vec<ChangePoint>) {
    let mut observed = Observed::new(x, settings.season);
    let clean = without_spikes(&observed.values);
    observed.sd = line_long_run_sd(&clean, settings.season);
    let n = clean.len();
    if n < 4 || !(observed.sd > 0.0 && observed.sd.is_finite()) {
        return (Model::Levels, Vec::new());
    }
    let center = crate::stats::robust::median(&clean);
    let scaled: Vec<f64> = clean.iter().map(|v| (v - center) / observed.sd).collect();
    let one = (n as f64).ln();
    let level_penalty = settings.penalty.unwrap_or_else(|| default_penalty(n));
    let line_penalty = level_penalty + one;
    let levels = fpop::segment(&scaled, Loss::Squared, level_penalty);
    let price_of_levels = levels.cost + level_penalty * levels.changes.len() as f64;
    if (2 * SHORTEST_LINE..=LONGEST_FOR_LINES).contains(&n) {
        let at: Vec<f64> = observed.at.iter().map(|&i| i as f64).collect();
        let cost = LineCost::new(&at, &scaled);
        let lines = pelt::segment(&cost, line_penalty, SHORTEST_LINE);
        if lines.cost + line_penalty * lines.changes.len() as f64 + one < price_of_levels {
            let fit = Lines { at: &at, scaled: &scaled, cost: &cost };
            let back = |v: f64| (v * observed.sd + center) * observed.unit;
            return (Model::Lines, fit.describe(&observed.at, &lines.changes, settings, back));
        }
    }
    (Model::Levels, change_points_of(&observed, center, &scaled, &levels.changes, settings))
}

/// Straight lines through the segments of a scaled series.
struct Lines<'a> {
    at: &'a [f64],
    scaled: &'a [f64],
    cost: &'a LineCost,
}

impl Lines<'_> {
    /// Breaks with the ends of both lines, a location interval, and the p-value of the likelihood ratio of two lines
    /// against one (χ² with two degrees of freedom), times the number of positions searched.
    fn describe(&self, at: &[usize], changes: &[usize], s: &Settings, back: impl Fn(f64) -> f64) -> Vec<ChangePoint> {
        let n = self.scaled.len();
        let segments = segments(n, changes);
        let describe_one = |pair: &[Range<usize>]| {
            let (left, right, index) = (&pair[0], &pair[1], pair[1].start);
            let (before, after) = (self.line(left), self.line(right));
            let (before, after) = (|i: usize| before(self.at[i]), |i: usize| after(self.at[i]));
            let (low, high) = location(self.scaled, left.start..right.end, index, before, after, s);
            let joint = self.cost.cost(left.start, right.end);
            let gain = joint - self.cost.cost(left.start, left.end) - self.cost.cost(right.start, right.end);
            ChangePoint {
                index: at[index],
                low: at[low - 1] + 1,
                high: at[high],
                before: back(before(index - 1)),
                after: back(after(index)),
                p_value: (n as f64 * (-gain / 2.0).exp()).min(1.0),
            }
        };
        segments.windows(2).map(describe_one).collect()
    }

    /// Least-squares line of a segment, as a function of time.
    fn line(&self, segment: &Range<usize>) -> impl Fn(f64) -> f64 + use<> {
        let (at, y) = (&self.at[segment.clone()], &self.scaled[segment.clone()]);
        let n = at.len() as f64;
        let (middle, level) = (at.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
        let stt: f64 = at.iter().map(|t| (t - middle).powi(2)).sum();
        let sty: f64 = at.iter().zip(y).map(|(t, v)| (t - middle) * (v - level)).sum();
        let slope = if stt > 0.0 { sty / stt } else { 0.0 };
        move |t| level + slope * (t - middle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::resample::generator;
    use proptest::prelude::*;
    use rand_distr::{Distribution, StandardNormal};

    fn noise(n: usize) -> Vec<f64> {
        let mut rng = generator(11, 0);
        (0..n).map(|_| StandardNormal.sample(&mut rng)).collect()
    }

    fn detect(x: &[f64], seasons: &[usize]) -> RawChanges {
        detect_raw(x, seasons, &Settings::default())
    }

    #[test]
    fn a_trend_is_no_staircase() {
        let x: Vec<f64> = noise(300).iter().enumerate().map(|(t, e)| 0.2 * t as f64 + e).collect();
        let found = detect(&x, &[7]);
        assert_eq!((found.model, found.change_points.len()), (Model::Lines, 0));
    }

    #[test]
    fn steps_stay_steps() {
        let x: Vec<f64> = noise(300).iter().enumerate().map(|(t, e)| 5.0 * ((t / 100) % 2) as f64 + e).collect();
        let found = detect(&x, &[]);
        let places: Vec<usize> = found.change_points.iter().map(|c| c.index).collect();
        assert_eq!((found.model, places), (Model::Levels, vec![100, 200]));
        assert!((found.change_points[0].after - 5.0).abs() < 0.5);
    }

    #[test]
    fn a_doubling_of_seasonal_traffic_is_found_on_the_log_scale() {
        let week = [1.2, 1.2, 1.1, 1.1, 1.0, 0.6, 0.5];
        let level = |t: usize| if t < 120 { 1_000.0 } else { 2_000.0 };
        let x: Vec<f64> =
            noise(200).iter().enumerate().map(|(t, e)| level(t) * week[t % 7] * (0.05 * e).exp()).collect();
        let found = detect(&x, &[7, 24]);
        assert_eq!((found.scale, found.seasons.as_slice()), (Scale::Log { offset: 0.0 }, &[7][..]));
        assert_eq!(found.change_points.len(), 1);
        let change = found.change_points[0];
        assert_eq!(change.index, 120);
        assert!((change.after / change.before - 2.0).abs() < 0.1, "{change:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]
        #[test]
        fn no_series_makes_it_panic(
            x in prop::collection::vec(
                prop_oneof![4 => 0.0..9.0f64, 2 => (0u8..4).prop_map(f64::from), 1 => Just(f64::NAN), 1 => prop::num::f64::ANY], 0..70),
        ) {
            for c in detect(&x, &[0, 1, 7]).change_points {
                prop_assert!(0 < c.low && c.low <= c.index && c.index <= c.high && c.high < x.len());
                prop_assert!((0.0..=1.0).contains(&c.p_value));
            }
        }
    }
}
