//! The controls as a baseline shows them, which every window after it shares: their logarithms, their common course, and
//! how far each usually lies from it.

use crate::baseline::controls::{Column, Rows, midmeans};
use crate::stats::robust::{mad_sd, mean, median};
use std::sync::{Arc, Mutex, PoisonError};

/// Of how many choices of controls the course is kept: most windows leave out the same ones, or none.
const MOST_COURSES: usize = 64;

/// The controls offered to a series, in the periods of its baseline.
pub(crate) struct Offered {
    times: Vec<usize>,
    offset: f64,
    /// Centred logarithms, and what they are centred at; none where less than 80% is observed.
    pasts: Vec<Option<(Vec<f64>, f64)>>,
    courses: Mutex<Vec<(Vec<usize>, Arc<Course>)>>,
}

/// What some controls have in common.
pub(super) struct Course {
    /// Their midmean in each period.
    pub(super) middle: Vec<f64>,
    /// How each lies to it.
    apart: Vec<Apart>,
}

/// How a control lies to the midmean.
struct Apart {
    center: f64,
    /// Mean of what is left beside the centre, wild values pulled in.
    rest: f64,
    /// Long-run variance of that, and the number of values.
    variance: f64,
    n: f64,
}

fn logarithm(control: &[f64], t: usize, offset: f64) -> f64 {
    let x = (control.get(t).copied().unwrap_or(f64::NAN) + offset).ln();
    if x.is_finite() { x } else { f64::NAN }
}

/// Share of values that are known.
fn known(values: &[f64]) -> f64 {
    values.iter().filter(|v| v.is_finite()).count() as f64 / values.len() as f64
}

impl Offered {
    /// `controls` in the baseline of `rows`.
    pub(crate) fn new(controls: &[&[f64]], rows: &Rows, offset: f64) -> Offered {
        let times = rows.times[..rows.before].to_vec();
        let past = |control: &&[f64]| {
            let mut x: Vec<f64> = times.iter().map(|&t| logarithm(control, t, offset)).collect();
            let center = median(&x);
            let enough = known(&x) >= 0.8;
            x.iter_mut().for_each(|v| *v -= center);
            enough.then_some((x, center))
        };
        let pasts = controls.iter().map(past).collect();
        Offered { times, offset, pasts, courses: Mutex::default() }
    }

    /// Whether these are the controls in the baseline of `rows`.
    pub(crate) fn serves(&self, rows: &Rows, offset: f64) -> bool {
        self.times == rows.times[..rows.before] && self.offset == offset
    }

    /// The controls that are known well enough in baseline and window: in 80% of the one and half of the other.
    pub(super) fn columns(&self, controls: &[&[f64]], rows: &Rows) -> Vec<Column> {
        let column = |(index, past): (usize, &Option<(Vec<f64>, f64)>)| {
            let (past, center) = past.as_ref()?;
            let window = rows.times[rows.before..].iter().map(|&t| logarithm(controls[index], t, self.offset) - center);
            let x: Vec<f64> = past.iter().copied().chain(window).collect();
            (known(&x[rows.before..]) >= 0.5).then_some(Column { index, x, shift: f64::NAN, moved: 0.0 })
        };
        self.pasts.iter().enumerate().filter_map(column).collect()
    }

    /// What these `columns` have in common in the baseline.
    pub(super) fn course(&self, columns: &[Column]) -> Arc<Course> {
        let among: Vec<usize> = columns.iter().map(|column| column.index).collect();
        let courses = || self.courses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, course)) = courses().iter().find(|(known, _)| *known == among) {
            return course.clone();
        }
        let middle = midmeans(columns, 0..self.times.len());
        let apart = columns.iter().map(|column| Apart::of(&column.x, &middle)).collect();
        let course = Arc::new(Course { middle, apart });
        let mut courses = courses();
        if courses.len() < MOST_COURSES {
            courses.push((among, course.clone()));
        }
        course
    }
}

impl Course {
    /// How far each control, `columns` in the window with this `middle`, moved against the midmean between baseline and
    /// window, and the standard error of that.
    pub(super) fn shifts(&self, columns: &[Column], middle: &[f64]) -> Vec<(f64, f64)> {
        let of = |(column, apart): (&Column, &Apart)| {
            let now: Vec<f64> = column.x[self.middle.len()..].iter().zip(middle).map(|(x, m)| x - m).collect();
            (mean(&now) - apart.center - apart.rest, apart.error(now.len()))
        };
        columns.iter().zip(&self.apart).map(of).collect()
    }
}

impl Apart {
    fn of(x: &[f64], middle: &[f64]) -> Apart {
        let past: Vec<f64> = x.iter().zip(middle).map(|(x, m)| x - m).collect();
        let center = median(&past);
        let limit = 3.0 * mad_sd(&past, center);
        let clipped: Vec<f64> = past.iter().map(|v| (v - center).clamp(-limit, limit)).collect();
        let square = clipped.iter().filter(|v| v.is_finite()).map(|v| v * v).sum::<f64>();
        let n = clipped.iter().filter(|v| v.is_finite()).count().max(1) as f64;
        let cross: f64 = clipped.windows(2).map(|p| p[0] * p[1]).filter(|v| v.is_finite()).sum();
        let phi = if square > 0.0 { (cross / square).clamp(0.0, 0.9) } else { 0.0 };
        Apart { center, rest: mean(&clipped), variance: square / n * (1.0 + phi) / (1.0 - phi), n }
    }

    /// Standard error of the difference between the means of `now` new values and of the past ones, under an
    /// autoregression of order one.
    fn error(&self, now: usize) -> f64 {
        (self.variance * (1.0 / self.n + 1.0 / now.max(1) as f64)).sqrt()
    }
}
