//! Ridge regression on the controls' deviations from their common course.

use crate::baseline::controls::{Column, Rows, SUSPECT};
use crate::stats::lanes::{dot, widely};
use crate::stats::robust::mean;
use nalgebra::{DMatrix, DVector};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// At most this many controls enter the regression beside the mean of all: the quietest ones. The treated series has
/// no say in the choice, or the fit would flatter the baseline against the window and the p-value with it.
const MOST_CONTROLS: usize = 40;
/// Penalties tried, in units of the number of baseline values.
const PENALTIES: [f64; 6] = [10.0, 3.0, 1.0, 0.3, 0.1, 0.03];
/// How many there are, with the infinite one.
pub(super) const CHOICES: usize = PENALTIES.len() + 1;
/// Stretches of the cross-validation.
const FOLDS: usize = 5;

/// The inverse of the penalised products: many series are solved for, and a product is quicker than two triangles.
type Inverse = Option<DMatrix<f64>>;

/// Deviations of the chosen controls from the midmean, deseasonalised, in units of their own spread.
pub(super) struct Design {
    z: Arc<DMatrix<f64>>,
    gram: DMatrix<f64>,
    /// Once a penalty is to be chosen.
    folds: OnceLock<Vec<Fold>>,
    /// For each column of `z`: which control it is, and what its deviations were multiplied by.
    scales: Vec<(usize, f64)>,
}

/// A design with its penalty: what is left of a series after the regression.
pub(super) struct Ridge {
    z: Arc<DMatrix<f64>>,
    inverse: Inverse,
}

impl Ridge {
    pub(super) fn residual(&self, values: &[f64]) -> Vec<f64> {
        let mut left = values.to_vec();
        self.take_fit(&mut left);
        left
    }

    /// The same in place; gives the coefficients, none without a regression.
    pub(super) fn take_fit(&self, values: &mut [f64]) -> Vec<f64> {
        if self.inverse.is_none() {
            return Vec::new();
        }
        widely(
            #[inline(always)]
            || {
                let mut cross = vec![0.0; self.z.ncols()];
                let columns = self.z.as_slice().chunks_exact(values.len());
                for (cross, z) in cross.iter_mut().zip(columns) {
                    *cross = dot(z, values);
                }
                let beta = self.solve(&cross);
                self.take(&beta, values);
                beta
            },
        )
    }

    /// The coefficients whose products with the controls are `cross`; none without a regression.
    #[inline(always)]
    pub(super) fn solve(&self, cross: &[f64]) -> Vec<f64> {
        let Some(inverse) = &self.inverse else { return Vec::new() };
        let mut beta = vec![0.0; cross.len()];
        times(inverse, cross, &mut beta);
        beta
    }

    /// Takes out of `values` what these coefficients make of the controls.
    #[inline(always)]
    pub(super) fn take(&self, beta: &[f64], values: &mut [f64]) {
        add(self.z.as_slice(), beta, -1.0, values);
    }

    pub(super) fn coefficients(&self, values: &[f64]) -> Vec<f64> {
        if self.inverse.is_none() {
            return vec![0.0; self.z.ncols()];
        }
        self.solve(self.z.tr_mul(&DVector::from_column_slice(values)).as_slice())
    }
}

impl Design {
    pub(super) fn new(columns: &[Column], middle: &[f64], rows: &Rows, season: usize) -> Design {
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
        let gram = products(&z, 0..before) + products(&z, rows.window());
        Design {
            folds: OnceLock::new(),
            z: Arc::new(z),
            gram,
            scales: candidates.iter().map(|(_, k, weight, _)| (*k, *weight)).collect(),
        }
    }

    /// Share of each of `n` controls in what the regression makes of `values`: an equal part of the mean, which its
    /// own coefficient adds to and all coefficients together take from. The shares sum to one.
    pub(super) fn weights(&self, ridge: &Ridge, values: &[f64], n: usize) -> Vec<f64> {
        let mut own = vec![0.0; n];
        for ((k, scale), beta) in self.scales.iter().zip(ridge.coefficients(values)) {
            own[*k] = beta * scale;
        }
        let rest = (1.0 - own.iter().sum::<f64>()) / n as f64;
        own.iter().map(|weight| weight + rest).collect()
    }

    /// The controls in the regression, in its order: number, what their deviations are multiplied by, their spread then.
    pub(super) fn scales(&self) -> impl Iterator<Item = (usize, f64, f64)> + '_ {
        let spread = |k: usize| (self.gram[(k, k)] / self.z.nrows() as f64).sqrt();
        self.scales.iter().enumerate().map(move |(k, (number, weight))| (*number, *weight, spread(k)))
    }

    /// The regression on all rows with the penalty of this number. The last leaves the mean of the references alone.
    pub(super) fn ridge(&self, penalty: usize, rows: &Rows) -> Ridge {
        let penalty = PENALTIES.get(penalty).filter(|_| self.z.ncols() > 0);
        let inverse = penalty.and_then(|c| inverse(&self.gram, c * rows.before as f64));
        Ridge { z: self.z.clone(), inverse }
    }

    /// Number of the best penalty by blocked cross-validation on the baseline: five stretches are predicted from the
    /// other four.
    pub(super) fn choose_penalty(&self, gap: &[f64], rows: &Rows, season: usize) -> usize {
        let n = rows.before;
        if self.z.ncols() == 0 {
            return PENALTIES.len();
        }
        let target = rows.deseason(&gap[..n], season);
        let folds = self.folds.get_or_init(|| folds(&self.z, n));
        let losses = widely(
            #[inline(always)]
            || losses(&self.z, folds, &target),
        );
        (0..losses.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b])).unwrap_or(PENALTIES.len())
    }
}

/// A stretch of the baseline, held out.
struct Fold {
    held: Range<usize>,
    /// Products of the controls with each other over this stretch.
    gram: DMatrix<f64>,
    /// For each penalty that of the regression on all that is not held out.
    inverses: Vec<Inverse>,
}

impl Fold {
    /// Products of the controls with the values held out.
    #[inline(always)]
    fn cross(&self, z: &DMatrix<f64>, values: &[f64], cross: &mut [f64]) {
        let held = &values[self.held.clone()];
        for (cross, z) in cross.iter_mut().zip(z.as_slice().chunks_exact(z.nrows())) {
            *cross = dot(&z[self.held.clone()], held);
        }
    }
}

/// How far off each penalty is in the stretches held out, together.
#[inline(always)]
fn losses(z: &DMatrix<f64>, folds: &[Fold], target: &[f64]) -> [f64; CHOICES] {
    let mut losses = [0.0; CHOICES];
    let mut crosses = vec![vec![0.0; z.ncols()]; folds.len()];
    folds.iter().zip(&mut crosses).for_each(|(fold, cross)| fold.cross(z, target, cross));
    let all: Vec<f64> = (0..z.ncols()).map(|k| crosses.iter().map(|cross| cross[k]).sum()).collect();
    let (mut right, mut beta, mut fitted) = (all.clone(), all.clone(), all.clone());
    for (fold, cross) in folds.iter().zip(crosses) {
        right.iter_mut().zip(&all).zip(&cross).for_each(|((right, all), cross)| *right = all - cross);
        let held = &target[fold.held.clone()];
        let square = dot(held, held);
        losses[PENALTIES.len()] += square;
        for (loss, inverse) in losses.iter_mut().zip(&fold.inverses) {
            // |y − Zβ|² from sums of products: a held value need not be looked at again for every penalty.
            let Some(inverse) = inverse else {
                *loss = f64::INFINITY;
                continue;
            };
            times(inverse, &right, &mut beta);
            times(&fold.gram, &beta, &mut fitted);
            *loss += square + beta.iter().zip(&fitted).zip(&cross).map(|((b, f), c)| b * (f - 2.0 * c)).sum::<f64>();
        }
    }
    losses
}

/// The stretches of the baseline's `n` rows.
fn folds(z: &DMatrix<f64>, n: usize) -> Vec<Fold> {
    let held = (0..FOLDS).map(|fold| fold * n / FOLDS..(fold + 1) * n / FOLDS);
    let parts: Vec<(Range<usize>, DMatrix<f64>)> = held.map(|held| (held.clone(), products(z, held))).collect();
    let all = parts.iter().fold(DMatrix::zeros(z.ncols(), z.ncols()), |all, (_, gram)| all + gram);
    let without = |(held, gram): (Range<usize>, DMatrix<f64>)| {
        let rest = &all - &gram;
        let inverses = PENALTIES.iter().map(|c| inverse(&rest, c * n as f64)).collect();
        Fold { held, gram, inverses }
    };
    parts.into_iter().map(without).collect()
}

/// Products of the columns with each other over some rows.
fn products(z: &DMatrix<f64>, rows: Range<usize>) -> DMatrix<f64> {
    let column = |k: usize| &z.as_slice()[k * z.nrows()..][rows.clone()];
    let mut gram = DMatrix::zeros(z.ncols(), z.ncols());
    for i in 0..z.ncols() {
        for j in 0..=i {
            gram[(i, j)] = dot(column(i), column(j));
            gram[(j, i)] = gram[(i, j)];
        }
    }
    gram
}

/// Fills `products` with a matrix times `values`.
#[inline(always)]
fn times(matrix: &DMatrix<f64>, values: &[f64], products: &mut [f64]) {
    products.fill(0.0);
    add(matrix.as_slice(), values, 1.0, products);
}

/// Adds to `values` as many columns as there are weights, each times its weight and `sign`. Four at a time: the values go
/// through the processor a quarter as often.
#[inline(always)]
fn add(columns: &[f64], weights: &[f64], sign: f64, values: &mut [f64]) {
    let n = values.len().max(1);
    for (z, weights) in columns.chunks(4 * n).zip(weights.chunks(4)) {
        match *weights {
            [a, b, c, d] => {
                let (z0, z) = z.split_at(n);
                let (z1, z) = z.split_at(n);
                let (z2, z3) = z.split_at(n);
                let (z0, z1, z2, z3) = (&z0[..n], &z1[..n], &z2[..n], &z3[..n]);
                for i in 0..n {
                    values[i] += sign * ((a * z0[i] + b * z1[i]) + (c * z2[i] + d * z3[i]));
                }
            }
            _ => {
                for (z, weight) in z.chunks_exact(n).zip(weights) {
                    values.iter_mut().zip(z).for_each(|(value, z)| *value += sign * weight * z);
                }
            }
        }
    }
}

/// The inverse of products with a penalty on their diagonal.
fn inverse(gram: &DMatrix<f64>, penalty: f64) -> Inverse {
    let mut left = gram.clone();
    for k in 0..left.nrows() {
        left[(k, k)] += penalty;
    }
    left.cholesky().map(|factor| factor.inverse())
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
            let ridge = Ridge { inverse: inverse(&z.tr_mul(&z), penalty[0]), z: Arc::new(z) };
            let found = [ridge.coefficients(&input[..20]), ridge.residual(&input[..20])].concat();
            assert!(found.iter().zip(&values).all(|(a, b)| (a - b).abs() < 1e-10), "{found:?} {values:?}");
            seen += 1;
        }
        assert_eq!(seen, 2);
    }
}
