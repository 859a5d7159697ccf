//! Exact penalised search for any additive cost of segments (PELT: Killick, Fearnhead & Eckley 2012, JASA 107).
//!
//! Close to linear when changes are frequent, quadratic when there are none: meant for costs with more than one
//! parameter (lines) and for counts; levels of long series are the matter of [`super::fpop`].

use super::cost::SegmentCost;
use super::fpop::Segmentation;

/// A possible first observation of the last segment.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    start: usize,
    price: f64,
    /// When it was beaten.
    doomed: usize,
}

/// The best segmentation for `penalty` a change with segments of at least `shortest` observations.
///
/// ```
/// use floodmark::detect::{cost::PoissonCost, pelt::segment};
/// let counts = [1.0, 0.0, 2.0, 1.0, 9.0, 11.0, 10.0, 8.0];
/// assert_eq!(segment(&PoissonCost::new(&counts), 6.0, 1).changes, [4]);
/// ```
pub fn segment(cost: &impl SegmentCost, penalty: f64, shortest: usize) -> Segmentation {
    let n = cost.len();
    let shortest = shortest.max(1);
    if n == 0 {
        return Segmentation::default();
    }
    // best[t]: lowest cost of the first t observations, −penalty before the first one so that m segments pay m − 1.
    let mut best = vec![f64::INFINITY; n + 1];
    let mut last = vec![0; n + 1];
    best[0] = -penalty;
    let mut candidates = vec![Candidate { start: 0, price: 0.0, doomed: usize::MAX }];
    for end in shortest..=n {
        for candidate in candidates.iter_mut().filter(|c| end - c.start >= shortest) {
            candidate.price = best[candidate.start] + cost.cost(candidate.start, end);
            if candidate.price + penalty < best[end] {
                (best[end], last[end]) = (candidate.price + penalty, candidate.start);
            }
        }
        // A start that costs more than a change here and now never catches up; but its rival can be used only when
        // the new segment is long enough, and until then it is still needed.
        for candidate in candidates.iter_mut().filter(|c| end - c.start >= shortest && c.price > best[end]) {
            candidate.doomed = candidate.doomed.min(end);
        }
        candidates.retain(|c| c.doomed == usize::MAX || end + 1 < c.doomed + shortest);
        candidates.push(Candidate { start: end, price: 0.0, doomed: usize::MAX });
    }
    let mut changes = Vec::new();
    let mut end = n;
    while last[end] > 0 {
        end = last[end];
        changes.push(end);
    }
    changes.reverse();
    let cost = if best[n].is_finite() { best[n] - penalty * changes.len() as f64 } else { cost.cost(0, n) };
    Segmentation { changes, cost }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::cost::{LevelCost, LineCost, NegativeBinomialCost, PoissonCost};
    use proptest::prelude::*;

    fn dynamic_programming(cost: &impl SegmentCost, penalty: f64, shortest: usize) -> f64 {
        let mut best = vec![-penalty];
        for end in 1..=cost.len() {
            let starts = (0..=end.saturating_sub(shortest)).filter(|start| end - start >= shortest);
            let costs = starts.map(|start| best[start] + penalty + cost.cost(start, end));
            best.push(costs.fold(f64::INFINITY, f64::min));
        }
        best[cost.len()]
    }

    fn is_exact(cost: &impl SegmentCost, penalty: f64, shortest: usize) -> Result<(), TestCaseError> {
        let found = segment(cost, penalty, shortest);
        let segments = crate::detect::changepoint::segments(cost.len(), &found.changes);
        let total: f64 = segments.iter().map(|s| cost.cost(s.start, s.end)).sum();
        prop_assert!((total - found.cost).abs() < 1e-8);
        if cost.len() >= shortest {
            prop_assert!(segments.iter().all(|s| s.len() >= shortest));
            let optimum = dynamic_programming(cost, penalty, shortest);
            prop_assert!((total + penalty * found.changes.len() as f64 - optimum).abs() < 1e-8);
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn pruning_changes_no_optimum(
            counts in prop::collection::vec(prop_oneof![0u32..4, 0u32..40], 1..40),
            penalty in 0.1..30.0f64, shortest in 1usize..5,
        ) {
            let counts: Vec<f64> = counts.into_iter().map(f64::from).collect();
            let at: Vec<f64> = (0..counts.len()).map(|t| t as f64).collect();
            is_exact(&PoissonCost::new(&counts), penalty, shortest)?;
            is_exact(&NegativeBinomialCost::new(&counts, 3.0), penalty, shortest)?;
            is_exact(&LevelCost::new(&counts), penalty, shortest)?;
            is_exact(&LineCost::new(&at, &counts), penalty, shortest.max(3))?;
        }
    }

    #[test]
    fn a_large_size_is_the_poisson_distribution() {
        let counts = [3.0, 4.0, 2.0, 9.0, 0.0];
        let (poisson, binomial) = (PoissonCost::new(&counts), NegativeBinomialCost::new(&counts, 1e9));
        // Up to 2Σμ = 2Σy, the same for all segmentations.
        assert!((poisson.cost(0, 4) + 2.0 * 18.0 - binomial.cost(0, 4)).abs() < 1e-5);
    }
}
