//! What a course drawn around a fit leads to expect when it is fitted anew: one Huber step from the level and the season
//! that are known to be its own, where a fit of data steps from medians. To first order that is the same estimate, without
//! a selection, and sums by phase are all it needs.

use crate::measure::expected::{CLIP, Expected, HUBER, fill};
use crate::measure::noise::growth;
use crate::measure::season::{Phase, Season, phases_from};
use crate::measure::target::observed;
use crate::stats::lanes::widely;
use crate::stats::robust::cut_off;

/// Fits one course after the other, in the same memory.
pub(super) struct Refit<'a> {
    known: &'a Expected,
    /// First period of the baseline.
    start: usize,
    /// 1 for a period of the baseline that is known, 0 for another.
    used: Vec<f64>,
    /// The rest is by place in the cycle after which all seasons recur (or several of these), from the first period on:
    /// factor of the season that courses are drawn around, periods of the baseline that are known.
    known_factors: Vec<f64>,
    counts: Vec<f64>,
    /// The least noise that a value can show, since none is below zero, and what it grows to.
    least: Vec<f64>,
    least_growth: Vec<f64>,
    /// How far the values of a course, clipped, are off, the squares of that, what they grow to.
    off: Vec<f64>,
    square: Vec<f64>,
    grown: Vec<f64>,
    /// Of each period.
    growth: Vec<f64>,
    phases: Vec<Phase>,
    seasons: Vec<Season>,
    /// What came of it: the level, and the factor of each place.
    amount: f64,
    factors: Vec<f64>,
}

/// Sums are taken side by side at so many places at least.
const PLACES: usize = 32;

impl<'a> Refit<'a> {
    /// Of courses around `known`, whose baseline begins at period `start`.
    pub(super) fn new(known: &'a Expected, start: usize) -> Refit<'a> {
        let cycle = known.factors.len();
        let places = cycle * PLACES.div_ceil(cycle);
        let used = observed(&known.residuals);
        let by_place = |of: &dyn Fn(usize) -> f64| phases_from(start, cycle).take(places).map(of).collect::<Vec<f64>>();
        let least = by_place(&|phase| known.offset.ln() - known.course(phase));
        Refit {
            known,
            start,
            known_factors: by_place(&|phase| known.factors[phase]),
            counts: (0..places).map(|place| used.iter().skip(place).step_by(places).sum()).collect(),
            least_growth: least.iter().map(|noise| noise.exp()).collect(),
            least,
            off: vec![0.0; places],
            square: vec![0.0; places],
            grown: vec![0.0; places],
            growth: Vec::with_capacity(used.len()),
            used,
            phases: Vec::new(),
            seasons: known.seasons.clone(),
            amount: f64::NAN,
            factors: vec![1.0; places],
        }
    }

    /// Fits the course that this `noise` makes of the baseline.
    pub(super) fn fit(&mut self, noise: &[f64]) {
        widely(
            #[inline(always)]
            || self.sum_up(noise),
        );
        self.step();
        let Refit { known, known_factors, counts, grown, factors, .. } = self;
        let grown: f64 = known_factors.iter().zip(grown).map(|(factor, grown)| factor * *grown).sum();
        let weight: f64 = factors.iter().zip(counts).map(|(factor, count)| factor * *count).sum();
        self.amount = known.center.exp() * grown / weight;
    }

    #[inline(always)]
    fn sum_up(&mut self, noise: &[f64]) {
        let Refit { known, used, least, least_growth, off, square, grown, growth: growths, .. } = self;
        let (near, far) = (HUBER * known.spread, CLIP * known.spread);
        growths.clear();
        growths.extend(noise.iter().map(|noise| growth(cut_off(*noise, far))));
        [&mut *off, square, grown].into_iter().for_each(|sums| sums.fill(0.0));
        let places = least.len();
        for ((noise, growths), used) in noise.chunks(places).zip(growths.chunks(places)).zip(used.chunks(places)) {
            let n = noise.len();
            let (growths, used, least, least_growth) = (&growths[..n], &used[..n], &least[..n], &least_growth[..n]);
            let (off, square, grown) = (&mut off[..n], &mut square[..n], &mut grown[..n]);
            for i in 0..n {
                let clipped = cut_off(noise[i].max(least[i]), near);
                off[i] += used[i] * clipped;
                square[i] += used[i] * clipped * clipped;
                grown[i] += used[i] * growths[i].max(least_growth[i]);
            }
        }
    }

    /// Lets the seasons take their step, the shorter first.
    fn step(&mut self) {
        let Refit { known, start, counts, off, square, phases, seasons, factors, .. } = self;
        factors.fill(1.0);
        for (season, known) in seasons.iter_mut().zip(&known.seasons) {
            season.start_from(known);
            let length = season.len();
            phases.clear();
            phases.resize(length, Phase::default());
            for ((count, off), phase) in counts.iter().zip(&*off).zip(phases_from(*start, length)) {
                phases[phase].count += count;
                phases[phase].sum += off;
            }
            season.settle(phases, square.iter().sum());
            for (place, phase) in (0..counts.len()).zip(phases_from(*start, length)) {
                let (count, moved) = (counts[place], phases[phase].moved);
                square[place] -= moved * (2.0 * off[place] - count * moved);
                off[place] -= count * moved;
                factors[place] *= season.factor(phase);
            }
        }
    }

    /// The expected values from period `first` on.
    #[inline(always)]
    pub(super) fn fill(&self, first: usize, values: &mut [f64]) {
        let cycle = self.factors.len();
        let place = first + cycle - self.start % cycle;
        fill(self.amount, self.known.offset, (&self.factors, place), values);
    }
}
