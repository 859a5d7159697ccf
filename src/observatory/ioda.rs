//! IODA outage events: when was a country offline?
//!
//! Shape: `GET /v2/outages/events?entityType=country&entityCode=IR&from=…&until=…` gives `{"type":"outages.events",
//! "requestParameters":{"from":"…","until":"…","entityCode":"IR"},"error":null,"data":[{"location":"country/IR",
//! "start":1696636800,"duration":3600,"datasource":"bgp","method":"median","score":4711.5}, …]}`, seconds since 1970
//! (API documentation of version 2). Alerts, and events in the other form, have `"entity":{"type":"country","code":"IR"}`,
//! `"from"`, `"until"` and a `"level"`.

use super::number;
use crate::calendar::is_code;
use crate::error::{Error, Result};
use crate::time::Seconds;
use serde_json::Value;

/// No outage lasts longer, in seconds: a larger number is no duration.
const LONGEST: Seconds = 400 * 86_400;

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Country.
    pub country: String,
    /// First second.
    pub from: Seconds,
    /// First second after it; `from` itself while it has no length yet.
    pub until: Seconds,
    /// `bgp`, `ping-slash24`, `merit-nt`, …
    pub signal: String,
    /// Depth times length, if told.
    pub score: Option<f64>,
    /// How grave in a word (`critical`, `warning`), if told.
    pub level: Option<String>,
}

/// Reads an answer: the events of countries, and how many were of a region or network.
///
/// # Errors
/// It is not of the documented shape, or IODA says that something went wrong.
pub fn parse(value: &Value) -> Result<(Vec<Event>, u64)> {
    if let Some(error) = value["error"].as_str() {
        return Err(Error::input(format!("IODA says: {error}")));
    }
    let kind = value["type"].as_str();
    if kind.is_some_and(|kind| !kind.starts_with("outages.")) {
        return Err(Error::input("IODA: expected \"type\": \"outages.events\""));
    }
    let rows = match (value, &value["data"]) {
        (Value::Array(rows), _) | (_, Value::Array(rows)) => rows.as_slice(),
        (_, Value::Null) if kind.is_some() => &[],
        _ => return Err(Error::input("IODA: 'data' is no list")),
    };
    // Some answers nest a list for each request.
    let rows = rows.iter().flat_map(|row| row.as_array().map_or(std::slice::from_ref(row), Vec::as_slice));
    let (mut events, mut others) = (Vec::new(), 0);
    for (index, row) in rows.enumerate() {
        match event(row).map_err(|error| error.context(format!("IODA: event {index}")))? {
            Some(event) => events.push(event),
            None => others += 1,
        }
    }
    Ok((events, others))
}

/// `None` if it is of no country.
fn event(row: &Value) -> Result<Option<Event>> {
    let text = |value: &Value| value.as_str().unwrap_or("").to_string();
    let (kind, country) = match row["location"].as_str().and_then(|place| place.split_once('/')) {
        Some((kind, code)) => (kind.to_string(), code.to_string()),
        None => (text(&row["entity"]["type"]), text(&row["entity"]["code"])),
    };
    if kind != "country" {
        return Ok(None);
    }
    let country = country.to_ascii_uppercase();
    if !is_code(&country) {
        return Err(Error::input(format!("the place is '{country}', expected a code of two letters")));
    }
    let time = |names: [&str; 2]| names.iter().find_map(|name| seconds(&row[*name]));
    let from = time(["start", "from"]).ok_or_else(|| Error::input("no seconds since 1970 in 'start' or 'from'"))?;
    let length = || number(&row["duration"]).map_or(0, |length| length as Seconds);
    let until = time(["end", "until"]).unwrap_or_else(|| from.saturating_add(length()));
    if until < from || until - from > LONGEST {
        return Err(Error::input(format!("the event lasts from {from} to {until}: that cannot be")));
    }
    let (score, level) = (number(&row["score"]), row["level"].as_str().map(String::from));
    if score.is_none() && level.is_none() {
        return Err(Error::input("neither a number in 'score' nor a word in 'level'"));
    }
    let signal = row["datasource"].as_str().unwrap_or("unknown").into();
    Ok(Some(Event { country, from, until, signal, score, level }))
}

/// Whole seconds, of some thousand years at most.
pub(crate) fn seconds(value: &Value) -> Option<Seconds> {
    number(value).filter(|seconds| (0.0..1e11).contains(seconds)).map(|seconds| seconds as Seconds)
}
