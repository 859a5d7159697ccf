//! `domains`: look at the registry of outlets, or check one.

use super::args::{Domains, ListFormat, RoleName};
use super::{Outcome, to_stdout};
use crate::error::Result;
use crate::registry::{Entry, Registry};
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
        Domains::Check { files } => check(files),
    }
}

fn with_files(files: &[PathBuf]) -> Result<Registry> {
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
