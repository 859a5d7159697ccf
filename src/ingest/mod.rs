//! Reading tables of traffic: CSV, Parquet and NDJSON, plain or packed, through one lazy streaming query a file.
//!
//! [`load`] turns files into a [`Panel`]: columns recognised, hosts folded to registrable domains, stamps put on one
//! grid, rows of one key and period added up. What is wrong is said as
//! `file:line: column: what was found, what was expected`; what is left out is counted.

mod cell;
mod defect;
pub mod frame;
mod grid;
mod header;
mod inputs;
mod panel;
mod plain;
mod records;
mod scan;
mod source;
pub mod stamp;
mod table;
#[cfg(test)]
mod tests;

pub use header::Columns;
pub use plain::{Plain, read_plain};
pub use stamp::moment;

use crate::error::{Error, Result};
use crate::registry::Registry;
use crate::series::{Kind, Panel};
use crate::time::{Seconds, Step};
use header::Use;
use panel::Collector;
use stamp::Zone;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use table::{Rules, Table};

/// Which series are watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Watch {
    /// State outlets of the registry; its reference outlets serve as controls.
    #[default]
    Registry,
    /// Every series.
    All,
}

/// What to read and how.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Files, folders, globs, or `-` for standard input.
    pub inputs: Vec<String>,
    /// Denominators: `timestamp[,country],visits`.
    pub total: Option<PathBuf>,
    /// Columns named by the user.
    pub columns: Columns,
    /// What the numbers are; `None` = by the name of the value column, counts unless it says otherwise.
    pub kind: Option<Kind>,
    /// IANA name of the zone of stamps that carry none, and of the days of the grid; `None` = UTC.
    pub time_zone: Option<String>,
    /// Step of the grid; `None` = found from the stamps.
    pub every: Option<Step>,
    /// First moment that is read.
    pub from: Option<Seconds>,
    /// Last moment that is read, included.
    pub to: Option<Seconds>,
    /// States to keep; empty = all.
    pub states: Vec<String>,
    /// Countries of the readers to keep; empty = all.
    pub countries: Vec<String>,
    /// Who owns which domain.
    pub registry: &'a Registry,
    /// Which series are watched.
    pub watch: Watch,
    /// The present: the period that holds it, and later ones, are left out.
    pub now: Option<Seconds>,
}

impl<'a> Request<'a> {
    /// A request with nothing but its inputs.
    pub fn new(inputs: Vec<String>, registry: &'a Registry) -> Request<'a> {
        Request {
            inputs,
            total: None,
            columns: Columns::default(),
            kind: None,
            time_zone: None,
            every: None,
            from: None,
            to: None,
            states: Vec::new(),
            countries: Vec::new(),
            registry,
            watch: Watch::default(),
            now: None,
        }
    }
}

/// A panel and how it came about.
#[derive(Debug)]
pub struct Loaded {
    /// The series on their grid.
    pub panel: Panel,
    /// What was read, left out, and gone wrong.
    pub report: LoadReport,
}

/// What was read, left out, and gone wrong.
#[derive(Debug, Default)]
pub struct LoadReport {
    /// Files read, in order.
    pub files: Vec<FileReport>,
    /// One error for each input that could not be read; the others went on.
    pub failures: Vec<Error>,
    /// Sentences for the reader.
    pub notes: Vec<String>,
    /// Reason → number of rows left out.
    pub skipped: BTreeMap<String, u64>,
    /// Start of the last period if it was incomplete and left out.
    pub partial_last: Option<Seconds>,
    /// Country → traffic of every domain in the input on the panel's grid, watched or not: what a share may be taken
    /// of when no total is given. `NaN` where nothing was observed.
    pub all_traffic: BTreeMap<String, Vec<f64>>,
    /// The file the totals came from.
    pub total: Option<PathBuf>,
}

impl LoadReport {
    fn skip(&mut self, reason: &str, rows: u64) {
        if rows > 0 {
            *self.skipped.entry(reason.into()).or_default() += rows;
        }
    }
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileReport {
    /// As the user named it.
    pub path: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Number of rows.
    pub rows: u64,
}

/// Reads all inputs into one panel.
///
/// # Errors
/// Nothing could be read (the first failure, the others counted), nothing is left to watch, the options do not fit
/// the data, or the total is wrong. A single bad input is no error if others can be read: see [`LoadReport::failures`].
pub fn load(request: &Request<'_>) -> Result<Loaded> {
    let zone = Zone::named(request.time_zone.as_deref())?;
    let mut report = LoadReport::default();
    let inputs = inputs::expand(&request.inputs, &mut report.failures);
    let mut rules =
        Rules { columns: request.columns.clone(), purpose: Use::Traffic, kind: request.kind, zone: zone.clone() };
    let mut collector = Collector::new(request);
    let mut by_hash: HashMap<String, String> = HashMap::new();
    let mut has_country = false;
    for path in &inputs.files {
        match table::read(path, &rules) {
            Ok(table) if by_hash.contains_key(&table.sha256) => {
                let note = format!("{}: the same bytes as {}, read once", table.name, by_hash[&table.sha256]);
                report.notes.push(note);
            }
            Ok(mut table) => {
                let file = described(&mut table, &mut report);
                let table_has_country = table.has_country;
                match collector.add(table, &zone, &mut report) {
                    Ok(()) => {
                        by_hash.insert(file.sha256.clone(), file.path.clone());
                        report.files.push(file);
                        has_country |= table_has_country;
                    }
                    Err(error) => report.failures.push(error),
                }
            }
            Err(error) => report.failures.push(error),
        }
    }
    check_something_is_left(request, &collector, has_country, &mut report)?;
    let found = grid::lay(&collector.stamps, grid::periods(&collector.stamps, request.every, &zone)?, request.now)?;
    report.notes.extend(found.notes.iter().cloned());
    report.partial_last = found.partial_last;
    let series = collector.finish(&found, &mut report)?;
    rules.purpose = Use::Total;
    let totals = match request.total.clone().or_else(|| inputs.total.clone()) {
        None => BTreeMap::new(),
        Some(path) => {
            if request.total.is_none() {
                report.notes.push(format!("{} taken as the total", path.display()));
            }
            let totals = total(&path, &rules, &found, &mut report)?;
            report.total = Some(path);
            totals
        }
    };
    Ok(Loaded { panel: Panel { grid: found.grid, series, totals }, report })
}

fn total(
    path: &Path,
    rules: &Rules,
    found: &grid::Found,
    report: &mut LoadReport,
) -> Result<BTreeMap<String, Vec<f64>>> {
    let mut table = table::read(path, &Rules { kind: Some(Kind::Count), ..rules.clone() })?;
    let file = described(&mut table, report);
    report.files.push(file);
    panel::totals(&table, found, &rules.zone)
}

/// Moves the remarks of a table to the report.
fn described(table: &mut Table, report: &mut LoadReport) -> FileReport {
    let name = &table.name;
    report.notes.extend(table.notes.drain(..).map(|note| format!("{name}: {note}")));
    for (reason, rows) in table.skipped.drain(..) {
        report.skip(reason, rows);
    }
    FileReport { path: table.name.clone(), bytes: table.bytes, sha256: table.sha256.clone(), rows: table.lines }
}

fn check_something_is_left(
    request: &Request<'_>,
    collector: &Collector<'_>,
    has_country: bool,
    report: &mut LoadReport,
) -> Result<()> {
    if report.files.is_empty() {
        let others = report.failures.len().saturating_sub(1);
        return Err(match (report.failures.is_empty(), others) {
            (true, _) => Error::usage("no input given"),
            (false, 0) => report.failures.remove(0),
            (false, others) => {
                report.failures.remove(0).context(format!("no input could be read ({others} more failed)"))
            }
        });
    }
    if !has_country && !request.countries.is_empty() {
        return Err(Error::usage("the input does not tell countries apart; name the column with --country-col"));
    }
    if collector.watches() {
        return Ok(());
    }
    if collector.stamps.is_empty() {
        return Err(Error::input("no row lies between the dates asked for"));
    }
    let skipped: Vec<String> = report.skipped.iter().map(|(reason, rows)| format!("{reason}: {rows} rows")).collect();
    Err(Error::input(format!(
        "no known state outlet in the input ({}); watch every series with --watch all, or add outlets with --domains FILE",
        skipped.join(", ")
    )))
}
