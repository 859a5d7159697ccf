//! What a series would have done, judged by reference outlets: ridge regression on their courses, with conformal
//! inference over time blocks. See `docs/methods/counterfactual.md`.
//!
//! The regression leans on the mean of the references rather than on nothing: with log values x₀ (treated), xₖ
//! (references) and their midmean m, x₀ − m = season + Σ βₖ (xₖ − m) + noise, β shrunk towards 0. The weights of the
//! references so always sum to one, and a shock common to all of them passes through whole (Ben-Michael, Feller &
//! Rothstein 2021, JASA 116, augment a synthetic control in the same spirit).

use crate::alert::Estimate;
use crate::measure::expected::{Expected, Setting};
use crate::stats::resample::generator;
use crate::stats::robust::{mad_sd, mean, median};
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
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
    /// Indices of the controls that carry the estimate.
    pub used: Vec<usize>,
    /// Indices of the controls left out because they themselves moved against the others.
    pub moved: Vec<usize>,
}

/// At most this many controls enter the regression beside the mean of all: the quietest ones. The treated series has
/// no say in the choice, or the fit would flatter the baseline against the window and the p-value with it.
const MOST_CONTROLS: usize = 40;
/// A control that moved further than this many spreads against the others has moved for its own reasons.
const MOVED: f64 = 2.5;

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
    for (k, control) in controls.iter().enumerate() {
        let mut x = log(control);
        x.iter_mut().for_each(|v| *v = if v.is_finite() { *v } else { f64::NAN });
        if rows.covers(&x) {
            let center = median(&x[..rows.before]);
            x.iter_mut().for_each(|v| *v -= center);
            columns.push(Column { index: k, x, moved: 0.0 });
        }
    }
    if columns.is_empty() {
        return None;
    }
    let moved = drop_moved(&mut columns, &rows);
    let middle = midmeans(&columns, rows.times.len());
    let x = log(treated);
    let gap: Vec<f64> = x.iter().zip(&middle).map(|(x, m)| x - m).collect();
    let season = rows.season(setting.seasons);
    let mut used: Vec<usize> = columns.iter().map(|column| column.index).collect();
    used.sort_unstable();
    let design = Design::new(&columns, &middle, &rows, season);
    let penalty = design.choose_penalty(&gap, &rows, season);
    let inside: Vec<f64> = (0..rows.times.len()).map(|i| f64::from(u8::from(i >= rows.before))).collect();
    let ridge = design.ridge(penalty);
    let residual = ridge.residual(&rows.deseason(&gap, season));
    let effect = ridge.residual(&rows.deseason(&inside, season));
    let conformal = Conformal::of(&residual, &effect, rows.before)?;
    let left: Vec<f64> = residual.iter().zip(&effect).map(|(r, e)| r - conformal.theta * e).collect();
    let calibration = Calibration::of(&left, &ridge, &rows, season, setting.seed);
    let (below, above) = conformal.reach(calibration.level(1.0 - setting.level));

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
        used,
        moved,
    })
}

/// A control: its index, its centred logarithms by row, and how far it moved in the window against the others.
struct Column {
    index: usize,
    x: Vec<f64>,
    moved: f64,
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

/// Takes out, and names, the controls whose level moved between baseline and window against the other controls by
/// more than both their own noise and the scatter among controls allow. As each one that goes may uncover others,
/// the rest are looked at again. Those that stay come with how far they moved, in the same units.
fn drop_moved(columns: &mut Vec<Column>, rows: &Rows) -> Vec<usize> {
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
            column.moved = (shift - center).abs() / error.max(scatter).max(1e-12);
        }
        let before = columns.len();
        columns.retain(|column| {
            let stays = column.moved <= MOVED;
            if !stays {
                moved.push(column.index);
            }
            stays
        });
        if columns.len() == before || columns.len() <= least {
            break;
        }
    }
    moved.sort_unstable();
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
}

impl Design {
    fn new(columns: &[Column], middle: &[f64], rows: &Rows, season: usize) -> Design {
        let before = rows.before;
        let mut candidates: Vec<(f64, Vec<f64>)> = columns
            .iter()
            .filter_map(|Column { x, moved, .. }| {
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
                let weight = 1.0 / (size * (1.0 + (moved / 1.5).powi(2)).sqrt());
                z.iter_mut().for_each(|v| *v *= weight);
                Some((size, z))
            })
            .collect();
        candidates.sort_by(|a, b| a.0.total_cmp(&b.0));
        candidates.truncate(MOST_CONTROLS);
        let z = DMatrix::from_fn(rows.times.len(), candidates.len(), |i, k| candidates[k].1[i]);
        let gram = z.tr_mul(&z);
        Design { z, gram }
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

/// Conformal inference over moving blocks, the model refitted under every null (Chernozhukov, Wüthrich & Zhu 2021,
/// JASA 116). The fit is linear in the treated series, so under the null of an effect θ the residuals are u − θe and
/// the statistic of the block that starts at j is |A(j) − θ B(j)|: the p-value falls as θ leaves its estimate, and
/// the interval has a closed form.
struct Conformal {
    theta: f64,
    /// Sums of u and of e over the blocks, the window's own first.
    a: Vec<f64>,
    b: Vec<f64>,
}

impl Conformal {
    fn of(residual: &[f64], effect: &[f64], before: usize) -> Option<Conformal> {
        let (a, b) = (block_sums(residual, before), block_sums(effect, before));
        (b[0] > 1e-9).then(|| Conformal { theta: a[0] / b[0], a, b })
    }

    /// p-value of no effect.
    fn p_value(&self) -> f64 {
        conformal_p_value(&self.a)
    }

    /// How far below and above the estimate an effect is not refused at `alpha`; `NaN` where no distance is.
    fn reach(&self, alpha: f64) -> (f64, f64) {
        let (mut below, mut above) = (Vec::new(), Vec::new());
        for (a, b) in self.a.iter().zip(&self.b).skip(1) {
            let rest = a - self.theta * b;
            // |rest − δb| ≥ δB ends at one of two places, for δ to either side.
            let (with, against) = (self.b[0] + b, self.b[0] - b);
            let ends = |r: f64| if r >= 0.0 { r / with.max(1e-12) } else { -r / against.max(1e-12) };
            above.push(ends(rest));
            below.push(ends(-rest));
        }
        let refused = (alpha * self.a.len() as f64 + 1e-9).floor() as usize;
        let pick = |mut ends: Vec<f64>| {
            ends.sort_unstable_by(|a, b| b.total_cmp(a));
            // The window itself is never refused and counts as the first.
            refused.checked_sub(1).and_then(|i| ends.get(i).copied()).unwrap_or(f64::NAN)
        };
        (pick(below), pick(above))
    }
}

/// What the conformal p-value does under autoregressive noise of the same memory: blocks are few and dependent, so it
/// is too small somewhat too often. Its own distribution puts that right (prepivoting, Beran 1988, JASA 83).
struct Calibration {
    /// Conformal p-values of simulated noise, sorted.
    draws: Vec<f64>,
}

impl Calibration {
    const DRAWS: usize = 199;
    const TRIALS: usize = 30;

    fn of(left: &[f64], ridge: &Ridge<'_>, rows: &Rows, season: usize, seed: u64) -> Calibration {
        let mut rng = generator(seed, 0xC0F0);
        let mut draw = |phi: f64| ridge.residual(&rows.deseason(&autoregression(phi, left.len(), &mut rng), season));
        // The fit takes memory out of its residuals: simulated ones say how much (Gouriéroux, Renault & Touzi 2000).
        let seen = memory(left);
        let mut phi = seen.clamp(0.0, 0.9);
        for _ in 0..2 {
            let shown = (0..Self::TRIALS).map(|_| memory(&draw(phi))).sum::<f64>() / Self::TRIALS as f64;
            phi = (phi + seen - shown).clamp(0.0, 0.9);
        }
        let mut draws: Vec<f64> =
            (0..Self::DRAWS).map(|_| conformal_p_value(&block_sums(&draw(phi), rows.before))).collect();
        draws.sort_unstable_by(f64::total_cmp);
        Calibration { draws }
    }

    /// The level at which the conformal test must be made to have size `alpha`; never above `alpha`.
    fn level(&self, alpha: f64) -> f64 {
        let rank = (alpha * (self.draws.len() + 1) as f64).floor() as usize;
        // A p-value equal to the one at that rank would be refused too often.
        self.draws.get(rank).map_or(alpha, |p| alpha.min(*p - 1e-9).max(0.0))
    }

    /// How often noise alone gives a conformal p-value this small; never below the conformal p-value itself.
    fn p_value(&self, conformal: f64) -> f64 {
        let reached = self.draws.partition_point(|p| *p <= conformal);
        ((1 + reached) as f64 / (1 + self.draws.len()) as f64).max(conformal)
    }
}

/// Correlation of neighbouring values.
fn memory(values: &[f64]) -> f64 {
    let square: f64 = values.iter().map(|v| v * v).sum();
    let cross: f64 = values.windows(2).map(|p| p[0] * p[1]).sum();
    if square > 0.0 { cross / square } else { 0.0 }
}

/// Normal noise in which neighbours are correlated by `phi`.
fn autoregression(phi: f64, n: usize, rng: &mut impl Rng) -> Vec<f64> {
    let start: f64 = StandardNormal.sample(rng);
    let mut state = start / (1.0 - phi * phi).sqrt();
    let step = |_| {
        let innovation: f64 = StandardNormal.sample(rng);
        state = phi * state + innovation;
        state
    };
    (0..n).map(step).collect()
}

/// Share of the blocks whose sum is at least as large as that of the window, the first.
fn conformal_p_value(sums: &[f64]) -> f64 {
    let observed = sums[0].abs() * (1.0 - 1e-12);
    sums.iter().filter(|a| a.abs() >= observed).count() as f64 / sums.len() as f64
}

/// Sums over all blocks as long as the window, around the circle of rows, the window's own first.
fn block_sums(values: &[f64], before: usize) -> Vec<f64> {
    let n = values.len();
    let length = n - before;
    let mut sum: f64 = values[before..].iter().sum();
    let mut sums = Vec::with_capacity(n);
    for j in 0..n {
        sums.push(sum);
        let first = (before + j) % n;
        sum += values[(first + length) % n] - values[first];
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closed_form_of_the_interval_is_that_of_a_search_over_effects() {
        let mut rng = generator(3, 0);
        for (n, before, alpha) in [(60, 50, 0.1), (84, 56, 0.1), (40, 39, 0.2)] {
            let noise = autoregression(0.4, n, &mut rng);
            let inside: Vec<f64> = (0..n).map(|i| if i >= before { 1.0 } else { 0.0 }).collect();
            let demeaned = |v: &[f64]| v.iter().map(|x| x - mean(v)).collect::<Vec<_>>();
            let (u, e) = (demeaned(&noise), demeaned(&inside));
            let conformal = Conformal::of(&u, &e, before).unwrap();
            let (below, above) = conformal.reach(alpha);
            let p_at = |theta: f64| {
                let shifted: Vec<f64> = u.iter().zip(&e).map(|(u, e)| u - theta * e).collect();
                conformal_p_value(&block_sums(&shifted, before))
            };
            for (edge, outwards) in [(conformal.theta - below, -1e-6), (conformal.theta + above, 1e-6)] {
                assert!(p_at(edge - outwards) > alpha && p_at(edge + outwards) <= alpha, "{n} {before} {edge}");
            }
        }
    }

    #[test]
    fn block_sums_go_around_the_circle_and_begin_with_the_window() {
        assert_eq!(block_sums(&[1.0, 2.0, 4.0, 8.0], 2), [12.0, 9.0, 3.0, 6.0]);
    }

    #[test]
    fn the_midmean_ignores_a_wild_quarter() {
        let column = |x: f64| Column { index: 0, x: vec![x], moved: 0.0 };
        assert_eq!(midmeans(&[column(1.0), column(2.0), column(4.0), column(900.0)], 1), [3.0]);
    }
}
