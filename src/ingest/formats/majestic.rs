//! The Majestic Million: `GlobalRank,TldRank,Domain,TLD,RefSubNets,RefIPs,…`. It ranks links, not visits.
//!
//! Shape: <https://majestic.com/reports/majestic-million>. The date stands in the file's name or comes from `--date`.

use super::subject::day;
use super::text::{Rows, column};
use super::{Head, Input};
use crate::error::Result;
use crate::ingest::gather::{Gather, Name};
use crate::series::Kind;

pub(super) fn is(head: &Head<'_>) -> bool {
    head.has_columns(&["globalrank", "domain"])
}

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    gather.kind = input.hints.kind.unwrap_or(Kind::Rank);
    let date = day(input)?;
    let mut rows = Rows::new(input.reader);
    let header = rows.header()?;
    let (rank, domain) = (column(&header, "GlobalRank")?, column(&header, "Domain")?);
    let mut last = 0f64;
    while let Some(row) = rows.next_full(&header)? {
        let position = row.get(rank).parse::<u32>().ok().filter(|rank| *rank > 0);
        let position = f64::from(position.ok_or_else(|| row.fault(rank, &header, "a rank from 1"))?);
        gather.rank(date, Name::Host(row.get(domain)), "", position);
        last = last.max(position);
    }
    gather.list(date, "", last);
    Ok(())
}
