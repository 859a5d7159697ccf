//! Records of delimited text with the line each begins on: for what a data-frame engine does not say (where a defect
//! is) and for small tables. Quotes as in RFC 4180; spaces around a quoted field are forgiven.

use std::borrow::Cow;
use std::io::{self, BufRead};

/// A row may not be longer than this: a quote that is never closed would swallow the file.
const LONGEST: usize = 1 << 24;

/// Reads one record after the other; blank lines are passed over.
#[derive(Debug)]
pub(super) struct Records<R> {
    reader: R,
    /// The byte that ends a line: `\n`, or `\r` in old files.
    end: u8,
    lines: u64,
    buffer: Vec<u8>,
}

/// One record, without its line end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    /// Line on which it begins, from 1.
    pub line: u64,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Whether a quote was opened and never closed.
    pub unclosed: bool,
}

impl<R: BufRead> Records<R> {
    /// Records of a reader whose first line has the number `first_line`.
    pub(super) fn new(reader: R, end: u8, first_line: u64) -> Self {
        Records { reader, end, lines: first_line - 1, buffer: Vec::new() }
    }

    /// The next record.
    ///
    /// # Errors
    /// The operating system refused.
    pub(super) fn next_record(&mut self) -> io::Result<Option<Record<'_>>> {
        loop {
            self.buffer.clear();
            let mut quotes = self.append_line()?;
            if self.buffer.is_empty() {
                return Ok(None);
            }
            let line = self.lines;
            let mut unclosed = false;
            while quotes % 2 == 1 && !unclosed {
                let before = self.buffer.len();
                quotes += self.append_line()?;
                unclosed = self.buffer.len() == before || self.buffer.len() > LONGEST;
            }
            let length = without_line_end(&self.buffer, self.end).len();
            if length == 0 {
                continue;
            }
            return Ok(Some(Record { line, bytes: &self.buffer[..length], unclosed }));
        }
    }

    fn append_line(&mut self) -> io::Result<usize> {
        let before = self.buffer.len();
        let read = self.reader.read_until(self.end, &mut self.buffer)?;
        self.lines += u64::from(read > 0);
        Ok(self.buffer[before..].iter().filter(|b| **b == b'"').count())
    }
}

fn without_line_end(line: &[u8], end: u8) -> &[u8] {
    let line = line.strip_suffix(&[end]).unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Number of fields of a record.
pub(super) fn count_fields(record: &[u8], delimiter: u8) -> usize {
    if !record.contains(&b'"') {
        return 1 + record.iter().filter(|b| **b == delimiter).count();
    }
    let mut quoted = false;
    let mut fields = 1;
    for byte in record {
        match *byte {
            b'"' => quoted = !quoted,
            byte if byte == delimiter && !quoted => fields += 1,
            _ => {}
        }
    }
    fields
}

/// The fields of a record, without quotes and the spaces around them. Calls `take` with number and bytes of each.
pub(super) fn for_each_field<'a>(record: &'a [u8], delimiter: u8, mut take: impl FnMut(usize, Cow<'a, [u8]>)) {
    let mut quoted = false;
    let (mut start, mut index) = (0, 0);
    for (at, byte) in record.iter().enumerate() {
        if *byte == b'"' {
            quoted = !quoted;
        } else if *byte == delimiter && !quoted {
            take(index, clean(&record[start..at]));
            (start, index) = (at + 1, index + 1);
        }
    }
    take(index, clean(&record[start..]));
}

/// The fields of a record as text; `None` for a field that is not UTF-8.
pub(super) fn fields(record: &[u8], delimiter: u8) -> Vec<Option<String>> {
    let mut fields = Vec::new();
    for_each_field(record, delimiter, |_, field| fields.push(String::from_utf8(field.into_owned()).ok()));
    fields
}

fn clean(field: &[u8]) -> Cow<'_, [u8]> {
    let field = field.trim_ascii();
    let Some(inner) = field.strip_prefix(b"\"").and_then(|field| field.strip_suffix(b"\"")) else {
        return Cow::Borrowed(field);
    };
    if !inner.contains(&b'"') {
        return Cow::Borrowed(inner);
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        out.push(*byte);
        if *byte == b'"' && bytes.as_slice().first() == Some(&b'"') {
            bytes.next();
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(u64, String)> {
        let mut records = Records::new(text.as_bytes(), b'\n', 1);
        let mut out = Vec::new();
        while let Some(record) = records.next_record().unwrap() {
            out.push((record.line, String::from_utf8(record.bytes.to_vec()).unwrap()));
        }
        out
    }

    #[test]
    fn records_know_their_line_across_blank_lines_and_quoted_breaks() {
        let text = "a,b\r\n\r\n1,\"x\ny\"\n\n2,z";
        assert_eq!(all(text), [(1, "a,b".into()), (3, "1,\"x\ny\"".into()), (6, "2,z".into())]);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_told() {
        let mut records = Records::new(&b"a\n\"b,c\nd\n"[..], b'\n', 1);
        assert!(!records.next_record().unwrap().unwrap().unclosed);
        let record = records.next_record().unwrap().unwrap();
        assert_eq!((record.line, record.unclosed), (2, true));
    }

    #[test]
    fn fields_lose_quotes_and_the_spaces_around_them() {
        let text = |record: &str| -> Vec<String> {
            let fields = fields(record.as_bytes(), b',');
            assert_eq!(fields.len(), count_fields(record.as_bytes(), b','));
            fields.into_iter().flatten().collect()
        };
        assert_eq!(text("\"date\" , \"count\" , \"a, \"\"b\"\"\""), ["date", "count", "a, \"b\""]);
        assert_eq!(text("1,,"), ["1", "", ""]);
        assert_eq!(text(""), [""]);
    }
}
