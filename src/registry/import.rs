//! Published lists of outlets and domains, read in the shape they are published in.
//!
//! Each row becomes an entry of the registry that names its list and line, or is told as unmapped with the reason: a
//! list that says where something was seen says nothing of who owns it, and nothing is guessed.

mod countries;

use super::{Host, fold};
use crate::calendar::{Records, Row};
use crate::error::{Error, Result};
use crate::series::Role;
pub use countries::code;
use std::collections::BTreeMap;

/// A published list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// State Media Matrix (Alliance for Securing Democracy): `Country,Media company,Main assets,URL,Typology,Status,…`.
    StateMediaMatrix,
    /// Sites of Concern (the same): `Threat Actor,Domain,Name,Source`, gathered from EUvsDisinfo and others.
    SitesOfConcern,
    /// Domains of named operations (DIMA): `domain,operation,source,identified_date,reason`.
    Operations,
}

impl List {
    /// Its name in the `source` column.
    pub fn name(self) -> &'static str {
        match self {
            List::StateMediaMatrix => "ASD State Media Matrix",
            List::SitesOfConcern => "ASD Sites of Concern",
            List::Operations => "DIMA operations",
        }
    }

    /// Which list it is, by its header.
    fn of(text: &str) -> Option<List> {
        let header = text.lines().find(|line| !line.starts_with('#'))?.to_lowercase();
        let has = |names: &[&str]| {
            let columns: Vec<&str> = header.split(',').map(|c| c.trim().trim_matches('"')).collect();
            names.iter().all(|name| columns.contains(name))
        };
        if has(&["country", "url", "typology"]) {
            Some(List::StateMediaMatrix)
        } else if has(&["threat actor", "domain", "source"]) {
            Some(List::SitesOfConcern)
        } else if has(&["domain", "operation"]) {
            Some(List::Operations)
        } else {
            None
        }
    }
}

/// An entry that a row gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// First line in the list that tells of it.
    pub line: u64,
    /// Registrable domain.
    pub domain: String,
    /// News organisation or operation.
    pub outlet: String,
    /// State.
    pub state: String,
    /// Watched or control.
    pub role: Role,
    /// As in the registry.
    pub control: &'static str,
    /// List and line, and what else the row says.
    pub source: String,
}

/// A row that gave none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmapped {
    /// Line in the list.
    pub line: u64,
    /// What stands for the domain there.
    pub domain: String,
    /// Why.
    pub reason: &'static str,
    /// More about it; may be empty.
    pub detail: String,
}

/// What a list gave.
#[derive(Clone, Debug)]
pub struct Import {
    /// Which list.
    pub list: List,
    /// Entries, in the order of the list; no domain twice.
    pub entries: Vec<Imported>,
    /// Rows that gave none.
    pub unmapped: Vec<Unmapped>,
}

/// What a row says, before its domain is folded.
struct Claim {
    outlet: String,
    state: String,
    role: Role,
    control: &'static str,
    remark: String,
}

/// Why a row gives nothing.
type Refusal = (&'static str, String);

/// Reads a list; `list` is told by the header if not by the user.
///
/// # Errors
/// The header is that of no known list, or a row is no row of CSV: with its line.
pub fn import(text: &str, file: &str, list: Option<List>) -> Result<Import> {
    let text = text.trim_start_matches('\u{feff}');
    let list = list.or_else(|| List::of(text)).ok_or_else(|| {
        Error::input(
            "no list that is known: expected the header of the State Media Matrix (Country, URL, Typology), of the Sites \
             of Concern (Threat Actor, Domain, Source) or of an operations list (domain, operation)",
        )
        .in_file(file)
    })?;
    let (column, required): (&str, &[&str]) = match list {
        List::StateMediaMatrix => ("url", &["country", "main assets", "url", "typology"]),
        List::SitesOfConcern => ("domain", &["threat actor", "domain", "source"]),
        List::Operations => ("domain", &["domain", "operation"]),
    };
    let table = Records::new(text, file, required)?;
    let mut import = Import { list, entries: Vec::new(), unmapped: Vec::new() };
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for row in table.rows() {
        let row = row?;
        let claim = match list {
            List::StateMediaMatrix => matrix(&row),
            List::SitesOfConcern => concern(&row),
            List::Operations => operation(&row),
        };
        let found = domain(row.text(column)).and_then(|domain| Ok((domain, claim?)));
        if let Err((reason, detail)) =
            found.and_then(|(domain, claim)| take(&mut import, &mut taken, domain, claim, &row))
        {
            let domain = row.text(column).to_string();
            import.unmapped.push(Unmapped { line: row.line(), domain, reason, detail });
        }
    }
    Ok(import)
}

fn take(
    import: &mut Import,
    taken: &mut BTreeMap<String, usize>,
    domain: String,
    claim: Claim,
    row: &Row<'_>,
) -> std::result::Result<(), Refusal> {
    let place = format!("{}, line {}", import.list.name(), row.line());
    let source = if claim.remark.is_empty() { place } else { format!("{place} ({})", claim.remark) };
    if let Some(first) = taken.get(&domain) {
        let first = &mut import.entries[*first];
        if (&first.outlet, &first.state) == (&claim.outlet, &claim.state) {
            first.source = format!("{}; {source}", first.source);
            return Ok(());
        }
        return Err(("the domain stands in the list for another outlet", first.outlet.clone()));
    }
    taken.insert(domain.clone(), import.entries.len());
    let Claim { outlet, state, role, control, .. } = claim;
    import.entries.push(Imported { line: row.line(), domain, outlet, state, role, control, source });
    Ok(())
}

/// Hosts on which everybody has pages: their traffic says nothing of one of them.
const SHARED: [&str; 22] = [
    "facebook.com",
    "youtube.com",
    "youtu.be",
    "twitter.com",
    "x.com",
    "instagram.com",
    "t.me",
    "telegram.me",
    "vk.com",
    "ok.ru",
    "tiktok.com",
    "linkedin.com",
    "rutube.ru",
    "google.com",
    "apple.com",
    "soundcloud.com",
    "wikipedia.org",
    "archive.org",
    "medium.com",
    "substack.com",
    "zen.yandex.ru",
    "yandex.ru",
];

fn domain(text: &str) -> std::result::Result<String, Refusal> {
    let text = text.trim().trim_end_matches([',', ';']);
    if text.is_empty() {
        return Err(("no address", String::new()));
    }
    match fold(text) {
        Host::Domain(domain) if SHARED.contains(&domain.as_str()) => Err(("a page on a shared host", domain)),
        Host::Domain(domain) => Ok(domain),
        _ => Err(("no registrable domain", String::new())),
    }
}

/// Typology of the State Media Matrix (Media and Journalism Research Center).
fn matrix(row: &Row<'_>) -> std::result::Result<Claim, Refusal> {
    let country = row.text("country");
    let state = code(country).ok_or_else(|| ("a country that is not known", country.to_string()))?;
    let typology = row.text("typology");
    let (role, control) = match typology {
        "SC" | "CaPu" => (Role::State, "state-owned"),
        "CaPr" => (Role::State, "state-linked"),
        // Funded or managed by the state, with an independent newsroom.
        "ISFM" | "ISF" | "ISM" | "IP" => (Role::Reference, "public-service"),
        other => return Err(("a typology that is not known or uncertain", other.to_string())),
    };
    let outlet = [row.text("main assets"), row.text("media company")].into_iter().find(|name| !name.is_empty());
    let outlet = outlet.ok_or_else(|| ("no name of the outlet", String::new()))?;
    let status = row.text("status");
    let remark = if status.is_empty() { typology.to_string() } else { format!("{typology}, {status}") };
    Ok(Claim { outlet: outlet.into(), state: state.into(), role, control, remark })
}

/// Of the sites of concern only those are mapped whose origin names an operation of a state.
fn concern(row: &Row<'_>) -> std::result::Result<Claim, Refusal> {
    let (actor, origin) = (row.text("threat actor"), row.text("source"));
    let claim = |outlet: &str, state: &str| Claim {
        outlet: outlet.into(),
        state: state.into(),
        role: Role::State,
        control: "covert",
        remark: origin.into(),
    };
    if !actor.is_empty() {
        let state = code(actor).ok_or_else(|| ("a threat actor that is no country", actor.to_string()))?;
        let outlet = [row.text("name"), row.text("domain")].into_iter().find(|name| !name.is_empty()).unwrap_or("");
        return Ok(claim(outlet, state));
    }
    match origin {
        "Viginum (Portal Kombat)" => Ok(claim("Portal Kombat", "RU")),
        "RT Mirror/Repost" => Ok(claim("RT mirrors and reposts", "RU")),
        "EuVsDisinfo" => Err(("listed for what it published, not for who owns it", origin.into())),
        "Intel/Suspected" => Err(("suspected, and no state named", origin.into())),
        "Wikidata All News" => Err(("a news site of which nothing more is said", origin.into())),
        "Pink Slime" | "Wikipedia Fake News" | "Newsguard AI" => Err(("not affiliated with a state", origin.into())),
        other => Err(("an origin that is not known", other.to_string())),
    }
}

/// Operations by name, with the state that the sources named in the list hold responsible.
fn operation(row: &Row<'_>) -> std::result::Result<Claim, Refusal> {
    let name = row.text("operation");
    let folded: String = name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    let (outlet, state) = match folded.as_str() {
        "storm1516" => ("Storm-1516", "RU"),
        "copycop" => ("CopyCop", "RU"),
        // The sites named Pravda are the later face of the same network (VIGINUM; DFRLab and CheckFirst).
        "portalkombat" | "pravda" => ("Portal Kombat", "RU"),
        "rrn" | "reliablerecentnews" => ("Reliable Recent News", "RU"),
        "doppelganger" => ("Doppelganger", "RU"),
        "baybridge" => ("Baybridge", "CN"),
        _ => return Err(("an operation that is not known", name.to_string())),
    };
    let told = [row.text("source"), row.text("identified_date")];
    let remark = match told {
        [source, ""] => source.to_string(),
        [source, date] => format!("{source}, identified {date}"),
    };
    Ok(Claim { outlet: outlet.into(), state: state.into(), role: Role::State, control: "covert", remark })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(import: &Import) -> Vec<(u64, &str)> {
        import.unmapped.iter().map(|row| (row.line, row.reason)).collect()
    }

    #[test]
    fn the_matrix_gives_owned_linked_and_public_outlets() {
        let text = "\u{feff}Region,Country,Media company,Main assets,URL,Typology,Status,Notes\n\
            Asia,Iran,IRIB,Press TV,https://www.presstv.ir/en/,SC,,\n\
            Asia,Iran,IRIB,Press TV,https://fr.presstv.ir,SC,Merged from Hamilton,\n\
            Europe,Germany,DW,Deutsche Welle,www.dw.com,ISFM,,\n\
            Europe,Russia,RT,RT on Facebook,https://facebook.com/rt,SC,,\n\
            Europe,Atlantis,X,Y,https://y.org,SC,,\n\
            Europe,Hungary,X,Y,https://y.hu,ISFM?,,\n\
            Asia,China,X,Y,,SC,,\n\
            Asia,Iran,IRIB,iFilm,https://ifilm.presstv.ir,SC,,\n";
        let import = import(text, "m.csv", None).unwrap();
        assert_eq!(import.list, List::StateMediaMatrix);
        let told: Vec<_> = import.entries.iter().map(|e| (e.domain.as_str(), e.state.as_str(), e.control)).collect();
        assert_eq!(told, [("presstv.ir", "IR", "state-owned"), ("dw.com", "DE", "public-service")]);
        assert_eq!(
            import.entries[0].source,
            "ASD State Media Matrix, line 2 (SC); ASD State Media Matrix, line 3 (SC, Merged from Hamilton)"
        );
        assert_eq!(import.entries[1].role, Role::Reference);
        let expected = [
            (5, "a page on a shared host"),
            (6, "a country that is not known"),
            (7, "a typology that is not known or uncertain"),
            (8, "no address"),
            (9, "the domain stands in the list for another outlet"),
        ];
        assert_eq!(reasons(&import), expected);
    }

    #[test]
    fn of_sites_of_concern_only_named_operations_are_taken() {
        let text = "Threat Actor,Domain,Name,Source\n,https://ria.ru,,EuVsDisinfo\n,https://piter-news.net,,Viginum (Portal Kombat)\n\
                    ,https://independent.co.uk,,Wikidata All News\n,\"https://a.com, \",,Newsguard AI\nRussia,https://b.com,B,x\n";
        let import = import(text, "c.csv", None).unwrap();
        let told: Vec<_> = import.entries.iter().map(|e| (e.domain.as_str(), e.outlet.as_str())).collect();
        assert_eq!(told, [("piter-news.net", "Portal Kombat"), ("b.com", "B")]);
        assert_eq!(import.unmapped.len(), 3);
    }

    #[test]
    fn an_operation_has_a_state_and_its_date_is_no_beginning() {
        let text = "domain,operation,source,identified_date,reason\nbild.asia,Doppelganger,Qurium,2022-07-12,Clone\n\
                    x.com.cn,Baybridge,T,2025,r\nmalformed host,RRN,V,,r\ny.org,Unheard,V,,r\n";
        let import = import(text, "d.csv", None).unwrap();
        assert_eq!(import.entries[0].source, "DIMA operations, line 2 (Qurium, identified 2022-07-12)");
        assert_eq!(import.entries[1].state, "CN");
        assert_eq!(reasons(&import), [(4, "no registrable domain"), (5, "an operation that is not known")]);
        assert!(super::import("a,b\n1,2\n", "d.csv", None).is_err());
    }
}
