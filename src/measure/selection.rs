//! What the choice of a window does to the lift over it. The first and last period of a surge are found in the same
//! noise that the lift is measured in: a high day at an edge stays in, a low one is left out, and a surge that fades
//! ends when its last days sink into the noise. Drawing other courses of the same surge and finding its window anew in
//! each shows how far, and which way, the choice moves the lift (a parametric bootstrap of the whole procedure, Efron
//! & Tibshirani 1993, chapter 6).

use crate::alert::Estimate;
use crate::detect::extent;
use crate::measure::expected::{Expected, Setting};
use crate::measure::noise::Noise;
use crate::stats::luck::Luck;
use crate::stats::robust::quantile;
use std::ops::Range;

/// How a surge was found: what its window depends on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finder {
    /// +1 for a surge, −1 for a drop.
    pub sign: f64,
    /// Spread of a single period on the working scale, as the detector knew it.
    pub spread: f64,
    /// Periods from the onset to the detection.
    pub delay: usize,
    /// Periods of calm that end an episode.
    pub calm: usize,
    /// No episode is longer.
    pub longest: usize,
}

/// A period counts as raised above so many spreads, or so many while the one before is above the first: the rule of
/// [`crate::detect::surge`].
const RAISED: f64 = 1.5;
const CARRIED: f64 = 0.75;
/// A profile is smoothed over so many days to each side.
const SMOOTH_DAYS: f64 = 3.0;
/// Courses drawn.
const DRAWS: usize = 199;

impl Finder {
    /// The window found in the residuals of a course that was detected at `detected`; none if nothing is raised there.
    pub fn window(&self, residuals: &[f64], detected: usize) -> Range<usize> {
        let onset = self.onset(residuals, detected);
        let mut end = detected;
        let mut quiet = 0;
        for t in detected + 1..residuals.len().min(onset + self.longest) {
            let r = residuals[t] * self.sign;
            if r.is_nan() {
                continue;
            }
            let carried = residuals[t - 1] * self.sign > RAISED * self.spread;
            if r > self.spread * if carried { CARRIED } else { RAISED } {
                (end, quiet) = (t, 0);
            } else {
                quiet += 1;
                if quiet >= self.calm {
                    break;
                }
            }
        }
        let raised: Vec<f64> = residuals[onset..=end].iter().map(|r| r * self.sign).collect();
        onset..onset + extent::end(&raised, self.spread, detected.min(end) - onset) + 1
    }

    /// The period that maximises the likelihood ratio of "raised since" (Page 1954), for a shift of the median size
    /// of the periods up to the detection, as the detector finds it.
    fn onset(&self, residuals: &[f64], detected: usize) -> usize {
        let first = detected.saturating_sub(self.delay);
        let seen: Vec<f64> = residuals[first..=detected].iter().map(|r| r * self.sign).collect();
        let size = quantile(&seen, 0.5).clamp(2.0 * self.spread, 10.0 * self.spread);
        let (mut onset, mut best, mut sum) = (detected, f64::NEG_INFINITY, 0.0);
        for t in (0..=detected).rev().filter(|&t| !residuals[t].is_nan()) {
            sum += (residuals[t] * self.sign).min(2.0 * size) - size / 2.0;
            if sum > best {
                (best, onset) = (sum, t);
            }
        }
        onset
    }
}

/// Logarithm of the lift factor over the window found ÷ that over the true window: quantiles over the courses drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Selection {
    low: f64,
    middle: f64,
    high: f64,
}

impl Selection {
    /// A window that was not chosen from the data.
    pub const NONE: Selection = Selection { low: 0.0, middle: 0.0, high: 0.0 };

    /// What choosing `window` did. `exclude` as in [`crate::measure::lift()`]; [`Selection::NONE`] where the baseline is
    /// too short to know the noise.
    pub fn of(
        y: &[f64],
        baseline: Range<usize>,
        window: Range<usize>,
        exclude: Option<&[bool]>,
        finder: &Finder,
        setting: &Setting<'_>,
    ) -> Selection {
        let Some(fit) = Expected::fit(y, baseline, exclude, setting).filter(|_| finder.spread > 0.0) else {
            return Selection::NONE;
        };
        let reach = (4 * finder.calm).max(window.len() / 2);
        let (start, end) = (window.start.saturating_sub(reach), (window.end + reach).min(y.len()));
        let profile = profile(y, &fit, start..end, &window, setting);
        let noise = Noise::of(&fit, (setting.seasons.len() > 1).then(|| setting.seasons[0]));
        let own = window.start - start..window.end - start;
        let detected = (own.start + finder.delay).min(own.end - 1);
        let weights: Vec<f64> = (start..end).map(|t| if y[t].is_nan() { 0.0 } else { fit.at(t) }).collect();
        let luck = Luck::of(setting.seed, DRAWS, noise.ranks(end - start));
        let mut path = vec![0.0; end - start];
        let mut moved = Vec::with_capacity(DRAWS);
        for draw in luck.draws() {
            noise.course(&draw, &mut path);
            path.iter_mut().zip(&profile).for_each(|(r, p)| *r += p);
            let ratio = |range: Range<usize>| {
                let sum: f64 =
                    range.clone().map(|i| if weights[i] > 0.0 { weights[i] * path[i].exp() } else { 0.0 }).sum();
                sum / range.map(|i| weights[i]).sum::<f64>()
            };
            let change = (ratio(finder.window(&path, detected)) / ratio(own.clone())).ln();
            if change.is_finite() {
                moved.push(change);
            }
        }
        if moved.len() < DRAWS / 2 {
            return Selection::NONE;
        }
        let tail = (1.0 - setting.level) / 2.0;
        Selection { low: quantile(&moved, tail), middle: quantile(&moved, 0.5), high: quantile(&moved, 1.0 - tail) }
    }

    /// An interval that holds for a window given, made to hold for one that was chosen: moved by what the choice does
    /// in the middle, widened by its scatter. The figure itself stays, and within its interval.
    pub fn widen(&self, lift: Estimate) -> Estimate {
        let point = (1.0 + lift.point).ln();
        let reach = |bound: f64, scatter: f64| ((1.0 + bound).ln() - point).hypot(scatter);
        let low = point - self.middle - reach(lift.low, self.high - self.middle);
        let high = point - self.middle + reach(lift.high, self.middle - self.low);
        if low.is_nan() || high.is_nan() {
            return lift;
        }
        Estimate { point: lift.point, low: low.exp_m1().min(lift.point), high: high.exp_m1().max(lift.point) }
    }
}

/// How far the series lay above its expectation in each period of the window (working scale), smoothed; 0 outside.
fn profile(y: &[f64], fit: &Expected, range: Range<usize>, window: &Range<usize>, setting: &Setting<'_>) -> Vec<f64> {
    let half = ((SMOOTH_DAYS * setting.per_day).round() as usize).max(1).min(window.len() / 3);
    let at = |t: usize| fit.residual_of(t, y[t]);
    range
        .map(|t| {
            if !window.contains(&t) {
                return 0.0;
            }
            let near = t.saturating_sub(half).max(window.start)..(t + half + 1).min(window.end);
            crate::stats::robust::mean(&near.map(at).collect::<Vec<_>>())
        })
        .map(|mean| if mean.is_finite() { mean } else { 0.0 })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINDER: Finder = Finder { sign: 1.0, spread: 0.1, delay: 2, calm: 3, longest: 56 };

    #[test]
    fn the_window_is_found_where_the_course_is_raised() {
        let mut course = vec![0.02; 40];
        course[12..19].fill(0.4);
        assert_eq!(FINDER.window(&course, 14), 12..19);
        // One high day soon after does not belong to it.
        course[20] = 0.17;
        assert_eq!(FINDER.window(&course, 14), 12..19);
        let fall: Vec<f64> = course.iter().map(|r| -r).collect();
        assert_eq!(Finder { sign: -1.0, ..FINDER }.window(&fall, 14), 12..19);
    }

    #[test]
    fn a_choice_that_may_go_either_way_widens_an_interval_and_keeps_the_figure() {
        let lift = Estimate { point: 0.42, low: 0.35, high: 0.5 };
        assert_eq!(Selection::NONE.widen(lift).point, 0.42);
        let wider = Selection { low: -0.05, middle: 0.02, high: 0.08 }.widen(lift);
        assert!(wider.point == 0.42 && wider.low < 0.35 && wider.high - wider.low > 0.15, "{wider:?}");
        assert!(Selection::NONE.widen(Estimate::UNKNOWN).low.is_nan());
    }

    #[test]
    fn the_edges_of_a_clear_surge_matter_little_and_those_of_a_weak_one_much() {
        let noise = |t: usize| ((t * t * 31 + 7 * t) % 97) as f64 / 97.0 - 0.5;
        let course = |size: f64| -> Vec<f64> {
            let raised = |t: usize| if (70..77).contains(&t) { size } else { 1.0 };
            (0..100).map(|t| 5000.0 * (0.3 * noise(t)).exp() * raised(t)).collect()
        };
        let scatter = |size: f64| {
            let y = course(size);
            let found = Selection::of(&y, 7..63, 70..77, None, &FINDER, &Setting::DAILY);
            found.high - found.low
        };
        assert!(scatter(5.0) < 0.02 && scatter(1.3) > 0.03, "{} {}", scatter(5.0), scatter(1.3));
    }
}
