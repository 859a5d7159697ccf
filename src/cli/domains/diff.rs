//! Two registries, row by row.

use super::{COLUMNS, texts};
use crate::cli::{Outcome, to_stdout};
use crate::error::Result;
use crate::registry::Registry;
use crate::report::cell::{Cell, push_csv_row};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

/// The fields of an entry.
type Texts = [String; 9];

/// Writes `change`, the columns of a registry, and what a changed row was before.
pub(super) fn run(old: &Path, new: &Path) -> Result<Outcome> {
    let (old, new) = (by_domain(old)?, by_domain(new)?);
    let domains: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let none = Vec::new();
    let rows = domains
        .into_iter()
        .flat_map(|domain| changes(old.get(domain).unwrap_or(&none), new.get(domain).unwrap_or(&none)));
    let rows: Vec<(&str, Texts, String)> = rows.collect();
    to_stdout(|out| {
        writeln!(out, "change,{COLUMNS},was")?;
        let mut line = Vec::new();
        for (change, texts, was) in &rows {
            line.clear();
            let mut cells = vec![Cell::text(*change)];
            cells.extend(texts.iter().map(|text| Cell::text(text.as_str())));
            cells.push(Cell::text(was.as_str()));
            push_csv_row(&mut line, &cells);
            out.write_all(&line)?;
        }
        Ok(())
    })?;
    let count = |which: &str| rows.iter().filter(|(change, ..)| *change == which).count();
    eprintln!("{} added, {} removed, {} changed", count("added"), count("removed"), count("changed"));
    Ok(Outcome::Done)
}

fn by_domain(path: &Path) -> Result<BTreeMap<String, Vec<Texts>>> {
    let mut registry = Registry::empty();
    match path.to_str() {
        Some("builtin") => registry = Registry::builtin()?,
        _ => registry.add_file(path)?,
    }
    let mut entries: BTreeMap<String, Vec<Texts>> = BTreeMap::new();
    for entry in registry.iter() {
        entries.entry(entry.domain.clone()).or_default().push(texts(entry));
    }
    Ok(entries)
}

/// Rows of one domain: those in both go, the rest is paired in order.
fn changes(old: &[Texts], new: &[Texts]) -> Vec<(&'static str, Texts, String)> {
    let left: Vec<&Texts> = old.iter().filter(|row| !new.contains(row)).collect();
    let right: Vec<&Texts> = new.iter().filter(|row| !old.contains(row)).collect();
    let pairs = left.len().min(right.len());
    let changed = left.iter().zip(&right).map(|(a, b)| ("changed", (*b).clone(), was(a, b)));
    let removed = left.iter().skip(pairs).map(|row| ("removed", (*row).clone(), String::new()));
    let added = right.iter().skip(pairs).map(|row| ("added", (*row).clone(), String::new()));
    changed.chain(removed).chain(added).collect()
}

/// `outlet: RT; until: (none)`: the fields that are not what they were, as they were.
fn was(old: &Texts, new: &Texts) -> String {
    let fields = COLUMNS.split(',').zip(old.iter().zip(new)).filter(|(_, (a, b))| a != b);
    let words = fields.map(|(name, (a, _))| format!("{name}: {}", if a.is_empty() { "(none)" } else { a }));
    words.collect::<Vec<_>>().join("; ")
}
