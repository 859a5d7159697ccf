//! Expected values from a baseline: a level times the factors of the season, fitted robustly on the working scale.
//!
//! The level is turned back so that, over the baseline, Σ expected = Σ observed (values wilder than four spreads
//! pulled in): the exponential of a mean logarithm would fall short of the mean (Duan 1983, *Smearing estimate*,
//! JASA 78), and a ratio of sums with it.

use crate::stats::robust::{MAD_TO_SD, huber_step, median_in_place};
use crate::stats::scale::Scale;
use std::ops::Range;

/// What the measurements need to know of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting<'a> {
    /// Lengths of the seasons in periods, shortest first: `&[7]` for days, `&[24, 168]` for hours.
    pub seasons: &'a [usize],
    /// Periods in a day (1 for days, 24 for hours, 1/7 for weeks).
    pub per_day: f64,
    /// Working scale. Lifts are ratios, so only [`Scale::Log`] has them.
    pub scale: Scale,
    /// Coverage of the intervals (0.9).
    pub level: f64,
    /// Seed of what is resampled.
    pub seed: u64,
    /// How many courses are drawn from the noise of a baseline for an interval.
    pub draws: usize,
}

impl Setting<'_> {
    /// Days of counts with a weekly season, intervals of 90%.
    pub const DAILY: Setting<'static> =
        Setting { seasons: &[7], per_day: 1.0, scale: Scale::COUNT, level: 0.9, seed: 1, draws: 249 };

    /// Hours of counts with a daily and a weekly season, intervals of 90%.
    pub const HOURLY: Setting<'static> = Setting { seasons: &[24, 168], per_day: 24.0, ..Setting::DAILY };

    /// The same for shares, whose offset must be small beside their level: a thousandth of the mean.
    pub fn for_shares(self, y: &[f64]) -> Self {
        let mean = crate::stats::robust::mean(y);
        let offset = if mean > 0.0 { mean * 1e-3 } else { 1e-12 };
        Setting { scale: Scale::Log { offset }, ..self }
    }

    pub(crate) fn offset(&self) -> Option<f64> {
        match self.scale {
            Scale::Log { offset } => Some(offset),
            Scale::Identity | Scale::ReversedLog => None,
        }
    }
}

/// A fitted baseline: expected value of any period, and how the baseline scattered around it.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    offset: f64,
    amount: f64,
    factors: Vec<Vec<f64>>,
    /// Centre of the working-scale residuals, so that `center + residual` is the deseasonalised value.
    pub center: f64,
    /// Robust spread of the residuals (working scale).
    pub spread: f64,
    /// Residual of each baseline period (working scale), `NaN` where not observed or excluded.
    pub residuals: Vec<f64>,
    /// Number of baseline periods used.
    pub n: usize,
    /// Parameters spent on them, after shrinkage.
    pub spent: f64,
}

/// How far a value may lie from its expectation, in spreads, before it is pulled in.
const CLIP: f64 = 4.0;

impl Expected {
    /// Fits level and season to the observed, not excluded periods of `baseline`. A season is used when the baseline
    /// holds at least two of its cycles, and is shrunk towards none by how little it stands out of the noise
    /// (positive-part James & Stein). `None` with fewer than four values, or values below zero.
    pub fn fit(y: &[f64], baseline: Range<usize>, exclude: Option<&[bool]>, setting: &Setting<'_>) -> Option<Expected> {
        let offset = setting.offset()?;
        let values = y.get(baseline.clone())?;
        let usable = |i: usize| !exclude.is_some_and(|mask| mask.get(baseline.start + i).copied().unwrap_or(false));
        let mut residuals: Vec<f64> = values
            .iter()
            .enumerate()
            .map(|(i, &v)| if usable(i) && v >= 0.0 && v.is_finite() { (v + offset).ln() } else { f64::NAN })
            .collect();
        let mut scratch: Vec<f64> = residuals.iter().copied().filter(|v| v.is_finite()).collect();
        let n = scratch.len();
        if n < 4 {
            return None;
        }
        let center = median_in_place(&mut scratch);
        residuals.iter_mut().for_each(|r| *r -= center);
        let floor = counting_floor(values, setting.scale);
        let (mut spent, mut log_factors) = (1.0, Vec::new());
        for &season in setting.seasons.iter().filter(|&&s| s > 1 && values.len() >= 2 * s) {
            let (factors, kept) = phase_means(&mut residuals, baseline.start, season, floor);
            spent += kept;
            log_factors.push(factors);
        }
        let spread = spread_of(&residuals, floor);
        let mut expected =
            Expected { offset, amount: 0.0, factors: exponentials(log_factors), center, spread, residuals, n, spent };
        expected.set_amount(baseline.start);
        Some(expected)
    }

    fn set_amount(&mut self, start: usize) {
        // Robust location first, so that the clipping is symmetric around it.
        let mut kept: Vec<f64> = self.residuals.iter().copied().filter(|r| r.is_finite()).collect();
        let middle = median_in_place(&mut kept);
        let middle = middle + huber_step(kept.iter().map(|r| (*r, 1.0)), middle, 2.5 * self.spread);
        let limit = CLIP * self.spread;
        let (mut sum, mut weight) = (0.0, 0.0);
        for (i, r) in self.residuals.iter().enumerate().filter(|(_, r)| r.is_finite()) {
            let factor = self.factor(start + i);
            sum += factor * (self.center + middle + (r - middle).clamp(-limit, limit)).exp();
            weight += factor;
        }
        self.residuals.iter_mut().for_each(|r| *r -= middle);
        self.center += middle;
        self.amount = sum / weight;
    }

    fn factor(&self, index: usize) -> f64 {
        self.factors.iter().map(|factors| factors[index % factors.len()]).product()
    }

    /// Expected value of period `index` of the series that was fitted (any period, also outside the baseline).
    pub fn at(&self, index: usize) -> f64 {
        (self.amount * self.factor(index) - self.offset).max(0.0)
    }

    /// Working-scale residual of `value` at period `index`; `NaN` where there is none.
    pub fn residual_of(&self, index: usize, value: f64) -> f64 {
        ((value + self.offset) / self.factor(index)).ln() - self.center
    }

    /// A value at period `index` whose working-scale residual is `residual`.
    pub fn with_residual(&self, index: usize, residual: f64) -> f64 {
        ((self.center + residual).exp() * self.factor(index) - self.offset).max(0.0)
    }
}

fn exponentials(log_factors: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    log_factors.into_iter().map(|factors| factors.into_iter().map(f64::exp).collect()).collect()
}

/// Spread that counting alone gives to ln(count + 1): no spread of counts is below it.
fn counting_floor(values: &[f64], scale: Scale) -> f64 {
    if scale != Scale::COUNT {
        return 0.0;
    }
    let mean = crate::stats::robust::mean(values).max(0.0);
    mean.sqrt() / (mean + 1.0)
}

/// MAD, or the standard deviation where more than half of the values are equal; never below the counting noise.
fn spread_of(residuals: &[f64], floor: f64) -> f64 {
    let mut kept: Vec<f64> = residuals.iter().copied().filter(|r| r.is_finite()).collect();
    if kept.is_empty() {
        return floor;
    }
    let middle = median_in_place(&mut kept);
    let variance = kept.iter().map(|r| (r - middle).powi(2)).sum::<f64>() / kept.len() as f64;
    kept.iter_mut().for_each(|r| *r = (*r - middle).abs());
    let mad = median_in_place(&mut kept) * MAD_TO_SD;
    (if mad > 0.0 { mad } else { variance.sqrt() }).max(floor)
}

/// Takes the season out of `residuals` and gives its effects by phase of the absolute index, and the number of
/// parameters they are worth: phase medians, one Huber step from there, shrunk together.
fn phase_means(residuals: &mut [f64], start: usize, season: usize, floor: f64) -> (Vec<f64>, f64) {
    let mut effects = vec![0.0; season];
    let mut scratch = Vec::new();
    for (phase, effect) in effects.iter_mut().enumerate() {
        let first = (phase + season - start % season) % season;
        scratch.clear();
        scratch.extend(residuals.iter().skip(first).step_by(season).copied().filter(|r| r.is_finite()));
        if !scratch.is_empty() {
            *effect = median_in_place(&mut scratch);
        }
    }
    let off = |i: usize, r: f64, effects: &[f64]| r - effects[(start + i) % season];
    let left: Vec<f64> = residuals.iter().enumerate().map(|(i, &r)| off(i, r, &effects)).collect();
    let limit = 2.5 * spread_of(&left, floor);
    let (mut sums, mut counts) = (vec![0.0; season], vec![0usize; season]);
    let mut within = 0.0;
    for (i, r) in left.iter().enumerate().filter(|(_, r)| r.is_finite()) {
        let clipped = r.clamp(-limit, limit);
        sums[(start + i) % season] += clipped;
        counts[(start + i) % season] += 1;
        within += clipped * clipped;
    }
    let n: usize = counts.iter().sum();
    for phase in 0..season {
        effects[phase] += if counts[phase] > 0 { sums[phase] / counts[phase] as f64 } else { 0.0 };
    }
    let seen = counts.iter().filter(|&&c| c > 0).count();
    let center = effects.iter().zip(&counts).map(|(e, &c)| e * c as f64).sum::<f64>() / n.max(1) as f64;
    let between: f64 = effects.iter().zip(&counts).map(|(e, &c)| c as f64 * (e - center).powi(2)).sum();
    let noise = within / n.saturating_sub(seen).max(1) as f64;
    let kept = if seen < 4 || between <= 0.0 { 1.0 } else { (1.0 - (seen as f64 - 3.0) * noise / between).max(0.0) };
    for (effect, &count) in effects.iter_mut().zip(&counts) {
        *effect = if count > 0 { kept * (*effect - center) } else { 0.0 };
    }
    for (i, r) in residuals.iter_mut().enumerate() {
        *r = off(i, *r, &effects);
    }
    (effects, kept * seen.saturating_sub(1) as f64)
}
