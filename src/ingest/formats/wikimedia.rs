//! Page views as the Wikimedia REST service gives them: per article, aggregate, top articles by country; and tables
//! of them with an article column, as its clients write.
//!
//! Shape: <https://doc.wikimedia.org/generated-data-platform/aqs/analytics-api/reference/page-views.html>:
//! `{"items":[{"project","article","granularity","timestamp":"YYYYMMDDHH","access","agent","views"}]}`, without
//! `article` for aggregates; `{"items":[{"country","year","month","day","articles":[{"article","project","views_ceil",
//! "rank"}]}]}` for the top articles of a country, whose views are rounded up for privacy. Access methods add up, except
//! that `all-access` is their sum; the same holds for agents.

use super::subject::page;
use super::text::{Rows, column, json, json_text, json_time, json_value, optional};
use super::{Head, Input, project};
use crate::error::{Error, Result};
use crate::ingest::cell::Value;
use crate::ingest::gather::{Gather, Name, Row};
use crate::ingest::stamp;
use crate::series::Kind;
use serde_json::Value as Json;

pub(super) fn is(head: &Head<'_>) -> bool {
    let json = head.has_keys(&["items"])
        && (head.has_keys(&["views"]) || head.has_keys(&["articles"]) || head.has_empty("items"));
    let names = |names: &[&str]| head.has_columns(names);
    json || names(&["article", "views"]) || names(&["date", "count", "lang", "page"])
}

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    let first = input.reader.fill_buf().map_err(|e| Error::io("cannot read the file", e))?;
    if !first.trim_ascii_start().starts_with(b"{") {
        return table(input, gather);
    }
    let document = json(input)?;
    let items = document.get("items").and_then(Json::as_array);
    let items =
        items.ok_or_else(|| Error::input("found no list 'items'; is it an answer of the page view service?"))?;
    let all = |key: &str, whole: &str| items.iter().any(|item| json_text(item, key) == whole);
    let (all_access, all_agents) = (all("access", "all-access"), all("agent", "all-agents"));
    for (index, item) in items.iter().enumerate() {
        let place = format!("items[{index}]");
        if let Some(articles) = item.get("articles").and_then(Json::as_array) {
            top(item, articles, &place, input, gather)?;
            continue;
        }
        let part = |key: &str, whole: &str, sums: bool| {
            sums && !matches!(json_text(item, key), "" | "all") && json_text(item, key) != whole
        };
        if part("access", "all-access", all_access) || part("agent", "all-agents", all_agents) {
            gather.skip("part of a sum that is there too", 1);
            continue;
        }
        if json_text(item, "granularity") == "monthly" {
            return Err(monthly().context(place));
        }
        let time = json_time(item.get("timestamp"), &place)?;
        let value = json_value(item.get("views"), &place)?;
        let project = project::of_host(json_text(item, "project"));
        push(gather, input, time, &project, json_text(item, "article"), "", value)?;
    }
    Ok(())
}

fn monthly() -> Error {
    Error::input("one value a month: expected hours, days or weeks; ask the service for granularity 'daily'")
}

fn push(
    gather: &mut Gather<'_>,
    input: &Input<'_>,
    time: stamp::Stamp,
    project: &str,
    title: &str,
    country: &str,
    value: Value,
) -> Result<()> {
    if title.is_empty() {
        let name = format!("project:{project}");
        return gather.row(Row { time, name: Name::Topic(&name), country, value });
    }
    match page(input.hints.articles, project, title, time) {
        Some(subject) => gather.row(Row { time, name: subject.name(), country, value }),
        None => {
            gather.skip("not among the pages asked for", 1);
            Ok(())
        }
    }
}

/// A list of the most viewed articles of a country on one day: what is not in it was viewed less.
fn top(item: &Json, articles: &[Json], place: &str, input: &Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    let date = format!("{}-{}-{}", json_text(item, "year"), json_text(item, "month"), json_text(item, "day"));
    if json_text(item, "day") == "all-days" {
        return Err(monthly().context(place.to_string()));
    }
    let time = json_time(Some(&Json::String(date)), place)?;
    let country = json_text(item, "country");
    gather.kind = input.hints.kind.unwrap_or(Kind::Rounded);
    let mut least = f64::INFINITY;
    for article in articles {
        let views = article.get("views_ceil").or_else(|| article.get("views"));
        let value = json_value(views, place)?;
        if let Value::Number(views) = value {
            least = least.min(views);
        }
        // Lists of one project name it once, for all.
        let named = [json_text(article, "project"), json_text(item, "project")];
        let project = project::of_host(named.into_iter().find(|name| !name.is_empty()).unwrap_or(""));
        push(gather, input, time, &project, json_text(article, "article"), country, value)?;
    }
    if least.is_finite() {
        gather.list(time, country, least);
    }
    Ok(())
}

/// A table with a column of articles.
fn table(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    let (articles, hints) = (input.hints.articles, input.hints);
    let wanted = input.value_column("views");
    let mut rows = Rows::new(input.reader);
    let header = rows.header()?;
    let one_of = |names: &[&str]| names.iter().find_map(|name| optional(&header, name));
    let time = one_of(&["timestamp", "date", "day", "datetime"]).map_or_else(|| column(&header, "date"), Ok)?;
    let title = one_of(&["article", "page"]).map_or_else(|| column(&header, "article"), Ok)?;
    let value = one_of(&[&wanted, "count"]).map_or_else(|| column(&header, &wanted), Ok)?;
    let (site, language) = (one_of(&["project"]), one_of(&["lang", "language"]));
    let country = one_of(&["country", "country_code"]);
    gather.kind = hints.kind.unwrap_or(if header[value] == "views_ceil" { Kind::Rounded } else { Kind::Count });
    while let Some(row) = rows.next_full(&header)? {
        let site = match (site, language) {
            (Some(site), _) => project::of_host(row.get(site)),
            (None, Some(language)) => format!("{}.wikipedia", row.get(language)),
            (None, None) => "wikipedia".into(),
        };
        let time = row.time(time, &header)?;
        let value = row.value(value, &header)?;
        match page(articles, &site, row.get(title), time) {
            Some(subject) => {
                let country = country.map_or("", |country| row.get(country));
                let row_of = Row { time, name: subject.name(), country, value };
                gather.row(row_of).map_err(|error| error.at_line(row.line))?;
            }
            None => gather.skip("not among the pages asked for", 1),
        }
    }
    Ok(())
}
