//! The walk through all series together, which can be interrupted and taken up again.

use super::{Name, number};
use crate::aggregate::{self, Watched};
use crate::detect::surge::{Episode, Settings, Walker};
use crate::error::{Error, Result};
use crate::pipeline::{Options, in_parallel};
use crate::series::{Level, Panel, Role};
use crate::stats::plain::Plain;
use crate::stats::scale::Scale;
use crate::time::{Grid, Step};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

/// What one observed period said about an episode of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Period, on the grid of the pass.
    pub t: usize,
    /// Number of the series.
    pub series: usize,
    /// The episode as it stood after that period.
    pub episode: Episode,
}

/// One series and how far it has been walked.
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) watched: Watched,
    pub(crate) scale: Scale,
    pub(crate) settings: Settings,
    walk: State,
    /// Periods that were judged.
    judged: usize,
    /// First period in which there was reason to watch it as a series of its own.
    since: usize,
}

/// How a walk is held. One in memory takes the room of eight series, so a job with many series holds those alone that
/// have something to say.
#[derive(Debug)]
enum State {
    /// References are looked at, not walked.
    None,
    /// As bytes; empty before the first period.
    Saved(Vec<u8>),
    /// In memory.
    Walking(Box<Walker>),
}

/// The number of a series and the bytes of its walk.
pub(crate) type Saved = (usize, Vec<u8>);

/// All series of a panel, walked up to a period.
#[derive(Debug)]
pub struct Pass {
    pub(crate) grid: Grid,
    pub(crate) tracks: Vec<Track>,
    pub(crate) known: HashMap<Name, usize>,
    /// Periods walked so far.
    pub(crate) walked: usize,
    jobs: usize,
    judge_from: usize,
    memory: usize,
}

impl Pass {
    /// The series of a panel, from its beginning or, where `saved` has the bytes of an earlier [`Pass::save`], from
    /// there. The panel must then begin a whole number of weeks after the panel of the first pass, and reach back
    /// [`super::horizon`] periods before what was walked.
    ///
    /// # Errors
    /// Bytes that are not those of a walk.
    pub fn new(
        panel: &Panel,
        options: &Options,
        saved: &mut dyn FnMut(Level, &crate::series::Key) -> Option<Vec<u8>>,
    ) -> Result<Pass> {
        let grid = panel.grid;
        let season = grid.step.seasons().last().map_or(1, |s| grid.step.periods_in(*s));
        let watched = aggregate::watched_online(panel, options.by_domain, season);
        let since = since(&watched, panel);
        let tracks = watched.into_iter().zip(since).map(|(watched, since)| {
            let bytes = saved(watched.level, &watched.series.key);
            track(watched, since, &grid, options, bytes)
        });
        let tracks: Vec<Track> = tracks.collect::<Result<_>>()?;
        let names = tracks.iter().enumerate().map(|(i, t)| ((t.watched.level, t.watched.series.key.clone()), i));
        let judge_from = options
            .judge_from
            .map_or(0, |time| ((time - grid.start).div_euclid(grid.step.seconds())).clamp(0, grid.len as i64) as usize);
        let memory = super::horizon(options, grid.step);
        Ok(Pass { grid, known: names.collect(), tracks, walked: 0, jobs: options.jobs, judge_from, memory })
    }

    /// Walks every series up to period `end` (not included), and holds all walks in memory. What was seen, by period,
    /// then by series.
    ///
    /// # Errors
    /// Bytes that are not those of a walk.
    pub fn advance(&mut self, end: usize) -> Result<Vec<Look>> {
        self.each(end, |_, track, base, looks| {
            let mut walker = track.take_walker(base)?;
            walker.advance(&track.x(end), &mut |t, episode| looks(t, episode));
            (track.judged, track.walk) = (walker.known().judged, State::Walking(Box::new(walker)));
            Ok(())
        })
    }

    /// Walks every series to the end of its values. With a `boundary`, the walks are saved as they stand there: what a
    /// later pass goes on from. Holds in memory those alone that have something to say.
    ///
    /// # Errors
    /// Bytes that are not those of a walk.
    pub fn finish(&mut self, boundary: Option<usize>) -> Result<(Vec<Look>, Vec<Saved>)> {
        let (end, memory) = (self.grid.len, self.memory);
        let saved = Mutex::new(Vec::new());
        let looks = self.each(end, |series, track, base, looks| {
            let mut walker = track.take_walker(base)?;
            let (x, mut seen) = (track.x(end), 0);
            if let Some(boundary) = boundary {
                walker.advance(&x[..boundary.max(walker.len())], &mut |t, episode| {
                    seen += 1;
                    looks(t, episode);
                });
                if let Ok(mut saved) = saved.lock() {
                    saved.push((series, bytes_of(track.scale, &walker, base, memory)));
                }
            }
            walker.advance(&x, &mut |t, episode| {
                seen += 1;
                looks(t, episode);
            });
            track.judged = walker.known().judged;
            if seen > 0 || walker.current().is_some() || matches!(track.walk, State::None) {
                track.walk = State::Walking(Box::new(walker));
            }
            Ok(())
        })?;
        let mut saved = saved.into_inner().unwrap_or_default();
        saved.sort_by_key(|(series, _)| *series);
        Ok((looks, saved))
    }

    /// Does something with every series that is walked, on all threads, and gathers what was seen.
    fn each(
        &mut self,
        end: usize,
        work: impl Fn(usize, &mut Track, usize, &mut dyn FnMut(usize, &Episode)) -> Result<()> + Sync,
    ) -> Result<Vec<Look>> {
        let (judge_from, base) = (self.judge_from, number(&self.grid, 0));
        let numbered: Vec<(usize, Track)> = std::mem::take(&mut self.tracks).into_iter().enumerate().collect();
        let walked = in_parallel(numbered, self.jobs, &|_, _| {}, |(series, mut track)| {
            let mut looks = Vec::new();
            let since = track.since.max(judge_from);
            let mut done = Ok(());
            if !matches!(track.walk, State::None) {
                done = work(series, &mut track, base, &mut |t, episode: &Episode| {
                    if t >= since {
                        looks.push(Look { t, series, episode: episode.clone() });
                    }
                });
            }
            done.map(|()| (track, looks))
        });
        let mut looks = Vec::new();
        for done in walked {
            let (track, seen) = done?;
            looks.extend(seen);
            self.tracks.push(track);
        }
        looks.sort_by_key(|look| (look.t, look.series));
        self.walked = end;
        Ok(looks)
    }

    /// The walk of a series up to where the pass is; `None` for a reference.
    pub(crate) fn walker(&self, series: usize) -> Option<Cow<'_, Walker>> {
        let track = &self.tracks[series];
        match &track.walk {
            State::None => None,
            State::Walking(walker) => Some(Cow::Borrowed(walker)),
            State::Saved(bytes) => {
                let mut walker = restored(bytes, &track.settings, number(&self.grid, 0))?;
                walker.advance(&track.x(self.walked), &mut |_, _| {});
                Some(Cow::Owned(walker))
            }
        }
    }

    /// Number of series.
    pub fn len(&self) -> usize {
        self.tracks.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty()
    }

    /// Name of a series.
    pub fn name(&self, series: usize) -> (Level, &crate::series::Key) {
        let watched = &self.tracks[series].watched;
        (watched.level, &watched.series.key)
    }

    /// The series of that name with everything known of it, scored in one go: for charts.
    pub fn describe(
        &self,
        level: Level,
        key: &crate::series::Key,
        alert: &crate::alert::Alert,
        options: &Options,
    ) -> Option<crate::alert::ScoredSeries> {
        let track = &self.tracks[*self.known.get(&(level, key.clone()))?];
        let scored = crate::pipeline::score::score(track.watched.clone(), &self.grid, options);
        let stretch = self.grid.index_of(alert.onset).zip(self.grid.index_of(alert.end));
        let stretches: Vec<(usize, usize)> = stretch.into_iter().collect();
        let drop = alert.flags.contains(&crate::alert::Flag::Drop);
        let (surges, drops) = if drop { (&[][..], &stretches[..]) } else { (&stretches[..], &[][..]) };
        Some(scored.describe(surges, drops, options.interval))
    }

    /// Grid of the pass.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Number of series that are judged.
    pub fn judged(&self) -> usize {
        self.tracks.iter().filter(|track| track.judged > 0).count()
    }

    /// What the walk of a series has learnt, as bytes; `None` for a reference.
    pub fn save(&self, series: usize) -> Option<Vec<u8>> {
        let walker = self.walker(series)?;
        Some(bytes_of(self.tracks[series].scale, &walker, number(&self.grid, 0), self.memory))
    }
}

impl Track {
    /// The walk as it is held, to be put back when it has gone on.
    fn take_walker(&mut self, base: usize) -> Result<Walker> {
        match std::mem::replace(&mut self.walk, State::None) {
            State::None => Ok(Walker::new(&self.settings)),
            State::Walking(walker) => Ok(*walker),
            State::Saved(bytes) => {
                let walker = restored(&bytes, &self.settings, base).ok_or_else(|| broken(&self.watched))?;
                self.walk = State::Saved(bytes);
                Ok(walker)
            }
        }
    }

    /// Values up to `end` on the working scale.
    pub(crate) fn x(&self, end: usize) -> Vec<f64> {
        self.watched.series.values[..end].iter().map(|value| self.scale.forward(*value)).collect()
    }
}

/// A walk with the scale it was made on.
fn bytes_of(scale: Scale, walker: &Walker, base: usize, memory: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    offset(scale).put(&mut bytes);
    bytes.extend(walker.save(base, memory));
    bytes
}

fn broken(watched: &Watched) -> Error {
    Error::input("what is known of the walk through the series cannot be read by this version")
        .in_series(watched.series.key.label())
}

fn restored(bytes: &[u8], settings: &Settings, base: usize) -> Option<Walker> {
    let mut rest = bytes;
    if bytes.is_empty() {
        return Some(Walker::new(settings));
    }
    Option::<f64>::read(&mut rest)?;
    Walker::restore(settings, rest, base)
}

fn offset(scale: Scale) -> Option<f64> {
    match scale {
        Scale::Log { offset } => Some(offset),
        _ => None,
    }
}

fn track(watched: Watched, since: usize, grid: &Grid, options: &Options, bytes: Option<Vec<u8>>) -> Result<Track> {
    let (kind, values) = (watched.series.kind, &watched.series.values);
    let mut settings = Settings::for_step(grid.step, options.baseline_days, options.gap_days, Scale::COUNT);
    let bytes = bytes.unwrap_or_default();
    let known = if bytes.is_empty() {
        None
    } else {
        Option::<f64>::read(&mut bytes.as_slice()).ok_or_else(|| broken(&watched))?
    };
    let first = Scale::of(kind, values, settings.baseline.min_observed);
    let scale = known.map_or(first, |offset| Scale::Log { offset });
    settings.scale = scale;
    let walk = match watched.series.role {
        Role::Reference => State::None,
        Role::State => State::Saved(bytes),
    };
    Ok(Track { watched, scale, settings, walk, judged: 0, since })
}

/// When each series became one of its own: a part of an outlet when the outlet's second domain appeared, all countries
/// together when a second country did; others with the data.
fn since(watched: &[Watched], panel: &Panel) -> Vec<usize> {
    let first = |values: &[f64]| values.iter().position(|v| !v.is_nan()).unwrap_or(values.len());
    let mut countries: BTreeMap<&str, usize> = BTreeMap::new();
    for one in panel.series.iter().filter(|s| !s.key.country.is_empty()) {
        let seen = countries.entry(&one.key.country).or_insert(usize::MAX);
        *seen = (*seen).min(first(&one.values));
    }
    let second = |mut firsts: Vec<usize>| {
        firsts.sort_unstable();
        firsts.get(1).copied().unwrap_or(0)
    };
    let two_countries = second(countries.values().copied().collect());
    let mut parts: BTreeMap<(&str, &str, &str), Vec<usize>> = BTreeMap::new();
    for one in watched.iter().filter(|w| w.part) {
        let key = &one.series.key;
        parts.entry((&key.state, &key.outlet, &key.country)).or_default().push(first(&one.series.values));
    }
    let of = |one: &Watched| {
        let key = &one.series.key;
        if one.part {
            second(parts[&(key.state.as_str(), key.outlet.as_str(), key.country.as_str())].clone())
        } else if key.country.is_empty() {
            two_countries
        } else {
            0
        }
    };
    watched.iter().map(of).collect()
}

/// Periods after which seasons repeat: a panel may begin so many later than the first, or a multiple.
pub fn cycle(step: Step) -> usize {
    step.seasons().iter().map(|season| step.periods_in(*season)).max().unwrap_or(1)
}
