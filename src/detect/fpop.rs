//! Exact penalised search for changes of level by functional pruning (FPOP: Maidstone, Hocking, Rigaill & Fearnhead
//! 2017, Statistics and Computing 27; with a bounded loss: Fearnhead & Rigaill 2019, JASA 114).
//!
//! After t observations the best cost of all segmentations, as a function of the level μ of the last segment, is the
//! lower envelope of quadratics, one interval of μ after the other. A new observation adds its loss to every piece;
//! then the minimum F over μ, plus the penalty, is what a segment that starts now has to pay: wherever a piece costs
//! more than that, the new segment takes its place. Pieces that lose all their intervals can never win again. A few
//! pieces survive at any time (about log t), so the whole search is close to linear.

use super::cost::Loss;

/// Segments of a series: what is optimal for one loss and penalty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Segmentation {
    /// First observation of every segment but the first, increasing.
    pub changes: Vec<usize>,
    /// Σ loss of all observations around the best level of their segment, without penalties.
    pub cost: f64,
}

/// One quadratic on one interval of levels: `least` + `count`·(μ − `mean`)², up to `high`; it starts where the piece
/// before it ends.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Number of observations that count as inliers at these levels, and one over it.
    count: f64,
    share: f64,
    /// Their mean: the level of the lowest cost (it may lie outside the interval).
    mean: f64,
    /// That lowest cost.
    least: f64,
    /// Upper end of the interval of levels.
    high: f64,
    /// First observation of the last segment.
    start: usize,
}

impl Piece {
    /// A segment that is about to start.
    fn fresh(price: f64, start: usize) -> Self {
        Piece { count: 0.0, share: f64::INFINITY, mean: 0.0, least: price, high: f64::INFINITY, start }
    }

    /// Adds (y − μ)² + `constant`; the sums of squares stay those around the mean (Welford 1962), which needs no
    /// centred data to be accurate.
    #[inline(always)]
    fn add(&mut self, y: f64, constant: f64) {
        let before = self.count;
        self.count += 1.0;
        self.share = 1.0 / self.count;
        let deviation = y - self.mean;
        self.least += deviation * deviation * (before * self.share) + constant;
        self.mean += deviation * self.share;
    }
}

/// `spare` with room for `most` pieces at least. It never shrinks: what stands in it is written over.
fn room(spare: &mut Vec<Piece>, most: usize) -> &mut [Piece] {
    if spare.len() < most {
        spare.resize(2 * most, Piece::fresh(0.0, 0));
    }
    &mut spare[..]
}

/// The search, one observation at a time: its state after t observations depends on those alone.
///
/// ```
/// use floodmark::detect::{cost::Loss, fpop::Fpop};
/// let mut search = Fpop::new(Loss::ROBUST, 10.0);
/// for y in [0.1, -0.1, 0.0, 0.2, 5.1, 4.9, 5.0, 5.2] {
///     search.push(y);
/// }
/// assert_eq!(search.changes(), [4]);
/// ```
#[derive(Clone, Debug)]
pub struct Fpop {
    /// Half-width of the window of inliers; infinite for the squared loss.
    k: f64,
    penalty: f64,
    /// The first `live` of these are the pieces, in order of their levels; the rest is room.
    pieces: Vec<Piece>,
    live: usize,
    spare: Vec<Piece>,
    /// For every observation: start of the last segment of the best segmentation that ends there.
    starts: Vec<usize>,
    /// Part of the cost that no segmentation changes, and the best cost without it.
    common: f64,
    least: f64,
    level: f64,
}

impl Fpop {
    /// An empty search. `penalty` is the price of one change on values of unit standard deviation.
    pub fn new(loss: Loss, penalty: f64) -> Self {
        let k = match loss {
            Loss::Squared => f64::INFINITY,
            Loss::Biweight { k } => k,
        };
        Fpop {
            k,
            penalty,
            pieces: vec![Piece::fresh(0.0, 0)],
            live: 1,
            spare: Vec::new(),
            starts: Vec::new(),
            common: 0.0,
            least: 0.0,
            level: f64::NAN,
        }
    }

    /// Number of observations so far.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether nothing was observed yet.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Adds an observation, which must be finite.
    pub fn push(&mut self, y: f64) {
        if self.k.is_finite() {
            self.common += self.k * self.k;
            self.add_bounded(y);
        } else {
            for piece in &mut self.pieces[..self.live] {
                piece.add(y, 0.0);
            }
        }
        let best = self.best();
        self.starts.push(best.start);
        self.least = best.least;
        self.level = best.mean;
        self.compete(best.least + self.penalty);
    }

    /// The piece of the lowest cost. No piece has to be clipped to its interval: the cost of a quadratic anywhere is
    /// never below the cost of a segmentation that exists.
    #[inline]
    fn best(&self) -> Piece {
        let mut best = 0;
        let mut least = f64::INFINITY;
        for (i, piece) in self.pieces[..self.live].iter().enumerate() {
            (best, least) = if piece.least < least { (i, piece.least) } else { (best, least) };
        }
        self.pieces[best]
    }

    /// Adds min((y − μ)², k²) − k², which is 0 outside y ± k: only pieces inside that window change, and the two at
    /// its ends are cut there.
    fn add_bounded(&mut self, y: f64) {
        let (from, to, constant) = (y - self.k, y + self.k, -self.k * self.k);
        let (old, new) = (&self.pieces[..self.live], room(&mut self.spare, self.live + 2));
        let (mut n, mut low) = (0, f64::NEG_INFINITY);
        let mut push = |piece| {
            new[n] = piece;
            n += 1;
        };
        for &piece in old {
            let high = piece.high;
            if high <= from || low >= to {
                push(piece);
            } else {
                if low < from {
                    push(Piece { high: from, ..piece });
                }
                let mut inside = Piece { high: high.min(to), ..piece };
                inside.add(y, constant);
                push(inside);
                if high > to {
                    push(piece);
                }
            }
            low = high;
        }
        self.live = n;
        std::mem::swap(&mut self.pieces, &mut self.spare);
    }

    /// Replaces every piece by a new segment of cost `price` where it costs more than that.
    fn compete(&mut self, price: f64) {
        let mut fresh = Piece::fresh(price, self.starts.len());
        let out = room(&mut self.spare, 2 * self.live + 1);
        let (mut n, mut low, mut open) = (0, f64::NEG_INFINITY, false);
        for piece in &self.pieces[..self.live] {
            // least + count·(μ − mean)² ≤ price. Without inliers this is ±∞ or NaN: everywhere or nowhere.
            let reach = ((price - piece.least) * piece.share).sqrt();
            let from = low.max(piece.mean - reach);
            let to = piece.high.min(piece.mean + reach);
            let survives = reach >= 0.0 && from < to;
            // Written always, counted if wanted: cheaper than branches that cannot be foreseen.
            fresh.high = from;
            out[n] = fresh;
            n += usize::from(survives & (open | (from > low)));
            out[n] = *piece;
            out[n].high = to;
            n += usize::from(survives);
            open = !survives | (to < piece.high);
            low = piece.high;
        }
        if open {
            fresh.high = f64::INFINITY;
            out[n] = fresh;
            n += 1;
        }
        self.live = n;
        std::mem::swap(&mut self.pieces, &mut self.spare);
    }

    /// The best segmentation of all observations so far.
    pub fn segmentation(&self) -> Segmentation {
        let changes = self.changes();
        let cost = self.least + self.common - self.penalty * changes.len() as f64;
        Segmentation { changes, cost: cost.max(0.0) }
    }

    /// First observation of the last segment of the best segmentation so far; 0 if there is no change.
    pub fn last_start(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    /// Level of the last segment of the best segmentation so far (mean of its inliers); `NaN` without observations.
    pub fn last_level(&self) -> f64 {
        self.level
    }

    /// The changes of the best segmentation of all observations so far.
    pub fn changes(&self) -> Vec<usize> {
        let mut changes = Vec::new();
        let mut end = self.starts.len();
        while end > 0 {
            end = self.starts[end - 1];
            if end > 0 {
                changes.push(end);
            }
        }
        changes.reverse();
        changes
    }
}

/// The best segmentation of `values` (finite, unit standard deviation), every index a candidate.
pub fn segment(values: &[f64], loss: Loss, penalty: f64) -> Segmentation {
    let mut search = Fpop::new(loss, penalty);
    search.starts.reserve(values.len());
    values.iter().for_each(|y| search.push(*y));
    search.segmentation()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Lowest cost of `y` as one segment: the level is the mean of the inliers, which lie within 2k of each other, so
    /// some contiguous run of the sorted values has that mean. Every run gives a level that is possible.
    fn segment_cost(y: &[f64], loss: Loss) -> f64 {
        let mut sorted = y.to_vec();
        sorted.sort_by(f64::total_cmp);
        let mut best = f64::INFINITY;
        for from in 0..sorted.len() {
            for to in from + 1..=sorted.len() {
                let mean = sorted[from..to].iter().sum::<f64>() / (to - from) as f64;
                best = best.min(y.iter().map(|v| loss.of(v - mean)).sum());
            }
        }
        best
    }

    /// Optimal partitioning without any pruning.
    fn dynamic_programming(y: &[f64], loss: Loss, penalty: f64) -> f64 {
        let mut best = vec![-penalty];
        for end in 1..=y.len() {
            let costs = (0..end).map(|start| best[start] + penalty + segment_cost(&y[start..end], loss));
            best.push(costs.fold(f64::INFINITY, f64::min));
        }
        best[y.len()]
    }

    fn cost_of(y: &[f64], changes: &[usize], loss: Loss) -> f64 {
        crate::detect::changepoint::segments(y.len(), changes).into_iter().map(|s| segment_cost(&y[s], loss)).sum()
    }

    fn series() -> impl Strategy<Value = Vec<f64>> {
        let any = prop::collection::vec(-6.0..6.0f64, 1..14);
        let ties = prop::collection::vec((-3i32..4).prop_map(f64::from), 1..14);
        let steps = prop::collection::vec((0usize..3, 0.0..1.0f64), 1..14)
            .prop_map(|v| v.into_iter().map(|(level, e)| 5.0 * level as f64 + e).collect());
        prop_oneof![any, ties, steps]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn the_search_finds_what_dynamic_programming_finds(
            y in series(), penalty in 0.1..15.0f64, k in prop_oneof![Just(f64::INFINITY), 0.5..4.0f64],
        ) {
            let loss = if k.is_finite() { Loss::Biweight { k } } else { Loss::Squared };
            let found = segment(&y, loss, penalty);
            let total = found.cost + penalty * found.changes.len() as f64;
            prop_assert!((total - dynamic_programming(&y, loss, penalty)).abs() < 1e-8);
            prop_assert!((cost_of(&y, &found.changes, loss) - found.cost).abs() < 1e-8);
        }

        #[test]
        fn what_is_known_after_t_observations_does_not_depend_on_later_ones(y in series(), penalty in 0.1..9.0f64) {
            let mut search = Fpop::new(Loss::ROBUST, penalty);
            for t in 0..y.len() {
                search.push(y[t]);
                let mut again = Fpop::new(Loss::ROBUST, penalty);
                y[..=t].iter().for_each(|v| again.push(*v));
                prop_assert_eq!(search.changes(), again.changes());
            }
        }
    }

    #[test]
    fn a_spike_buys_a_segment_under_the_squared_loss_only() {
        let mut y = vec![0.0; 40];
        y[20] = 100.0;
        assert_eq!(segment(&y, Loss::Squared, 20.0).changes, [20, 21]);
        assert_eq!(segment(&y, Loss::ROBUST, 20.0).changes, [] as [usize; 0]);
    }

    #[test]
    fn nothing_in_nothing_out() {
        assert_eq!(segment(&[], Loss::ROBUST, 1.0), Segmentation::default());
        assert_eq!(segment(&[4.0; 9], Loss::Squared, 1.0), Segmentation::default());
    }
}
