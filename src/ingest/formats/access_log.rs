//! Access logs of Apache and nginx, common and combined, with or without the host before the line:
//! `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`, time `[10/Oct/2000:13:55:36 -0700]`.
//!
//! Shape: <https://httpd.apache.org/docs/2.4/logs.html>. The value is requests in an hour. Requests of programs that name
//! themselves bots are left out and counted. The site is the host in the line (`%v:%p`), or in the request, or `--name`.

use super::subject::subject;
use super::text::each_line;
use super::{Head, Input};
use crate::error::Result;
use crate::ingest::cell::Value;
use crate::ingest::gather::{Gather, Name, Row};
use crate::ingest::stamp::{self, Stamp};
use crate::series::Kind;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Words by which programs that read the web name themselves.
const BOTS: [&str; 7] = ["bot", "crawl", "spider", "slurp", "curl/", "wget/", "python-requests"];

pub(super) fn is(head: &Head<'_>) -> bool {
    head.lines().next().is_some_and(|line| split(line).is_some())
}

struct Line<'a> {
    host: Option<&'a str>,
    time: Stamp,
    agent: &'a str,
}

fn split(line: &str) -> Option<Line<'_>> {
    let (before, rest) = line.split_once(" [")?;
    let (time, rest) = rest.split_once("] \"")?;
    let (request, rest) = rest.split_once("\" ")?;
    let mut numbers = rest.split_ascii_whitespace();
    numbers.next()?.parse::<u16>().ok().filter(|status| (100..600).contains(status))?;
    let words: Vec<&str> = before.split_ascii_whitespace().collect();
    // With the host in front, the line has four words before the time; a user may hold spaces.
    let host = (words.len() >= 4)
        .then(|| words[0])
        .filter(|host| host.contains('.') && host.parse::<std::net::IpAddr>().is_err());
    let target = request.split(' ').nth(1).unwrap_or("");
    let in_request = target.contains("://").then_some(target);
    let agent = rest.rsplit('"').nth(1).unwrap_or("");
    Some(Line { host: host.or(in_request), time: clock(time)?, agent })
}

/// `10/Oct/2000:13:55:36 -0700`.
fn clock(text: &str) -> Option<Stamp> {
    let (date, zone) = text.split_once(' ')?;
    let mut parts = date.splitn(4, [':', '/']);
    let (day, month, year, time) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    stamp::parse(&format!("{year}-{month:02}-{day}T{time}{zone}"))
}

/// The start of its hour: logs tell seconds.
pub(super) fn hour_of(stamp: Stamp) -> Stamp {
    match stamp {
        Stamp::Instant(time) => Stamp::Instant(time.div_euclid(3_600) * 3_600),
        Stamp::Civil { wall, .. } => Stamp::Civil { wall: wall.div_euclid(3_600) * 3_600, date_only: false },
    }
}

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    gather.kind = input.hints.kind.unwrap_or(Kind::Count);
    let about = subject(input);
    let mut bots = 0;
    let odd = each_line(input, "an access log", |text| {
        let Some(line) = split(text) else { return Ok(None) };
        let agent = line.agent.to_ascii_lowercase();
        if BOTS.iter().any(|word| agent.contains(word)) {
            bots += 1;
            return Ok(Some(()));
        }
        let name = line.host.map_or(about.name(), Name::Host);
        gather.row(Row { time: hour_of(line.time), name, country: "", value: Value::Number(1.0) })?;
        Ok(Some(()))
    })?;
    gather.skip("a request of a declared bot", bots);
    gather.skip("no line of an access log", odd);
    gather.notes.push("values are requests in an hour, of any kind, without those of declared bots".into());
    Ok(())
}
