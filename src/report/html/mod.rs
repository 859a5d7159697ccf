//! `report.html`: one self-contained page that says what was found, in words, charts and tables.
//!
//! [`serialize`] is pure: the same result gives the same bytes, and neither clock nor file is read. The page holds its
//! style and its script and nothing from elsewhere; a Content-Security-Policy with their hashes forbids everything
//! else, so that a hostile name in the data cannot run or load anything. Without scripts it still shows the words, the
//! charts and the head of each table.

mod axis;
mod card;
mod geometry;
mod page;
mod picture;
mod places;
mod summary;
mod table;
mod words;

pub use table::{MOST_BYTES, Table};

use super::run::Run;
use crate::alert::{Analysis, Event};
use crate::error::{Error, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The page, with places for what differs from run to run. Every value is escaped on its way in.
const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What a report is made from.
#[derive(Debug)]
pub struct Report<'a, Options: Serialize> {
    /// What was found.
    pub analysis: &'a Analysis,
    /// The calendar that was used.
    pub events: &'a [Event],
    /// The tables of the result, as they stand in its files. Any table is shown; those with known names are
    /// introduced.
    pub tables: &'a [Table],
    /// How it was found. `timings` and `now` are not shown: they differ from run to run.
    pub run: &'a Run<Options>,
    /// Name of the scheduled job whose open alerts these are; `None` for an analysis of the past.
    pub job: Option<&'a str>,
}

/// The report as the text of an HTML file.
///
/// # Errors
/// Only when the options of the run cannot be put into JSON: not on account of data.
pub fn serialize<Options: Serialize>(report: &Report<'_, Options>) -> Result<String> {
    let failed = |error: minijinja::Error| Error::input("cannot write the report").because(error);
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(failed)?);
    environment.add_filter("whole_dates", |text: String| Value::from_safe_string(whole_dates(&text)));
    environment.add_template("page", PAGE).map_err(failed)?;
    let page = page::Page::new(report, policy())?;
    environment.get_template("page").and_then(|template| template.render(Serde(&page))).map_err(failed)
}

/// Dates in text that is escaped already, each kept on one line: browsers break after a hyphen.
fn whole_dates(mut text: &str) -> String {
    const LONG: usize = "2023-10-07".len();
    let is_date = |bytes: &[u8]| {
        let fits = |(i, byte): (usize, &u8)| if i == 4 || i == 7 { *byte == b'-' } else { byte.is_ascii_digit() };
        bytes.iter().enumerate().all(fits)
    };
    let mut out = String::new();
    while let Some(at) = text.as_bytes().windows(LONG).position(is_date) {
        let (before, rest) = text.split_at(at);
        let (date, rest) = rest.split_at(LONG);
        out.extend([before, "<span class=\"date\">", date, "</span>"]);
        text = rest;
    }
    out + text
}

/// Nothing from anywhere, but this style and this script.
fn policy() -> String {
    format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; img-src data:; base-uri 'none'; form-action 'none'",
        digest(SCRIPT),
        digest(STYLE)
    )
}

fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// Text for a `<script type="application/json">`: no `<` in it, so that nothing can end the element.
fn embedded<T: Serialize>(value: &T) -> Result<Value> {
    let json = serde_json::to_string(value).map_err(|error| Error::input("cannot write the report").because(error))?;
    Ok(Value::from_safe_string(json.replace('<', "\\u003c")))
}

#[cfg(test)]
mod tests;
