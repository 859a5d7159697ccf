//! `domains`: look at the registry of outlets, check, compare and import.

mod diff;
mod import;

use super::args::{Domains, ListFormat, RoleName};
use super::{Outcome, analyze, to_stdout};
use crate::error::{Error, Result};
use crate::ingest;
use crate::registry::{Entry, Host, Registry, fold};
use crate::report::cell::{Cell, moment, push_csv_row};
use crate::report::tables::role_name;
use crate::series::Role;
use crate::time::{Seconds, Step};
use std::io::Write;
use std::path::PathBuf;

/// Columns of the list: those of the registry files.
const COLUMNS: &str = "domain,outlet,state,role,control,language,from,until,source";

pub(crate) fn run(domains: &Domains) -> Result<Outcome> {
    match domains {
        Domains::List { state, role, format, domains } => {
            let registry = with_files(domains)?;
            let wanted = |entry: &&Entry| {
                (state.is_empty() || state.iter().any(|code| code.trim().eq_ignore_ascii_case(&entry.state)))
                    && role.is_none_or(|role| entry.role == role_of(role))
            };
            let entries: Vec<_> = registry.iter().filter(wanted).collect();
            match format {
                ListFormat::Csv => csv(&entries)?,
                ListFormat::Table => table(&entries)?,
            }
            Ok(Outcome::Done)
        }
        Domains::Lookup { host, on, domains } => lookup(host, on.as_deref(), domains),
        Domains::Diff { old, new } => diff::run(old, new),
        Domains::Import { file, out, format, unmapped, new_only, force } => import::run(&import::Order {
            file,
            out,
            format: *format,
            unmapped: unmapped.as_deref(),
            new_only: *new_only,
            force: *force,
        }),
        Domains::Check { files } => check(files),
    }
}

pub(crate) fn with_files(files: &[PathBuf]) -> Result<Registry> {
    let mut registry = Registry::builtin()?;
    for file in files {
        registry.add_file(file)?;
    }
    Ok(registry)
}

fn role_of(role: RoleName) -> Role {
    match role {
        RoleName::State => Role::State,
        RoleName::Reference => Role::Reference,
    }
}

fn csv(entries: &[&Entry]) -> Result<()> {
    to_stdout(|out| {
        writeln!(out, "{COLUMNS}")?;
        let mut line = Vec::new();
        for entry in entries {
            line.clear();
            push_csv_row(&mut line, &texts(entry).map(Cell::text));
            out.write_all(&line)?;
        }
        Ok(())
    })
}

fn table(entries: &[&Entry]) -> Result<()> {
    let rows: Vec<[String; 6]> = entries
        .iter()
        .map(|entry| {
            let [domain, outlet, state, role, _, _, from, until, _] = texts(entry);
            [state, outlet, domain, role, from, until]
        })
        .collect();
    to_stdout(|out| super::summary::columns(out, &["STATE", "OUTLET", "DOMAIN", "ROLE", "FROM", "UNTIL"], &rows))
}

fn texts(entry: &Entry) -> [String; 9] {
    // `until` is kept as the first second that no longer counts; files name the last day.
    let last_day = |until: Seconds| moment(until - Step::DAY.seconds(), Step::DAY);
    [
        entry.domain.clone(),
        entry.outlet.clone(),
        entry.state.clone(),
        role_name(entry.role).into(),
        entry.control.clone(),
        entry.language.clone(),
        entry.from.map_or(String::new(), |from| moment(from, Step::DAY)),
        entry.until.map_or(String::new(), last_day),
        entry.source.clone(),
    ]
}

/// What holds for a host on a day.
fn lookup(host: &str, on: Option<&str>, files: &[PathBuf]) -> Result<Outcome> {
    let registry = with_files(files)?;
    let on = match on {
        Some(text) => ingest::moment(text).map_err(|error| error.context(format!("--on '{text}'")))?.0,
        None => analyze::clock(),
    };
    let day = moment(Step::DAY.floor(on), Step::DAY);
    let (Host::Domain(domain) | Host::Other(domain)) = fold(host) else {
        return Err(Error::usage(format!("'{host}' is not a host")));
    };
    let Some(entry) = registry.lookup(&domain, on) else {
        let mut known: Vec<String> = registry.entries(&domain).iter().map(in_words).collect();
        known.sort();
        return Err(Error::input(match known.is_empty() {
            true => format!("{domain}: not in the registry"),
            false => format!("{domain}: in the registry, but not on {day}: {}", known.join("; ")),
        }));
    };
    let mut rows = vec![["host".to_string(), host.into()], ["on".into(), day]];
    rows.extend(COLUMNS.split(',').map(String::from).zip(texts(entry)).map(|(name, text)| [name, text]));
    let rows: Vec<[String; 2]> = rows.into_iter().filter(|[_, text]| !text.is_empty()).collect();
    to_stdout(|out| super::summary::columns(out, &["WHAT", "VALUE"], &rows))?;
    Ok(Outcome::Done)
}

/// `Press TV (IR), from 2007-01-01 until 2021-06-22`.
fn in_words(entry: &Entry) -> String {
    let [_, outlet, state, _, _, _, from, until, _] = texts(entry);
    let from = if from.is_empty() { from } else { format!(" from {from}") };
    let until = if until.is_empty() { until } else { format!(" until {until}") };
    format!("{outlet} ({state}){from}{until}")
}

fn check(files: &[PathBuf]) -> Result<Outcome> {
    let mut registry = Registry::builtin()?;
    let mut faults = Vec::new();
    for file in files {
        if let Err(fault) = registry.add_file(file) {
            faults.push(fault);
        }
    }
    faults.extend(registry.check());
    for fault in &faults {
        eprintln!("{fault}");
    }
    if !faults.is_empty() {
        return Ok(Outcome::Partial);
    }
    let (outlets, domains) = (registry.outlets().len(), registry.iter().count());
    to_stdout(|out| writeln!(out, "{outlets} outlets, {domains} entries, version {}: no fault", registry.version()))?;
    Ok(Outcome::Done)
}
