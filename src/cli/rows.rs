//! Reading back the tables of a result: keys, dates, percentages by column.

use crate::alert::Estimate;
use crate::calendar::{Records, Row};
use crate::error::{Error, Result};
use crate::ingest;
use crate::series::{Key, Level};
use crate::time::Seconds;
use std::path::Path;

/// Every row of a CSV file, read by `read`. An error names file, line and column.
pub(super) fn rows<T>(path: &Path, required: &[&str], read: impl Fn(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| Error::io("cannot read", error).in_file(&name))?;
    let records = Records::new(&text, &name, required)?;
    records.rows().map(|row| read(&row?)).collect()
}

/// The level of a row; `None` where the column is empty.
pub(super) fn level(row: &Row<'_>) -> Result<Option<Level>> {
    let name = row.text("level");
    match Level::from_name(name) {
        None if !name.is_empty() => {
            Err(row.fault("level", format!("found '{name}', expected domain, outlet or state")))
        }
        found => Ok(found),
    }
}

/// Whose traffic a row is about.
pub(super) fn key(row: &Row<'_>) -> Key {
    // An apostrophe that our own tables put before a name that looks like a formula.
    let text = |column| {
        let text = row.text(column);
        match text.strip_prefix('\'') {
            Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest.to_string(),
            _ => text.to_string(),
        }
    };
    Key { state: text("state"), outlet: text("outlet"), domain: text("domain"), country: text("country") }
}

/// The start of the period named in a column.
pub(super) fn time(row: &Row<'_>, column: &str) -> Result<Seconds> {
    let text = row.text(column);
    match ingest::moment(text) {
        Ok((start, _)) => Ok(start),
        Err(error) => Err(row.fault(column, format!("found '{text}', expected a date")).because(error)),
    }
}

/// Percent → fraction; nothing → `NaN`.
pub(super) fn percent(row: &Row<'_>, column: &str) -> Result<f64> {
    match row.text(column) {
        "" => Ok(f64::NAN),
        text => match text.parse::<f64>() {
            Ok(value) => Ok(value / 100.0),
            Err(_) => Err(row.fault(column, format!("found '{text}', expected a number"))),
        },
    }
}

/// Three columns of percentages.
pub(super) fn estimate(row: &Row<'_>, [point, low, high]: [&str; 3]) -> Result<Estimate> {
    Ok(Estimate { point: percent(row, point)?, low: percent(row, low)?, high: percent(row, high)? })
}
