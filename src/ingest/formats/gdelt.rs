//! GDELT DOC timelines: `timelinevol` (share of all monitored articles, percent) and `timelinevolraw` (articles, and
//! how many were monitored), as CSV (`Date,Series,Value`) or JSON (`{"timeline":[{"series","data":[{"date","value","norm"}]}]}`).
//!
//! Shape: <https://blog.gdeltproject.org/gdelt-doc-2-0-api-debuts/>. The file does not name its query: `--name`, or the name
//! of the file. Raw counts bring their denominator, which becomes the total.

use super::subject::subject;
use super::text::{Rows, column, json, json_text, json_time, json_value};
use super::{Head, Input};
use crate::error::{Error, Result};
use crate::ingest::cell::Value;
use crate::ingest::gather::{Gather, Name, Row};
use crate::ingest::stamp::Stamp;
use crate::series::Kind;
use serde_json::Value as Json;

const COUNT: &str = "Article Count";
const TOTAL: &str = "Total Monitored Articles";

pub(super) fn is(head: &Head<'_>) -> bool {
    head.header() == ["date", "series", "value"]
        || head.has_keys(&["timeline", "series", "data"])
        || head.has_empty("timeline")
}

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    let about = subject(input);
    let kind = input.hints.kind;
    gather.kind = kind.unwrap_or(Kind::Share);
    let first = input.reader.fill_buf().map_err(|e| Error::io("cannot read the file", e))?;
    if first.trim_ascii_start().starts_with(b"{") {
        let document = json(input)?;
        return timeline(&document, about.name(), kind, gather);
    }
    let mut rows = Rows::new(input.reader);
    let header = rows.header()?;
    let (date, series, value) = (column(&header, "Date")?, column(&header, "Series")?, column(&header, "Value")?);
    let mut several = None;
    while let Some(row) = rows.next_full(&header)? {
        let (time, amount) = (row.time(date, &header)?, row.value(value, &header)?);
        let name = row.get(series).to_string();
        one(&name, time, amount, about.name(), kind, &mut several, gather).map_err(|error| error.at_line(row.line))?;
    }
    Ok(())
}

fn timeline(document: &Json, about: Name<'_>, kind: Option<Kind>, gather: &mut Gather<'_>) -> Result<()> {
    let lists = document.get("timeline").and_then(Json::as_array);
    // A query that finds no article is answered with an empty object.
    let nothing = document.as_object().is_some_and(serde_json::Map::is_empty);
    if lists.is_none() && !nothing {
        return Err(Error::input("found no list 'timeline'"));
    }
    let mut several = None;
    for list in lists.into_iter().flatten() {
        let series = json_text(list, "series");
        let points = list.get("data").and_then(Json::as_array);
        for (index, point) in points.into_iter().flatten().enumerate() {
            let place = format!("{series}[{index}]");
            let (time, value) = (json_time(point.get("date"), &place)?, json_value(point.get("value"), &place)?);
            one(series, time, value, about, kind, &mut several, gather)?;
            if let (COUNT, Some(norm)) = (series, point.get("norm").and_then(Json::as_f64)) {
                gather.total(time, "", norm);
            }
        }
    }
    Ok(())
}

fn one(
    series: &str,
    time: Stamp,
    value: Value,
    about: Name<'_>,
    kind: Option<Kind>,
    first: &mut Option<String>,
    gather: &mut Gather<'_>,
) -> Result<()> {
    if series == TOTAL {
        if let Value::Number(total) = value {
            gather.total(time, "", total);
        }
        return Ok(());
    }
    // One file holds one query, in one or in several series (languages, countries).
    let first = first.get_or_insert_with(|| series.to_string());
    if series == COUNT {
        gather.kind = kind.unwrap_or(Kind::Count);
    }
    if *first == series {
        return gather.row(Row { time, name: about, country: "", value });
    }
    let (Name::Host(base) | Name::Topic(base)) = about;
    let name = format!("term:{} {series}", base.trim_start_matches("term:"));
    gather.row(Row { time, name: Name::Topic(&name), country: "", value })
}
