//! Tor Metrics, `userstats-*`: comments, then `date,country,users,lower,upper,frac` (or `transport` instead of `country`).
//!
//! Shape: <https://metrics.torproject.org/stats.html>. Columns may come in any order; an empty country is all of them,
//! `??` unknown. Users are estimates. The last days are revised later.

use super::text::{Rows, column, optional};
use super::{Head, Input};
use crate::error::{Error, Result};
use crate::ingest::gather::{Gather, Name, Row};
use crate::series::Kind;

pub(super) fn is(head: &Head<'_>) -> bool {
    let has = |names: &[&str]| head.has_columns(names);
    has(&["date", "users", "country", "frac"])
        || has(&["date", "users", "transport"])
        || has(&["date", "country", "transport", "low", "high"])
}

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    gather.kind = input.hints.kind.unwrap_or(Kind::Count);
    let wanted = input.value_column("users");
    let users = match input.name {
        name if name.contains("bridge") => "tor:bridge-users",
        name if name.contains("relay") => "tor:relay-users",
        _ => "tor:users",
    };
    let mut rows = Rows::new(input.reader);
    let header = rows.header()?;
    let (date, country, transport) =
        (column(&header, "date")?, optional(&header, "country"), optional(&header, "transport"));
    let value = match optional(&header, &wanted) {
        Some(value) => value,
        None if optional(&header, "low").is_some() => {
            let message = "the users are a range (low, high); choose one with --value-col low or --value-col high";
            return Err(Error::input(message));
        }
        None => column(&header, &wanted)?,
    };
    let node = optional(&header, "node");
    while let Some(row) = rows.next_full(&header)? {
        let (time, amount) = (row.time(date, &header)?, row.value(value, &header)?);
        let name = match transport.map(|transport| row.get(transport)).or(node.map(|node| row.get(node))) {
            Some(transport) if !transport.is_empty() => format!("tor:{}", transport.trim_matches(['<', '>'])),
            _ => users.to_string(),
        };
        let country = country.map_or("", |country| row.get(country));
        let row_of = Row { time, name: Name::Topic(&name), country, value: amount };
        gather.row(row_of).map_err(|error| error.at_line(row.line))?;
    }
    Ok(())
}
