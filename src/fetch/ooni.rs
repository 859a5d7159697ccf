//! OONI: measurements of blocking by site, country and day, as context; see [`crate::context::ooni`].

use super::days::{self, Range};
use super::getter::{Call, Getter};
use super::table::Tables;
use super::{encoded, json};
use crate::context::ooni;

/// Between two calls: a query is heavy work for the source.
const PAUSE_MS: u64 = 1_000;

pub(super) fn fetch(
    domains: &[String],
    countries: &[String],
    range: Range,
    getter: &mut Getter<'_>,
    tables: &mut Tables,
) {
    for domain in domains {
        // Queries of more than a minute are cut off by the source.
        for piece in range.quarters() {
            let places = match countries {
                [] => String::new(),
                some => format!("&probe_cc={}", some.join(",")),
            };
            let url = format!(
                "https://api.ooni.org/api/v1/aggregation?domain={}&test_name=web_connectivity&since={}&until={}\
                 &axis_x=measurement_start_day&axis_y=probe_cc{places}",
                // Measurements are filed under the host of the address that was tried.
                encoded(&format!("{domain},www.{domain}")),
                days::dashed(piece.from),
                // The end is not included.
                days::dashed(piece.end())
            );
            let only = if let [country] = countries { Some(country.as_str()) } else { None };
            let read = |body: &[u8]| ooni::context(&ooni::parse(&json(body)?)?, Some(domain), only);
            let found = getter.get(&Call::new(url, PAUSE_MS, piece.to), read).unwrap_or_default();
            let wanted = |country: &String| countries.is_empty() || countries.contains(country);
            for look in found.looks.iter().filter(|look| wanted(&look.country) && piece.holds(look.from)) {
                tables.add_context(look, found.found.contains(look));
            }
        }
    }
}
