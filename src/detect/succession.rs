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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::surge::{self, Settings};
    use crate::stats::scale::Scale;
    use crate::time::Step;

    /// Doubled for twelve days, then, without a calm day between, five times as much for twelve more.
    fn walked() -> Walk {
        let noise = |t: usize| ((t * 7919 % 101) as f64 / 101.0 - 0.5) * 0.2;
        let lift = |t: usize| match t {
            120..132 => 2f64.ln(),
            132..144 => 5f64.ln(),
            _ => 0.0,
        };
        let x: Vec<f64> = (0..200).map(|t| 7.0 + noise(t) + lift(t)).collect();
        surge::walk(&x, &Settings::for_step(Step::DAY, 56.0, 7.0, Scale::COUNT))
    }

    fn rise(p: f64, low: usize) -> Break {
        Break { index: 132, low, high: 133, sign: 1.0, p }
    }

    #[test]
    fn a_rise_within_a_surge_makes_two_of_it() {
        let walk = walked();
        assert_eq!(walk.episodes.len(), 1);
        let parts = divide(&walk, &[rise(1e-6, 131)], 3);
        let stretches: Vec<_> = parts.iter().map(|e| (e.onset, e.end)).collect();
        assert_eq!(stretches, [(walk.episodes[0].onset, 131), (132, walk.episodes[0].end)]);
        assert!(parts[1].peak_z > parts[0].peak_z && parts[0].p < 1e-3 && parts[1].p < 1e-3);
        assert!(parts[1].detected >= parts[1].onset && !parts[0].open);
    }

    #[test]
    fn a_fall_a_doubtful_break_or_one_near_the_onset_divides_nothing() {
        let walk = walked();
        let fall = Break { sign: -1.0, ..rise(1e-6, 131) };
        for found in [fall, rise(0.2, 131), rise(1e-6, walk.episodes[0].onset + 1)] {
            assert_eq!(divide(&walk, &[found], 3), walk.episodes);
        }
    }
}
