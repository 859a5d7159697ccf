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
use std::collections::{BTreeMap, HashMap};

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
    /// Values on the working scale.
    pub(crate) x: Vec<f64>,
    /// References are looked at, not walked.
    pub(crate) walker: Option<Walker>,
    /// First period in which there was reason to watch it as a series of its own.
    since: usize,
}

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
        saved: &dyn Fn(Level, &crate::series::Key) -> Option<Vec<u8>>,
    ) -> Result<Pass> {
        let grid = panel.grid;
        let season = grid.step.seasons().last().map_or(1, |s| grid.step.periods_in(*s));
        let watched = aggregate::watched_online(panel, options.by_domain, season);
        let since = since(&watched, panel);
        let tracks = watched.into_iter().zip(since).map(|(watched, since)| {
            let bytes = saved(watched.level, &watched.series.key);
            track(watched, since, &grid, options, bytes.as_deref())
        });
        let tracks: Vec<Track> = tracks.collect::<Result<_>>()?;
        let names = tracks.iter().enumerate().map(|(i, t)| ((t.watched.level, t.watched.series.key.clone()), i));
        let judge_from = options
            .judge_from
            .map_or(0, |time| ((time - grid.start).div_euclid(grid.step.seconds())).clamp(0, grid.len as i64) as usize);
        let memory = super::horizon(options, grid.step);
        Ok(Pass { grid, known: names.collect(), tracks, walked: 0, jobs: options.jobs, judge_from, memory })
    }

    /// Walks every series up to period `end` (not included). What was seen, by period, then by series.
    pub fn advance(&mut self, end: usize) -> Vec<Look> {
        let judge_from = self.judge_from;
        let numbered: Vec<(usize, Track)> = std::mem::take(&mut self.tracks).into_iter().enumerate().collect();
        let walked = in_parallel(numbered, self.jobs, &|_, _| {}, |(series, mut track)| {
            let mut looks = Vec::new();
            let since = track.since.max(judge_from);
            if let Some(walker) = &mut track.walker {
                walker.advance(&track.x[..end], &mut |t, episode| {
                    if t >= since {
                        looks.push(Look { t, series, episode: episode.clone() });
                    }
                });
            }
            (track, looks)
        });
        let mut looks = Vec::new();
        self.tracks = walked
            .into_iter()
            .map(|(track, seen)| {
                looks.extend(seen);
                track
            })
            .collect();
        looks.sort_by_key(|look| (look.t, look.series));
        self.walked = end;
        looks
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
        self.tracks.iter().filter(|t| t.walker.as_ref().is_some_and(|w| w.known().judged > 0)).count()
    }

    /// What the walk of a series has learnt, as bytes; `None` for a reference.
    pub fn save(&self, series: usize) -> Option<Vec<u8>> {
        let track = &self.tracks[series];
        let mut bytes = Vec::new();
        offset(track.scale).put(&mut bytes);
        bytes.extend(track.walker.as_ref()?.save(number(&self.grid, 0), self.memory));
        Some(bytes)
    }
}

fn offset(scale: Scale) -> Option<f64> {
    match scale {
        Scale::Log { offset } => Some(offset),
        _ => None,
    }
}

fn track(watched: Watched, since: usize, grid: &Grid, options: &Options, bytes: Option<&[u8]>) -> Result<Track> {
    let (kind, values) = (watched.series.kind, &watched.series.values);
    let mut settings = Settings::for_step(grid.step, options.baseline_days, options.gap_days, Scale::COUNT);
    let broken = || {
        Error::input("what the store knows of the series cannot be read by this version")
            .in_series(watched.series.key.label())
    };
    let mut rest = bytes.unwrap_or_default();
    let known = match bytes {
        Some(_) => Option::<f64>::read(&mut rest).ok_or_else(broken)?,
        None => None,
    };
    let first = Scale::of(kind, values, settings.baseline.min_observed);
    let scale = known.map_or(first, |offset| Scale::Log { offset });
    settings.scale = scale;
    let x: Vec<f64> = values.iter().map(|v| scale.forward(*v)).collect();
    let walker = match (watched.series.role, bytes) {
        (Role::Reference, _) => None,
        (Role::State, None) => Some(Walker::new(&settings)),
        (Role::State, Some(_)) => Some(Walker::restore(&settings, rest, number(grid, 0)).ok_or_else(broken)?),
    };
    Ok(Track { watched, scale, settings, x, walker, since })
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
