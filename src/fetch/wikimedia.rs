//! Wikimedia page views: by article, and of whole projects as the denominator.
//!
//! `GET /api/rest_v1/metrics/pageviews/per-article/{project}/all-access/user/{title}/daily/{YYYYMMDD00}/{YYYYMMDD00}`
//! and `…/aggregate/{project}/all-access/user/daily/…` give `{"items":[{"timestamp":"2023100700","views":4069,…},…]}`
//! (Analytics API, page views; data from 2015-07-01). 404 means that there are no data. A day that is not in the
//! answer is a gap: the source does not tell "nobody looked" from "not counted".

use super::days::{self, Range};
use super::getter::{Call, Getter};
use super::table::{Form, Tables};
use super::{Article, encoded, json};
use crate::error::{Error, Result};
use crate::time::Seconds;
use serde_json::Value;

const ROOT: &str = "https://wikimedia.org/api/rest_v1/metrics/pageviews";
/// Between two calls; the source allows a hundred a second.
const PAUSE_MS: u64 = 100;

pub(super) fn fetch(
    articles: &[Article],
    projects: &[String],
    range: Range,
    getter: &mut Getter<'_>,
    tables: &mut Tables,
) {
    for article in articles {
        let what = format!("per-article/{}/all-access/user/{}", encoded(&article.project), encoded(&article.title));
        let series = format!("{}:{}", article.project, article.title);
        for (day, views) in daily(&what, range, getter, tables, &series) {
            let row = vec![days::dashed(day), article.name.clone(), String::new(), series.clone(), views];
            tables.add("wikimedia", Form::Visits, day, row);
        }
    }
    for project in projects {
        let what = format!("aggregate/{}/all-access/user", encoded(project));
        for (day, views) in daily(&what, range, getter, tables, project) {
            tables.add_to("total.csv", Form::Total, vec![days::dashed(day), String::new(), project.clone(), views]);
        }
    }
}

fn daily(what: &str, range: Range, getter: &mut Getter<'_>, tables: &mut Tables, name: &str) -> Vec<(Seconds, String)> {
    let mut found = Vec::new();
    for piece in range.years() {
        let (from, to) = (days::compact(piece.from), days::compact(piece.to));
        let url = format!("{ROOT}/{what}/daily/{from}00/{to}00");
        let call = Call { none_is_404: true, ..Call::new(url, PAUSE_MS, piece.to) };
        let failures = getter.failures();
        match getter.get(&call, |body| items(&json(body)?)) {
            Some(items) => found.extend(items.into_iter().filter(|(day, _)| piece.holds(*day))),
            None if getter.failures() == failures => tables.note(format!(
                "{name}: no data from {} to {} (404); these days are gaps",
                days::dashed(piece.from),
                days::dashed(piece.to)
            )),
            None => {}
        }
    }
    found
}

fn items(value: &Value) -> Result<Vec<(Seconds, String)>> {
    let items = value["items"].as_array().ok_or_else(|| Error::input("'items' is no list"))?;
    let item = |item: &Value| {
        let day = item["timestamp"].as_str().and_then(days::parse);
        let views = item["views"].as_u64();
        day.zip(views.map(|views| views.to_string()))
            .ok_or_else(|| Error::input("an item without 'timestamp' (YYYYMMDDHH) and 'views' (a count)"))
    };
    items.iter().map(item).collect()
}
