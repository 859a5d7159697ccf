//! Periods gathered into blocks: hours into days that begin at the hour of an event. What the hours of a day tell beyond
//! their mean is season and noise of their own, which say little of a week, and cost 24 times as much.

use crate::stats::robust::{mean, median};
use std::ops::Range;

/// The shape of a block is learnt from so many whole ones at least.
const LEAST_WHOLE: usize = 4;

/// Blocks of `size` periods, the first of which begins at period `first`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Blocks {
    first: usize,
    size: usize,
}

impl Blocks {
    /// Blocks of which one begins at period `at`.
    pub(crate) fn around(at: usize, size: usize) -> Blocks {
        Blocks { first: at % size, size }
    }

    /// The block that holds a period, which is not before the first one.
    pub(crate) fn number(&self, period: usize) -> usize {
        (period - self.first) / self.size
    }

    /// The blocks that lie wholly within some periods.
    pub(crate) fn within(&self, periods: &Range<usize>) -> Range<usize> {
        let start = periods.start.max(self.first) - self.first;
        let end = periods.end.max(self.first) - self.first;
        let start = start.div_ceil(self.size);
        start..(end / self.size).max(start)
    }

    /// The mean of each block; `NaN` where less than half of it is observed. Periods of different size (nights, working
    /// hours) stand for one another by the usual shape of a block, so that a gap at night does not raise its day.
    pub(crate) fn means(&self, values: &[f64]) -> Vec<f64> {
        let blocks = || values.get(self.first..).unwrap_or_default().chunks_exact(self.size);
        let known = |block: &[f64]| block.iter().filter(|v| !v.is_nan()).count();
        let mut shape = None;
        let mut of = |block: &[f64]| match known(block) {
            n if n == self.size => mean(block),
            n if 2 * n < self.size => f64::NAN,
            _ => {
                let shape = shape.get_or_insert_with(|| self.shape(blocks().filter(|b| known(b) == self.size)));
                let seen = block.iter().zip(&*shape).filter(|(v, _)| !v.is_nan());
                let (sum, usual) = seen.fold((0.0, 0.0), |(sum, usual), (v, part)| (sum + v, usual + part));
                sum / usual
            }
        };
        blocks().map(&mut of).collect()
    }

    /// What each period of a block usually is of the mean of its block: the median over whole ones.
    fn shape<'a>(&self, whole: impl Iterator<Item = &'a [f64]>) -> Vec<f64> {
        let parts = |block: &'a [f64]| {
            let middle = mean(block);
            block.iter().map(move |v| v / middle)
        };
        let mut by_place = vec![Vec::new(); self.size];
        for block in whole.filter(|block| mean(block) > 0.0) {
            by_place.iter_mut().zip(parts(block)).for_each(|(all, part)| all.push(part));
        }
        if by_place[0].len() < LEAST_WHOLE {
            return vec![f64::NAN; self.size];
        }
        let shape: Vec<f64> = by_place.iter().map(|parts| median(parts)).collect();
        let middle = mean(&shape);
        shape.iter().map(|part| part / middle).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_begins_at_the_event_and_only_whole_ones_count() {
        let blocks = Blocks::around(51, 24);
        assert_eq!(blocks.within(&(51..99)), 2..4);
        assert_eq!(blocks.within(&(50..98)), 2..3);
        assert_eq!(blocks.within(&(0..3)), 0..0);
        let values: Vec<f64> = (0..60).map(f64::from).collect();
        assert_eq!(blocks.means(&values), [14.5, 38.5]);
    }

    #[test]
    fn a_gap_at_night_does_not_raise_its_day() {
        let hour = |t: usize| if t % 4 < 2 { 10.0 } else { 30.0 };
        let mut values: Vec<f64> = (0..40).map(|t| hour(t) * (1.0 + (t / 4) as f64)).collect();
        let whole = Blocks::around(0, 4).means(&values);
        values[8..10].fill(f64::NAN);
        values[12..15].fill(f64::NAN);
        let means = Blocks::around(0, 4).means(&values);
        assert!((means[2] - whole[2]).abs() < 1e-9 && means[3].is_nan());
        assert!(Blocks::around(0, 4).means(&values[8..16])[0].is_nan(), "no whole block tells the shape");
    }
}
