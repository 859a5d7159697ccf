//! IODA: when a country was offline.
//!
//! Shape: <https://api.ioda.inetintel.cc.gatech.edu/v2/>, `outages/events`: `{"data":[{"location":"country/IR",
//! "start":…,"duration":…,"score":…}]}` or, in its other form, `{"data":[{"entity":{"type":"country","code":"IR"},"from":…,
//! "until":…,"level":…}]}`; seconds since 1970. As a table the value is minutes of outage, hour by hour, of
//! `term:ioda-outage`; hours without an event are not in the file and so not in the table.

use super::text::{json, json_text, parse_json};
use super::{Head, Input};
use crate::error::{Error, Result};
use crate::ingest::cell::Value;
use crate::ingest::gather::{Gather, Name, Row};
use crate::ingest::stamp::Stamp;
use crate::series::Kind;
use crate::time::Seconds;
use serde_json::Value as Json;

const HOUR: i64 = 3_600;

/// No outage lasts longer: a larger number is no duration.
const LONGEST: i64 = 400 * 86_400;

/// An outage.
#[derive(Clone, Debug, PartialEq)]
pub struct Outage {
    /// ISO 3166-1 code of the country.
    pub country: String,
    /// First second.
    pub from: Seconds,
    /// First second after it.
    pub until: Seconds,
    /// How grave: a word (`critical`, `warning`) or a score, as the service gives it; empty if it gives none.
    pub level: String,
}

pub(super) fn is(head: &Head<'_>) -> bool {
    let codf = head.has_keys(&["start", "duration", "location"]);
    codf || (head.has_keys(&["from", "until"]) && (head.has_keys(&["entity"]) || head.has_keys(&["datasource"])))
}

/// Reads an answer of the service: outages of countries; events of regions and networks are left out.
///
/// # Errors
/// No JSON, or an event without times.
pub fn rows(bytes: &[u8]) -> Result<Vec<Outage>> {
    of_document(&parse_json(bytes)?).map(|(outages, _)| outages)
}

/// The outages of countries, and how many events were of something else.
fn of_document(document: &Json) -> Result<(Vec<Outage>, u64)> {
    let list = match document {
        Json::Array(list) => list,
        _ => document
            .get("data")
            .and_then(Json::as_array)
            .ok_or_else(|| Error::input("found no list 'data'; is it an answer of IODA?"))?,
    };
    let (mut outages, mut others) = (Vec::new(), 0);
    // Some answers nest a list for each request.
    for (index, event) in
        list.iter().flat_map(|e| e.as_array().map_or(vec![e], |nested| nested.iter().collect())).enumerate()
    {
        match one(event).map_err(|error| error.context(format!("data[{index}]")))? {
            Some(outage) => outages.push(outage),
            None => others += 1,
        }
    }
    Ok((outages, others))
}

fn one(event: &Json) -> Result<Option<Outage>> {
    let entity = event.get("entity").unwrap_or(&Json::Null);
    let (kind, code) = match json_text(event, "location").split_once('/') {
        Some(pair) => pair,
        None => (json_text(entity, "type"), json_text(entity, "code")),
    };
    let number = |keys: [&str; 2]| keys.iter().find_map(|key| event.get(*key)).and_then(Json::as_i64);
    let from = number(["from", "start"]).ok_or_else(|| Error::input("found no 'from' or 'start' in seconds"))?;
    let until = match (number(["until", "end"]), event.get("duration").and_then(Json::as_i64)) {
        (Some(until), _) => until,
        (None, Some(duration)) => from.saturating_add(duration),
        (None, None) => return Err(Error::input("found no 'until' or 'duration' in seconds")),
    };
    if until < from || until - from > LONGEST {
        return Err(Error::input(format!("the event lasts from {from} to {until}: that cannot be")));
    }
    let level = match event.get("level").or_else(|| event.get("score")) {
        Some(Json::String(word)) => word.clone(),
        Some(Json::Number(score)) => score.to_string(),
        _ => String::new(),
    };
    let country = code.to_ascii_uppercase();
    let is_country = matches!(kind, "country" | "") && crate::calendar::is_code(&country);
    Ok(is_country.then_some(Outage { country, from, until, level }))
}

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    gather.kind = input.hints.kind.unwrap_or(Kind::Count);
    let document = json(input)?;
    let (mut outages, others) = of_document(&document)?;
    gather.skip("an event of a region or network", others);
    outages.sort_by(|a, b| (&a.country, a.from).cmp(&(&b.country, b.from)));
    // Several signals tell of one outage: a minute counts once.
    let mut done: (String, Seconds) = (String::new(), Seconds::MIN);
    for outage in outages {
        let seen = if done.0 == outage.country { done.1 } else { Seconds::MIN };
        let mut at = outage.from.max(seen);
        while at < outage.until {
            let end = (at.div_euclid(HOUR) * HOUR + HOUR).min(outage.until);
            let value = Value::Number((end - at) as f64 / 60.0);
            let time = Stamp::Instant(at.div_euclid(HOUR) * HOUR);
            gather.row(Row { time, name: Name::Topic("term:ioda-outage"), country: &outage.country, value })?;
            at = end;
        }
        done = (outage.country, outage.until.max(seen));
    }
    Ok(())
}
