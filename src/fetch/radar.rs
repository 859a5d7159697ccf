//! Cloudflare Radar: ranks of domains, traffic of countries, annotated outages. Needs a token.
//!
//! `GET /client/v4/radar/ranking/timeseries_groups?domains=…` gives `{"success":true,"result":{"serie_0":{"timestamps":
//! ["2023-10-07T00:00:00Z",…],"rt.com":["1203",…]}}}`; `…/radar/http/timeseries?location=IR&aggInterval=1d` the same
//! with `values`; `…/radar/annotations/outages` what [`crate::context::radar`] reads (API reference). Numbers come as
//! text. Traffic is scaled within one request and comparable only there: it is asked for in one piece, and its file is
//! never added to.

use super::days::{self, Range};
use super::getter::{Call, Getter};
use super::table::{Form, Tables};
use super::{Radar, Secret, encoded, json};
use crate::context::radar as annotations;
use crate::error::{Error, Result};
use crate::measure::confounder::{ConfounderKind, Span};
use crate::observatory::number;
use crate::time::Seconds;
use serde_json::Value;

const ROOT: &str = "https://api.cloudflare.com/client/v4/radar";
/// Between two calls; the source allows 1,200 in five minutes.
const PAUSE_MS: u64 = 300;
/// Most annotations of one answer.
const LIMIT: usize = 500;

pub(super) fn fetch(set: &Radar, token: &Secret, range: Range, getter: &mut Getter<'_>, tables: &mut Tables) {
    let call = |url: String| Call { token: Some(token), ..Call::new(url, PAUSE_MS, range.to) };
    let dates = format!("dateStart={}&dateEnd={}&format=json", days::stamp(range.from), days::stamp(range.end() - 1));
    match set {
        Radar::Ranking { domains, countries } => {
            let places = if countries.is_empty() { vec![String::new()] } else { countries.clone() };
            for (place, domain) in places.iter().flat_map(|place| domains.iter().map(move |domain| (place, domain))) {
                let location = if place.is_empty() { String::new() } else { format!("&location={place}") };
                let url = format!("{ROOT}/ranking/timeseries_groups?domains={}{location}&{dates}", encoded(domain));
                let found = getter.get(&call(url), |body| series(&json(body)?, domain));
                for (time, rank) in found.unwrap_or_default() {
                    let row = vec![days::dashed(time), domain.clone(), place.clone(), "radar".into(), rank];
                    tables.add("radar-ranking", Form::Rank, time, row);
                }
            }
        }
        Radar::Traffic { countries } => {
            for place in countries {
                let url = format!("{ROOT}/http/timeseries?location={place}&aggInterval=1d&{dates}");
                let found = getter.get(&call(url), |body| series(&json(body)?, "values"));
                let (from, to) = (days::dashed(range.from), days::dashed(range.to));
                for (time, value) in found.unwrap_or_default() {
                    let row = vec![days::dashed(time), "radar-http".into(), place.clone(), "radar".into(), value];
                    tables.add_to(&format!("radar-traffic-{from}_{to}.csv"), Form::Scaled, row);
                }
            }
        }
        Radar::Outages { countries } => outages(countries, &dates, range, getter, tables, &call),
    }
}

fn outages<'a>(
    countries: &[String],
    dates: &str,
    range: Range,
    getter: &mut Getter<'_>,
    tables: &mut Tables,
    call: &dyn Fn(String) -> Call<'a>,
) {
    let places = if countries.is_empty() { vec![String::new()] } else { countries.to_vec() };
    for place in places {
        let location = if place.is_empty() { String::new() } else { format!("&location={place}") };
        let url = format!("{ROOT}/annotations/outages?limit={LIMIT}{location}&{dates}");
        let Some(spans) = getter.get(&call(url), |body| annotations::parse(&json(body)?)) else { continue };
        if spans.len() >= LIMIT {
            tables.note(format!("Radar: more than {LIMIT} annotations, cut short; ask for a shorter time"));
        }
        spans.iter().filter(|s| place.is_empty() || s.country == place).for_each(|span| tables.add_context(span, true));
        tables.add_context(&look(range, &place), false);
    }
}

/// The stretch that was looked at; editors note what they hear of, so this is a weaker look than a measurement.
fn look(range: Range, country: &str) -> Span {
    Span {
        kind: ConfounderKind::Outage,
        from: range.from,
        until: range.end(),
        country: country.into(),
        domain: String::new(),
        source: "Radar".into(),
        evidence: "Radar: no outage noted by its editors".into(),
    }
}

fn series(value: &Value, name: &str) -> Result<Vec<(Seconds, String)>> {
    annotations::check(value)?;
    let serie = &value["result"]["serie_0"];
    let list = |name: &str| {
        serie[name].as_array().ok_or_else(|| Error::input(format!("Radar: 'result.serie_0.{name}' is no list")))
    };
    let times = list("timestamps")?;
    // A domain that was never ranked is not in the answer.
    let values = if serie[name].is_null() && name != "values" { &Vec::new() } else { list(name)? };
    if !values.is_empty() && values.len() != times.len() {
        return Err(Error::input(format!("Radar: {} time stamps, but {} values", times.len(), values.len())));
    }
    let mut found = Vec::new();
    for (time, value) in times.iter().zip(values) {
        let time =
            time.as_str().and_then(days::parse).ok_or_else(|| Error::input(format!("Radar: {time} is no time")))?;
        // No rank, no value: a gap.
        if value.is_null() || value.as_str() == Some("") {
            continue;
        }
        let number = number(value).ok_or_else(|| Error::input(format!("Radar: {value} is no number")))?;
        found.push((time, format!("{number}")));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_text_and_gaps_are_read() {
        let value = serde_json::json!({"success": true, "result": {"serie_0": {
            "timestamps": ["2023-10-07T00:00:00Z", "2023-10-08T00:00:00Z"], "rt.com": ["1203", null]}}});
        assert_eq!(series(&value, "rt.com").expect("sound"), [(1_696_636_800, "1203".to_string())]);
        assert_eq!(series(&value, "tass.com").expect("never ranked"), []);
        assert!(series(&value, "values").expect_err("no values").to_string().contains("values"));
        let short = serde_json::json!({"success": true, "result": {"serie_0": {"timestamps": [], "values": ["1"]}}});
        assert!(series(&short, "values").is_err());
    }
}
