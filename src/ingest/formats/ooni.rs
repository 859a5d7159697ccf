//! OONI's aggregation: measurements of whether a site is blocked, by day and country.
//!
//! Shape: <https://api.ooni.org/apidocs/>: `{"result":[{"anomaly_count","confirmed_count","failure_count","measurement_count",
//! "ok_count","measurement_start_day","probe_cc","domain"}],"v":0}`, or one object without axes. As a table the value is
//! the share of measurements with an anomaly or a confirmed block, a gap where nobody measured. An anomaly is not
//! necessarily censorship.

use super::subject::of;
use super::text::{json, json_text, parse_json};
use super::{Head, Input};
use crate::error::{Error, Result};
use crate::ingest::cell::Value;
use crate::ingest::gather::{Gather, Name, Row};
use crate::ingest::stamp::{self, Stamp};
use crate::series::Kind;
use crate::time::Seconds;
use serde_json::Value as Json;

/// Measurements of one site in one country on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Host as the service names it; empty if the answer has no such axis.
    pub domain: String,
    /// Where it was measured; empty if the answer has no such axis.
    pub country: String,
    /// Start of the day.
    pub date: Seconds,
    /// How often it was measured.
    pub measurements: u64,
    /// Blocked for certain.
    pub confirmed: u64,
    /// Something unusual.
    pub anomalies: u64,
    /// Reached without trouble.
    pub ok: u64,
    /// Measurements that failed.
    pub failures: u64,
}

pub(super) fn is(head: &Head<'_>) -> bool {
    head.has_keys(&["measurement_count", "anomaly_count"])
}

/// Reads an answer of the service.
///
/// # Errors
/// No JSON, or rows without a day or with counts that are none.
pub fn rows(bytes: &[u8]) -> Result<Vec<Measured>> {
    of_document(&parse_json(bytes)?)
}

fn of_document(document: &Json) -> Result<Vec<Measured>> {
    let result = document.get("result").ok_or_else(|| Error::input("found no 'result'; is it an answer of OONI?"))?;
    let list: Vec<&Json> = match result {
        Json::Array(list) => list.iter().collect(),
        Json::Object(_) => {
            return Err(Error::input("one sum without days; ask the service with axis_x=measurement_start_day"));
        }
        _ => return Err(Error::input("found no list 'result'")),
    };
    list.into_iter()
        .enumerate()
        .map(|(index, row)| one(row).map_err(|e| e.context(format!("result[{index}]"))))
        .collect()
}

fn one(row: &Json) -> Result<Measured> {
    let count = |key: &str| match row.get(key) {
        None | Some(Json::Null) => Ok(0),
        Some(value) => value.as_u64().ok_or_else(|| Error::input(format!("{key}: found {value}, expected a count"))),
    };
    let day = json_text(row, "measurement_start_day");
    let date = match day.get(..10).and_then(stamp::parse) {
        Some(Stamp::Civil { wall, .. } | Stamp::Instant(wall)) => wall,
        None => return Err(Error::input(format!("measurement_start_day: found '{day}', expected YYYY-MM-DD"))),
    };
    let domain = [json_text(row, "domain"), json_text(row, "input")];
    Ok(Measured {
        domain: domain.into_iter().find(|name| !name.is_empty()).unwrap_or("").into(),
        country: json_text(row, "probe_cc").to_ascii_uppercase(),
        date,
        measurements: count("measurement_count")?,
        confirmed: count("confirmed_count")?,
        anomalies: count("anomaly_count")?,
        ok: count("ok_count")?,
        failures: count("failure_count")?,
    })
}

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    gather.kind = input.hints.kind.unwrap_or(Kind::Share);
    let about = super::subject::subject(input);
    let document = json(input)?;
    for row in of_document(&document)? {
        let value = match row.measurements {
            0 => Value::Empty,
            all => Value::Number((row.confirmed + row.anomalies) as f64 / all as f64),
        };
        let named = (!row.domain.is_empty()).then(|| of(&row.domain));
        let name: Name<'_> = named.as_ref().map_or(about.name(), |named| named.name());
        let time = Stamp::Civil { wall: row.date, date_only: true };
        gather.row(Row { time, name, country: &row.country, value })?;
    }
    gather.notes.push("values are the share of measurements with an anomaly: not necessarily a block".into());
    Ok(())
}
