//! What a series would have done, judged by reference outlets: ridge regression on their courses, with conformal
//! inference over time blocks. See `docs/methods/counterfactual.md`.
//!
//! The regression leans on the mean of the references rather than on nothing: with log values x₀ (treated), xₖ
//! (references) and their midmean m, x₀ − m = season + Σ βₖ (xₖ − m) + noise, β shrunk towards 0. The weights of the
//! references so always sum to one, and a shock common to all of them passes through whole (Ben-Michael, Feller &
//! Rothstein 2021, JASA 116, augment a synthetic control in the same spirit).

use crate::alert::Estimate;
use crate::baseline::conformal::{Calibrated, Calibration, Conformal, memory};
use crate::baseline::controls::{Column, Rows, SUSPECT, drop_moved, midmeans};
pub use crate::baseline::controls::{Control, Standing};
use crate::baseline::offered::Offered;
use crate::baseline::ridge::{CHOICES, Design, Ridge};
use crate::measure::expected::{Expected, Setting};
use crate::stats::elementary::{exp_each, ln_each};
use crate::stats::robust::{mad_sd, mean};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A lift with the movement of the reference outlets divided out.
#[derive(Clone, Debug, PartialEq)]
pub struct NetLift {
    /// What the references, weighted, did over the same periods: (1 + lift) ÷ (1 + net lift) − 1.
    pub reference_lift: f64,
    /// (1 + lift) ÷ (1 + reference lift) − 1, as a fraction.
    pub net: Estimate,
    /// Two-sided conformal p-value of no net lift.
    pub p_value: f64,
    /// Every control that was offered, in the order given, and what became of it.
    pub controls: Vec<Control>,
}

impl NetLift {
    /// Numbers of the controls that carry the estimate.
    pub fn used(&self) -> Vec<usize> {
        self.with(|standing| matches!(standing, Standing::Used | Standing::DownWeighted))
    }

    /// Numbers of the controls left out because they themselves moved against the others.
    pub fn moved(&self) -> Vec<usize> {
        self.with(|standing| standing == Standing::Moved)
    }

    fn with(&self, wanted: impl Fn(Standing) -> bool) -> Vec<usize> {
        self.controls.iter().filter(|control| wanted(control.standing)).map(|control| control.index).collect()
    }
}

/// The lift of `treated` in `window` net of the `controls`, all on one grid. Excluded periods do not enter the
/// baseline. A longer baseline (half a year) gives a better fit. `None` without usable controls, with fewer than two
/// weeks' worth of baseline values (14), or without an observation in the window.
pub fn net_lift(
    treated: &[f64],
    controls: &[&[f64]],
    baseline: Range<usize>,
    window: Range<usize>,
    exclude: Option<&[bool]>,
    setting: &Setting<'_>,
) -> Option<NetLift> {
    let own = Expected::fit(treated, baseline.clone(), exclude, setting)?;
    let rows = Rows::of(treated, baseline, window, exclude)?;
    let offered = Offered::new(controls, &rows, setting.offset()?);
    Counterfactual::new(controls, &offered, rows, setting)?.net_lift(treated, &own, None, setting, true)
}

/// Everything about a counterfactual that does not depend on the series treated: series observed in the same periods
/// share it.
pub(crate) struct Counterfactual {
    rows: Rows,
    offset: f64,
    season: usize,
    columns: Vec<Column>,
    /// What became of every control; weights are still missing.
    report: Vec<Control>,
    middle: Vec<f64>,
    design: Design,
    /// 1 in the window, 0 before.
    inside: Vec<f64>,
    /// The regression with each penalty, once it has been asked for.
    fits: [OnceLock<Fit>; CHOICES],
    /// The same with all rows, where hardly any are missing here: tests are calibrated there.
    whole: Option<Arc<Counterfactual>>,
}

/// A regression, what it leaves of an effect in the window, and how its residuals behave.
struct Fit {
    ridge: Ridge,
    effect: Vec<f64>,
    calibration: Calibration,
}

pub(super) fn logarithms(series: &[f64], rows: &Rows, offset: f64) -> Vec<f64> {
    let mut logarithms: Vec<f64> =
        rows.times.iter().map(|&t| series.get(t).copied().unwrap_or(f64::NAN) + offset).collect();
    ln_each(&mut logarithms);
    logarithms
}

impl Counterfactual {
    /// From `controls`, `offered` in the baseline of `rows`, compared in these; `None` if none of them is usable.
    pub(crate) fn new(
        controls: &[&[f64]],
        offered: &Offered,
        rows: Rows,
        setting: &Setting<'_>,
    ) -> Option<Counterfactual> {
        let offset = setting.offset()?;
        let mut columns = offered.columns(controls, &rows);
        let mut report: Vec<Control> = (0..controls.len()).map(Control::unobserved).collect();
        if columns.is_empty() {
            return None;
        }
        for left in drop_moved(&mut columns, &rows, offered) {
            report[left.index] = left.control(0.0, Standing::Moved);
        }
        let middle = [offered.course(&columns).middle.as_slice(), &midmeans(&columns, rows.window())].concat();
        let season = rows.season(setting.seasons);
        let design = Design::new(&columns, &middle, &rows, season);
        // What the design needs of them it has.
        columns.iter_mut().for_each(|column| column.x = Vec::new());
        let inside = (0..rows.times.len()).map(|i| f64::from(u8::from(i >= rows.before))).collect();
        let fits = Default::default();
        let whole = None;
        Some(Counterfactual { rows, offset, season, columns, report, middle, design, inside, fits, whole })
    }

    /// Calibrated like `whole`, which has hardly any more rows.
    pub(crate) fn like(self, whole: Arc<Counterfactual>) -> Counterfactual {
        Counterfactual { whole: Some(whole), ..self }
    }

    /// Whether it serves a series that is compared in `rows` with this offset of its logarithm.
    pub(crate) fn serves(&self, rows: &Rows, setting: &Setting<'_>) -> bool {
        self.rows == *rows && setting.offset() == Some(self.offset)
    }

    fn fit(&self, penalty: usize, setting: &Setting<'_>) -> &Fit {
        self.fits[penalty].get_or_init(|| {
            let ridge = self.design.ridge(penalty, &self.rows);
            let effect = ridge.residual(&self.rows.deseason(&self.inside, self.season));
            Fit { ridge, effect, calibration: Calibration::new(setting.seed, setting.draws) }
        })
    }

    /// The net lift of `treated`, whose expectation from its own past is `own`; with its controls if they are to be
    /// `named`. Without the number of a `penalty` the best one is looked for.
    pub(crate) fn net_lift(
        &self,
        treated: &[f64],
        own: &Expected,
        penalty: Option<usize>,
        setting: &Setting<'_>,
        named: bool,
    ) -> Option<NetLift> {
        let (rows, before) = (&self.rows, self.rows.before);
        let x = logarithms(treated, rows, self.offset);
        let gap: Vec<f64> = x.iter().zip(&self.middle).map(|(x, m)| x - m).collect();
        let penalty = penalty.unwrap_or_else(|| self.design.choose_penalty(&gap, rows, self.season));
        let Fit { ridge, effect, .. } = self.fit(penalty, setting);
        let mut residual = gap.clone();
        self.refit(ridge, &mut residual);
        let conformal = Conformal::of(&residual, effect, before)?;
        let left: Vec<f64> = residual.iter().zip(effect).map(|(r, e)| r - conformal.theta * e).collect();
        let calibrated = self.whole.as_deref().unwrap_or(self).calibrated(penalty, memory(&left), setting);
        let fitted: Vec<f64> = (before..x.len()).map(|i| x[i] - left[i] - conformal.theta).collect();
        let comparison = Comparison { past: &left[..before], times: &rows.times[before..], fitted: &fitted };
        let lift = comparison.lift(treated, own, self.offset)?;
        let reach = conformal.reach(calibrated.level(1.0 - setting.level));
        let controls = if named { self.weighted(ridge, &gap, conformal.theta) } else { Vec::new() };
        Some(lift.net(reach, calibrated.p_value(conformal.p_value()), controls))
    }

    /// Leaves of `values` what season and regression do not explain.
    fn refit(&self, ridge: &Ridge, values: &mut [f64]) {
        self.rows.take_season(values, self.season);
        ridge.take_fit(values);
    }

    fn calibrated(&self, penalty: usize, seen: f64, setting: &Setting<'_>) -> Calibrated<'_> {
        let Fit { ridge, calibration, .. } = self.fit(penalty, setting);
        calibration.of(seen, self.rows.times.len(), self.rows.before, |values| self.refit(ridge, values))
    }

    /// The controls with their weights in the course expected of a series that lies `gap` from their mean.
    fn weighted(&self, ridge: &Ridge, gap: &[f64], theta: f64) -> Vec<Control> {
        let calm: Vec<f64> = gap.iter().zip(&self.inside).map(|(g, i)| g - theta * i).collect();
        let calm = self.rows.deseason(&calm, self.season);
        weighted(&self.design, ridge, &calm, &self.columns, &self.report)
    }
}

/// The controls with their weights in the course that a regression makes of `calm`, the deseasonalised distances of a
/// series from their mean.
pub(super) fn weighted(
    design: &Design,
    ridge: &Ridge,
    calm: &[f64],
    columns: &[Column],
    report: &[Control],
) -> Vec<Control> {
    let mut report = report.to_vec();
    for (column, weight) in columns.iter().zip(design.weights(ridge, calm, columns.len())) {
        let standing = if column.moved > SUSPECT { Standing::DownWeighted } else { Standing::Used };
        report[column.index] = column.control(weight, standing);
    }
    report
}

/// A window beside what was expected of it.
pub(super) struct Comparison<'a> {
    /// What is left of the baseline, logarithms.
    pub(super) past: &'a [f64],
    /// The periods of the window.
    pub(super) times: &'a [usize],
    /// The logarithms expected in these.
    pub(super) fitted: &'a [f64],
}

/// What a window holds beside what was expected of it.
pub(super) struct Compared {
    reference_lift: f64,
    ratio: f64,
}

impl Comparison<'_> {
    /// The lift of `treated`; `None` where nothing was expected.
    pub(super) fn lift(&self, treated: &[f64], own: &Expected, offset: f64) -> Option<Compared> {
        // Expected values in the units of the series: the level is set so that the baseline adds up.
        let limit = 4.0 * mad_sd(self.past, 0.0);
        let mut smear: Vec<f64> = self.past.iter().map(|r| r.clamp(-limit, limit)).collect();
        exp_each(&mut smear);
        let smear = mean(&smear);
        let (mut observed, mut expected, mut alone) = (0.0, 0.0, 0.0);
        for (&t, fitted) in self.times.iter().zip(self.fitted) {
            observed += treated[t];
            expected += (fitted.exp() * smear - offset).max(0.0);
            alone += own.at(t);
        }
        let known = expected > 0.0 && alone > 0.0;
        known.then(|| Compared { reference_lift: expected / alone - 1.0, ratio: observed / expected })
    }
}

impl Compared {
    /// With how far its logarithm may lie below and above.
    pub(super) fn net(self, (below, above): (f64, f64), p_value: f64, controls: Vec<Control>) -> NetLift {
        let Compared { reference_lift, ratio } = self;
        let (low, high) = (ratio * (-below).exp() - 1.0, ratio * above.exp() - 1.0);
        NetLift { reference_lift, net: Estimate { point: ratio - 1.0, low, high }, p_value, controls }
    }
}
