//! Reading tables of traffic: CSV, Parquet and NDJSON, plain or packed, through one lazy streaming query a file.
//!
//! [`load`] turns files into a [`Panel`]: columns recognised, hosts folded to registrable domains, stamps put on one
//! grid, rows of one key and period added up. What is wrong is said as
//! `file:line: column: what was found, what was expected`; what is left out is counted.

mod assembly;
mod cell;
mod check;
#[cfg(feature = "ingest")]
mod defect;
#[cfg(feature = "ingest")]
mod delimited;
#[cfg(feature = "ingest")]
mod engine;
#[cfg(feature = "ingest")]
mod files;
#[cfg(feature = "ingest")]
pub mod formats;
#[cfg(feature = "ingest")]
pub mod frame;
#[cfg_attr(not(feature = "ingest"), allow(dead_code, reason = "the readers of files use the rest"))]
mod gather;
mod grid;
mod groups;
mod header;
#[cfg(feature = "ingest")]
mod inputs;
mod memory;
mod option;
mod panel;
mod part;
mod plain;
#[cfg(feature = "ingest")]
mod plain_foreign;
#[cfg(feature = "ingest")]
mod plain_text;
#[cfg(feature = "ingest")]
mod records;
#[cfg(feature = "ingest")]
pub mod reduce;
#[cfg_attr(not(feature = "ingest"), allow(dead_code, reason = "the readers of files use the rest"))]
mod rows;
#[cfg(feature = "ingest")]
mod scan;
#[cfg(feature = "ingest")]
mod source;
pub mod stamp;
#[cfg_attr(not(feature = "ingest"), allow(dead_code, reason = "the readers of files use the rest"))]
mod store;
#[cfg(feature = "ingest")]
mod table;
#[cfg(all(test, feature = "ingest"))]
mod tests;
mod totals;
#[cfg(feature = "ingest")]
mod unpack;

#[cfg(feature = "ingest")]
pub use files::{load, named};
pub use groups::TimeCoding;
pub use header::Columns;
pub use memory::{Datum, Table, load_tables};
pub use option::{check_codes, span_days};
pub use part::{Layout, Recognised, check_watched, filed_under, load_part, load_totals, recognise};
pub use plain::{Gridded, Plain};
#[cfg(feature = "ingest")]
pub use plain_foreign::read_foreign;
#[cfg(feature = "ingest")]
pub use plain_text::read_plain;
pub use stamp::moment;

use crate::error::Error;
use crate::registry::Registry;
use crate::series::{Kind, Panel};
use crate::time::{Seconds, Step};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What is said of an input whose rows all lie outside the dates asked for.
pub const NOTHING_IN_TIME: &str = "no row lies between the dates asked for";

/// Which series are watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Watch {
    /// State outlets of the registry; its reference outlets serve as controls.
    #[default]
    Registry,
    /// Every series.
    All,
}

/// As a format in [`Hints`]: a table whose columns the user named, CSV, NDJSON or Parquet by its content. It is none of the
/// sources, even where it looks like one: they know their own columns.
pub const TABLE: &str = "table";

/// What the user knows about files that they do not say themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// Name of the format, as `--format` takes it, or [`TABLE`]; `None` = by the content.
    pub format: Option<String>,
    /// What files without names of their own are about: a host or a term.
    pub about: Option<String>,
    /// The day of lists that name none.
    pub date: Option<Seconds>,
    /// A list of the pages of an encyclopaedia that are kept.
    pub articles: Option<PathBuf>,
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
    /// What the user knows about the files.
    pub hints: Hints,
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
            hints: Hints::default(),
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

impl Loaded {
    /// Without a total, all traffic in the input is what shares are taken of; says so, and which of the states asked
    /// for do not occur.
    pub fn settle(&mut self, states: &[String]) {
        if self.panel.totals.is_empty() {
            self.panel.totals = std::mem::take(&mut self.report.all_traffic);
            if !self.panel.totals.is_empty() {
                self.report
                    .notes
                    .push("no total given (--total): the index divides by all traffic in the input".into());
            }
        }
        for code in states {
            if !self.panel.series.iter().any(|series| &series.key.state == code) {
                self.report.notes.push(format!("--state {code}: no outlet of this state in the input"));
            }
        }
    }
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
