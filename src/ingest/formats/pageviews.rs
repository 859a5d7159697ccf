//! Hourly dumps of page views, `pageviews-YYYYMMDD-HH0000.gz`: `domain_code page_title count_views total_response_size`.
//!
//! Shape: <https://wikitech.wikimedia.org/wiki/Analytics/Data_Lake/Traffic/Pageviews>. The time in the name is the
//! **end** of the hour. Desktop and mobile codes of one project add up.

use super::subject::{article, date_in};
use super::{Head, Input, project};
use crate::error::{Error, Result};
use crate::ingest::cell::Value;
use crate::ingest::gather::{Gather, Name, Row};
use crate::ingest::stamp::Stamp;
use crate::series::Kind;
use memchr::memchr;
use std::io::BufRead;

const HOUR: i64 = 3_600;

pub(super) fn is(head: &Head<'_>) -> bool {
    let mut lines = head.text.lines().peekable();
    let is_line = |line: &str| split(line.as_bytes()).is_some();
    // The last line may be cut off.
    lines.peek().is_some()
        && lines.take(5).enumerate().all(|(index, line)| is_line(line) || index > 2)
        && head.lines().next().is_some_and(is_line)
}

/// Code, title and views of a line.
fn split(line: &[u8]) -> Option<(&[u8], &[u8], f64)> {
    let first = memchr(b' ', line)?;
    let second = first + 1 + memchr(b' ', &line[first + 1..])?;
    let third = second + 1 + memchr(b' ', &line[second + 1..])?;
    let (views, bytes) = (&line[second + 1..third], &line[third + 1..]);
    let digits = |text: &[u8]| !text.is_empty() && text.len() < 19 && text.iter().all(u8::is_ascii_digit);
    if first == 0 || !digits(views) || !digits(bytes) {
        return None;
    }
    let views = views.iter().fold(0u64, |number, digit| number * 10 + u64::from(digit - b'0'));
    Some((&line[..first], &line[first + 1..second], views as f64))
}

/// The hour of a dump: the one that ends at the time in its name.
fn hour(input: &Input<'_>) -> Result<Stamp> {
    let fault = || {
        Error::input("the name tells no hour; expected a name such as pageviews-20230201-010000 (the end of the hour)")
    };
    let (day, rest) = date_in(input.name).ok_or_else(fault)?;
    let clock = rest.strip_prefix('-').and_then(|rest| rest.get(..6)).ok_or_else(fault)?;
    let hour: i64 = clock.get(..2).and_then(|hour| hour.parse().ok()).filter(|hour| *hour < 24).ok_or_else(fault)?;
    Ok(Stamp::Civil { wall: day + (hour - 1) * HOUR, date_only: false })
}

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    let time = hour(input)?;
    gather.kind = input.hints.kind.unwrap_or(Kind::Count);
    let articles = input.hints.articles;
    let mut passed = 0;
    let odd = for_each_line(input.reader, |line| {
        let Some((code, title, views)) = split(line) else { return Ok(false) };
        let (Ok(code), Ok(title)) = (std::str::from_utf8(code), std::str::from_utf8(title)) else { return Ok(false) };
        let value = Value::Number(views);
        match articles {
            Some(articles) if !articles.has_title(title) => passed += 1,
            Some(articles) => match articles.find(&project::of_code(code), title, time) {
                Some(subject) => gather.row(Row { time, name: subject.name(), country: "", value })?,
                None => passed += 1,
            },
            None => {
                let name = article(&project::of_code(code), title);
                gather.row(Row { time, name: Name::Topic(&name), country: "", value })?;
            }
        }
        Ok(true)
    })?;
    gather.skip("not among the pages asked for", passed);
    gather.skip("no line of page views", odd);
    Ok(())
}

/// Goes through the lines of a dump; the number of those that are none. The bytes come in large pieces, so a line is
/// mostly looked at where it lies.
pub(super) fn for_each_line(reader: &mut dyn BufRead, mut take: impl FnMut(&[u8]) -> Result<bool>) -> Result<u64> {
    let cannot_read = |e| Error::io("cannot read the file", e);
    let (mut lines, mut odd) = (0u64, 0u64);
    let mut rest: Vec<u8> = Vec::new();
    loop {
        let bytes = reader.fill_buf().map_err(cannot_read)?;
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len();
        let mut at = 0;
        while let Some(end) = memchr(b'\n', &bytes[at..]) {
            let line = &bytes[at..at + end];
            lines += 1;
            let understood = if rest.is_empty() {
                take(line)
            } else {
                rest.extend_from_slice(line);
                let understood = take(&rest);
                rest.clear();
                understood
            };
            odd += u64::from(!understood.map_err(|error| error.at_line(lines))?);
            at += end + 1;
        }
        rest.extend_from_slice(&bytes[at..]);
        reader.consume(length);
        if rest.len() > 1 << 20 {
            return Err(
                Error::input("a line of more than a megabyte: this is no dump of page views").at_line(lines + 1)
            );
        }
    }
    if !rest.is_empty() {
        lines += 1;
        odd += u64::from(!take(&rest).map_err(|error| error.at_line(lines))?);
    }
    match (lines, odd) {
        (0, _) => Err(Error::input("the file is empty")),
        (lines, odd) if odd * 100 > lines => {
            Err(Error::input(format!("{odd} of {lines} lines are no lines of page views: is the file damaged?")))
        }
        _ => Ok(odd),
    }
}
