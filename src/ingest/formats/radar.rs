//! Cloudflare Radar: time series and rankings.
//!
//! Shape: <https://developers.cloudflare.com/api/resources/radar/>. Series:
//! `{"success":true,"result":{"serie_0":{"timestamps":[…],"values":["0.87",…]},"meta":{"normalization":"MIN0_MAX"}}}`; values
//! are texts, scaled within one request (`MIN0_MAX`) or percent (`PERCENTAGE`). Rankings: `"top_0":[{"rank","domain"}]`, and
//! a CSV `domain` whose order says nothing: all it tells is the size of the bucket, which stands in the file's name.

use super::subject::{day, subject, term};
use super::text::{Rows, column, json, json_text, json_time, json_value};
use super::{Head, Input};
use crate::error::{Error, Result};
use crate::ingest::gather::{Gather, Name, Row};
use crate::ingest::stamp::{self, Stamp};
use crate::series::Kind;
use serde_json::Value as Json;

pub(super) fn is(head: &Head<'_>) -> bool {
    let failed = head.has_keys(&["success", "errors"]);
    let json = head.has_keys(&["timestamps"]) || head.has_keys(&["top_0"]) || failed;
    let header = head.header();
    // With a column more, of dates say, it is a table like any other.
    let known = |name: &String| ["rank", "domain", "categories"].contains(&name.as_str());
    let is_list = header == ["domain"]
        || (header.iter().all(known) && header.iter().any(|n| n == "domain") && header.iter().any(|n| n == "rank"));
    let series = header.iter().any(|name| name.starts_with("serie_0"));
    json || is_list || series
}

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    let first = input.reader.fill_buf().map_err(|e| Error::io("cannot read the file", e))?;
    if !first.trim_ascii_start().starts_with(b"{") {
        return table(input, gather);
    }
    let document = json(input)?;
    if document.get("success") == Some(&Json::Bool(false)) {
        let why = document.get("errors").map(Json::to_string).unwrap_or_default();
        return Err(Error::input(format!("the service answered with an error: {why}")));
    }
    let result = document.get("result").unwrap_or(&document);
    let object = result.as_object().ok_or_else(|| Error::input("found no object 'result'"))?;
    let meta = object.get("meta").unwrap_or(&Json::Null);
    if object.keys().any(|key| key.starts_with("top_")) {
        return top(object, meta, input, gather);
    }
    gather.kind = input.hints.kind.unwrap_or(match json_text(meta, "normalization") {
        "PERCENTAGE" | "PERCENTAGE_CHANGE" => Kind::Share,
        "RAW_VALUES" => Kind::Count,
        _ => Kind::Scaled,
    });
    confidence(meta, gather);
    let mut found = false;
    for (key, series) in object.iter().filter(|(key, _)| *key != "meta") {
        let Some(stamps) = series.get("timestamps").and_then(Json::as_array) else { continue };
        found = true;
        if key.ends_with("Control") {
            gather.skip("a series of the week before, for comparison", stamps.len() as u64);
            continue;
        }
        let parts = series.as_object().into_iter().flatten().filter(|(name, _)| *name != "timestamps");
        for (part, values) in parts {
            let place = format!("{key}.{part}");
            let values = values.as_array().ok_or_else(|| Error::input(format!("{place}: found no list")))?;
            if values.len() != stamps.len() {
                let message = format!("{place}: found {} values for {} timestamps", values.len(), stamps.len());
                return Err(Error::input(message));
            }
            push(key, part, stamps, values, input, gather)?;
        }
    }
    if found { Ok(()) } else { Err(Error::input("found no series with 'timestamps'")) }
}

fn push(
    key: &str,
    part: &str,
    stamps: &[Json],
    values: &[Json],
    input: &Input<'_>,
    gather: &mut Gather<'_>,
) -> Result<()> {
    let about = subject(input);
    let bare = key.trim_end_matches("_data");
    let country = if bare.len() == 2 && bare.bytes().all(|b| b.is_ascii_alphabetic()) { bare } else { "" };
    // A series of the service's own naming is about what the file is about.
    let own = country.is_empty() && !bare.starts_with("serie_") && bare != "main";
    let named = match (own, part) {
        (true, "values") => Some(term(bare)),
        (true, part) => Some(term(&format!("{bare} {part}"))),
        (false, "values") => None,
        (false, part) => Some(term(part)),
    };
    let name = named.as_deref().map_or(about.name(), Name::Topic);
    for (index, (time, value)) in stamps.iter().zip(values).enumerate() {
        let place = format!("{key}[{index}]");
        let (time, value) = (json_time(Some(time), &place)?, json_value(Some(value), &place)?);
        gather.row(Row { time, name, country, value })?;
    }
    Ok(())
}

fn confidence(meta: &Json, gather: &mut Gather<'_>) {
    let info = meta.get("confidenceInfo");
    if let Some(level) = info.and_then(|info| info.get("level")).and_then(Json::as_f64).filter(|level| *level < 5.0) {
        gather.notes.push(format!("the publisher gives these data a confidence of {level} of 5"));
    }
    let annotations = info.and_then(|info| info.get("annotations")).and_then(Json::as_array);
    if let Some(annotations) = annotations.filter(|annotations| !annotations.is_empty()) {
        gather.notes.push(format!("the publisher has {} remarks on these data", annotations.len()));
    }
}

fn top(object: &serde_json::Map<String, Json>, meta: &Json, input: &Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    gather.kind = input.hints.kind.unwrap_or(Kind::Rank);
    let range = meta.get("dateRange").and_then(|range| range.get(0)).and_then(|range| range.get("startTime"));
    let from_meta = range.and_then(Json::as_str).and_then(|text| text.get(..10)).and_then(stamp::parse);
    let time = from_meta.map_or_else(|| day(input), Ok)?;
    for (key, list) in object.iter().filter(|(key, _)| key.starts_with("top_")) {
        let list = list.as_array().ok_or_else(|| Error::input(format!("{key}: found no list")))?;
        for (index, entry) in list.iter().enumerate() {
            let rank = entry.get("rank").and_then(Json::as_f64);
            let rank = rank.ok_or_else(|| Error::input(format!("{key}[{index}]: found no rank")))?;
            gather.rank(time, Name::Host(json_text(entry, "domain")), "", rank);
        }
        gather.list(time, "", list.len() as f64);
    }
    Ok(())
}

fn table(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    let hints = input.hints;
    let about = subject(input);
    let (date, bucket) = (day(input), bucket(input.name));
    let mut rows = Rows::new(input.reader);
    let header = rows.header()?;
    if header.iter().any(|name| name.to_lowercase().starts_with("serie_0")) {
        return exported(&mut rows, &header, about.name(), hints.kind, gather);
    }
    gather.kind = hints.kind.unwrap_or(Kind::Rank);
    let domain = column(&header, "domain")?;
    let rank = header.iter().position(|name| name.trim().eq_ignore_ascii_case("rank"));
    let date: Stamp = date?;
    let mut count = 0u64;
    while let Some(row) = rows.next_row()? {
        count += 1;
        let rank = match rank {
            Some(rank) => match row.get(rank).parse::<f64>() {
                Ok(number) if number >= 1.0 => number,
                _ => return Err(row.fault(rank, &header, "a rank from 1")),
            },
            None => bucket.ok_or_else(|| {
                Error::input(
                    "the list is in no order, and its name tells no size such as top_1000: its ranks are unknown",
                )
            })?,
        };
        gather.rank(date, Name::Host(row.get(domain)), "", rank);
    }
    gather.list(date, "", bucket.unwrap_or(count as f64));
    if let (None, Some(size)) = (rank, bucket) {
        gather.edition = Some(format!("top {size}"));
        gather.notes.push("the list is in no order: every rank is the size of the list".into());
    }
    Ok(())
}

/// A series as exported: time and value columns named after the series.
fn exported(
    rows: &mut Rows<'_>,
    header: &[String],
    name: Name<'_>,
    kind: Option<Kind>,
    gather: &mut Gather<'_>,
) -> Result<()> {
    gather.kind = kind.unwrap_or(Kind::Scaled);
    let is = |wanted: &str| header.iter().position(|found| found.to_lowercase().contains(wanted));
    let time = is("timestamp").map_or_else(|| column(header, "Serie_0: timestamps"), Ok)?;
    let value = is("value").map_or_else(|| column(header, "Serie_0: values"), Ok)?;
    while let Some(row) = rows.next_full(header)? {
        let (time, value) = (row.time(time, header)?, row.value(value, header)?);
        gather.row(Row { time, name, country: "", value })?;
    }
    Ok(())
}

/// The size in a name such as `ranking_top_1000_20230102`.
fn bucket(name: &str) -> Option<f64> {
    let lower = name.to_ascii_lowercase();
    let (_, rest) = lower.split_once("top")?;
    let digits: String = rest.trim_start_matches(['-', '_', ' ']).chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|size| *size >= 1.0)
}
