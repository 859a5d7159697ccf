//! A published list becomes a registry file.

use super::{COLUMNS, texts};
use crate::cli::Outcome;
use crate::cli::args::ListName;
use crate::error::{Error, Result};
use crate::registry::Registry;
use crate::registry::import::{Import, Imported, List, Unmapped, import};
use crate::report::cell::{Cell, push_csv_row};
use crate::report::tables::role_name;
use std::collections::{BTreeMap, BTreeSet};
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
    let mut import = import(&text, &name, list)?;
    let (rows, known) = rows(&mut import, &Registry::builtin()?, order.new_only);
    let registry = registry(&rows);
    check(&registry)?;
    write(order.out, &registry)?;
    if let Some(path) = order.unmapped {
        write(path, &unmapped(&import))?;
    }
    let domains: BTreeSet<&String> = rows.iter().map(|[domain, ..]| domain).collect();
    eprintln!("{}: {} domains, {} rows not mapped", import.list.name(), domains.len(), import.unmapped.len());
    for (reason, rows) in reasons(&import) {
        eprintln!("not mapped: {rows} rows: {reason}");
    }
    if known > 0 {
        let fate = if order.new_only { "are left out" } else { "keep its names and dates" };
        eprintln!("{known} domains that the built-in registry knows {fate}");
    }
    Ok(Outcome::Done)
}

/// The rows of the new registry, and how many domains the built-in one knows. Of those its names and dates are kept,
/// and the list is named as a further source; where the two disagree on the state or the role, the row is not mapped.
fn rows(import: &mut Import, builtin: &Registry, new_only: bool) -> (Vec<[String; 9]>, usize) {
    let (mut rows, mut agreed) = (Vec::new(), 0);
    for entry in &import.entries {
        let known = builtin.entries(&entry.domain);
        if let Some(other) = known.iter().find(|k| (&k.state, k.role) != (&entry.state, entry.role)) {
            let detail = format!("{} ({}, {})", other.outlet, other.state, role_name(other.role));
            let (line, domain) = (entry.line, entry.domain.clone());
            import.unmapped.push(Unmapped { line, domain, reason: "the built-in registry says otherwise", detail });
            continue;
        }
        agreed += usize::from(!known.is_empty());
        match known {
            [] => rows.push(fresh(entry)),
            _ if new_only => {}
            known => rows.extend(known.iter().map(|known| {
                let mut texts = texts(known);
                texts[8] = format!("{}; {}", texts[8], entry.source);
                texts
            })),
        }
    }
    import.unmapped.sort_by_key(|row| row.line);
    (rows, agreed)
}

fn fresh(entry: &Imported) -> [String; 9] {
    let Imported { domain, outlet, state, role, control, source, .. } = entry;
    [domain, outlet.as_str(), state, role_name(*role), control, "", "", "", source].map(String::from)
}

fn registry(rows: &[[String; 9]]) -> Vec<u8> {
    let mut out = format!("{COLUMNS}\n").into_bytes();
    for row in rows {
        push_csv_row(&mut out, &row.each_ref().map(|text| Cell::text(text.as_str())));
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
