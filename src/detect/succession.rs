//! Two surges in a row. The walk holds an episode open until calm has returned; where the series rises anew before
//! that, a change point within the episode says so, and the episode becomes two (method.md section 4).

use crate::alert::ChangePoint;
use crate::detect::surge::{Episode, Walk, note_peak};

/// A break divides an episode if it is this improbable: chance may not make two surges of one.
const DIVIDES_P: f64 = 0.01;

/// The episodes of `walk`, divided at the `breaks` (levels on the working scale) within them that lead further in the
/// direction of the episode. Both parts are longer than `near` periods: a surge that takes days to reach its height is one.
pub fn divide(walk: &Walk, breaks: &[ChangePoint], near: usize) -> Vec<Episode> {
    let mut parts = Vec::with_capacity(walk.episodes.len());
    for episode in &walk.episodes {
        let mut rest = episode.clone();
        for found in breaks.iter().filter(|b| (b.after - b.before) * episode.sign > 0.0 && b.p_value <= DIVIDES_P) {
            if found.low > rest.onset + near && found.index + near <= rest.end {
                let (first, second) = cut(walk, &rest, found);
                parts.push(first);
                rest = second;
            }
        }
        parts.push(rest);
    }
    parts
}

fn cut(walk: &Walk, episode: &Episode, found: &ChangePoint) -> (Episode, Episode) {
    let mut first = Episode { end: found.index - 1, open: false, level_shift: false, ..episode.clone() };
    let mut second = Episode { onset: found.index, first_seen: found.index, ..episode.clone() };
    // A level shift is that of the part that makes up most of it.
    first.level_shift = episode.level_shift && first.end - first.onset > second.end - second.onset;
    second.level_shift = episode.level_shift && !first.level_shift;
    first.detected = episode.detected.min(first.end);
    second.detected = found.high.clamp(second.onset, second.end);
    for part in [&mut first, &mut second] {
        let stretch = part.onset..=part.end;
        let seen = |t: &usize| walk.sign[*t] == part.sign && !walk.p[*t].is_nan();
        part.p = stretch.clone().filter(seen).map(|t| walk.p[t]).fold(1.0, f64::min);
        part.peak_z = f64::NEG_INFINITY;
        stretch.for_each(|t| note_peak(part, t, walk.z[t]));
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

    fn rise(p_value: f64, low: usize) -> ChangePoint {
        ChangePoint { index: 132, low, high: 133, before: 7.7, after: 8.6, p_value }
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
        let fall = ChangePoint { after: 7.0, ..rise(1e-6, 131) };
        for found in [fall, rise(0.2, 131), rise(1e-6, walk.episodes[0].onset + 1)] {
            assert_eq!(divide(&walk, &[found], 3), walk.episodes);
        }
    }
}
