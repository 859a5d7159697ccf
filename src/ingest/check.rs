//! Whether a row is what it should be: what was found, what was expected.

use super::cell;
use super::gather::{TOPICS, coded};
use super::groups::{RawRow, TimeCoding};
use super::header::Chosen;
use super::option::short;
use super::stamp::{self, Stamp, Zone};
use crate::error::{Error, Result};
use crate::registry::fold;
use crate::series::Kind;
use std::collections::HashMap;

/// What the rows of a table are held against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Check<'a> {
    /// Names of the columns.
    pub header: &'a [String],
    /// Which column is which.
    pub chosen: &'a Chosen,
    /// What the numbers are.
    pub kind: Kind,
    /// Zone of stamps that carry none.
    pub zone: &'a Zone,
}

/// What must hold between rows.
#[derive(Default)]
pub(super) struct Memory {
    /// The first stamp, and whether it carried a zone.
    first_stamp: Option<(String, bool)>,
    /// Key and stamp → line, for kinds that do not add up.
    seen: HashMap<(Stamp, String, String), u64>,
}

impl Check<'_> {
    /// Checks a row after the ones in `memory`.
    pub(super) fn row(&self, row: &RawRow, line: u64, coding: TimeCoding, memory: &mut Memory) -> Result<()> {
        let chosen = self.chosen;
        let time = row.time.as_deref().unwrap_or("");
        let expected = |index, text: &str, what: &str| {
            let found = if text.is_empty() { "nothing".into() } else { format!("'{}'", short(text)) };
            Err(self.fault(line, index, format!("found {found}, expected {what}")))
        };
        let Some(stamp) = coded(time, coding) else { return expected(chosen.time, time, stamp::EXPECTED) };
        let zoned = matches!(stamp, Stamp::Instant(_));
        match &memory.first_stamp {
            None => memory.first_stamp = Some((time.to_string(), zoned)),
            Some((first, first_zoned)) if *first_zoned != zoned => {
                let (here, there) = if zoned { ("with", "without") } else { ("without", "with") };
                let what = format!("a time stamp {there} a time zone like the first one, '{first}': it is {here} one");
                return expected(chosen.time, time, &what);
            }
            Some(_) => {}
        }
        let domain = row.domain.as_deref().unwrap_or("");
        if let (Some(index), true) = (chosen.domain, cell::unquoted(domain).is_empty()) {
            return expected(index, "", "a domain or host");
        }
        let country = row.country.as_deref().unwrap_or("");
        if let (Some(index), Err(what)) = (chosen.country, cell::country(country)) {
            return expected(index, country, what);
        }
        let value = row.value.as_deref().unwrap_or("");
        if let Err(what) = cell::value_of(value, self.kind) {
            return expected(chosen.value, value, what);
        }
        if let (Some(index), Some(kind)) = (chosen.kind, row.kind.as_deref())
            && Kind::from_name(kind) != Some(self.kind)
        {
            return expected(index, kind, &format!("'{}' as in the rows before", self.kind.name()));
        }
        self.check_repeated(stamp, domain, country, line, memory)
    }

    fn check_repeated(&self, stamp: Stamp, domain: &str, country: &str, line: u64, memory: &mut Memory) -> Result<()> {
        if self.kind.adds_up() || matches!(self.zone.place(stamp), stamp::Place::Twice(..)) {
            return Ok(());
        }
        let bare = cell::unquoted(domain);
        let name = match TOPICS.iter().any(|beginning| bare.starts_with(beginning)) {
            true => bare.to_string(),
            false => fold(bare).name().unwrap_or("").to_string(),
        };
        let key = (stamp, name, cell::country(country).unwrap_or_default());
        match memory.seen.insert(key, line) {
            None => Ok(()),
            Some(earlier) => {
                let message = format!(
                    "found a second row for this key and period (first on line {earlier}); values of kind '{}' cannot be added up",
                    self.kind.name()
                );
                Err(self.fault(line, self.chosen.value, message))
            }
        }
    }

    /// An error at a place in the table.
    pub(super) fn fault(&self, line: u64, column: usize, message: impl Into<String>) -> Error {
        Error::input(message).at_line(line).in_column(self.header[column].trim())
    }
}
