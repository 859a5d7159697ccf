//! IODA outage events: was a country offline?
//!
//! The score of an event is the depth of the fall times its length: small ones are daily bread, and only those of
//! [`FLOOR`] or more count as an outage, or what IODA itself calls critical.

use crate::calendar::is_code;
use crate::measure::confounder::{ConfounderKind, Context, Span};
use crate::observatory::ioda::seconds;
pub use crate::observatory::ioda::{Event, parse};
use crate::time::Seconds;
use serde_json::Value;

/// Score from which on an event is an outage; below it is an annotation.
pub const FLOOR: f64 = 1000.0;

/// One bin of IODA: an event that is not over may have no length yet.
const BIN: Seconds = 300;

/// Which countries were asked for, from when to when.
pub type Window = (Vec<String>, Seconds, Seconds);

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
    let grave = match event.score {
        Some(score) => score >= FLOOR,
        None => event.level.as_deref() == Some("critical"),
    };
    let size = match (event.score, &event.level) {
        (Some(score), _) => format!("score {score:.0}"),
        (None, level) => format!("level {}", level.as_deref().unwrap_or("unknown")),
    };
    Span {
        kind: if grave { ConfounderKind::Outage } else { ConfounderKind::Annotation },
        from: event.from,
        until: event.until.max(event.from + BIN),
        country: event.country.clone(),
        domain: String::new(),
        source: format!("IODA {}", event.signal),
        evidence: format!("IODA: {} fell, {size}", event.signal),
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
        let (events, others) = parse(&value).expect("sound");
        assert_eq!((events.len(), others), (3, 1));
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
