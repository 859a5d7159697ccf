//! From a stretch of a series to places in a small chart.

use super::picture::Line;
use crate::time::{Grid, Seconds, Step};
use std::ops::Range;

/// More points than this are not told apart at this size: neighbours are averaged.
const MOST_POINTS: usize = 740;

/// From moments and values to places.
pub(super) struct Frame {
    pub(super) from: Seconds,
    pub(super) to: Seconds,
    pub(super) high: f64,
    pub(super) ranks: bool,
    pub(super) size: (f64, f64),
    pub(super) area: [f64; 4],
}

impl Frame {
    pub(super) fn x(&self, at: Seconds) -> f64 {
        let [left, _, right, _] = self.area;
        let part = (at - self.from) as f64 / (self.to - self.from).max(1) as f64;
        left + part.clamp(0.0, 1.0) * (right - left)
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        let [_, top, _, bottom] = self.area;
        let part = (value / self.high).clamp(0.0, 1.0);
        if self.ranks { top + part * (bottom - top) } else { bottom - part * (bottom - top) }
    }
}

pub(super) fn place(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(String::from).unwrap_or(text)
}

/// Values of periods side by side, averaged where there are too many.
pub(super) struct Columns {
    pub(super) start: Seconds,
    pub(super) step: Seconds,
    pub(super) each: usize,
    pub(super) observed: Vec<f64>,
    pub(super) expected: Vec<f64>,
    pub(super) lower: Vec<f64>,
    pub(super) upper: Vec<f64>,
    pub(super) z: Vec<f64>,
}

impl Columns {
    pub(super) fn new(grid: &Grid, shown: &Range<usize>, series: [&[f64]; 5]) -> Columns {
        let each = shown.len().div_ceil(MOST_POINTS).max(1);
        let value = |values: &[f64], i: usize| values.get(i).copied().unwrap_or(f64::NAN);
        let mean = |values: &[f64]| -> Vec<f64> {
            let indices: Vec<usize> = shown.clone().collect();
            let chunk = |chunk: &[usize]| {
                let known: Vec<f64> = chunk.iter().map(|i| value(values, *i)).filter(|v| v.is_finite()).collect();
                known.iter().sum::<f64>() / known.len() as f64
            };
            indices.chunks(each).map(chunk).collect()
        };
        let farthest = |values: &[f64]| -> Vec<f64> {
            let indices: Vec<usize> = shown.clone().collect();
            let larger = |a: f64, b: f64| if b.is_nan() || a.abs() >= b.abs() { a } else { b };
            indices.chunks(each).map(|c| c.iter().map(|i| value(values, *i)).fold(f64::NAN, larger)).collect()
        };
        let [observed, expected, lower, upper, z] = series;
        Columns {
            start: grid.time(shown.start),
            step: grid.step.seconds() * each as i64,
            each,
            observed: mean(observed),
            expected: mean(expected),
            lower: mean(lower),
            upper: mean(upper),
            z: farthest(z),
        }
    }

    pub(super) fn middle(&self, i: usize) -> Seconds {
        self.start + i as i64 * self.step + self.step / 2
    }

    pub(super) fn end(&self) -> Seconds {
        self.start + self.observed.len().max(1) as i64 * self.step
    }

    pub(super) fn note(&self, step: Step) -> String {
        if self.each == 1 {
            String::new()
        } else {
            format!("Each point is the mean of {} {}s.", self.each, step.name())
        }
    }

    /// All that was observed and expected fits in; a band that towers above is cut.
    pub(super) fn high(&self) -> f64 {
        let top = |values: &[f64]| values.iter().copied().filter(|v| v.is_finite()).fold(0.0, f64::max);
        let (lines, band) = (top(&self.observed).max(top(&self.expected)), top(&self.upper));
        let high = if lines > 0.0 { lines.max(band.min(lines * 1.25)) } else { band };
        if high > 0.0 && high < 1e300 { high * 1.06 } else { 1.0 }
    }

    pub(super) fn line(&self, class: &'static str, values: &[f64], frame: &Frame) -> Line {
        let (mut path, mut dots) = (String::new(), Vec::new());
        let known = |i: usize| values.get(i).is_some_and(|v| v.is_finite());
        for i in (0..values.len()).filter(|i| known(*i)) {
            let (x, y) = (place(frame.x(self.middle(i))), place(frame.y(values[i])));
            match (i > 0 && known(i - 1), known(i + 1)) {
                (false, false) => dots.push((x, y)),
                (false, true) => path += &format!("M{x} {y}"),
                (true, _) => path += &format!("L{x} {y}"),
            }
        }
        Line { class, path, dots }
    }

    pub(super) fn band(&self, frame: &Frame) -> String {
        let known = |i: &usize| self.lower[*i].is_finite() && self.upper[*i].is_finite();
        let indices: Vec<usize> = (0..self.lower.len()).collect();
        let mut path = String::new();
        for run in indices.chunk_by(|a, b| known(a) == known(b)).filter(|run| known(&run[0])) {
            let point = |i: usize, v: f64| format!("{} {}", place(frame.x(self.middle(i))), place(frame.y(v)));
            let upper = run.iter().map(|i| point(*i, self.upper[*i]));
            let lower = run.iter().rev().map(|i| point(*i, self.lower[*i]));
            path += &format!("M{}Z", upper.chain(lower).collect::<Vec<_>>().join("L"));
        }
        path
    }
}
