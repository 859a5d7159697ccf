//! Placebos: the same statistic where nothing happened, in time (past dates) or in space (reference outlets).

use std::ops::Range;

/// (1 + #{placebo ≥ observed}) ÷ (1 + N): never 0, 1 without placebos. `NaN` placebos are left out.
///
/// ```
/// # use floodmark::measure::placebo::p_value;
/// assert_eq!(p_value(2.0, &[0.0, 1.0, 2.0]), 0.5);
/// assert_eq!(p_value(2.0, &[]), 1.0);
/// ```
pub fn p_value(observed: f64, placebos: &[f64]) -> f64 {
    let n = placebos.iter().filter(|p| !p.is_nan()).count();
    let reached = placebos.iter().filter(|&&p| p >= observed).count();
    (1 + reached) as f64 / (1 + n) as f64
}

/// How far back each placebo date lies, in periods: every `stride` periods, as long as the whole `baseline` still
/// lies within the series and no window reaches past the end of the real baseline (`reach` is one past the last
/// period of the latest window). At most `most`, by taking every second, fourth, … of the dates that the stride allows, the
/// same ones for every event. Gives the distance between two of them too.
pub fn shifts(baseline: &Range<usize>, reach: usize, stride: usize, most: usize) -> (Vec<usize>, usize) {
    let stride = stride.max(1);
    let nearest = reach.saturating_sub(baseline.end).max(1);
    let first = nearest.div_ceil(stride) * stride;
    if baseline.start < first {
        return (Vec::new(), stride);
    }
    let count = (baseline.start - first) / stride + 1;
    let every = count.div_ceil(most.max(1)).next_power_of_two();
    let shifts = (0..count).map(|i| first + i * stride);
    (shifts.filter(|shift| ((baseline.start - shift) / stride).is_multiple_of(every)).collect(), every * stride)
}

/// Placebo in space: p-value of the lift of a treated series among the lifts of the reference outlets at the same
/// date, and their number. Abadie, Diamond & Hainmueller 2010, JASA 105.
pub fn in_space(treated: f64, references: &[f64]) -> (f64, usize) {
    (p_value(treated, references), references.iter().filter(|r| !r.is_nan()).count())
}
