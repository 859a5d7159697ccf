//! Wide tables: the first column is the time, every other column one domain, one country or one term.
//!
//! A column whose name is a host is that host's; two capital letters are a country of what the file is about; anything
//! else is a term. Empty cells are gaps. `--value-col` chooses columns, joined by commas. The kind of the values is
//! not written in such a table: counts, unless `--value-kind` says otherwise.

use super::subject::{Subject, is_site, of, subject};
use super::text::{Rows, header_names, raw_fields};
use super::{Head, Input};
use crate::error::{Error, Result};
use crate::ingest::gather::{Gather, Row};
use crate::ingest::header::{named_once, normal, recognised, time_candidates};
use crate::ingest::stamp;
use crate::series::Kind;

pub(super) fn is(head: &Head<'_>) -> bool {
    let mut lines = head.lines();
    let (Some(header), Some(first)) = (lines.next().map(header_names), lines.next().map(raw_fields)) else {
        return false;
    };
    let columns = &header[1.min(header.len())..];
    let mark = |name: &String| is_site(name) || is_country(&name.to_ascii_uppercase()) || is_partial(name);
    let is_time = first.first().is_some_and(|cell| stamp::parse(cell).is_some());
    // A column that is known by its name speaks for a long table.
    !columns.is_empty()
        && is_time
        && header.len() == first.len()
        && columns.iter().all(mark)
        && recognised(columns) == 0
}

fn is_country(name: &str) -> bool {
    crate::calendar::is_code(name)
}

fn is_partial(name: &str) -> bool {
    name.eq_ignore_ascii_case("ispartial")
}

struct Column {
    index: usize,
    name: Subject,
    country: String,
}

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    gather.kind = input.hints.kind.unwrap_or(Kind::Count);
    let about = subject(input);
    let columns = input.hints.columns;
    let chosen: Option<Vec<String>> =
        columns.and_then(|columns| columns.value.as_ref()).map(|names| names.split(',').map(normal).collect());
    let time_name = columns.and_then(|columns| columns.time.clone());
    let mut rows = Rows::new(input.reader);
    let header = rows.header()?;
    let time = match &time_name {
        Some(name) => super::text::column(&header, name)?,
        None => time_candidates(&header).first().copied().unwrap_or(0),
    };
    let wanted =
        |name: &str| chosen.as_ref().is_none_or(|chosen| chosen.contains(&normal(name))) && !is_partial(name.trim());
    let columns: Vec<Column> = header
        .iter()
        .enumerate()
        .filter(|(index, name)| *index != time && wanted(name))
        .map(|(index, name)| match is_country(name.trim()) {
            true => Column { index, name: about.clone(), country: name.trim().into() },
            false => Column { index, name: of(name), country: String::new() },
        })
        .collect();
    columns.iter().try_for_each(|column| named_once(&header, column.index))?;
    if columns.is_empty() {
        return Err(Error::input("no column of values beside the time; --value-col chooses some, joined by commas"));
    }
    while let Some(row) = rows.next_full(&header)? {
        let stamp = row.time(time, &header)?;
        for column in &columns {
            let value = row.value(column.index, &header)?;
            let row_of = Row { time: stamp, name: column.name.name(), country: &column.country, value };
            gather.row(row_of).map_err(|error| error.at_line(row.line))?;
        }
    }
    Ok(())
}
