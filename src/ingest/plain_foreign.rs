//! One series out of a file in a format of its publisher, for `detect`.

use super::header::{Columns, Use};
use super::plain::Plain;
use super::rows::{Rules, Table};
use super::source::{self, Format};
use super::stamp::{Zone, show};
use super::unpack::Packing;
use super::{Hints, table, unpack};
use crate::error::{Error, Result};
use crate::time::Seconds;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// Formats whose files are plain tables as well, a row a line: read as such unless they are named.
const TABLES: [&str; 4] = ["wide", "trends", "tor", "plausible"];

/// Reads the only series of a file, or the one named; `None` if the file is in no format but a plain table.
///
/// # Errors
/// It cannot be read, holds several series and none is named, or not the one that is.
pub fn read_foreign(path: &Path, hints: &Hints, columns: &Columns, series: Option<&str>) -> Result<Option<Plain>> {
    let name = path.display().to_string();
    if !path.is_file() || !is_foreign(path, &name, hints).map_err(|error| error.in_file(&name))? {
        return Ok(None);
    }
    let (columns, hints) = (columns.clone(), hints.clone());
    let rules = Rules { columns, purpose: Use::Traffic, kind: None, zone: Zone::default(), hints, articles: None };
    let table = table::read(path, &rules)?;
    one_of(table, series).map(Some).map_err(|error| error.in_file(name))
}

fn is_foreign(path: &Path, name: &str, hints: &Hints) -> Result<bool> {
    if let Some(format) = &hints.format {
        return Ok(super::formats::named(format).is_some());
    }
    let Some(start) = start(path)? else { return Ok(false) };
    Ok(match source::format_of(&start, name, None) {
        Ok(Format::Foreign(format)) => !TABLES.contains(&format.name),
        _ => false,
    })
}

/// The first bytes of what is inside a file, as far as that can be told without reading it all.
fn start(path: &Path) -> Result<Option<Vec<u8>>> {
    let magic = unpack::head(path, 8)?;
    let packing: Option<Packing> = unpack::packing(&magic)?;
    let Some(packing) = packing else { return unpack::head(path, source::HEAD).map(Some) };
    let file = std::io::BufReader::new(unpack::open(path)?);
    let mut start = Vec::new();
    let inner = unpack::decoder(packing, file).map_err(unpack::broken)?;
    Ok(inner.take(source::HEAD).read_to_end(&mut start).ok().map(|_| start))
}

fn one_of(table: Table, wanted: Option<&str>) -> Result<Plain> {
    let name = |index: u32| table.names[index as usize].as_str();
    let mut all: BTreeMap<String, Vec<(Seconds, f64)>> = BTreeMap::new();
    for row in &table.rows {
        let label = match name(row.country) {
            "" => name(row.domain).to_string(),
            country => format!("{},{country}", name(row.domain)),
        };
        let amount = row.seen.amount();
        let known = amount.numbers > 0 && amount.empty == 0 && amount.censored == 0;
        all.entry(label).or_default().push((row.time, if known { amount.sum } else { f64::NAN }));
    }
    let (count, some) =
        (all.len(), all.keys().take(8).map(|label| format!("'{label}'")).collect::<Vec<_>>().join(", "));
    let found = match wanted {
        Some(wanted) => all.remove_entry(wanted).ok_or_else(|| format!("no series '{wanted}'")),
        None if count == 1 => all.pop_first().ok_or_else(String::new),
        None => Err(format!("{count} series, expected one; choose it with --series")),
    };
    let (label, mut points) = found.map_err(|what| Error::usage(format!("{what}: found {some}")))?;
    points.sort_by_key(|(time, _)| *time);
    let mut notes = table.notes;
    notes.push(format!("the series '{label}'"));
    let (times, values): (Vec<Seconds>, Vec<f64>) = points.into_iter().unzip();
    Ok(Plain::new(Some(times.clone()), times.into_iter().map(show).collect(), values, notes))
}
