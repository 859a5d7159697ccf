//! What readers share: small delimited tables, JSON documents, lines of logs.

use super::Input;
use crate::error::{Error, Result};
use crate::ingest::cell::{self, Value};
use crate::ingest::header::{named_once, normal};
use crate::ingest::option::short;
use crate::ingest::records::{Records, fields};
use crate::ingest::stamp::{self, Stamp};
use serde_json::Value as Json;
use std::io::{BufRead, Read};

/// A JSON document may not be larger than this: it is held in memory whole.
const LARGEST: u64 = 256 << 20;

/// A line of a log may not be longer than this.
const LONGEST: u64 = 1 << 20;

/// Names of a header line in the form they are compared in.
pub(super) fn header_names(line: &str) -> Vec<String> {
    raw_fields(line).iter().map(|name| normal(name)).collect()
}

/// Fields of a line.
pub(super) fn raw_fields(line: &str) -> Vec<String> {
    fields(line.as_bytes(), delimiter_of(line.as_bytes())).into_iter().flatten().collect()
}

fn delimiter_of(line: &[u8]) -> u8 {
    let count = |delimiter: &u8| line.iter().filter(|byte| *byte == delimiter).count();
    *b"\t;,".iter().max_by_key(|delimiter| count(delimiter)).unwrap_or(&b',')
}

/// A row of a small table.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// Its line.
    pub line: u64,
    /// Its fields.
    pub fields: Vec<String>,
}

impl Record {
    /// A field; empty if the row is too short for it.
    pub(super) fn get(&self, index: usize) -> &str {
        self.fields.get(index).map_or("", |field| field.trim())
    }

    /// The time in a field.
    pub(super) fn time(&self, index: usize, header: &[String]) -> Result<Stamp> {
        let text = self.get(index);
        stamp::parse(text).ok_or_else(|| self.fault(index, header, stamp::EXPECTED))
    }

    /// The value in a field.
    pub(super) fn value(&self, index: usize, header: &[String]) -> Result<Value> {
        cell::value(self.get(index)).map_err(|expected| self.fault(index, header, expected))
    }

    /// An error at this field.
    pub(super) fn fault(&self, index: usize, header: &[String], expected: &str) -> Error {
        let found = match self.get(index) {
            "" => "nothing".to_string(),
            text => format!("'{}'", short(text)),
        };
        let error = Error::input(format!("found {found}, expected {expected}")).at_line(self.line);
        match header.get(index) {
            Some(column) => error.in_column(column.trim()),
            None => error,
        }
    }
}

/// Rows of a small delimited table, one after the other.
pub(super) struct Rows<'a> {
    records: Records<&'a mut dyn BufRead>,
    delimiter: Option<u8>,
    /// Comment lines passed over.
    pub comments: Vec<String>,
}

impl<'a> Rows<'a> {
    /// Rows of an input.
    pub(super) fn new(reader: &'a mut dyn BufRead) -> Rows<'a> {
        Rows { records: Records::new(reader, b'\n', 1), delimiter: None, comments: Vec::new() }
    }

    /// The next row that is no comment.
    pub(super) fn next_row(&mut self) -> Result<Option<Record>> {
        loop {
            let cannot_read = |e| Error::io("cannot read the file", e);
            let Some(record) = self.records.next_record().map_err(cannot_read)? else { return Ok(None) };
            if record.unclosed {
                return Err(Error::input("found a quote that is never closed").at_line(record.line));
            }
            let line = record.line;
            if record.bytes.trim_ascii().is_empty() {
                continue;
            }
            if record.bytes.starts_with(b"#") {
                self.comments.push(String::from_utf8_lossy(record.bytes).into_owned());
                continue;
            }
            let delimiter = *self.delimiter.get_or_insert_with(|| delimiter_of(record.bytes));
            let fields: Option<Vec<String>> = fields(record.bytes, delimiter).into_iter().collect();
            let fields = fields.ok_or_else(|| Error::input("found bytes that are not UTF-8").at_line(line))?;
            return Ok(Some(Record { line, fields }));
        }
    }

    /// The delimiter is found anew from the next row.
    pub(super) fn new_block(&mut self) {
        self.delimiter = None;
    }

    /// The header: the next row.
    ///
    /// # Errors
    /// The file is empty.
    pub(super) fn header(&mut self) -> Result<Vec<String>> {
        Ok(self.next_row()?.ok_or_else(|| Error::input("the file is empty"))?.fields)
    }

    /// A row with as many fields as the header.
    pub(super) fn next_full(&mut self, header: &[String]) -> Result<Option<Record>> {
        let Some(row) = self.next_row()? else { return Ok(None) };
        if row.fields.len() != header.len() {
            let message = format!("found {} fields, expected {} as in the header", row.fields.len(), header.len());
            return Err(Error::input(message).at_line(row.line));
        }
        Ok(Some(row))
    }
}

/// Position of a column by its name.
///
/// # Errors
/// No such column, or two.
pub(super) fn column(header: &[String], name: &str) -> Result<usize> {
    let index = optional(header, name).ok_or_else(|| {
        let found: Vec<String> = header.iter().map(|name| format!("'{}'", name.trim())).collect();
        Error::input(format!("no column '{name}': found {}", found.join(", "))).at_line(1)
    })?;
    named_once(header, index)?;
    Ok(index)
}

/// Position of a column that may be missing.
pub(super) fn optional(header: &[String], name: &str) -> Option<usize> {
    header.iter().position(|found| normal(found) == normal(name))
}

/// The whole input as one JSON document.
///
/// # Errors
/// It is none, or too large.
pub(super) fn json(input: &mut Input<'_>) -> Result<Json> {
    let mut bytes = Vec::new();
    let read = (&mut *input.reader).take(LARGEST + 1).read_to_end(&mut bytes);
    read.map_err(|e| Error::io("cannot read the file", e))?;
    if bytes.len() as u64 > LARGEST {
        return Err(Error::input(format!("a JSON document of more than {LARGEST} bytes: refused")));
    }
    parse_json(&bytes)
}

/// A JSON document in memory.
///
/// # Errors
/// It is none: with its line.
pub(super) fn parse_json(bytes: &[u8]) -> Result<Json> {
    serde_json::from_slice(bytes).map_err(|error| {
        let line = error.line() as u64;
        let what = if error.is_eof() { "the JSON document is truncated" } else { "found no JSON document" };
        Error::input(what).because(error).at_line(line)
    })
}

/// A value in JSON: a number, a number as text, `null`.
///
/// # Errors
/// Anything else, or no count.
pub(super) fn json_value(value: Option<&Json>, place: &str) -> Result<Value> {
    let text = match value {
        None | Some(Json::Null) => return Ok(Value::Empty),
        Some(Json::Number(number)) => number.to_string(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => {
            let found: String = other.to_string().chars().take(60).collect();
            return Err(Error::input(format!("{place}: found {found}, expected a number")));
        }
    };
    cell::value(&text)
        .map_err(|expected| Error::input(format!("{place}: found '{}', expected {expected}", short(&text))))
}

/// A time in JSON: text, or seconds since 1970.
///
/// # Errors
/// Anything else.
pub(super) fn json_time(value: Option<&Json>, place: &str) -> Result<Stamp> {
    let text = match value {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let found = if text.is_empty() { "nothing".into() } else { format!("'{}'", short(&text)) };
    stamp::parse(&text).ok_or_else(|| Error::input(format!("{place}: found {found}, expected {}", stamp::EXPECTED)))
}

/// A text in JSON; empty if there is none.
pub(super) fn json_text<'j>(value: &'j Json, key: &str) -> &'j str {
    value.get(key).and_then(Json::as_str).unwrap_or("")
}

/// Goes through the lines of a log; what `take` does not understand is counted, and too much of it is an error.
///
/// # Errors
/// More than a tenth of the lines are not understood, none is, or the file cannot be read.
pub(super) fn each_line(
    input: &mut Input<'_>,
    what: &str,
    mut take: impl FnMut(&str) -> Result<Option<()>>,
) -> Result<u64> {
    let (mut lines, mut odd, mut first) = (0u64, 0u64, None);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut *input.reader).take(LONGEST).read_until(b'\n', &mut line);
        if read.map_err(|e| Error::io("cannot read the file", e))? == 0 {
            break;
        }
        lines += 1;
        let bytes = line.trim_ascii_end();
        if bytes.is_empty() || bytes.starts_with(b"#") {
            continue;
        }
        let understood = match std::str::from_utf8(bytes) {
            Ok(text) => take(text).map_err(|error| error.at_line(lines))?.is_some(),
            Err(_) => take(&String::from_utf8_lossy(bytes)).map_err(|error| error.at_line(lines))?.is_some(),
        };
        if !understood {
            odd += 1;
            first.get_or_insert(lines);
        }
    }
    match first {
        Some(first) if odd * 10 > lines => {
            Err(Error::input(format!("{odd} of {lines} lines are not lines of {what}")).at_line(first))
        }
        None if lines == 0 => Err(Error::input("the file is empty")),
        _ => Ok(odd),
    }
}
