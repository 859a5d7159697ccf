//! Sources that are fetched: the arguments of `floodmark fetch`, run before the files are read.

use super::{Job, Went};
use crate::cli::args::{self, Arguments, Verb};
use crate::cli::fetch;
use crate::error::{Error, Result};
use crate::report::cell::moment;
use crate::time::Step;
use crate::watch::config::Source;
use crate::watch::engine::Engine;
use clap::FromArgMatches;

/// A new store begins so many days ago, unless `since` says otherwise.
const DAYS: i64 = 365;

/// Brings what a source has new into a folder of the job; the folder. What one call could not get is told, and what
/// was got is read all the same.
pub(super) fn bring(
    job: &Job<'_>,
    engine: &Engine<'_>,
    source: &Source,
    number: usize,
    went: &mut Went,
) -> Result<Option<String>> {
    let Some(name) = source.fetch.first() else { return Ok(None) };
    let folder = job.config.path(format!("fetched/{}-{name}", number + 1)).display().to_string();
    let first = match (engine.frozen(), &source.since) {
        (Some(frozen), _) => moment(frozen, Step::DAY),
        (None, Some(since)) => since.clone(),
        (None, None) => moment(Step::DAY.floor(job.plan.now) - DAYS * Step::DAY.seconds(), Step::DAY),
    };
    let now = moment(job.plan.now, Step::HOUR);
    let ours = ["--from", &first, "--out", &folder, "--now", &now].map(str::to_string);
    let words = ["floodmark", "fetch"].map(str::to_string).into_iter().chain(source.fetch.iter().cloned()).chain(ours);
    let matches = args::command().try_get_matches_from(words).map_err(|error| usage(&error))?;
    let Verb::Fetch(arguments) = Arguments::from_arg_matches(&matches).map_err(|error| usage(&error))?.verb else {
        return Err(Error::usage("[[source]] fetch: expected the arguments of `floodmark fetch`"));
    };
    let report = fetch::bring(&arguments)?;
    for note in &report.notes {
        job.log.warn("fetch", note, &[]);
    }
    for failure in &report.failures {
        job.log.error("fetch", &failure.to_string(), &[]);
        went.failures.push(failure.to_string());
    }
    Ok(Some(folder))
}

fn usage(error: &clap::Error) -> Error {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    Error::usage(format!("[[source]] fetch: {first}; the first day, the folder and the present are set by the job"))
}
