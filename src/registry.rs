//! The registry: which domain belongs to which outlet of which state, and when.
//!
//! The registry that ships with the program is `datasets/domains.csv`
//! (`domain,outlet,state,role,control,language,from,until,source`). Files of the user add to it; what they say about
//! a domain replaces what the shipped registry says about it. `from` and `until` are `YYYY[-MM[-DD]]`, both
//! included, or empty for "as far as is known".

pub mod articles;
mod host;
pub mod import;

pub use host::{Host, PUBLIC_SUFFIX_LIST, fold, host, is_listed};

use crate::calendar::{Records, Row, is_code, span};
use crate::error::{Error, Result};
use crate::series::Role;
use crate::time::Seconds;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The registry that ships with the program.
const BUILTIN: &str = include_str!("../datasets/domains.csv");

/// What the registry says about one domain for a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Registrable domain.
    pub domain: String,
    /// News organisation.
    pub outlet: String,
    /// State it is affiliated with; may be empty for reference outlets.
    pub state: String,
    /// Watched or control.
    pub role: Role,
    /// state-owned, state-funded, state-linked, covert; empty if not told.
    pub control: String,
    /// Language of the site.
    pub language: String,
    /// First second that it holds for.
    pub from: Option<Seconds>,
    /// First second that it no longer holds for.
    pub until: Option<Seconds>,
    /// Where this is known from.
    pub source: String,
    file: String,
    line: u64,
}

impl Entry {
    /// Whether the entry holds at a moment.
    pub fn holds_at(&self, time: Seconds) -> bool {
        self.from.is_none_or(|from| from <= time) && self.until.is_none_or(|until| time < until)
    }

    fn overlaps(&self, other: &Entry) -> bool {
        let starts_before = |a: &Entry, b: &Entry| b.until.is_none_or(|until| a.from.is_none_or(|from| from < until));
        starts_before(self, other) && starts_before(other, self)
    }

    fn fault(&self, column: &str, message: impl Into<String>) -> Error {
        Error::input(message).in_file(&self.file).at_line(self.line).in_column(column)
    }
}

/// Outlets and their domains.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// Domain → its entries, in the order read.
    entries: BTreeMap<String, Vec<Entry>>,
    digest: Sha256,
}

impl Registry {
    /// A registry that knows nobody.
    pub fn empty() -> Registry {
        Registry::default()
    }

    /// The registry that ships with the program.
    ///
    /// # Errors
    /// The shipped file is broken, which the tests rule out.
    pub fn builtin() -> Result<Registry> {
        let mut registry = Registry::empty();
        registry.add(BUILTIN, "datasets/domains.csv")?;
        Ok(registry)
    }

    /// Adds a file of the user; see [`Registry::add`].
    pub fn add_file(&mut self, path: &Path) -> Result<()> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|e| Error::io("cannot read the domains", e).in_file(&name))?;
        self.add(&text, &name)
    }

    /// Adds the rows of a text. Only `domain`, `outlet`, `state` and `role` need be there. What it says about a
    /// domain replaces what was known about it. Nothing is changed if there is an error.
    ///
    /// # Errors
    /// A column is missing, or a row has an unknown role or a date of another form: with line and column.
    pub fn add(&mut self, text: &str, file: &str) -> Result<()> {
        let table = Records::new(text, file, &["domain", "outlet", "state", "role"])?;
        let mut added: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        for row in table.rows() {
            let entry = entry(&row?, file)?;
            added.entry(entry.domain.clone()).or_default().push(entry);
        }
        self.entries.extend(added);
        self.digest.update(text.as_bytes());
        Ok(())
    }

    /// What holds for a registrable domain at a moment.
    pub fn lookup(&self, domain: &str, time: Seconds) -> Option<&Entry> {
        self.entries(domain).iter().find(|entry| entry.holds_at(time))
    }

    /// Everything about a registrable domain, whatever its dates.
    pub fn entries(&self, domain: &str) -> &[Entry] {
        self.entries.get(domain).map_or(&[], Vec::as_slice)
    }

    /// All entries, sorted by domain.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().flatten()
    }

    /// The domain that stands for an outlet at a moment: of those in force the first of its file.
    pub fn home(&self, outlet: &str, time: Seconds) -> Option<&Entry> {
        self.home_between(outlet, time, time)
    }

    /// The domain that stands for an outlet in a stretch of time: of those in force at its end the first of its file,
    /// one that was in force at its beginning too if there is such.
    pub fn home_between(&self, outlet: &str, from: Seconds, to: Seconds) -> Option<&Entry> {
        let own = self.iter().filter(|entry| entry.outlet == outlet && entry.holds_at(to));
        own.min_by_key(|entry| (!entry.holds_at(from), entry.line, &entry.domain))
    }

    /// Outlet → its domains, both sorted.
    pub fn outlets(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut outlets: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for entry in self.iter() {
            outlets.entry(&entry.outlet).or_default().insert(&entry.domain);
        }
        outlets
    }

    /// Domain → its family, named by one of its domains: outlets that share a domain, at whatever dates, are of one
    /// family. What is computed of one family needs no other.
    pub fn families(&self) -> BTreeMap<&str, &str> {
        let mut family: BTreeMap<&str, &str> = self.entries.keys().map(|domain| (&**domain, &**domain)).collect();
        let outlets = self.outlets();
        let mut settled = false;
        while !settled {
            settled = true;
            for domains in outlets.values() {
                let Some(least) = domains.iter().map(|domain| family[domain]).min() else { continue };
                for domain in domains {
                    settled &= family.insert(domain, least) == Some(least);
                }
            }
        }
        family
    }

    /// First twelve hexadecimal digits of the SHA-256 of everything read.
    pub fn version(&self) -> String {
        let digest = self.digest.clone().finalize();
        digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Everything that is wrong with the entries: overlapping dates, bad codes, names that are no registrable domain.
    pub fn check(&self) -> Vec<Error> {
        let mut faults: Vec<Error> = self.iter().flat_map(entry_faults).collect();
        for entries in self.entries.values() {
            for (index, entry) in entries.iter().enumerate() {
                if let Some(earlier) = entries[..index].iter().find(|earlier| earlier.overlaps(entry)) {
                    let message = format!("'{}' stands on line {} for the same dates", entry.domain, earlier.line);
                    faults.push(entry.fault("domain", message));
                }
            }
        }
        faults
    }
}

fn entry_faults(entry: &Entry) -> Vec<Error> {
    let mut faults = Vec::new();
    if !matches!(fold(&entry.domain), Host::Domain(domain) if domain == entry.domain) {
        let message = match fold(&entry.domain) {
            Host::Domain(domain) => format!("found '{}', expected the registrable domain '{domain}'", entry.domain),
            _ => format!("found '{}', expected a registrable domain", entry.domain),
        };
        faults.push(entry.fault("domain", message));
    }
    if entry.outlet.is_empty() {
        faults.push(entry.fault("outlet", "found nothing, expected the name of the outlet"));
    }
    let stateless = entry.state.is_empty() && entry.role == Role::Reference;
    if !stateless && !is_code(&entry.state) {
        let message = format!("found '{}', expected an ISO 3166-1 code of two capital letters", entry.state);
        faults.push(entry.fault("state", message));
    }
    if matches!((entry.from, entry.until), (Some(from), Some(until)) if until <= from) {
        faults.push(entry.fault("until", "the entry ends before it begins"));
    }
    faults
}

fn entry(row: &Row<'_>, file: &str) -> Result<Entry> {
    let role = match row.text("role") {
        "state" | "" => Role::State,
        "reference" => Role::Reference,
        other => return Err(row.fault("role", format!("found '{other}', expected state or reference"))),
    };
    let date = |column: &str| match row.text(column) {
        "" => Ok(None),
        text => span(text)
            .map(Some)
            .ok_or_else(|| row.fault(column, format!("found '{text}', expected YYYY, YYYY-MM or YYYY-MM-DD"))),
    };
    Ok(Entry {
        domain: row.text("domain").into(),
        outlet: row.text("outlet").into(),
        state: row.text("state").into(),
        role,
        control: row.text("control").into(),
        language: row.text("language").into(),
        from: date("from")?.map(|(start, _)| start),
        until: date("until")?.map(|(_, end)| end),
        source: row.text("source").into(),
        file: file.into(),
        line: row.line(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "domain,outlet,state,role,control,language,from,until,source\n";

    fn registry(rows: &str) -> Registry {
        let mut registry = Registry::empty();
        registry.add(&format!("{HEADER}{rows}"), "d.csv").unwrap();
        registry
    }

    #[test]
    fn the_shipped_registry_is_clean() {
        let registry = Registry::builtin().unwrap();
        assert!(registry.check().is_empty(), "{:?}", registry.check());
        assert!(registry.iter().any(|entry| entry.role == Role::State));
        assert!(registry.iter().any(|entry| entry.role == Role::Reference));
        assert_eq!(registry.version().len(), 12);
    }

    #[test]
    fn an_entry_holds_between_its_dates_both_included() {
        let registry = registry("presstv.com,Press TV,IR,state,,,2007-07,2021-06-22,x\n");
        let at = |day: &str| registry.lookup("presstv.com", span(day).unwrap().0).is_some();
        assert!(!at("2007-06-30") && at("2007-07-01") && at("2021-06-22") && !at("2021-06-23"));
        assert!(registry.lookup("presstv.ir", 0).is_none());
    }

    #[test]
    fn a_file_of_the_user_replaces_what_was_known_of_its_domains_only() {
        let mut registry = registry("rt.com,RT,RU,state,,,,,x\nsputnik.by,Sputnik,RU,state,,,,,x\n");
        let before = registry.version();
        registry.add("domain,outlet,state,role\nrt.com,RT!,RU,reference\n", "mine.csv").unwrap();
        assert_eq!(registry.lookup("rt.com", 0).map(|e| (e.outlet.as_str(), e.role)), Some(("RT!", Role::Reference)));
        assert_eq!(registry.outlets().keys().copied().collect::<Vec<_>>(), ["RT!", "Sputnik"]);
        assert_ne!(registry.version(), before);
    }

    #[test]
    fn outlets_that_share_a_domain_are_one_family() {
        let registry = registry(
            "a.com,A,IR,state,,,,2020,x\na.com,B,IR,state,,,2021,,x\nb.com,B,IR,state,,,,,x\nc.com,C,IR,state,,,,,x\n",
        );
        let families = registry.families();
        assert_eq!((families["a.com"], families["b.com"], families["c.com"]), ("a.com", "a.com", "c.com"));
    }

    #[test]
    fn check_names_every_fault() {
        let faults = registry(
            "www.rt.com,RT,RU,state,,,,,x\n\
             presstv.ir,Press TV,Iran,state,,,,,x\n\
             a.com,A,IR,state,,,2020,2022,x\n\
             a.com,B,IR,state,,,2022-05,,x\n\
             b.com,B,IR,state,,,2022,2021,x\n",
        )
        .check();
        let text: Vec<String> = faults.iter().map(Error::to_string).collect();
        let expected = [
            "d.csv:6: column 'until': the entry ends before it begins",
            "d.csv:3: column 'state': found 'Iran', expected an ISO 3166-1 code of two capital letters",
            "d.csv:2: column 'domain': found 'www.rt.com', expected the registrable domain 'rt.com'",
            "d.csv:5: column 'domain': 'a.com' stands on line 4 for the same dates",
        ];
        assert_eq!(text, expected);
    }

    #[test]
    fn a_wrong_row_is_refused_and_changes_nothing() {
        let mut registry = registry("rt.com,RT,RU,state,,,,,x\n");
        let error = registry.add("domain,outlet,state,role\na.com,A,IR,spy\n", "m.csv").unwrap_err();
        assert_eq!(error.to_string(), "m.csv:2: column 'role': found 'spy', expected state or reference");
        assert_eq!(registry.iter().count(), 1);
        assert!(registry.add("domain,outlet\na.com,A\n", "m.csv").is_err());
    }
}
