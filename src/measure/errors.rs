//! Errors of a lift where nothing happened, drawn from the noise of its baseline.

use crate::measure::expected::{Expected, Fitter, Setting};
use crate::measure::noise::Noise;
use crate::measure::target::{Found, Target};
use crate::stats::resample::generator;
use rand_distr::{Distribution, StandardNormal};
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
        let mut rng = generator(setting.seed, 0x11F7);
        let mut path = vec![0.0; end - start];
        let mut drawn = vec![f64::NAN; end - start];
        let calm: Vec<f64> = (start..end).map(|t| if y[t].is_finite() { fit.course(t) } else { f64::NAN }).collect();
        let mut fitter = Fitter::default();
        let drift_sd = DRIFT_PER_YEAR / (365.25 * setting.per_day);
        let first = targets.iter().map(|t| t.range().start).min().unwrap_or(start);
        let mut hoped = vec![0.0; end.saturating_sub(first)];
        for _ in 0..draws {
            noise.draw(&mut path, &mut rng);
            for ((value, calm), noise) in drawn.iter_mut().zip(&calm).zip(&mut path) {
                (*value, *noise) = fit.with_noise(*calm, *noise);
            }
            let learnt = baseline.start - start..baseline.end - start;
            let again = fitter.refit(fit, baseline.start, &drawn[learnt.clone()], &path[learnt]);
            let slope: f64 = StandardNormal.sample(&mut rng);
            again.fill(first, &mut hoped);
            let expected = |t: usize| hoped[t - first];
            for (i, target) in targets.iter().enumerate() {
                let Some(own) = found[i] else { continue };
                let away = (target.range().start + target.range().end) as f64 / 2.0;
                let away = away - (baseline.start + baseline.end) as f64 / 2.0;
                let drift = (slope * drift_sd * away.abs()).exp();
                let Some(again_found) = target.measure_from(start, &drawn, expected) else { continue };
                errors[i].free.push(again_found.ratio() * drift);
                if let Target::Max(_) = target {
                    let ratio = |t: usize| drawn[t - start] / expected(t) * drift;
                    errors[i].above.push(candidates[i].iter().map(|&t| ratio(t)).fold(f64::MIN, f64::max));
                    errors[i].below.push(ratio(own.at));
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
