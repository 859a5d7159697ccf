//! One file read whole and checked: rows with meaning, or the first defect.

use super::check::Check;
use super::defect;
use super::groups::{Group, Grouped};
use super::header;
use super::rows::{Rules, Table, fill};
use super::scan;
use super::source::{self, Format, Shape, Source};
use crate::error::{Error, Result};
use std::path::Path;

/// Reads and checks a file.
///
/// # Errors
/// The first defect, as `file:line: column: what was found, what was expected`.
pub(super) fn read(path: &Path, rules: &Rules) -> Result<Table> {
    let source = Source::open(path)?;
    let name = source.name.clone();
    read_source(source, rules).map_err(|error| error.in_file(name))
}

fn read_source(source: Source, rules: &Rules) -> Result<Table> {
    let header = header_of(&source)?;
    let chosen = header::choose(&header, &rules.columns, rules.purpose)?;
    let kind = rules.kind.unwrap_or_else(|| header::kind_of(&header[chosen.value]));
    let check = Check { header: &header, chosen: &chosen, kind, zone: &rules.zone };
    let search = defect::Search { source: &source, check };
    let shape = match &source.format {
        Format::Csv(dialect) => Some(source::shape(&source, dialect)?),
        Format::Ndjson => Some(source::objects(&source)?),
        Format::Parquet => None,
    };
    if shape.is_some_and(|shape| shape.ragged) {
        return Err(search.first(None));
    }
    if shape.is_some_and(|shape| shape.rows == 0) {
        return Err(Error::input("the file has a header but no rows"));
    }
    let mut grouped = match scan::grouped(&source, &header, &chosen) {
        Ok(grouped) => grouped,
        Err(error) => second_try(&search, error)?,
    };
    let lines = counted(&mut grouped, shape, &search)?;
    let mut table = Table {
        name: source.name.clone(),
        bytes: source.bytes,
        sha256: source.sha256.clone(),
        lines,
        kind,
        has_country: chosen.country.is_some(),
        names: Vec::new(),
        rows: Vec::new(),
        notes: header::note(&header, &chosen).into_iter().collect(),
        skipped: Vec::new(),
    };
    match fill(&mut table, &grouped, &rules.zone, chosen.domain.is_some()) {
        true => Ok(table),
        false => Err(search.first(None)),
    }
}

/// The engine refused the file: because of a defect, which is named; or because it is stricter than need be about
/// quotes, and then a copy in the plainest form will do.
fn second_try(search: &defect::Search<'_>, refused: Error) -> Result<Grouped> {
    if let Some(defect) = search.find() {
        return Err(defect);
    }
    match &search.source.format {
        Format::Csv(dialect) => {
            let copy = source::rewritten(search.source, dialect)?;
            scan::grouped(&copy, search.check.header, search.check.chosen)
        }
        _ => Err(refused),
    }
}

fn header_of(source: &Source) -> Result<Vec<String>> {
    match &source.format {
        Format::Csv(dialect) => Ok(dialect.header.clone()),
        Format::Parquet => scan::parquet_header(source),
        Format::Ndjson => defect::ndjson_header(source),
    }
}

/// Takes the blank lines out and checks that the engine saw every row.
fn counted(grouped: &mut Grouped, shape: Option<Shape>, search: &defect::Search<'_>) -> Result<u64> {
    if let Some(shape) = shape {
        let is_empty: Vec<bool> = grouped.texts.iter().map(|text| text.trim().is_empty()).collect();
        let empty = |index: Option<u32>| index.is_none_or(|index| is_empty[index as usize]);
        let is_blank = |g: &Group| g.odd.is_some() && [g.time, g.domain, g.country, g.odd].into_iter().all(empty);
        let blank: u64 = grouped.groups.iter().filter(|g| is_blank(g)).map(|g| g.rows).sum();
        if blank == shape.blank {
            grouped.groups.retain(|g| !is_blank(g));
        }
        let rows: u64 = grouped.groups.iter().map(|g| g.rows).sum();
        if rows != shape.rows {
            let message = format!("the engine read {rows} rows of {}; the file may have changed meanwhile", shape.rows);
            return Err(search.first(Some(Error::input(message))));
        }
        return Ok(rows);
    }
    match grouped.groups.iter().map(|g| g.rows).sum() {
        0 => Err(Error::input("the file has no rows")),
        rows => Ok(rows),
    }
}
