//! Two surges in a row. The walk holds an episode open until calm has returned; where the series rises anew before
//! that, a change point within the episode says so, and the episode becomes two (method.md section 4).

use crate::detect::surge::{Episode, Walk};

/// A break of the series, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Break {
    /// First period of the new level.
    pub index: usize,
    /// Earliest and latest plausible first period.
    pub low: usize,
    /// See `low`.
    pub high: usize,
    /// +1 a rise, −1 a fall.
    pub sign: f64,
    /// p-value of the break.
    pub p: f64,
}

/// A break divides an episode if it is this improbable: chance may not make two surges of one.
const DIVIDES_P: f64 = 0.01;

/// The episodes of `walk`, divided at the breaks within them that lead further in the direction of the episode. Both
/// parts are longer than `near` periods: a surge that takes days to reach its height is one.
pub fn divide(walk: &Walk, breaks: &[Break], near: usize) -> Vec<Episode> {
    let mut parts = Vec::with_capacity(walk.episodes.len());
    for episode in &walk.episodes {
        let mut rest = episode.clone();
        for found in breaks.iter().filter(|b| b.sign == episode.sign && b.p <= DIVIDES_P) {
            let within = found.low > rest.onset + near && found.index + near <= rest.end;
            if within && found.index > rest.onset + near {
                let (first, second) = cut(walk, &rest, found);
                parts.push(first);
                rest = second;
            }
        }
        parts.push(rest);
    }
    parts
}

fn cut(walk: &Walk, episode: &Episode, found: &Break) -> (Episode, Episode) {
    let mut first = Episode { end: found.index - 1, open: false, level_shift: false, ..episode.clone() };
    let mut second = Episode { onset: found.index, first_seen: found.index, ..episode.clone() };
    first.detected = episode.detected.min(first.end);
    second.detected = found.high.clamp(second.onset, second.end);
    for part in [&mut first, &mut second] {
        let stretch = part.onset..=part.end;
        let seen = |t: &usize| walk.sign[*t] == part.sign && !walk.p[*t].is_nan();
        part.p = stretch.clone().filter(seen).map(|t| walk.p[t]).fold(1.0, f64::min);
        let raised = |t: &usize| walk.z[*t] * part.sign;
        let known = stretch.filter(|t| !walk.z[*t].is_nan());
        if let Some(peak) = known.max_by(|a, b| raised(a).total_cmp(&raised(b))) {
            (part.peak, part.peak_z) = (peak, raised(&peak));
        }
    }
    (first, second)
}
