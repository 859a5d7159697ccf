//! From a plan to loaded data, with what the user must hear about the inputs.

use super::plan::Plan;
use crate::config::{self, Settings};
use crate::error::{Error, Result};
use crate::ingest::{self, Columns, Loaded, Request};
use crate::registry::Registry;
use crate::report::run::{InputFile, ListFile};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Loads the inputs. Each bad one is told at once as `path: reason`; the others go on.
pub(crate) fn load(plan: &Plan, registry: &Registry) -> Result<Loaded> {
    let settings = &plan.settings;
    let request = Request {
        inputs: settings.input.clone(),
        total: settings.total.clone(),
        columns: Columns {
            time: settings.time_col.clone(),
            domain: settings.domain_col.clone(),
            country: settings.country_col.clone(),
            value: settings.value_col.clone(),
        },
        kind: plan.kind,
        time_zone: settings.time_zone.clone(),
        every: plan.step,
        // Data before --from serve as history: see `Plan::options.judge_from`.
        from: None,
        to: plan.to,
        states: settings.state.clone(),
        countries: settings.country.clone(),
        registry,
        watch: match settings.watch {
            Some(config::Watch::All) => ingest::Watch::All,
            _ => ingest::Watch::Registry,
        },
        now: Some(plan.now),
        hints: plan.hints.clone(),
    };
    let mut loaded = ingest::load(&request)?;
    loaded.settle(&settings.state);
    for failure in &loaded.report.failures {
        eprintln!("{failure}");
    }
    if !plan.quiet() {
        for note in &loaded.report.notes {
            eprintln!("note: {note}");
        }
    }
    if plan.verbose() {
        for file in records(&loaded) {
            eprintln!("read: {}: {} rows, {} bytes", file.path, file.rows, file.bytes);
        }
    }
    Ok(loaded)
}

/// The files read, as `run.json` has them.
pub(crate) fn records(loaded: &Loaded) -> Vec<InputFile> {
    let files = loaded.report.files.iter();
    files
        .map(|file| InputFile {
            path: file.path.clone(),
            bytes: file.bytes,
            sha256: file.sha256.clone(),
            rows: file.rows,
        })
        .collect()
}

/// The lists named by options, as `run.json` has them.
pub(crate) fn lists(settings: &Settings) -> Result<Vec<ListFile>> {
    let files = settings.lists().into_iter();
    files
        .map(|(option, path)| {
            let (bytes, sha256) = seal(Path::new(&path))?;
            Ok(ListFile { option, path, bytes, sha256 })
        })
        .collect()
}

/// Size and SHA-256 of a file, read in pieces.
pub(crate) fn seal(path: &Path) -> Result<(u64, String)> {
    let fault = |error| Error::io("cannot read", error).in_file(path.display().to_string());
    let mut file = std::fs::File::open(path).map_err(fault)?;
    let mut digest = Sha256::new();
    let bytes = std::io::copy(&mut file, &mut digest).map_err(fault)?;
    Ok((bytes, digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}
