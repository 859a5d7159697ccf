//! Errors of a lift where nothing happened, drawn from the noise of its baseline.

use crate::measure::expected::{Expected, Setting};
use crate::measure::noise::{Noise, growth};
use crate::measure::refit::Refit;
use crate::measure::target::{Found, Target};
use crate::stats::luck::Luck;
use std::ops::Range;

/// Standard deviation of the drift of a level, per year, that a baseline cannot show.
const DRIFT_PER_YEAR: f64 = 0.1;

/// Draws of estimated ÷ true ratio.
#[derive(Clone, Debug, Default)]
pub(super) struct Errors {
    /// Of the statistic where nothing happened.
    pub(super) free: Vec<f64>,
    /// Of the largest of the periods that may have been the peak; empty for sums.
    above: Vec<f64>,
    /// Of the one period that was the peak; empty for sums.
    below: Vec<f64>,
}

impl Errors {
    /// The draws that the lower end of an interval divides by.
    pub(super) fn above(&self) -> &[f64] {
        if self.above.is_empty() { &self.free } else { &self.above }
    }

    /// The draws that the upper end divides by.
    pub(super) fn below(&self) -> &[f64] {
        if self.below.is_empty() { &self.free } else { &self.below }
    }

    /// Draws the whole course of baseline and window from the noise model, fits each anew and measures it: what the
    /// statistic does where nothing happened, the errors of the baseline included.
    pub(super) fn draw(
        y: &[f64],
        baseline: &Range<usize>,
        targets: &[Target],
        found: &[Option<Found>],
        fit: &Expected,
        setting: &Setting<'_>,
    ) -> Vec<Errors> {
        let noise = Noise::of(fit, (setting.seasons.len() > 1).then(|| setting.seasons[0]));
        let end = targets.iter().map(|t| t.range().end.min(y.len())).max().unwrap_or(0).max(baseline.end);
        let start = targets.iter().map(|t| t.range().start).min().unwrap_or(0).min(baseline.start);
        // Fewer where a baseline is long, which makes each draw dearer.
        let draws = (setting.draws * 100 / (end - start).max(100)).clamp(setting.draws.min(199), setting.draws);
        let candidates: Vec<Vec<usize>> = targets.iter().zip(found).map(|(t, f)| rivals(y, t, *f, fit)).collect();
        let mut errors = vec![Errors::default(); targets.len()];
        let luck = Luck::of(setting.seed, draws, noise.ranks(end - start));
        let mut path = vec![0.0; end - start];
        let mut refit = Refit::new(fit, baseline.start);
        let drift_sd = DRIFT_PER_YEAR / (365.25 * setting.per_day);
        let first = targets.iter().map(|t| t.range().start).min().unwrap_or(start);
        let seen: Vec<f64> = y[first..end].iter().map(|v| if v.is_finite() { 1.0 } else { 0.0 }).collect();
        let calm: Vec<f64> = (first..end).map(|t| fit.course(t).exp()).collect();
        let (mut drawn, mut hoped) = (vec![0.0; calm.len()], vec![0.0; calm.len()]);
        for draw in luck.draws() {
            noise.course(&draw, &mut path);
            refit.fit(&path[baseline.start - start..baseline.end - start]);
            refit.fill(first, &mut hoped);
            for (((value, calm), noise), seen) in drawn.iter_mut().zip(&calm).zip(&path[first - start..]).zip(&seen) {
                *value = seen * (calm * growth(*noise) - fit.offset).max(0.0);
            }
            hoped.iter_mut().zip(&seen).for_each(|(hoped, seen)| *hoped *= seen);
            let [.., slope] = draw.parameters;
            let ratio = |t: usize| drawn[t - first] / hoped[t - first];
            for (i, target) in targets.iter().enumerate() {
                let Some(own) = found[i] else { continue };
                let away = (target.range().start + target.range().end) as f64 / 2.0;
                let away = away - (baseline.start + baseline.end) as f64 / 2.0;
                let drift = (slope * drift_sd * away.abs()).exp();
                let Some(statistic) = target.ratio_of(first, &drawn, &hoped) else { continue };
                errors[i].free.push(statistic * drift);
                if let Target::Max(_) = target {
                    let largest = candidates[i].iter().map(|&t| ratio(t)).fold(f64::MIN, f64::max);
                    errors[i].above.push(largest * drift);
                    errors[i].below.push(ratio(own.at) * drift);
                }
            }
        }
        errors
    }
}

/// The periods that may truly have been the peak: those within three spreads of it.
fn rivals(y: &[f64], target: &Target, found: Option<Found>, fit: &Expected) -> Vec<usize> {
    let (Target::Max(range), Some(peak)) = (target, found) else { return Vec::new() };
    let least = peak.ratio() * (-3.0 * fit.spread).exp();
    range.clone().filter(|&t| t == peak.at || (t < y.len() && y[t] / fit.at(t) >= least)).collect()
}
