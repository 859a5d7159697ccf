//! IODA outage events: was a country offline?
//!
//! Shape: `GET /v2/outages/events?entityType=country&entityCode=IR&from=…&until=…` gives `{"type":"outages.events",
//! "requestParameters":{"from":"…","until":"…","entityCode":"IR"},"error":null,"data":[{"location":"country/IR",
//! "start":1696636800,"duration":3600,"datasource":"bgp","method":"median","score":4711.5}, …]}`, seconds since 1970
//! (API documentation of version 2). The score is the depth of the fall times its length: small ones are daily bread,
//! and only those of [`FLOOR`] or more count as an outage.

use super::number;
use crate::calendar::is_code;
use crate::error::{Error, Result};
use crate::measure::confounder::{ConfounderKind, Context, Span};
use crate::time::Seconds;
use serde_json::Value;

/// Score from which on an event is an outage; below it is an annotation.
pub const FLOOR: f64 = 1000.0;

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Country.
    pub country: String,
    /// First second.
    pub from: Seconds,
    /// First second after it.
    pub until: Seconds,
    /// `bgp`, `ping-slash24`, `merit-nt`, …
    pub signal: String,
    /// Depth times length.
    pub score: f64,
}

/// Which countries were asked for, from when to when.
pub type Window = (Vec<String>, Seconds, Seconds);

/// Reads an answer; events of regions and networks are passed over.
///
/// # Errors
/// It is not of the documented shape, or IODA says that something went wrong.
pub fn parse(value: &Value) -> Result<Vec<Event>> {
    if let Some(error) = value["error"].as_str() {
        return Err(Error::input(format!("IODA says: {error}")));
    }
    if value["type"].as_str() != Some("outages.events") {
        return Err(Error::input("IODA: expected \"type\": \"outages.events\""));
    }
    let rows = match &value["data"] {
        Value::Array(rows) => rows.as_slice(),
        Value::Null => &[],
        _ => return Err(Error::input("IODA: 'data' is no list")),
    };
    let events = rows.iter().enumerate().filter_map(|(i, row)| {
        let country = match row["location"].as_str() {
            Some(place) => place.strip_prefix("country/")?,
            // The other form (`format=ioda`) names the place in parts.
            None => row["entity"]["code"].as_str().filter(|_| row["entity"]["type"] == "country")?,
        };
        Some(event(row, country).map_err(|error| error.context(format!("IODA: event {i}"))))
    });
    events.collect()
}

fn event(row: &Value, country: &str) -> Result<Event> {
    if !is_code(country) {
        return Err(Error::input(format!("the place is '{country}', expected a code of two capital letters")));
    }
    let time = |names: [&str; 2]| names.iter().find_map(|name| seconds(&row[*name]));
    let score = number(&row["score"]).ok_or_else(|| Error::input("no number in 'score'"))?;
    let from = time(["start", "from"]).ok_or_else(|| Error::input("no seconds since 1970 in 'start'"))?;
    let until = time(["end", "until"]).unwrap_or(from + seconds(&row["duration"]).unwrap_or(0));
    Ok(Event {
        country: country.into(),
        from,
        // An event that is not over may have no length yet: one bin of IODA.
        until: until.max(from + 300),
        signal: row["datasource"].as_str().unwrap_or("unknown").into(),
        score,
    })
}

/// Whole seconds, of some thousand years at most.
fn seconds(value: &Value) -> Option<Seconds> {
    number(value).filter(|seconds| (0.0..1e11).contains(seconds)).map(|seconds| seconds as Seconds)
}

/// What was asked for, if the answer repeats it.
pub fn window(value: &Value) -> Option<Window> {
    let asked = &value["requestParameters"];
    let codes: Vec<String> = asked["entityCode"].as_str()?.split(',').map(|code| code.trim().to_string()).collect();
    let (from, until) = (seconds(&asked["from"])?, seconds(&asked["until"])?);
    (codes.iter().all(|code| is_code(code)) && from < until).then_some((codes, from, until))
}

/// Events as context.
pub fn context(events: &[Event], window: Option<Window>) -> Context {
    let look = |country, from, until| Span {
        kind: ConfounderKind::Outage,
        from,
        until,
        country,
        domain: String::new(),
        source: "IODA".into(),
        evidence: String::new(),
    };
    let (countries, from, until) = window.unwrap_or_default();
    Context {
        found: events.iter().map(span).collect(),
        looks: countries.into_iter().map(|country| look(country, from, until)).collect(),
    }
}

/// An event as a span.
pub fn span(event: &Event) -> Span {
    Span {
        kind: if event.score >= FLOOR { ConfounderKind::Outage } else { ConfounderKind::Annotation },
        from: event.from,
        until: event.until,
        country: event.country.clone(),
        domain: String::new(),
        source: format!("IODA {}", event.signal),
        evidence: format!("IODA: {} fell, score {:.0}", event.signal, event.score),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"type":"outages.events","error":null,
        "requestParameters":{"from":"1696550400","until":"1696809600","entityType":"country","entityCode":"IR"},
        "data":[{"location":"country/IR","start":1696636800,"duration":7200,"datasource":"bgp","score":4711.5},
                {"location":"country/IR","start":1696640000,"duration":600,"datasource":"merit-nt","score":12.0},
                {"entity":{"type":"country","code":"IQ"},"from":1696636800,"until":1696640400,"datasource":"gtr","score":2000},
                {"location":"region/4501","start":1696636800,"duration":1,"datasource":"bgp","score":9999}]}"#;

    #[test]
    fn small_events_are_no_outages_and_regions_no_countries() {
        let value: Value = serde_json::from_str(ANSWER).expect("JSON");
        let events = parse(&value).expect("sound");
        assert_eq!(events.len(), 3);
        assert_eq!((events[2].country.as_str(), events[2].until - events[2].from), ("IQ", 3_600));
        let context = context(&events, window(&value));
        let kinds: Vec<_> = context.found.iter().map(|span| span.kind).collect();
        assert_eq!(kinds, [ConfounderKind::Outage, ConfounderKind::Annotation, ConfounderKind::Outage]);
        assert_eq!((context.looks[0].country.as_str(), context.looks[0].from), ("IR", 1_696_550_400));
    }

    #[test]
    fn what_ioda_complains_of_is_an_error() {
        let error = |text: &str| parse(&serde_json::from_str(text).expect("JSON")).expect_err(text).to_string();
        assert!(error(r#"{"type":"outages.events","error":"boom","data":null}"#).contains("boom"));
        assert!(error(r#"{"type":"signals","data":[]}"#).contains("outages.events"));
        let broken = r#"{"type":"outages.events","data":[{"location":"country/IR","start":"x","score":1}]}"#;
        assert!(error(broken).contains("event 0"));
    }
}
