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
mod meaning;
mod panel;
mod plain;
mod records;
mod scan;
mod source;
pub mod stamp;
mod table;
#[cfg(test)]
mod tests;
mod unpack;

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
    /// The files the totals came from.
    pub totals: Vec<PathBuf>,
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
    let mut remarks = Remarks::default();
    let mut inputs = inputs::expand(&request.inputs, &mut report.failures);
    choose_totals(request, &mut inputs, &mut remarks);
    let columns = request.columns.clone();
    let mut rules = Rules { columns, purpose: Use::Traffic, kind: request.kind, zone: zone.clone() };
    let mut collector = Collector::new(request);
    let mut by_hash: HashMap<String, String> = HashMap::new();
    for path in &inputs.files {
        let taken = table::read(path, &rules).and_then(|mut table| {
            if let Some(first) = by_hash.get(&table.sha256) {
                remarks.add(&table.name, format!("the same bytes as {first}, read once"));
                return Ok(());
            }
            let file = described(&mut table, &mut report, &mut remarks);
            collector.add(table, &zone, &mut report)?;
            by_hash.insert(file.sha256.clone(), file.path.clone());
            report.files.push(file);
            Ok(())
        });
        if let Err(error) = taken {
            report.failures.push(error);
        }
    }
    check_something_is_left(request, &collector, &mut report)?;
    let found = grid::lay(&collector.stamps, grid::periods(&collector.stamps, request.every, &zone)?, request.now)?;
    report.partial_last = found.partial_last;
    let series = collector.finish(&found, &mut report)?;
    (rules.purpose, rules.kind) = (Use::Total, Some(Kind::Count));
    let mut totals = panel::Totals::default();
    for path in inputs.totals {
        let mut table = table::read(&path, &rules)?;
        let file = described(&mut table, &mut report, &mut remarks);
        report.files.push(file);
        totals.add(&table, &found, &zone)?;
        report.totals.push(path);
    }
    report.notes.extend(remarks.into_notes());
    report.notes.extend(found.notes.iter().cloned());
    Ok(Loaded { panel: Panel { grid: found.grid, series, totals: totals.finish(&found) }, report })
}

/// The total asked for, or those found in folders; a total is no traffic.
fn choose_totals(request: &Request<'_>, inputs: &mut inputs::Inputs, remarks: &mut Remarks) {
    let Some(asked) = &request.total else {
        for total in &inputs.totals {
            remarks.add(&total.display().to_string(), "taken as the total".into());
        }
        return;
    };
    let same = |path: &Path| {
        path == asked || path.canonicalize().is_ok_and(|path| asked.canonicalize().is_ok_and(|a| a == path))
    };
    for total in inputs.totals.iter().filter(|total| !same(total)) {
        remarks.add(&total.display().to_string(), "left aside, another total is given".into());
    }
    inputs.totals = vec![asked.clone()];
    inputs.files.retain(|file| !same(file));
}

/// Remarks on files; one that is made on many is said once.
#[derive(Default)]
struct Remarks {
    order: Vec<String>,
    /// Remark → first file, and how many.
    files: HashMap<String, (String, usize)>,
}

impl Remarks {
    fn add(&mut self, file: &str, remark: String) {
        match self.files.get_mut(&remark) {
            Some((_, count)) => *count += 1,
            None => {
                self.order.push(remark.clone());
                self.files.insert(remark, (file.into(), 1));
            }
        }
    }

    fn into_notes(self) -> impl Iterator<Item = String> {
        let Remarks { order, files } = self;
        order.into_iter().map(move |remark| match &files[&remark] {
            (file, 1) => format!("{file}: {remark}"),
            (file, count) => format!("{file} and {} more: {remark}", count - 1),
        })
    }
}

/// Moves the remarks of a table to the report.
fn described(table: &mut Table, report: &mut LoadReport, remarks: &mut Remarks) -> FileReport {
    for note in table.notes.drain(..) {
        remarks.add(&table.name, note);
    }
    for (reason, rows) in table.skipped.drain(..) {
        report.skip(reason, rows);
    }
    FileReport { path: table.name.clone(), bytes: table.bytes, sha256: table.sha256.clone(), rows: table.lines }
}

fn check_something_is_left(request: &Request<'_>, collector: &Collector<'_>, report: &mut LoadReport) -> Result<()> {
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
    if !collector.has_country && !request.countries.is_empty() {
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
