//! Every test that was made, and what was told of it.
//!
//! An episode is one test, begun when it is detected, at the level that LORD++ gives it then (see
//! [`crate::stats::fdr::lord_begin`]). Only episodes are tested, and they open at a known improbability τ of one
//! period: under the null hypothesis p/τ of what has opened is uniform, which is why the stretches that did not open
//! cost nothing (Tian & Ramdas 2019, NeurIPS, "ADDIS": discarding). While the episode lasts its evidence is looked at
//! again every period; look n may spend 1/(n(n + 1)) of the level, which adds up to the whole.

use super::figures::{self, Sides};
use super::{Look, Name, Pass, number};
use crate::alert::{Alert, Change, Event, Severity, Status, Told};
use crate::detect::surge::{Episode, OPEN_P};
use crate::pipeline::{Options, periods};
use crate::stats::fdr::{Lord, lord_begin, lord_discover};
use crate::stats::plain::{Plain, plain};
use crate::time::Seconds;
use std::collections::HashMap;

/// State of all tests: plain data, to be kept between runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    /// Tests of surges.
    surges: Lord,
    /// Tests of drops: a family of their own.
    drops: Lord,
    /// Episodes that may still change.
    tests: Vec<Test>,
}

/// One test. Periods are numbered as by [`number`].
#[derive(Clone, Debug, PartialEq)]
struct Test {
    level_name: String,
    state: String,
    outlet: String,
    domain: String,
    country: String,
    episode: Episode,
    /// First period of the episode as first seen: with the series it is the alert's identity.
    identity: usize,
    /// Level of the test.
    level: f64,
    first_look: usize,
    last_look: usize,
    looks: u32,
    /// Smallest p-value so far, adjusted for the looks.
    p: f64,
    found: bool,
    /// Whether it has been counted as a discovery: wealth is earned once.
    counted: bool,
    /// Steps of its life that were told.
    steps: u32,
    /// The alert as last told.
    told: Option<Last>,
    /// The episode the last figures are of.
    measured: Option<Episode>,
}

/// What was last told of an alert, as far as it decides what is told next.
#[derive(Clone, Debug, PartialEq)]
struct Last {
    period: usize,
    severity: u8,
    lift: f64,
    low: f64,
    high: f64,
    open: bool,
    episode: Episode,
}

plain!(Last { period, severity, lift, low, high, open, episode });
plain!(Test {
    level_name,
    state,
    outlet,
    domain,
    country,
    episode,
    identity,
    level,
    first_look,
    last_look,
    looks,
    p,
    found,
    counted,
    steps,
    told,
    measured
});
plain!(Ledger { surges, drops, tests });

/// The figures of an alert were computed anew.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The alert as it stands.
    pub alert: Alert,
    /// What there is to tell, if anything.
    pub change: Option<Change>,
    /// Number of the step in the alert's life.
    pub step: u32,
}

impl Outcome {
    /// What there is to tell, if anything, at the end of `period`.
    pub fn told(self, period: Seconds) -> Option<Told> {
        let key = format!("{}-{}", self.alert.id, self.step);
        self.change.map(|change| Told { key, change, period, alert: self.alert })
    }
}

/// Updates about peak and end alone are told once in so many days.
const PROGRESS_DAYS: f64 = 7.0;
/// A closed episode is kept this long beyond what is walked anew, because other domains may take over from it.
const NEAR_DAYS: f64 = 14.0;

impl Ledger {
    /// The state as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.put(&mut bytes);
        bytes
    }

    /// The state from its bytes; `None` if they are none.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Ledger> {
        Ledger::read(&mut bytes).filter(|_| bytes.is_empty())
    }

    /// Tests made so far: surges, drops.
    pub fn tests(&self) -> (u64, u64) {
        (self.surges.tests, self.drops.tests)
    }

    /// Discoveries so far: surges, drops.
    pub fn discoveries(&self) -> (usize, usize) {
        (self.surges.discoveries.len(), self.drops.discoveries.len())
    }

    /// Takes in what was seen in the periods from `from` on. Where they had been looked at before, what was seen then
    /// is replaced: the data may have been revised.
    pub fn decide(&mut self, pass: &Pass, looks: &[Look], from: usize, options: &Options) {
        let from = number(&pass.grid, from);
        for test in self.tests.iter_mut().filter(|test| test.first_look >= from) {
            (test.looks, test.p, test.found) = (0, f64::INFINITY, false);
        }
        let mut by_series: HashMap<(usize, bool), Vec<usize>> = HashMap::new();
        for (i, test) in self.tests.iter().enumerate() {
            if let Some(&series) = pass.known.get(&test.name()) {
                by_series.entry((series, test.episode.sign > 0.0)).or_default().push(i);
            }
        }
        let mut touched = vec![false; self.tests.len()];
        let base = number(&pass.grid, 0) as isize;
        for look in looks {
            let (t, episode) = (number(&pass.grid, look.t), look.episode.shifted(-base));
            let same = by_series.entry((look.series, episode.sign > 0.0)).or_default();
            let overlaps = |i: &usize| self.tests[*i].overlaps(&episode);
            let i = same.iter().rev().copied().find(overlaps).unwrap_or_else(|| {
                let family = if episode.sign > 0.0 { &mut self.surges } else { &mut self.drops };
                let (level, next) = lord_begin(std::mem::take(family), options.fdr);
                *family = next;
                same.push(self.tests.len());
                touched.push(false);
                self.tests.push(Test::new(pass.name(look.series), &episode, level, t));
                self.tests.len() - 1
            });
            let test = &mut self.tests[i];
            if !touched[i] && test.first_look >= from {
                test.first_look = t;
            }
            touched[i] = true;
            if test.look(t, episode, from) {
                let family = if test.episode.sign > 0.0 { &mut self.surges } else { &mut self.drops };
                *family = lord_discover(std::mem::take(family));
            }
        }
        self.forget(pass, &touched, from);
    }

    /// What was there and is no more; and what is too old to change.
    fn forget(&mut self, pass: &Pass, touched: &[bool], from: usize) {
        let near = periods(NEAR_DAYS, pass.grid.step);
        for (test, touched) in self.tests.iter_mut().zip(touched) {
            if !touched && test.last_look >= from {
                test.found = false;
            }
        }
        let mut touched = touched.iter();
        self.tests.retain(|test| {
            let touched = *touched.next().unwrap_or(&true);
            let gone = !touched && test.last_look >= from;
            let old = !test.episode.open && test.last_look + near < from;
            (!gone || test.told.is_some()) && !old
        });
    }

    /// The alerts whose figures are new, after [`Ledger::decide`]. `revised` tells which series had values changed
    /// that were known before.
    pub fn tell(
        &mut self,
        pass: &Pass,
        events: &[Event],
        options: &Options,
        revised: &dyn Fn(usize) -> bool,
    ) -> Vec<Outcome> {
        let now = number(&pass.grid, 0) + pass.walked.saturating_sub(1);
        let sides =
            Sides::of(self.tests.iter().filter(|t| t.found).map(|t| (t.key(), t.episode.sign, t.episode.onset)));
        let mut references = None;
        let mut outcomes = Vec::new();
        let mut gone = Vec::new();
        for (i, test) in self.tests.iter_mut().enumerate() {
            let Some(&series) = pass.known.get(&test.name()) else { continue };
            let silent = test.told.is_none() && !test.is_alert(pass, series, options);
            if silent || !test.due(&sides, pass, series, revised(series)) {
                continue;
            }
            let verdict = figures::Verdict { p: test.p.min(1.0), q: (test.p * options.fdr / test.level).min(1.0) };
            let references = references.get_or_insert_with(|| figures::References::of(pass));
            let place = figures::Place { pass, series, base: number(&pass.grid, 0) };
            let Some(mut alert) = place.alert(&test.episode, test.identity, &verdict, events, references, options)
            else {
                continue;
            };
            sides.mark(&mut alert, periods(NEAR_DAYS, pass.grid.step), test.episode.onset);
            let change = test.change(&alert, now, periods(PROGRESS_DAYS, pass.grid.step));
            test.measured = Some(test.episode.clone());
            if change.is_some() {
                test.steps += 1;
                test.told = Some(Last::of(&alert, &test.episode, now));
            }
            if change == Some(Change::Retracted) {
                gone.push(i);
            }
            outcomes.push(Outcome { alert, change, step: test.steps });
        }
        for i in gone.into_iter().rev() {
            self.tests.remove(i);
        }
        outcomes.sort_by(|a, b| {
            (a.alert.onset, &a.alert.key, &a.alert.id).cmp(&(b.alert.onset, &b.alert.key, &b.alert.id))
        });
        outcomes
    }
}

impl Test {
    fn new(
        (level_name, key): (crate::series::Level, &crate::series::Key),
        episode: &Episode,
        level: f64,
        t: usize,
    ) -> Test {
        Test {
            level_name: level_name.name().into(),
            state: key.state.clone(),
            outlet: key.outlet.clone(),
            domain: key.domain.clone(),
            country: key.country.clone(),
            episode: episode.clone(),
            identity: episode.first_seen,
            level,
            first_look: t,
            last_look: 0,
            looks: 0,
            p: f64::INFINITY,
            found: false,
            counted: false,
            steps: 0,
            told: None,
            measured: None,
        }
    }

    fn key(&self) -> crate::series::Key {
        crate::series::Key {
            state: self.state.clone(),
            outlet: self.outlet.clone(),
            domain: self.domain.clone(),
            country: self.country.clone(),
        }
    }

    fn name(&self) -> Name {
        use crate::series::Level;
        let levels = [Level::Domain, Level::Outlet, Level::State];
        let level = levels.into_iter().find(|level| level.name() == self.level_name).unwrap_or(Level::Outlet);
        (level, self.key())
    }

    fn overlaps(&self, other: &Episode) -> bool {
        self.episode.first_seen <= other.end && other.first_seen <= self.episode.end
    }

    /// One more look; whether it makes the test a discovery for the first time.
    fn look(&mut self, t: usize, episode: Episode, from: usize) -> bool {
        if t > self.last_look || self.first_look >= from {
            self.looks += 1;
            let n = f64::from(self.looks);
            self.p = self.p.min(episode.p * n * (n + 1.0) / OPEN_P);
            self.found |= self.p <= self.level;
            self.last_look = t;
        }
        self.episode = episode;
        let first = self.found && !self.counted;
        self.counted |= first;
        first
    }

    /// Whether its figures must be computed: it is an alert or was one, and something about it is new.
    fn due(&self, sides: &Sides, pass: &Pass, series: usize, revised: bool) -> bool {
        if !self.found {
            return self.told.is_some();
        }
        if pass.tracks[series].watched.part && self.told.is_none() {
            let near = periods(NEAR_DAYS, pass.grid.step);
            return sides.displaced(&self.key(), self.episode.sign, self.episode.onset, near);
        }
        revised || self.measured.as_ref() != Some(&self.episode)
    }

    /// Whether it passes the floors.
    fn is_alert(&self, pass: &Pass, series: usize, options: &Options) -> bool {
        let place = figures::Place { pass, series, base: number(&pass.grid, 0) };
        self.found && !place.below_floor(&self.episode, options) && place.persists(&self.episode, options)
    }

    fn change(&self, alert: &Alert, now: usize, progress: usize) -> Option<Change> {
        let Some(last) = &self.told else { return Some(Change::Opened) };
        if !self.found {
            return Some(Change::Retracted);
        }
        let open = alert.status == Status::Open;
        if last.open && !open {
            return Some(Change::Closed);
        }
        let elsewhere = alert.lift.point < last.low || alert.lift.point > last.high;
        let other = last.open != open
            || last.severity != severity(alert.severity)
            || last.episode.onset != self.episode.onset
            || (elsewhere && !alert.lift.point.is_nan());
        let moved = last.episode.peak != self.episode.peak || last.episode.end != self.episode.end;
        (other || (moved && now >= last.period + progress)).then_some(Change::Updated)
    }
}

impl Last {
    fn of(alert: &Alert, episode: &Episode, period: usize) -> Last {
        Last {
            period,
            severity: severity(alert.severity),
            lift: alert.lift.point,
            low: alert.lift.low,
            high: alert.lift.high,
            open: alert.status == Status::Open,
            episode: episode.clone(),
        }
    }
}

fn severity(severity: Severity) -> u8 {
    match severity {
        Severity::Low => 0,
        Severity::Medium => 1,
        Severity::High => 2,
    }
}
