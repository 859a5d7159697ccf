//! The page of open alerts: `report.html` of a job.

use super::Job;
use crate::alert::{Analysis, Event};
use crate::cli::analyze;
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::registry::Registry;
use crate::report::{html, run};
use crate::watch::engine::Engine;
use crate::watch::health;
use std::path::Path;

/// The page names so many of the files read: a job reads one a day, for years.
const FILES: usize = 30;

/// Writes the page, if one is wanted and says something else than the one that is there.
pub(super) fn write(job: &Job<'_>, engine: &mut Engine<'_>, registry: &Registry, events: &[Event]) -> Result<()> {
    let Some(path) = &job.config.watch.report else { return Ok(()) };
    let path = job.config.path(path);
    let Some(standing) = engine.standing()? else { return Ok(()) };
    let record = record(job, engine, registry, &standing.analysis)?;
    let page = html::serialize(&html::Report {
        analysis: &standing.analysis,
        events,
        tables: &standing.tables,
        run: &record,
        job: Some(&job.config.watch.name),
    })?;
    match std::fs::read(&path) {
        Ok(there) if there == page.as_bytes() => Ok(()),
        _ => health::put(&path, &page),
    }
}

/// Whether the page can be written where it is wanted.
pub(super) fn check(path: &Path) -> Result<String> {
    let fault = |error| Error::io("cannot write", error).in_file(path.display().to_string());
    tempfile::tempfile_in(health::parent(path)).map_err(fault)?;
    Ok("can be written".into())
}

fn record(
    job: &Job<'_>,
    engine: &mut Engine<'_>,
    registry: &Registry,
    analysis: &Analysis,
) -> Result<run::Run<Settings>> {
    let mut files: Vec<_> = engine.store().inputs()?.into_values().collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let earlier = files.len().saturating_sub(FILES);
    let more = (earlier > 0).then(|| format!("{earlier} more files were read; the store names them all."));
    let files = files.into_iter().skip(earlier);
    let inputs = files.map(|f| run::InputFile { path: f.path, bytes: f.bytes, sha256: f.sha256, rows: f.rows });
    let mut record = analyze::bare_record(job.plan, registry, analysis)?;
    // What stands there is the sources; the files are named.
    record.options.input.clear();
    record.inputs = inputs.collect();
    record.notes = analysis.notes.iter().cloned().chain(more).collect();
    // The page of a run without news is the page of the run before.
    record.now.clear();
    Ok(record)
}
