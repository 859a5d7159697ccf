//! Conformal inference for an effect on the last periods of a series, and the calibration of its level.

use crate::stats::autoregression::autoregression;
use crate::stats::lanes::{dot, widely};
use crate::stats::resample::normals;
use crate::stats::robust::{quantile_of_sorted, sort};
use std::sync::OnceLock;

/// Conformal inference over moving blocks, the model refitted under every null (Chernozhukov, Wüthrich & Zhu 2021,
/// JASA 116). The fit is linear in the treated series, so under the null of an effect θ the residuals are u − θe and
/// the statistic of the block that starts at j is |A(j) − θ B(j)|: the p-value falls as θ leaves its estimate, and
/// the interval has a closed form.
pub(super) struct Conformal {
    /// Estimate of the effect.
    pub(super) theta: f64,
    /// Sums of u and of e over the blocks, the window's own first.
    a: Vec<f64>,
    b: Vec<f64>,
}

impl Conformal {
    pub(super) fn of(residual: &[f64], effect: &[f64], before: usize) -> Option<Conformal> {
        let (a, b) = (block_sums(residual, before), block_sums(effect, before));
        (b[0] > 1e-9).then(|| Conformal { theta: a[0] / b[0], a, b })
    }

    /// p-value of no effect.
    pub(super) fn p_value(&self) -> f64 {
        conformal_p_value(&self.a)
    }

    /// How far below and above the estimate an effect is not refused at `alpha`; `NaN` where no distance is.
    pub(super) fn reach(&self, alpha: f64) -> (f64, f64) {
        let refused = (alpha * self.a.len() as f64 + 1e-9).floor() as usize;
        let pick = |mut ends: Vec<f64>| {
            // The window itself is never refused and counts as the first.
            let Some(rank) = refused.checked_sub(1).filter(|rank| *rank < ends.len()) else { return f64::NAN };
            *ends.select_nth_unstable_by(rank, |a, b| b.total_cmp(a)).1
        };
        (pick(self.ends(-1.0)), pick(self.ends(1.0)))
    }

    /// The same of a window chosen as the largest of so many `rivals`, at `alpha` and for a test that must be made at
    /// `level` to have that size: its noise is the largest of theirs. It hardly ever lies far below nothing then, and
    /// what the upper end does not miss the lower one may. The few largest blocks do not show how large the largest of
    /// many is: beyond the outer tenth the tail is exponential.
    pub(super) fn reach_of_largest(&self, rivals: usize, alpha: f64, level: f64) -> (f64, f64) {
        let (below, above) = self.reach(level);
        if rivals < 2 || below.is_nan() {
            return (below, above);
        }
        let missed = alpha - (alpha / 2.0).powi(rivals.min(99) as i32);
        let each = 2.0 * (1.0 - (1.0 - missed).powf(1.0 / rivals as f64)) * level / alpha;
        (below.max(tail_quantile(self.ends(-1.0), each)), above)
    }

    /// Where each block ends to refuse effects above (`side` +1) or below (−1) the estimate.
    fn ends(&self, side: f64) -> Vec<f64> {
        let blocks = self.a.iter().zip(&self.b).skip(1);
        let end = |(a, b): (&f64, &f64)| {
            let rest = side * (a - self.theta * b);
            // |rest − δb| ≥ δB ends at one of two places, for δ to either side.
            let (with, against) = (self.b[0] + b, self.b[0] - b);
            if rest >= 0.0 { rest / with.max(1e-12) } else { -rest / against.max(1e-12) }
        };
        blocks.map(end).collect()
    }
}

/// What a share `p` of such values lies beyond, by an exponential tail from the outer tenth on.
fn tail_quantile(mut values: Vec<f64>, p: f64) -> f64 {
    sort(&mut values);
    let outer = (values.len() / 10).max(1).min(values.len() - 1);
    let (inner, tail) = values.split_at(values.len() - outer);
    let (threshold, share) = (inner[inner.len() - 1], outer as f64 / values.len() as f64);
    if p >= share {
        return quantile_of_sorted(&values, 1.0 - p);
    }
    let excess = tail.iter().map(|v| v - threshold).sum::<f64>() / outer as f64;
    threshold + excess * (share / p).ln()
}

/// Memories of noise at which the conformal p-value is looked at; in between, straight lines.
const MEMORIES: [f64; 8] = [0.0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9];

/// What the conformal p-value does under autoregressive noise: blocks are few and dependent, so it is too small
/// somewhat too often. Its own distribution puts that right (prepivoting, Beran 1988, JASA 83). The noise depends on
/// the regression alone, not on the series treated, so that many series share it.
#[derive(Debug, Default)]
pub(super) struct Calibration {
    seed: u64,
    draws: usize,
    courses: [OnceLock<Course>; MEMORIES.len()],
}

/// Noise of one memory.
#[derive(Debug)]
struct Course {
    /// Memory that residuals of the regression show of it: the fit takes some away.
    shown: f64,
    /// Conformal p-values, sorted.
    p: Vec<f64>,
}

impl Calibration {
    /// With at most 199 simulated courses a memory.
    pub(super) fn new(seed: u64, draws: usize) -> Calibration {
        Calibration { seed, draws: draws.min(199), ..Calibration::default() }
    }

    /// For residuals that show the memory `seen`, once the effect is out; `refit` is what the regression leaves of a series
    /// of `n` rows. Which memory shows as much as they do is found by looking it up (indirect inference:
    /// Gouriéroux, Renault & Touzi 2000).
    pub(super) fn of(&self, seen: f64, n: usize, before: usize, refit: impl Fn(&mut [f64])) -> Calibrated<'_> {
        let course = |k: usize| self.courses[k].get_or_init(|| self.draw(MEMORIES[k], n, before, &refit));
        let shows = |k: usize| seen <= course(k).shown;
        // The first that shows as much lies where the noise itself has that memory, or one further: draws are dear.
        let mut k = MEMORIES.partition_point(|memory| *memory < seen).min(MEMORIES.len() - 1);
        while k > 0 && shows(k - 1) {
            k -= 1;
        }
        while k < MEMORIES.len() && !shows(k) {
            k += 1;
        }
        let (below, above) = (course(k.saturating_sub(1)), course(k.min(MEMORIES.len() - 1)));
        let between = (1..MEMORIES.len()).contains(&k);
        let part = if between { (seen - below.shown) / (above.shown - below.shown) } else { 0.0 };
        Calibrated { below, above, part }
    }

    fn draw(&self, phi: f64, n: usize, before: usize, refit: impl Fn(&mut [f64])) -> Course {
        // The same random numbers for every memory: what is found changes with it smoothly.
        let luck = normals(self.seed, 0xC0F0, self.draws * (n + 1));
        let mut shown = 0.0;
        let (mut noise, mut sums) = (vec![0.0; n], Vec::with_capacity(n));
        let mut p: Vec<f64> = luck
            .chunks_exact(n + 1)
            .map(|luck| {
                noise_of(phi, luck, &mut noise);
                refit(&mut noise);
                shown += memory(&noise) / self.draws as f64;
                block_sums_into(&noise, before, &mut sums);
                conformal_p_value(&sums)
            })
            .collect();
        sort(&mut p);
        Course { shown, p }
    }
}

/// A calibration for the memory of one series.
pub(super) struct Calibrated<'a> {
    below: &'a Course,
    above: &'a Course,
    part: f64,
}

impl Calibrated<'_> {
    fn between(&self, of: impl Fn(&Course) -> f64) -> f64 {
        let below = of(self.below);
        if self.part == 0.0 { below } else { below + self.part * (of(self.above) - below) }
    }

    /// The level at which the conformal test must be made to have size `alpha`; never above `alpha`.
    pub(super) fn level(&self, alpha: f64) -> f64 {
        self.between(|course| {
            let rank = (alpha * (course.p.len() + 1) as f64).floor() as usize;
            // A p-value equal to the one at that rank would be refused too often.
            course.p.get(rank).map_or(alpha, |p| alpha.min(*p - 1e-9).max(0.0))
        })
    }

    /// How often noise alone gives a conformal p-value this small; never below the conformal p-value itself.
    pub(super) fn p_value(&self, conformal: f64) -> f64 {
        let reached =
            |course: &Course| (1 + course.p.partition_point(|p| *p <= conformal)) as f64 / (1 + course.p.len()) as f64;
        self.between(reached).max(conformal)
    }
}

/// Correlation of neighbouring values.
pub(super) fn memory(values: &[f64]) -> f64 {
    let (square, cross) = widely(
        #[inline(always)]
        || (dot(values, values), dot(values, values.get(1..).unwrap_or_default())),
    );
    if square > 0.0 { cross / square } else { 0.0 }
}

/// Normal noise in which neighbours are correlated by `phi`, from standard Normal numbers, one more than there is noise.
fn noise_of(phi: f64, luck: &[f64], noise: &mut [f64]) {
    autoregression(phi, luck[0] / (1.0 - phi * phi).sqrt(), luck[1..].iter().copied(), noise);
}

/// Share of the blocks whose sum is at least as large as that of the window, the first.
fn conformal_p_value(sums: &[f64]) -> f64 {
    let observed = sums[0].abs() * (1.0 - 1e-12);
    sums.iter().filter(|a| a.abs() >= observed).count() as f64 / sums.len() as f64
}

/// Sums over all blocks as long as the window, around the circle of rows, the window's own first.
fn block_sums(values: &[f64], before: usize) -> Vec<f64> {
    let mut sums = Vec::with_capacity(values.len());
    block_sums_into(values, before, &mut sums);
    sums
}

fn block_sums_into(values: &[f64], before: usize, sums: &mut Vec<f64>) {
    let n = values.len();
    let length = n - before;
    let mut sum: f64 = values[before..].iter().sum();
    sums.clear();
    // The period that leaves the block, and the one that enters it.
    let (mut first, mut next) = (before, (before + length) % n);
    for _ in 0..n {
        sums.push(sum);
        sum += values[next] - values[first];
        first = if first + 1 == n { 0 } else { first + 1 };
        next = if next + 1 == n { 0 } else { next + 1 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::robust::mean;

    #[test]
    fn the_closed_form_of_the_interval_is_that_of_a_search_over_effects() {
        for (n, before, alpha) in [(60, 50, 0.1), (84, 56, 0.1), (40, 39, 0.2)] {
            let mut noise = vec![0.0; n];
            noise_of(0.4, &normals(3, 0, n + 1), &mut noise);
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

    /// The lines of tests/reference/statistics.txt (made by statistics.R) about `what`: arguments, input, values.
    fn by_r(what: &str) -> Vec<[Vec<f64>; 3]> {
        let lines = include_str!("../../tests/reference/statistics.txt").lines();
        let numbers = |text: &str| text.split_whitespace().map(|v| v.parse().unwrap()).collect::<Vec<f64>>();
        let parts = lines.map(|line| line.split('\t').collect::<Vec<_>>()).filter(|parts| parts[0] == what);
        parts.map(|parts| [1, 2, 3].map(|i| numbers(parts[i]))).collect()
    }

    #[test]
    fn p_values_are_those_of_explicit_rotation_in_r() {
        let cases = by_r("conformal");
        assert_eq!(cases.len(), 2);
        for [before, residuals, p] in cases {
            let ours = conformal_p_value(&block_sums(&residuals, before[0] as usize));
            assert!((ours - p[0]).abs() < 1e-12, "{ours} {}", p[0]);
        }
    }

    #[test]
    fn block_sums_go_around_the_circle_and_begin_with_the_window() {
        assert_eq!(block_sums(&[1.0, 2.0, 4.0, 8.0], 2), [12.0, 9.0, 3.0, 6.0]);
    }
}
