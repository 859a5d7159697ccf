//! OONI aggregation: measurements of whether a site is blocked, by day and country.
//!
//! Shape: `GET /api/v1/aggregation?…&axis_x=measurement_start_day[&axis_y=probe_cc]` gives `{"v":0,"result":[{
//! "measurement_start_day":"2023-10-07","probe_cc":"IR","measurement_count":20,"ok_count":3,"anomaly_count":15,
//! "confirmed_count":2,"failure_count":2}, …]}` (OONI API documentation; the axes are the only dimensions told).

use super::number;
use crate::calendar::{is_code, span};
use crate::error::{Error, Result};
use crate::time::Seconds;
use serde_json::Value;

/// What OONI measured on one day.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    /// Start of the day.
    pub day: Seconds,
    /// Country, if told; `ZZ` = nobody knows.
    pub country: Option<String>,
    /// Host or address, if told, as it is written.
    pub site: Option<String>,
    /// All measurements.
    pub measured: f64,
    /// Those that looked like interference.
    pub anomalies: f64,
    /// Those known to be a block.
    pub confirmed: f64,
    /// Those that failed and say nothing.
    pub failed: f64,
}

/// Reads an answer.
///
/// # Errors
/// It is not of the documented shape, or not by day.
pub fn parse(value: &Value) -> Result<Vec<Day>> {
    if let Some(error) = value["error"].as_str() {
        return Err(Error::input(format!("OONI says: {error}")));
    }
    let rows = value["result"]
        .as_array()
        .ok_or_else(|| Error::input("OONI: 'result' is no list; ask by day, with axis_x=measurement_start_day"))?;
    let days = rows.iter().enumerate();
    days.map(|(i, row)| day(row).map_err(|error| error.context(format!("OONI: result {i}")))).collect()
}

fn day(row: &Value) -> Result<Day> {
    let text = |name: &str| row[name].as_str().filter(|text| !text.is_empty()).map(String::from);
    let day = text("measurement_start_day")
        .and_then(|day| span(day.get(..10)?))
        .ok_or_else(|| Error::input("no 'measurement_start_day' such as 2023-10-07"))?;
    let country = text("probe_cc").map(|code| code.to_ascii_uppercase());
    if let Some(code) = country.as_deref().filter(|code| !is_code(code)) {
        return Err(Error::input(format!("'probe_cc' is '{code}', expected a code of two letters")));
    }
    let count = |name: &str| {
        number(&row[name])
            .filter(|count| *count >= 0.0)
            .ok_or_else(|| Error::input(format!("no '{name}', or no count in it")))
    };
    Ok(Day {
        day: day.0,
        country,
        site: text("domain").or_else(|| text("input")),
        measured: count("measurement_count")?,
        anomalies: count("anomaly_count")?,
        confirmed: count("confirmed_count")?,
        failed: count("failure_count")?,
    })
}
