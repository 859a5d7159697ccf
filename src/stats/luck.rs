//! The random numbers that courses of noise are made of. All lifts use the same ones ("common random numbers"): two lifts
//! then differ by what was observed, not by luck, and the numbers are drawn once.

use crate::stats::kept::Kept;
use crate::stats::resample::generator;
use crate::stats::tail::normal_quantile;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use std::sync::{Arc, LazyLock};

/// Quantiles that a rank may stand for.
pub const RANKS: usize = 1024;
/// Purpose of the first course's numbers; the others follow it.
const STREAM: u64 = 0x11F7_0000;
/// Lengths are rounded up to a multiple of this, so that courses of almost the same length share their numbers.
const ROUND: usize = 256;
/// The numbers of several courses.
#[derive(Debug)]
pub struct Luck {
    length: usize,
    /// Standard Normal numbers for the parameters of each course.
    parameters: Vec<[f64; 3]>,
    ranks: Vec<u16>,
}

/// The numbers of one course.
#[derive(Clone, Copy, Debug)]
pub struct Draw<'a> {
    /// Standard Normal numbers: for the memory of the noise, for its size, for the drift of the level.
    pub parameters: [f64; 3],
    /// One rank (below [`RANKS`]) a period and as many more as the course needs before it begins.
    pub ranks: &'a [u16],
}

/// So many sets are kept: those of the panel at hand, by seed, draws and length.
static KEPT: Kept<(u64, usize, usize), Luck> = Kept::new(4);

static NORMAL: LazyLock<Vec<f64>> =
    LazyLock::new(|| (0..RANKS).map(|rank| normal_quantile((rank as f64 + 0.5) / RANKS as f64)).collect());

/// The standard Normal number that a rank stands for.
pub fn normal(rank: u16) -> f64 {
    NORMAL[usize::from(rank)]
}

impl Luck {
    /// The numbers of `draws` courses of at least `length` periods. Those of a course depend on `seed`, its number and the
    /// place in it alone.
    pub fn of(seed: u64, draws: usize, length: usize) -> Arc<Luck> {
        let length = length.next_multiple_of(ROUND);
        KEPT.get((seed, draws, length), || Luck::draw(seed, draws, length))
    }

    fn draw(seed: u64, draws: usize, length: usize) -> Luck {
        let mut luck = Luck { length, parameters: Vec::new(), ranks: Vec::with_capacity(draws * length) };
        for draw in 0..draws {
            let mut rng = generator(seed, STREAM + draw as u64);
            luck.parameters.push([(); 3].map(|()| StandardNormal.sample(&mut rng)));
            luck.ranks.extend((0..length).map(|_| rng.random_range(0..RANKS as u16)));
        }
        luck
    }

    /// The numbers of every course.
    pub fn draws(&self) -> impl Iterator<Item = Draw<'_>> {
        let ranks = self.ranks.chunks_exact(self.length.max(1));
        self.parameters.iter().zip(ranks).map(|(parameters, ranks)| Draw { parameters: *parameters, ranks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_course_begins_like_a_shorter_one() {
        let (short, long) = (Luck::of(1, 3, 10), Luck::of(1, 5, 1000));
        for (a, b) in short.draws().zip(long.draws()) {
            assert_eq!(a.parameters, b.parameters);
            assert!(a.ranks.len() >= 10 && b.ranks.starts_with(a.ranks));
        }
        assert_eq!(long.draws().count(), 5);
    }
}
