//! OONI's aggregation as a table: the share of measurements with an anomaly or a confirmed block, a gap where nobody
//! measured. An anomaly is not necessarily censorship. Shape: see [`crate::observatory::ooni`].

use super::subject::of;
use super::text::json;
use super::{Head, Input};
use crate::error::Result;
use crate::ingest::cell::Value;
use crate::ingest::gather::{Gather, Name, Row};
use crate::ingest::stamp::Stamp;
use crate::observatory::ooni::parse;
use crate::series::Kind;

pub(super) fn is(head: &Head<'_>) -> bool {
    head.has_keys(&["measurement_count", "anomaly_count"])
}

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    gather.kind = input.hints.kind.unwrap_or(Kind::Share);
    let about = super::subject::subject(input);
    for day in parse(&json(input)?)? {
        let value = match day.measured {
            0.0 => Value::Empty,
            all => Value::Number((day.confirmed + day.anomalies) / all),
        };
        let named = day.site.as_deref().map(of);
        let name: Name<'_> = named.as_ref().map_or(about.name(), |named| named.name());
        let time = Stamp::Civil { wall: day.day, date_only: true };
        gather.row(Row { time, name, country: day.country.as_deref().unwrap_or(""), value })?;
    }
    gather.notes.push("values are the share of measurements with an anomaly: not necessarily a block".into());
    Ok(())
}
