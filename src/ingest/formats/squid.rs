//! Squid's `access.log`: `time elapsed client action/status bytes method URL user hierarchy/peer type`.
//!
//! Shape: <https://wiki.squid-cache.org/Features/LogFormat>. The value is requests to a host in an hour; what was denied
//! is left out and counted.

use super::access_log::hour_of;
use super::text::each_line;
use super::{Head, Input};
use crate::error::Result;
use crate::ingest::cell::Value;
use crate::ingest::gather::{Gather, Name, Row};
use crate::ingest::stamp::{self, Stamp};
use crate::series::Kind;

pub(super) fn is(head: &Head<'_>) -> bool {
    head.lines().next().is_some_and(|line| split(line).is_some())
}

/// Time, action and address of a line.
fn split(line: &str) -> Option<(Stamp, &str, &str)> {
    let mut fields = line.split_ascii_whitespace();
    let time = fields.next()?;
    time.split_once('.').filter(|(seconds, _)| seconds.len() >= 9)?;
    fields.next()?.parse::<i64>().ok()?;
    fields.next()?;
    let (action, status) = fields.next()?.split_once('/')?;
    status.parse::<u16>().ok()?;
    fields.next()?.parse::<u64>().ok()?;
    fields.next()?;
    Some((stamp::parse(time)?, action, fields.next()?))
}

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    gather.kind = input.hints.kind.unwrap_or(Kind::Count);
    let mut denied = 0;
    let odd = each_line(input, "a Squid log", |line| {
        let Some((time, action, address)) = split(line) else { return Ok(None) };
        if action.contains("DENIED") || address.starts_with("error:") {
            denied += 1;
            return Ok(Some(()));
        }
        gather.row(Row { time: hour_of(time), name: Name::Host(address), country: "", value: Value::Number(1.0) })?;
        Ok(Some(()))
    })?;
    gather.skip("a request that was denied", denied);
    gather.skip("no line of a Squid log", odd);
    Ok(())
}
