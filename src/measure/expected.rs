//! Expected values from a baseline: a level times the factors of the season, fitted robustly on the working scale.
//!
//! The level is turned back so that, over the baseline, Σ expected = Σ observed (values wilder than four spreads
//! pulled in): the exponential of a mean logarithm would fall short of the mean (Duan 1983, *Smearing estimate*,
//! JASA 78), and a ratio of sums with it.

use crate::measure::season::{Phase, Season, phases_from};
use crate::stats::elementary::ln_each;
use crate::stats::lanes::sum_of_observed;
use crate::stats::robust::{MAD_TO_SD, huber_step, median_in_place, median_with};
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
    /// First periods of levels that stayed: no past date is compared with what lies before one of them.
    pub levels: &'a [usize],
}

impl Setting<'_> {
    /// Days of counts with a weekly season, intervals of 90%.
    pub const DAILY: Setting<'static> =
        Setting { seasons: &[7], per_day: 1.0, scale: Scale::COUNT, level: 0.9, seed: 1, draws: 249, levels: &[] };

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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expected {
    pub(super) offset: f64,
    amount: f64,
    pub(super) seasons: Vec<Season>,
    /// Factors of all seasons together, over the cycle after which they recur.
    pub(super) factors: Vec<f64>,
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
pub(super) const CLIP: f64 = 4.0;
/// Beyond how many spreads it no longer pulls level and season (Huber 1964).
pub(super) const HUBER: f64 = 2.5;

impl Expected {
    /// Fits level and season to the observed, not excluded periods of `baseline`. A season is used when the baseline
    /// holds at least two of its cycles, and is shrunk towards none by how little it stands out of the noise
    /// (positive-part James & Stein). `None` with fewer than four values, or values below zero.
    pub fn fit(y: &[f64], baseline: Range<usize>, exclude: Option<&[bool]>, setting: &Setting<'_>) -> Option<Expected> {
        let mut fitter = Fitter::default();
        let values = y.get(baseline.clone())?;
        fitter.fit(values, &logarithms(values, setting)?, baseline.start, exclude, setting)?;
        Some(fitter.expected)
    }

    /// Level of the baseline that begins at `start`; its clipping is symmetric around a robust location, one Huber step
    /// from `middle`.
    fn set_amount(&mut self, values: &[f64], start: usize, middle: f64) {
        let middle = middle + huber_step(self.residuals.iter().map(|r| (*r, 1.0)), middle, HUBER * self.spread);
        let limit = CLIP * self.spread;
        self.residuals.iter_mut().for_each(|r| *r -= middle);
        self.center += middle;
        self.multiply_seasons();
        let (mut sum, mut weight) = (0.0, 0.0);
        let phases = phases_from(start, self.factors.len());
        for ((r, value), phase) in self.residuals.iter().zip(values).zip(phases).filter(|((r, _), _)| !r.is_nan()) {
            let amount = value + self.offset;
            sum += if r.abs() <= limit { amount } else { amount * (r.clamp(-limit, limit) - r).exp() };
            weight += self.factors[phase];
        }
        self.amount = sum / weight;
    }

    /// The factors of all seasons together, once for all periods.
    fn multiply_seasons(&mut self) {
        let cycle = self.seasons.iter().fold(1, |cycle, season| least_common_multiple(cycle, season.len()));
        let factor = |index: usize| self.seasons.iter().map(|season| season.factor(index)).product::<f64>();
        let mut factors = std::mem::take(&mut self.factors);
        factors.clear();
        factors.extend((0..cycle).map(factor));
        self.factors = factors;
    }

    fn factor(&self, index: usize) -> f64 {
        self.factors[index % self.factors.len()]
    }

    /// Expected value of period `index` of the series that was fitted (any period, also outside the baseline).
    pub fn at(&self, index: usize) -> f64 {
        (self.amount * self.factor(index) - self.offset).max(0.0)
    }

    /// The expected values from period `first` on.
    #[inline(always)]
    pub(super) fn fill(&self, first: usize, values: &mut [f64]) {
        fill(self.amount, self.offset, (&self.factors, first), values);
    }

    /// Values plus offset where nothing happens, neither noise nor what its mean adds, from period `first` on.
    pub(super) fn fill_calm(&self, first: usize, values: &mut [f64]) {
        fill(self.center.exp(), 0.0, (&self.factors, first), values);
    }

    /// Working-scale residual of `value` at period `index`; `NaN` where there is none.
    pub fn residual_of(&self, index: usize, value: f64) -> f64 {
        ((value + self.offset) / self.factor(index)).ln() - self.center
    }

    /// Working-scale value of period `index` where nothing happens.
    pub(super) fn course(&self, index: usize) -> f64 {
        self.center + self.factor(index).ln()
    }
}

/// Fits one baseline after the other, in the same memory.
#[derive(Debug, Default)]
pub(super) struct Fitter {
    expected: Expected,
    scratch: Vec<f64>,
    phases: Vec<Phase>,
}

impl Fitter {
    /// As [`Expected::fit`], of the baseline that begins at period `start` with these `values` and [`logarithms`]; the fit
    /// lasts until the next one.
    pub(super) fn fit(
        &mut self,
        values: &[f64],
        logarithms: &[f64],
        start: usize,
        exclude: Option<&[bool]>,
        setting: &Setting<'_>,
    ) -> Option<&Expected> {
        let offset = setting.offset()?;
        let Fitter { expected, scratch, phases } = self;
        expected.residuals.clear();
        expected.residuals.extend_from_slice(logarithms);
        let left_out = exclude.and_then(|mask| mask.get(start..)).unwrap_or_default();
        for (r, _) in expected.residuals.iter_mut().zip(left_out).filter(|(_, out)| **out) {
            *r = f64::NAN;
        }
        // Some value near the middle: where the middle is, is found once the seasons are out.
        let (sum, n) = sum_of_observed(&expected.residuals, |r| r);
        if n < 4 {
            return None;
        }
        let center = sum / n as f64;
        expected.residuals.iter_mut().for_each(|r| *r -= center);
        let floor = counting_floor(values, setting.scale);
        let lengths = || setting.seasons.iter().copied().filter(|&s| s > 1 && values.len() >= 2 * s);
        expected.seasons.resize(lengths().count(), Season::default());
        expected.spent = 1.0;
        for (season, length) in expected.seasons.iter_mut().zip(lengths()) {
            expected.spent += season.learn(length, &mut expected.residuals, start, floor, scratch, phases);
        }
        let (middle, spread) = location_and_spread(&expected.residuals, floor, scratch);
        (expected.offset, expected.center, expected.spread, expected.n) = (offset, center, spread, n);
        expected.set_amount(values, start, middle);
        Some(expected)
    }
}

/// Values on their working scale; `NaN` where they are missing or below zero. `None` on a scale without lifts.
pub(super) fn logarithms(values: &[f64], setting: &Setting<'_>) -> Option<Vec<f64>> {
    let offset = setting.offset()?;
    let usable = |&v: &f64| if v >= 0.0 && v.is_finite() { v + offset } else { f64::NAN };
    let mut logarithms: Vec<f64> = values.iter().map(usable).collect();
    ln_each(&mut logarithms);
    Some(logarithms)
}

/// Fills `values` with what a level leads to expect, `offset` taken off: the first has the factor of this number, and the
/// factors recur.
#[inline(always)]
pub(super) fn fill(amount: f64, offset: f64, (factors, first): (&[f64], usize), values: &mut [f64]) {
    let (mut left, mut first) = (values, first % factors.len());
    while !left.is_empty() {
        let cycle = left.len().min(factors.len() - first);
        let (now, later) = left.split_at_mut(cycle);
        for (value, factor) in now.iter_mut().zip(&factors[first..]) {
            *value = (amount * factor - offset).max(0.0);
        }
        (left, first) = (later, 0);
    }
}

fn least_common_multiple(a: usize, b: usize) -> usize {
    let (mut divisor, mut rest) = (a, b);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    a / divisor * b
}

/// Spread that counting alone gives to ln(count + 1): no spread of counts is below it.
fn counting_floor(values: &[f64], scale: Scale) -> f64 {
    if scale != Scale::COUNT {
        return 0.0;
    }
    let mean = crate::stats::robust::mean(values).max(0.0);
    mean.sqrt() / (mean + 1.0)
}

/// Median, and MAD, or the standard deviation where more than half of the values are equal; the spread is never below
/// the counting noise.
pub(super) fn location_and_spread(residuals: &[f64], floor: f64, scratch: &mut Vec<f64>) -> (f64, f64) {
    let middle = median_with(residuals.iter().copied(), scratch);
    if scratch.is_empty() {
        return (middle, floor);
    }
    scratch.iter_mut().for_each(|r| *r = (*r - middle).abs());
    let mad = median_in_place(scratch) * MAD_TO_SD;
    let variance = || scratch.iter().map(|d| d * d).sum::<f64>() / scratch.len() as f64;
    (middle, (if mad > 0.0 { mad } else { variance().sqrt() }).max(floor))
}
