//! Canonical tables, a file a month: rows that were there are replaced, others kept.

use super::days;
use super::record::Written;
use crate::error::{Error, Result};
use crate::measure::confounder::Span;
use crate::time::{Seconds, Step};
use std::collections::BTreeMap;
use std::path::Path;

/// Kinds of tables. The last columns are values; all others together name a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Traffic: rows of one domain, country and period add up, and `series` tells them apart.
    Visits,
    /// Places in a list.
    Rank,
    /// Scaled by the source within one request.
    Scaled,
    /// The denominator.
    Total,
    /// What may explain a rise or a fall; see `docs/fetch.md`.
    Context,
}

impl Form {
    fn header(self) -> &'static [&'static str] {
        match self {
            Form::Visits => &["timestamp", "domain", "country", "series", "visits"],
            Form::Rank => &["timestamp", "domain", "country", "series", "rank"],
            Form::Scaled => &["timestamp", "domain", "country", "series", "scaled"],
            Form::Total => &["timestamp", "country", "series", "visits"],
            Form::Context => crate::context::COLUMNS,
        }
    }

    /// Columns at the end that are values.
    fn values(self) -> usize {
        if self == Form::Context { 2 } else { 1 }
    }
}

/// What names a row → its values.
type Rows = BTreeMap<Vec<String>, Vec<String>>;

/// Tables in the making.
#[derive(Default)]
pub(super) struct Tables {
    /// Name of the file → its form, and key → values.
    files: BTreeMap<String, (Form, Rows)>,
    notes: Vec<String>,
}

impl Tables {
    /// Adds a row to the table of its month: `2023-10` of `gdelt` is `gdelt-2023-10.csv`.
    pub(super) fn add(&mut self, stem: &str, form: Form, time: Seconds, row: Vec<String>) {
        self.add_to(&format!("{stem}-{}.csv", days::month(time)), form, row);
    }

    /// Adds a row to a table by its name. A row with the same key is replaced.
    pub(super) fn add_to(&mut self, name: &str, form: Form, mut row: Vec<String>) {
        debug_assert_eq!(row.len(), form.header().len());
        let values = row.split_off(row.len() - form.values());
        let (_, rows) = self.files.entry(name.into()).or_insert_with(|| (form, BTreeMap::new()));
        rows.insert(row, values);
    }

    /// Adds what was found, or what was looked at without finding anything. The name begins with `_`: such files are
    /// not read as traffic.
    pub(super) fn add_context(&mut self, span: &Span, found: bool) {
        let kind = if found { span.kind.name().to_string() } else { format!("checked_{}", span.kind.name()) };
        let day = Step::DAY.seconds();
        // Whole days are written as days, the last one included; anything else as moments.
        let whole = span.from % day == 0 && span.until % day == 0;
        let (from, until) = match whole {
            true => (days::dashed(span.from), days::dashed(span.until - day)),
            false => (days::stamp(span.from), days::stamp(span.until)),
        };
        let row = vec![from, until, span.country.clone(), span.domain.clone(), span.source.clone(), kind];
        self.add_to("_context.csv", Form::Context, [row, vec![span.evidence.clone()]].concat());
    }

    /// Says something, once.
    pub(super) fn note(&mut self, words: String) {
        if !self.notes.contains(&words) {
            self.notes.push(words);
        }
    }

    pub(super) fn into_notes(self) -> Vec<String> {
        self.notes
    }

    /// Merges the rows into the files of a folder, each whole or not at all.
    pub(super) fn write(&self, folder: &Path) -> Result<Vec<Written>> {
        let fault = |error| Error::io("cannot write", error).in_file(folder.display().to_string());
        std::fs::create_dir_all(folder).map_err(fault)?;
        self.files.iter().map(|(name, (form, rows))| merge(folder, name, *form, rows)).collect()
    }
}

fn merge(folder: &Path, name: &str, form: Form, added: &Rows) -> Result<Written> {
    let path = folder.join(name);
    let mut rows = if path.exists() { read(&path, form)? } else { BTreeMap::new() };
    let (mut new, mut changed) = (0, 0);
    for (key, values) in added {
        match rows.insert(key.clone(), values.clone()) {
            None => new += 1,
            Some(old) => changed += usize::from(old != *values),
        }
    }
    if new + changed > 0 {
        let fault = |error: std::io::Error| Error::io("cannot write", error).in_file(path.display().to_string());
        let mut file = tempfile::Builder::new().prefix(".fetch-").tempfile_in(folder).map_err(fault)?;
        let mut out = csv::Writer::from_writer(&mut file);
        let written = (|| {
            out.write_record(form.header())?;
            for (key, values) in &rows {
                out.write_record(key.iter().chain(values))?;
            }
            out.flush().map_err(csv::Error::from)
        })();
        drop(out);
        written.map_err(|error| fault(error.into()))?;
        file.persist(&path).map_err(|error| fault(error.error))?;
    }
    Ok(Written { name: name.into(), rows: rows.len(), new, changed })
}

fn read(path: &Path, form: Form) -> Result<Rows> {
    let name = path.display().to_string();
    let broken = |error: csv::Error| Error::input("not a table that can be added to").because(error).in_file(&name);
    let mut reader = csv::Reader::from_path(path).map_err(broken)?;
    if reader.headers().map_err(broken)?.iter().ne(form.header().iter().copied()) {
        let message = format!("another header than {}: move the file away", form.header().join(","));
        return Err(Error::input(message).in_file(&name).at_line(1));
    }
    let mut rows = BTreeMap::new();
    for record in reader.records() {
        let mut key: Vec<String> = record.map_err(broken)?.iter().map(String::from).collect();
        let values = key.split_off(key.len() - form.values());
        rows.insert(key, values);
    }
    Ok(rows)
}
