//! The figures of an alert from what was known when it was told.

use super::{Pass, horizon};
use crate::aggregate::Watched;
use crate::alert::{Alert, Event, Flag};
use crate::detect::surge::{Episode, Walk};
use crate::pipeline::alerts;
use crate::pipeline::candidates::Candidate;
use crate::pipeline::references::{self, Reference};
use crate::pipeline::score::{self, Scored};
use crate::pipeline::{Options, score::Known};
use crate::series::{Key, Level, Role, Series};
use crate::time::Grid;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What the test of an alert says.
pub(super) struct Verdict {
    pub(super) p: f64,
    pub(super) q: f64,
}

/// The values of the reference outlets of each country.
pub(super) struct References<'a>(BTreeMap<&'a str, Vec<&'a Series>>);

impl<'a> References<'a> {
    pub(super) fn of(pass: &'a Pass) -> References<'a> {
        let mut found: BTreeMap<&str, Vec<&Series>> = BTreeMap::new();
        for watched in pass.tracks.iter().map(|track| &track.watched) {
            if watched.series.role == Role::Reference && watched.level != Level::State {
                found.entry(&watched.series.key.country).or_default().push(&watched.series);
            }
        }
        References(found)
    }

    fn between(&self, country: &str, start: usize, end: usize) -> references::References<'a> {
        let part = |series: &&'a Series| Reference::new(series, &series.values[start..end], &[]);
        let here = self.0.get_key_value(country).into_iter();
        references::References::of(here.map(|(country, all)| (*country, all.iter().map(part).collect())))
    }
}

/// A series in a pass, and the number of the first period of its grid.
pub(super) struct Place<'a> {
    pub(super) pass: &'a Pass,
    pub(super) series: usize,
    pub(super) base: usize,
}

impl Place<'_> {
    pub(super) fn below_floor(&self, episode: &Episode, options: &Options) -> bool {
        let episode = episode.shifted(self.base as isize);
        let track = &self.pass.tracks[self.series];
        let expected = self.pass.walker(self.series).map_or(f64::NAN, |walker| walker.known().expected[episode.onset]);
        alerts::is_below_floor(&track.watched.series, track.scale.inverse(expected), &episode, options)
    }

    pub(super) fn persists(&self, episode: &Episode, options: &Options) -> bool {
        let episode = episode.shifted(self.base as isize);
        let stretch = episode.onset..=episode.end;
        let walker = self.pass.walker(self.series);
        walker.is_some_and(|walker| options.persist.holds(&walker.known().z[stretch], episode.sign))
    }

    /// The alert of an episode (in numbered periods), from the last [`horizon`] periods walked. `None` if it lies
    /// before them.
    pub(super) fn alert(
        &self,
        episode: &Episode,
        identity: usize,
        verdict: &Verdict,
        events: &[Event],
        references: &References<'_>,
        options: &Options,
    ) -> Option<Alert> {
        let (grid, end) = (&self.pass.grid, self.pass.walked);
        let start = end.saturating_sub(horizon(options, grid.step));
        let shift = self.base + start;
        let mut episode = (episode.onset >= shift).then(|| episode.shifted(shift as isize))?;
        let scored = self.scored(start, end);
        score::set_end(&mut episode, &scored.walk, &self.pass.tracks[self.series].x(end)[start..]);
        let since = grid.time(0) + (identity as i64 - self.base as i64) * grid.step.seconds();
        let grid = Grid { start: grid.time(start), len: end - start, ..*grid };
        let known = Known { grid: &grid, events, options };
        let references = references.between(&scored.watched.series.key.country, start, end);
        let candidate = Candidate {
            series: 0,
            episode: Cow::Borrowed(&episode),
            seen: true,
            p: verdict.p,
            q: verdict.q,
            past_q: verdict.q,
            since,
        };
        Some(alerts::alert(&candidate, &scored, &known, &references))
    }

    /// What is known of the series in the periods from `start` to `end`.
    fn scored(&self, start: usize, end: usize) -> Scored {
        let track = &self.pass.tracks[self.series];
        let Watched { level, series, filled, part, newcomers } = &track.watched;
        let censored = series.censored.range(start..end).map(|(t, bound)| (t - start, *bound)).collect();
        let values = series.values[start..end].into();
        let series = Series { values, censored, key: series.key.clone(), ..*series };
        let newcomers = newcomers.iter().filter(|new| new.0 > start).map(|new| (new.0 - start, new.1)).collect();
        let watched = Watched { level: *level, series, filled: filled[start..end].to_vec(), part: *part, newcomers };
        let change_points = score::change_points(&track.x(end)[start..], &track.settings);
        let walk = self.pass.walker(self.series).map_or_else(Walk::default, |walker| {
            let known = walker.known();
            let episodes = known.episodes.iter().chain(walker.current()).filter(|e| e.end >= start);
            Walk {
                expected: known.expected[start..end].to_vec(),
                spread: known.spread[start..end].to_vec(),
                episodes: episodes.map(|e| e.shifted(start as isize)).collect(),
                ..Walk::default()
            }
        });
        let hindsight = vec![1.0; walk.episodes.len()];
        Scored { watched, walk, scale: track.scale, change_points, hindsight, part_shifts: Vec::new() }
    }
}

/// Surges and drops of single domains: where one takes over from another.
pub(super) struct Sides(Vec<(Key, f64, usize)>);

impl Sides {
    pub(super) fn of(found: impl Iterator<Item = (Key, f64, usize)>) -> Sides {
        Sides(found.filter(|(key, ..)| !key.domain.is_empty()).collect())
    }

    /// Whether another domain of the outlet went the other way within `near` periods, in the same country.
    pub(super) fn displaced(&self, key: &Key, sign: f64, onset: usize, near: usize) -> bool {
        !key.domain.is_empty()
            && self.0.iter().any(|(other, other_sign, at)| {
                let same = other.outlet == key.outlet && other.country == key.country && other.domain != key.domain;
                same && *other_sign != sign && at.abs_diff(onset) <= near
            })
    }

    pub(super) fn mark(&self, alert: &mut Alert, near: usize, onset: usize) {
        let sign = if alert.flags.contains(&Flag::Drop) { -1.0 } else { 1.0 };
        if self.displaced(&alert.key, sign, onset, near) {
            alert.flags.insert(Flag::Displacement);
        }
    }
}
