//! Delimited text at the speed of the disk: whole records in blocks, fields as slices, several blocks at once.
//!
//! Nothing is reported from here but that something is wrong somewhere: what and where is looked for row by row
//! afterwards (`defect`).

use super::cell::{self, Value};
use super::gather::{Gather, Named};
use super::header::Chosen;
use super::records::for_each_field;
use super::source::Dialect;
use super::stamp::Place;
use crate::series::Kind;
use memchr::{memchr, memchr_iter, memrchr_iter};
use std::borrow::Cow;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};

/// Bytes read at a time.
const BLOCK: usize = 1 << 20;

/// A record may not be longer than this: a quote that is never closed would swallow the file.
const LONGEST: usize = 1 << 24;

/// Which fields of a record are which.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    delimiter: u8,
    line_end: u8,
    width: usize,
    time: usize,
    domain: Option<usize>,
    country: Option<usize>,
    value: usize,
    /// A column that says the kind of each value, and the kind that all must have.
    kind: Option<(usize, Kind)>,
}

impl Layout {
    /// The layout of a table.
    pub(super) fn new(dialect: &Dialect, chosen: &Chosen, kind: Option<Kind>) -> Layout {
        Layout {
            delimiter: dialect.delimiter,
            line_end: dialect.line_end,
            width: dialect.header.len(),
            time: chosen.time,
            domain: chosen.domain,
            country: chosen.country,
            value: chosen.value,
            kind: chosen.kind.zip(kind),
        }
    }
}

/// A row or more that cannot be taken as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Defect;

/// Cuts a text into blocks of whole records: a block never ends inside a quoted field.
pub(super) struct Blocks<R> {
    reader: R,
    line_end: u8,
    rest: Vec<u8>,
    ended: bool,
}

impl<R: Read> Blocks<R> {
    /// Blocks of what follows in a reader.
    pub(super) fn new(reader: R, line_end: u8) -> Self {
        Blocks { reader, line_end, rest: Vec::new(), ended: false }
    }

    /// The next block; `Err(Ok(Defect))` if a record does not end.
    pub(super) fn next_block(&mut self) -> Result<Option<Vec<u8>>, io::Result<Defect>> {
        let mut block = std::mem::take(&mut self.rest);
        loop {
            let before = block.len();
            block.reserve(BLOCK);
            let read = self.reader.by_ref().take(BLOCK as u64).read_to_end(&mut block).map_err(Err)?;
            self.ended |= read < BLOCK;
            if self.ended {
                return Ok((!block.is_empty()).then_some(block));
            }
            debug_assert!(block.len() > before);
            if let Some(end) = self.last_end(&block) {
                self.rest = block.split_off(end);
                return Ok(Some(block));
            }
            if block.len() > LONGEST {
                return Err(Ok(Defect));
            }
        }
    }

    /// Just past the last line end that no quoted field spans.
    fn last_end(&self, block: &[u8]) -> Option<usize> {
        let mut quotes = memchr_iter(b'"', block).count();
        let mut from = block.len();
        for end in memrchr_iter(self.line_end, block) {
            quotes -= if quotes == 0 { 0 } else { memchr_iter(b'"', &block[end..from]).count() };
            from = end;
            if quotes.is_multiple_of(2) {
                return Some(end + 1);
            }
        }
        None
    }
}

/// Gathers what follows in a reader, on so many threads.
pub(super) fn gather(
    reader: impl Read,
    layout: &Layout,
    gather: &mut Gather<'_>,
    jobs: usize,
) -> Result<(), io::Result<Defect>> {
    let mut blocks = Blocks::new(reader, layout.line_end);
    if jobs < 2 {
        while let Some(block) = blocks.next_block()? {
            gather_block(&block, layout, gather).map_err(Ok)?;
        }
        return Ok(());
    }
    let (send, receive) = sync_channel::<Vec<u8>>(jobs + 1);
    let receive = Mutex::new(receive);
    let parts = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs)
            .map(|_| {
                let mut part = gather.sibling();
                let receive = &receive;
                scope.spawn(move || work(receive, layout, &mut part).map(|()| part))
            })
            .collect();
        let mut sent = Ok(());
        while sent.is_ok() {
            match blocks.next_block() {
                Ok(Some(block)) => {
                    if send.send(block).is_err() {
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) => sent = Err(error),
            }
        }
        drop(send);
        let parts: Vec<_> =
            workers.into_iter().map(|worker| worker.join().unwrap_or(Err(Defect)).map_err(Ok)).collect();
        sent.and_then(|()| parts.into_iter().collect::<Result<Vec<_>, _>>())
    })?;
    parts.into_iter().for_each(|part| gather.absorb(part));
    Ok(())
}

fn work(receive: &Mutex<Receiver<Vec<u8>>>, layout: &Layout, part: &mut Gather<'_>) -> Result<(), Defect> {
    let mut fault = Ok(());
    loop {
        let block = receive.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match block {
            // After a defect the rest is only taken off the hands of the reader.
            Ok(block) if fault.is_ok() => fault = gather_block(&block, layout, part),
            Ok(_) => {}
            Err(_) => return fault,
        }
    }
}

/// Gathers the records of a block.
pub(super) fn gather_block(block: &[u8], layout: &Layout, gather: &mut Gather<'_>) -> Result<(), Defect> {
    let text = std::str::from_utf8(block).map_err(|_| Defect)?;
    let quotes = memchr(b'"', block).is_some();
    let mut at = 0;
    while at < block.len() {
        let mut end = memchr(layout.line_end, &block[at..]).map_or(block.len(), |length| at + length);
        if quotes {
            let mut odd = memchr_iter(b'"', &block[at..end]).count() % 2 == 1;
            while odd {
                if end == block.len() {
                    return Err(Defect);
                }
                let next = memchr(layout.line_end, &block[end + 1..]).map_or(block.len(), |length| end + 1 + length);
                odd ^= memchr_iter(b'"', &block[end..next]).count() % 2 == 1;
                end = next;
            }
        }
        let line = &text[at..end];
        let line = line.strip_suffix('\r').unwrap_or(line);
        at = end + 1;
        if line.is_empty() {
            continue;
        }
        let row = match quotes && line.contains('"') {
            false => plain_fields(line, layout)?,
            true => quoted_fields(line, layout)?,
        };
        take(&row, layout, gather)?;
    }
    Ok(())
}

#[derive(Default)]
struct Fields<'a> {
    time: Cow<'a, str>,
    domain: Cow<'a, str>,
    country: Cow<'a, str>,
    value: Cow<'a, str>,
    kind: Cow<'a, str>,
}

impl<'a> Fields<'a> {
    fn put(&mut self, index: usize, field: Cow<'a, str>, layout: &Layout) {
        if index == layout.value {
            self.value = field;
        } else if index == layout.time {
            self.time = field;
        } else if Some(index) == layout.domain {
            self.domain = field;
        } else if Some(index) == layout.country {
            self.country = field;
        } else if layout.kind.is_some_and(|(column, _)| column == index) {
            self.kind = field;
        }
    }
}

fn plain_fields<'a>(line: &'a str, layout: &Layout) -> Result<Fields<'a>, Defect> {
    let mut fields = Fields::default();
    let (mut start, mut index) = (0, 0);
    for (at, byte) in line.bytes().enumerate() {
        if byte == layout.delimiter {
            fields.put(index, Cow::Borrowed(trimmed(&line[start..at])), layout);
            (start, index) = (at + 1, index + 1);
        }
    }
    fields.put(index, Cow::Borrowed(trimmed(&line[start..])), layout);
    if index + 1 == layout.width { Ok(fields) } else { Err(Defect) }
}

/// Without spaces around; most fields have none.
fn trimmed(field: &str) -> &str {
    match field.as_bytes() {
        [first, .., last] if *first > b' ' && *last > b' ' => field,
        _ => field.trim_ascii(),
    }
}

fn quoted_fields<'a>(line: &'a str, layout: &Layout) -> Result<Fields<'a>, Defect> {
    let mut fields = Fields::default();
    let mut width = 0;
    for_each_field(line.as_bytes(), layout.delimiter, |index, field| {
        width = index + 1;
        // Fields of a text, cut at ASCII bytes, are texts.
        fields.put(index, Cow::Owned(String::from_utf8_lossy(&field).into_owned()), layout);
    });
    if width == layout.width { Ok(fields) } else { Err(Defect) }
}

fn take(row: &Fields<'_>, layout: &Layout, gather: &mut Gather<'_>) -> Result<(), Defect> {
    let place = gather.time(&row.time).ok_or(Defect)?;
    let name = match layout.domain {
        Some(_) => gather.name(&row.domain),
        None => Named::As(gather.store.name("")),
    };
    if name == Named::Missing || layout.kind.is_some_and(|(_, kind)| Kind::from_name(&row.kind) != Some(kind)) {
        return Err(Defect);
    }
    let country = gather.country(&row.country).ok_or(Defect)?;
    match (whole(row.value.as_bytes()), name, place) {
        (Some(number), Named::As(name), Place::Once(time)) => gather.put_number(time, name, country, number),
        (Some(number), ..) => gather.put(place, name, country, &Value::Number(number).amount()),
        (None, ..) => {
            let value = cell::value_of(&row.value, gather.kind).map_err(|_| Defect)?;
            gather.put(place, name, country, &value.amount());
        }
    }
    Ok(())
}

/// A number of up to fifteen digits and nothing else.
fn whole(digits: &[u8]) -> Option<f64> {
    if digits.is_empty() || digits.len() > 15 {
        return None;
    }
    let number = digits.iter().try_fold(0u64, |number, digit| {
        let digit = digit.wrapping_sub(b'0');
        (digit < 10).then(|| number * 10 + u64::from(digit))
    });
    number.map(|number| number as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_end_where_records_end() {
        // Longer than a block, with line ends inside quotes.
        let record = format!("a,\"{}\n{}\"\n", "x".repeat(700_000), "y".repeat(700_000));
        let text = format!("{record}b,c\n{record}d");
        let mut blocks = Blocks::new(text.as_bytes(), b'\n');
        let mut whole = String::new();
        while let Some(block) = blocks.next_block().expect("read") {
            let block = String::from_utf8(block).expect("text");
            assert_eq!(block.matches('"').count() % 2, 0);
            assert!(block.ends_with('\n') || block.ends_with('d'));
            whole += &block;
        }
        assert_eq!(whole, text);
    }

    #[test]
    fn a_record_without_end_is_a_defect_and_not_a_flood_of_memory() {
        let endless = io::repeat(b'x').take(1 << 26);
        let mut blocks = Blocks::new(endless, b'\n');
        assert!(matches!(blocks.next_block(), Err(Ok(Defect))));
        assert!(blocks.rest.len() <= LONGEST + BLOCK);
    }

    #[test]
    fn whole_numbers_are_read_digit_by_digit() {
        assert_eq!(
            [whole(b"0"), whole(b"999999999999999"), whole(b"007")],
            [Some(0.0), Some(999_999_999_999_999.0), Some(7.0)]
        );
        assert_eq!([whole(b""), whole(b"1000000000000000"), whole(b"-1"), whole(b"1.0")], [None; 4]);
    }
}
