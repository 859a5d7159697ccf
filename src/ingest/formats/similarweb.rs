//! Similarweb's API: `{"meta":{"request":{"domain","country","granularity"}},"visits":[{"date","visits"}]}`.
//!
//! Shape: <https://developers.similarweb.com/>. Estimates from a panel, revised later; `world` is all countries together.

use super::subject::subject;
use super::text::{json, json_text, json_time, json_value};
use super::{Head, Input};
use crate::error::{Error, Result};
use crate::ingest::gather::{Gather, Name, Row};
use crate::series::Kind;
use serde_json::Value as Json;

pub(super) fn is(head: &Head<'_>) -> bool {
    head.has_keys(&["meta", "request", "visits", "date"])
}

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    gather.kind = input.hints.kind.unwrap_or(Kind::Count);
    let about = subject(input);
    let document = json(input)?;
    let request = document.get("meta").and_then(|meta| meta.get("request")).unwrap_or(&Json::Null);
    if json_text(request, "granularity") == "monthly" {
        return Err(Error::input("one value a month: expected days or weeks; ask for granularity 'daily'"));
    }
    let name = match json_text(request, "domain") {
        "" => about.name(),
        domain => Name::Host(domain),
    };
    let country = match json_text(request, "country") {
        "world" | "ww" | "WW" | "WORLD" | "999" => "",
        code => code,
    };
    let visits = document.get("visits").and_then(Json::as_array);
    for (index, entry) in visits.ok_or_else(|| Error::input("found no list 'visits'"))?.iter().enumerate() {
        let place = format!("visits[{index}]");
        let (time, value) = (json_time(entry.get("date"), &place)?, json_value(entry.get("visits"), &place)?);
        gather.row(Row { time, name, country, value })?;
    }
    gather.notes.push("estimates from a panel, which their publisher revises".into());
    Ok(())
}
