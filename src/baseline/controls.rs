//! Reference outlets as controls: the periods in which they are compared, how far each moved on its own, and which of
//! them carry a counterfactual.

use crate::baseline::offered::Offered;
use crate::stats::robust::{mad_sd, median};
use std::ops::Range;

/// A control that moved further than this many spreads against the others has moved for its own reasons.
pub(super) const MOVED: f64 = 2.5;
/// Beyond so many spreads the penalty on a control's own coefficient is at least doubled.
pub(super) const SUSPECT: f64 = 1.5;

/// With so large a part of the rows, noise does to a test what it does with all of them.
const MOST: f64 = 0.9;

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

/// A control: its index, its centred logarithms by row, and how far it moved in the window against the others.
pub(super) struct Column {
    pub(super) index: usize,
    pub(super) x: Vec<f64>,
    pub(super) shift: f64,
    pub(super) moved: f64,
}

impl Column {
    pub(super) fn control(&self, weight: f64, standing: Standing) -> Control {
        let spreads = if self.shift.is_nan() { f64::NAN } else { self.moved };
        Control { index: self.index, weight, standing, shift: self.shift, spreads }
    }
}

impl Control {
    pub(super) fn unobserved(index: usize) -> Control {
        Control { index, weight: 0.0, standing: Standing::Unobserved, shift: f64::NAN, spreads: f64::NAN }
    }
}

/// The periods that enter: usable ones of the baseline, then observed ones of the window.
#[derive(Debug, PartialEq)]
pub(crate) struct Rows {
    pub(super) times: Vec<usize>,
    /// How many of them lie in the baseline.
    pub(super) before: usize,
}

impl Rows {
    pub(crate) fn of(
        y: &[f64],
        baseline: Range<usize>,
        window: Range<usize>,
        exclude: Option<&[bool]>,
    ) -> Option<Rows> {
        let seen = |&t: &usize| y.get(t).is_some_and(|v| v.is_finite() && *v >= 0.0);
        let flagged = |t: usize| exclude.is_some_and(|mask| mask.get(t).copied().unwrap_or(false));
        let mut times: Vec<usize> = baseline.filter(|t| seen(t) && !flagged(*t)).collect();
        let before = times.len();
        times.extend(window.filter(seen));
        (before >= 14 && times.len() > before).then_some(Rows { times, before })
    }

    /// All periods of a baseline and a window, whether observed or not.
    pub(crate) fn whole(baseline: Range<usize>, window: Range<usize>) -> Rows {
        Rows { before: baseline.len(), times: baseline.chain(window).collect() }
    }

    /// Whether hardly anything is missing that `whole` has.
    pub(crate) fn is_most_of(&self, whole: &Rows) -> bool {
        self.before as f64 >= MOST * whole.before as f64 && self.times.len() as f64 >= MOST * whole.times.len() as f64
    }

    /// The same baseline with all of `window`, observed or not.
    pub(crate) fn with_window(&self, window: Range<usize>) -> Rows {
        Rows { times: self.times[..self.before].iter().copied().chain(window).collect(), before: self.before }
    }

    /// The periods of the baseline.
    pub(super) fn past(&self) -> &[usize] {
        &self.times[..self.before]
    }

    /// The rows of the window.
    pub(super) fn window(&self) -> Range<usize> {
        self.before..self.times.len()
    }

    /// The longest season of which the baseline has at least four values a phase; 1 if none.
    pub(super) fn season(&self, seasons: &[usize]) -> usize {
        seasons.iter().copied().filter(|&s| s > 1 && self.before >= 4 * s).max().unwrap_or(1)
    }

    /// Takes out the mean of each phase, over all rows (the same as dummy variables in the regression).
    pub(super) fn deseason(&self, values: &[f64], season: usize) -> Vec<f64> {
        let mut left = values.to_vec();
        self.take_season(&mut left, season);
        left
    }

    /// The same in place; gives the means.
    pub(super) fn take_season(&self, values: &mut [f64], season: usize) -> Vec<f64> {
        let (mut means, mut counts) = (vec![0.0; season], vec![0.0; season]);
        for (v, phase) in values.iter().zip(self.phases(season)) {
            means[phase] += v;
            counts[phase] += 1.0;
        }
        means.iter_mut().zip(counts).for_each(|(mean, count)| *mean /= count);
        for (v, phase) in values.iter_mut().zip(self.phases(season)) {
            *v -= means[phase];
        }
        means
    }

    /// The phase of each row. Most rows follow one another: a remainder is seldom needed.
    pub(super) fn phases(&self, season: usize) -> impl Iterator<Item = usize> + '_ {
        let (mut phase, mut before) = (0, 0);
        self.times.iter().map(move |&t| {
            // A window given by the caller may lie before the baseline.
            phase = if t >= before { phase + t - before } else { t };
            before = t;
            if phase >= season {
                phase = if phase == season { 0 } else { phase % season };
            }
            phase
        })
    }
}

/// Midmean (mean of the middle half) of the controls in each row: a mean that a quarter of wild ones cannot move.
pub(super) fn midmeans(columns: &[Column], rows: Range<usize>) -> Vec<f64> {
    let mut scratch = Vec::with_capacity(columns.len());
    rows.map(|i| {
        scratch.clear();
        scratch.extend(columns.iter().map(|column| column.x[i]).filter(|v| v.is_finite()));
        let (cut, all) = (scratch.len() / 4, scratch.len());
        if cut > 0 {
            scratch.select_nth_unstable_by(cut, f64::total_cmp);
            scratch[cut..].select_nth_unstable_by(all - 2 * cut - 1, f64::total_cmp);
        }
        let kept = &scratch[cut..all - cut];
        if kept.is_empty() { 0.0 } else { kept.iter().sum::<f64>() / kept.len() as f64 }
    })
    .collect()
}

/// Takes out, and gives back, the controls whose level moved between baseline and window against the other controls by
/// more than both their own noise and the scatter among controls allow. As each one that goes may uncover others,
/// the rest are looked at again. Those that stay come with how far they moved, in the same units.
pub(super) fn drop_moved(columns: &mut Vec<Column>, rows: &Rows, offered: &Offered) -> Vec<Column> {
    let mut moved = Vec::new();
    let least = columns.len().div_ceil(2);
    for _ in 0..5 {
        if columns.len() < 4 {
            break;
        }
        let middle = midmeans(columns, rows.window());
        let shifts = offered.course(columns).shifts(columns, &middle);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_midmean_ignores_a_wild_quarter() {
        let column = |x: f64| Column { index: 0, x: vec![x], shift: f64::NAN, moved: 0.0 };
        assert_eq!(midmeans(&[column(1.0), column(2.0), column(4.0), column(900.0)], 0..1), [3.0]);
    }
}
