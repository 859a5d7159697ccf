//! Google Trends, `multiTimeline.csv`: `Category: All categories`, a blank line, then `Week,term: (Region),…`.
//!
//! Numbers are 0–100 within one download; `<1` is known only to lie below. The first column is `Day`, `Week`, `Month` or
//! `Time` (the interface may translate it). Two downloads cannot be compared.

use super::subject::of;
use super::text::{Record, Rows};
use super::{Head, Input, places};
use crate::error::{Error, Result};
use crate::ingest::cell::Value;
use crate::ingest::gather::{Gather, Row};
use crate::ingest::header::normal;
use crate::ingest::stamp::{self, Stamp};
use crate::series::Kind;
use crate::time::{Seconds, Step};
use std::collections::BTreeMap;

pub(super) fn is(head: &Head<'_>) -> bool {
    let mut lines = head.text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or("");
    let second = lines.next().unwrap_or("");
    let named =
        |line: &str| line.split_once(',').is_some_and(|(_, terms)| terms.contains(": (") && terms.contains(')'));
    // The interface may translate the line of the category.
    first.starts_with("Category:") || named(first) || (first.contains(": ") && named(second))
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
    if ["region", "country", "city", "metro", "subregion", "dma"].contains(&normal(&header[0]).as_str()) {
        return Err(Error::input("one number a place, without times: expected multiTimeline.csv, not geoMap.csv"));
    }
    let columns: Vec<Option<Column>> = header.iter().map(|title| column(title)).collect();
    unknown_places(&header, &columns, gather);
    let mut months = 0;
    let mut found: Vec<(Stamp, Record)> = Vec::new();
    while let Some(row) = rows.next_full(&header)? {
        let time = row.time(0, &header).or_else(|error| month(row.get(0)).ok_or(error))?;
        months += u64::from(row.get(0).len() == 7);
        found.push((time, row));
    }
    if months > 2 {
        return Err(Error::input("one value a month: expected hours, days or weeks; ask for a shorter time"));
    }
    let shift = shift(&found, gather);
    for (time, row) in &found {
        for (index, column) in columns.iter().enumerate().skip(1) {
            let Some(column) = column else { continue };
            let value = row.value(index, &header)?;
            if let (Value::Number(number) | Value::Below(number), Kind::Scaled) = (value, gather.kind)
                && number > 100.0
            {
                return Err(row.fault(index, &header, "a number from 0 to 100, as a download is scaled"));
            }
            let time = later(*time, shift);
            gather.row(Row { time, name: column.name.name(), country: &column.country, value })?;
        }
    }
    Ok(())
}

/// Weeks that begin on Sunday share six days with the week that begins the day after: where rows are put on weeks that
/// begin on Monday, they belong there, not into the week before.
fn shift(rows: &[(Stamp, Record)], gather: &mut Gather<'_>) -> Seconds {
    let (day, week) = (Step::DAY.seconds(), Step::WEEK.seconds());
    let walls: Option<Vec<Seconds>> = rows
        .iter()
        .map(|(time, _)| match time {
            Stamp::Civil { wall, date_only: true } => Some(*wall),
            _ => None,
        })
        .collect();
    let sundays = walls.is_some_and(|walls| {
        walls.len() > 1
            && walls.iter().all(|wall| wall - Step::WEEK.floor(*wall) == week - day)
            && walls.windows(2).all(|pair| (pair[1] - pair[0]) % week == 0)
    });
    if !sundays || gather.step() != Some(Step::WEEK) {
        return 0;
    }
    gather
        .notes
        .push("weeks that begin on Sunday are put under the Monday after, with which they share six days".into());
    day
}

fn later(time: Stamp, shift: Seconds) -> Stamp {
    match time {
        Stamp::Civil { wall, date_only } => Stamp::Civil { wall: wall + shift, date_only },
        Stamp::Instant(moment) => Stamp::Instant(moment + shift),
    }
}

fn month(text: &str) -> Option<Stamp> {
    stamp::parse(&format!("{text}-01")).filter(|_| text.len() == 7)
}

fn column(title: &str) -> Option<Column> {
    if title.trim().eq_ignore_ascii_case("ispartial") {
        return None;
    }
    let (word, region) = split(title);
    let code = places::code(region);
    // A part of a country is not the country.
    let word = if code.is_none() { format!("{word} ({region})") } else { word.to_string() };
    Some(Column { name: of(&word), country: code.unwrap_or("ZZ").into() })
}

/// `term: (Region)`.
fn split(title: &str) -> (&str, &str) {
    let parts = title.trim().strip_suffix(')').and_then(|title| title.rsplit_once(": ("));
    parts.unwrap_or((title.trim(), "Worldwide"))
}

/// Says which places are none that is known: parts of countries, or names that the interface translated.
fn unknown_places(header: &[String], columns: &[Option<Column>], gather: &mut Gather<'_>) {
    let unknown = |column: &Option<Column>| column.as_ref().is_some_and(|column| column.country == "ZZ");
    let titles = header.iter().zip(columns).skip(1).filter(|(_, column)| unknown(column));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    titles.for_each(|(title, _)| *counts.entry(split(title).1).or_default() += 1);
    for (region, count) in counts {
        gather.notes.push(format!(
            "'{region}' ({count} columns) is no country known by that name: counted as an unknown one (ZZ); \
             an export in English names countries as they are known"
        ));
    }
}
