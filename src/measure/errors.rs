//! Errors of a lift where nothing happened, drawn from the noise of its baseline.

use crate::measure::expected::{Expected, Setting};
use crate::measure::noise::{Noise, growth};
use crate::measure::refit::Refit;
use crate::measure::target::{Compared, Found, Target, observed};
use crate::stats::lanes::{largest, widely};
use crate::stats::luck::Luck;
use crate::stats::robust::sort;
use std::ops::Range;

/// Standard deviation of the drift of a level, per year, that a baseline cannot show.
const DRIFT_PER_YEAR: f64 = 0.1;

/// Draws of estimated ÷ true ratio, each kind in rising order.
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
        let mut errors = vec![Errors::default(); targets.len()];
        let luck = Luck::of(setting.seed, draws, noise.ranks(end - start));
        let mut path = vec![0.0; end - start];
        let mut refit = Refit::new(fit, baseline.start);
        let drift_sd = DRIFT_PER_YEAR / (365.25 * setting.per_day);
        let first = targets.iter().map(|t| t.range().start).min().unwrap_or(start);
        let mut drawn = Drawn::new(&y[first..end], first, fit);
        let rivals: Vec<Vec<f64>> = targets.iter().zip(found).map(|(t, f)| rivals(y, t, *f, fit)).collect();
        for draw in luck.draws() {
            noise.course(&draw, &mut path);
            refit.fit(&path[baseline.start - start..baseline.end - start]);
            let noise = &path[first - start..];
            widely(
                #[inline(always)]
                || drawn.take(noise, &refit),
            );
            let [.., slope] = draw.parameters;
            for (i, target) in targets.iter().enumerate() {
                let Some(own) = found[i] else { continue };
                let away = (target.range().start + target.range().end) as f64 / 2.0;
                let away = away - (baseline.start + baseline.end) as f64 / 2.0;
                let drift = (slope * drift_sd * away.abs()).exp();
                let statistic = widely(
                    #[inline(always)]
                    || target.ratio_of(&drawn.compared),
                );
                let Some(statistic) = statistic else { continue };
                errors[i].free.push(statistic * drift);
                if let Target::Max(range) = target {
                    let ratios = &drawn.compared.ratios[range.start - first..];
                    let highest = widely(
                        #[inline(always)]
                        || largest(ratios, &rivals[i]),
                    );
                    errors[i].above.push(highest * drift);
                    errors[i].below.push(drawn.compared.ratios[own.at - first] * drift);
                }
            }
        }
        for draws in errors.iter_mut().flat_map(|e| [&mut e.free, &mut e.above, &mut e.below]) {
            draws.retain(|draw| !draw.is_nan());
            sort(draws);
        }
        errors
    }
}

/// What a draw makes of the periods that windows lie in.
struct Drawn {
    /// 1 where the series was observed, 0 elsewhere.
    seen: Vec<f64>,
    /// Where nothing happens.
    calm: Vec<f64>,
    offset: f64,
    compared: Compared,
}

impl Drawn {
    /// Of the periods of `y`, which begin at `first`.
    fn new(y: &[f64], first: usize, fit: &Expected) -> Drawn {
        let mut calm = vec![0.0; y.len()];
        fit.fill_calm(first, &mut calm);
        Drawn { seen: observed(y), calm, offset: fit.offset, compared: Compared::new(first, y.len()) }
    }

    #[inline(always)]
    fn take(&mut self, noise: &[f64], refit: &Refit<'_>) {
        let Drawn { seen, calm, offset, compared } = self;
        refit.fill(compared.first, &mut compared.expected);
        let Compared { values, expected, .. } = compared;
        let n = values.len();
        let (expected, calm, seen, noise) = (&mut expected[..n], &calm[..n], &seen[..n], &noise[..n]);
        for i in 0..n {
            values[i] = seen[i] * (calm[i] * growth(noise[i]) - *offset).max(0.0);
            expected[i] *= seen[i];
        }
        compared.divide();
    }
}

/// The periods that may truly have been the peak: 1 for those within three spreads of it, 0 for the others.
fn rivals(y: &[f64], target: &Target, found: Option<Found>, fit: &Expected) -> Vec<f64> {
    let (Target::Max(range), Some(peak)) = (target, found) else { return Vec::new() };
    let least = peak.ratio() * (-3.0 * fit.spread).exp();
    let near = |t: usize| t == peak.at || (t < y.len() && y[t] / fit.at(t) >= least);
    range.clone().map(|t| if near(t) { 1.0 } else { 0.0 }).collect()
}
