//! Change points of the level of one series, with significance and location intervals.
//!
//! The series stands on its working scale without its season, `NaN` where it was not observed. It is scaled by its
//! long-run standard deviation ([`crate::stats::longrun`]), segmented exactly with a bounded loss
//! ([`super::fpop`]) at the default penalty ([`super::penalty`]); then every break is tested against what moving
//! windows of its own size do elsewhere in the series, which is what tells a step from drift.

use super::cost::Loss;
use super::fpop;
use super::penalty::default_penalty;
use crate::alert::ChangePoint;
use crate::stats::longrun::{block_length, long_run_sd, scale_around_zero};
use crate::stats::robust::median_with;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};
use std::ops::Range;

/// How change points are searched. The default needs no choice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Loss of one observation.
    pub loss: Loss,
    /// Price of one change at unit variance; `None` = [`default_penalty`] of the number of observations.
    pub penalty: Option<f64>,
    /// Length of the season in samples (7 for days, 24 for hours); 1 without one. Long-run blocks are whole seasons.
    pub season: usize,
    /// Coverage of the location intervals.
    pub level: f64,
    /// Longest stretch on either side of a break that its p-value compares, in samples.
    pub window: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { loss: Loss::ROBUST, penalty: None, season: 7, level: 0.9, window: 60 }
    }
}

/// The observed part of a series, brought to sizes that cannot overflow.
pub(super) struct Observed {
    /// Where each value stands in the series.
    pub(super) at: Vec<usize>,
    /// The values, divided by `unit`.
    pub(super) values: Vec<f64>,
    /// Long-run standard deviation of the values; 0 or `NaN` if there is nothing to find.
    pub(super) sd: f64,
    pub(super) unit: f64,
}

impl Observed {
    pub(super) fn new(x: &[f64], season: usize) -> Self {
        let largest = x.iter().filter(|v| v.is_finite()).fold(0.0, |most: f64, v| most.max(v.abs()));
        let unit = if (1e-100..1e100).contains(&largest) || largest == 0.0 { 1.0 } else { largest };
        let series: Vec<f64> = x.iter().map(|v| if v.is_finite() { v / unit } else { f64::NAN }).collect();
        let at: Vec<usize> = (0..x.len()).filter(|&i| !series[i].is_nan()).collect();
        let values = at.iter().map(|&i| series[i]).collect();
        Observed { at, values, sd: long_run_sd(&series, season), unit }
    }
}

/// Change points of `x`, in order. Empty for a series that is empty, constant or has fewer than four observations.
///
/// `before` and `after` are the robust levels of the segments on both sides, on the scale of `x`.
///
/// ```
/// use floodmark::detect::changepoint::{Settings, change_points};
/// let mut x: Vec<f64> = (0..60).map(|t| f64::from(t * 37 % 11) / 10.0 + if t < 30 { 0.0 } else { 5.0 }).collect();
/// x[10] = 90.0; // a spike is no change point
/// x[29] = f64::NAN; // after a gap the break may have come as early as the gap began
/// let found = change_points(&x, &Settings::default());
/// assert_eq!(found.len(), 1);
/// assert_eq!((found[0].low, found[0].index), (29, 30));
/// assert!(found[0].p_value < 0.01, "{found:?}");
/// assert!((found[0].after - found[0].before - 5.0).abs() < 0.5);
/// ```
pub fn change_points(x: &[f64], settings: &Settings) -> Vec<ChangePoint> {
    let observed = Observed::new(x, settings.season);
    let n = observed.values.len();
    if n < 4 || !(observed.sd > 0.0 && observed.sd.is_finite()) {
        return Vec::new();
    }
    let scaled: Vec<f64> = observed.values.iter().map(|v| v / observed.sd).collect();
    let penalty = settings.penalty.unwrap_or_else(|| default_penalty(n));
    let changes = fpop::segment(&scaled, settings.loss, penalty).changes;
    change_points_of(&observed, 0.0, &scaled, &changes, settings)
}

/// Levels, intervals and p-values of changes that were found in `scaled` = (values − `center`) ÷ sd.
pub(super) fn change_points_of(
    observed: &Observed,
    center: f64,
    scaled: &[f64],
    changes: &[usize],
    settings: &Settings,
) -> Vec<ChangePoint> {
    let n = scaled.len();
    let segments = segments(n, changes);
    let levels: Vec<f64> = segments.iter().map(|s| robust_level(&scaled[s.clone()])).collect();
    let mut test = WindowTest::new(scaled, &segments, &levels, settings);
    let back = |level: f64| (level * observed.sd + center) * observed.unit;
    let mut describe_one = |j: usize| {
        let around = segments[j].start..segments[j + 1].end;
        let index = changes[j];
        let (low, high) = location(scaled, around, index, |_| levels[j], |_| levels[j + 1], settings);
        ChangePoint {
            index: observed.at[index],
            // A change within a gap shows only at its end.
            low: observed.at[low - 1] + 1,
            high: observed.at[high],
            before: back(levels[j]),
            after: back(levels[j + 1]),
            p_value: test.p_value(&segments[j], &segments[j + 1], levels[j + 1] - levels[j]),
        }
    };
    (0..changes.len()).map(&mut describe_one).collect()
}

/// The stretches between changes; one stretch without changes, none without observations.
pub fn segments(n: usize, changes: &[usize]) -> Vec<Range<usize>> {
    let starts = std::iter::once(0).chain(changes.iter().copied());
    let ends = changes.iter().copied().chain([n]);
    starts.zip(ends).filter(|(start, end)| start < end).map(|(start, end)| start..end).collect()
}

/// For every index of `x` the robust level of its segment ([`robust_level`]); `NaN` in a segment without observations.
pub fn segment_levels(x: &[f64], changes: &[usize]) -> Vec<f64> {
    let mut levels = Vec::with_capacity(x.len());
    for segment in segments(x.len(), changes) {
        let level = robust_level(&x[segment.clone()]);
        levels.resize(segment.end, level);
    }
    levels
}

/// Mean of the values within three robust standard deviations of their median: as efficient as the mean on clean
/// data, deaf to spikes. `NaN` without values.
pub fn robust_level(values: &[f64]) -> f64 {
    let mut scratch = Vec::with_capacity(values.len());
    let center = median_with(values.iter().copied().filter(|v| v.is_finite()), &mut scratch);
    let spread = median_with(values.iter().map(|v| (v - center).abs()), &mut scratch) * 3.0 * 1.4826;
    if spread.is_nan() || spread == 0.0 {
        return center;
    }
    let near = values.iter().filter(|v| (*v - center).abs() <= spread);
    // Around the centre: no overflow.
    let (sum, n) = near.fold((0.0, 0.0), |(sum, n), v| (sum + (v - center), n + 1.0));
    center + sum / n
}

/// Smallest and largest position that the likelihood ratio cannot tell from the best one: all t with
/// cost(t) − min cost ≤ −2 ln(1 − √level), the quantile of the maximum of a two-sided Brownian motion with drift
/// (Bai 1997; Hinkley 1970), costs being in units of the long-run variance and bounded like the loss.
pub(super) fn location(
    x: &[f64],
    around: Range<usize>,
    index: usize,
    before: impl Fn(usize) -> f64,
    after: impl Fn(usize) -> f64,
    settings: &Settings,
) -> (usize, usize) {
    let allowed = -2.0 * (1.0 - settings.level.clamp(0.0, 0.999_999).sqrt()).ln();
    // Of a break after the i-th observation of the stretch, less that of one at its start.
    let gain = |i: usize| settings.loss.of(x[i] - before(i)) - settings.loss.of(x[i] - after(i));
    let mut cost = 0.0;
    let costs: Vec<f64> = (around.start..around.end - 1)
        .map(|i| {
            cost += gain(i);
            cost
        })
        .collect();
    let least = costs.iter().copied().fold(f64::INFINITY, f64::min);
    let plausible = |i: &usize| costs[*i] <= least + allowed;
    let position = |i: usize| around.start + 1 + i;
    let low = (0..costs.len()).find(plausible).map_or(index, position);
    let high = (0..costs.len()).rev().find(plausible).map_or(index, position);
    (low.min(index), high.max(index))
}

/// Second stage: is the difference of levels large for differences of window means of this length in this series?
///
/// A standard deviation that depends on the length of the window takes drift and long memory into account, which no
/// single long-run variance can (McGonigle & Cho 2023, "Robust multiscale estimation of time-average variance").
struct WindowTest {
    /// Running totals of the scaled values, spikes clipped.
    sums: Vec<f64>,
    changes: Vec<usize>,
    blocks: f64,
    window: usize,
    /// Standard deviation and its degrees of freedom by length of window, as far as asked for.
    scales: Vec<Option<(f64, f64)>>,
}

impl WindowTest {
    fn new(scaled: &[f64], segments: &[Range<usize>], levels: &[f64], settings: &Settings) -> Self {
        let mut sums = vec![0.0];
        let mut total = 0.0;
        for (segment, level) in segments.iter().zip(levels) {
            for y in &scaled[segment.clone()] {
                total += y.clamp(level - 3.0, level + 3.0);
                sums.push(total);
            }
        }
        let n = scaled.len();
        let blocks = n as f64 / block_length(n, settings.season) as f64;
        WindowTest {
            sums,
            changes: segments.iter().skip(1).map(|s| s.start).collect(),
            blocks,
            window: settings.window,
            scales: Vec::new(),
        }
    }

    /// Differences of the means of neighbouring windows of length `h`, eight places a window, where there is no change
    /// inside.
    fn differences(&self, h: usize, stride: usize) -> Vec<f64> {
        let n = self.sums.len() - 1;
        let mut differences = Vec::new();
        let mut next = 0;
        for t in (h..=n.saturating_sub(h)).step_by(stride) {
            while next < self.changes.len() && self.changes[next] + h <= t {
                next += 1;
            }
            if self.changes.get(next).is_none_or(|&change| change >= t + h) {
                differences.push((self.sums[t + h] - 2.0 * self.sums[t] + self.sums[t - h]) / h as f64);
            }
        }
        differences
    }

    /// Standard deviation of such differences and its degrees of freedom: never below that of noise of unit long-run
    /// variance, which it is when too few windows are free of changes.
    fn scale(&mut self, h: usize) -> (f64, f64) {
        if self.scales.len() <= h {
            self.scales.resize(h + 1, None);
        }
        if let Some(scale) = self.scales[h] {
            return scale;
        }
        let stride = (h / 8).max(1);
        let mut differences = self.differences(h, stride);
        let windows = (differences.len() * stride) as f64 / h as f64;
        let independent = (2.0 / h as f64).sqrt();
        let (sd, free) = if windows >= 4.0 {
            (scale_around_zero(&mut differences).max(independent), windows.max(self.blocks))
        } else {
            (independent, self.blocks)
        };
        let scale = (sd, (free - 1.0).max(2.0));
        self.scales[h] = Some(scale);
        scale
    }

    /// Two-sided p-value, for having searched the whole series: the chance that the largest of all moving-window
    /// statistics is as rare as T, by Poisson clumping with 3z²/2 clumps a window length (Aldous 1989, section C; this
    /// is the limit behind MOSUM tests, Eichinger & Kirch 2018).
    fn p_value(&mut self, left: &Range<usize>, right: &Range<usize>, difference: f64) -> f64 {
        let h = self.window.max(1).min(left.len()).min(right.len());
        let (sd, freedom) = self.scale(h);
        let t = (difference / sd).abs();
        let Ok(tail) = StudentsT::new(0.0, 1.0, freedom) else { return 1.0 };
        let once = 2.0 * tail.sf(t);
        let Ok(normal) = Normal::new(0.0, 1.0) else { return 1.0 };
        // The Normal deviate as rare as T: the heuristic is about Gaussian processes.
        let z = if once > 0.0 { normal.inverse_cdf(once / 2.0) } else { return 0.0 };
        let clumps = 1.5 * z * z * (self.sums.len() - 1) as f64 / h as f64;
        -(-once * clumps.max(1.0)).exp_m1()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::resample::generator;
    use proptest::prelude::*;
    use rand_distr::{Distribution, StandardNormal};

    fn steps(n: usize, size: f64) -> Vec<f64> {
        let mut rng = generator(5, 0);
        let mut noise = || -> f64 { StandardNormal.sample(&mut rng) };
        (0..n).map(|t| noise() + if t < n / 2 { 0.0 } else { size }).collect()
    }

    fn found(x: &[f64]) -> Vec<ChangePoint> {
        change_points(x, &Settings::default())
    }

    #[test]
    fn a_step_is_found_where_it_is_with_its_levels() {
        let change = found(&steps(200, 4.0));
        assert_eq!(change.iter().map(|c| c.index).collect::<Vec<_>>(), [100]);
        assert!(change[0].before.abs() < 0.4 && (change[0].after - 4.0).abs() < 0.4);
        assert!(change[0].low <= 100 && change[0].high >= 100 && change[0].p_value < 1e-6);
    }

    #[test]
    fn spikes_of_one_day_are_no_change_points() {
        let mut x = steps(200, 0.0);
        x[70] = 60.0;
        x[71] = -60.0;
        x[150] = 1e6;
        assert_eq!(found(&x), []);
    }

    #[test]
    fn series_without_information_have_no_change_points() {
        let nan = f64::NAN;
        for x in [&[][..], &[1.0], &[nan; 50], &[3.0; 50], &[1.0, 2.0, 3.0], &[nan, 1.0, nan, f64::INFINITY]] {
            assert_eq!(found(x), [], "{x:?}");
        }
    }

    #[test]
    fn mostly_zero_counts_get_change_points_only_where_they_rise_for_good() {
        let mut x = vec![0.0; 120];
        x[10] = 1.0;
        x[50] = 2.0;
        assert_eq!(found(&x), []);
        x[80..].fill(6.0);
        assert_eq!(found(&x).iter().map(|c| c.index).collect::<Vec<_>>(), [80]);
    }

    #[test]
    fn segments_cover_the_series_once() {
        assert_eq!(segments(5, &[2]), [0..2, 2..5]);
        assert!(segments(0, &[]).is_empty());
        assert_eq!(segment_levels(&[1.0, 1.0, f64::NAN, 7.0], &[3]), [1.0, 1.0, 1.0, 7.0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn any_series_gives_ordered_breaks_inside_their_intervals(
            x in prop::collection::vec(
                prop_oneof![4 => -3.0..3.0f64, 2 => 50.0..53.0f64, 1 => Just(f64::NAN), 1 => prop::num::f64::ANY], 0..80),
        ) {
            let n = x.len();
            let changes = found(&x);
            prop_assert!(changes.windows(2).all(|pair| pair[0].index < pair[1].index));
            for c in changes {
                prop_assert!(0 < c.low && c.low <= c.index && c.index <= c.high && c.high < n);
                prop_assert!((0.0..=1.0).contains(&c.p_value));
            }
            let known = crate::detect::online::online(&x, &Settings::default());
            prop_assert!(known.iter().enumerate().all(|(t, k)| k.start <= t && k.confirmed.is_none_or(|c| c <= t)));
        }

        #[test]
        fn shifting_and_stretching_a_series_moves_no_break(scale in 0.01..1000.0f64, shift in -100.0..100.0f64) {
            let x: Vec<f64> = steps(120, 5.0).iter().map(|v| v * scale + shift).collect();
            prop_assert_eq!(found(&x).iter().map(|c| c.index).collect::<Vec<_>>(), [60]);
        }

        #[test]
        fn what_is_known_online_does_not_change_with_later_rows(cut in 1usize..150, size in 0.0..6.0f64) {
            use crate::detect::online::online;
            let x = steps(150, size);
            let (all, part) = (online(&x, &Settings::default()), online(&x[..cut], &Settings::default()));
            prop_assert_eq!(format!("{:?}", &all[..cut]), format!("{part:?}"));
        }
    }
}
