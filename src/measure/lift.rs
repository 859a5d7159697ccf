//! Lift: observed ÷ expected − 1 over a window, with an interval that knows of autocorrelation, season, tails and a
//! short baseline. See `docs/methods/lift.md`.

use crate::alert::Estimate;
use crate::measure::errors::Errors;
use crate::measure::expected::{Expected, Setting};
use crate::measure::past::Past;
use crate::measure::placebo;
use crate::measure::target::Target;
pub use crate::measure::target::window_range;
use crate::stats::elementary::ln_each;
use crate::stats::robust::{quantile_of_sorted, sort};
use crate::stats::scale::Scale;
use statrs::distribution::{ContinuousCDF, Normal};
use std::ops::Range;

/// How much a series rose over a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lift {
    /// Σ observed over the observed periods of the window.
    pub observed: f64,
    /// Σ expected over the same periods.
    pub expected: f64,
    /// observed ÷ expected − 1, as a fraction.
    pub lift: Estimate,
    /// Mean expected value per period of the baseline.
    pub base_level: f64,
    /// Observed periods in the window.
    pub n_periods: usize,
    /// One-sided p-value of a rise this large: from the placebos where they hold at least 39 independent windows;
    /// otherwise the larger of theirs and that of the noise model calibrated on them; without any, the model's.
    pub p_value: f64,
    /// Number of placebo dates.
    pub n_placebo: usize,
    /// The period that was the largest, for [`crate::alert::Window::Peak`].
    pub peak_at: Option<usize>,
}

/// Lift of one window (a surge from onset to end, say) against a baseline. Excluded periods are no part of the
/// baseline. `None` where the baseline holds fewer than four values, the window none, or nothing was expected.
///
/// ```
/// use floodmark::measure::{Setting, lift};
/// let mut y: Vec<f64> = (0..100).map(|t| 1000.0 + 10.0 * (t * t % 13) as f64).collect();
/// y[70..77].iter_mut().for_each(|v| *v *= 1.42);
/// let found = lift(&y, 7..63, 70..77, None, &Setting::DAILY).unwrap();
/// assert!(found.lift.low < 0.42 && 0.42 < found.lift.high);
/// ```
pub fn lift(
    y: &[f64],
    baseline: Range<usize>,
    window: Range<usize>,
    exclude: Option<&[bool]>,
    setting: &Setting<'_>,
) -> Option<Lift> {
    measure(y, baseline, &[Target::Sum(window)], exclude, setting, &mut Past::default()).into_iter().next().flatten()
}

/// The lifts of the four windows after an event at period `event`, in the order of [`Window::ALL`]. A window that
/// reaches past the end of the series has none.
///
/// [`Window::ALL`]: crate::alert::Window::ALL
pub fn event_lifts(
    y: &[f64],
    event: usize,
    baseline: Range<usize>,
    exclude: Option<&[bool]>,
    setting: &Setting<'_>,
) -> [Option<Lift>; 4] {
    Lifts::new(y, *setting).after(event, baseline, exclude)
}

/// Lifts of one series after several events: what they compare with in the past is computed once.
pub(crate) struct Lifts<'a> {
    y: &'a [f64],
    setting: Setting<'a>,
    past: Past,
}

impl<'a> Lifts<'a> {
    pub(crate) fn new(y: &'a [f64], setting: Setting<'a>) -> Self {
        Lifts { y, setting, past: Past::default() }
    }

    /// As [`event_lifts`]. Before an event the same periods must be excluded at every call.
    pub(crate) fn after(
        &mut self,
        event: usize,
        baseline: Range<usize>,
        exclude: Option<&[bool]>,
    ) -> [Option<Lift>; 4] {
        let targets = Target::after(event, self.setting.per_day);
        let mut found = measure(self.y, baseline, &targets, exclude, &self.setting, &mut self.past).into_iter();
        [(); 4].map(|()| found.next().flatten())
    }
}

/// The lifts of the four windows alone, without intervals: for placebos in space. `NaN` where there is none, or where
/// less than half of the window is observed.
pub fn plain_event_lifts(
    y: &[f64],
    event: usize,
    baseline: Range<usize>,
    exclude: Option<&[bool]>,
    setting: &Setting<'_>,
) -> [f64; 4] {
    let Some(fit) = Expected::fit(y, baseline, exclude, setting) else { return [f64::NAN; 4] };
    Target::after(event, setting.per_day).map(|target| {
        let range = target.range().clone();
        let seen = range.clone().filter(|&t| y.get(t).is_some_and(|v| v.is_finite())).count();
        if range.end <= y.len() && 2 * seen >= range.len() { target.ratio(y, &fit) - 1.0 } else { f64::NAN }
    })
}

/// Placebo dates are worth this many when their spread is weighed against the noise model's.
const MODEL_WEIGHT: f64 = 20.0;
/// Fewest independent placebos that give a p-value by themselves.
const ENOUGH: f64 = 39.0;
/// Fewest placebos whose word is heard at all: they could give a p-value of 0.05.
const FEWEST_PLACEBOS: usize = 19;

fn measure(
    y: &[f64],
    baseline: Range<usize>,
    targets: &[Target],
    exclude: Option<&[bool]>,
    setting: &Setting<'_>,
    past: &mut Past,
) -> Vec<Option<Lift>> {
    let nothing = || targets.iter().map(|_| None).collect();
    let Some(fit) = Expected::fit(y, baseline.clone(), exclude, setting) else { return nothing() };
    let base_level = {
        let observed = baseline.clone().filter(|&t| y[t].is_finite());
        let (sum, n) = observed.fold((0.0, 0usize), |(sum, n), t| (sum + fit.at(t), n + 1));
        sum / n.max(1) as f64
    };
    let found: Vec<_> = targets
        .iter()
        .map(|target| if target.range().end <= y.len() { target.measure(y, &fit) } else { None })
        .collect();
    if found.iter().all(Option::is_none) {
        return nothing();
    }
    let errors = Errors::draw(y, &baseline, targets, &found, &fit, setting);
    let (placebos, spacing) = past.ratios(y, &baseline, targets, exclude, setting);
    let mut lifts = Vec::with_capacity(targets.len());
    for (((target, found), errors), placebos) in targets.iter().zip(found).zip(errors).zip(placebos) {
        lifts.push(found.map(|found| {
            let independent = independent(placebos.len(), spacing, target.range().len());
            let calibration = Calibration::of(&errors.free, &placebos, independent);
            let mut lift = calibration.interval(found.ratio(), &errors, setting.level);
            if setting.scale == Scale::COUNT {
                widen_to_counting_noise(&mut lift, found.observed, found.expected, setting.level);
            }
            Lift {
                observed: found.observed,
                expected: found.expected,
                lift,
                base_level,
                n_periods: found.periods,
                p_value: calibration.p_value(found.ratio(), &errors.free, &placebos, independent),
                n_placebo: placebos.len(),
                peak_at: matches!(target, Target::Max(_)).then_some(found.at),
            }
        }));
    }
    lifts
}

/// How many windows that do not overlap the placebos, one every `spacing` periods, are worth.
fn independent(placebos: usize, spacing: usize, window: usize) -> f64 {
    ((placebos * spacing) as f64 / (1.5 * window as f64 + 2.0)).min(placebos as f64)
}

/// How the model's errors (logarithms) must be moved and stretched to look like the placebos'.
struct Calibration {
    /// Of the model's errors.
    center: f64,
    shift: f64,
    stretch: f64,
}

impl Calibration {
    /// In proportion to how many independent placebos there are; the `model`'s errors are in rising order.
    fn of(model: &[f64], placebos: &[f64], independent: f64) -> Calibration {
        let logs = |v: &[f64]| {
            let mut logs: Vec<f64> = v.iter().copied().filter(|r| *r > 0.0).collect();
            ln_each(&mut logs);
            logs
        };
        let model = logs(model);
        let center = quantile_of_sorted(&model, 0.5);
        let width = |v: &[f64]| quantile_of_sorted(v, 0.9) - quantile_of_sorted(v, 0.1);
        if independent < 3.0 || model.is_empty() || width(&model) <= 0.0 {
            return Calibration { center, shift: 0.0, stretch: 1.0 };
        }
        let mut past = logs(placebos);
        sort(&mut past);
        let weight = independent / (independent + MODEL_WEIGHT);
        let stretch = (1.0 - weight + weight * (width(&past) / width(&model)).powi(2)).sqrt();
        Calibration { center, shift: weight * (quantile_of_sorted(&past, 0.5) - center), stretch }
    }

    /// An error (logarithm) of the model as the placebos would have it.
    fn apply(&self, error: f64) -> f64 {
        self.center + self.shift + self.stretch * (error - self.center)
    }

    /// The placebos' own p-value, where they hold enough windows that do not overlap. Where they do not, it is not
    /// believed below that of the noise model calibrated on them.
    fn p_value(&self, ratio: f64, model: &[f64], placebos: &[f64], independent: f64) -> f64 {
        let by_model = || {
            let mut calibrated = model.to_vec();
            ln_each(&mut calibrated);
            calibrated.iter_mut().for_each(|error| *error = self.apply(*error));
            placebo::p_value(ratio.ln(), &calibrated)
        };
        // With N placebos no p-value is below 1 ÷ (N + 1): too few of them cannot say anything.
        if placebos.len() < FEWEST_PLACEBOS {
            return by_model();
        }
        let by_placebo = placebo::p_value(ratio, placebos);
        if independent >= ENOUGH { by_placebo } else { by_placebo.max(by_model()) }
    }

    fn interval(&self, ratio: f64, errors: &Errors, level: f64) -> Estimate {
        let tail = (1.0 - level) / 2.0;
        let end = |draws: &[f64], p: f64| ratio / self.apply(quantile_of_sorted(draws, p).ln()).exp() - 1.0;
        Estimate { point: ratio - 1.0, low: end(errors.above(), 1.0 - tail), high: end(errors.below(), tail) }
    }
}

/// No interval of a count is narrower than that of a Poisson count with the same number of visits (Garwood 1936,
/// Biometrika 28).
fn widen_to_counting_noise(lift: &mut Estimate, observed: f64, expected: f64, level: f64) {
    let z = Normal::standard().inverse_cdf((1.0 + level) / 2.0);
    // Quantiles of the gamma distribution after Wilson & Hilferty 1931.
    let bound = |shape: f64, z: f64| shape * (1.0 - 1.0 / (9.0 * shape) + z / (3.0 * shape.sqrt())).max(0.0).powi(3);
    let low = if observed > 0.0 { bound(observed, -z) } else { 0.0 };
    let high = bound(observed + 1.0, z);
    lift.low = lift.low.min(low / expected - 1.0);
    lift.high = lift.high.max(high / expected - 1.0);
}
