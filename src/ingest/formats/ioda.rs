//! IODA's outages as a table: minutes of outage, hour by hour, of `term:ioda-outage`; hours without an event are not in
//! the file and so not in the table. Shape: see [`crate::observatory::ioda`].

use super::text::json;
use super::{Head, Input};
use crate::error::Result;
use crate::ingest::cell::Value;
use crate::ingest::gather::{Gather, Name, Row};
use crate::ingest::stamp::Stamp;
use crate::observatory::ioda::parse;
use crate::series::Kind;
use crate::time::Seconds;

const HOUR: i64 = 3_600;

pub(super) fn is(head: &Head<'_>) -> bool {
    let codf = head.has_keys(&["start", "duration", "location"]);
    codf || (head.has_keys(&["from", "until"]) && (head.has_keys(&["entity"]) || head.has_keys(&["datasource"])))
}

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    gather.kind = input.hints.kind.unwrap_or(Kind::Count);
    let (mut outages, others) = parse(&json(input)?)?;
    gather.skip("an event of a region or network", others);
    let begun = outages.iter().filter(|outage| outage.until == outage.from).count();
    gather.skip("an event without a length yet", begun as u64);
    outages.sort_by(|a, b| (&a.country, a.from).cmp(&(&b.country, b.from)));
    // Several signals tell of one outage: a minute counts once.
    let mut done: (String, Seconds) = (String::new(), Seconds::MIN);
    for outage in outages {
        let seen = if done.0 == outage.country { done.1 } else { Seconds::MIN };
        let mut at = outage.from.max(seen);
        while at < outage.until {
            let end = (at.div_euclid(HOUR) * HOUR + HOUR).min(outage.until);
            let value = Value::Number((end - at) as f64 / 60.0);
            let time = Stamp::Instant(at.div_euclid(HOUR) * HOUR);
            gather.row(Row { time, name: Name::Topic("term:ioda-outage"), country: &outage.country, value })?;
            at = end;
        }
        done = (outage.country, outage.until.max(seen));
    }
    Ok(())
}
