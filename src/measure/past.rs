//! Lifts of a series at past dates, where nothing is known to have happened.

use crate::measure::expected::{Fitter, Setting, logarithms};
use crate::measure::placebo;
use crate::measure::target::Target;
use std::collections::BTreeMap;
use std::ops::Range;

/// Most windows measured at once.
const TARGETS: usize = 4;

/// The past of one series. A date is looked at once, whatever event it is a placebo of.
#[derive(Debug, Default)]
pub(super) struct Past {
    fitter: Fitter,
    /// The series on its working scale.
    logs: Option<Vec<f64>>,
    /// Ratios by baseline and first period of the windows; `NaN` where there is none.
    known: BTreeMap<(usize, usize, usize), [f64; TARGETS]>,
}

impl Past {
    /// The statistics of `targets` at past dates: all that are known of each (`NaN` never enters), and the distance between
    /// the dates. What `exclude` says of periods before the end of `baseline` must be the same in every call.
    pub(super) fn ratios(
        &mut self,
        y: &[f64],
        baseline: &Range<usize>,
        targets: &[Target],
        exclude: Option<&[bool]>,
        setting: &Setting<'_>,
    ) -> (Vec<Vec<f64>>, usize) {
        let reach = targets.iter().map(|t| t.range().end).max().unwrap_or(0);
        let nearest = targets.iter().map(|t| t.range().start).min().unwrap_or(0);
        let stride = if setting.seasons.len() > 1 { setting.seasons[0] } else { 1 };
        let most = (400 * 100 / baseline.len().max(100)).clamp(60, 400).min(setting.draws);
        let mut ratios = vec![Vec::new(); targets.len()];
        let Past { fitter, logs, known } = self;
        let logs = logs.get_or_insert_with(|| logarithms(y, setting).unwrap_or_default());
        let (shifts, spacing) = placebo::shifts(baseline, reach, stride, most);
        for shift in shifts.into_iter().filter(|&shift| shift <= nearest) {
            let past = baseline.start - shift..baseline.end - shift;
            let key = (past.start, past.end, nearest - shift);
            let there =
                known.entry(key).or_insert_with(|| at((y, logs), past, shift, targets, exclude, setting, fitter));
            for (ratio, ratios) in there.iter().zip(&mut ratios).filter(|(ratio, _)| ratio.is_finite()) {
                ratios.push(*ratio);
            }
        }
        (ratios, spacing)
    }
}

/// The statistics `shift` periods before `targets`, by the baseline `past`.
fn at(
    (y, logs): (&[f64], &[f64]),
    past: Range<usize>,
    shift: usize,
    targets: &[Target],
    exclude: Option<&[bool]>,
    setting: &Setting<'_>,
    fitter: &mut Fitter,
) -> [f64; TARGETS] {
    let mut ratios = [f64::NAN; TARGETS];
    let flagged = |t: usize| exclude.is_some_and(|mask| mask.get(t).copied().unwrap_or(false));
    let end = targets.iter().map(|target| target.back(shift).range().end).max().unwrap_or(past.end);
    if setting.levels.iter().any(|level| past.start < *level && *level < end) {
        return ratios;
    }
    let known = past.clone().filter(|&t| y[t].is_finite() && !flagged(t)).count();
    if 2 * known < past.len() {
        return ratios;
    }
    let (Some(values), Some(logs)) = (y.get(past.clone()), logs.get(past.clone())) else { return ratios };
    let Some(fit) = fitter.fit(values, logs, past.start, exclude, setting) else { return ratios };
    for (target, ratio) in targets.iter().zip(&mut ratios) {
        let there = target.back(shift);
        let seen = there.range().clone().filter(|&t| y[t].is_finite()).count();
        if 2 * seen >= there.range().len() && !there.range().clone().any(flagged) {
            *ratio = there.ratio(y, fit);
        }
    }
    ratios
}
