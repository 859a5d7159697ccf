//! A published list becomes a registry file.

use super::COLUMNS;
use crate::cli::Outcome;
use crate::cli::args::ListName;
use crate::error::{Error, Result};
use crate::registry::Registry;
use crate::registry::import::{Import, Imported, List, import};
use crate::report::cell::{Cell, push_csv_row};
use crate::report::tables::role_name;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// What is asked for.
pub(super) struct Order<'a> {
    pub file: &'a Path,
    pub out: &'a Path,
    pub format: ListName,
    pub unmapped: Option<&'a Path>,
    pub new_only: bool,
    pub force: bool,
}

pub(super) fn run(order: &Order<'_>) -> Result<Outcome> {
    let name = order.file.display().to_string();
    let text = std::fs::read_to_string(order.file).map_err(|e| Error::io("cannot read the list", e).in_file(&name))?;
    let list = match order.format {
        ListName::Auto => None,
        ListName::StateMediaMatrix => Some(List::StateMediaMatrix),
        ListName::SitesOfConcern => Some(List::SitesOfConcern),
        ListName::Operations => Some(List::Operations),
    };
    for path in [Some(order.out), order.unmapped].into_iter().flatten() {
        if path.exists() && !order.force {
            return Err(Error::usage("the file exists; --force replaces it").in_file(path.display().to_string()));
        }
    }
    let import = import(&text, &name, list)?;
    let builtin = Registry::builtin()?;
    let (known, new): (Vec<&Imported>, Vec<&Imported>) =
        import.entries.iter().partition(|entry| !builtin.entries(&entry.domain).is_empty());
    let kept: Vec<&Imported> =
        import.entries.iter().filter(|entry| !order.new_only || builtin.entries(&entry.domain).is_empty()).collect();
    let registry = registry(&kept);
    check(&registry)?;
    write(order.out, &registry)?;
    if let Some(path) = order.unmapped {
        write(path, &unmapped(&import))?;
    }
    eprintln!("{}: {} domains, {} rows not mapped", import.list.name(), kept.len(), import.unmapped.len());
    for (reason, rows) in reasons(&import) {
        eprintln!("not mapped: {rows} rows: {reason}");
    }
    if !known.is_empty() {
        let fate =
            if order.new_only { "left out" } else { "they replace its rows where this file is given (--domains)" };
        eprintln!("{} domains are in the built-in registry ({fate}), {} are new", known.len(), new.len());
    }
    Ok(Outcome::Done)
}

fn registry(entries: &[&Imported]) -> Vec<u8> {
    let mut out = format!("{COLUMNS}\n").into_bytes();
    for entry in entries {
        let Imported { domain, outlet, state, role, control, source } = entry;
        let texts = [domain, outlet.as_str(), state, role_name(*role), control, "", "", "", source];
        push_csv_row(&mut out, &texts.map(Cell::text));
    }
    out
}

/// What is written must be a registry without fault.
fn check(registry: &[u8]) -> Result<()> {
    let text = String::from_utf8_lossy(registry);
    let mut read = Registry::empty();
    read.add(&text, "the imported registry")?;
    match read.check().into_iter().next() {
        Some(fault) => Err(fault.context("the list gives a registry with a fault")),
        None => Ok(()),
    }
}

fn unmapped(import: &Import) -> Vec<u8> {
    let mut out = b"line,domain,reason,detail\n".to_vec();
    for row in &import.unmapped {
        let cells =
            [Cell::Integer(row.line as i64), Cell::text(&row.domain), Cell::text(row.reason), Cell::text(&row.detail)];
        push_csv_row(&mut out, &cells);
    }
    out
}

/// Reason → rows, the most frequent first.
fn reasons(import: &Import) -> Vec<(&'static str, usize)> {
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for row in &import.unmapped {
        *counts.entry(row.reason).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(reason, rows)| (std::cmp::Reverse(*rows), *reason));
    counts
}

/// Writes a file whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let fault = |error| Error::io("cannot write", error).in_file(path.display().to_string());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(fault)?;
    file.write_all(bytes).map_err(fault)?;
    file.persist(path).map_err(|error| fault(error.error))?;
    Ok(())
}
