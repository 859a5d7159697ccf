//! What is measured in a window: the ratio of sums, or the largest ratio of a single period.

use crate::alert::Window;
use crate::measure::expected::Expected;
use crate::stats::lanes::{largest, sum};
use std::ops::Range;

/// What is computed from a window.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Target {
    /// Ratio of sums.
    Sum(Range<usize>),
    /// Largest ratio of a single period.
    Max(Range<usize>),
}

/// What a window holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) observed: f64,
    pub(super) expected: f64,
    /// Observed periods.
    pub(super) periods: usize,
    /// Where: the first period, or that of the largest ratio.
    pub(super) at: usize,
}

impl Found {
    pub(super) fn ratio(&self) -> f64 {
        self.observed / self.expected
    }
}

/// 1 for a value that was observed, 0 for another: what is multiplied by it does not count where nothing is known.
pub(super) fn observed(values: &[f64]) -> Vec<f64> {
    values.iter().map(|v| if v.is_finite() { 1.0 } else { 0.0 }).collect()
}

/// Values of the periods from `first` on and what is expected of them, both 0 where nothing is known, and their ratios.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub(super) first: usize,
    pub(super) values: Vec<f64>,
    pub(super) expected: Vec<f64>,
    pub(super) ratios: Vec<f64>,
}

impl Compared {
    /// So many periods, of which nothing is known yet.
    pub(super) fn new(first: usize, periods: usize) -> Compared {
        let unknown = || vec![0.0; periods];
        Compared { first, values: unknown(), expected: unknown(), ratios: unknown() }
    }

    /// Works the ratios out.
    #[inline(always)]
    pub(super) fn divide(&mut self) {
        let Compared { values, expected, ratios, .. } = self;
        for ((ratio, value), expected) in ratios.iter_mut().zip(values).zip(expected) {
            *ratio = *value / *expected;
        }
    }
}

impl Target {
    /// The four windows after an event, in the order of [`Window::ALL`].
    pub(super) fn after(event: usize, per_day: f64) -> [Target; 4] {
        Window::ALL.map(|window| {
            let range = window_range(window, event, per_day);
            if window == Window::Peak { Target::Max(range) } else { Target::Sum(range) }
        })
    }

    pub(super) fn range(&self) -> &Range<usize> {
        match self {
            Target::Sum(range) | Target::Max(range) => range,
        }
    }

    pub(super) fn back(&self, shift: usize) -> Target {
        let moved = |r: &Range<usize>| r.start - shift..r.end - shift;
        match self {
            Target::Sum(r) => Target::Sum(moved(r)),
            Target::Max(r) => Target::Max(moved(r)),
        }
    }

    pub(super) fn measure(&self, y: &[f64], fit: &Expected) -> Option<Found> {
        let range = self.range().start..self.range().end.min(y.len());
        let seen = range.clone().zip(y.get(range)?).map(|(t, v)| (t, *v)).filter(|(_, v)| v.is_finite());
        match self {
            Target::Sum(range) => {
                let (mut observed, mut all, mut periods) = (0.0, 0.0, 0);
                for (t, value) in seen {
                    (observed, all, periods) = (observed + value, all + fit.at(t), periods + 1);
                }
                (all > 0.0).then_some(Found { observed, expected: all, periods, at: range.start })
            }
            Target::Max(_) => seen
                .map(|(at, observed)| Found { observed, expected: fit.at(at), periods: 1, at })
                .filter(|found| found.expected > 0.0)
                .max_by(|a, b| a.ratio().total_cmp(&b.ratio())),
        }
    }

    /// The same ratio; `None` where nothing is expected.
    #[inline(always)]
    pub(super) fn ratio_of(&self, compared: &Compared) -> Option<f64> {
        let Compared { first, values, expected, ratios } = compared;
        let range = self.range().start - first..(self.range().end - first).min(values.len());
        let expected = &expected[range.clone()];
        let ratio = match self {
            Target::Sum(_) => sum(&values[range]) / sum(expected),
            Target::Max(_) => largest(&ratios[range], expected),
        };
        ratio.is_finite().then_some(ratio)
    }

    pub(super) fn ratio(&self, y: &[f64], fit: &Expected) -> f64 {
        self.measure(y, fit).map_or(f64::NAN, |found| found.ratio())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_of_which_nothing_is_expected_is_neither_the_largest_nor_in_the_way() {
        let mut compared = Compared::new(10, 4);
        (compared.values, compared.expected) = (vec![0.0, 2.0, 6.0, 3.0], vec![0.0, 0.0, 2.0, 3.0]);
        compared.divide();
        assert_eq!(Target::Max(10..14).ratio_of(&compared), Some(3.0));
        assert_eq!(Target::Sum(11..14).ratio_of(&compared), Some(11.0 / 5.0));
        assert_eq!(Target::Max(10..12).ratio_of(&compared), None);
        assert_eq!(Target::Sum(10..12).ratio_of(&compared), None);
    }
}
