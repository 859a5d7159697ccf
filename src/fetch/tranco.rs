//! Tranco: ranks of domains in the daily lists of the million most visited.
//!
//! `GET /api/ranks/domain/{domain}` gives `{"ranks":[{"date":"2023-10-07","rank":512},…]}` for the last thirty days.
//! Earlier days need the list: `GET /api/lists/date/{YYYY-MM-DD}` gives `{"available":true,"list_id":"6XWX",…}`, and
//! `GET /download/{list_id}/1000000` lines of `rank,domain` (Tranco API; the identifier is what to cite). A domain that
//! is not in a list has no row: it is known only to stand below it.

use super::days::{self, Range};
use super::getter::{Call, Getter};
use super::table::{Form, Tables};
use super::{encoded, json};
use crate::error::{Error, Result};
use crate::time::{Seconds, Step};
use serde_json::Value;
use std::collections::BTreeSet;

const ROOT: &str = "https://tranco-list.eu";
/// Between two calls: the source allows one a second.
const PAUSE_MS: u64 = 1_100;
/// Days that the short way reaches back.
const RECENT: i64 = 29;

pub(super) fn fetch(domains: &[String], range: Range, now: Seconds, getter: &mut Getter<'_>, tables: &mut Tables) {
    let found = if range.from >= days::before(Step::DAY.floor(now), RECENT) {
        domains.iter().flat_map(|domain| recent(domain, range, getter)).collect()
    } else {
        lists(domains, range, getter, tables)
    };
    for (day, domain, list, rank) in found {
        let row = vec![days::dashed(day), domain, String::new(), list, rank];
        tables.add("tranco", Form::Rank, day, row);
    }
}

/// Day, domain, list, rank.
type Ranked = (Seconds, String, String, String);

fn recent(domain: &str, range: Range, getter: &mut Getter<'_>) -> Vec<Ranked> {
    let call = Call::new(format!("{ROOT}/api/ranks/domain/{}", encoded(domain)), PAUSE_MS, Seconds::MAX / 2);
    let read = |body: &[u8]| ranks(&json(body)?);
    let ranks = getter.get(&call, read).unwrap_or_default();
    let held = ranks.into_iter().filter(|(day, _)| range.holds(*day));
    held.map(|(day, rank)| (day, domain.to_string(), "tranco".into(), rank)).collect()
}

fn ranks(value: &Value) -> Result<Vec<(Seconds, String)>> {
    let rows = value["ranks"].as_array().ok_or_else(|| Error::input("'ranks' is no list"))?;
    let mut found = Vec::new();
    for row in rows {
        let day = row["date"].as_str().and_then(days::parse);
        match (day, row["rank"].as_i64()) {
            (Some(day), Some(rank)) if rank > 0 => found.push((day, rank.to_string())),
            // Not in the list.
            (Some(_), Some(-1) | None) => {}
            _ => return Err(Error::input("a rank without 'date' and 'rank'")),
        }
    }
    Ok(found)
}

fn lists(domains: &[String], range: Range, getter: &mut Getter<'_>, tables: &mut Tables) -> Vec<Ranked> {
    let wanted: BTreeSet<&str> = domains.iter().map(String::as_str).collect();
    let name = wanted.iter().copied().collect::<Vec<_>>().join(",");
    let keep = |body: &[u8]| kept(body, &wanted);
    let mut found = Vec::new();
    for day in range.days() {
        let call = Call::new(format!("{ROOT}/api/lists/date/{}", days::dashed(day)), PAUSE_MS, day);
        let call = Call { none_is_404: true, ..call };
        let failures = getter.failures();
        let Some(list) = getter.get(&call, |body| list(&json(body)?)).flatten() else {
            if getter.failures() == failures {
                tables.note(format!("Tranco: no list of {}; the day is a gap", days::dashed(day)));
            }
            continue;
        };
        // A list is 20 MB; what is kept of it are the rows asked for.
        let url = format!("{ROOT}/download/{}/1000000", encoded(&list));
        let call = Call { trim: Some((name.clone(), &keep)), ..Call::new(url, PAUSE_MS, day) };
        for (domain, rank) in getter.get(&call, rows).unwrap_or_default() {
            found.push((day, domain, list.clone(), rank));
        }
    }
    found
}

fn list(value: &Value) -> Result<Option<String>> {
    let available = value["available"].as_bool().ok_or_else(|| Error::input("'available' is not true or false"))?;
    let id = value["list_id"].as_str().ok_or_else(|| Error::input("no 'list_id'"))?;
    Ok(available.then(|| id.to_string()))
}

/// The rows of the domains asked for. The list must be one: its first row is rank 1.
fn kept(body: &[u8], wanted: &BTreeSet<&str>) -> Result<Vec<u8>> {
    if !body.starts_with(b"1,") {
        return Err(Error::input("not a list of rank,domain that begins with rank 1"));
    }
    let mut out = Vec::new();
    for line in body.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some(comma) = line.iter().position(|byte| *byte == b',') else { continue };
        if std::str::from_utf8(&line[comma + 1..]).is_ok_and(|domain| wanted.contains(domain)) {
            out.extend_from_slice(line);
            out.push(b'\n');
        }
    }
    Ok(out)
}

fn rows(body: &[u8]) -> Result<Vec<(String, String)>> {
    let text = std::str::from_utf8(body).map_err(|error| Error::input("not UTF-8").because(error))?;
    let row = |line: &str| {
        let (rank, domain) = line.split_once(',').filter(|(rank, _)| rank.parse::<u32>().is_ok_and(|rank| rank > 0))?;
        Some((domain.to_string(), rank.to_string()))
    };
    text.lines()
        .map(|line| row(line).ok_or_else(|| Error::input(format!("found '{line}', expected rank,domain"))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_list_only_the_domains_asked_for_are_kept() {
        let wanted = BTreeSet::from(["rt.com", "tass.com"]);
        let kept = kept(b"1,google.com\r\n2,rt.com\r\n3,notrt.com\r\n", &wanted).expect("a list");
        assert_eq!(rows(&kept).expect("rows"), [("rt.com".to_string(), "2".to_string())]);
        assert!(super::kept(b"<html>", &wanted).is_err());
    }

    #[test]
    fn a_domain_that_is_not_ranked_has_no_row() {
        let value =
            serde_json::json!({"ranks": [{"date": "2023-10-07", "rank": 512}, {"date": "2023-10-08", "rank": -1}]});
        assert_eq!(ranks(&value).expect("sound"), [(1_696_636_800, "512".to_string())]);
        assert!(ranks(&serde_json::json!({})).is_err());
    }
}
