//! A season of a baseline: one effect a phase, fitted robustly and shrunk by how little it stands out of the noise.

use crate::measure::expected::{HUBER, location_and_spread};
use crate::stats::elementary::exp_each;
use crate::stats::robust::median_with;

/// Effect of each phase of the absolute index.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Season {
    /// On the working scale (logarithms).
    effects: Vec<f64>,
    /// Their exponentials.
    factors: Vec<f64>,
}

/// A phase in a fit: how many values it has, the sum of what they, clipped, are off, and how far its effect has moved.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Phase {
    pub(super) count: f64,
    pub(super) sum: f64,
    pub(super) moved: f64,
}

impl Season {
    /// Number of phases.
    pub(super) fn len(&self) -> usize {
        self.effects.len()
    }

    pub(super) fn factor(&self, index: usize) -> f64 {
        self.factors[index % self.factors.len()]
    }

    /// The effects of another: they have been taken out already.
    pub(super) fn start_from(&mut self, known: &Season) {
        self.effects.clone_from(&known.effects);
    }

    /// The season of `residuals`, which begin at `start`, is learnt and taken out of them: phase medians, one Huber step
    /// from there. Gives the number of parameters it is worth.
    pub(super) fn learn(
        &mut self,
        length: usize,
        residuals: &mut [f64],
        start: usize,
        floor: f64,
        scratch: &mut Vec<f64>,
        phases: &mut Vec<Phase>,
    ) -> f64 {
        self.effects.resize(length, 0.0);
        for (phase, effect) in self.effects.iter_mut().enumerate() {
            let first = (phase + length - start % length) % length;
            let median = median_with(residuals.iter().skip(first).step_by(length).copied(), scratch);
            *effect = if median.is_nan() { 0.0 } else { median };
        }
        residuals.iter_mut().zip(phases_from(start, length)).for_each(|(r, phase)| *r -= self.effects[phase]);
        let limit = HUBER * location_and_spread(residuals, floor, scratch).1;
        self.step(residuals, start, limit, phases)
    }

    /// One Huber step from the effects at hand, which have been taken out of `residuals`. Gives the number of parameters
    /// they are worth.
    fn step(&mut self, residuals: &mut [f64], start: usize, limit: f64, phases: &mut Vec<Phase>) -> f64 {
        let length = self.effects.len();
        phases.clear();
        phases.resize(length, Phase::default());
        let mut within = 0.0;
        for (r, phase) in residuals.iter().zip(phases_from(start, length)).filter(|(r, _)| !r.is_nan()) {
            let clipped = r.clamp(-limit, limit);
            phases[phase].count += 1.0;
            phases[phase].sum += clipped;
            within += clipped * clipped;
        }
        let spent = self.settle(phases, within);
        for (r, phase) in residuals.iter_mut().zip(phases_from(start, length)) {
            *r -= phases[phase].moved;
        }
        spent
    }

    /// Moves every effect by the mean of what its phase is off, and shrinks them all together (positive-part James & Stein);
    /// `within` is the sum of squares of what the values, clipped, are off. Tells each phase how far its effect has
    /// moved, and gives the number of parameters that the effects are worth.
    pub(super) fn settle(&mut self, phases: &mut [Phase], within: f64) -> f64 {
        let n: f64 = phases.iter().map(|phase| phase.count).sum();
        let seen = phases.iter().filter(|phase| phase.count > 0.0).count() as f64;
        for (effect, phase) in self.effects.iter_mut().zip(&mut *phases) {
            phase.moved = -*effect;
            *effect += if phase.count > 0.0 { phase.sum / phase.count } else { 0.0 };
        }
        let counted = || self.effects.iter().zip(&*phases).map(|(effect, phase)| (*effect, phase.count));
        let center = counted().map(|(effect, count)| effect * count).sum::<f64>() / n.max(1.0);
        let between: f64 = counted().map(|(effect, count)| count * (effect - center).powi(2)).sum();
        let noise = within / (n - seen).max(1.0);
        let kept = if seen < 4.0 || between <= 0.0 { 1.0 } else { (1.0 - (seen - 3.0) * noise / between).max(0.0) };
        for (effect, phase) in self.effects.iter_mut().zip(phases) {
            *effect = if phase.count > 0.0 { kept * (*effect - center) } else { 0.0 };
            phase.moved += *effect;
        }
        self.factors.clone_from(&self.effects);
        exp_each(&mut self.factors);
        kept * (seen - 1.0).max(0.0)
    }
}

/// The phase of each period from `start` on.
pub(super) fn phases_from(start: usize, length: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(start % length), move |phase| Some(if phase + 1 == length { 0 } else { phase + 1 }))
}
