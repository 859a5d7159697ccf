//! Google Trends, `multiTimeline.csv`: `Category: All categories`, a blank line, then `Week,term: (Region),…`.
//!
//! Numbers are 0–100 within one download; `<1` is known only to lie below. The first column is `Day`, `Week`, `Month` or
//! `Time` (the interface may translate it). Two downloads cannot be compared.

use super::subject::of;
use super::text::Rows;
use super::{Head, Input, places};
use crate::error::{Error, Result};
use crate::ingest::gather::{Gather, Row};
use crate::series::Kind;

pub(super) fn is(head: &Head<'_>) -> bool {
    let mut lines = head.text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or("");
    let header = if first.starts_with("Category:") { lines.next().unwrap_or("") } else { first };
    let named = header.split_once(',').is_some_and(|(_, terms)| terms.contains(": (") && terms.contains(')'));
    named || first.starts_with("Category:")
}

/// Whose interest a column tells, and where.
struct Column {
    name: super::subject::Subject,
    country: String,
}

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    gather.kind = input.hints.kind.unwrap_or(Kind::Scaled);
    let mut rows = Rows::new(input.reader);
    let header = loop {
        let row = rows.next_row()?.ok_or_else(|| Error::input("found no header with terms"))?;
        if row.fields.len() > 1 && !row.get(0).starts_with("Category:") {
            break row.fields;
        }
        rows.new_block();
    };
    let columns: Vec<Option<Column>> = header.iter().map(|title| column(title, gather)).collect();
    let mut months = 0;
    let mut last = None;
    while let Some(row) = rows.next_full(&header)? {
        let time = row.time(0, &header).or_else(|error| month(row.get(0)).ok_or(error))?;
        months += u64::from(row.get(0).len() == 7);
        for (index, column) in columns.iter().enumerate().skip(1) {
            let Some(column) = column else { continue };
            let value = row.value(index, &header)?;
            gather.row(Row { time, name: column.name.name(), country: &column.country, value })?;
        }
        last = Some(time);
    }
    if months > 2 {
        return Err(Error::input("one value a month: expected hours, days or weeks; ask for a shorter time"));
    }
    last.map(|_| ()).ok_or_else(|| Error::input("the file has a header but no rows"))
}

fn month(text: &str) -> Option<crate::ingest::stamp::Stamp> {
    crate::ingest::stamp::parse(&format!("{text}-01")).filter(|_| text.len() == 7)
}

fn column(title: &str, gather: &mut Gather<'_>) -> Option<Column> {
    if title.trim().eq_ignore_ascii_case("ispartial") {
        return None;
    }
    let (word, region) = match title.trim().strip_suffix(')').and_then(|title| title.rsplit_once(": (")) {
        Some((word, region)) => (word, region),
        None => (title.trim(), "Worldwide"),
    };
    let code = places::code(region);
    if code.is_none() {
        gather.notes.push(format!("'{region}' is no country known by that name: counted as an unknown one (ZZ)"));
    }
    // A part of a country is not the country.
    let word = if code.is_none() { format!("{word} ({region})") } else { word.to_string() };
    Some(Column { name: of(&word), country: code.unwrap_or("ZZ").into() })
}
