//! The first defect of a file, looked for row by row: file, line, column, what was found, what was expected.

use super::cell;
use super::header::Chosen;
use super::meaning::coded;
use super::records::for_each_field;
use super::scan::{self, RawRow, TimeCoding};
use super::source::{self, Dialect, Format, Source};
use super::stamp::{self, Stamp, Zone};
use crate::error::{Error, Result};
use crate::registry::fold;
use crate::series::Kind;
use std::collections::HashMap;
use std::io::BufRead;

/// Rows of a Parquet file looked at together.
const BATCH: u32 = 100_000;

/// A file in which something is wrong.
#[derive(Debug)]
pub(super) struct Search<'a> {
    /// The file.
    pub source: &'a Source,
    /// Names of its columns.
    pub header: &'a [String],
    /// Which column is which.
    pub chosen: &'a Chosen,
    /// What the numbers are.
    pub kind: Kind,
    /// Zone of stamps that carry none.
    pub zone: &'a Zone,
}

/// What must hold between rows.
#[derive(Default)]
struct Memory {
    /// The first stamp, and whether it carried a zone.
    first_stamp: Option<(String, bool)>,
    /// Key and stamp → line, for kinds that do not add up.
    seen: HashMap<(Stamp, String, String), u64>,
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
            if fields != self.header.len() {
                let message = format!("found {fields} fields, expected {} as in the header", self.header.len());
                return Err(Error::input(message).at_line(line));
            }
            if let Some(index) = broken {
                return Err(self.fault(line, index, "found bytes that are not UTF-8"));
            }
            self.check(&row, line, TimeCoding::Text, &mut memory)?;
        }
    }

    fn put(&self, row: &mut RawRow, index: usize, text: String) {
        let chosen = self.chosen;
        if index == chosen.time {
            row.time = Some(text);
        } else if Some(index) == chosen.domain {
            row.domain = Some(text);
        } else if Some(index) == chosen.country {
            row.country = Some(text);
        } else if index == chosen.value {
            row.value = Some(text);
        }
    }

    fn in_ndjson(&self) -> Result<()> {
        let mut memory = Memory::default();
        let mut reader = self.source.reader()?;
        let mut text = Vec::new();
        for line in 1.. {
            text.clear();
            if reader.read_until(b'\n', &mut text).map_err(|e| Error::io("cannot read the file", e))? == 0 {
                break;
            }
            let bytes = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text).trim_ascii();
            if bytes.is_empty() {
                continue;
            }
            let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(bytes)
                .map_err(|e| Error::input("found no JSON object").because(e).at_line(line))?;
            let mut row = RawRow::default();
            let used = [Some(self.chosen.time), self.chosen.domain, self.chosen.country, Some(self.chosen.value)];
            for index in used.into_iter().flatten() {
                match object.get(&self.header[index]) {
                    None | Some(serde_json::Value::Null) => {}
                    Some(serde_json::Value::String(text)) => self.put(&mut row, index, text.clone()),
                    Some(serde_json::Value::Number(number)) => self.put(&mut row, index, number.to_string()),
                    Some(other) => {
                        return Err(self.fault(line, index, format!("found {other}, expected text or a number")));
                    }
                }
            }
            self.check(&row, line, TimeCoding::Text, &mut memory)?;
        }
        Ok(())
    }

    fn in_parquet(&self) -> Result<()> {
        let mut memory = Memory::default();
        for batch in 0.. {
            let from = i64::from(BATCH) * batch;
            let (rows, coding) = scan::raw_rows(self.source, self.header, self.chosen, from, BATCH)?;
            for (index, row) in rows.iter().enumerate() {
                let number = from as u64 + index as u64 + 1;
                self.check(row, number, coding, &mut memory)?;
            }
            if rows.len() < BATCH as usize {
                break;
            }
        }
        Ok(())
    }

    fn check(&self, row: &RawRow, line: u64, coding: TimeCoding, memory: &mut Memory) -> Result<()> {
        let chosen = self.chosen;
        let time = row.time.as_deref().unwrap_or("");
        let expected = |index, text: &str, what: &str| {
            let found = if text.is_empty() { "nothing".into() } else { format!("'{text}'") };
            Err(self.fault(line, index, format!("found {found}, expected {what}")))
        };
        let Some(stamp) = coded(time, coding) else { return expected(chosen.time, time, stamp::EXPECTED) };
        let zoned = matches!(stamp, Stamp::Instant(_));
        match &memory.first_stamp {
            None => memory.first_stamp = Some((time.to_string(), zoned)),
            Some((first, first_zoned)) if *first_zoned != zoned => {
                let (here, there) = if zoned { ("with", "without") } else { ("without", "with") };
                let what = format!("a time stamp {there} a time zone like the first one, '{first}': it is {here} one");
                return expected(chosen.time, time, &what);
            }
            Some(_) => {}
        }
        let domain = row.domain.as_deref().unwrap_or("");
        if let (Some(index), true) = (chosen.domain, cell::unquoted(domain).is_empty()) {
            return expected(index, "", "a domain or host");
        }
        let country = row.country.as_deref().unwrap_or("");
        if let (Some(index), Err(what)) = (chosen.country, cell::country(country)) {
            return expected(index, country, what);
        }
        let value = row.value.as_deref().unwrap_or("");
        if let Err(what) = cell::value(value) {
            return expected(chosen.value, value, what);
        }
        self.check_repeated(stamp, domain, country, line, memory)
    }

    fn check_repeated(&self, stamp: Stamp, domain: &str, country: &str, line: u64, memory: &mut Memory) -> Result<()> {
        if self.kind.adds_up() || matches!(self.zone.place(stamp), stamp::Place::Twice(..)) {
            return Ok(());
        }
        let host = fold(cell::unquoted(domain));
        let key = (stamp, host.name().unwrap_or("").to_string(), cell::country(country).unwrap_or_default());
        match memory.seen.insert(key, line) {
            None => Ok(()),
            Some(earlier) => {
                let message = format!(
                    "found a second row for this key and period (first on line {earlier}); values of kind '{}' cannot be added up",
                    self.kind.name()
                );
                Err(self.fault(line, self.chosen.value, message))
            }
        }
    }

    fn fault(&self, line: u64, column: usize, message: impl Into<String>) -> Error {
        Error::input(message).at_line(line).in_column(self.header[column].trim())
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
