//! The files of the job: which are new or changed since they were last read.

use super::{Job, Went, fetch};
use crate::cli::inputs::seal;
use crate::cli::plan::{kind_of, step_of};
use crate::config;
use crate::error::{Error, Result};
use crate::ingest::{self, Columns, Request};
use crate::registry::Registry;
use crate::series::Panel;
use crate::time::Step;
use crate::watch::config::Source;
use crate::watch::engine::Engine;
use crate::watch::store::Fingerprint;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// So many of the newest files tell the step of a new store.
const PROBE: usize = 40;

/// Reads what is new. A file that cannot be read is told and counted; the others go on.
pub(super) fn take(job: &Job<'_>, engine: &mut Engine<'_>, registry: &Registry, went: &mut Went) -> Result<()> {
    let mut known = engine.store().inputs()?;
    let mut by_seal: HashMap<String, String> =
        known.values().map(|file| (file.sha256.clone(), file.path.clone())).collect();
    for (number, source) in job.config.sources.iter().enumerate() {
        let fetched = fetch::bring(job, engine, source, number, went).unwrap_or_else(|error| {
            told(job, went, &error);
            None
        });
        let mut inputs: Vec<String> =
            source.input.iter().map(|one| job.config.path(one).display().to_string()).collect();
        inputs.extend(fetched);
        let (files, failures) = ingest::named(&inputs);
        for failure in failures {
            told(job, went, &failure);
        }
        let step = match job.plan.step.or(engine.step()) {
            Some(step) => Some(step),
            None => probe(job, source, registry, &files),
        };
        for path in files {
            if job.is_late() {
                went.late = true;
                return Ok(());
            }
            let order = Order { job, source, registry, step: step.or(engine.step()), path: &path };
            match order.read(engine, &mut known, &mut by_seal) {
                Ok(()) => {}
                Err(error) => told(job, went, &error),
            }
        }
    }
    Ok(())
}

fn told(job: &Job<'_>, went: &mut Went, error: &Error) {
    job.log.error("input", &error.to_string(), &[]);
    went.failures.push(error.to_string());
}

/// The step of the newest files together: one file of one day does not tell that there is one a day.
fn probe(job: &Job<'_>, source: &Source, registry: &Registry, files: &[PathBuf]) -> Option<Step> {
    let newest: Vec<String> = files.iter().rev().take(PROBE).map(|file| file.display().to_string()).collect();
    let loaded = ingest::load(&request(job, source, registry, newest)).ok()?;
    Some(loaded.panel.grid.step)
}

fn request<'a>(job: &Job<'_>, source: &Source, registry: &'a Registry, inputs: Vec<String>) -> Request<'a> {
    let analysis = &job.plan.settings;
    let or = |own: &Option<String>, common: &Option<String>| own.clone().or(common.clone());
    Request {
        inputs,
        total: None,
        columns: Columns {
            time: or(&source.time_col, &analysis.time_col),
            domain: or(&source.domain_col, &analysis.domain_col),
            country: or(&source.country_col, &analysis.country_col),
            value: or(&source.value_col, &analysis.value_col),
        },
        kind: source.value_kind.map(kind_of).or(job.plan.kind),
        time_zone: or(&source.time_zone, &analysis.time_zone),
        every: analysis.every.and_then(step_of),
        from: None,
        to: None,
        states: analysis.state.clone(),
        countries: analysis.country.clone(),
        registry,
        watch: match analysis.watch {
            Some(config::Watch::All) => ingest::Watch::All,
            _ => ingest::Watch::Registry,
        },
        now: Some(job.plan.now),
        hints: job.plan.hints.clone(),
    }
}

/// One file to be read if it is new.
struct Order<'a> {
    job: &'a Job<'a>,
    source: &'a Source,
    registry: &'a Registry,
    step: Option<Step>,
    path: &'a Path,
}

impl Order<'_> {
    fn read(
        &self,
        engine: &mut Engine<'_>,
        known: &mut HashMap<String, Fingerprint>,
        by_seal: &mut HashMap<String, String>,
    ) -> Result<()> {
        let name = self.path.display().to_string();
        let (bytes, modified) = self.look()?;
        let before = known.get(&name).cloned();
        if before.as_ref().is_some_and(|file| (file.bytes, file.modified) == (bytes, modified)) {
            return Ok(());
        }
        let (bytes, sha256) = seal(self.path)?;
        let mut print = Fingerprint { path: name.clone(), bytes, modified, sha256: sha256.clone(), rows: 0 };
        if let Some(same) = by_seal.get(&sha256) {
            print.rows = known.get(same).map_or(0, |file| file.rows);
            if *same != name {
                let message = format!("{name}: the same bytes as {same}, read once");
                self.job.log.warn("duplicate", &message, &[]);
            }
            known.insert(name, print.clone());
            engine.note_input(print);
            return Ok(());
        }
        let mut request = request(self.job, self.source, self.registry, vec![name.clone()]);
        request.every = self.step.or(request.every);
        // What has been judged for good is not read again.
        request.from = engine.frozen();
        let loaded = match ingest::load(&request) {
            Ok(loaded) => loaded,
            Err(error) if error.to_string().contains(ingest::NOTHING_IN_TIME) => {
                let message = format!("{name}: all rows are older than the lookback, none was taken");
                self.job.log.warn("too-old", &message, &[]);
                engine.note_input(print);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let partial = loaded.report.partial_last;
        if let Some(failure) = loaded.report.failures.into_iter().next() {
            return Err(failure);
        }
        print.rows = loaded.report.files.iter().map(|file| file.rows).sum();
        if let Some(before) = before.filter(|before| before.rows > print.rows) {
            let message = format!(
                "{name}: {} rows, {} when it was last read; what is no longer there stays as it was",
                print.rows, before.rows
            );
            self.job.log.warn("shrunk", &message, &[]);
        }
        self.fill(engine, &loaded.panel, &name)?;
        // A file with an incomplete last period is read again when that period is over.
        if partial.is_none() {
            by_seal.insert(sha256, name.clone());
            known.insert(name, print.clone());
            engine.note_input(print);
        }
        Ok(())
    }

    fn fill(&self, engine: &mut Engine<'_>, panel: &Panel, name: &str) -> Result<()> {
        let taken = engine.take(panel).map_err(|error| error.in_file(name))?;
        for (count, event, what) in [
            (taken.revised, "revised", "values that were others before"),
            (taken.late, "late", "values of periods judged without them"),
            (taken.too_old, "too-old", "values that differ, older than the lookback: not taken"),
        ] {
            if count > 0 {
                self.job.log.warn(event, &format!("{name}: {count} {what}"), &[("values", count.into())]);
            }
        }
        Ok(())
    }

    fn look(&self) -> Result<(u64, i64)> {
        let fail = |error| Error::io("cannot read", error).in_file(self.path.display().to_string());
        let about = std::fs::metadata(self.path).map_err(fail)?;
        let modified = about.modified().map_err(fail)?;
        let age = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok((about.len(), i64::try_from(age.as_nanos()).unwrap_or(i64::MAX)))
    }
}
