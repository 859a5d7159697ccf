//! Scores for one series of any nature and step, one row a period: what was expected, how far off the value is and
//! how surprising that is in the light of everything before it.
//!
//! Row t depends on rows ≤ t alone: the working scale, the season, the rates and the tails are all followed as the
//! series is read. See `docs/methods/detect.md` for the formulas and measured results.

use crate::alert::ChangePoint;
use crate::baseline::local::{LEAST_SPREAD, Local};
use crate::detect::changepoint::{Settings, segment_levels};
use crate::detect::novelty::{Evidence, Novelty};
use crate::detect::online::online;
use crate::detect::raw::detect_raw;
use crate::detect::surprise::Tail;
use crate::series::Kind;
use crate::stats::scale::Scale;
use crate::time::Step;

/// Which seasons a series may have.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Seasons {
    /// Those of its step: a day and a week below a day, a week for days. None where the step is unknown.
    #[default]
    Auto,
    /// None.
    None,
    /// These periods, in samples.
    Periods(Vec<usize>),
}

impl Seasons {
    /// The periods in samples, the shorter first.
    pub fn periods(&self, step: Option<Step>) -> Vec<usize> {
        let mut periods: Vec<usize> = match (self, step) {
            (Seasons::Periods(periods), _) => periods.clone(),
            (Seasons::Auto, Some(step)) => step.seasons().iter().map(|season| step.periods_in(*season)).collect(),
            _ => Vec::new(),
        };
        periods.retain(|period| *period > 1);
        periods.sort_unstable();
        periods.dedup();
        periods
    }
}

/// How [`points`] looks at a series.
#[derive(Clone, Debug, PartialEq)]
pub struct PointOptions {
    /// Change points too are computed from the past alone.
    pub online: bool,
    /// Seasons looked for; they are used only while they help to forecast.
    pub seasons: Seasons,
    /// What the values are; found from the values themselves where `None`.
    pub kind: Option<Kind>,
    /// Coverage of `lower`–`upper`.
    pub interval: f64,
    /// A row is a spike when its tail probability is below this.
    pub spike_p: f64,
}

impl Default for PointOptions {
    fn default() -> PointOptions {
        PointOptions { online: false, seasons: Seasons::Auto, kind: None, interval: 0.9, spike_p: 1e-3 }
    }
}

/// One value a period in every column; `NaN` where undefined.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points {
    /// Forecast from the rows before.
    pub expected: Vec<f64>,
    /// Lower end of the interval of the forecast.
    pub lower: Vec<f64>,
    /// Upper end.
    pub upper: Vec<f64>,
    /// Distance from the forecast in standard deviations of its error; for small counts the signed root deviance.
    pub z: Vec<f64>,
    /// 1 − tail probability of the row in the light of its past, once per episode: repeats of the same surprise score
    /// less. 0 before anything can be said.
    pub score: Vec<f64>,
    /// Whether an alert is raised at this row.
    pub spike: Vec<bool>,
    /// Whether a new regime begins at this row.
    pub changepoint: Vec<bool>,
    /// Robust mean of the regime.
    pub segment_mean: Vec<f64>,
    /// The changes themselves, in order.
    pub change_points: Vec<ChangePoint>,
}

/// Scores of one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// See [`Points::expected`].
    pub expected: f64,
    /// See [`Points::lower`].
    pub lower: f64,
    /// See [`Points::upper`].
    pub upper: f64,
    /// See [`Points::z`].
    pub z: f64,
    /// See [`Points::score`].
    pub score: f64,
    /// See [`Points::spike`].
    pub spike: bool,
}

/// Scores `values` (`NaN` = gap) on a grid of `step`, if that is known.
///
/// ```
/// use floodmark::{detect::points::{PointOptions, points}, time::Step};
/// let mut visits: Vec<f64> = (0..100).map(|day| 1000.0 + 50.0 * ((day * 37 % 11) as f64 - 5.0)).collect();
/// visits[80] = 3000.0;
/// let found = points(&visits, Some(Step::DAY), &PointOptions::default());
/// assert!(found.spike[80] && found.z[80] > 5.0);
/// ```
pub fn points(values: &[f64], step: Option<Step>, options: &PointOptions) -> Points {
    let mut scorer = Scorer::new(step, options);
    let mut out = Points::default();
    let mut seasonless = Vec::with_capacity(values.len());
    for &value in values {
        seasonless.push(value.clamp(-HUGE, HUGE) - scorer.raw.local.clear_season());
        let row = scorer.push(value);
        out.expected.push(row.expected);
        out.lower.push(row.lower);
        out.upper.push(row.upper);
        out.z.push(row.z);
        out.score.push(row.score);
        out.spike.push(row.spike);
    }
    if options.online {
        regimes_as_known(&seasonless, &mut out);
    } else {
        regimes(values, &candidates(step, options), &mut out);
    }
    out
}

/// Seasons that the search for change points tries. Where neither step nor user names one: a week, a year of months
/// and a day of hours, each taken only if the series shows it.
fn candidates(step: Option<Step>, options: &PointOptions) -> Vec<usize> {
    match (&options.seasons, step) {
        (Seasons::Auto, None) => vec![7, 12, 24],
        (seasons, step) => seasons.periods(step),
    }
}

/// Change points of the whole series, with hindsight.
fn regimes(values: &[f64], periods: &[usize], out: &mut Points) {
    out.change_points = detect_raw(values, periods, &Settings::default()).change_points;
    let changes: Vec<usize> = out.change_points.iter().map(|change| change.index).collect();
    out.changepoint = vec![false; values.len()];
    for &change in &changes {
        out.changepoint[change] = true;
    }
    out.segment_mean = segment_levels(values, &changes);
}

/// Change points as they become known: the flag stands at the row that confirms one. There are no p-values; the
/// interval reaches from the likeliest first row to the confirming one.
fn regimes_as_known(seasonless: &[f64], out: &mut Points) {
    let known = online(seasonless, &Settings { season: 1, ..Settings::default() });
    out.changepoint = known.iter().map(|row| row.confirmed.is_some()).collect();
    out.segment_mean = known.iter().map(|row| row.level).collect();
    let change = |(row, now): (usize, &crate::detect::online::Known)| {
        let index = now.confirmed?;
        let before = known[row.saturating_sub(1)].level;
        Some(ChangePoint { index, low: index, high: row, before, after: now.level, p_value: f64::NAN })
    };
    out.change_points = known.iter().enumerate().filter_map(change).collect();
}

/// Values beyond this are taken as this: squares must stay finite.
const HUGE: f64 = 1e140;
/// |z| is bounded: a constant series has no yardstick for its first change.
const Z_MAX: f64 = 1e3;
/// The logarithm is considered after so many values, and its offset is this part of their mean.
const LOG_FROM: usize = 30;
const LOG_OFFSET: f64 = 0.1;
/// Rate at which the working scales are compared.
const FIT_RATE: f64 = 1.0 / 300.0;
/// How much better (in log likelihood a value) the logarithm must be.
const FIT_MARGIN: f64 = 0.02;
/// Means below this are judged by the deviance of a count.
const SMALL_COUNT: f64 = 200.0;
/// How many values the tails remember.
pub(crate) const MEMORY: f64 = 10_000.0;

/// A working scale with the level followed on it, and how well it has done.
#[derive(Clone, Debug)]
struct Model {
    scale: Scale,
    local: Local,
    fit: f64,
    n: f64,
}

impl Model {
    fn new(scale: Scale, periods: &[usize]) -> Model {
        Model { scale, local: Local::new(periods), fit: 0.0, n: 0.0 }
    }

    fn update(&mut self, value: f64) {
        let x = if value.is_nan() { f64::NAN } else { self.scale.forward(value) };
        if let (Some(forecast), false) = (self.local.forecast(), x.is_nan()) {
            let z = (x - forecast.mean) / forecast.spread;
            let slope = match self.scale {
                Scale::Log { offset } => (value + offset).ln(),
                Scale::Identity => 0.0,
                Scale::ReversedLog => value.ln(),
            };
            // Negative log likelihood of Student's t with 4 degrees of freedom, on the scale of the value.
            let loss = (forecast.spread.ln() + slope + 2.5 * (z * z / 4.0).ln_1p()).min(1e3);
            self.n += 1.0;
            self.fit += FIT_RATE.max(1.0 / self.n) * (loss - self.fit);
        }
        self.local.update(x);
    }
}

/// Reads a series row by row, in constant time and memory a row.
#[derive(Clone, Debug)]
pub struct Scorer {
    periods: Vec<usize>,
    kind: Option<Kind>,
    interval: f64,
    spike_p: f64,
    raw: Model,
    log: Option<Model>,
    /// Number, mean size and signs of the values so far.
    n: usize,
    mean_size: f64,
    negative: bool,
    whole: bool,
    spread_of_z: Tail,
    novelty: Novelty,
}

impl Scorer {
    /// A scorer for a series of this step.
    pub fn new(step: Option<Step>, options: &PointOptions) -> Scorer {
        let periods = options.seasons.periods(step);
        let mut scorer = Scorer {
            kind: options.kind,
            interval: options.interval.clamp(0.01, 0.999),
            spike_p: options.spike_p,
            raw: Model::new(Scale::Identity, &periods),
            log: None,
            n: 0,
            mean_size: 0.0,
            negative: false,
            whole: true,
            spread_of_z: Tail::new(MEMORY),
            novelty: Novelty::new(step),
            periods,
        };
        if scorer.is_declared_count() {
            scorer.log = Some(Model::new(Scale::COUNT, &scorer.periods));
        }
        scorer
    }

    fn is_declared_count(&self) -> bool {
        matches!(self.kind, Some(Kind::Count | Kind::Rounded))
    }

    /// Scores the next value from it and what came before.
    pub fn push(&mut self, value: f64) -> Row {
        let value = if value.is_nan() { value } else { value.clamp(-HUGE, HUGE) };
        let row = self.judge(value);
        self.learn(value);
        row
    }

    /// The working scale that has forecast best so far, never a logarithm for a series that has been negative.
    fn model(&self) -> &Model {
        match &self.log {
            Some(log) if !self.negative => {
                let trusted = log.n >= LOG_FROM as f64 && log.fit < self.raw.fit - FIT_MARGIN;
                if self.is_declared_count() || trusted { log } else { &self.raw }
            }
            _ => &self.raw,
        }
    }

    fn judge(&mut self, value: f64) -> Row {
        let undefined = Row {
            expected: f64::NAN,
            lower: f64::NAN,
            upper: f64::NAN,
            z: f64::NAN,
            score: if value.is_nan() { f64::NAN } else { 0.0 },
            spike: false,
        };
        let model = self.model();
        let Some(mut forecast) = model.local.forecast() else { return undefined };
        let scale = model.scale;
        let expected = self.within_range(scale.inverse(forecast.mean));
        let counting = self.counting_variance(scale, expected);
        forecast.spread = (forecast.spread.powi(2) + counting * 0.25).sqrt().max(counting.sqrt());
        forecast.slow_spread = forecast.slow_spread.max(counting.sqrt());
        let reach = match forecast.spread > LEAST_SPREAD {
            true => self.spread_of_z.quantile(1.0 - self.interval) * forecast.spread,
            false => 0.0,
        };
        let mut row = Row {
            expected,
            lower: self.within_range(scale.inverse(forecast.mean - reach)),
            upper: self.within_range(scale.inverse(forecast.mean + reach)),
            ..undefined
        };
        if value.is_nan() {
            return row;
        }
        let x = if value < 0.0 && scale != Scale::Identity { f64::NEG_INFINITY } else { scale.forward(value) };
        let bounded = |z: f64| z.clamp(-Z_MAX, Z_MAX);
        row.z = if counting > 0.0 && expected < SMALL_COUNT && value >= 0.0 {
            bounded(root_deviance(value, expected, forecast.spread))
        } else {
            bounded((x - forecast.mean) / forecast.spread)
        };
        let slow = bounded((x - forecast.slow_mean) / forecast.slow_spread);
        self.spread_of_z.insert(row.z.abs());
        let surprise = self.novelty.push(Evidence { z: row.z, slow, value });
        let p = (-surprise).exp();
        row.score = 1.0 - p;
        row.spike = p < self.spike_p;
        row
    }

    /// A series that has never been negative is not expected to become so.
    fn within_range(&self, value: f64) -> f64 {
        if self.negative { value } else { value.max(0.0) }
    }

    /// Variance that counting alone gives on the logarithmic scale; zero where the values are no counts.
    fn counting_variance(&self, scale: Scale, expected: f64) -> f64 {
        let counts = self.is_declared_count() || (self.kind.is_none() && self.whole && scale == Scale::COUNT);
        if counts && scale == Scale::COUNT { 1.0 / (expected + 1.0) } else { 0.0 }
    }

    fn learn(&mut self, value: f64) {
        self.raw.update(value);
        if !value.is_nan() {
            self.n += 1;
            self.mean_size += (value.abs() - self.mean_size) / self.n as f64;
            self.negative |= value < 0.0;
            self.whole &= value.fract() == 0.0;
        }
        if self.negative {
            self.log = None;
        } else if let Some(log) = &mut self.log {
            log.update(value);
        } else if self.n >= LOG_FROM && self.mean_size > 0.0 {
            let scale = if self.whole { Scale::COUNT } else { Scale::Log { offset: LOG_OFFSET * self.mean_size } };
            self.log = Some(Model::new(scale, &self.periods));
        }
    }
}

/// Signed root of the deviance of a negative-binomial count (McCullagh & Nelder 1989, § 11.2) around `mean`, with the
/// dispersion that gives ln(count) the standard deviation `spread`.
fn root_deviance(count: f64, mean: f64, spread: f64) -> f64 {
    let mean = mean.max(0.05);
    let dispersion = (spread * spread - 1.0 / (mean + 1.0)).max(1e-6);
    let k = 1.0 / dispersion;
    let gain = if count > 0.0 { count * (count / mean).ln() } else { 0.0 };
    let deviance = 2.0 * (gain - (count + k) * ((count + k) / (mean + k)).ln());
    deviance.max(0.0).sqrt() * (count - mean).signum()
}
