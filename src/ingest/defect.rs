//! The first defect of a file, looked for row by row: file, line, column, what was found, what was expected.

use super::cell;
use super::check::{Check, Memory};
use super::gather::{Gather, Named};
use super::groups::{RawRow, TimeCoding};
use super::records::for_each_field;
use super::scan;
use super::source::{self, Dialect, Format, Source};
use crate::error::{Error, Result};
use std::io::{BufRead, Read};

/// A line of NDJSON may not be longer than this.
const LONGEST: u64 = 1 << 24;

/// Rows of a Parquet file looked at together.
const BATCH: u32 = 100_000;

/// A file in which something is wrong.
#[derive(Debug)]
pub(super) struct Search<'a> {
    /// The file.
    pub source: &'a Source,
    /// What its rows are held against.
    pub check: Check<'a>,
}

impl Search<'_> {
    /// The first defect; what the engine said if none is found.
    pub(super) fn first(&self, engine: Option<Error>) -> Error {
        let unknown = || Error::input("the table is inconsistent, but no single row is at fault");
        self.find().or(engine).unwrap_or_else(unknown)
    }

    /// The first defect, if there is one.
    pub(super) fn find(&self) -> Option<Error> {
        let found = match &self.source.format {
            Format::Csv(dialect) => self.in_csv(dialect),
            Format::Ndjson => self.in_ndjson(),
            Format::Parquet => self.in_parquet(),
            Format::Foreign(_) => Ok(()),
        };
        found.err()
    }

    fn in_csv(&self, dialect: &Dialect) -> Result<()> {
        let mut records = source::rows(self.source, dialect)?;
        let mut memory = Memory::default();
        loop {
            let record = records.next_record().map_err(|e| Error::io("cannot read the file", e))?;
            let Some(record) = record else { return Ok(()) };
            let line = record.line;
            if record.unclosed {
                return Err(Error::input("found a quote that is never closed").at_line(line));
            }
            let (mut row, mut fields, mut broken) = (RawRow::default(), 0, None);
            for_each_field(record.bytes, dialect.delimiter, |index, field| {
                fields = index + 1;
                match String::from_utf8(field.into_owned()) {
                    Ok(text) => self.put(&mut row, index, text),
                    Err(_) => broken = broken.or(Some(index)),
                }
            });
            if fields != self.check.header.len() {
                let message = format!("found {fields} fields, expected {} as in the header", self.check.header.len());
                return Err(Error::input(message).at_line(line));
            }
            if let Some(index) = broken {
                return Err(self.check.fault(line, index, "found bytes that are not UTF-8"));
            }
            self.check.row(&row, line, TimeCoding::Text, &mut memory)?;
        }
    }

    fn put(&self, row: &mut RawRow, index: usize, text: String) {
        let chosen = self.check.chosen;
        if index == chosen.time {
            row.time = Some(text);
        } else if Some(index) == chosen.domain {
            row.domain = Some(text);
        } else if Some(index) == chosen.country {
            row.country = Some(text);
        } else if index == chosen.value {
            row.value = Some(text);
        } else if Some(index) == chosen.kind {
            row.kind = Some(text);
        }
    }

    fn in_ndjson(&self) -> Result<()> {
        let mut memory = Memory::default();
        self.objects(|row, line| self.check.row(row, line, TimeCoding::Text, &mut memory).map(|()| true)).map(drop)
    }

    /// Gathers the objects of an NDJSON file; `false` if one of them cannot be taken as it is.
    ///
    /// # Errors
    /// A line is no object.
    pub(super) fn each_object(&self, gather: &mut Gather<'_>) -> Result<bool> {
        let has_domain = self.check.chosen.domain.is_some();
        self.objects(|row, _| {
            let text = |cell: &Option<String>| cell.as_deref().unwrap_or("").to_string();
            let (place, country) = (gather.time(&text(&row.time)), gather.country(&text(&row.country)));
            let name = match gather.name(&text(&row.domain)) {
                Named::Missing if has_domain => return Ok(false),
                Named::Missing => Named::As(gather.store.name("")),
                name => name,
            };
            let value = cell::value_of(&text(&row.value), gather.kind).ok();
            let (Some(place), Some(country), Some(value)) = (place, country, value) else { return Ok(false) };
            gather.put(place, name, country, &value.amount());
            Ok(true)
        })
    }

    /// Goes through the objects of an NDJSON file until one is refused.
    fn objects(&self, mut take: impl FnMut(&RawRow, u64) -> Result<bool>) -> Result<bool> {
        let mut reader = self.source.reader()?;
        let mut text = Vec::new();
        for line in 1.. {
            text.clear();
            let read = reader.by_ref().take(LONGEST).read_until(b'\n', &mut text);
            if read.map_err(|e| Error::io("cannot read the file", e))? == 0 {
                break;
            }
            let bytes = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text).trim_ascii();
            if bytes.is_empty() {
                continue;
            }
            let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(bytes)
                .map_err(|e| Error::input("found no JSON object").because(e).at_line(line))?;
            let mut row = RawRow::default();
            let chosen = self.check.chosen;
            let used = [Some(chosen.time), chosen.domain, chosen.country, Some(chosen.value)];
            for index in used.into_iter().flatten() {
                match object.get(&self.check.header[index]) {
                    None | Some(serde_json::Value::Null) => {}
                    Some(serde_json::Value::String(text)) => self.put(&mut row, index, text.clone()),
                    Some(serde_json::Value::Number(number)) => self.put(&mut row, index, number.to_string()),
                    Some(other) => {
                        let message = format!("found {other}, expected text or a number");
                        return Err(self.check.fault(line, index, message));
                    }
                }
            }
            if !take(&row, line)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn in_parquet(&self) -> Result<()> {
        let mut memory = Memory::default();
        for batch in 0.. {
            let from = i64::from(BATCH) * batch;
            let (rows, coding) = scan::raw_rows(self.source, self.check.header, self.check.chosen, from, BATCH)?;
            for (index, row) in rows.iter().enumerate() {
                let number = from as u64 + index as u64 + 1;
                self.check.row(row, number, coding, &mut memory)?;
            }
            if rows.len() < BATCH as usize {
                break;
            }
        }
        Ok(())
    }
}

/// Names found in the objects at the start of an NDJSON file, in order of their first line.
pub(super) fn ndjson_header(source: &Source) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for (index, line) in source.reader()?.split(b'\n').take(1_000).enumerate() {
        let line = line.map_err(|e| Error::io("cannot read the file", e))?;
        let bytes = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line).trim_ascii();
        if bytes.is_empty() {
            continue;
        }
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(bytes)
            .map_err(|e| Error::input("found no JSON object").because(e).at_line(index as u64 + 1))?;
        for name in object.keys() {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    Ok(names)
}
