//! Whose traffic a file tells and of which day, where the file itself does not say: from the user or the file's name;
//! and which pages of an encyclopaedia are asked for.

use super::Input;
use super::text::header_names;
use crate::error::{Error, Result};
use crate::ingest::gather::Name;
use crate::ingest::records::fields;
use crate::ingest::stamp::{self, Stamp};
use crate::registry::{Host, Registry, fold, is_listed};
use crate::time::Seconds;
use std::collections::HashMap;

/// What a file is about: a host, or a term of the user or of the file's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A host.
    Host(String),
    /// `term:…`.
    Term(String),
}

impl Subject {
    /// As a name of rows.
    pub(super) fn name(&self) -> Name<'_> {
        match self {
            Subject::Host(host) => Name::Host(host),
            Subject::Term(term) => Name::Topic(term),
        }
    }
}

/// What a file without names of its own is about: `--name`, or a host that its name contains, or its name.
pub(super) fn subject(input: &Input<'_>) -> Subject {
    if let Some(about) = input.hints.about {
        return of(about);
    }
    let stem = input.name.rsplit_once('.').filter(|(_, end)| is_ending(end)).map_or(input.name, |(stem, _)| stem);
    match stem.split(['_', ' ', '(', ')', ',']).find(|part| is_site(part)) {
        Some(host) => Subject::Host(host.into()),
        None => Subject::Term(term(stem)),
    }
}

/// What a word is: a host if its ending is in the Public Suffix List, a term otherwise.
pub(super) fn of(word: &str) -> Subject {
    if is_site(word) { Subject::Host(word.trim().into()) } else { Subject::Term(term(word)) }
}

/// A word as a term.
pub(super) fn term(word: &str) -> String {
    format!("term:{}", word.trim())
}

/// Whether a word is the name of a site: a registrable domain with a known ending.
pub(super) fn is_site(word: &str) -> bool {
    matches!(fold(word.trim()), Host::Domain(domain) if is_listed(&domain))
}

fn is_ending(end: &str) -> bool {
    matches!(end.to_ascii_lowercase().as_str(), "csv" | "tsv" | "txt" | "json" | "log" | "gz" | "zst" | "bz2")
}

/// The day of a list: `--date`, or the first date in the file's name.
///
/// # Errors
/// Neither tells it.
pub(super) fn day(input: &Input<'_>) -> Result<Stamp> {
    let wall = input.hints.date.or_else(|| date_in(input.name).map(|(day, _)| day)).ok_or_else(|| {
        Error::input("the file names no date, and neither does its name; give it with --date YYYY-MM-DD")
    })?;
    Ok(Stamp::Civil { wall, date_only: true })
}

/// The first date in a text (`2023-10-07`, `2023_10_07`, `20231007`; a month is its first day): start and what follows.
pub(in crate::ingest) fn date_in(text: &str) -> Option<(Seconds, &str)> {
    let digits = |at: usize, length: usize| {
        let part = text.as_bytes().get(at..at + length)?;
        part.iter().all(u8::is_ascii_digit).then(|| &text[at..at + length])
    };
    let ends = |at: usize| !text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let begins = |at: usize| at == 0 || ends(at - 1);
    let wall = |written: String| match stamp::parse(&written)? {
        Stamp::Civil { wall, date_only: true } => Some(wall),
        _ => None,
    };
    (0..text.len()).filter(|at| begins(*at) && text.is_char_boundary(*at)).find_map(|at| {
        let year = digits(at, 4).filter(|year| ("1990".."2100").contains(year))?;
        if let (Some(rest), true) = (digits(at + 4, 4), ends(at + 8)) {
            return wall(format!("{year}{rest}")).map(|day| (day, &text[at + 8..]));
        }
        let joint = *text.as_bytes().get(at + 4)?;
        if let (b'-' | b'_', Some(month)) = (joint, digits(at + 5, 2)) {
            let day = digits(at + 8, 2).filter(|_| text.as_bytes()[at + 7] == joint && ends(at + 10));
            return match day {
                Some(day) => wall(format!("{year}-{month}-{day}")).map(|time| (time, &text[at + 10..])),
                None if ends(at + 7) => wall(format!("{year}-{month}-01")).map(|time| (time, &text[at + 7..])),
                None => None,
            };
        }
        // `202310`: a month, as lists by month are named.
        let month = digits(at + 4, 2).filter(|_| ends(at + 6))?;
        wall(format!("{year}-{month}-01")).map(|time| (time, &text[at + 6..]))
    })
}

/// Pages asked for, by title, each in one project or in all, and whose traffic they count as.
#[derive(Clone, Debug, Default)]
pub(in crate::ingest) struct Articles {
    pages: HashMap<String, Vec<Page>>,
    /// Outlet → its home at any time.
    homes: HashMap<String, Vec<Home>>,
}

#[derive(Clone, Debug)]
struct Page {
    /// `None` = every project.
    project: Option<String>,
    counts_as: CountsAs,
}

/// Whose traffic the views of a page count as.
#[derive(Clone, Debug)]
enum CountsAs {
    /// Its own.
    Page,
    /// A domain's.
    Domain(String),
    /// An outlet's: the domain that it has on that day.
    Outlet(String),
}

/// A domain that an outlet is at home at from one moment to another.
#[derive(Clone, Debug)]
struct Home {
    from: Seconds,
    until: Seconds,
    domain: String,
}

impl Articles {
    /// Reads a list: CSV with a header `article` and, where told, `project` and `domain` or `outlet`; or one page a
    /// line, as `Title` or `en.wikipedia/Title`.
    ///
    /// # Errors
    /// It names no page, or a domain or outlet that is none.
    pub(in crate::ingest) fn parse(text: &str, registry: &Registry) -> Result<Articles> {
        let text = text.trim_start_matches('\u{feff}');
        let mut articles = Articles::default();
        let header = text.lines().next().map(header_names).unwrap_or_default();
        let place = |names: &[&str]| header.iter().position(|found| names.contains(&found.as_str()));
        let article = place(&["article", "page", "title"]);
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') || (index == 0 && article.is_some()) {
                continue;
            }
            let taken = match article {
                Some(article) => {
                    let fields: Vec<String> = fields(line.as_bytes(), b',').into_iter().flatten().collect();
                    let field = |column: Option<usize>| {
                        let field = column.and_then(|column| fields.get(column)).map(|field| field.trim());
                        field.filter(|field| !field.is_empty())
                    };
                    let owner = (field(place(&["domain"])), field(place(&["outlet"])));
                    match field(Some(article)) {
                        Some(title) => articles.add(title, field(place(&["project", "wiki"])), owner, registry),
                        None => Err(Error::input("no title of a page")),
                    }
                }
                None => match line.split_once('/').filter(|(project, _)| super::project::is_project(project)) {
                    Some((project, title)) => articles.add(title, Some(project), (None, None), registry),
                    None => articles.add(line, None, (None, None), registry),
                },
            };
            taken.map_err(|error| error.at_line(index as u64 + 1))?;
        }
        match articles.pages.is_empty() {
            true => Err(Error::input("the list names no page")),
            false => Ok(articles),
        }
    }

    /// The pages about known outlets that ship with the program.
    ///
    /// # Errors
    /// The shipped list is broken, which the tests rule out.
    pub(in crate::ingest) fn builtin(registry: &Registry) -> Result<Articles> {
        let mut articles = Articles::default();
        let known = registry.outlets();
        let pages = crate::registry::articles::builtin()?;
        for page in pages.iter().filter(|page| known.contains_key(page.outlet.as_str())) {
            articles.add(&page.title, Some(&page.project), (None, Some(&page.outlet)), registry)?;
        }
        Ok(articles)
    }

    fn add(
        &mut self,
        title: &str,
        project: Option<&str>,
        (domain, outlet): (Option<&str>, Option<&str>),
        registry: &Registry,
    ) -> Result<()> {
        let counts_as = match (domain, outlet) {
            (Some(domain), _) => match fold(domain) {
                Host::Domain(domain) => CountsAs::Domain(domain),
                _ => return Err(Error::input(format!("found '{domain}', expected a domain"))),
            },
            (None, Some(outlet)) => {
                let homes = homes(outlet, registry);
                if homes.is_empty() {
                    let message = format!("'{outlet}' is no outlet of the registry; add it with --domains FILE");
                    return Err(Error::input(message));
                }
                self.homes.insert(outlet.to_string(), homes);
                CountsAs::Outlet(outlet.to_string())
            }
            (None, None) => CountsAs::Page,
        };
        let project = project.map(super::project::of_host);
        self.pages.entry(normal_title(title)).or_default().push(Page { project, counts_as });
        Ok(())
    }

    /// Whether any page of that title, as dumps write it, is asked for.
    pub(super) fn has_title(&self, title: &str) -> bool {
        self.pages.contains_key(title)
    }

    /// What a page counts as on a day: `None` if nobody asked for it.
    pub(super) fn find(&self, project: &str, title: &str, time: Stamp) -> Option<Subject> {
        let pages = self.pages.get(title)?;
        let fits = |page: &&Page| page.project.as_deref().is_none_or(|wanted| wanted == project);
        let page =
            pages.iter().find(|page| page.project.is_some() && fits(page)).or_else(|| pages.iter().find(fits))?;
        let (Stamp::Instant(time) | Stamp::Civil { wall: time, .. }) = time;
        let domain = match &page.counts_as {
            CountsAs::Page => None,
            CountsAs::Domain(domain) => Some(domain),
            CountsAs::Outlet(outlet) => {
                let home = self.homes.get(outlet)?.iter().find(|home| (home.from..home.until).contains(&time));
                home.map(|home| &home.domain)
            }
        };
        Some(match domain {
            Some(domain) => Subject::Host(domain.clone()),
            None => Subject::Term(article(project, title)),
        })
    }
}

/// The domains of an outlet one after the other.
fn homes(outlet: &str, registry: &Registry) -> Vec<Home> {
    let entries = || registry.iter().filter(|entry| entry.outlet == outlet);
    let mut changes: Vec<Seconds> = entries().flat_map(|entry| [entry.from, entry.until]).flatten().collect();
    changes.push(Seconds::MIN);
    changes.sort_unstable();
    changes.dedup();
    let ends = changes.iter().skip(1).copied().chain([Seconds::MAX]);
    let spans = changes.iter().copied().zip(ends);
    spans
        .filter_map(|(from, until)| {
            registry.home(outlet, from).map(|home| Home { from, until, domain: home.domain.clone() })
        })
        .collect()
}

/// A page as a topic.
pub(super) fn article(project: &str, title: &str) -> String {
    format!("article:{project}/{title}")
}

/// What a page counts as with or without a list of pages; `None` if it is not asked for.
pub(super) fn page(articles: Option<&Articles>, project: &str, title: &str, time: Stamp) -> Option<Subject> {
    let title = normal_title(title);
    match articles {
        Some(articles) => articles.find(project, &title, time),
        None => Some(Subject::Term(article(project, &title))),
    }
}

/// Titles are written with underscores for spaces; percent signs of an address are undone.
pub(super) fn normal_title(title: &str) -> String {
    let title = title.trim().replace(' ', "_");
    if !title.contains('%') {
        return title;
    }
    let bytes = title.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match hex.filter(|_| bytes[at] == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or(title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_found_in_names() {
        let day = |name: &str| date_in(name).map(|(day, _)| stamp::show(day));
        for name in ["top-1m-2023-10-07.csv", "tranco_20231007", "x_2023_10_07_z", "2023-10-07"] {
            assert_eq!(day(name).as_deref(), Some("2023-10-07"), "{name}");
        }
        assert_eq!(day("crux-202310.csv").as_deref(), Some("2023-10-01"));
        assert_eq!(day("crux-2023-10.csv").as_deref(), Some("2023-10-01"));
        assert_eq!(date_in("pageviews-20230201-010000").map(|(_, rest)| rest), Some("-010000"));
        for name in ["tranco_Z3X9G.csv", "top-1m.csv", "2023-13-45", "120231007", ""] {
            assert_eq!(day(name), None, "{name}");
        }
    }

    #[test]
    fn a_list_of_pages_may_be_lines_or_a_table() {
        let registry = Registry::builtin().expect("sound");
        let parse = |text: &str| Articles::parse(text, &registry);
        let at = |day: &str| stamp::parse(day).expect("a day");
        let now = at("2023-10-07");
        let lines = parse("# mine\nPress TV\nen.wikipedia/RT_(TV_network)\n").expect("a list");
        let page = Some(Subject::Term("article:fa.wikipedia/Press_TV".into()));
        assert_eq!(lines.find("fa.wikipedia", "Press_TV", now), page);
        assert!(lines.find("en.wikipedia", "RT_(TV_network)", now).is_some());
        assert!(lines.find("de.wikipedia", "RT_(TV_network)", now).is_none());
        let table = parse("project,article,domain\nen.wikipedia,Press TV,presstv.ir\n").expect("a list");
        assert_eq!(table.find("en.wikipedia", "Press_TV", now), Some(Subject::Host("presstv.ir".into())));
        assert!(parse("\n").is_err() && parse("article,domain\nX,not a host\n").is_err());
        let outlets = parse("outlet,project,article\nPress TV,en.wikipedia,Press TV\n").expect("a list");
        let home = |day: &str| outlets.find("en.wikipedia", "Press_TV", at(day));
        assert_eq!(home("2020-01-01"), Some(Subject::Host("presstv.com".into())));
        assert_eq!(home("2023-10-07"), Some(Subject::Host("presstv.ir".into())));
        assert!(parse("outlet,article\nNobody,X\n").is_err());
        assert!(Articles::builtin(&registry).expect("sound").has_title("Press_TV"));
    }

    #[test]
    fn percent_signs_of_addresses_are_undone() {
        assert_eq!(normal_title("Caf%C3%A9 noir"), "Café_noir");
        assert_eq!(normal_title("100%"), "100%");
        assert_eq!(normal_title("%FF"), "%FF");
    }
}
