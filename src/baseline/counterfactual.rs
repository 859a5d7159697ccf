//! What a series would have done, judged by reference outlets: ridge regression on their courses, with conformal
//! inference over time blocks. See `docs/methods/counterfactual.md`.
//!
//! The regression leans on the mean of the references rather than on nothing: with log values x₀ (treated), xₖ
//! (references) and their midmean m, x₀ − m = season + Σ βₖ (xₖ − m) + noise, β shrunk towards 0. The weights of the
//! references so always sum to one, and a shock common to all of them passes through whole (Ben-Michael, Feller &
//! Rothstein 2021, JASA 116, augment a synthetic control in the same spirit).

use crate::alert::Estimate;
use crate::baseline::conformal::{Calibration, Conformal};
use crate::measure::expected::{Expected, Setting};
use crate::stats::robust::{mad_sd, mean, median};
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};
use std::ops::Range;

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

/// A reference outlet in a counterfactual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Control {
    /// Its number among the controls given.
    pub index: usize,
    /// Its share in the expected course: part of the mean of all, and its own coefficient; the weights sum to one. 0
    /// if left out.
    pub weight: f64,
    /// What became of it.
    pub standing: Standing,
    /// How far its level moved between baseline and window against the other controls, as a logarithm; `NaN` where
    /// that was not looked at.
    pub shift: f64,
    /// The same in units of its own noise and the scatter among controls.
    pub spreads: f64,
}

/// What became of a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Carries the estimate.
    Used,
    /// Carries it, but moved so far that its own coefficient is held down.
    DownWeighted,
    /// Left out: it moved for its own reasons.
    Moved,
    /// Left out: not observed in enough of the baseline or the window.
    Unobserved,
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

/// At most this many controls enter the regression beside the mean of all: the quietest ones. The treated series has
/// no say in the choice, or the fit would flatter the baseline against the window and the p-value with it.
const MOST_CONTROLS: usize = 40;
/// A control that moved further than this many spreads against the others has moved for its own reasons.
const MOVED: f64 = 2.5;
/// Beyond so many spreads the penalty on a control's own coefficient is at least doubled.
const SUSPECT: f64 = 1.5;

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
    let offset = setting.offset()?;
    let log = |series: &[f64]| -> Vec<f64> {
        rows.times.iter().map(|&t| (series.get(t).copied().unwrap_or(f64::NAN) + offset).ln()).collect()
    };
    let mut columns: Vec<Column> = Vec::new();
    let mut report: Vec<Control> = (0..controls.len()).map(Control::unobserved).collect();
    for (k, control) in controls.iter().enumerate() {
        let mut x = log(control);
        x.iter_mut().for_each(|v| *v = if v.is_finite() { *v } else { f64::NAN });
        if rows.covers(&x) {
            let center = median(&x[..rows.before]);
            x.iter_mut().for_each(|v| *v -= center);
            columns.push(Column { index: k, x, shift: f64::NAN, moved: 0.0 });
        }
    }
    if columns.is_empty() {
        return None;
    }
    for left in drop_moved(&mut columns, &rows) {
        report[left.index] = left.control(0.0, Standing::Moved);
    }
    let middle = midmeans(&columns, rows.times.len());
    let x = log(treated);
    let gap: Vec<f64> = x.iter().zip(&middle).map(|(x, m)| x - m).collect();
    let season = rows.season(setting.seasons);
    let design = Design::new(&columns, &middle, &rows, season);
    let penalty = design.choose_penalty(&gap, &rows, season);
    let inside: Vec<f64> = (0..rows.times.len()).map(|i| f64::from(u8::from(i >= rows.before))).collect();
    let ridge = design.ridge(penalty);
    let residual = ridge.residual(&rows.deseason(&gap, season));
    let effect = ridge.residual(&rows.deseason(&inside, season));
    let conformal = Conformal::of(&residual, &effect, rows.before)?;
    let left: Vec<f64> = residual.iter().zip(&effect).map(|(r, e)| r - conformal.theta * e).collect();
    let calibration = Calibration::of(&left, rows.before, |v| ridge.residual(&rows.deseason(v, season)), setting.seed);
    let (below, above) = conformal.reach(calibration.level(1.0 - setting.level));
    let lifted: Vec<f64> = gap.iter().zip(&inside).map(|(g, i)| g - conformal.theta * i).collect();
    for (column, weight) in columns.iter().zip(design.weights(&ridge, &rows.deseason(&lifted, season), columns.len())) {
        let standing = if column.moved > SUSPECT { Standing::DownWeighted } else { Standing::Used };
        report[column.index] = column.control(weight, standing);
    }

    // Expected values in the units of the series: the level is set so that the baseline adds up.
    let limit = 4.0 * mad_sd(&left[..rows.before], 0.0);
    let smear = mean(&left[..rows.before].iter().map(|r| r.clamp(-limit, limit).exp()).collect::<Vec<_>>());
    let (mut observed, mut expected, mut alone) = (0.0, 0.0, 0.0);
    for i in rows.before..rows.times.len() {
        let fitted = x[i] - left[i] - conformal.theta;
        observed += treated[rows.times[i]];
        expected += (fitted.exp() * smear - offset).max(0.0);
        alone += own.at(rows.times[i]);
    }
    if expected <= 0.0 || alone <= 0.0 {
        return None;
    }
    let ratio = observed / expected;
    Some(NetLift {
        reference_lift: expected / alone - 1.0,
        net: Estimate { point: ratio - 1.0, low: ratio * (-below).exp() - 1.0, high: ratio * above.exp() - 1.0 },
        p_value: calibration.p_value(conformal.p_value()),
        controls: report,
    })
}

/// A control: its index, its centred logarithms by row, and how far it moved in the window against the others.
struct Column {
    index: usize,
    x: Vec<f64>,
    shift: f64,
    moved: f64,
}

impl Column {
    fn control(&self, weight: f64, standing: Standing) -> Control {
        let spreads = if self.shift.is_nan() { f64::NAN } else { self.moved };
        Control { index: self.index, weight, standing, shift: self.shift, spreads }
    }
}

impl Control {
    fn unobserved(index: usize) -> Control {
        Control { index, weight: 0.0, standing: Standing::Unobserved, shift: f64::NAN, spreads: f64::NAN }
    }
}

/// The periods that enter: usable ones of the baseline, then observed ones of the window.
struct Rows {
    times: Vec<usize>,
    /// How many of them lie in the baseline.
    before: usize,
}

impl Rows {
    fn of(y: &[f64], baseline: Range<usize>, window: Range<usize>, exclude: Option<&[bool]>) -> Option<Rows> {
        let seen = |&t: &usize| y.get(t).is_some_and(|v| v.is_finite() && *v >= 0.0);
        let flagged = |t: usize| exclude.is_some_and(|mask| mask.get(t).copied().unwrap_or(false));
        let mut times: Vec<usize> = baseline.filter(|t| seen(t) && !flagged(*t)).collect();
        let before = times.len();
        times.extend(window.filter(seen));
        (before >= 14 && times.len() > before).then_some(Rows { times, before })
    }

    /// Whether a control is known well enough: in 80% of the baseline and in half of the window.
    fn covers(&self, x: &[f64]) -> bool {
        let share = |part: &[f64]| part.iter().filter(|v| v.is_finite()).count() as f64 / part.len() as f64;
        share(&x[..self.before]) >= 0.8 && share(&x[self.before..]) >= 0.5
    }

    /// The longest season of which the baseline has at least four values a phase; 1 if none.
    fn season(&self, seasons: &[usize]) -> usize {
        seasons.iter().copied().filter(|&s| s > 1 && self.before >= 4 * s).max().unwrap_or(1)
    }

    /// Takes out the mean of each phase, over all rows (the same as dummy variables in the regression).
    fn deseason(&self, values: &[f64], season: usize) -> Vec<f64> {
        let (mut sums, mut counts) = (vec![0.0; season], vec![0.0; season]);
        for (v, t) in values.iter().zip(&self.times) {
            sums[t % season] += v;
            counts[t % season] += 1.0;
        }
        values.iter().zip(&self.times).map(|(v, t)| v - sums[t % season] / counts[t % season]).collect()
    }
}

/// Midmean (mean of the middle half) of the controls in each row: a mean that a quarter of wild ones cannot move.
fn midmeans(columns: &[Column], rows: usize) -> Vec<f64> {
    let mut scratch = Vec::with_capacity(columns.len());
    (0..rows)
        .map(|i| {
            scratch.clear();
            scratch.extend(columns.iter().map(|column| column.x[i]).filter(|v| v.is_finite()));
            scratch.sort_unstable_by(f64::total_cmp);
            let cut = scratch.len() / 4;
            let kept = &scratch[cut..scratch.len() - cut];
            if kept.is_empty() { 0.0 } else { kept.iter().sum::<f64>() / kept.len() as f64 }
        })
        .collect()
}

/// Takes out, and gives back, the controls whose level moved between baseline and window against the other controls by
/// more than both their own noise and the scatter among controls allow. As each one that goes may uncover others,
/// the rest are looked at again. Those that stay come with how far they moved, in the same units.
fn drop_moved(columns: &mut Vec<Column>, rows: &Rows) -> Vec<Column> {
    let mut moved = Vec::new();
    let least = columns.len().div_ceil(2);
    for _ in 0..5 {
        if columns.len() < 4 {
            break;
        }
        let middle = midmeans(columns, rows.times.len());
        let shifts: Vec<(f64, f64)> =
            columns.iter().map(|column| level_shift(&column.x, &middle, rows.before)).collect();
        let all: Vec<f64> = shifts.iter().map(|s| s.0).collect();
        let center = median(&all);
        let scatter = mad_sd(&all, center);
        for (column, (shift, error)) in columns.iter_mut().zip(shifts) {
            column.shift = shift - center;
            column.moved = column.shift.abs() / error.max(scatter).max(1e-12);
        }
        let before = columns.len();
        moved.extend(columns.extract_if(.., |column| column.moved > MOVED));
        if columns.len() == before || columns.len() <= least {
            break;
        }
    }
    moved
}

/// How far a control moved against the midmean between baseline and window, and the standard error of that.
fn level_shift(x: &[f64], middle: &[f64], before: usize) -> (f64, f64) {
    let apart: Vec<f64> = x.iter().zip(middle).map(|(x, m)| x - m).collect();
    let (past, now) = apart.split_at(before);
    let center = median(past);
    let limit = 3.0 * mad_sd(past, center);
    let clipped: Vec<f64> = past.iter().map(|v| (v - center).clamp(-limit, limit)).collect();
    (mean(now) - center - mean(&clipped), level_error(&clipped, now.len()))
}

/// Standard error of the difference between the means of `now` new values and of the past ones, under an
/// autoregression of order one.
fn level_error(past: &[f64], now: usize) -> f64 {
    let variance = past.iter().filter(|v| v.is_finite()).map(|v| v * v).sum::<f64>();
    let n = past.iter().filter(|v| v.is_finite()).count().max(1) as f64;
    let cross: f64 = past.windows(2).map(|p| p[0] * p[1]).filter(|v| v.is_finite()).sum();
    let phi = if variance > 0.0 { (cross / variance).clamp(0.0, 0.9) } else { 0.0 };
    (variance / n * (1.0 + phi) / (1.0 - phi) * (1.0 / n + 1.0 / now.max(1) as f64)).sqrt()
}

/// Deviations of the chosen controls from the midmean, deseasonalised, in units of their own spread.
struct Design {
    z: DMatrix<f64>,
    gram: DMatrix<f64>,
    /// For each column of `z`: which control it is, and what its deviations were multiplied by.
    scales: Vec<(usize, f64)>,
}

/// A design with its penalty, factorised: what is left of a series after the regression.
struct Ridge<'a> {
    z: &'a DMatrix<f64>,
    factor: Option<Cholesky<f64, Dyn>>,
}

impl Ridge<'_> {
    fn residual(&self, values: &[f64]) -> Vec<f64> {
        let Some(factor) = &self.factor else { return values.to_vec() };
        let mut left = DVector::from_column_slice(values);
        let beta = factor.solve(&self.z.tr_mul(&left));
        left.gemv(-1.0, self.z, &beta, 1.0);
        left.as_slice().to_vec()
    }

    fn coefficients(&self, values: &[f64]) -> Vec<f64> {
        let Some(factor) = &self.factor else { return vec![0.0; self.z.ncols()] };
        factor.solve(&self.z.tr_mul(&DVector::from_column_slice(values))).as_slice().to_vec()
    }
}

impl Design {
    fn new(columns: &[Column], middle: &[f64], rows: &Rows, season: usize) -> Design {
        let before = rows.before;
        let mut candidates: Vec<(f64, usize, f64, Vec<f64>)> = columns
            .iter()
            .enumerate()
            .filter_map(|(k, Column { x, moved, .. })| {
                // A missing value says nothing: it is put where the control stands on average.
                let apart: Vec<f64> = x.iter().zip(middle).map(|(x, m)| x - m).collect();
                let usual = mean(&apart);
                let filled: Vec<f64> = apart.iter().map(|v| if v.is_finite() { *v } else { usual }).collect();
                let mut z = rows.deseason(&filled, season);
                let size = (z[..before].iter().map(|v| v * v).sum::<f64>() / before as f64).sqrt();
                if size <= 1e-9 {
                    return None;
                }
                // The further it moved, the dearer it is: an effect must not be explained away by a control that happened
                // to move at the same time.
                let weight = 1.0 / (size * (1.0 + (moved / SUSPECT).powi(2)).sqrt());
                z.iter_mut().for_each(|v| *v *= weight);
                Some((size, k, weight, z))
            })
            .collect();
        candidates.sort_by(|a, b| a.0.total_cmp(&b.0));
        candidates.truncate(MOST_CONTROLS);
        let z = DMatrix::from_fn(rows.times.len(), candidates.len(), |i, k| candidates[k].3[i]);
        let gram = z.tr_mul(&z);
        Design { z, gram, scales: candidates.iter().map(|(_, k, weight, _)| (*k, *weight)).collect() }
    }

    /// Share of each of `n` controls in what the regression makes of `values`: an equal part of the mean, which its
    /// own coefficient adds to and all coefficients together take from. The shares sum to one.
    fn weights(&self, ridge: &Ridge<'_>, values: &[f64], n: usize) -> Vec<f64> {
        let mut own = vec![0.0; n];
        for ((k, scale), beta) in self.scales.iter().zip(ridge.coefficients(values)) {
            own[*k] = beta * scale;
        }
        let rest = (1.0 - own.iter().sum::<f64>()) / n as f64;
        own.iter().map(|weight| weight + rest).collect()
    }

    /// The regression on all rows. An infinite penalty leaves the mean of the references alone.
    fn ridge(&self, penalty: f64) -> Ridge<'_> {
        let none = penalty.is_infinite() || self.z.ncols() == 0;
        Ridge { z: &self.z, factor: if none { None } else { penalised(&self.gram, penalty).cholesky() } }
    }

    /// Blocked cross-validation on the baseline: five stretches are predicted from the other four.
    fn choose_penalty(&self, gap: &[f64], rows: &Rows, season: usize) -> f64 {
        const FOLDS: usize = 5;
        let (n, columns) = (rows.before, self.z.ncols());
        if columns == 0 {
            return f64::INFINITY;
        }
        let past = Rows { times: rows.times[..n].to_vec(), before: n };
        let target = DVector::from_vec(past.deseason(&gap[..n], season));
        let z = self.z.rows(0, n);
        let (gram, cross) = (z.tr_mul(&z), z.tr_mul(&target));
        let penalties: Vec<f64> = [10.0, 3.0, 1.0, 0.3, 0.1, 0.03].iter().map(|c| c * n as f64).collect();
        let mut losses = vec![0.0; penalties.len() + 1];
        for fold in 0..FOLDS {
            let (from, to) = (fold * n / FOLDS, (fold + 1) * n / FOLDS);
            let (held, values) = (z.rows(from, to - from), target.rows(from, to - from));
            losses[penalties.len()] += values.norm_squared();
            let (rest, right) = (&gram - held.tr_mul(&held), &cross - held.tr_mul(&values));
            for (loss, &penalty) in losses.iter_mut().zip(&penalties) {
                *loss += solve(&rest, &right, penalty).map_or(f64::INFINITY, |b| (values - held * b).norm_squared());
            }
        }
        let best = (0..losses.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b])).unwrap_or(penalties.len());
        penalties.get(best).copied().unwrap_or(f64::INFINITY)
    }
}

fn penalised(gram: &DMatrix<f64>, penalty: f64) -> DMatrix<f64> {
    let mut left = gram.clone();
    for k in 0..left.nrows() {
        left[(k, k)] += penalty;
    }
    left
}

fn solve(gram: &DMatrix<f64>, right: &DVector<f64>, penalty: f64) -> Option<DVector<f64>> {
    Some(penalised(gram, penalty).cholesky()?.solve(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ridge_coefficients_and_residuals_are_those_of_the_normal_equations_in_r() {
        let lines = include_str!("../../tests/reference/statistics.txt").lines();
        let numbers = |text: &str| text.split_whitespace().map(|v| v.parse().unwrap()).collect::<Vec<f64>>();
        let mut seen = 0;
        for parts in lines.map(|line| line.split('\t').collect::<Vec<_>>()).filter(|parts| parts[0] == "ridge") {
            let [penalty, input, values] = [1, 2, 3].map(|i| numbers(parts[i]));
            let z = DMatrix::from_column_slice(20, 3, &input[20..]);
            let ridge = Ridge { z: &z, factor: penalised(&z.tr_mul(&z), penalty[0]).cholesky() };
            let found = [ridge.coefficients(&input[..20]), ridge.residual(&input[..20])].concat();
            assert!(found.iter().zip(&values).all(|(a, b)| (a - b).abs() < 1e-10), "{found:?} {values:?}");
            seen += 1;
        }
        assert_eq!(seen, 2);
    }

    #[test]
    fn the_midmean_ignores_a_wild_quarter() {
        let column = |x: f64| Column { index: 0, x: vec![x], shift: f64::NAN, moved: 0.0 };
        assert_eq!(midmeans(&[column(1.0), column(2.0), column(4.0), column(900.0)], 1), [3.0]);
    }
}
