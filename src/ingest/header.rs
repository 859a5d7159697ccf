//! Which column is which: recognised by name, or named by the user.

use crate::error::{Error, Result};
use crate::series::Kind;

const TIME: [&str; 18] = [
    "timestamp",
    "date",
    "day",
    "datetime",
    "date_time",
    "time",
    "hour",
    "ds",
    "ts",
    "time_stamp",
    "week",
    "period",
    "obs_date",
    "date_hour",
    "nth_day",
    "timestamps",
    "event_time",
    "start",
];
const DOMAIN: [&str; 12] = [
    "domain",
    "site",
    "host",
    "hostname",
    "url",
    "origin",
    "page",
    "website",
    "domain_name",
    "project",
    "source",
    "outlet",
];
const COUNTRY: [&str; 9] =
    ["country", "geo", "region", "country_code", "countrycode", "cc", "iso2", "client_country", "location"];
const VALUE: [&str; 22] = [
    "visits",
    "views",
    "pageviews",
    "page_views",
    "count",
    "hits",
    "value",
    "users",
    "visitors",
    "sessions",
    "requests",
    "views_ceil",
    "share",
    "rank",
    "total",
    "y",
    "traffic",
    "n",
    "num",
    "clicks",
    "values",
    "active_users",
];

/// Columns as the user named them; `None` = recognise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Time stamp.
    pub time: Option<String>,
    /// Domain, host or address.
    pub domain: Option<String>,
    /// Country of the readers; `none` = not told apart.
    pub country: Option<String>,
    /// Value.
    pub value: Option<String>,
}

/// Positions of the columns in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    /// Time stamp.
    pub time: usize,
    /// Domain; absent in totals.
    pub domain: Option<usize>,
    /// Country, if the table tells it.
    pub country: Option<usize>,
    /// Value.
    pub value: usize,
    /// Kind of the value, in tables of our own.
    pub kind: Option<usize>,
    /// Bound that a value without a number lies below, in tables of our own.
    pub below: Option<usize>,
}

/// What a table is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Traffic by domain.
    Traffic,
    /// The denominator: traffic of everything.
    Total,
}

/// Small letters, words joined by `_`: how names are compared.
pub(super) fn normal(name: &str) -> String {
    let name = name.trim().trim_matches('"').trim();
    name.chars().map(|c| if c == ' ' || c == '-' { '_' } else { c.to_ascii_lowercase() }).collect()
}

/// How many columns of a header are recognised: tells a delimiter from the others.
#[cfg(feature = "ingest")]
pub(super) fn recognised(header: &[String]) -> usize {
    [&TIME[..], &DOMAIN, &COUNTRY, &VALUE].iter().filter(|aliases| find(header, aliases).is_some()).count()
}

/// Chooses the columns.
///
/// # Errors
/// A column named by the user is not there, or none is recognised: lists what was found.
pub(super) fn choose(header: &[String], columns: &Columns, purpose: Use) -> Result<Chosen> {
    let strict = purpose == Use::Traffic;
    let one = |name: &Option<String>, aliases: &[&str]| match name {
        Some(name) => match find(header, &[&normal(name)]) {
            None if strict => Err(missing(header, &format!("no column '{name}'"), None)),
            // Options name the columns of the traffic; a total may call its own otherwise.
            found => Ok(found.or_else(|| find(header, aliases))),
        },
        None => Ok(find(header, aliases)),
    };
    let needed = |found: Option<usize>, what: &str, aliases: &[&str], option: &str| {
        found.ok_or_else(|| missing(header, &format!("no {what} column"), Some((aliases, option))))
    };
    let time = needed(one(&columns.time, &TIME)?, "time", &TIME, "--time-col")?;
    let domain = match purpose {
        Use::Traffic => {
            Some(needed(one(&columns.domain, &DOMAIN)?, "domain", &DOMAIN, "--domain-col").map_err(one_series)?)
        }
        Use::Total => None,
    };
    let country = match &columns.country {
        Some(name) if normal(name) == "none" => None,
        name => one(name, &COUNTRY)?.filter(|country| Some(*country) != domain),
    };
    let value = needed(one(&columns.value, &VALUE)?, "value", &VALUE, "--value-col")?;
    for index in [Some(time), domain, country, Some(value)].into_iter().flatten() {
        named_once(header, index)?;
    }
    Ok(Chosen { time, domain, country, value, kind: find(header, &["kind"]), below: find(header, &["below"]) })
}

/// Of two columns of one name none is the right one.
///
/// # Errors
/// There are two.
pub(super) fn named_once(header: &[String], index: usize) -> Result<()> {
    let name = &header[index];
    match header.iter().filter(|other| normal(other) == normal(name)).count() {
        0 | 1 => Ok(()),
        count => Err(Error::input(format!("found {count} columns named '{}': rename all but one", name.trim()))),
    }
}

/// Says which columns were taken for what, where the name does not say it itself.
pub(super) fn note(header: &[String], chosen: &Chosen) -> Option<String> {
    let roles = [
        ("timestamp", Some(chosen.time)),
        ("domain", chosen.domain),
        ("country", chosen.country),
        ("visits", Some(chosen.value)),
    ];
    let renamed: Vec<String> = roles
        .iter()
        .filter_map(|(role, index)| index.map(|index| (role, &header[index])))
        .filter(|(role, name)| normal(name) != **role)
        .map(|(role, name)| format!("'{name}' as {role}"))
        .collect();
    (!renamed.is_empty()).then(|| format!("column {} read", renamed.join(", ")))
}

/// What the name of a value column says about its numbers.
pub(super) fn kind_of(name: &str) -> Kind {
    match normal(name).as_str() {
        "rank" => Kind::Rank,
        "share" | "share_pct" | "fraction" => Kind::Share,
        "views_ceil" => Kind::Rounded,
        _ => Kind::Count,
    }
}

/// Positions of columns that may be the time, best first.
#[cfg(feature = "ingest")]
pub(super) fn time_candidates(header: &[String]) -> Vec<usize> {
    TIME.iter().filter_map(|alias| find(header, &[alias])).collect()
}

/// Positions of columns that may be the value, best first.
#[cfg(feature = "ingest")]
pub(super) fn value_candidates(header: &[String]) -> Vec<usize> {
    VALUE.iter().filter_map(|alias| find(header, &[alias])).collect()
}

fn find(header: &[String], aliases: &[&str]) -> Option<usize> {
    aliases.iter().find_map(|alias| header.iter().position(|name| normal(name) == **alias))
}

/// A table without domains may well be one series: that has a command of its own.
fn one_series(error: Error) -> Error {
    Error::input(format!("{error}; if the table is one series, 'floodmark detect' reads it"))
}

fn missing(header: &[String], what: &str, known: Option<(&[&str], &str)>) -> Error {
    let found: Vec<String> = header.iter().map(|name| format!("'{}'", name.trim())).collect();
    let found = found.join(", ");
    match known {
        Some((aliases, option)) => Error::input(format!(
            "{what}: found {found}; expected one of {}, … or its name with {option}",
            aliases[..6].join(", ")
        )),
        None => Error::input(format!("{what}: found {found}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(names: &str) -> Vec<String> {
        names.split(',').map(String::from).collect()
    }

    #[test]
    fn aliases_are_recognised_in_any_case_and_order() {
        let header = header("Views,Geo,HOST,Date");
        let chosen = choose(&header, &Columns::default(), Use::Traffic).unwrap();
        assert_eq!(chosen, Chosen { time: 3, domain: Some(2), country: Some(1), value: 0, kind: None, below: None });
        let expected = "column 'Date' as timestamp, 'HOST' as domain, 'Geo' as country, 'Views' as visits read";
        assert_eq!(note(&header, &chosen).unwrap(), expected);
    }

    #[test]
    fn the_user_may_name_columns_and_hears_what_is_there() {
        let header = header("when,who,many");
        let columns = Columns {
            time: Some("when".into()),
            domain: Some("who".into()),
            value: Some("MANY".into()),
            country: None,
        };
        assert_eq!(choose(&header, &columns, Use::Traffic).unwrap().value, 2);
        let wrong = Columns { value: Some("visits".into()), ..columns };
        let error = choose(&header, &wrong, Use::Traffic).unwrap_err().to_string();
        assert_eq!(error, "no column 'visits': found 'when', 'who', 'many'");
        let error = choose(&header, &Columns::default(), Use::Traffic).unwrap_err().to_string();
        assert!(error.starts_with("no time column: found 'when', 'who', 'many'; expected one of timestamp, date,"));
        assert!(error.ends_with("--time-col"));
    }

    #[test]
    fn a_total_needs_no_domain() {
        let chosen = choose(&header("date,visits"), &Columns::default(), Use::Total).unwrap();
        assert_eq!(chosen, Chosen { time: 0, domain: None, country: None, value: 1, kind: None, below: None });
    }

    #[test]
    fn the_name_of_the_value_tells_its_kind() {
        assert_eq!(
            [kind_of("Rank"), kind_of("visits"), kind_of("views_ceil")],
            [Kind::Rank, Kind::Count, Kind::Rounded]
        );
    }
}
