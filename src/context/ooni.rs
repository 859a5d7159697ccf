//! OONI aggregation: was a site blocked in a country on a day?
//!
//! Anomalies are not necessarily censorship (OONI's own words): a confirmed block counts from a tenth of the usable
//! measurements on, anomalies alone from half of at least five on.

use super::site;
use crate::error::{Error, Result};
use crate::measure::confounder::{ConfounderKind, Context, Span};
pub use crate::observatory::ooni::{Day, parse};
use crate::time::Step;

/// Measurements that say something.
fn usable(day: &Day) -> f64 {
    (day.measured - day.failed).max(0.0)
}

/// Whether the measurements of a day are those of a block.
pub fn is_block(day: &Day) -> bool {
    let usable = usable(day);
    (day.confirmed > 0.0 && day.confirmed >= 0.1 * usable) || (usable >= 5.0 && day.anomalies >= 0.5 * usable)
}

/// The numbers in words.
fn evidence(day: &Day) -> String {
    let (usable, Day { confirmed, anomalies, .. }) = (usable(day), day);
    format!("OONI: of {usable} usable measurements {confirmed} confirmed as blocked, {anomalies} anomalous")
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
    // Measurements from an unknown place say nothing of any country.
    let placed = days.iter().filter(|day| day.country.as_deref() != Some("ZZ"));
    for day in placed.filter(|day| usable(day) > 0.0) {
        let span = Span {
            kind: ConfounderKind::Block,
            from: day.day,
            until: day.day + Step::DAY.seconds(),
            country: told(&day.country, country, "country")?,
            domain: told(&day.site.as_deref().and_then(site), domain, "domain")?,
            source: "OONI".into(),
            evidence: evidence(day),
        };
        if is_block(day) {
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
        Day { day: 0, country: None, site: None, measured, anomalies, confirmed, failed }
    }

    #[test]
    fn anomalies_alone_need_many_measurements() {
        assert!(is_block(&day(20.0, 2.0, 15.0, 2.0)));
        assert!(is_block(&day(20.0, 2.0, 0.0, 2.0)));
        assert!(!is_block(&day(20.0, 0.0, 3.0, 1.0)));
        assert!(!is_block(&day(4.0, 0.0, 4.0, 0.0)));
        assert!(is_block(&day(5.0, 0.0, 3.0, 0.0)));
        assert!(!is_block(&day(9.0, 9.0, 0.0, 0.0)));
    }

    #[test]
    fn an_answer_by_day_and_country_is_read() {
        let text = r#"{"v":0,"dimension_count":2,"result":[
            {"measurement_start_day":"2023-10-07","probe_cc":"IR","measurement_count":20,"ok_count":3,
             "anomaly_count":15,"confirmed_count":2,"failure_count":2},
            {"measurement_start_day":"2023-10-08","probe_cc":"GB","measurement_count":"7","ok_count":7,
             "anomaly_count":0,"confirmed_count":0,"failure_count":0},
            {"measurement_start_day":"2023-10-08","probe_cc":"ZZ","measurement_count":9,"ok_count":0,
             "anomaly_count":9,"confirmed_count":9,"failure_count":0}]}"#;
        let days = parse(&serde_json::from_str(text).expect("JSON")).expect("sound");
        assert_eq!(days[0].country.as_deref(), Some("IR"));
        assert_eq!((days[1].measured, days.len()), (7.0, 3));
        let found = context(&days, Some("rt.com"), None).expect("told");
        assert_eq!((found.found.len(), found.looks.len()), (1, 2));
        assert!(context(&days, None, None).expect_err("no domain").to_string().contains("domain"));
        let hosts = text.replace("\"probe_cc\":\"IR\"", "\"probe_cc\":\"IR\",\"input\":\"https://www.RT.com/\"");
        let days = parse(&serde_json::from_str(&hosts).expect("JSON")).expect("sound");
        assert_eq!(context(&days[..1], None, None).expect("told").found[0].domain, "rt.com");
        let refused = serde_json::json!({"error": "too long", "v": 0});
        assert!(parse(&refused).expect_err("refused").to_string().contains("too long"));
        let whole = serde_json::json!({"v": 0, "result": {"anomaly_count": 1}});
        assert!(parse(&whole).expect_err("no days").to_string().contains("axis_x"));
    }
}
