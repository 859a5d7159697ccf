//! What those say who measure the network itself: was a site blocked (OONI), was a country offline (IODA)? Their answers
//! are read the same way as a table of traffic (`ingest`) and as what may explain a surge (`context`).

pub mod ioda;
pub mod ooni;

use serde_json::Value;

/// A number that sources write as a number or as text.
pub(crate) fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|n: &f64| n.is_finite())
}
