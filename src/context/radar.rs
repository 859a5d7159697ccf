//! Cloudflare Radar annotations: outages and other events that its editors noted.
//!
//! Shape: `GET /client/v4/radar/annotations/outages?…` gives `{"success":true,"errors":[],"result":{"annotations":[{
//! "eventType":"OUTAGE","locations":["IR"],"startDate":"2023-10-07T05:00:00Z","endDate":null,"scope":"…",
//! "description":"…","outage":{"outageCause":"GOVERNMENT_DIRECTED","outageType":"NATIONWIDE"}}, …]}}` (API reference).

use super::stamp;
use crate::calendar::is_code;
use crate::error::{Error, Result};
use crate::measure::confounder::{ConfounderKind, Context, Span};
use serde_json::Value;

/// Without an end, an annotation is taken to last this long, in days: editors forget to close them.
const OPEN_DAYS: i64 = 14;

/// Reads an answer: one span a country.
///
/// # Errors
/// It is not of the documented shape, or Radar says that something went wrong.
pub fn parse(value: &Value) -> Result<Vec<Span>> {
    check(value)?;
    let rows = value["result"]["annotations"]
        .as_array()
        .ok_or_else(|| Error::input("Radar: 'result.annotations' is no list"))?;
    let mut spans = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        spans.extend(annotation(row).map_err(|error| error.context(format!("Radar: annotation {i}")))?);
    }
    Ok(spans)
}

/// Whether Radar says that the call went well.
///
/// # Errors
/// With Radar's own words if it did not.
pub fn check(value: &Value) -> Result<()> {
    if value["success"].as_bool() == Some(true) {
        return Ok(());
    }
    let said: Vec<&str> =
        value["errors"].as_array().into_iter().flatten().filter_map(|error| error["message"].as_str()).collect();
    Err(Error::input(match said.is_empty() {
        true => "Radar: expected \"success\": true".into(),
        false => format!("Radar says: {}", said.join("; ")),
    }))
}

fn annotation(row: &Value) -> Result<Vec<Span>> {
    let time = |name: &str| row[name].as_str().map(|text| stamp(text).ok_or_else(|| text.to_string())).transpose();
    let fault = |text: String| Error::input(format!("found '{text}', expected a time such as 2023-10-07T05:00:00Z"));
    let from = time("startDate").map_err(fault)?.ok_or_else(|| Error::input("no 'startDate'"))?;
    let until = time("endDate").map_err(fault)?.unwrap_or(from + OPEN_DAYS * 86_400).max(from + 300);
    let text = |value: &Value| value.as_str().unwrap_or("").replace(['\n', '\r', '\t'], " ");
    let kind = match row["eventType"].as_str() {
        Some("OUTAGE") => ConfounderKind::Outage,
        _ => ConfounderKind::Annotation,
    };
    let words = [&row["outage"]["outageCause"], &row["outage"]["outageType"], &row["scope"], &row["description"]];
    let words: Vec<String> = words.into_iter().map(text).filter(|word| !word.trim().is_empty()).collect();
    let codes = row["locations"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let span = |country: &str| Span {
        kind,
        from,
        until,
        country: country.into(),
        domain: String::new(),
        source: "Radar".into(),
        evidence: format!("Radar: {}", words.join(", ")),
    };
    Ok(codes.filter(|code| is_code(code)).map(span).collect())
}

/// Annotations as context.
pub fn context(spans: Vec<Span>) -> Context {
    Context { found: spans, looks: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_is_a_span_in_each_country() {
        let value = serde_json::json!({"success": true, "errors": [], "result": {"annotations": [
            {"eventType": "OUTAGE", "locations": ["IR", "IQ"], "startDate": "2023-10-07T05:00:00Z",
             "endDate": "2023-10-07T09:00:00Z", "description": "Power\ncut",
             "outage": {"outageCause": "POWER_OUTAGE", "outageType": "REGIONAL"}},
            {"eventType": "OTHER", "locations": ["IR"], "startDate": "2023-10-07T05:00:00", "endDate": null}]}});
        let spans = parse(&value).expect("sound");
        assert_eq!(spans.len(), 3);
        assert_eq!(spans[1].country, "IQ");
        assert_eq!(spans[0].evidence, "Radar: POWER_OUTAGE, REGIONAL, Power cut");
        assert_eq!(spans[2].kind, ConfounderKind::Annotation);
        assert_eq!(spans[2].until - spans[2].from, 14 * 86_400);
    }

    #[test]
    fn what_radar_complains_of_is_an_error() {
        let value =
            serde_json::json!({"success": false, "errors": [{"code": 10000, "message": "Authentication error"}]});
        assert_eq!(parse(&value).expect_err("refused").to_string(), "Radar says: Authentication error");
    }
}
