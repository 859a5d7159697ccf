//! Tranco and Cisco Umbrella: `rank,name` without a header, best first.
//!
//! Shape: <https://tranco-list.eu/methodology>, <https://s3-us-west-1.amazonaws.com/umbrella-static/index.html>. Umbrella
//! ranks names in DNS queries, bare endings (`com`) and subdomains among them. Of several names of one domain the best
//! rank counts. The date stands in the file's name or comes from `--date`.

use super::subject::day;
use super::text::Rows;
use super::{Head, Input};
use crate::error::Result;
use crate::ingest::gather::{Gather, Name};
use crate::registry::{Host, fold};
use crate::series::Kind;

fn entries<'a>(head: &Head<'a>) -> Option<Vec<&'a str>> {
    let mut names = Vec::new();
    for line in head.text.lines().take(200) {
        match line.trim().split_once(',') {
            Some((rank, name)) if rank.parse::<u64>().is_ok() && is_name(name) => names.push(name),
            // The last line may be cut off.
            _ if names.len() > 20 => break,
            _ => return None,
        }
    }
    (!names.is_empty()).then_some(names)
}

fn is_name(name: &str) -> bool {
    let name = name.trim().trim_matches('"');
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
        && name.bytes().any(|b| b.is_ascii_alphabetic())
}

pub(super) fn is(head: &Head<'_>) -> bool {
    entries(head).is_some()
}

pub(super) fn is_umbrella(head: &Head<'_>) -> bool {
    let subdomain = |name: &&str| match fold(name) {
        Host::Domain(domain) => domain != *name,
        Host::Other(_) => true,
        Host::Invalid => false,
    };
    let named = |word: &str| head.name.to_ascii_lowercase().contains(word);
    entries(head).is_some_and(|names| named("umbrella") || (!named("tranco") && names.iter().any(subdomain)))
}

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    gather.kind = input.hints.kind.unwrap_or(Kind::Rank);
    let date = day(input)?;
    let mut rows = Rows::new(input.reader);
    let header = ["rank".to_string(), "domain".to_string()];
    let mut last = 0f64;
    while let Some(row) = rows.next_full(&header)? {
        let rank = row.get(0).parse::<u32>().map(f64::from).ok().filter(|rank| *rank > last);
        last = rank.ok_or_else(|| row.fault(0, &header, "ranks that rise from 1"))?;
        match fold(row.get(1)) {
            Host::Other(_) => gather.skip("a bare ending of names", 1),
            _ => gather.rank(date, Name::Host(row.get(1)), "", last),
        }
    }
    gather.list(date, "", last);
    Ok(())
}
