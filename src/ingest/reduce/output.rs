//! The canonical table: `timestamp,domain,country,visits`, sorted by time, domain and country.
//!
//! A key and period may have up to three rows: the numbers, `<5` for what is only known to lie below, and an empty
//! one for what was not observed. They add up as the rows they come from would have, so a result can be reduced again.
//! Values that are no counts have their kind beside them, in a column `kind`.

use super::Reduced;
use crate::error::{Error, Result};
use crate::ingest::frame::{Column, write_parquet_with};
use crate::ingest::stamp::show;
use crate::series::Kind;
use crate::time::{Seconds, Step};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Rows of one batch of Parquet, about.
const BATCH: usize = 1 << 19;

/// How a table came about, for its metadata.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// `floodmark`.
    pub program: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Kind of the values.
    pub kind: &'static str,
    /// Length of a period.
    pub every: String,
    /// First period.
    pub first: Option<String>,
    /// Last period.
    pub last: Option<String>,
    /// What was asked for beside the inputs.
    pub options: BTreeMap<String, String>,
    /// Files counted.
    pub inputs: Vec<RecordedFile>,
    /// Files left out, with the reason.
    pub failures: Vec<String>,
    /// How many files were left out.
    pub skipped_files: usize,
    /// Reason → rows left out.
    pub skipped_rows: BTreeMap<String, u64>,
    /// Rows written.
    pub rows: u64,
    /// Remarks on the files.
    pub notes: Vec<String>,
}

/// A file that was counted.
#[derive(Clone, Debug, Serialize)]
pub struct RecordedFile {
    path: String,
    bytes: u64,
    sha256: String,
    rows: u64,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Canonical<'a> {
    /// Start of the period.
    pub time: Seconds,
    /// Domain, host or topic.
    pub name: &'a str,
    /// Where the readers are; empty = all countries together.
    pub country: &'a str,
    /// The number, if there is one.
    pub value: Option<f64>,
    /// The bound, if all that is known is that the value lies below.
    pub below: Option<f64>,
}

impl Reduced {
    /// Kind of the values.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Number of keys and periods.
    pub fn len(&self) -> usize {
        self.store.len()
    }

    /// Whether no row is left.
    pub fn is_empty(&self) -> bool {
        self.store.is_empty()
    }

    /// Rows of the table, sorted.
    pub fn rows(&self) -> impl Iterator<Item = Canonical<'_>> {
        let (names, countries) = (self.store.names(), self.store.countries());
        let mut times: Vec<Seconds> = self.store.times().collect();
        times.sort_unstable();
        // Numbers are compared faster than texts.
        let (rank, country_rank) = (ranks(names), ranks(countries));
        times.into_iter().flat_map(move |time| {
            let mut cells = self.store.sorted(time);
            cells.sort_unstable_by_key(|(pair, _)| (rank[pair.name as usize], country_rank[pair.country as usize]));
            cells.into_iter().flat_map(move |(pair, amount)| {
                let (name, country) = (names[pair.name as usize].as_str(), countries[pair.country as usize].as_str());
                let row = Canonical { time, name, country, value: None, below: None };
                let number = (amount.numbers > 0).then_some(Canonical { value: Some(amount.sum), ..row });
                let below = (amount.censored > 0).then_some(Canonical { below: Some(amount.bound), ..row });
                let gap = (amount.empty > 0).then_some(row);
                [number, below, gap].into_iter().flatten()
            })
        })
    }

    /// How the table came about.
    pub fn record(&self, options: BTreeMap<String, String>) -> Record {
        let mut times: Vec<Seconds> = self.store.times().collect();
        times.sort_unstable();
        let files = self.files.iter();
        Record {
            program: "floodmark",
            version: env!("CARGO_PKG_VERSION"),
            kind: self.kind.name(),
            every: self.every.name(),
            first: times.first().map(|time| show(*time)),
            last: times.last().map(|time| show(*time)),
            options,
            inputs: files
                .map(|file| RecordedFile {
                    path: file.path.clone(),
                    bytes: file.bytes,
                    sha256: file.sha256.clone(),
                    rows: file.rows,
                })
                .collect(),
            failures: self.failures.iter().map(Error::to_string).collect(),
            skipped_files: self.failures.len(),
            skipped_rows: self.skipped.clone(),
            rows: self.rows().count() as u64,
            notes: self.notes.clone(),
        }
    }

    /// Writes the table as CSV.
    ///
    /// # Errors
    /// `out` refuses.
    pub fn write_csv(&self, out: &mut impl Write) -> io::Result<()> {
        // Without rows there is no value to name the kind of, and read again it is the same table.
        let count = self.kind == Kind::Count || self.is_empty();
        out.write_all(b"timestamp,domain,country,visits")?;
        out.write_all(if count { b"\n" } else { b",kind\n" })?;
        let below = if self.kind == Kind::Rank { '>' } else { '<' };
        let mut stamp = (Seconds::MIN, String::new());
        let mut quoted = String::new();
        for row in self.rows() {
            if stamp.0 != row.time {
                stamp = (row.time, self.stamp(row.time));
            }
            let name = if row.name.contains([',', '"', '\n', '\r']) {
                quoted.clear();
                quoted.push('"');
                quoted.push_str(&row.name.replace('"', "\"\""));
                quoted.push('"');
                quoted.as_str()
            } else {
                row.name
            };
            write!(out, "{},{name},{},", stamp.1, row.country)?;
            match (row.value, row.below) {
                (Some(value), _) => write!(out, "{value}")?,
                (None, Some(bound)) => write!(out, "{below}{bound}")?,
                (None, None) => {}
            }
            if !count {
                write!(out, ",{}", self.kind.name())?;
            }
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn stamp(&self, time: Seconds) -> String {
        let text = show(time);
        // Hours at midnight are hours too.
        if self.every < Step::DAY && text.len() == 10 { format!("{text}T00:00:00Z") } else { text }
    }

    /// Writes the table as Parquet, with how it came about in its metadata under `floodmark`.
    ///
    /// # Errors
    /// `out` refuses.
    pub fn write_parquet(&self, out: impl Write + Send, record: &Record) -> Result<()> {
        let record = serde_json::to_string(record).map_err(|e| Error::input("cannot write the metadata").because(e))?;
        let censored = self.rows().any(|row| row.below.is_some());
        let mut rows = self.rows();
        let mut next = move || -> Vec<Canonical<'_>> { rows.by_ref().take(BATCH).collect() };
        let first = self.batch(&next(), censored);
        let rest = std::iter::from_fn(|| Some(next()).filter(|rows| !rows.is_empty()));
        write_parquet_with(out, &[("floodmark", record)], first, rest.map(|rows| self.batch(&rows, censored)))
    }

    fn batch<'a>(&self, rows: &[Canonical<'a>], censored: bool) -> Vec<(&'static str, Column<'a>)> {
        let times: Vec<Seconds> = rows.iter().map(|row| row.time).collect();
        let number = |pick: fn(&Canonical<'a>) -> Option<f64>| {
            Column::Number(rows.iter().map(|row| pick(row).unwrap_or(f64::NAN)).collect())
        };
        let time = if self.every < Step::DAY { Column::Instant(times) } else { Column::Day(times) };
        let mut columns = vec![
            ("timestamp", time),
            ("domain", Column::Text(rows.iter().map(|row| row.name).collect())),
            ("country", Column::Text(rows.iter().map(|row| row.country).collect())),
            ("visits", number(|row| row.value)),
        ];
        if censored {
            columns.push(("below", number(|row| row.below)));
        }
        if self.kind != Kind::Count {
            columns.push(("kind", Column::Text(vec![self.kind.name(); rows.len()])));
        }
        columns
    }
}

/// Place of each text in the alphabet.
fn ranks(texts: &[String]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..texts.len() as u32).collect();
    order.sort_unstable_by_key(|index| texts[*index as usize].as_str());
    let mut rank = vec![0u32; texts.len()];
    (0..).zip(&order).for_each(|(position, index)| rank[*index as usize] = position);
    rank
}
