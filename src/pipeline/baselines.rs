//! What a series is compared with: which stretch of it, which periods left out, with holidays taken out.

use crate::baseline::holiday;
use crate::detect::surge::Episode;
use crate::measure::expected::Setting;
use crate::pipeline::score::Scored;
use crate::pipeline::{Options, periods};
use crate::series::Kind;
use crate::stats::scale::Scale;
use crate::time::{Grid, Step};
use std::borrow::Cow;
use std::ops::Range;

/// Episodes at least this improbable are no part of a baseline.
const EXCLUDE_P: f64 = 1e-4;

/// The least of a baseline that a change of level may leave.
const LEAST_DAYS: f64 = 28.0;

pub(super) fn per_day(step: Step) -> f64 {
    Step::DAY.seconds() as f64 / step.seconds() as f64
}

pub(super) fn setting<'a>(
    seasons: &'a [usize],
    kind: Kind,
    values: &[f64],
    step: Step,
    options: &Options,
) -> Setting<'a> {
    let per_day = Step::DAY.seconds() as f64 / step.seconds() as f64;
    let (level, seed) = (options.interval, options.seed);
    let count = Setting { seasons, per_day, scale: Scale::COUNT, level, seed, ..Setting::DAILY };
    if kind.adds_up() { count } else { count.for_shares(values) }
}

pub(super) fn seasons(step: Step) -> Vec<usize> {
    step.seasons().iter().map(|season| step.periods_in(*season)).collect()
}

/// The baseline that ends the gap before `at`.
pub(super) fn baseline_before(at: usize, days: f64, step: Step, options: &Options) -> Range<usize> {
    let end = at.saturating_sub(periods(options.gap_days, step));
    end.saturating_sub(periods(days, step))..end
}

/// The part of `baseline` since the series last came to a new level that stayed: what lies before it says nothing of
/// what is to be expected after it. The last [`LEAST_DAYS`] are kept in any case.
pub(super) fn since_new_level(baseline: Range<usize>, episodes: &[Episode], step: Step) -> Range<usize> {
    let least = baseline.end.saturating_sub(periods(LEAST_DAYS, step));
    let since = levels(episodes).into_iter().filter(|since| *since < baseline.end).max().unwrap_or(0);
    baseline.start.max(since.min(least))..baseline.end
}

/// First periods of new levels that stayed.
pub(super) fn levels(episodes: &[Episode]) -> Vec<usize> {
    episodes.iter().filter(|e| e.level_shift && e.p <= EXCLUDE_P).map(|e| e.onset).collect()
}

/// Periods in telling episodes, but for the one measured.
pub(super) fn excluded(series: &Scored, but: Option<&Episode>) -> Vec<bool> {
    telling(series.watched.series.values.len(), &series.walk.episodes, but)
}

/// The same of a series of `len` periods by its episodes.
pub(super) fn telling(len: usize, episodes: &[Episode], but: Option<&Episode>) -> Vec<bool> {
    let mut mask = vec![false; len];
    for episode in episodes.iter().filter(|e| e.p <= EXCLUDE_P && !e.level_shift) {
        if but.is_none_or(|b| b.onset != episode.onset) {
            mask[episode.onset..=episode.end].fill(true);
        }
    }
    mask
}

/// The values of a series with what holidays usually do to it taken out, and the holidays of which that is not known:
/// empty without holidays.
pub(super) fn ordinary<'a>(series: &'a Scored, grid: &Grid, options: &Options) -> (Cow<'a, [f64]>, Vec<bool>) {
    let (values, scale) = (&series.watched.series.values, series.scale);
    if options.holidays.is_empty() {
        return (Cow::Borrowed(values), Vec::new());
    }
    let x: Vec<f64> = values.iter().map(|v| scale.forward(*v)).collect();
    let effects = holiday::effects(&x, grid, &options.holidays, &series.watched.series.key.country);
    if effects.is_empty() {
        return (Cow::Borrowed(values), Vec::new());
    }
    let usual = |t: usize| match effects[t] {
        effect if effect.is_nan() || effect == 0.0 => values[t],
        effect => scale.inverse(x[t] - effect).max(0.0),
    };
    (Cow::Owned((0..values.len()).map(usual).collect()), effects.iter().map(|effect| effect.is_nan()).collect())
}

/// Periods in either of two masks.
pub(super) fn or(mut mask: Vec<bool>, other: &[bool]) -> Vec<bool> {
    mask.iter_mut().zip(other).for_each(|(out, also)| *out |= also);
    mask
}

/// Σ of what was observed.
pub(super) fn seen(values: &[f64], range: &Range<usize>) -> f64 {
    values[range.start..range.end.min(values.len())].iter().filter(|v| !v.is_nan()).sum()
}
