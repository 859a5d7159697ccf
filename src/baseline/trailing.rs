//! The level and season of a series as its past tells them: a baseline that ends a gap before the period judged, from
//! which surges have been left out.

use crate::baseline::seasonal::Season;
use crate::stats::lanes::{sum_of_observed, weighted_mean_of_observed};
use crate::stats::plain::{Plain, plain};
use crate::stats::ranked::Ranked;
use crate::stats::robust::cut_off;
use std::ops::Range;

/// Which stretch of the past is the baseline. All lengths in samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Length of the baseline.
    pub length: usize,
    /// Samples between the end of the baseline and the one judged.
    pub gap: usize,
    /// Fewest observed samples of a baseline.
    pub min_observed: usize,
    /// Seasons looked for, the shorter first.
    pub seasons: Vec<usize>,
    /// The level is learnt anew every so many samples.
    pub refresh: usize,
    /// Length of the stretch the season is learnt from, at least `length`: seasons change more slowly than levels,
    /// and eight weeks know a weekday only from eight values.
    pub season_length: usize,
}

/// Beyond how many standard deviations a value of the baseline no longer pulls the level (Huber 1964).
const HUBER: f64 = 1.5;

/// Values beyond so many rough spreads count as if they were there.
const WINSOR: f64 = 2.5;
/// E[min(Z², 2.5²)] for a standard Normal Z: undoes the bias of the clipping.
const WINSOR_BIAS: f64 = 0.977_56;

/// Half-life of a baseline value's weight, as a part of the baseline's length: traffic wanders, so last month says
/// more than the month before.
const HALF_LIFE: f64 = 0.375;

/// Level and season learnt from one baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// Typical value without the season.
    pub level: f64,
    /// Robust standard deviation of the baseline around level and season.
    pub spread: f64,
    /// Observed samples in the baseline.
    pub observed: usize,
}

plain!(Level { level, spread, observed });

/// Learns level and season as it walks forward through a series.
#[derive(Clone, Debug)]
pub struct Trailing {
    settings: Settings,
    season: Season,
    season_age: usize,
    /// How many fitted seasonal effects each value of the season's stretch pays for.
    effects_per_value: f64,
    level: Option<Level>,
    level_age: usize,
    /// Of a full baseline's values, the oldest first.
    weights: Vec<f64>,
    /// The baseline's values without the season, as they came and by rank.
    window: Vec<f64>,
    ranked: Ranked,
    /// Which stretch of the series they are, if they can be moved on.
    stretch: Option<Range<usize>>,
    scratch: Vec<f64>,
}

impl Trailing {
    /// A walk that has not begun.
    pub fn new(settings: &Settings) -> Trailing {
        let half_life = (settings.length as f64 * HALF_LIFE).max(1.0);
        Trailing {
            settings: settings.clone(),
            season: Season::none(),
            season_age: usize::MAX,
            effects_per_value: 0.0,
            level: None,
            level_age: usize::MAX,
            weights: (0..settings.length).rev().map(|age| 0.5f64.powf(age as f64 / half_life)).collect(),
            window: Vec::with_capacity(settings.length),
            ranked: Ranked::default(),
            stretch: None,
            scratch: Vec::with_capacity(settings.length),
        }
    }

    /// Level and season as known for index `t` from `x[begin..t - gap]` without the indices where `left_out`; `None`
    /// while there is too little. What is left out of the past may change only where the level is made to expire.
    pub fn at(&mut self, x: &[f64], left_out: &[bool], begin: usize, t: usize) -> Option<(&Level, &Season)> {
        if self.level_age < self.settings.refresh {
            self.level_age += 1;
            self.season_age = self.season_age.saturating_add(1);
        } else {
            self.learn(x, left_out, begin, t);
        }
        self.level.as_ref().map(|level| (level, &self.season))
    }

    /// Forgets the level, as after an episode that now is left out: the next call learns it anew. The season, of many
    /// cycles, is not made older by that.
    pub fn expire_level(&mut self) {
        self.level_age = usize::MAX;
        self.stretch = None;
    }

    /// Forgets what was learnt: the next call learns anew.
    pub fn expire(&mut self) {
        self.expire_level();
        self.season_age = usize::MAX;
    }

    /// Working values of the present baseline without season and level: what the spread around it is made of.
    pub fn residuals(&self) -> impl Iterator<Item = f64> + '_ {
        let level = self.level.as_ref().map_or(f64::NAN, |level| level.level);
        self.window.iter().map(move |value| value - level)
    }

    /// What was learnt, as bytes.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        self.season.put(out);
        self.season_age.put(out);
        self.effects_per_value.put(out);
        self.level.put(out);
        self.level_age.put(out);
        self.window.put(out);
    }

    /// Takes up again what [`Trailing::put`] wrote.
    pub(crate) fn read(settings: &Settings, input: &mut &[u8]) -> Option<Trailing> {
        Some(Trailing {
            season: Plain::read(input)?,
            season_age: Plain::read(input)?,
            effects_per_value: Plain::read(input)?,
            level: Plain::read(input)?,
            level_age: Plain::read(input)?,
            window: Plain::read(input)?,
            ..Trailing::new(settings)
        })
    }

    fn learn(&mut self, x: &[f64], left_out: &[bool], begin: usize, t: usize) {
        let end = t.saturating_sub(self.settings.gap);
        let start = end.saturating_sub(self.settings.length).max(begin).min(end);
        self.level_age = 1;
        // Learnt from many cycles of the longest season, it is none the worse for lacking one of them, or a tenth.
        let longest = self.settings.seasons.last().copied().unwrap_or(usize::MAX);
        let learnt_from = (end - begin.min(end)).min(self.settings.season_length);
        let season_is_old = self.season_age >= longest.max(learnt_from / 10);
        if season_is_old || !self.move_on(x, left_out, start..end) {
            self.window.clear();
            self.window.extend(kept(&x[start..end], &left_out[start..end]));
            self.stretch = None;
            if self.window.iter().filter(|v| !v.is_nan()).count() < self.settings.min_observed {
                // A long surge may have eaten the baseline: what was known before it still stands.
                return;
            }
            if season_is_old {
                self.learn_season(x, left_out, begin, end);
                self.season_age = 0;
            }
            self.season.take_out(&mut self.window, start);
            self.ranked.fill(&self.window);
            self.stretch = Some(start..end);
        }
        self.season_age = self.season_age.saturating_add(1);
        let observed = self.ranked.len();
        let (middle, rough) = self.ranked.median_and_mad_sd();
        let level = middle + self.pull(middle, rough);
        let spread = self.spread(level, rough, observed);
        self.level = Some(Level { level, spread, observed });
    }

    /// Moves the window on to a later stretch that overlaps it, under the same season. Whether it could, and holds enough.
    fn move_on(&mut self, x: &[f64], left_out: &[bool], to: Range<usize>) -> bool {
        let overlap = |from: &Range<usize>| from.start <= to.start && to.start <= from.end && from.end <= to.end;
        let Some(from) = self.stretch.take().filter(overlap) else { return false };
        let (old, leave) = (self.window.len(), to.start - from.start);
        self.window.extend(kept(&x[from.end..to.end], &left_out[from.end..to.end]));
        self.season.take_out(&mut self.window[old..], from.end);
        self.ranked.exchange(&self.window[..leave], &self.window[old..]);
        self.window.drain(..leave);
        self.stretch = Some(to);
        self.ranked.len() >= self.settings.min_observed
    }

    /// The season, from a longer stretch than the level. It is a matter of shape: the level of each cycle is taken
    /// out first, so that old levels do no harm.
    fn learn_season(&mut self, x: &[f64], left_out: &[bool], begin: usize, end: usize) {
        let start = end.saturating_sub(self.settings.season_length.max(self.settings.length)).max(begin);
        self.scratch.clear();
        self.scratch.extend(kept(&x[start..end], &left_out[start..end]));
        self.season = Season::learn(&self.scratch, start, &self.settings.seasons);
        let known = self.scratch.iter().filter(|v| !v.is_nan()).count();
        let effects: usize = if self.season.is_none() { 0 } else { self.settings.seasons.iter().map(|s| s - 1).sum() };
        self.effects_per_value = (effects as f64 / known.max(1) as f64).min(0.5);
    }

    /// Standard deviation around the level, of values Winsorised at `WINSOR` rough spreads: as safe as the median
    /// absolute deviation and twice as precise. Corrected for the level and the season having been fitted.
    fn spread(&self, level: f64, rough: f64, observed: usize) -> f64 {
        let bound = WINSOR * rough;
        let (squares, _) = sum_of_observed(&self.window, |v| cut_off(v - level, bound).powi(2));
        let free = observed as f64 * (1.0 - self.effects_per_value) - 1.0;
        (squares / free.max(1.0) / WINSOR_BIAS).sqrt()
    }

    /// One Huber step from the median, recent values weighing more.
    fn pull(&self, middle: f64, spread: f64) -> f64 {
        let weights = &self.weights[self.weights.len() - self.window.len()..];
        let bound = HUBER * spread;
        weighted_mean_of_observed(&self.window, weights, |v| cut_off(v - middle, bound)).unwrap_or(0.0)
    }
}

/// The values that are not left out; `NaN` in place of those that are.
fn kept<'a>(x: &'a [f64], left_out: &'a [bool]) -> impl Iterator<Item = f64> + 'a {
    x.iter().zip(left_out).map(|(value, out)| if *out { f64::NAN } else { *value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings { length: 56, gap: 7, min_observed: 14, seasons: vec![7], refresh: 1, season_length: 182 }
    }

    #[test]
    fn the_level_is_known_from_the_past_beyond_the_gap() {
        let mut x = vec![2.0; 100];
        x[90..].fill(50.0);
        let settings = settings();
        let mut trailing = Trailing::new(&settings);
        let none = vec![false; 100];
        assert!(trailing.at(&x, &none, 0, 20).is_none());
        let (level, season) = trailing.at(&x, &none, 0, 96).expect("enough past");
        assert_eq!((level.level, level.observed), (2.0, 56));
        assert!(season.is_none());
    }

    #[test]
    fn what_is_left_out_does_not_count() {
        let mut x = vec![2.0; 100];
        x[40..60].fill(9.0);
        let mut left_out = vec![false; 100];
        left_out[40..60].fill(true);
        let settings = settings();
        let mut trailing = Trailing::new(&settings);
        let (level, _) = trailing.at(&x, &left_out, 0, 99).expect("enough past");
        assert_eq!((level.level, level.observed), (2.0, 36));
    }
}
