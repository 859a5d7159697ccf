//! Zeek's `http.log` and `dns.log`: tab-separated with `#fields`, or one JSON object a line.
//!
//! Shape: <https://docs.zeek.org/en/master/log-formats.html>. The value is requests to a host (`host`) or queries for a
//! name (`query`) in an hour; lines without one are left out and counted.

use super::access_log::hour_of;
use super::text::each_line;
use super::{Head, Input};
use crate::error::{Error, Result};
use crate::ingest::cell::Value;
use crate::ingest::gather::{Gather, Name, Row};
use crate::ingest::stamp;
use crate::series::Kind;
use serde_json::Value as Json;
use std::io::{BufRead, Read};

pub(super) fn is(head: &Head<'_>) -> bool {
    let tabs =
        head.text.starts_with("#separator") || head.text.lines().take(10).any(|line| line.starts_with("#fields\t"));
    tabs || (head.text.starts_with('{') && head.text.contains("\"id.orig_h\""))
}

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    gather.kind = input.hints.kind.unwrap_or(Kind::Count);
    let columns = header(input)?;
    let mut nameless = 0;
    let odd = each_line(input, "a Zeek log", |line| {
        let (time, host) = match &columns {
            Some((time, host)) => {
                let fields: Vec<&str> = line.split('\t').collect();
                match (fields.get(*time), fields.get(*host)) {
                    (Some(time), Some(host)) => (time.to_string(), host.to_string()),
                    _ => return Ok(None),
                }
            }
            None => match object(line) {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        let Some(time) = stamp::parse(&time) else { return Ok(None) };
        if matches!(host.as_str(), "" | "-" | "(empty)") {
            nameless += 1;
            return Ok(Some(()));
        }
        gather.row(Row { time: hour_of(time), name: Name::Host(&host), country: "", value: Value::Number(1.0) })?;
        Ok(Some(()))
    })?;
    gather.skip("no host in the request", nameless);
    gather.skip("no line of a Zeek log", odd);
    Ok(())
}

/// Positions of time and host, from the comments at the top; `None` for JSON.
fn header(input: &mut Input<'_>) -> Result<Option<(usize, usize)>> {
    let cannot_read = |e| Error::io("cannot read the file", e);
    let mut line = Vec::new();
    loop {
        if !input.reader.fill_buf().map_err(cannot_read)?.starts_with(b"#") {
            return match line.is_empty() {
                true => Ok(None),
                false => Err(Error::input("found no line '#fields' among the comments at the top")),
            };
        }
        line.clear();
        (&mut *input.reader).take(1 << 20).read_until(b'\n', &mut line).map_err(cannot_read)?;
        let text = String::from_utf8_lossy(&line);
        if let Some(names) = text.strip_prefix("#fields\t") {
            let names: Vec<&str> = names.trim_end().split('\t').collect();
            let at = |wanted: &[&str]| names.iter().position(|name| wanted.contains(name));
            return match (at(&["ts"]), at(&["host", "query", "server_name"])) {
                (Some(time), Some(host)) => Ok(Some((time, host))),
                _ => Err(Error::input(
                    "the log has no column 'host', 'query' or 'server_name': expected http.log or dns.log",
                )),
            };
        }
    }
}

fn object(line: &str) -> Option<(String, String)> {
    let object: Json = serde_json::from_str(line).ok()?;
    let time = match object.get("ts")? {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.as_f64().map(|seconds| format!("{}", seconds.floor() as i64))?,
        _ => return None,
    };
    let host = ["host", "query", "server_name"].iter().find_map(|key| object.get(*key)).and_then(Json::as_str);
    Some((time, host.unwrap_or("").to_string()))
}
