//! Random numbers: every stream comes from a seed and a purpose, never from a clock.

use crate::stats::kept::Kept;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use std::sync::Arc;

/// A generator whose numbers depend on `seed` and `stream` alone, on every machine. Give each purpose (each series,
/// each event) its own stream, so that adding one does not move the others.
///
/// ```
/// use floodmark::stats::resample::generator;
/// use rand::RngExt;
/// assert_eq!(generator(1, 2).random::<u64>(), generator(1, 2).random::<u64>());
/// assert_ne!(generator(1, 2).random::<u64>(), generator(1, 3).random::<u64>());
/// ```
pub fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// So many sets are kept: those of the windows of one panel.
static KEPT: Kept<(u64, u64, usize), Vec<f64>> = Kept::new(8);

/// The first `count` standard Normal numbers of a stream, which many regressions use: drawn once, kept for the next one.
/// As with [`generator`], they depend on the arguments alone.
pub fn normals(seed: u64, stream: u64, count: usize) -> Arc<Vec<f64>> {
    KEPT.get((seed, stream, count), || StandardNormal.sample_iter(&mut generator(seed, stream)).take(count).collect())
}
