//! One file read whole and checked: rows with meaning, or the first defect.

use super::check::Check;
use super::defect::{self, Search};
use super::delimited::{self, Defect, Layout};
use super::formats::{self, Articles, Input};
use super::gather::{Gather, Ways};
use super::header::{self, Chosen, Use};
use super::records::{Records, fields};
use super::rows::{Rules, Table};
use super::scan;
use super::source::{self, Dialect, Format, Source};
use super::unpack::cannot_read;
use crate::error::{Error, Result};
use crate::registry::Registry;
use crate::series::Kind;
use std::io::Read;
use std::path::Path;

/// Files below this size are read on one thread.
const SMALL: u64 = 8 << 20;

/// Reads and checks a file.
///
/// # Errors
/// The first defect, as `file:line: column: what was found, what was expected`.
pub(super) fn read(path: &Path, rules: &Rules) -> Result<Table> {
    let source = Source::open(path, rules.hints.format.as_deref())?;
    // A large file is hashed while it is read.
    let (table, sha256) = std::thread::scope(|scope| {
        let hashing = (source.bytes >= SMALL).then(|| scope.spawn(|| source.sha256()));
        let table = read_source(&source, rules);
        let hashed = hashing.map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        (table, hashed.unwrap_or_else(|| source.sha256()))
    });
    let (table, sha256) = (table.map_err(|error| error.in_file(&source.name))?, sha256?);
    let identity = match source.format {
        Format::Foreign(format) => format.identity(&sha256, &source.name),
        _ => sha256.clone(),
    };
    Ok(Table { sha256, identity, ..table })
}

fn read_source(source: &Source, rules: &Rules) -> Result<Table> {
    if let Format::Foreign(format) = source.format {
        return foreign(source, format, rules);
    }
    let header = header_of(source)?;
    let chosen = header::choose(&header, &rules.columns, rules.purpose)?;
    let written = own_kind(source, &header, &chosen)?;
    let kind = rules.kind.or(written).unwrap_or_else(|| header::kind_of(&header[chosen.value]));
    let chosen = Chosen { kind: chosen.kind.filter(|_| written.is_some() && rules.kind.is_none()), ..chosen };
    let check = Check { header: &header, chosen: &chosen, kind, zone: &rules.zone };
    let search = Search { source, check };
    let mut table = empty(source, kind);
    table.has_country = chosen.country.is_some();
    table.notes.extend(header::note(&header, &chosen));
    let mut gather = Gather::new(Ways::plain(&rules.zone), kind);
    let taken = match &source.format {
        Format::Parquet => {
            let jobs = if source.bytes < SMALL { 1 } else { jobs() };
            match scan::gather(source, &header, &chosen, &mut gather, jobs)? {
                true => taken(&mut table, gather),
                false => false,
            }
        }
        Format::Csv(dialect) => {
            let layout = Layout::new(dialect, &chosen, written);
            let reader = source::after_header(source, dialect)?;
            let jobs = if source.bytes < SMALL { 1 } else { jobs() };
            match delimited::gather(reader, &layout, &mut gather, jobs) {
                Ok(()) => taken(&mut table, gather),
                Err(Ok(Defect)) => false,
                Err(Err(error)) => return Err(cannot_read(error)),
            }
        }
        _ => match search.each_object(&mut gather)? {
            true => taken(&mut table, gather),
            false => false,
        },
    };
    if !taken {
        return Err(search.first(None));
    }
    if table.lines == 0 {
        table.notes.push(no_rows(rules)?);
    }
    Ok(table)
}

/// What is said of a file without rows: it adds nothing, but as the total it would leave nothing to divide by.
fn no_rows(rules: &Rules) -> Result<String> {
    match rules.purpose {
        Use::Total => Err(Error::input("the file has no rows; expected totals")),
        Use::Traffic => Ok("no rows: nothing was counted".into()),
    }
}

fn taken(table: &mut Table, gather: Gather<'_>) -> bool {
    table.lines = gather.tally.rows;
    table.take(gather)
}

/// A table of which nothing is known but the file.
fn empty(source: &Source, kind: Kind) -> Table {
    Table {
        name: source.name.clone(),
        bytes: source.bytes,
        sha256: String::new(),
        identity: String::new(),
        origin: None,
        lines: 0,
        kind,
        has_country: false,
        names: Vec::new(),
        rows: Vec::new(),
        notes: Vec::new(),
        skipped: Vec::new(),
        totals: Vec::new(),
        lists: Vec::new(),
    }
}

/// Threads for one large file.
fn jobs() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().min(8))
}

/// A file in a format of its publisher.
fn foreign(source: &Source, format: &'static formats::Format, rules: &Rules) -> Result<Table> {
    let mut reader = source.reader()?;
    source::skip_mark(&mut reader)?;
    let mut gather = Gather::new(Ways::plain(&rules.zone), rules.kind.unwrap_or_default());
    let hints = formats::Hints {
        columns: Some(&rules.columns),
        about: rules.hints.about.as_deref(),
        date: rules.hints.date,
        articles: rules.articles.as_deref().filter(|_| format.vast || rules.hints.articles.is_some()),
        kind: rules.kind,
    };
    let mut input = Input { reader: &mut reader, name: formats::file_name(&source.name), hints };
    (format.read)(&mut input, &mut gather)?;
    let mut table = empty(source, gather.kind);
    let kind = gather.kind;
    table.origin = format.origin(&gather);
    table.notes.push(format!("read as {}, values of kind '{}'", format.title, kind.name()));
    table.lines = gather.tally.rows;
    if gather.tally.rows == 0 {
        table.notes.push(formats::nothing_left(&gather)?);
    }
    let lines = table.lines;
    let mixed = gather.mixed();
    if !table.take(gather) {
        return Err(match mixed {
            true => Error::input("time stamps with and without a time zone in one file"),
            false => Error::input(format!(
                "several values for one name, country and time; values of kind '{}' cannot be added up",
                kind.name()
            )),
        });
    }
    table.has_country = table.rows.iter().any(|row| !table.names[row.country as usize].is_empty());
    if lines > 0 && table.rows.is_empty() && table.totals.is_empty() {
        return Err(Error::input("no row is left"));
    }
    Ok(table)
}

/// The list of pages asked for; without one, the pages about known outlets.
///
/// # Errors
/// The list cannot be read, or names no page.
pub(super) fn articles(path: Option<&Path>, registry: &Registry) -> Result<Articles> {
    let Some(path) = path else { return Articles::builtin(registry) };
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| Error::io("cannot read the pages", e).in_file(&name))?;
    Articles::parse(&text, registry).map_err(|error| error.in_file(name))
}

/// The kind that a table of our own says its values are of: in its first row.
///
/// # Errors
/// The file cannot be read.
pub(super) fn own_kind(source: &Source, header: &[String], chosen: &Chosen) -> Result<Option<Kind>> {
    if chosen.kind.is_none() {
        return Ok(None);
    }
    match &source.format {
        Format::Csv(dialect) => {
            let mut start = Vec::new();
            source.reader()?.take(source::HEAD).read_to_end(&mut start).map_err(cannot_read)?;
            Ok(kind_in(&start, dialect, chosen))
        }
        Format::Parquet => {
            let first = scan::raw_rows(source, header, chosen, 0, 1)?.0.pop();
            Ok(first.and_then(|row| row.kind).as_deref().and_then(Kind::from_name))
        }
        _ => Ok(None),
    }
}

/// The kind in the first row of a text.
pub(super) fn kind_in(start: &[u8], dialect: &Dialect, chosen: &Chosen) -> Option<Kind> {
    let mut reader = start;
    source::skip_header(&mut reader, dialect).ok()?;
    let mut records = Records::new(reader, dialect.line_end, 1);
    let cells = fields(records.next_record().ok()??.bytes, dialect.delimiter);
    cells.get(chosen.kind?)?.as_deref().and_then(Kind::from_name)
}

fn header_of(source: &Source) -> Result<Vec<String>> {
    match &source.format {
        Format::Csv(Dialect { header, .. }) => Ok(header.clone()),
        Format::Parquet => scan::parquet_header(source),
        Format::Ndjson => defect::ndjson_header(source),
        Format::Foreign(_) => Ok(Vec::new()),
    }
}
