//! The sources researchers have, one file each: how a format is recognised by its content, and how its rows are read.
//!
//! `FORMATS` is the table of all of them. A reader turns a file into rows of time, name, country and value, sets the
//! kind of the values, and refuses with line and column what it does not understand.

mod access_log;
mod crux;
mod ga4;
mod gdelt;
mod ioda;
mod majestic;
mod matomo;
mod ooni;
mod pageview_complete;
mod pageviews;
mod places;
mod plausible;
mod project;
mod radar;
mod similarweb;
mod squid;
mod subject;
mod text;
mod tor;
mod tranco;
mod trends;
mod wide;
mod wikimedia;
mod zeek;

pub(in crate::ingest) use subject::Articles;

use super::gather::{Gather, Ways};
use super::header::Columns;
use super::stamp::Zone;
use crate::error::{Error, Result};
use crate::series::Kind;
use crate::time::Seconds;
use std::io::BufRead;

/// A format with its reader.
pub(super) struct Format {
    /// As `--format` names it.
    pub name: &'static str,
    /// What it is, for the talk on standard error.
    pub title: &'static str,
    /// Whether a file is of this format, told by its beginning.
    recognise: fn(&Head<'_>) -> bool,
    /// Reads a file.
    pub read: fn(&mut Input<'_>, &mut Gather<'_>) -> Result<()>,
    /// Whether the file's name tells the date: two files of the same bytes are two.
    pub dated_by_name: bool,
    /// Whether a file holds far more names than anybody asks for.
    pub vast: bool,
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Format {
    /// Whose ranks a file holds: those of two publishers, or of two sizes of list, are not one series.
    pub(super) fn origin(&self, gather: &Gather<'_>) -> Option<String> {
        (gather.kind == Kind::Rank).then(|| match &gather.edition {
            Some(edition) => format!("{}, {edition}", self.title),
            None => self.title.to_string(),
        })
    }

    /// What makes two files one: their bytes and, where their name tells the time, that.
    pub(super) fn identity(&self, sha256: &str, name: &str) -> String {
        match self.dated_by_name {
            true => format!("{sha256} {}", without_copy(file_name(name))),
            false => sha256.to_string(),
        }
    }
}

/// A name without the ` (1)` that a browser puts into that of a second download.
fn without_copy(name: &str) -> String {
    let copy = name.split_once(" (").and_then(|(stem, rest)| Some((stem, rest.split_once(')')?)));
    match copy {
        Some((stem, (number, end))) if number.bytes().all(|b| b.is_ascii_digit()) => format!("{stem}{end}"),
        _ => name.to_string(),
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Format) -> bool {
        self.name == other.name
    }
}

impl Eq for Format {}

const PLAIN: Format = Format {
    name: "",
    title: "",
    recognise: |_| false,
    read: |_, _| Err(Error::input("no such format")),
    dated_by_name: false,
    vast: false,
};

/// All formats, in the order in which they are tried.
pub(super) static FORMATS: [Format; 20] = [
    Format { name: "zeek", title: "Zeek http.log or dns.log", recognise: zeek::is, read: zeek::read, ..PLAIN },
    Format { name: "ga4", title: "Google Analytics 4 export", recognise: ga4::is, read: ga4::read, ..PLAIN },
    Format {
        name: "trends",
        title: "Google Trends multiTimeline.csv",
        recognise: trends::is,
        read: trends::read,
        ..PLAIN
    },
    Format { name: "tor", title: "Tor Metrics userstats", recognise: tor::is, read: tor::read, ..PLAIN },
    Format { name: "ooni", title: "OONI aggregation", recognise: ooni::is, read: ooni::read, ..PLAIN },
    Format { name: "ioda", title: "IODA outage events", recognise: ioda::is, read: ioda::read, ..PLAIN },
    Format { name: "similarweb", title: "Similarweb API", recognise: similarweb::is, read: similarweb::read, ..PLAIN },
    Format {
        name: "radar",
        title: "Cloudflare Radar",
        recognise: radar::is,
        read: radar::read,
        dated_by_name: true,
        ..PLAIN
    },
    Format { name: "gdelt", title: "GDELT timeline", recognise: gdelt::is, read: gdelt::read, ..PLAIN },
    Format {
        name: "wikimedia",
        title: "Wikimedia page views",
        recognise: wikimedia::is,
        read: wikimedia::read,
        ..PLAIN
    },
    Format { name: "matomo", title: "Matomo export", recognise: matomo::is, read: matomo::read, ..PLAIN },
    Format { name: "plausible", title: "Plausible export", recognise: plausible::is, read: plausible::read, ..PLAIN },
    Format {
        name: "majestic",
        title: "Majestic Million",
        recognise: majestic::is,
        read: majestic::read,
        dated_by_name: true,
        ..PLAIN
    },
    Format {
        name: "crux",
        title: "CrUX top list",
        recognise: crux::is,
        read: crux::read,
        dated_by_name: true,
        ..PLAIN
    },
    Format {
        name: "umbrella",
        title: "Cisco Umbrella list",
        recognise: tranco::is_umbrella,
        read: tranco::read,
        dated_by_name: true,
        ..PLAIN
    },
    Format {
        name: "tranco",
        title: "Tranco list",
        recognise: tranco::is,
        read: tranco::read,
        dated_by_name: true,
        ..PLAIN
    },
    Format { name: "squid", title: "Squid access.log", recognise: squid::is, read: squid::read, ..PLAIN },
    Format {
        name: "access-log",
        title: "Apache or nginx access log",
        recognise: access_log::is,
        read: access_log::read,
        ..PLAIN
    },
    Format {
        name: "pageview-complete",
        title: "Wikimedia pageview_complete dump",
        recognise: pageview_complete::is,
        read: pageview_complete::read,
        dated_by_name: true,
        vast: true,
    },
    Format {
        name: "pageviews",
        title: "Wikimedia hourly pageviews dump",
        recognise: pageviews::is,
        read: pageviews::read,
        dated_by_name: true,
        vast: true,
    },
];

/// The last resort of recognition: one column a series.
pub(super) static WIDE: Format =
    Format { name: "wide", title: "wide table", recognise: wide::is, read: wide::read, ..PLAIN };

/// The format of that name.
pub(super) fn named(name: &str) -> Option<&'static Format> {
    FORMATS.iter().chain([&WIDE]).find(|format| format.name == name)
}

/// The format that a file begins like.
pub(super) fn recognised(head: &Head<'_>) -> Option<&'static Format> {
    FORMATS.iter().chain([&WIDE]).find(|format| (format.recognise)(head))
}

/// What is said of a file of which no row came through; an error if it is no file without rows but a wrong one.
pub(super) fn nothing_left(gather: &Gather<'_>) -> Result<String> {
    let wrong = |reason: &str| reason.starts_with("no line of") || reason == "in a block without times";
    let mut skipped = gather.skipped().peekable();
    if skipped.peek().is_none() {
        return Ok("no rows: nothing was counted".into());
    }
    match skipped.find(|(reason, _)| !wrong(reason)) {
        Some((reason, rows)) => Ok(format!("nothing was counted; {rows} rows were left out: {reason}")),
        None => Err(Error::input("no row is left: no line is one of this format")),
    }
}

/// A row of a source, as plain values.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceRow {
    /// Start of the period.
    pub time: Seconds,
    /// Registrable domain, or a topic such as `article:en.wikipedia/Press_TV`.
    pub name: String,
    /// Where the readers are; empty = all countries together.
    pub country: String,
    /// The number, if there is one.
    pub value: Option<f64>,
    /// The bound, if all that is known is that the value lies below.
    pub below: Option<f64>,
}

/// Names of the formats that [`read_bytes`] knows.
pub fn names() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().chain([&WIDE]).map(|format| format.name)
}

/// Reads a document in memory, unpacked and in UTF-8: its rows, sorted, and their kind. `file` is the name it would have
/// as a file, which tells dates and sites; without a `format` it is recognised by the content.
///
/// # Errors
/// It is in no known format, or something is wrong in it: with its place.
///
/// ```
/// # use floodmark::ingest::formats::read_bytes;
/// let text = b"date,country,users,frac\n2023-10-07,ir,5,80\n";
/// let (kind, rows) = read_bytes(None, "userstats-relay-country.csv", text)?;
/// assert_eq!((kind.name(), rows[0].name.as_str(), rows[0].country.as_str()), ("count", "tor:relay-users", "IR"));
/// # Ok::<(), floodmark::error::Error>(())
/// ```
pub fn read_bytes(format: Option<&str>, file: &str, bytes: &[u8]) -> Result<(Kind, Vec<SourceRow>)> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(1 << 16)]);
    let format = match format {
        Some(name) => named(name).ok_or_else(|| Error::usage(format!("no format '{name}'")))?,
        None => recognised(&Head::new(&start, file)).ok_or_else(|| Error::input("found no known format"))?,
    };
    let zone = Zone::default();
    let mut gather = Gather::new(Ways::plain(&zone), Kind::default());
    let mut reader = bytes;
    let mut input = Input { reader: &mut reader, name: file_name(file), hints: Hints::default() };
    (format.read)(&mut input, &mut gather).map_err(|error| error.in_file(file))?;
    let kind = gather.kind;
    let cells = gather.store.drain();
    let mut rows: Vec<SourceRow> = cells
        .map(|(time, pair, amount)| SourceRow {
            time,
            name: gather.store.names()[pair.name as usize].clone(),
            country: gather.store.countries()[pair.country as usize].clone(),
            value: (amount.numbers > 0).then_some(amount.sum),
            below: (amount.censored > 0).then_some(amount.bound),
        })
        .collect();
    rows.sort_by(|a, b| (a.time, &a.name, &a.country).cmp(&(b.time, &b.name, &b.country)));
    Ok((kind, rows))
}

/// The beginning of a file, unpacked, in UTF-8, without byte-order mark.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'a> {
    /// Up to 64 KiB.
    pub text: &'a str,
    /// The file's own name, without folders and endings of packing.
    pub name: &'a str,
}

impl<'a> Head<'a> {
    /// The head of a file with that path.
    pub(super) fn new(text: &'a str, path: &'a str) -> Head<'a> {
        Head { text, name: file_name(path) }
    }

    /// Lines that are neither empty nor comments.
    fn lines(&self) -> impl Iterator<Item = &'a str> {
        self.text.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
    }

    /// The names in the first line, in small letters, if it is a header of delimited text.
    fn header(&self) -> Vec<String> {
        self.lines().next().map(text::header_names).unwrap_or_default()
    }

    /// Whether the header has all these names.
    fn has_columns(&self, names: &[&str]) -> bool {
        let header = self.header();
        names.iter().all(|name| header.iter().any(|found| found == name))
    }

    /// Whether this is JSON whose list of that name is empty: an answer that found nothing.
    fn has_empty(&self, key: &str) -> bool {
        let text: String = self.text.chars().take(200).filter(|c| !c.is_whitespace()).collect();
        text.starts_with(&format!("{{\"{key}\":[]"))
    }

    /// Whether this is JSON in which all these keys occur.
    fn has_keys(&self, keys: &[&str]) -> bool {
        self.text.trim_start().starts_with(['{', '['])
            && keys.iter().all(|key| self.text.contains(&format!("\"{key}\"")))
    }
}

/// The last part of a path without endings of packing.
pub(super) fn file_name(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    [".gz", ".zst", ".bz2"].iter().fold(name, |name, ending| name.strip_suffix(ending).unwrap_or(name))
}

/// A file on its way through a reader.
pub(super) struct Input<'a> {
    /// The text, without byte-order mark.
    pub reader: &'a mut dyn BufRead,
    /// The file's own name, without folders and endings of packing.
    pub name: &'a str,
    /// What the user knows about it.
    pub hints: Hints<'a>,
}

/// What the user knows about files and they do not say themselves.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hints<'a> {
    /// Columns by name.
    pub columns: Option<&'a Columns>,
    /// What a file without names of its own is about.
    pub about: Option<&'a str>,
    /// The day of a list.
    pub date: Option<Seconds>,
    /// Pages that are kept.
    pub articles: Option<&'a Articles>,
    /// What the numbers are.
    pub kind: Option<Kind>,
}

impl Input<'_> {
    /// The name of the value column: the user's choice or a default.
    fn value_column(&self, default: &str) -> String {
        let asked = self.hints.columns.and_then(|columns| columns.value.clone());
        asked.unwrap_or_else(|| default.into())
    }
}

#[cfg(test)]
mod tests;
