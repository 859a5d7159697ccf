//! The counterfactual of single periods after an event. The largest one lies elsewhere in every series, but what the
//! periods are compared with differs in one row alone, and a window of one row has an effect of its own: what is left
//! of the baseline is what a regression on the baseline alone leaves, and the effect is what that misses in the row.

use crate::baseline::conformal::{Calibrated, Calibration, Conformal, memory};
use crate::baseline::controls::{Column, Control, MOVED, Rows, Standing, drop_moved, midmeans};
use crate::baseline::counterfactual::{Comparison, NetLift, logarithms, weighted};
use crate::baseline::offered::Offered;
use crate::baseline::ridge::{CHOICES, Design, Ridge};
use crate::measure::expected::{Expected, Setting};
use crate::stats::robust::{mad_sd, mean};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Everything about the counterfactuals of the single periods after an event that does not depend on the series treated:
/// series observed in the same periods of the baseline share it.
pub(crate) struct Singles {
    /// Those of the baseline alone.
    rows: Rows,
    offset: f64,
    draws: usize,
    season: usize,
    columns: Vec<Column>,
    /// What became of every control in all of these periods; weights are still missing.
    report: Vec<Control>,
    middle: Vec<f64>,
    design: Design,
    after: Range<usize>,
    periods: Vec<Period>,
    fits: [OnceLock<Fit>; CHOICES],
    /// The same with a baseline of all rows, where hardly any are missing here: tests are calibrated there.
    whole: Option<Arc<Singles>>,
}

/// A period after the event: the midmean of the controls, and how they lie to it, as the design has them.
struct Period {
    middle: f64,
    apart: Vec<f64>,
    phase: usize,
    /// How many rows of the baseline have the same phase.
    like: f64,
}

/// A regression, and how the effect of a period that all are calibrated by behaves.
struct Fit {
    ridge: Ridge,
    calibration: Calibration,
}

/// Level of each phase and coefficients of the controls.
struct Course {
    levels: Vec<f64>,
    beta: Vec<f64>,
}

impl Course {
    /// What is expected beside the midmean.
    fn at(&self, period: &Period) -> f64 {
        self.levels[period.phase] + self.beta.iter().zip(&period.apart).map(|(beta, z)| beta * z).sum::<f64>()
    }
}

impl Singles {
    /// Of the periods `after` the baseline of `rows`; `None` if no control is usable in them.
    pub(crate) fn new(
        controls: &[&[f64]],
        offered: &Offered,
        rows: &Rows,
        after: Range<usize>,
        setting: &Setting<'_>,
    ) -> Option<Singles> {
        let offset = setting.offset()?;
        let all = rows.with_window(after.clone());
        let mut columns = offered.columns(controls, &all);
        let mut report: Vec<Control> = (0..controls.len()).map(Control::unobserved).collect();
        if columns.is_empty() {
            return None;
        }
        for left in drop_moved(&mut columns, &all, offered) {
            report[left.index] = left.control(0.0, Standing::Moved);
        }
        let rows = rows.with_window(0..0);
        let season = rows.season(setting.seasons);
        let middle = offered.course(&columns).middle.clone();
        let design = Design::new(&columns, &middle, &rows, season);
        let periods = periods(&columns, &middle, &design, (&rows, season), after.clone());
        columns.iter_mut().for_each(|column| column.x = Vec::new());
        let (draws, fits, whole) = (setting.draws, Default::default(), None);
        Some(Singles { rows, offset, draws, season, columns, report, middle, design, after, periods, fits, whole })
    }

    /// Calibrated like `whole`, which has hardly any more rows.
    pub(crate) fn like(self, whole: Arc<Singles>) -> Singles {
        Singles { whole: Some(whole), ..self }
    }

    /// Whether it serves a series with the baseline of `rows` in this setting.
    pub(crate) fn serves(&self, rows: &Rows, setting: &Setting<'_>) -> bool {
        self.draws == setting.draws && setting.offset() == Some(self.offset) && self.rows.times == rows.past()
    }

    /// Number of the best penalty for `treated`: that of the other windows after the event too, whose baseline is the
    /// same.
    pub(crate) fn penalty(&self, treated: &[f64]) -> usize {
        self.design.choose_penalty(&self.gap(&logarithms(treated, &self.rows, self.offset)), &self.rows, self.season)
    }

    fn gap(&self, x: &[f64]) -> Vec<f64> {
        x.iter().zip(&self.middle).map(|(x, m)| x - m).collect()
    }

    fn fit(&self, penalty: usize, setting: &Setting<'_>) -> &Fit {
        self.fits[penalty].get_or_init(|| Fit {
            ridge: self.design.ridge(penalty, &self.rows),
            calibration: Calibration::new(setting.seed, setting.draws),
        })
    }

    /// The net lift of `treated` in period `t`, as [`Counterfactual::net_lift`] with the penalty of this number. Whether
    /// the period was `chosen` as the largest of all.
    ///
    /// [`Counterfactual::net_lift`]: crate::baseline::counterfactual::Counterfactual::net_lift
    pub(crate) fn net_lift(
        &self,
        treated: &[f64],
        own: &Expected,
        (t, chosen): (usize, bool),
        penalty: usize,
        setting: &Setting<'_>,
        named: bool,
    ) -> Option<NetLift> {
        let (before, period) = (self.rows.before, self.periods.get(t.checked_sub(self.after.start)?)?);
        let Fit { ridge, .. } = self.fit(penalty, setting);
        let mut calm = self.gap(&logarithms(treated, &self.rows, self.offset));
        let mut left = calm.clone();
        let course = self.refit(ridge, &mut left);
        let (theta, effect) = (self.apart(treated, t, &course)?, self.effect(ridge, period)?);
        left.push(0.0);
        let residual: Vec<f64> = left.iter().zip(&effect).map(|(left, effect)| left + theta * effect).collect();
        let conformal = Conformal::of(&residual, &effect, before)?;
        let calibrated = self.whole.as_deref().unwrap_or(self).calibrated(penalty, memory(&left), setting)?;
        let fitted = (treated[t] + self.offset).ln() - theta;
        let lift = Comparison { past: &left[..before], times: &[t], fitted: &[fitted] };
        let lift = lift.lift(treated, own, self.offset)?;
        let alpha = 1.0 - setting.level;
        let rivals = if chosen { self.rivals(treated, theta, &left, &course) } else { 1 };
        let reach = conformal.reach_of_largest(rivals, alpha, calibrated.level(alpha));
        let mut controls = Vec::new();
        if named {
            self.rows.take_season(&mut calm, self.season);
            controls = weighted(&self.design, ridge, &calm, &self.columns, &self.report);
        }
        Some(lift.net(reach, calibrated.p_value(conformal.p_value()), controls))
    }

    /// How many periods may truly have been the one that lies `theta` above its course: those within three spreads of it.
    fn rivals(&self, treated: &[f64], theta: f64, left: &[f64], course: &Course) -> usize {
        let least = theta - 3.0 * mad_sd(left, 0.0);
        let near = |t: usize| self.apart(treated, t, course).is_some_and(|apart| apart >= least);
        self.after.clone().filter(|&t| near(t)).count()
    }

    /// How far `treated` lies above its course in period `t`; `None` where it is not known.
    fn apart(&self, treated: &[f64], t: usize, course: &Course) -> Option<f64> {
        let period = self.periods.get(t.checked_sub(self.after.start)?)?;
        let apart = (treated.get(t)? + self.offset).ln() - period.middle - course.at(period);
        apart.is_finite().then_some(apart)
    }

    /// Leaves of the baseline what season and regression do not explain, and gives these.
    fn refit(&self, ridge: &Ridge, baseline: &mut [f64]) -> Course {
        Course { levels: self.rows.take_season(baseline, self.season), beta: ridge.take_fit(baseline) }
    }

    /// What a regression on baseline and period leaves of an effect in the period, which is the last row; `None` where
    /// the season does not know it.
    fn effect(&self, ridge: &Ridge, period: &Period) -> Option<Vec<f64>> {
        if period.like == 0.0 {
            return None;
        }
        let share = 1.0 / period.like;
        let mut effect: Vec<f64> =
            self.rows.phases(self.season).map(|phase| if phase == period.phase { -share } else { 0.0 }).collect();
        let pull = ridge.solve(&period.apart);
        ridge.take(&pull, &mut effect);
        let leverage = share + pull.iter().zip(&period.apart).map(|(pull, z)| pull * z).sum::<f64>();
        effect.push(1.0);
        effect.iter_mut().for_each(|e| *e /= 1.0 + leverage);
        Some(effect)
    }

    /// What noise does to a single period depends on its place so little that all are calibrated as the first one is.
    fn calibrated(&self, penalty: usize, seen: f64, setting: &Setting<'_>) -> Option<Calibrated<'_>> {
        let Fit { ridge, calibration } = self.fit(penalty, setting);
        let first = self.periods.iter().find(|period| period.like > 0.0)?;
        let effect = OnceLock::new();
        Some(calibration.of(seen, self.rows.before + 1, self.rows.before, |values| {
            let (baseline, now) = values.split_at_mut(self.rows.before);
            let theta = now[0] - self.refit(ridge, baseline).at(first);
            now[0] = 0.0;
            let effect = effect.get_or_init(|| self.effect(ridge, first).unwrap_or_default());
            values.iter_mut().zip(effect).for_each(|(value, effect)| *value += theta * effect);
        }))
    }
}

/// The periods `after`, whose values follow those of the baseline in `columns`.
fn periods(
    columns: &[Column],
    middle: &[f64],
    design: &Design,
    (rows, season): (&Rows, usize),
    after: Range<usize>,
) -> Vec<Period> {
    let before = rows.before;
    let mut like = vec![0.0; season];
    rows.phases(season).for_each(|phase| like[phase] += 1.0);
    let middles = midmeans(columns, before..before + after.len());
    let row = |(t, middle): (usize, f64)| {
        let phase = t % season;
        Period { middle, apart: Vec::new(), phase, like: like[phase] }
    };
    let mut periods: Vec<Period> = after.zip(middles).map(row).collect();
    for (k, weight, spread) in design.scales() {
        let x = &columns[k].x;
        let mut past: Vec<f64> = x.iter().zip(middle).map(|(x, m)| x - m).collect();
        let usual = mean(&past);
        past.iter_mut().filter(|v| !v.is_finite()).for_each(|v| *v = usual);
        let levels = rows.take_season(&mut past, season);
        for (period, x) in periods.iter_mut().zip(&x[before..]) {
            // A control that leaps in this one period does so for its own reasons; one that is not known says nothing.
            let apart = weight * (x - period.middle - levels[period.phase]);
            period.apart.push(if apart.is_finite() { apart.clamp(-MOVED * spread, MOVED * spread) } else { 0.0 });
        }
    }
    periods
}
