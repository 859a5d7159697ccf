//! IODA: outages of countries, as context; see [`crate::context::ioda`].

use super::days::{self, Range};
use super::getter::{Call, Getter};
use super::json;
use super::table::Tables;
use crate::context::ioda;

const PAUSE_MS: u64 = 1_000;
/// Most events of one answer.
const LIMIT: usize = 2_000;

pub(super) fn fetch(countries: &[String], range: Range, getter: &mut Getter<'_>, tables: &mut Tables) {
    for country in countries {
        for piece in range.quarters() {
            let url = format!(
                "https://api.ioda.inetintel.cc.gatech.edu/v2/outages/events?entityType=country&entityCode={country}\
                 &from={}&until={}&limit={LIMIT}",
                piece.from,
                piece.end()
            );
            let Some(events) = getter.get(&Call::new(url, PAUSE_MS, piece.to), |body| Ok(ioda::parse(&json(body)?)?.0))
            else {
                continue;
            };
            if events.len() >= LIMIT {
                let (from, to) = (days::dashed(piece.from), days::dashed(piece.to));
                tables.note(format!("IODA: {country} from {from} to {to} has more than {LIMIT} events, cut short"));
            }
            let window = (vec![country.clone()], piece.from, piece.end());
            let context = ioda::context(&events, Some(window));
            context.found.iter().for_each(|span| tables.add_context(span, true));
            context.looks.iter().for_each(|span| tables.add_context(span, false));
        }
    }
}
