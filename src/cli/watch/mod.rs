//! `watch`: one scheduled check. What is read comes from [`inputs`], what is decided from [`crate::watch::engine`], what
//! is told goes through [`deliver`].

mod check;
mod deliver;
mod fetch;
mod inputs;
mod log;
mod look;
mod page;
mod place;

use super::args::Watch;
use super::plan::Plan;
use super::{Outcome, analyze, interrupt};
use crate::config::Settings;
use crate::context;
use crate::error::{Error, Result};
use crate::measure::confounder::Context;
use crate::pipeline;
use crate::time::Seconds;
use crate::watch::config::{Config, severity};
use crate::watch::engine::{Engine, Summary};
use crate::watch::{health, notify};
use log::Log;
use std::path::Path;
use std::time::{Duration, Instant};

pub(crate) fn run(arguments: &Watch) -> Result<Outcome> {
    let mut config = Config::read(&arguments.config)?;
    config.watch.fail_on = arguments.fail_on.or(config.watch.fail_on);
    let log = Log::new(arguments);
    if arguments.status {
        return look::status(&config, arguments.log_format);
    }
    if let Some(format) = arguments.history {
        return look::history(&config, format);
    }
    if let Some(format) = arguments.export {
        return look::export(&config, format);
    }
    let deadline = deadline(arguments.deadline.as_deref())?;
    let plan = plan(&config, arguments)?;
    if arguments.check {
        return check::run(&config, &plan, &log);
    }
    let job =
        Job { config: &config, plan: &plan, log: &log, deadline, started: Instant::now(), clock: analyze::clock() };
    job.run(arguments.new_store)
}

/// The options of the analysis, checked as those of `analyze` are.
fn plan(config: &Config, arguments: &Watch) -> Result<Plan> {
    // The sources are read one by one; here it only matters that there are some.
    let input = config.sources.iter().flat_map(|source| source.input.iter().chain(&source.fetch).cloned()).collect();
    let beside = |files: &[String]| files.iter().map(|file| config.path(file).display().to_string()).collect();
    let own = &config.analysis;
    let settings = Settings {
        input,
        now: arguments.now.clone(),
        domains: beside(&own.domains),
        events: beside(&own.events),
        holidays: beside(&own.holidays),
        context: beside(&own.context),
        ..own.clone()
    };
    Plan::new(settings, analyze::clock())
}

/// `90s`, `10m`, `1h` from now.
fn deadline(text: Option<&str>) -> Result<Option<Instant>> {
    let Some(text) = text else { return Ok(None) };
    let fault = || Error::usage(format!("--deadline '{text}': expected a span such as 90s, 10m or 1h"));
    let text = text.trim();
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, 's')) => (&text[..at], 1.0),
        Some((at, 'm')) => (&text[..at], 60.0),
        Some((at, 'h')) => (&text[..at], 3600.0),
        Some((_, c)) if c.is_ascii_digit() => (text, 1.0),
        _ => return Err(fault()),
    };
    let seconds: f64 = number.trim().parse::<f64>().map_err(|_| fault())? * unit;
    let span = Duration::try_from_secs_f64(seconds).map_err(|_| fault())?;
    Ok(Some(Instant::now() + span))
}

/// One run.
struct Job<'a> {
    config: &'a Config,
    plan: &'a Plan,
    log: &'a Log,
    deadline: Option<Instant>,
    started: Instant,
    clock: Seconds,
}

/// How the parts of a run went.
#[derive(Debug, Default)]
struct Went {
    summary: Summary,
    /// Inputs or deliveries that failed.
    failures: Vec<String>,
    channels: std::collections::BTreeMap<String, health::Deliveries>,
    /// The deadline came.
    late: bool,
}

impl Job<'_> {
    fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    fn run(&self, new_store: bool) -> Result<Outcome> {
        // What cannot work is told before anything is changed.
        let channels = deliver::channels(self.config)?;
        for warning in channels.iter().flat_map(|channel| channel.warnings()) {
            self.log.warn("secret", &warning, &[]);
        }
        let registry = analyze::registry(self.plan)?;
        let events = analyze::events(self.plan)?;
        let store = place::open(self.config, new_store)?;
        let times = (self.clock, self.plan.now);
        let options = pipeline::Options { holidays: analyze::holidays(self.plan)?, ..self.plan.options.clone() };
        let mut went = Went::default();
        let context = self.context(&mut went);
        let (mut engine, notes) = Engine::begin(store, self.config, &options, &events, &context, times)?;
        notes.iter().for_each(|note| self.log.warn("clock", note, &[]));
        let done = self.work(&mut engine, &registry, &channels, &mut went, &events);
        let code = self.code(&went, done.is_ok());
        if let Err(error) = &done {
            went.failures.push(error.to_string());
        }
        let reported = self.report(&mut engine, &went, code);
        // The first thing that went wrong is the one to tell.
        done.and(reported)?;
        Ok(match code {
            0 => Outcome::Done,
            1 => Outcome::Alarm,
            _ => Outcome::Partial,
        })
    }

    /// What else may explain an alert. A file that cannot be used is told, and alerts do not wait for it.
    fn context(&self, went: &mut Went) -> Context {
        let mut all = Context::default();
        for file in &self.plan.settings.context {
            match context::read(Path::new(file)) {
                Ok(context) => all.add(context),
                Err(error) => {
                    self.log.error("context", &error.to_string(), &[]);
                    went.failures.push(error.to_string());
                }
            }
        }
        all
    }

    fn work(
        &self,
        engine: &mut Engine<'_>,
        registry: &crate::registry::Registry,
        channels: &[Box<dyn notify::Channel>],
        went: &mut Went,
        events: &[crate::alert::Event],
    ) -> Result<()> {
        inputs::take(self, engine, registry, went)?;
        if self.is_late() && engine.frozen().is_none() {
            // Half of a first history would be judged as if it were all.
            self.log.error("deadline", "the time was up while reading the first history: nothing was kept", &[]);
            went.late = true;
            return Ok(());
        }
        went.summary = engine.score()?;
        self.tell_summary(went, engine);
        // Before anybody is told: a message may name the page. That it cannot be written keeps nobody from being told.
        if let Err(error) = page::write(self, engine, registry, events) {
            let error = error.context("the page of open alerts");
            self.log.error("report", &error.to_string(), &[]);
            went.failures.push(error.to_string());
        }
        deliver::all(self, engine, channels, went, events)?;
        if went.late {
            self.log.error("deadline", "the time was up; the next run goes on", &[]);
        } else {
            engine.tidy()?;
        }
        Ok(())
    }

    fn tell_summary(&self, went: &Went, engine: &Engine<'_>) {
        let summary = &went.summary;
        for note in &summary.notes {
            self.log.warn("note", note, &[]);
        }
        if let Some(behind) = summary.silent {
            self.log.error("silent", "no new data for too long", &[("periods", behind.into())]);
        }
        let taken = engine.taken();
        let fields = [
            ("series", summary.series.into()),
            ("periods", summary.periods.into()),
            ("new", taken.new.into()),
            ("late", taken.late.into()),
            ("revised", taken.revised.into()),
            ("too_old", taken.too_old.into()),
            ("told", summary.transitions.len().into()),
        ];
        self.log.info("judged", "judged what is new", &fields);
    }

    /// 2 if something failed or the data have stopped; 1 if an alert at or above `fail-on` was told; else 0.
    fn code(&self, went: &Went, done: bool) -> u8 {
        let floor = self.config.watch.fail_on.map(severity);
        let loud = |transition: &crate::watch::transition::Transition| {
            floor.is_some_and(|floor| {
                let words = [crate::alert::Severity::Low, crate::alert::Severity::Medium, crate::alert::Severity::High];
                words.iter().any(|s| *s >= floor && s.name() == transition.alert.severity) && transition.note.is_none()
            })
        };
        if !done || went.late || !went.failures.is_empty() || went.summary.silent.is_some() {
            2
        } else {
            u8::from(went.summary.transitions.iter().any(loud))
        }
    }

    fn report(&self, engine: &mut Engine<'_>, went: &Went, code: u8) -> Result<()> {
        let error = (!went.failures.is_empty()).then(|| went.failures.join("; "));
        let run = engine.run();
        let ended = engine.store().end(run, analyze::clock(), code, error.as_deref().unwrap_or(""));
        // A store that fails is exactly what the health files are for.
        let report = look::report(self, engine, went, code, error);
        health::write(&report, &self.config.health, &self.config.folder)?;
        interrupt::wait_if_stopping();
        ended
    }
}
