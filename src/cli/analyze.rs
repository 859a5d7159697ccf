//! `analyze`: the whole batch, from files to a result folder.

use super::args::Analyze;
use super::plan::{Plan, severity};
use super::{Outcome, charts, inputs, interrupt, series, summary};
use crate::alert::{Analysis, Event};
use crate::baseline::holiday::Holiday;
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::ingest::Loaded;
use crate::registry::{PUBLIC_SUFFIX_LIST, Registry};
use crate::report::cell::moment;
use crate::report::folder::Folder;
use crate::report::{html, run, tables};
use crate::time::Step;
use crate::{calendar, context, pipeline};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// What a result folder may hold; anything else in it belongs to the user.
pub(crate) const PARTS: [&str; 19] = [
    "transitions.csv",
    "alerts.csv",
    "alerts.jsonl",
    "drops.csv",
    "series.parquet",
    "series.csv",
    "index.csv",
    "lifts.csv",
    "index_lifts.csv",
    "placebos.csv",
    "controls.csv",
    "contributions.csv",
    "ratios.csv",
    "groups.csv",
    "attributions.csv",
    "confounders.csv",
    "run.json",
    "report.html",
    "charts",
];

pub(crate) fn run(arguments: Analyze) -> Result<Outcome> {
    let settings = match &arguments.config {
        Some(file) => arguments.settings.or(Settings::read(file)?),
        None => arguments.settings,
    };
    let plan = Plan::new(settings, clock())?;
    let folder = interrupt::open(&plan.out, plan.force(), &|name| PARTS.contains(&name))?;

    let (loaded, analysis) = fill(&plan, &folder, &|_| {})?;
    interrupt::publish(folder)?;

    if !plan.quiet() {
        tell(&plan, &loaded, &analysis)?;
    }
    Ok(outcome(&plan, &loaded, &analysis))
}

/// What `run.json` says.
pub(crate) type Record = run::Run<Settings>;

/// Loads, analyses, and writes every file of the result into the folder. `amend` may change the record first: a run
/// that is repeated on inputs that were moved tells of them as the first one did.
pub(crate) fn fill(plan: &Plan, folder: &Folder, amend: &dyn Fn(&mut Record)) -> Result<(Loaded, Analysis)> {
    let mut timings = Timings::default();
    let registry = registry(plan)?;
    let events = events(plan)?;
    let files = &plan.settings.context;
    let context = (!files.is_empty()).then(|| context::read_all(files.iter().map(Path::new))).transpose()?;
    let loaded = inputs::load(plan, &registry)?;
    timings.done("load");
    let mut analysis = analyze(plan, &loaded, &events)?;
    if let Some(context) = &context {
        pipeline::explain(&mut analysis, &loaded.panel, context);
    }
    timings.done("analyze");
    write_tables(folder, plan, &analysis)?;
    timings.done("tables");
    charts::write(folder, plan, &analysis, &events)?;
    timings.done("charts");
    let mut record = record(plan, &registry, &loaded, &analysis)?;
    amend(&mut record);
    write_report(folder, &analysis, &events, &record)?;
    timings.done("report");
    record.timings = timings.seconds;
    folder.write("run.json", run::serialize(&record)?.as_bytes())?;
    Ok((loaded, analysis))
}

pub(crate) fn clock() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs() as i64)
}

/// Seconds spent in each stage.
struct Timings {
    last: Instant,
    seconds: BTreeMap<String, f64>,
}

impl Default for Timings {
    fn default() -> Self {
        Timings { last: Instant::now(), seconds: BTreeMap::new() }
    }
}

impl Timings {
    fn done(&mut self, stage: &str) {
        let seconds = self.last.elapsed().as_secs_f64();
        self.seconds.insert(stage.into(), (seconds * 1000.0).round() / 1000.0);
        self.last = Instant::now();
    }
}

pub(crate) fn registry(plan: &Plan) -> Result<Registry> {
    let mut registry = Registry::builtin()?;
    for file in &plan.settings.domains {
        registry.add_file(Path::new(file))?;
    }
    if !plan.settings.domains.is_empty()
        && let Some(defect) = registry.check().into_iter().next()
    {
        return Err(defect.context("the registry with --domains has a defect; floodmark domains check tells them all"));
    }
    Ok(registry)
}

pub(crate) fn events(plan: &Plan) -> Result<Vec<Event>> {
    let mut events = match plan.settings.no_builtin_events {
        Some(true) => Vec::new(),
        _ => calendar::builtin()?,
    };
    for file in &plan.settings.events {
        events.extend(calendar::read(Path::new(file))?);
    }
    calendar::sort(&mut events);
    Ok(events)
}

pub(crate) fn holidays(plan: &Plan) -> Result<Vec<Holiday>> {
    let mut holidays = Vec::new();
    for file in &plan.settings.holidays {
        holidays.extend(calendar::holidays(Path::new(file))?);
    }
    holidays.sort();
    holidays.dedup();
    Ok(holidays)
}

pub(crate) fn analyze(plan: &Plan, loaded: &Loaded, events: &[Event]) -> Result<Analysis> {
    let bar = match !plan.quiet() && stderr().is_terminal() {
        true => ProgressBar::new(0),
        false => ProgressBar::hidden(),
    };
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} series, {eta} left") {
        bar.set_style(style);
    }
    let progress = |done: usize, all: usize| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    };
    let cut_short = loaded.report.partial_last.is_some();
    let options = pipeline::Options { cut_short, holidays: holidays(plan)?, ..plan.options.clone() };
    let analysis = pipeline::analyze(&loaded.panel, events, &options, &progress);
    bar.finish_and_clear();
    analysis
}

/// The scored series are by far the largest table: they are written beside all others.
fn write_tables(folder: &Folder, plan: &Plan, analysis: &Analysis) -> Result<()> {
    std::thread::scope(|scope| {
        let series = scope.spawn(|| series::write(folder, plan.series(), analysis));
        let others = write_small_tables(folder, plan, analysis);
        let series = series.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        others.and(series)
    })
}

fn write_small_tables(folder: &Folder, plan: &Plan, analysis: &Analysis) -> Result<()> {
    let step = analysis.grid.step;
    folder.fill("alerts.csv", |out| tables::alerts_csv(out, &analysis.alerts))?;
    folder.fill("alerts.jsonl", |out| tables::alerts_jsonl(out, &analysis.alerts))?;
    folder.fill("drops.csv", |out| tables::alerts_csv(out, &analysis.drops))?;
    if plan.options.online {
        folder.fill("transitions.csv", |out| tables::transitions_csv(out, &analysis.told))?;
    }
    folder.fill("index.csv", |out| tables::index_csv(out, &analysis.index, step))?;
    folder.fill("lifts.csv", |out| tables::lifts_csv(out, &analysis.lifts, step))?;
    folder.fill("index_lifts.csv", |out| tables::lifts_csv(out, &analysis.index_lifts, step))?;
    folder.fill("placebos.csv", |out| tables::placebos_csv(out, &analysis.lifts))?;
    let surges_and_drops = [analysis.alerts.as_slice(), &analysis.drops];
    folder.fill("controls.csv", |out| tables::controls_csv(out, &surges_and_drops, &analysis.controls))?;
    folder.fill("contributions.csv", |out| tables::contributions_csv(out, &analysis.contributions))?;
    folder.fill("ratios.csv", |out| tables::ratios_csv(out, &analysis.ratios))?;
    folder.fill("attributions.csv", |out| tables::attributions_csv(out, &analysis.alerts))?;
    folder.fill("confounders.csv", |out| tables::confounders_csv(out, &analysis.confounders))?;
    folder.fill("groups.csv", |out| tables::groups_csv(out, &analysis.groups, step))
}

/// The page for people. Its tables are the files already written: whatever is among them is shown.
fn write_report(folder: &Folder, analysis: &Analysis, events: &[Event], record: &Record) -> Result<()> {
    let table = |(file, csv, further)| html::Table { file, csv, further };
    let tables = folder.tables(&["series.csv"], html::MOST_BYTES)?.into_iter().map(table);
    let tables: Vec<html::Table> = tables.collect();
    let report = html::Report { analysis, events, tables: &tables, run: record, job: None };
    folder.write("report.html", html::serialize(&report)?.as_bytes())
}

fn record(plan: &Plan, registry: &Registry, loaded: &Loaded, analysis: &Analysis) -> Result<Record> {
    Ok(run::Run {
        inputs: inputs::records(loaded),
        failures: loaded.report.failures.iter().map(Error::to_string).collect(),
        skipped_rows: loaded.report.skipped.clone(),
        notes: loaded.report.notes.iter().chain(&analysis.notes).cloned().collect(),
        ..bare_record(plan, registry, analysis)?
    })
}

/// The record of an analysis without a word of what was read.
pub(super) fn bare_record(plan: &Plan, registry: &Registry, analysis: &Analysis) -> Result<Record> {
    Ok(run::Run {
        program: "floodmark",
        version: env!("CARGO_PKG_VERSION"),
        revision: option_env!("FLOODMARK_REVISION"),
        options: plan.settings.clone(),
        seed: plan.options.seed,
        now: moment(plan.now, Step::HOUR),
        inputs: Vec::new(),
        lists: inputs::lists(&plan.settings)?,
        failures: Vec::new(),
        registry_version: registry.version(),
        calendar_version: calendar::builtin_version(),
        public_suffix_list_version: PUBLIC_SUFFIX_LIST.into(),
        grid: run::GridRecord::of(&analysis.grid),
        counts: run::CountsRecord::of(analysis),
        skipped_rows: BTreeMap::new(),
        notes: Vec::new(),
        timings: BTreeMap::new(),
    })
}

/// The summary on standard error. That nobody reads it is no failure.
fn tell(plan: &Plan, loaded: &Loaded, analysis: &Analysis) -> Result<()> {
    for note in &analysis.notes {
        eprintln!("note: {note}");
    }
    for (reason, rows) in &loaded.report.skipped {
        eprintln!("skipped: {rows} rows: {reason}");
    }
    let _ = summary::write(&mut stderr().lock(), analysis);
    eprintln!("result: {}", plan.out.display());
    Ok(())
}

fn outcome(plan: &Plan, loaded: &Loaded, analysis: &Analysis) -> Outcome {
    let alarm = plan.settings.fail_on.map(severity);
    if !loaded.report.failures.is_empty() {
        Outcome::Partial
    } else if alarm.is_some_and(|floor| analysis.alerts.iter().any(|alert| alert.severity >= floor)) {
        Outcome::Alarm
    } else {
        Outcome::Done
    }
}
