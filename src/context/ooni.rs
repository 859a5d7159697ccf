//! OONI aggregation: was a site blocked in a country on a day?
//!
//! Shape: `GET /api/v1/aggregation?…&axis_x=measurement_start_day[&axis_y=probe_cc]` gives `{"v":0,"result":[{
//! "measurement_start_day":"2023-10-07","probe_cc":"IR","measurement_count":20,"ok_count":3,"anomaly_count":15,
//! "confirmed_count":2,"failure_count":2}, …]}` (OONI API documentation; the axes are the only dimensions told).
//!
//! Anomalies are not necessarily censorship (OONI's own words): a confirmed block counts from a tenth of the usable
//! measurements on, anomalies alone from half of at least five on.

use super::{number, site};
use crate::calendar::{is_code, span};
use crate::error::{Error, Result};
use crate::measure::confounder::{ConfounderKind, Context, Span};
use crate::time::{Seconds, Step};
use serde_json::Value;

/// What OONI measured on one day.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    /// Start of the day.
    pub day: Seconds,
    /// Country, if told.
    pub country: Option<String>,
    /// Registrable domain, if told.
    pub domain: Option<String>,
    /// All measurements.
    pub measured: f64,
    /// Those that looked like interference.
    pub anomalies: f64,
    /// Those known to be a block.
    pub confirmed: f64,
    /// Those that failed and say nothing.
    pub failed: f64,
}

impl Day {
    /// Measurements that say something.
    pub fn usable(&self) -> f64 {
        (self.measured - self.failed).max(0.0)
    }

    /// Whether this is a block.
    pub fn is_block(&self) -> bool {
        let usable = self.usable();
        (self.confirmed > 0.0 && self.confirmed >= 0.1 * usable) || (usable >= 5.0 && self.anomalies >= 0.5 * usable)
    }

    /// The numbers in words.
    pub fn evidence(&self) -> String {
        format!(
            "OONI: of {} usable measurements {} confirmed as blocked, {} anomalous",
            self.usable(),
            self.confirmed,
            self.anomalies
        )
    }
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
    // Measurements from an unknown place say nothing of any country.
    let days = rows.iter().enumerate().filter(|(_, row)| row["probe_cc"].as_str() != Some("ZZ"));
    days.map(|(i, row)| day(row).map_err(|error| error.context(format!("OONI: result {i}")))).collect()
}

fn day(row: &Value) -> Result<Day> {
    let text = |name: &str| row[name].as_str().map(String::from);
    let day = text("measurement_start_day")
        .and_then(|day| span(day.get(..10)?))
        .ok_or_else(|| Error::input("no 'measurement_start_day' such as 2023-10-07"))?;
    let country = text("probe_cc");
    if let Some(code) = country.as_deref().filter(|code| !is_code(code)) {
        return Err(Error::input(format!("'probe_cc' is '{code}', expected a code of two capital letters")));
    }
    let count = |name: &str| {
        number(&row[name])
            .filter(|count| *count >= 0.0)
            .ok_or_else(|| Error::input(format!("no '{name}', or no count in it")))
    };
    Ok(Day {
        day: day.0,
        country,
        domain: [text("domain"), text("input")].into_iter().flatten().find_map(|host| site(&host)),
        measured: count("measurement_count")?,
        anomalies: count("anomaly_count")?,
        confirmed: count("confirmed_count")?,
        failed: count("failure_count")?,
    })
}

/// Days as context; `domain` and `country` are what was asked for, where the rows do not tell.
///
/// # Errors
/// Nobody tells the domain, or the country.
pub fn context(days: &[Day], domain: Option<&str>, country: Option<&str>) -> Result<Context> {
    let told = |own: &Option<String>, asked: Option<&str>, what: &str| {
        own.clone().or(asked.map(String::from)).ok_or_else(|| {
            Error::input(format!(
                "OONI does not tell the {what} here; name the file after what was asked, such as ooni_rt.com_GB.json, \
                 or let floodmark fetch ooni ask"
            ))
        })
    };
    let mut context = Context::default();
    for day in days.iter().filter(|day| day.usable() > 0.0) {
        let span = Span {
            kind: ConfounderKind::Block,
            from: day.day,
            until: day.day + Step::DAY.seconds(),
            country: told(&day.country, country, "country")?,
            domain: told(&day.domain, domain, "domain")?,
            source: "OONI".into(),
            evidence: day.evidence(),
        };
        if day.is_block() {
            context.found.push(span.clone());
        }
        context.looks.push(span);
    }
    Ok(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(measured: f64, failed: f64, anomalies: f64, confirmed: f64) -> Day {
        Day { day: 0, country: None, domain: None, measured, anomalies, confirmed, failed }
    }

    #[test]
    fn anomalies_alone_need_many_measurements() {
        assert!(day(20.0, 2.0, 15.0, 2.0).is_block());
        assert!(day(20.0, 2.0, 0.0, 2.0).is_block());
        assert!(!day(20.0, 0.0, 3.0, 1.0).is_block());
        assert!(!day(4.0, 0.0, 4.0, 0.0).is_block());
        assert!(day(5.0, 0.0, 3.0, 0.0).is_block());
        assert!(!day(9.0, 9.0, 0.0, 0.0).is_block());
    }

    #[test]
    fn an_answer_by_day_and_country_is_read() {
        let text = r#"{"v":0,"dimension_count":2,"result":[
            {"measurement_start_day":"2023-10-07","probe_cc":"IR","measurement_count":20,"ok_count":3,
             "anomaly_count":15,"confirmed_count":2,"failure_count":2},
            {"measurement_start_day":"2023-10-08","probe_cc":"GB","measurement_count":"7","ok_count":7,
             "anomaly_count":0,"confirmed_count":0,"failure_count":0},
            {"measurement_start_day":"2023-10-08","probe_cc":"ZZ"}]}"#;
        let days = parse(&serde_json::from_str(text).expect("JSON")).expect("sound");
        assert_eq!(days[0].country.as_deref(), Some("IR"));
        assert_eq!((days[1].measured, days.len()), (7.0, 2));
        let found = context(&days, Some("rt.com"), None).expect("told");
        assert_eq!((found.found.len(), found.looks.len()), (1, 2));
        assert!(context(&days, None, None).expect_err("no domain").to_string().contains("domain"));
        let hosts = text.replace("\"probe_cc\":\"IR\"", "\"probe_cc\":\"IR\",\"input\":\"https://www.RT.com/\"");
        let days = parse(&serde_json::from_str(&hosts).expect("JSON")).expect("sound");
        assert_eq!(days[0].domain.as_deref(), Some("rt.com"));
        let refused = serde_json::json!({"error": "too long", "v": 0});
        assert!(parse(&refused).expect_err("refused").to_string().contains("too long"));
        let whole = serde_json::json!({"v": 0, "result": {"anomaly_count": 1}});
        assert!(parse(&whole).expect_err("no days").to_string().contains("axis_x"));
    }
}
