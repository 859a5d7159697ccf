//! How heavy the tails of a series are: what its past says of the degrees of freedom of Student's t, as a posterior
//! over a few of them. A tail probability is the mean over that posterior, so that a short past, or one with a few
//! wild days in it, is judged with heavy tails and a long calm one is not (Geweke 1993, J. Applied Econometrics 8:
//! Student-t errors of unknown degrees of freedom).

use crate::stats::elementary::{exp_each, ln_each};
use crate::stats::plain::plain;
use crate::stats::tail::student_sf;

const N: usize = 6;
/// Degrees of freedom considered.
const FREEDOM: [f64; N] = [2.0, 3.0, 4.5, 7.0, 12.0, 40.0];
/// ln Γ((ν+1)/2) − ln Γ(ν/2) − ½ ln(νπ): the density of Student's t at 0.
const DENSITY: [f64; N] = [-1.039_721, -1.000_889, -0.974_061, -0.954_534, -0.939_748, -0.925_188];
/// Beyond so many spreads it does not matter how far out a residual lies: the body says what the tail is like, and one
/// wild day is no reason to expect the next (`docs/methods/surge.md`).
const BODY: f64 = 3.0;

/// How the residuals are scaled, and what is expected of their tails.
#[derive(Debug)]
struct Scaling {
    /// Variance of Student's t, Winsorised as the spread is and corrected as for Normal noise.
    unit: [f64; N],
    /// Logarithm of the chance of a residual beyond [`BODY`].
    beyond: [f64; N],
    /// Weights of the degrees of freedom before the series is seen.
    prior: [f64; N],
}

/// Spreads Winsorised at 3 of their own. A sum of scores forgives tails that are a little heavier than thought.
const WIDE: Scaling = Scaling {
    unit: [3.085, 2.042, 1.581, 1.331, 1.177, 1.049],
    beyond: [-3.3761, -3.7581, -4.149, -4.5533, -4.9768, -5.5703],
    prior: [0.04, 0.22, 0.25, 0.22, 0.15, 0.12],
};
/// Spreads Winsorised at 1.5 of their own, tails judged one by one: traffic is heavy-tailed more often than not.
const BULK: Scaling = Scaling {
    unit: [1.804, 1.469, 1.286, 1.173, 1.097, 1.028],
    beyond: [-2.8748, -3.3287, -3.7876, -4.2634, -4.7679, -5.487],
    prior: [0.15, 0.45, 0.2, 0.1, 0.05, 0.05],
};

/// Follows the residuals of a series, in units of their Winsorised spread.
#[derive(Clone, Debug)]
pub struct Heaviness {
    keep: f64,
    bulk: bool,
    /// Logarithm of the density at 0.
    peak: [f64; N],
    /// Of each of the degrees of freedom: the logarithms of the densities of what was seen.
    evidence: [f64; N],
}

plain!(Heaviness { keep, bulk, peak, evidence });

impl Heaviness {
    /// For residuals whose spread is Winsorised at 3, forgotten after about `memory` of them.
    pub(super) fn of_scores(memory: f64) -> Heaviness {
        Heaviness::new(memory, false)
    }

    /// For residuals whose spread is Winsorised at 1.5, forgotten after about `memory` of them.
    pub(super) fn of_jumps(memory: f64) -> Heaviness {
        Heaviness::new(memory, true)
    }

    fn scaling(&self) -> &'static Scaling {
        if self.bulk { &BULK } else { &WIDE }
    }

    fn new(memory: f64, bulk: bool) -> Heaviness {
        let keep = 1.0 - 1.0 / memory.max(2.0);
        let mut heaviness = Heaviness { keep, bulk, peak: DENSITY, evidence: [0.0; N] };
        let unit = &heaviness.scaling().unit;
        heaviness.peak.iter_mut().zip(unit).for_each(|(peak, unit)| *peak += 0.5 * unit.ln());
        heaviness
    }

    /// Learns from one residual, in spreads.
    pub fn learn(&mut self, z: f64) {
        if !z.is_finite() {
            return;
        }
        let Scaling { unit, beyond, .. } = self.scaling();
        let mut densities = [1.0; N.next_multiple_of(8)];
        if z.abs() > BODY {
            densities[..N].copy_from_slice(beyond);
        } else {
            (0..N).for_each(|k| densities[k] += z * z * unit[k] / FREEDOM[k]);
            ln_each(&mut densities);
            (0..N).for_each(|k| densities[k] = self.peak[k] - 0.5 * (FREEDOM[k] + 1.0) * densities[k]);
        }
        (0..N).for_each(|k| self.evidence[k] = self.keep * self.evidence[k] + densities[k]);
    }

    /// The posterior of the degrees of freedom. Exponentials are dear: it is made when asked for.
    fn weights(&self) -> [f64; N] {
        let best = self.evidence.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Nobody asks how little less than nothing is left.
        let mut weights = self.evidence.map(|evidence| (evidence - best).max(-600.0));
        exp_each(&mut weights);
        weights.iter_mut().zip(self.scaling().prior).for_each(|(weight, prior)| *weight *= prior);
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        weights
    }

    /// Chance of a residual of `z` spreads or more, the spread itself being known to `known` degrees of freedom.
    pub fn sf(&self, z: f64, known: f64) -> f64 {
        let (unit, weights) = (&self.scaling().unit, self.weights());
        let tail = |k: usize| weights[k] * student_sf(z * unit[k].sqrt(), FREEDOM[k].min(known));
        (0..N).filter(|k| weights[*k] > 1e-12).map(tail).sum()
    }

    /// The degrees of freedom that the past allows, with their weights; those below one in a thousand are left out.
    pub(super) fn posterior(&self) -> Vec<(f64, f64)> {
        let kept: Vec<(f64, f64)> = FREEDOM.into_iter().zip(self.weights()).filter(|(_, w)| *w > 1e-3).collect();
        let sum: f64 = kept.iter().map(|(_, w)| w).sum();
        kept.into_iter().map(|(v, w)| (v, w / sum)).collect()
    }

    /// Degrees of freedom in the middle of what the past allows (mean of 1/ν).
    pub fn freedom(&self) -> f64 {
        1.0 / self.weights().iter().zip(FREEDOM).map(|(w, v)| w / v).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::resample::generator;
    use rand_distr::{Distribution, StandardNormal, StudentT};

    #[test]
    fn densities_are_those_of_students_t() {
        use statrs::function::gamma::ln_gamma;
        for (v, d) in FREEDOM.iter().zip(DENSITY) {
            let exact = ln_gamma((v + 1.0) / 2.0) - ln_gamma(v / 2.0) - 0.5 * (v * std::f64::consts::PI).ln();
            assert!((exact - d).abs() < 1e-5, "{v}: {exact}");
        }
    }

    #[test]
    fn a_calm_past_makes_ten_spreads_rare_and_a_wild_one_does_not() {
        let (mut calm, mut wild) = (Heaviness::of_scores(1000.0), Heaviness::of_scores(1000.0));
        let mut rng = generator(7, 0);
        let t3 = StudentT::new(3.0).expect("degrees of freedom");
        let new = Heaviness::of_scores(1000.0).sf(10.0, 1e3);
        for _ in 0..300 {
            calm.learn(StandardNormal.sample(&mut rng));
            let z: f64 = t3.sample(&mut rng);
            wild.learn(z / 2.04f64.sqrt());
        }
        assert!(calm.sf(10.0, 1e3) < 1e-5 && wild.sf(10.0, 1e3) > 1e-4 && new > 1e-5);
        assert!(calm.freedom() > 10.0 && wild.freedom() < 4.5, "{} {}", calm.freedom(), wild.freedom());
    }
}
