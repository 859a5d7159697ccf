//! Lifts of a series at past dates, where nothing is known to have happened.

use crate::measure::expected::{Fitter, Setting, logarithms};
use crate::measure::placebo;
use crate::measure::target::{Compared, Target, observed};
use crate::stats::lanes::{sum, widely};
use std::collections::BTreeMap;
use std::ops::Range;

/// Most windows measured at once.
const TARGETS: usize = 4;

/// A series as it is looked at.
#[derive(Debug)]
struct Series {
    /// On its working scale.
    logarithms: Vec<f64>,
    /// 0 where nothing was observed.
    values: Vec<f64>,
    /// 1 where it was observed, 0 elsewhere.
    seen: Vec<f64>,
}

impl Series {
    fn new(y: &[f64], setting: &Setting<'_>) -> Series {
        Series {
            logarithms: logarithms(y, setting).unwrap_or_default(),
            values: y.iter().map(|v| if v.is_finite() { *v } else { 0.0 }).collect(),
            seen: observed(y),
        }
    }
}

/// The past of one series. A date is looked at once, whatever event it is a placebo of.
#[derive(Debug, Default)]
pub(super) struct Past {
    fitter: Fitter,
    series: Option<Series>,
    compared: Compared,
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
        let Past { fitter, series, compared, known } = self;
        let series = series.get_or_insert_with(|| Series::new(y, setting));
        let (shifts, spacing) = placebo::shifts(baseline, reach, stride, most);
        for shift in shifts.into_iter().filter(|&shift| shift <= nearest) {
            let past = baseline.start - shift..baseline.end - shift;
            let key = (past.start, past.end, nearest - shift);
            let there = known.entry(key).or_insert_with(|| {
                let place = Place { past, windows: nearest - shift..reach - shift, shift, exclude };
                place.ratios((y, series), targets, setting, fitter, compared).unwrap_or([f64::NAN; TARGETS])
            });
            for (ratio, ratios) in there.iter().zip(&mut ratios).filter(|(ratio, _)| ratio.is_finite()) {
                ratios.push(*ratio);
            }
        }
        (ratios, spacing)
    }
}

/// A past date.
struct Place<'a> {
    /// Its baseline.
    past: Range<usize>,
    /// The periods that its windows lie in.
    windows: Range<usize>,
    /// How far back it lies.
    shift: usize,
    exclude: Option<&'a [bool]>,
}

impl Place<'_> {
    /// The statistics of `targets`, brought back to this date; `None` where nothing can be said, `NaN` where nothing of one.
    fn ratios(
        &self,
        (y, series): (&[f64], &Series),
        targets: &[Target],
        setting: &Setting<'_>,
        fitter: &mut Fitter,
        compared: &mut Compared,
    ) -> Option<[f64; TARGETS]> {
        let Place { past, windows, shift, exclude } = self;
        let flagged = |range: &Range<usize>| {
            exclude.map_or(&[][..], |mask| &mask[range.start.min(mask.len())..range.end.min(mask.len())])
        };
        if setting.levels.iter().any(|level| past.start < *level && *level < windows.end) {
            return None;
        }
        let seen = series.seen.get(past.clone())?;
        let out = seen.iter().zip(flagged(past)).filter(|(seen, out)| **seen > 0.0 && **out).count() as f64;
        if 2.0 * (sum(seen) - out) < past.len() as f64 {
            return None;
        }
        let (values, logs) = (y.get(past.clone())?, series.logarithms.get(past.clone())?);
        let fit = fitter.fit(values, logs, past.start, *exclude, setting)?;
        compared.first = windows.start;
        compared.values.clear();
        compared.values.extend_from_slice(series.values.get(windows.clone())?);
        compared.expected.resize(windows.len(), 0.0);
        compared.ratios.resize(windows.len(), 0.0);
        let seen = &series.seen[windows.clone()];
        let mut ratios = [f64::NAN; TARGETS];
        widely(
            #[inline(always)]
            || {
                fit.fill(windows.start, &mut compared.expected);
                compared.expected.iter_mut().zip(seen).for_each(|(expected, seen)| *expected *= seen);
                compared.divide();
                for (target, ratio) in targets.iter().zip(&mut ratios) {
                    let there = target.back(*shift);
                    let range = there.range();
                    let seen = sum(&series.seen[range.clone()]);
                    if 2.0 * seen >= range.len() as f64 && !flagged(range).contains(&true) {
                        *ratio = there.ratio_of(compared).unwrap_or(f64::NAN);
                    }
                }
            },
        );
        Some(ratios)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::expected::Expected;

    #[test]
    fn a_past_date_is_fitted_as_any_other_is() {
        // Quieter than counting allows, so that the least spread of counts decides how far a wild value pulls; two of five
        // periods are gaps.
        let wild = |t: usize| if t % 11 == 3 { 35.0 } else { 0.0 };
        let value = |t: usize| if t % 5 < 2 { f64::NAN } else { 100.0 + (t * t % 7) as f64 + wild(t) };
        let y: Vec<f64> = (0..200).map(value).collect();
        let (baseline, targets) = (130..186, Target::after(190, 1.0));
        let targets = &targets[..1];
        let (found, spacing) = Past::default().ratios(&y, &baseline, targets, None, &Setting::DAILY);
        let (shifts, same) = placebo::shifts(&baseline, targets[0].range().end, 1, 249);
        assert_eq!(spacing, same);
        let one = |shift: &usize| {
            let past = baseline.start - shift..baseline.end - shift;
            let fit = Expected::fit(&y, past, None, &Setting::DAILY).unwrap();
            targets[0].back(*shift).ratio(&y, &fit)
        };
        let direct: Vec<f64> = shifts.iter().map(one).collect();
        assert!(direct.len() > 50 && found[0].len() == direct.len());
        assert!(found[0].iter().zip(&direct).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?} {direct:?}");
    }
}
