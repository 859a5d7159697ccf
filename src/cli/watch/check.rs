//! `watch --check`: would a run work? Nothing is written and nobody is told.

use super::place::{self, Place};
use super::{Log, deliver, page};
use crate::cli::plan::Plan;
use crate::cli::{Outcome, analyze};
use crate::error::{Error, Result};
use crate::ingest;
use crate::watch::config::Config;
use std::path::Path;

/// Checks everything, and tells every fault, not the first alone.
pub(super) fn run(config: &Config, plan: &Plan, log: &Log) -> Result<Outcome> {
    let mut faults = 0;
    let mut see = |what: &str, result: Result<String>| match result {
        Ok(found) => log.info("check", &format!("{what}: {found}"), &[]),
        Err(error) => {
            faults += 1;
            log.error("check", &format!("{what}: {error}"), &[]);
        }
    };
    see("configuration", Ok("read, every key is known".into()));
    see("registry", analyze::registry(plan).map(|registry| format!("version {}", registry.version())));
    see("events", analyze::events(plan).map(|events| format!("{} events", events.len())));
    for file in &plan.settings.context {
        let read = crate::context::read(Path::new(file));
        see(&format!("context {file}"), read.map(|context| format!("{} spans", context.found.len())));
    }
    for source in &config.sources {
        for input in &source.input {
            see(&format!("source {input}"), files(&config.path(input).display().to_string()));
        }
    }
    for name in config.sources.iter().filter_map(|source| source.fetch.first()) {
        see(&format!("source {name}"), Ok("fetched by each run".into()));
    }
    see("store", store(config));
    if let Some(path) = &config.watch.report {
        see("report", page::check(&config.path(path)));
    }
    see("health", config.health.check(&config.folder).map(|()| "its files can be written".into()));
    match deliver::channels(config) {
        Err(error) => see("delivery", Err(error)),
        Ok(channels) if channels.is_empty() => {
            see("delivery", Err(Error::usage("no [[deliver]]: nobody would be told of anything")));
        }
        Ok(channels) => {
            for channel in channels {
                for warning in channel.warnings() {
                    log.warn("secret", &warning, &[]);
                }
                see(&format!("delivery {}", channel.name()), channel.check().map(|()| "ready".into()));
            }
        }
    }
    Ok(if faults == 0 { Outcome::Done } else { Outcome::Partial })
}

fn files(input: &str) -> Result<String> {
    let (files, mut failures) = ingest::named(&[input.to_string()]);
    if !failures.is_empty() {
        return Err(failures.remove(0));
    }
    for file in &files {
        std::fs::File::open(file)
            .map_err(|error| Error::io("cannot read", error).in_file(file.display().to_string()))?;
    }
    Ok(format!("{} files", files.len()))
}

fn store(config: &Config) -> Result<String> {
    if let Place::File(path) = Place::of(config)
        && !path.exists()
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        tempfile::tempfile_in(folder).map_err(|error| {
            Error::io("cannot write in the folder of the store", error).in_file(folder.display().to_string())
        })?;
        return Ok("none yet: the first run makes it".into());
    }
    let mut store = place::look(config)?;
    store.database().check(true)?;
    let version = crate::watch::store::schema::version(store.database())?;
    Ok(format!("version {version}, sound"))
}
