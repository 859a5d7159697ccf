//! One run: take in what is new, judge it, write down what that means, tell it.
//!
//! Everything decided is written in one transaction, deliveries included ([`Engine::score`]); only then is anybody
//! told. A run that dies before leaves nothing behind; one that dies after leaves its messages to the next.

mod standing;

pub use standing::Standing;

use super::config::{Config, Delivery};
use super::filter;
use super::memory::{Laid, Memory};
use super::store::{Change as Written, Fingerprint, Store};
use super::tail::{Tail, Taken};
use super::transition::{Change, Record, Transition};
use crate::alert::{self, Alert, Event, Status};
use crate::error::{Error, Result};
use crate::measure::confounder::Context;
use crate::pipeline::online::{Outcome, Pass, cycle, horizon};
use crate::pipeline::{self, Options};
use crate::series::{Key, Level, Panel};
use crate::time::{Grid, Seconds, Step};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A run over the store of one job.
#[derive(Debug)]
pub struct Engine<'a> {
    store: Store,
    config: &'a Config,
    options: Options,
    events: &'a [Event],
    context: &'a Context,
    now: Seconds,
    run: i64,
    memory: Memory,
    tail: Option<Tail>,
    read: Vec<Fingerprint>,
    taken: Taken,
    pass: Option<Pass>,
    alerts: BTreeMap<String, Alert>,
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Series judged.
    pub series: usize,
    /// Periods judged for the first time.
    pub periods: usize,
    /// What there is to tell, in order.
    pub transitions: Vec<Transition>,
    /// The last period with data.
    pub newest: Option<Seconds>,
    /// Periods without new data, if they are too many.
    pub silent: Option<i64>,
    /// Sentences for the log.
    pub notes: Vec<String>,
}

/// The walks are saved when so many days have gone by: each of the days between is walked again by every run.
const SAVE_DAYS: f64 = 7.0;
/// The walks' own version: another one means that they are made anew from the values kept.
const WALKS: u32 = 5;
/// The store is tidied so often.
const TIDY_DAYS: i64 = 28;

impl<'a> Engine<'a> {
    /// Begins a run.
    ///
    /// # Errors
    /// The store's own word; settings that do not fit each other.
    pub fn begin(
        mut store: Store,
        config: &'a Config,
        options: &Options,
        events: &'a [Event],
        context: &'a Context,
        (started, now): (Seconds, Seconds),
    ) -> Result<(Engine<'a>, Vec<String>)> {
        let memory = Memory::read(&mut store)?;
        let mut notes = Vec::new();
        if let Some(before) = memory.now.filter(|before| *before > now) {
            notes.push(format!(
                "the clock went back: the last run was at {}, this one is at {}; what is known stays known",
                moment(before),
                moment(now)
            ));
        }
        let run = store.begin(started, now)?;
        let options = options.clone();
        let (read, taken, alerts) = (Vec::new(), Taken::default(), BTreeMap::new());
        let (tail, pass) = (None, None);
        let engine =
            Engine { store, config, options, events, context, now, run, memory, tail, read, taken, pass, alerts };
        Ok((engine, notes))
    }

    /// Number of the run.
    pub fn run(&self) -> i64 {
        self.run
    }

    /// The store.
    pub fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    /// Step of the store; `None` before the first data.
    pub fn step(&self) -> Option<Step> {
        self.memory.grid.map(|grid| grid.step)
    }

    /// Start of the first period that may still change.
    pub fn frozen(&self) -> Option<Seconds> {
        self.memory.grid.map(|grid| grid.walked)
    }

    /// Takes in a file's values.
    ///
    /// # Errors
    /// Values that do not fit those in the store.
    pub fn take(&mut self, panel: &Panel) -> Result<Taken> {
        let (frozen, judged) = self.memory.grid.map_or((Seconds::MIN, Seconds::MIN), |g| (g.walked, g.judged));
        let start = panel.grid.start;
        if self.tail.is_none() {
            self.tail = Some(match self.memory.grid {
                Some(_) => self.load_tail()?,
                None => Tail::new(panel.grid.step, start, Vec::new(), Vec::new())?,
            });
        }
        let fresh = self.memory.grid.is_none();
        let Some(tail) = &mut self.tail else { return Ok(Taken::default()) };
        if fresh && start < tail.grid().start {
            tail.extend_back(start)?;
        }
        let taken = tail.take(panel, frozen, judged)?;
        self.taken.add(taken);
        Ok(taken)
    }

    /// Notes that a file has been read, whatever it brought.
    pub fn note_input(&mut self, file: Fingerprint) {
        self.read.push(file);
    }

    /// What the files brought so far.
    pub fn taken(&self) -> Taken {
        self.taken
    }

    /// What the walks depend on beside the values.
    fn walks_of(&self) -> String {
        let Options { baseline_days, gap_days, by_domain, .. } = self.options;
        format!("{WALKS} {baseline_days} {gap_days} {by_domain}")
    }

    fn load_tail(&mut self) -> Result<Tail> {
        let Some(grid) = self.memory.grid else { return Err(Error::input("the store is empty")) };
        let first = self.store.span()?.map_or(grid.origin, |span| span.0);
        let fitting = self.memory.walks_of == self.walks_of();
        let start = if fitting { self.base(&grid).max(first) } else { first };
        Tail::new(grid.step, aligned(&grid, start), self.store.series()?, self.store.tail(aligned(&grid, start))?)
    }

    /// Start of what must be in memory to walk on.
    fn base(&self, grid: &Laid) -> Seconds {
        aligned(grid, grid.walked - horizon(&self.options, grid.step) as i64 * grid.step.seconds())
    }

    /// Judges what is new and writes down what there is to tell, all in one transaction.
    ///
    /// # Errors
    /// The store's own word; nothing was changed then.
    pub fn score(&mut self) -> Result<Summary> {
        let mut summary = Summary::default();
        let mut written = Written { inputs: std::mem::take(&mut self.read), ..Written::default() };
        let mut channels: Vec<(Transition, Vec<String>)> = Vec::new();
        if self.tail.as_ref().is_some_and(Tail::is_changed) {
            self.judge(&mut written, &mut channels, &mut summary)?;
        }
        self.listen(&mut channels, &mut summary)?;
        self.memory.now = Some(self.memory.now.map_or(self.now, |before| before.max(self.now)));
        written.meta = self.memory.values();
        summary.transitions = channels.iter().map(|(transition, _)| transition.clone()).collect();
        written.transitions = channels;
        self.store.commit(&written, self.run, self.now)?;
        if let Some(tail) = &mut self.tail {
            tail.settle();
        }
        Ok(summary)
    }

    fn judge(
        &mut self,
        written: &mut Written,
        channels: &mut Vec<(Transition, Vec<String>)>,
        summary: &mut Summary,
    ) -> Result<()> {
        let first = self.memory.grid.is_none();
        if first {
            self.lay()?;
        }
        let (Some(mut grid), Some(tail)) = (self.memory.grid, &self.tail) else { return Ok(()) };
        let span = tail.grid();
        let index = |time: Seconds| ((time - span.start).div_euclid(span.step.seconds())).max(0) as usize;
        let (from, judged) = (index(grid.walked), index(grid.judged));
        let fitting = !first && self.memory.walks_of == self.walks_of();
        if !first && !fitting {
            summary.notes.push(
                "other options or another version than before: the series are walked anew from what is kept".into(),
            );
        }
        let mut walks = if fitting { self.store.walks()? } else { HashMap::new() };
        let panel = tail.panel();
        let mut pass = Pass::new(&panel, &self.options, &mut |level, key: &Key| walks.remove(&(level, key.clone())))?;
        drop((panel, walks));
        // The walks of what can no longer change are kept; those of the days since are made again by every run.
        let lookback = self.periods(&self.config.watch.lookback, "lookback", span.step)?;
        let boundary = span.len.saturating_sub(lookback).max(from);
        let save = !fitting || boundary >= from + pipeline::periods(SAVE_DAYS, span.step).max(1);
        let (mut looks, walks) = pass.finish(save.then_some(boundary))?;
        if save {
            written.walks = Some(named(&pass, walks));
            grid.walked = span.time(boundary);
        }
        looks.retain(|look| look.t >= from);
        let revised = revised(tail);
        self.memory.ledger.decide(&pass, &looks, from, &self.options);
        let outcomes = self.memory.ledger.tell(&pass, self.events, &self.options, &|series| {
            let (level, key) = pass.name(series);
            revised.contains(&(level, key.clone()))
        });
        grid.judged = span.end();
        self.memory.grid = Some(grid);
        self.memory.walks_of = self.walks_of();
        (written.series, written.periods) = tail.changes();
        summary.series = pass.judged();
        summary.periods = span.len.saturating_sub(if first { 0 } else { judged });
        for outcome in outcomes {
            self.write_down(outcome, first, written, channels)?;
        }
        self.pass = Some(pass);
        Ok(())
    }

    /// The grid of a new store: the last stretch of the data.
    fn lay(&mut self) -> Result<()> {
        let Some(tail) = &mut self.tail else { return Ok(()) };
        let (step, len) = (tail.grid().step, tail.len());
        let keep = keep_days(self.config)?;
        let kept = pipeline::periods(keep, step).max(horizon(&self.options, step));
        tail.cut(tail.grid().time(len.saturating_sub(kept)))?;
        let origin = tail.grid().start;
        self.memory.grid = Some(Laid { step, origin, walked: origin, judged: origin });
        Ok(())
    }

    fn periods(&self, span: &str, option: &str, step: Step) -> Result<usize> {
        Ok(pipeline::periods(days(span, option)?, step))
    }

    /// Writes down an alert, and what there is to tell of it to whom.
    fn write_down(
        &mut self,
        mut outcome: Outcome,
        first: bool,
        written: &mut Written,
        channels: &mut Vec<(Transition, Vec<String>)>,
    ) -> Result<()> {
        let keys = self.tail.iter().flat_map(Tail::keys);
        pipeline::coincide(&mut outcome.alert, keys, self.context);
        let mut record = Record::of(&outcome.alert)?;
        if outcome.change == Some(alert::Change::Retracted) {
            record.status = "retracted".into();
        }
        written.alerts.push(record.clone());
        self.alerts.insert(outcome.alert.id.clone(), outcome.alert.clone());
        let Some(change) = outcome.change else { return Ok(()) };
        let before = self.store.last_told(&outcome.alert.id)?.map(|told| told.alert);
        let muted = filter::muted(&outcome.alert, &self.config.watch.mute, self.events);
        // A job that begins with years of history tells of what goes on, not of what is long over.
        let past = first && outcome.alert.status == Status::Closed;
        let note = match (muted, past) {
            (Some(event), _) => Some(format!("not told: it began during '{}'", event.name)),
            (None, true) => Some("not told: it was over before the first run".into()),
            (None, false) => None,
        };
        let key = format!("{}-{}", outcome.alert.id, outcome.step);
        let silent = note.is_some();
        let transition = Transition { key, change: change.into(), at: self.now, alert: record, before, note };
        let to = if silent { Vec::new() } else { self.channels(&transition, Some(&outcome.alert))? };
        channels.push((transition, to));
        Ok(())
    }

    /// The channels that tell a transition; those that want digests with a mark.
    fn channels(&mut self, transition: &Transition, alert: Option<&Alert>) -> Result<Vec<String>> {
        let mut to = Vec::new();
        for delivery in &self.config.deliveries {
            let known = match alert {
                Some(alert) => self.store.was_told(&delivery.name, &alert.id)?,
                None => false,
            };
            if filter::passes(delivery, transition, alert, known) {
                to.push(if delivery.digest { format!("~{}", delivery.name) } else { delivery.name.clone() });
            }
        }
        Ok(to)
    }

    /// A dead feed is not peace: no new data for long is told once, and so is their return.
    fn listen(&mut self, channels: &mut Vec<(Transition, Vec<String>)>, summary: &mut Summary) -> Result<()> {
        let Some(grid) = self.memory.grid else { return Ok(()) };
        let step = grid.step.seconds();
        let newest = grid.judged - step;
        summary.newest = Some(newest);
        let behind = (self.now - grid.judged).div_euclid(step);
        let limit = i64::from(self.config.watch.silent_after.max(1));
        summary.silent = (behind >= limit).then_some(behind);
        let (change, note) = match (summary.silent, self.memory.silent) {
            (Some(behind), false) => {
                let name = grid.step.name();
                let note = format!("no new data for {behind} {name}s: the last {name} with data is {}", moment(newest));
                (Change::Silent, note)
            }
            (None, true) => (Change::Resumed, format!("data are coming again: the newest are of {}", moment(newest))),
            _ => return Ok(()),
        };
        self.memory.silent = change == Change::Silent;
        // Which silence it is: that after the newest data.
        let key = format!("{}-{newest}", change.name());
        let transition =
            Transition { key, change, at: self.now, alert: Record::default(), before: None, note: Some(note) };
        let to = self.channels(&transition, None)?;
        channels.push((transition, to));
        Ok(())
    }

    /// Forgets what is too old, and tidies the store once in a while.
    ///
    /// # Errors
    /// The store's own word.
    pub fn tidy(&mut self) -> Result<()> {
        let Some(grid) = self.memory.grid else { return Ok(()) };
        let keep = (keep_days(self.config)? * Step::DAY.seconds() as f64) as i64;
        let before = (grid.judged - keep).min(self.base(&grid) - cycle(grid.step) as i64 * grid.step.seconds());
        let due = self.memory.tidied.is_none_or(|at| self.now - at >= TIDY_DAYS * Step::DAY.seconds());
        if due {
            self.store.forget(before)?;
            if self.memory.tidied.is_some() {
                self.store.database().compact()?;
            }
            self.memory.tidied = Some(self.now);
            self.store.set_meta("tidied", self.now.to_string().into_bytes())?;
        }
        Ok(())
    }

    /// The alert of a transition with the series it is of, for its chart; `None` if neither is in memory.
    pub fn picture(&mut self, transition: &Transition) -> Result<Option<(alert::ScoredSeries, Grid, Alert)>> {
        let Some(alert) = self.alerts.get(&transition.alert.alert_id).cloned() else { return Ok(None) };
        let Some(pass) = &self.pass else { return Ok(None) };
        let series = pass.describe(alert.level, &alert.key, &alert, &self.options);
        Ok(series.map(|series| (series, pass.grid(), alert)))
    }

    /// The channel's settings by name.
    pub fn delivery(&self, name: &str) -> Option<&Delivery> {
        self.config.deliveries.iter().find(|delivery| delivery.name == name)
    }
}

impl From<alert::Change> for Change {
    fn from(change: alert::Change) -> Change {
        match change {
            alert::Change::Opened => Change::Opened,
            alert::Change::Updated => Change::Updated,
            alert::Change::Closed => Change::Closed,
            alert::Change::Retracted => Change::Retracted,
        }
    }
}

fn named(pass: &Pass, walks: Vec<(usize, Vec<u8>)>) -> Vec<(Level, Key, Vec<u8>)> {
    let name = |(series, bytes)| {
        let (level, key) = pass.name(series);
        (level, key.clone(), bytes)
    };
    walks.into_iter().map(name).collect()
}

/// Every sum that a revised series may be part of.
fn revised(tail: &Tail) -> HashSet<(Level, Key)> {
    let mut found = HashSet::new();
    for (key, ..) in tail.revised() {
        let outlet = Key { domain: String::new(), ..key.clone() };
        let state = Key { outlet: String::new(), ..outlet.clone() };
        for (level, key) in [(Level::Domain, key.clone()), (Level::Outlet, outlet), (Level::State, state)] {
            found.insert((level, Key { country: String::new(), ..key.clone() }));
            found.insert((level, key));
        }
    }
    found
}

/// The last period at or before `time` that begins a whole number of seasons after the first there ever was.
fn aligned(grid: &Laid, time: Seconds) -> Seconds {
    let span = cycle(grid.step) as i64 * grid.step.seconds();
    grid.origin + (time - grid.origin).div_euclid(span).max(0) * span
}

fn keep_days(config: &Config) -> Result<f64> {
    days(&config.watch.keep, "keep")
}

/// A span of the configuration in days.
pub(super) fn days(text: &str, option: &str) -> Result<f64> {
    let fault = || Error::usage(format!("[watch] {option} = '{text}': expected a span such as 14d, 2w or 36h"));
    let text = text.trim();
    let unit = match text.chars().last() {
        Some('w') => 7.0,
        Some('d') => 1.0,
        Some('h') => 1.0 / 24.0,
        _ => return Err(fault()),
    };
    let number: f64 = text[..text.len() - 1].trim().parse().map_err(|_| fault())?;
    if number.is_finite() && (0.0..=40_000.0).contains(&number) { Ok(number * unit) } else { Err(fault()) }
}

fn moment(time: Seconds) -> String {
    crate::report::cell::moment(time, Step::DAY)
}
