//! Values kept in rising order while some leave and others come: what is asked of a window that moves is read off.

use crate::stats::robust::{MAD_TO_SD, from_order_key, median_and_mad_sd, middle_of, order_key};

/// The values of a window in rising order; `NaN` are left out.
#[derive(Clone, Debug, Default)]
pub struct Ranked {
    sorted: Vec<f64>,
    spare: Vec<f64>,
    keys: Vec<i64>,
    changes: Vec<(f64, Change)>,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Leaves,
    Comes,
}

impl Ranked {
    /// Takes `values` in place of what was there.
    pub fn fill(&mut self, values: &[f64]) {
        self.keys.clear();
        self.keys.extend(values.iter().filter(|v| !v.is_nan()).map(|v| order_key(*v)));
        self.keys.sort_unstable();
        self.sorted.clear();
        self.sorted.extend(self.keys.iter().map(|key| from_order_key(*key)));
    }

    /// Takes `leaving` out, all of which must be there, and `coming` in.
    pub fn exchange(&mut self, leaving: &[f64], coming: &[f64]) {
        let leaving = leaving.iter().map(|v| (*v, Change::Leaves));
        let coming = coming.iter().map(|v| (*v, Change::Comes));
        self.changes.clear();
        self.changes.extend(leaving.chain(coming).filter(|(v, _)| !v.is_nan()));
        self.changes.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        self.spare.clear();
        let mut rest = self.sorted.as_slice();
        for (value, change) in &self.changes {
            let (below, from) = rest.split_at(rest.partition_point(|v| v.total_cmp(value).is_lt()));
            self.spare.extend_from_slice(below);
            rest = match change {
                Change::Leaves => &from[1..],
                Change::Comes => {
                    self.spare.push(*value);
                    from
                }
            };
        }
        self.spare.extend_from_slice(rest);
        std::mem::swap(&mut self.sorted, &mut self.spare);
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Median and median absolute deviation around it, as a standard deviation: to the bit what
    /// [`crate::stats::robust::median_and_mad_sd`] says of the same values.
    ///
    /// ```
    /// # use floodmark::stats::ranked::Ranked;
    /// let mut window = Ranked::default();
    /// window.fill(&[9.0, 1.0, 2.0, f64::NAN]);
    /// window.exchange(&[9.0, f64::NAN], &[3.0, 4.0, 100.0]);
    /// assert_eq!(window.median_and_mad_sd(), (3.0, 1.482_602_218_505_602));
    /// ```
    pub fn median_and_mad_sd(&self) -> (f64, f64) {
        let n = self.sorted.len();
        let Some(&upper) = self.sorted.get(n / 2) else { return (f64::NAN, f64::NAN) };
        let middle = if n % 2 == 1 { upper } else { middle_of(self.sorted[n / 2 - 1], upper) };
        if !middle.is_finite() {
            // Distances from infinity have no order to rely on.
            return median_and_mad_sd(self.sorted.iter().copied(), &mut Vec::with_capacity(n));
        }
        (middle, self.median_distance(middle) * MAD_TO_SD)
    }

    /// Median distance from `centre`, which is finite, of one value or more.
    fn median_distance(&self, centre: f64) -> f64 {
        let n = self.sorted.len();
        let distance = |place: usize| (self.sorted[place] - centre).abs();
        let (first, last) = self.nearest(n / 2 + 1, centre);
        let (low, high) = (distance(first), distance(last));
        let upper = low.max(high);
        if n % 2 == 1 {
            return upper;
        }
        let lower = if low > high { distance(first + 1).max(high) } else { low.max(distance(last - 1)) };
        middle_of(lower, upper)
    }

    /// First and last of the `count` values nearest to `centre`: they are neighbours.
    fn nearest(&self, count: usize, centre: f64) -> (usize, usize) {
        let (mut from, mut to) = (0, self.sorted.len() - count);
        while from < to {
            let place = (from + to) / 2;
            // Further up they are nearer as long as the next value above is nearer than the lowest.
            if self.sorted[place + count] - centre < centre - self.sorted[place] {
                from = place + 1;
            } else {
                to = place;
            }
        }
        (from, from + count - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values() -> impl Strategy<Value = Vec<f64>> {
        let ties = (-3i32..4).prop_map(f64::from);
        let value = prop_oneof![4 => -3.0..3.0f64, 4 => ties, 1 => Just(f64::NAN), 1 => prop::num::f64::ANY];
        prop::collection::vec(value, 1..60)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn a_window_that_moves_says_at_every_place_what_selection_says(x in values(), length in 1usize..40, by in 1usize..9) {
            let (mut window, mut start, mut end) = (Ranked::default(), 0, length.min(x.len()));
            window.fill(&x[..end]);
            while end < x.len() {
                let (from, to) = ((start + by).min(end), (end + by).min(x.len()));
                window.exchange(&x[start..from], &x[end..to]);
                (start, end) = (from, to);
                let expected = median_and_mad_sd(x[start..end].iter().copied(), &mut Vec::new());
                let found = window.median_and_mad_sd();
                prop_assert_eq!(window.len(), x[start..end].iter().filter(|v| !v.is_nan()).count());
                prop_assert_eq!(expected.0.to_bits(), found.0.to_bits());
                prop_assert!(expected.1.to_bits() == found.1.to_bits() || expected.1.is_nan() && found.1.is_nan());
            }
        }
    }
}
