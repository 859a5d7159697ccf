//! Plausible exports: `imported_visitors_*.csv` (`"date","visitors","pageviews","bounces","visits","visit_duration"`) and
//! `imported_locations_*.csv` (with `"country"`, `"region"`, `"city"`).
//!
//! Shape: <https://plausible.io/docs/csv-import>. Days are those of the site's zone (`--time-zone`). The site is `--name`, or a
//! host in the file's name. The value is `visits`, or another column by `--value-col`.

use super::subject::subject;
use super::text::{Rows, column, optional};
use super::{Head, Input};
use crate::error::{Error, Result};
use crate::ingest::gather::{Gather, Row};
use crate::series::Kind;

pub(super) fn is(head: &Head<'_>) -> bool {
    head.has_columns(&["date", "visitors", "visit_duration"])
        || head.has_columns(&["date", "visitors", "bounces", "visits"])
}

/// Columns that tell visits apart by something that is neither a place nor a time.
const OTHER: [&str; 8] = ["source", "page", "entry_page", "exit_page", "device", "browser", "operating_system", "name"];

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    gather.kind = input.hints.kind.unwrap_or(Kind::Count);
    let about = subject(input);
    let wanted = input.value_column("visits");
    let mut rows = Rows::new(input.reader);
    let header = rows.header()?;
    if let Some(other) = OTHER.iter().find(|name| optional(&header, name).is_some()) {
        let message = format!(
            "visits are told apart by '{other}', which would add up to visits counted twice; expected imported_visitors or imported_locations"
        );
        return Err(Error::input(message));
    }
    let (date, value, country) = (column(&header, "date")?, column(&header, &wanted)?, optional(&header, "country"));
    while let Some(row) = rows.next_full(&header)? {
        let (time, amount) = (row.time(date, &header)?, row.value(value, &header)?);
        let country = country.map(|country| match row.get(country) {
            "" => "??",
            code => code,
        });
        let row_of = Row { time, name: about.name(), country: country.unwrap_or(""), value: amount };
        gather.row(row_of).map_err(|error| error.at_line(row.line))?;
    }
    Ok(())
}
