//! Public sources, downloaded into canonical files.
//!
//! [`run`] asks a source for a stretch of days, through a cache that remembers every answer, and lays the rows into
//! monthly tables: rows that were there are replaced, others kept, so that asking again adds what is new and counts
//! nothing twice. One file a source shows how to ask it; [`client`](self) keeps the manners that all of them want: a
//! name and a contact, a pause between calls, patience when told to wait, a bound on time and size.

mod cache;
mod client;
mod clock;
mod days;
mod gdelt;
mod getter;
mod ioda;
mod ooni;
mod radar;
mod record;
mod table;
#[cfg(test)]
mod tests;
mod tor;
mod tranco;
mod wikimedia;

pub use client::Manners;
pub use clock::{Clock, SystemClock};
pub use record::{Called, Report, Written};

use crate::error::{Error, Result};
use crate::time::{Seconds, Step};
use getter::Getter;
use std::path::PathBuf;
use table::Tables;

/// What to ask for.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whom to ask, and for what.
    pub source: Source,
    /// First day, start of it, UTC.
    pub from: Seconds,
    /// Last day, start of it, included.
    pub to: Seconds,
    /// The present moment: what ended long before it is final and stays in the cache.
    pub now: Seconds,
    /// Folder for the tables.
    pub out: PathBuf,
    /// Folder of the cache; `None` = no cache.
    pub cache: Option<PathBuf>,
    /// How to behave.
    pub manners: Manners,
}

/// A page whose views are asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Article {
    /// `en.wikipedia`.
    pub project: String,
    /// Title with underscores.
    pub title: String,
    /// Name to file the views under: a domain of the outlet that the page is about, or a name made of the title.
    pub name: String,
}

/// A query whose share of the news is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Name to file the articles under.
    pub name: String,
    /// In the language of the source.
    pub text: String,
}

/// Which users of Tor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TorUsers {
    /// Directly connecting ones.
    Relay,
    /// Over bridges: what is used where Tor is blocked.
    Bridge,
}

/// What Cloudflare Radar is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Radar {
    /// Ranks of domains, in one country or in the world.
    Ranking {
        /// Registrable domains.
        domains: Vec<String>,
        /// Countries; empty = the world.
        countries: Vec<String>,
    },
    /// All web traffic of countries, scaled to 0–1 within the request.
    Traffic {
        /// Countries.
        countries: Vec<String>,
    },
    /// Outages and other annotated events.
    Outages {
        /// Countries; empty = all.
        countries: Vec<String>,
    },
}

/// A public source and what it is asked.
#[derive(Clone, Debug)]
pub enum Source {
    /// Page views of Wikimedia projects: of articles, and of whole projects as the denominator.
    Wikimedia {
        /// Pages.
        articles: Vec<Article>,
        /// Projects, all pages together: written as `total.csv`.
        projects: Vec<String>,
    },
    /// Cloudflare Radar.
    Radar {
        /// For what.
        set: Radar,
        /// Secret, sent in a header and written nowhere.
        token: Secret,
    },
    /// Articles that match a query, of all that GDELT monitors.
    Gdelt(Vec<Query>),
    /// Ranks of domains in the daily Tranco lists.
    Tranco(Vec<String>),
    /// Estimated users of the Tor network.
    Tor {
        /// Which ones.
        users: TorUsers,
        /// Countries; empty = the world.
        countries: Vec<String>,
    },
    /// OONI: is a site blocked in a country on a day?
    Ooni {
        /// Registrable domains.
        domains: Vec<String>,
        /// Countries; empty = all.
        countries: Vec<String>,
    },
    /// IODA: was a country offline?
    Ioda(Vec<String>),
}

impl Source {
    /// Its name on the command line and in files.
    pub fn name(&self) -> &'static str {
        match self {
            Source::Wikimedia { .. } => "wikimedia",
            Source::Radar { .. } => "radar",
            Source::Gdelt(_) => "gdelt",
            Source::Tranco(_) => "tranco",
            Source::Tor { .. } => "tor",
            Source::Ooni { .. } => "ooni",
            Source::Ioda(_) => "ioda",
        }
    }
}

/// A token that is never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a token; spaces around it go.
    pub fn new(text: &str) -> Secret {
        Secret(text.trim().into())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Asks, and writes the canonical tables and `_fetch.json`. What one call could not get is a failure in the report;
/// the other calls go on.
///
/// # Errors
/// The request makes no sense, nothing at all could be got, or a file cannot be written.
pub fn run(request: &Request, clock: &dyn Clock) -> Result<Report> {
    if request.to < request.from {
        return Err(Error::usage("--to lies before --from"));
    }
    if request.to > Step::DAY.floor(request.now) {
        return Err(Error::usage("--to lies in the future"));
    }
    let mut getter = Getter::new(request, clock)?;
    let mut tables = Tables::default();
    let range = days::Range { from: request.from, to: request.to };
    match &request.source {
        Source::Wikimedia { articles, projects } => {
            wikimedia::fetch(articles, projects, range, &mut getter, &mut tables);
        }
        Source::Radar { set, token } => radar::fetch(set, token, range, &mut getter, &mut tables),
        Source::Gdelt(queries) => gdelt::fetch(queries, range, &mut getter, &mut tables),
        Source::Tranco(domains) => tranco::fetch(domains, range, request.now, &mut getter, &mut tables),
        Source::Tor { users, countries } => tor::fetch(*users, countries, range, &mut getter, &mut tables),
        Source::Ooni { domains, countries } => ooni::fetch(domains, countries, range, &mut getter, &mut tables),
        Source::Ioda(countries) => ioda::fetch(countries, range, &mut getter, &mut tables),
    }
    let (calls, mut failures) = getter.finish();
    if calls.iter().all(|call| call.status == 0) && !failures.is_empty() {
        let first = failures.remove(0);
        return Err(match failures.len() {
            0 => first,
            others => first.context(format!("nothing could be fetched ({others} more calls failed)")),
        });
    }
    let written = tables.write(&request.out)?;
    let report = Report { written, calls, failures, notes: tables.into_notes() };
    record::write(request, &report)?;
    Ok(report)
}

/// Reads JSON.
fn json(bytes: &[u8]) -> Result<serde_json::Value> {
    serde_json::from_slice(bytes).map_err(|error| Error::input("not JSON").because(error))
}

/// A text as part of an address: everything but letters, digits and `-._~` is written in hexadecimal (RFC 3986).
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
