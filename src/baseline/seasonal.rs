//! Season of a window: what each weekday (or hour of day and of week) adds to the level.
//!
//! Robust (medians by phase, after the level of each cycle has been taken out, so that neither a spike nor a change
//! of level bends it) and shrunk towards none by its own sampling error, so that a weak or absent season costs
//! nothing: the positive-part James–Stein rule (Efron & Morris 1973, eq. 1.4) on the phase medians.

use crate::stats::plain::plain;
use crate::stats::robust::{mad_sd_with, median_with};

/// π/2: variance of a median relative to that of a mean, for Normal noise.
const MEDIAN_VARIANCE: f64 = std::f64::consts::FRAC_PI_2;

/// The fewest cycles from which a season is learnt.
pub const MIN_CYCLES: usize = 3;

/// Additive seasonal effects on the working scale: one slice of effects for each period, the shorter first. The
/// effect of the longer season is what remains after the shorter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Season {
    effects: Vec<Vec<f64>>,
}

plain!(Season { effects });

impl Season {
    /// No season.
    pub fn none() -> Season {
        Season::default()
    }

    /// Learns the season from `window`, whose first value has the absolute index `first` (phases are counted from
    /// index 0 of the series). `periods` are in samples, the shorter first; a period with fewer than
    /// [`MIN_CYCLES`] cycles in the window is left out. `NaN` values are left out.
    pub fn learn(window: &[f64], first: usize, periods: &[usize]) -> Season {
        let mut rest = window.to_vec();
        let mut effects = Vec::with_capacity(periods.len());
        for &period in periods {
            if period < 2 || window.len() < MIN_CYCLES * period {
                break;
            }
            let effect = phase_effects(&rest, first, period);
            take_out(&effect, &mut rest, first);
            effects.push(effect);
        }
        Season { effects }
    }

    /// Takes the season out of `values`, whose first one has the absolute index `first`.
    pub fn take_out(&self, values: &mut [f64], first: usize) {
        self.effects.iter().for_each(|effect| take_out(effect, values, first));
    }

    /// What the season adds at absolute index `index`.
    pub fn at(&self, index: usize) -> f64 {
        self.effects.iter().map(|effect| effect[index % effect.len()]).sum()
    }

    /// Whether any effect differs from zero.
    pub fn is_none(&self) -> bool {
        self.effects.iter().flatten().all(|effect| *effect == 0.0)
    }
}

/// Takes the effects of one period out of `values`, the first of which has the absolute index `first`.
fn take_out(effects: &[f64], values: &mut [f64], first: usize) {
    let phase = first % effects.len();
    let (head, rest) = values.split_at_mut((effects.len() - phase).min(values.len()));
    head.iter_mut().zip(&effects[phase..]).for_each(|(value, effect)| *value -= effect);
    for cycle in rest.chunks_mut(effects.len()) {
        cycle.iter_mut().zip(effects).for_each(|(value, effect)| *value -= effect);
    }
}

/// Effects of one period: median by phase of the deviations from the level of the cycle, centred, shrunk.
fn phase_effects(values: &[f64], first: usize, period: usize) -> Vec<f64> {
    let mut scratch = Vec::with_capacity(values.len());
    let mut deviations = deviations_from_cycle_level(values, period, &mut scratch);
    let (mut effects, counts): (Vec<f64>, Vec<usize>) =
        medians_by_phase(&deviations, first, period, &mut scratch).into_iter().unzip();
    let known = counts.iter().filter(|count| **count > 0).count();
    let sampling_variance: f64 = counts.iter().filter(|n| **n > 0).map(|n| MEDIAN_VARIANCE / *n as f64).sum();
    take_out(&effects, &mut deviations, first);
    let noise = mad_sd_with(deviations, 0.0, &mut scratch);
    if known < 2 || !noise.is_finite() {
        return vec![0.0; period];
    }
    let center = effects.iter().sum::<f64>() / period as f64;
    effects.iter_mut().for_each(|effect| *effect -= center);
    let strength = effects.iter().map(|effect| effect * effect).sum::<f64>();
    let error = noise * noise * sampling_variance;
    let keep = if strength > 0.0 { (1.0 - error / strength).max(0.0) } else { 0.0 };
    effects.iter_mut().for_each(|effect| *effect *= keep);
    effects
}

/// Each value minus the median of the cycle it lies in; cycles are counted back from the end of the window, a short
/// rest at the beginning belongs to the first full one. A cycle less than half observed has no level of its own.
fn deviations_from_cycle_level(values: &[f64], period: usize, scratch: &mut Vec<f64>) -> Vec<f64> {
    let mut deviations = vec![f64::NAN; values.len()];
    let mut end = values.len();
    while end >= period {
        let start = if end < 2 * period { 0 } else { end - period };
        let level = median_with(values[end - period..end].iter().copied(), scratch);
        if 2 * scratch.len() >= period {
            let cycle = deviations[start..end].iter_mut().zip(&values[start..end]);
            cycle.for_each(|(deviation, value)| *deviation = value - level);
        }
        end = start;
    }
    deviations
}

/// Median and number of values of each phase.
fn medians_by_phase(values: &[f64], first: usize, period: usize, scratch: &mut Vec<f64>) -> Vec<(f64, usize)> {
    (0..period)
        .map(|phase| {
            let skip = (phase + period - first % period) % period;
            let of_phase = values[skip.min(values.len())..].chunks(period).map(|cycle| cycle[0]);
            let median = median_with(of_phase, scratch);
            (if scratch.is_empty() { 0.0 } else { median }, scratch.len())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weekly_season_is_found_through_spikes_a_shift_and_gaps() {
        let truth = [0.3, 0.1, 0.0, 0.0, 0.1, -0.2, -0.3];
        let mut x: Vec<f64> = (0..70).map(|i| truth[i % 7] + if i >= 40 { 1.0 } else { 0.0 }).collect();
        x[10] += 5.0;
        x[31] = f64::NAN;
        let season = Season::learn(&x[3..], 3, &[7]);
        for (i, effect) in truth.iter().enumerate() {
            assert!((season.at(700 + i) - effect).abs() < 0.02, "phase {i}: {}", season.at(700 + i));
        }
    }

    #[test]
    fn noise_without_a_season_gives_almost_none() {
        // A fixed sequence without period 7: the fractional parts of multiples of the golden ratio.
        let x: Vec<f64> = (0..56).map(|i| (i as f64 * 0.618_033_988_749).fract()).collect();
        let season = Season::learn(&x, 0, &[7]);
        assert!((0..7).all(|i| season.at(i).abs() < 0.15));
    }

    #[test]
    fn a_season_needs_three_cycles() {
        assert!(Season::learn(&[1.0; 20], 0, &[7]).is_none());
        assert!(Season::learn(&[], 0, &[7]).is_none());
        assert!(Season::learn(&[f64::NAN; 70], 0, &[7]).is_none());
    }
}
