//! Google Analytics 4: the interface's CSV (blocks, each after comments such as `# Start date: 20231001`, with a header
//! `Nth day,Active users`), and the answer of the Data API (`{"dimensionHeaders","metricHeaders","rows"}`).
//!
//! Shape: <https://developers.google.com/analytics/devguides/reporting/data/v1/rest/v1beta/RunReportResponse>. Days are those
//! of the property's zone (`--time-zone`). A day's number counts from the start date of its own block. Blocks without
//! a time are passed over.

use super::subject::{of, subject};
use super::text::{Record, Rows, json, json_text, json_value};
use super::{Head, Input, places};
use crate::error::{Error, Result};
use crate::ingest::gather::{Gather, Name, Row};
use crate::ingest::header::normal;
use crate::ingest::stamp::{self, Stamp};
use crate::series::Kind;
use serde_json::Value as Json;
use std::collections::HashSet;

const DAY: i64 = 86_400;

pub(super) fn is(head: &Head<'_>) -> bool {
    let comments = head.text.lines().take(60).any(|line| line.starts_with("# Start date:"));
    comments || head.has_keys(&["dimensionHeaders", "metricHeaders"])
}

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    gather.kind = input.hints.kind.unwrap_or(Kind::Count);
    let first = input.reader.fill_buf().map_err(|e| Error::io("cannot read the file", e))?;
    if first.trim_ascii_start().starts_with(b"{") { report(input, gather) } else { blocks(input, gather) }
}

/// A block of the CSV: its header and the day its numbers count from.
struct Block {
    header: Vec<String>,
    start: Option<i64>,
    unit: i64,
    value: usize,
}

fn blocks(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    let about = subject(input);
    let asked = input.hints.columns.and_then(|columns| columns.value.clone());
    let (mut rows, mut seen) = (Rows::new(input.reader), HashSet::new());
    let (mut block, mut comments, mut taken): (Option<Option<Block>>, usize, Option<String>) = (None, 0, None);
    while let Some(row) = rows.next_row()? {
        if rows.comments.len() > comments || block.is_none() {
            comments = rows.comments.len();
            block = Some(begin(&row, start_date(&rows.comments), asked.as_deref(), &mut taken));
            continue;
        }
        let Some(Some(block)) = &block else {
            // A header of a new block may stand without comments of its own.
            if is_time(&normal(row.get(0))) {
                return Err(Error::input("a block without its start date").at_line(row.line));
            }
            gather.skip("in a block without times", 1);
            continue;
        };
        if is_sum(row.get(0)) {
            gather.skip("a total of the rows", 1);
            continue;
        }
        if row.fields.len() != block.header.len() {
            let message =
                format!("found {} fields, expected {} as in the header", row.fields.len(), block.header.len());
            return Err(Error::input(message).at_line(row.line));
        }
        let time = time_of(&row, block)?;
        let value = row.value(block.value, &block.header)?;
        if !seen.insert(time) {
            let message = "a second value for this time: blocks of several segments, or rows told apart by another column, would be counted twice; export one segment by day alone";
            return Err(Error::input(message).at_line(row.line).in_column(block.header[0].trim()));
        }
        gather.row(Row { time, name: about.name(), country: "", value })?;
    }
    if let Some(zone) = rows.comments.iter().find_map(|line| zone_in(line)) {
        other_zone(&zone, gather);
    }
    match taken {
        Some(name) => gather.notes.push(format!("column '{name}' read as visits")),
        None => return Err(Error::input("found no block with a column of days ('Nth day' or 'Date')")),
    }
    Ok(())
}

/// Whether a row is the sum of the others, by its first cell.
fn is_sum(cell: &str) -> bool {
    matches!(normal(cell).as_str(), "" | "total" | "totals" | "grand_total" | "reserved_total")
}

/// The zone that a comment such as `# Time zone: Europe/Berlin` names.
fn zone_in(comment: &str) -> Option<String> {
    let (name, zone) = comment.trim_start_matches(['#', ' ']).split_once(':')?;
    matches!(normal(name).as_str(), "time_zone" | "timezone").then(|| zone.trim().to_string())
}

/// Says that the property counts in another zone than the rows are read in.
fn other_zone(zone: &str, gather: &mut Gather<'_>) {
    if !zone.is_empty() && gather.zone() != zone {
        let read = gather.zone().to_string();
        gather.notes.push(format!(
            "the property's days and hours are those of {zone}, but are read as those of {read}: give --time-zone {zone}"
        ));
    }
}

fn is_time(name: &str) -> bool {
    matches!(name, "nth_day" | "nth_hour" | "nth_week" | "date" | "date_+_hour" | "date_hour")
}

fn begin(row: &Record, start: Option<i64>, asked: Option<&str>, taken: &mut Option<String>) -> Option<Block> {
    let first = normal(row.get(0));
    let wanted = |name: &String| asked.is_none_or(|asked| normal(name) == normal(asked));
    let value = (1..row.fields.len()).find(|index| wanted(&row.fields[*index]))?;
    // Another metric of the same days would be added to the first.
    let same = taken.as_ref().is_none_or(|taken| *taken == row.fields[value]);
    if !is_time(&first) || !same {
        return None;
    }
    *taken = Some(row.fields[value].clone());
    let unit = match first.as_str() {
        "nth_hour" => 3_600,
        "nth_week" => 7 * DAY,
        _ => DAY,
    };
    let start = if first.starts_with("nth_") { Some(start?) } else { None };
    Some(Block { header: row.fields.clone(), start, unit, value })
}

fn start_date(comments: &[String]) -> Option<i64> {
    let text = comments.iter().rev().find_map(|line| line.strip_prefix("# Start date:"))?;
    match stamp::parse(text)? {
        Stamp::Civil { wall, .. } => Some(wall),
        Stamp::Instant(_) => None,
    }
}

fn time_of(row: &Record, block: &Block) -> Result<Stamp> {
    let Some(start) = block.start else { return row.time(0, &block.header) };
    let number = row.get(0).parse::<u32>().map_err(|_| row.fault(0, &block.header, "the number of a day"))?;
    Ok(Stamp::Civil { wall: start + i64::from(number) * block.unit, date_only: block.unit >= DAY })
}

fn report(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    let about = subject(input);
    let asked = input.hints.columns.and_then(|columns| columns.value.clone());
    let document = json(input)?;
    let names = |key: &str| -> Vec<String> {
        let headers = document.get(key).and_then(Json::as_array);
        headers.into_iter().flatten().map(|header| json_text(header, "name").to_string()).collect()
    };
    let (dimensions, metrics) = (names("dimensionHeaders"), names("metricHeaders"));
    let dimension = |wanted: &[&str]| dimensions.iter().position(|name| wanted.contains(&name.as_str()));
    let time = dimension(&["dateHour", "date", "isoYearIsoWeek"])
        .ok_or_else(|| Error::input("the report has no dimension 'date' or 'dateHour'"))?;
    let (country, host) = (dimension(&["countryId"]), dimension(&["hostName", "fullPageUrl"]));
    // Names of countries stand beside their codes, or alone.
    let named = if country.is_none() { dimension(&["country"]) } else { None };
    let known = [Some(time), country, host];
    if let Some(other) =
        (0..dimensions.len()).find(|index| !known.contains(&Some(*index)) && dimensions[*index] != "country")
    {
        gather.notes.push(format!("the dimension '{}' is added up", dimensions[other]));
    }
    let metric = match &asked {
        Some(asked) => metrics.iter().position(|name| name == asked),
        None => (!metrics.is_empty()).then_some(0),
    };
    let metric = metric.ok_or_else(|| Error::input(format!("no such metric; found {}", metrics.join(", "))))?;
    gather.notes.push(format!("metric '{}' read as visits", metrics[metric]));
    if let Some(zone) = document.get("metadata").map(|metadata| json_text(metadata, "timeZone")) {
        other_zone(zone, gather);
    }
    let mut unknown = 0;
    for (index, row) in document.get("rows").and_then(Json::as_array).into_iter().flatten().enumerate() {
        let place = format!("rows[{index}]");
        let cell =
            |key: &str, at: usize| row.get(key).and_then(|cells| cells.get(at)).and_then(|cell| cell.get("value"));
        let text = |at: usize| cell("dimensionValues", at).and_then(Json::as_str).unwrap_or("");
        // What is too varied for the service to be told apart has no day any more.
        if matches!(text(time), "(other)" | "(not set)") {
            gather.skip("in the row '(other)', without a day", 1);
            continue;
        }
        let stamp = stamp::parse(text(time))
            .ok_or_else(|| Error::input(format!("{place}: found '{}', expected YYYYMMDD", text(time))))?;
        let value = json_value(cell("metricValues", metric), &place)?;
        let host = host.map(text).filter(|host| !host.is_empty()).map(of);
        let name: Name<'_> = host.as_ref().map_or(about.name(), |host| host.name());
        let code = country.map(|country| if text(country).is_empty() { "??" } else { text(country) });
        let by_name = named.map(|named| places::code(text(named)).filter(|code| !code.is_empty()).unwrap_or("??"));
        unknown += u64::from(by_name == Some("??"));
        let country = code.or(by_name).unwrap_or("");
        gather.row(Row { time: stamp, name, country, value }).map_err(|error| error.context(place))?;
    }
    if unknown > 0 {
        let note = format!(
            "{unknown} rows of countries not known by their name: counted as an unknown one (ZZ); ask for 'countryId'"
        );
        gather.notes.push(note);
    }
    Ok(())
}
