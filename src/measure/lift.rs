//! Lift: observed ÷ expected − 1 over a window, with an interval that knows of autocorrelation, season, tails and a
//! short baseline. See `docs/methods/lift.md`.

use crate::alert::{Estimate, Window};
use crate::measure::expected::{Expected, Setting};
use crate::measure::noise::Noise;
use crate::measure::placebo;
use crate::stats::resample::generator;
use crate::stats::robust::{median, quantile};
use crate::stats::scale::Scale;
use rand_distr::{Distribution, StandardNormal};
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
    /// The period that was the largest, for [`Window::Peak`].
    pub peak_at: Option<usize>,
}

/// What is computed from a window.
#[derive(Clone, Debug, PartialEq)]
enum Target {
    /// Ratio of sums.
    Sum(Range<usize>),
    /// Largest ratio of a single period.
    Max(Range<usize>),
}

impl Target {
    fn range(&self) -> &Range<usize> {
        match self {
            Target::Sum(range) | Target::Max(range) => range,
        }
    }

    fn back(&self, shift: usize) -> Target {
        let moved = |r: &Range<usize>| r.start - shift..r.end - shift;
        match self {
            Target::Sum(r) => Target::Sum(moved(r)),
            Target::Max(r) => Target::Max(moved(r)),
        }
    }

    /// (observed, expected, observed periods, where).
    fn measure(&self, y: &[f64], fit: &Expected) -> Option<(f64, f64, usize, usize)> {
        let seen = self.range().clone().filter(|&t| y.get(t).is_some_and(|v| v.is_finite()));
        match self {
            Target::Sum(range) => {
                let (observed, expected, n) = seen.fold((0.0, 0.0, 0), |(o, e, n), t| (o + y[t], e + fit.at(t), n + 1));
                (expected > 0.0).then_some((observed, expected, n, range.start))
            }
            Target::Max(_) => {
                let ratio = |t: usize| y[t] / fit.at(t);
                let at = seen.filter(|&t| fit.at(t) > 0.0).max_by(|&a, &b| ratio(a).total_cmp(&ratio(b)))?;
                Some((y[at], fit.at(at), 1, at))
            }
        }
    }

    fn ratio(&self, y: &[f64], fit: &Expected) -> f64 {
        self.measure(y, fit).map_or(f64::NAN, |(observed, expected, ..)| observed / expected)
    }
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
    measure(y, baseline, &[Target::Sum(window)], exclude, setting).into_iter().next().flatten()
}

/// The lifts of the four windows after an event at period `event`, in the order of [`Window::ALL`]. A window that
/// reaches past the end of the series has none.
pub fn event_lifts(
    y: &[f64],
    event: usize,
    baseline: Range<usize>,
    exclude: Option<&[bool]>,
    setting: &Setting<'_>,
) -> [Option<Lift>; 4] {
    let mut found = measure(y, baseline, &event_targets(event, setting), exclude, setting).into_iter();
    [(); 4].map(|()| found.next().flatten())
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
    event_targets(event, setting).map(|target| {
        let range = target.range().clone();
        let seen = range.clone().filter(|&t| y.get(t).is_some_and(|v| v.is_finite())).count();
        if range.end <= y.len() && 2 * seen >= range.len() { target.ratio(y, &fit) - 1.0 } else { f64::NAN }
    })
}

fn event_targets(event: usize, setting: &Setting<'_>) -> [Target; 4] {
    Window::ALL.map(|window| {
        let range = window_range(window, event, setting.per_day);
        if window == Window::Peak { Target::Max(range) } else { Target::Sum(range) }
    })
}

/// The periods of a window after an event at period `event`.
///
/// ```
/// # use floodmark::{alert::Window, measure::lift::window_range};
/// assert_eq!(window_range(Window::Week4, 100, 1.0), 121..128);
/// ```
pub fn window_range(window: Window, event: usize, per_day: f64) -> Range<usize> {
    let (first, last) = window.days();
    let start = event + (first as f64 * per_day).round() as usize;
    let end = event + ((last + 1) as f64 * per_day).round() as usize;
    start..end.max(start + 1)
}

/// Placebo dates are worth this many when their spread is weighed against the noise model's.
const MODEL_WEIGHT: f64 = 20.0;
/// Fewest independent placebos that give a p-value by themselves.
const ENOUGH: f64 = 39.0;
/// Fewest placebos whose word is heard at all: they could give a p-value of 0.05.
const FEWEST_PLACEBOS: usize = 19;
/// Standard deviation of the drift of a level, per year, that a baseline cannot show.
const DRIFT_PER_YEAR: f64 = 0.1;

fn measure(
    y: &[f64],
    baseline: Range<usize>,
    targets: &[Target],
    exclude: Option<&[bool]>,
    setting: &Setting<'_>,
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
    let model = model_errors(y, &baseline, targets, &found, &fit, exclude, setting);
    let placebos = placebo_ratios(y, &baseline, targets, exclude, setting);
    (0..targets.len())
        .map(|i| {
            let (observed, expected, n_periods, at) = found[i]?;
            let ratio = observed / expected;
            let peak = matches!(targets[i], Target::Max(_));
            let calibration = calibrate(&model[i].free, &placebos[i], targets[i].range().len(), setting);
            let p_value = p_value(ratio, &model[i].free, &placebos[i], calibration, targets[i].range().len(), setting);
            let mut lift = interval(ratio, &model[i], calibration, setting.level);
            if setting.scale == Scale::COUNT {
                widen_to_counting_noise(&mut lift, observed, expected, setting.level);
            }
            Some(Lift {
                observed,
                expected,
                lift,
                base_level,
                n_periods,
                p_value,
                n_placebo: placebos[i].len(),
                peak_at: peak.then_some(at),
            })
        })
        .collect()
}

/// Draws of estimated ÷ true ratio.
struct Errors {
    /// Of the statistic where nothing happened.
    free: Vec<f64>,
    /// Of the largest of the periods that may have been the peak; the same as `free` for sums.
    above: Vec<f64>,
    /// Of the one period that was the peak; the same as `free` for sums.
    below: Vec<f64>,
}

/// Draws the whole course of baseline and window from the noise model, fits each anew and measures it: what the
/// statistic does where nothing happened, the errors of the baseline included.
fn model_errors(
    y: &[f64],
    baseline: &Range<usize>,
    targets: &[Target],
    found: &[Option<(f64, f64, usize, usize)>],
    fit: &Expected,
    exclude: Option<&[bool]>,
    setting: &Setting<'_>,
) -> Vec<Errors> {
    let block = (setting.seasons.len() > 1).then(|| setting.seasons[0]);
    let noise = Noise::of(fit, block);
    let end = targets.iter().map(|t| t.range().end.min(y.len())).max().unwrap_or(0).max(baseline.end);
    let start = targets.iter().map(|t| t.range().start).min().unwrap_or(0).min(baseline.start);
    // Fewer where a baseline is long, which makes each draw dearer.
    let draws = (setting.draws * 100 / (end - start).max(100)).clamp(setting.draws.min(199), setting.draws);
    let candidates: Vec<Vec<usize>> = targets.iter().zip(found).map(|(target, f)| rivals(y, target, *f, fit)).collect();
    let mut errors: Vec<Errors> =
        targets.iter().map(|_| Errors { free: vec![], above: vec![], below: vec![] }).collect();
    let mut rng = generator(setting.seed, 0x11F7);
    let mut path = vec![0.0; end - start];
    let mut drawn = vec![f64::NAN; end];
    let drift_sd = DRIFT_PER_YEAR / (365.25 * setting.per_day);
    for _ in 0..draws {
        noise.draw(&mut path, &mut rng);
        for t in (start..end).filter(|&t| y[t].is_finite()) {
            drawn[t] = fit.with_residual(t, path[t - start]);
        }
        let Some(again) = Expected::fit(&drawn, baseline.clone(), exclude, setting) else { continue };
        let slope: f64 = StandardNormal.sample(&mut rng);
        for (i, target) in targets.iter().enumerate().filter(|(i, _)| found[*i].is_some()) {
            let away = (target.range().start + target.range().end) as f64 / 2.0;
            let away = away - (baseline.start + baseline.end) as f64 / 2.0;
            let drift = (slope * drift_sd * away.abs()).exp();
            let Some((observed, expected, _, _)) = target.measure(&drawn, &again) else { continue };
            errors[i].free.push(observed / expected * drift);
            if let (Target::Max(_), Some((.., at))) = (target, found[i]) {
                let ratio = |t: usize| drawn[t] / again.at(t) * drift;
                errors[i].above.push(candidates[i].iter().map(|&t| ratio(t)).fold(f64::MIN, f64::max));
                errors[i].below.push(ratio(at));
            }
        }
    }
    for (e, _) in errors.iter_mut().zip(targets).filter(|(_, t)| matches!(t, Target::Sum(_))) {
        e.above = e.free.clone();
        e.below = e.free.clone();
    }
    errors
}

/// The periods that may truly have been the peak: those within three spreads of it.
fn rivals(y: &[f64], target: &Target, found: Option<(f64, f64, usize, usize)>, fit: &Expected) -> Vec<usize> {
    let (Target::Max(range), Some((observed, expected, _, at))) = (target, found) else { return Vec::new() };
    let least = observed / expected * (-3.0 * fit.spread).exp();
    range.clone().filter(|&t| t == at || (t < y.len() && y[t] / fit.at(t) >= least)).collect()
}

/// The same statistics at past dates: at each, every target or none (`NaN` never enters).
fn placebo_ratios(
    y: &[f64],
    baseline: &Range<usize>,
    targets: &[Target],
    exclude: Option<&[bool]>,
    setting: &Setting<'_>,
) -> Vec<Vec<f64>> {
    let reach = targets.iter().map(|t| t.range().end).max().unwrap_or(0);
    let stride = if setting.seasons.len() > 1 { setting.seasons[0] } else { 1 };
    let most = (400 * 100 / baseline.len().max(100)).clamp(60, 400).min(2 * setting.draws);
    let mut ratios = vec![Vec::new(); targets.len()];
    let flagged = |t: usize| exclude.is_some_and(|mask| mask.get(t).copied().unwrap_or(false));
    let nearest = targets.iter().map(|t| t.range().start).min().unwrap_or(0);
    for shift in placebo::shifts(baseline, reach, stride, most).into_iter().filter(|&shift| shift <= nearest) {
        let past = baseline.start - shift..baseline.end - shift;
        let known = past.clone().filter(|&t| y[t].is_finite() && !flagged(t)).count();
        if 2 * known < past.len() {
            continue;
        }
        let Some(fit) = Expected::fit(y, past, exclude, setting) else { continue };
        for (target, ratios) in targets.iter().zip(&mut ratios) {
            let there = target.back(shift);
            let seen = there.range().clone().filter(|&t| y[t].is_finite()).count();
            if there.range().clone().any(flagged) || 2 * seen < there.range().len() {
                continue;
            }
            let ratio = there.ratio(y, &fit);
            if ratio.is_finite() {
                ratios.push(ratio);
            }
        }
    }
    ratios
}

/// How the model's errors (logarithms) must be moved and stretched to look like the placebos', in proportion to how
/// many independent placebos there are: (centre of the model's errors, shift, stretch).
fn calibrate(model: &[f64], placebos: &[f64], window: usize, setting: &Setting<'_>) -> (f64, f64, f64) {
    let logs = |v: &[f64]| -> Vec<f64> { v.iter().filter(|r| **r > 0.0).map(|r| r.ln()).collect() };
    let (model, past) = (logs(model), logs(placebos));
    let center = median(&model);
    let independent = independent(past.len(), window, setting);
    let width = |v: &[f64]| quantile(v, 0.9) - quantile(v, 0.1);
    if independent < 3.0 || model.is_empty() || width(&model) <= 0.0 {
        return (center, 0.0, 1.0);
    }
    let weight = independent / (independent + MODEL_WEIGHT);
    let stretch = (1.0 - weight + weight * (width(&past) / width(&model)).powi(2)).sqrt();
    (center, weight * (median(&past) - center), stretch)
}

/// The placebos' own p-value, where they hold enough windows that do not overlap. Where they do not, it is not
/// believed below that of the noise model calibrated on them.
fn p_value(
    ratio: f64,
    model: &[f64],
    placebos: &[f64],
    (center, shift, stretch): (f64, f64, f64),
    window: usize,
    setting: &Setting<'_>,
) -> f64 {
    let calibrated: Vec<f64> = model.iter().map(|r| center + shift + stretch * (r.ln() - center)).collect();
    let by_model = placebo::p_value(ratio.ln(), &calibrated);
    // With N placebos no p-value is below 1 ÷ (N + 1): too few of them cannot say anything.
    if placebos.len() < FEWEST_PLACEBOS {
        return by_model;
    }
    let by_placebo = placebo::p_value(ratio, placebos);
    if independent(placebos.len(), window, setting) >= ENOUGH { by_placebo } else { by_placebo.max(by_model) }
}

/// How many windows that do not overlap the placebos are worth.
fn independent(placebos: usize, window: usize, setting: &Setting<'_>) -> f64 {
    let stride = if setting.seasons.len() > 1 { setting.seasons[0] } else { 1 } as f64;
    (placebos as f64 * stride / (1.5 * window as f64 + 2.0)).min(placebos as f64)
}

fn interval(ratio: f64, errors: &Errors, (center, shift, stretch): (f64, f64, f64), level: f64) -> Estimate {
    let tail = (1.0 - level) / 2.0;
    let end = |draws: &[f64], p: f64| {
        let error = quantile(draws, p).ln();
        ratio / (center + shift + stretch * (error - center)).exp() - 1.0
    };
    Estimate { point: ratio - 1.0, low: end(&errors.above, 1.0 - tail), high: end(&errors.below, tail) }
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
