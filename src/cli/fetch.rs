//! `fetch`: from arguments to a request, and what the user hears of its outcome.

use super::args::{Fetch, RadarSet, SourceName, TorUsersName};
use super::{Outcome, analyze, to_stdout};
use crate::error::{Error, Result};
use crate::fetch::{self, Article, Manners, Query, Radar, Report, Request, Secret, Source, SystemClock, TorUsers};
use crate::ingest;
use crate::registry::{Host, Registry, articles, fold};
use crate::series::Role;
use crate::time::{Seconds, Step};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

/// A mirror that stands in for every source: scheme, host and port. For mirrors of one's own, and for tests.
pub(crate) const BASE_URL: &str = "FLOODMARK_FETCH_BASE_URL";
/// Factor on every pause; only where a mirror is asked.
pub(crate) const PACE: &str = "FLOODMARK_FETCH_PACE";
/// The token of Cloudflare Radar.
const RADAR_TOKEN: &str = "FLOODMARK_RADAR_TOKEN";

pub(crate) fn run(arguments: &Fetch) -> Result<Outcome> {
    let (request, pace) = request(arguments)?;
    let report = fetch::run(&request, &SystemClock::new(pace))?;
    for failure in &report.failures {
        eprintln!("{failure}");
    }
    if !arguments.quiet {
        tell(&request, &report);
    }
    list(&request, &report)?;
    Ok(if report.failures.is_empty() { Outcome::Done } else { Outcome::Partial })
}

/// Brings what a source has new, without a word: what a scheduled job reads.
pub(crate) fn bring(arguments: &Fetch) -> Result<Report> {
    let (request, pace) = request(arguments)?;
    fetch::run(&request, &SystemClock::new(pace))
}

/// The tables with something new in them, one a line: what a script goes on with.
fn list(request: &Request, report: &Report) -> Result<()> {
    to_stdout(|out| {
        for file in report.written.iter().filter(|file| file.new + file.changed > 0) {
            writeln!(out, "{}", request.out.join(&file.name).display())?;
        }
        Ok(())
    })
}

fn tell(request: &Request, report: &Report) {
    for note in &report.notes {
        eprintln!("note: {note}");
    }
    for file in &report.written {
        let name = request.out.join(&file.name);
        eprintln!("{}: {} rows, {} new, {} changed", name.display(), file.rows, file.new, file.changed);
    }
    let cached = report.calls.iter().filter(|call| call.attempts == 0 && call.status != 0).count();
    eprintln!("{} calls, {cached} of them answered from the cache", report.calls.len());
}

/// What the arguments ask for, and the factor on every pause.
pub(crate) fn request(arguments: &Fetch) -> Result<(Request, f64)> {
    let day = |option: &str, text: &str| {
        ingest::moment(text).map(|(start, _)| start).map_err(|e| e.context(format!("--{option} '{text}'")))
    };
    let now = arguments.now.as_deref().map(|text| day("now", text)).transpose()?.unwrap_or_else(analyze::clock);
    let yesterday = Step::DAY.floor(now) - Step::DAY.seconds();
    let to =
        arguments.to.as_deref().map(|text| day("to", text)).transpose()?.map_or(yesterday, |to| Step::DAY.floor(to));
    let from = match span(&arguments.from) {
        Some(days) => to - (days - 1) * Step::DAY.seconds(),
        None => Step::DAY.floor(day("from", &arguments.from)?),
    };
    let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    let base_url = variable(BASE_URL);
    let pace = match (variable(PACE), &base_url) {
        (Some(text), Some(_)) => text
            .parse()
            .ok()
            .filter(|pace| (0.0..=1000.0).contains(pace))
            .ok_or_else(|| Error::usage(format!("{PACE} is '{text}', expected a number from 0 to 1000")))?,
        (Some(_), None) => return Err(Error::usage(format!("{PACE} is for mirrors; set {BASE_URL} too"))),
        (None, _) => 1.0,
    };
    let manners = Manners {
        contact: arguments.contact.clone(),
        call_time: Duration::from_secs(arguments.call_limit),
        whole_time: Duration::from_secs(arguments.time_limit),
        base_url,
        ..Manners::default()
    };
    let source = source(arguments, (from, to))?;
    let out = arguments.out.clone().unwrap_or_else(|| PathBuf::from("floodmark-data").join(source.name()));
    let cache = if arguments.no_cache { None } else { arguments.cache.clone().or_else(system_cache) };
    Ok((Request { source, from, to, now, out, cache, manners }, pace))
}

/// `60d` or `8w`: so many days up to the last one.
fn span(text: &str) -> Option<i64> {
    let (number, days) = text.strip_suffix('d').map(|n| (n, 1)).or_else(|| text.strip_suffix('w').map(|n| (n, 7)))?;
    number.parse::<u32>().ok().filter(|n| (1..=10_000).contains(n)).map(|n| i64::from(n) * days)
}

fn system_cache() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    let base = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
    base.map(|base| base.join("floodmark"))
}

/// The source with what it is asked for; an option that it cannot use is refused.
fn source(arguments: &Fetch, days: (Seconds, Seconds)) -> Result<Source> {
    let on = days.1;
    only_what_fits(arguments)?;
    let countries = codes(&arguments.country)?;
    Ok(match arguments.source {
        SourceName::Wikimedia => wikimedia(arguments, days)?,
        SourceName::Radar => {
            let set = match arguments.set.unwrap_or(RadarSet::Ranking) {
                RadarSet::Ranking => Radar::Ranking { domains: sites(arguments, on)?, countries },
                RadarSet::Traffic => Radar::Traffic { countries: some(countries, "--country")? },
                RadarSet::Outages => Radar::Outages { countries },
            };
            Source::Radar { set, token: token(arguments)? }
        }
        SourceName::Gdelt => Source::Gdelt(queries(arguments, on)?),
        SourceName::Tranco => Source::Tranco(sites(arguments, on)?),
        SourceName::Tor => {
            let users = match arguments.users {
                Some(TorUsersName::Bridge) => TorUsers::Bridge,
                _ => TorUsers::Relay,
            };
            Source::Tor { users, countries }
        }
        SourceName::Ooni => Source::Ooni { domains: sites(arguments, on)?, countries },
        SourceName::Ioda => Source::Ioda(some(countries, "--country")?),
    })
}

fn only_what_fits(arguments: &Fetch) -> Result<()> {
    use SourceName::{Gdelt, Ioda, Ooni, Radar, Tor, Tranco, Wikimedia};
    let outlets = [Wikimedia, Radar, Gdelt, Tranco, Ooni];
    let given: [(&str, bool, &[SourceName]); 10] = [
        ("outlet", !arguments.outlet.is_empty(), &outlets),
        ("state", !arguments.state.is_empty(), &outlets),
        ("domain", !arguments.domain.is_empty(), &[Radar, Gdelt, Tranco, Ooni]),
        ("article", !arguments.article.is_empty(), &[Wikimedia]),
        ("articles", !arguments.articles.is_empty(), &[Wikimedia]),
        ("project", !arguments.project.is_empty(), &[Wikimedia]),
        ("query", !arguments.query.is_empty(), &[Gdelt]),
        ("country", !arguments.country.is_empty(), &[Radar, Tor, Ooni, Ioda]),
        ("set", arguments.set.is_some(), &[Radar]),
        ("users", arguments.users.is_some(), &[Tor]),
    ];
    match given.iter().find(|(_, given, fitting)| *given && !fitting.contains(&arguments.source)) {
        Some((option, ..)) => Err(Error::usage(format!("--{option} does not go with this source"))),
        None => Ok(()),
    }
}

fn some<T>(list: Vec<T>, option: &str) -> Result<Vec<T>> {
    if list.is_empty() { Err(Error::usage(format!("nothing to ask for: give {option}"))) } else { Ok(list) }
}

fn codes(codes: &[String]) -> Result<Vec<String>> {
    let codes: Vec<String> = codes.iter().map(|code| code.trim().to_ascii_uppercase()).collect();
    match codes.iter().find(|code| code.len() != 2 || !code.bytes().all(|b| b.is_ascii_uppercase())) {
        Some(code) => Err(Error::usage(format!("'{code}': expected ISO 3166-1 codes of two letters, such as IR,RU"))),
        None => Ok(codes),
    }
}

/// Names of the outlets asked for.
fn outlets(arguments: &Fetch, registry: &Registry) -> Result<BTreeSet<String>> {
    let states = codes(&arguments.state)?;
    let known = registry.outlets();
    if let Some(name) = arguments.outlet.iter().find(|name| !known.contains_key(name.as_str())) {
        return Err(Error::usage(format!(
            "--outlet '{name}': not in the registry; floodmark domains list tells the names"
        )));
    }
    let of_states = registry.iter().filter(|entry| entry.role == Role::State && states.contains(&entry.state));
    Ok(of_states.map(|entry| entry.outlet.clone()).chain(arguments.outlet.iter().cloned()).collect())
}

/// Domains asked for: by name, and those of outlets that are in force.
fn sites(arguments: &Fetch, on: Seconds) -> Result<Vec<String>> {
    let registry = super::domains::with_files(&arguments.domains)?;
    let mut domains = BTreeSet::new();
    for text in &arguments.domain {
        match fold(text) {
            Host::Domain(domain) => domains.insert(domain),
            _ => return Err(Error::usage(format!("--domain '{text}': expected a registrable domain such as rt.com"))),
        };
    }
    let outlets = outlets(arguments, &registry)?;
    let in_force = registry.iter().filter(|entry| entry.holds_at(on) && outlets.contains(&entry.outlet));
    domains.extend(in_force.map(|entry| entry.domain.clone()));
    some(domains.into_iter().collect(), "--domain, --outlet or --state")
}

fn queries(arguments: &Fetch, on: Seconds) -> Result<Vec<Query>> {
    let mut queries = Vec::new();
    for text in &arguments.query {
        let (name, query) = text
            .split_once('=')
            .filter(|(name, query)| !query.trim().is_empty() && fold(name).name().is_some())
            .ok_or_else(|| Error::usage(format!("--query '{text}': expected NAME=QUERY, the name as of a host")))?;
        let name = fold(name).name().unwrap_or(name).to_string();
        queries.push(Query { name, text: query.trim().into() });
    }
    let by_site = !arguments.domain.is_empty() || !arguments.outlet.is_empty() || !arguments.state.is_empty();
    if by_site {
        let query = |domain: String| Query { text: format!("domainis:{domain}"), name: domain };
        queries.extend(sites(arguments, on)?.into_iter().map(query));
    }
    some(queries, "--query, --domain, --outlet or --state")
}

fn wikimedia(arguments: &Fetch, days: (Seconds, Seconds)) -> Result<Source> {
    let registry = super::domains::with_files(&arguments.domains)?;
    let mut known = articles::builtin()?;
    for file in &arguments.articles {
        known.extend(articles::read(file)?);
    }
    let home = |outlet: &str| registry.home_between(outlet, days.0, days.1).map(|entry| entry.domain.clone());
    let mut pages = BTreeSet::new();
    for text in &arguments.article {
        let (project, title) = articles::named(text)
            .ok_or_else(|| Error::usage(format!("--article '{text}': expected such as en.wikipedia:Black_hole")))?;
        let about = known.iter().find(|page| (&page.project, &page.title) == (&project, &title));
        let name = about.and_then(|page| home(&page.outlet)).unwrap_or_else(|| slug(&title));
        pages.insert(Article { project, title, name });
    }
    let mut unknown = Vec::new();
    for outlet in outlets(arguments, &registry)? {
        let mut own = known.iter().filter(|page| page.outlet == outlet).peekable();
        let name = home(&outlet);
        if own.peek().is_none() || name.is_none() {
            unknown.push(outlet.clone());
        }
        for (page, name) in own.filter_map(|page| Some((page, name.clone()?))) {
            pages.insert(Article { project: page.project.clone(), title: page.title.clone(), name });
        }
    }
    if let [first, others @ ..] = unknown.as_slice() {
        let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
        eprintln!("note: no article is known of {first}{more} (--articles FILE adds some)");
    }
    let projects: Vec<String> =
        arguments.project.iter().map(|p| p.trim().trim_end_matches(".org").to_lowercase()).collect();
    if pages.is_empty() && projects.is_empty() {
        return Err(Error::usage("nothing to ask for: give --article, --outlet, --state or --project"));
    }
    Ok(Source::Wikimedia { articles: pages.into_iter().collect(), projects })
}

/// A title as the name of a series: small letters, digits and hyphens.
fn slug(title: &str) -> String {
    let plain: String =
        title.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
    let slug = plain.split_whitespace().collect::<Vec<_>>().join("-");
    match slug.get(..63).unwrap_or(&slug) {
        // Titles in other scripts: told apart by a number made of their bytes.
        "" => format!(
            "page-{:08x}",
            title.bytes().fold(0u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()))
        ),
        name => name.trim_end_matches('-').to_string(),
    }
}

fn token(arguments: &Fetch) -> Result<Secret> {
    let text = match &arguments.token_file {
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| Error::io("cannot read the token", error).in_file(file.display().to_string()))?,
        None => std::env::var(RADAR_TOKEN).unwrap_or_default(),
    };
    if text.trim().is_empty() || !text.trim().chars().all(|c| c.is_ascii_graphic()) {
        return Err(Error::usage(format!("radar needs a token: set {RADAR_TOKEN}, or name a file with --token-file")));
    }
    Ok(Secret::new(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_counts_back_from_the_last_day() {
        assert_eq!((span("60d"), span("8w"), span("2023-10-07")), (Some(60), Some(56), None));
        assert_eq!((span("0d"), span("d"), span("-1w")), (None, None, None));
    }

    #[test]
    fn titles_become_names_that_fold_to_themselves() {
        for (title, name) in [("Black_hole", "black-hole"), ("RT_(TV_network)", "rt-tv-network")] {
            assert_eq!(slug(title), name);
            assert_eq!(fold(name), Host::Other(name.into()));
        }
        assert!(fold(&slug("Иран")).name().is_some());
        assert_ne!(slug("Иран"), slug("Ирак"));
        assert!(slug(&"a b".repeat(60)).len() <= 63);
    }
}
