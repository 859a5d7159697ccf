//! Which of the series that exist is meant; what exists, where none is.

use crate::alert::IndexRow;
use crate::cli::args::Plot;
use crate::error::{Error, Result};
use crate::series::{Key, Level};

/// Names listed in an error: enough to see what they look like.
const LISTED: usize = 20;

/// The one series that the options name.
pub(super) fn series(keys: &[(Level, Key)], arguments: &Plot) -> Result<(Level, Key)> {
    let wanted = |option: &Option<String>, name: &str| option.as_ref().is_none_or(|text| same(text, name));
    let (level, who) = match (&arguments.domain, &arguments.outlet, &arguments.state) {
        (Some(domain), ..) => (Level::Domain, format!("domain {domain}")),
        (None, Some(outlet), _) => (Level::Outlet, format!("outlet {outlet}")),
        (None, None, Some(state)) => (Level::State, format!("state {state}")),
        (None, None, None) => {
            return Err(Error::usage(format!("name a series: --outlet, --domain or --state. {}", listed(keys.iter()))));
        }
    };
    let named = |(at, key): &&(Level, Key)| {
        *at == level
            && wanted(&arguments.domain, &key.domain)
            && wanted(&arguments.outlet, &key.outlet)
            && wanted(&arguments.state, &key.state)
    };
    let found: Vec<&(Level, Key)> = keys.iter().filter(named).collect();
    if found.is_empty() {
        let alike = keys.iter().filter(|(at, _)| *at == level);
        return Err(Error::usage(format!("no series of {who}. {}", listed(alike))));
    }
    let country = |code: &str| found.iter().find(|(_, key)| same(code, &key.country));
    let chosen = match (&arguments.country, found.as_slice()) {
        (Some(code), _) => country(code),
        (None, [only]) => Some(only),
        (None, _) => country(""),
    };
    match chosen {
        Some(chosen) => Ok((*chosen).clone()),
        None => {
            let what =
                arguments.country.as_ref().map_or("name one with --country".into(), |code| format!("none is {code}"));
            Err(Error::usage(format!("{who} in several countries: {what}. {}", listed(found.iter().copied()))))
        }
    }
}

/// The state, and the country if one is named, of an index that exists.
pub(super) fn index(pairs: &[(String, String)], arguments: &Plot) -> Result<(String, Option<String>)> {
    let state = arguments.state.as_deref().unwrap_or_default();
    let fits = |(code, country): &&(String, String)| {
        same(state, code) && arguments.country.as_ref().is_none_or(|named| same(named, country))
    };
    match pairs.iter().find(fits) {
        Some((code, country)) => Ok((code.clone(), arguments.country.as_ref().map(|_| country.clone()))),
        None => {
            let names: Vec<String> = pairs.iter().map(|(code, country)| format!("{code} {}", place(country))).collect();
            let of = arguments.country.as_ref().map_or(String::new(), |code| format!(" in {code}"));
            Err(Error::usage(format!("no index of {state}{of}. {}", list(names))))
        }
    }
}

/// Whether an index row is in the picture.
pub(super) fn shows(row: &IndexRow, state: &str, country: Option<&str>) -> bool {
    row.key.state == state && country.is_none_or(|code| row.key.country == code)
}

fn same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.to_lowercase()
}

fn place(country: &str) -> &str {
    if country.is_empty() { "(all countries together)" } else { country }
}

fn listed<'a>(keys: impl Iterator<Item = &'a (Level, Key)>) -> String {
    let name = |(level, key): &(Level, Key)| {
        let who = match level {
            Level::Domain => &key.domain,
            Level::Outlet => &key.outlet,
            Level::State => &key.state,
        };
        format!("{} {who} {}", level.name(), place(&key.country))
    };
    list(keys.map(name).collect())
}

fn list(mut names: Vec<String>) -> String {
    names.sort();
    names.dedup();
    let more = match names.len().saturating_sub(LISTED) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    names.truncate(LISTED);
    if names.is_empty() { "There is none".into() } else { format!("There are: {}{more}", names.join("; ")) }
}
