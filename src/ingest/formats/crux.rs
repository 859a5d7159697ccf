//! The CrUX top list: `origin,rank`, where the rank is the size of a bucket (1000, 5000, 10000, …), not a position.
//!
//! Shape: <https://github.com/zakird/crux-top-lists>. One list a month, from 2025 on one a country too (its code stands in
//! the name: `…-de-202503.csv`). Of several origins of one domain the best bucket counts.

use super::subject::day;
use super::text::{Rows, column};
use super::{Head, Input};
use crate::error::Result;
use crate::ingest::gather::{Gather, Name};
use crate::series::Kind;

pub(super) fn is(head: &Head<'_>) -> bool {
    head.has_columns(&["origin", "rank"]) && head.header().len() <= 4
}

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    gather.kind = input.hints.kind.unwrap_or(Kind::Rank);
    let date = day(input)?;
    let country = country_in(input.name);
    let mut rows = Rows::new(input.reader);
    let header = rows.header()?;
    let (origin, rank) = (column(&header, "origin")?, column(&header, "rank")?);
    let mut last = 0f64;
    while let Some(row) = rows.next_full(&header)? {
        let bucket = row.get(rank).parse::<u32>().ok().filter(|rank| *rank > 0);
        let bucket = f64::from(bucket.ok_or_else(|| row.fault(rank, &header, "the size of a bucket such as 1000"))?);
        gather.rank(date, Name::Host(row.get(origin)), &country, bucket);
        last = last.max(bucket);
    }
    gather.list(date, &country, last);
    gather.notes.push("ranks are the sizes of buckets: a site lies somewhere inside its own".into());
    Ok(())
}

/// A code of two letters that stands alone in a name.
fn country_in(name: &str) -> String {
    let stem = name.split('.').next().unwrap_or("");
    let mut codes =
        stem.split(['-', '_']).filter(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_alphabetic()));
    codes.next().map(str::to_ascii_uppercase).unwrap_or_default()
}
