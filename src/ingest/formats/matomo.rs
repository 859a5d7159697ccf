//! Matomo's reporting service: CSV (`date,nb_uniq_visitors,nb_visits,…`, UTF-16 by default) or JSON by date
//! (`{"2023-10-01":{"nb_visits":5},"2023-10-02":[]}`; for `UserCountry.getCountry` a list of countries a date).
//!
//! Shape: <https://developer.matomo.org/api-reference/reporting-api>. Days are those of the site's zone (`--time-zone`). An
//! empty list is a day without archived data: a gap. The value is `nb_visits`, or another column by `--value-col`.

use super::subject::{Subject, subject};
use super::text::{Rows, column, json, json_text, json_time, json_value, optional};
use super::{Head, Input};
use crate::error::{Error, Result};
use crate::ingest::cell::Value;
use crate::ingest::gather::{Gather, Row};
use crate::series::Kind;
use serde_json::Value as Json;

pub(super) fn is(head: &Head<'_>) -> bool {
    let header = head.header();
    let csv = header.iter().any(|name| name.starts_with("nb_")) && header.iter().any(|name| name == "date");
    csv || head.has_keys(&["nb_visits"]) || head.has_keys(&["nb_uniq_visitors"])
}

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    gather.kind = input.hints.kind.unwrap_or(Kind::Count);
    let about = subject(input);
    let wanted = input.value_column("nb_visits");
    let first = input.reader.fill_buf().map_err(|e| Error::io("cannot read the file", e))?;
    if first.trim_ascii_start().starts_with(b"{") {
        let document = json(input)?;
        return by_date(&document, &wanted, &about, gather);
    }
    let mut rows = Rows::new(input.reader);
    let header = rows.header()?;
    let (date, value) = (column(&header, "date")?, column(&header, &wanted)?);
    let country = optional(&header, "metadata_code").or_else(|| optional(&header, "code"));
    while let Some(row) = rows.next_full(&header)? {
        if matches!(row.get(date).to_ascii_lowercase().as_str(), "total" | "totals") {
            gather.skip("a total of the rows", 1);
            continue;
        }
        let (time, amount) = (row.time(date, &header)?, row.value(value, &header)?);
        let row_of =
            Row { time, name: about.name(), country: country.map_or("", |at| code(row.get(at))), value: amount };
        gather.row(row_of).map_err(|error| error.at_line(row.line))?;
    }
    Ok(())
}

/// `xx` is unknown; codes of more than two letters are groups such as `ti` (Tibet) or `europe`.
fn code(text: &str) -> &str {
    if text.len() == 2 { text } else { "??" }
}

fn by_date(document: &Json, wanted: &str, about: &Subject, gather: &mut Gather<'_>) -> Result<()> {
    let object = document.as_object().ok_or_else(|| Error::input("found no object of dates"))?;
    for (date, report) in object {
        let time = json_time(Some(&Json::String(date.clone())), "a date")?;
        match report {
            Json::Array(list) if list.is_empty() => {
                gather.row(Row { time, name: about.name(), country: "", value: Value::Empty })?;
            }
            Json::Array(list) => {
                for entry in list {
                    let value = json_value(entry.get(wanted), date)?;
                    let country = match json_text(entry, "code") {
                        "" => return Err(Error::input(format!("{date}: found rows without a country code 'code'"))),
                        text => code(text),
                    };
                    gather.row(Row { time, name: about.name(), country, value })?;
                }
            }
            Json::Object(fields) => {
                let value = fields.get(wanted).ok_or_else(|| {
                    Error::input(format!("{date}: found no '{wanted}'; choose another with --value-col"))
                })?;
                gather.row(Row { time, name: about.name(), country: "", value: json_value(Some(value), date)? })?;
            }
            number => {
                let value = json_value(Some(number), date)?;
                gather.row(Row { time, name: about.name(), country: "", value })?;
            }
        }
    }
    Ok(())
}
