//! Tables in memory, as a data frame holds them, to a panel: the same steps as for files.

use super::assembly::Assembly;
use super::check::{Check, Memory};
use super::groups::{Group, Grouped, RawRow, TimeCoding};
use super::header::{self, Chosen, Use};
use super::rows::{self, Rules, fill};
use super::stamp::Zone;
use super::{Loaded, Request};
use crate::error::{Error, Result};
use crate::series::Kind;
use std::collections::HashMap;

/// What stands in one cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Datum<'a> {
    /// Nothing.
    Missing,
    /// Words, or digits as words.
    Text(&'a str),
    /// A whole number.
    Whole(i64),
    /// A number.
    Number(f64),
}

impl Datum<'_> {
    /// The cell as it would be written; `None` where there is nothing.
    fn text(&self) -> Option<String> {
        match self {
            Datum::Missing => None,
            Datum::Text(text) => Some((*text).to_string()),
            Datum::Whole(number) => Some(number.to_string()),
            Datum::Number(number) => Some(format!("{number:?}")),
        }
    }

    /// The cell as a plain amount: a number, finite and not negative.
    fn amount(&self) -> Option<f64> {
        let number = match self {
            Datum::Missing => return None,
            Datum::Text(text) => text.parse().ok()?,
            Datum::Whole(number) => *number as f64,
            Datum::Number(number) => *number,
        };
        (0.0..=f64::MAX).contains(&number).then_some(number)
    }
}

/// A long table in memory.
pub trait Table {
    /// What the table is called in errors.
    fn name(&self) -> &str;
    /// Names of its columns.
    fn header(&self) -> Vec<String>;
    /// Number of rows.
    fn rows(&self) -> usize;
    /// How a column is coded if it is taken for the time.
    fn coding(&self, column: usize) -> TimeCoding;
    /// One cell; rows and columns count from 0.
    fn cell(&self, column: usize, row: usize) -> Datum<'_>;

    /// How many rows one row stands for: more than one where equal keys were added up already.
    fn weight(&self, _row: usize) -> u64 {
        1
    }
}

/// Brings tables of traffic, and of totals, into one panel. Columns are recognised and cells read as those of files
/// are; rows are counted from 1 in errors.
///
/// # Errors
/// The first defect of a table with its row and column; nothing is left to watch; the totals do not fit.
pub fn load_tables(request: &Request<'_>, traffic: &[&dyn Table], totals: &[&dyn Table]) -> Result<Loaded> {
    let zone = Zone::named(request.time_zone.as_deref())?;
    let mut assembly = Assembly::new(request, zone.clone());
    let columns = request.columns.clone();
    let hints = request.hints.clone();
    let mut rules = Rules {
        columns,
        purpose: Use::Traffic,
        kind: request.kind,
        zone,
        hints,
        #[cfg(feature = "ingest")]
        articles: None,
    };
    for table in traffic {
        assembly.add(read(*table, &rules)?)?;
    }
    (rules.purpose, rules.kind) = (Use::Total, Some(Kind::Count));
    assembly.finish(totals.iter().map(|table| read(*table, &rules)))
}

pub(super) fn read(table: &dyn Table, rules: &Rules) -> Result<rows::Table> {
    checked(table, rules).map_err(|error| error.in_file(table.name()))
}

fn checked(table: &dyn Table, rules: &Rules) -> Result<rows::Table> {
    let header = table.header();
    let chosen = header::choose(&header, &rules.columns, rules.purpose)?;
    if table.rows() == 0 {
        return Err(Error::input("the table has no rows"));
    }
    let written = own_kind(table, &chosen);
    let kind = rules.kind.or(written).unwrap_or_else(|| header::kind_of(&header[chosen.value]));
    let chosen = Chosen { kind: chosen.kind.filter(|_| written.is_some() && rules.kind.is_none()), ..chosen };
    let grouped = grouped(table, &chosen, kind);
    let mut read = rows::Table {
        name: table.name().into(),
        bytes: 0,
        sha256: String::new(),
        identity: String::new(),
        origin: None,
        lines: table.rows() as u64,
        kind,
        has_country: chosen.country.is_some(),
        names: Vec::new(),
        rows: Vec::new(),
        notes: header::note(&header, &chosen).into_iter().collect(),
        skipped: Vec::new(),
        totals: Vec::new(),
        lists: Vec::new(),
    };
    match of_one_kind(table, &chosen, kind) && fill(&mut read, &grouped, &rules.zone, chosen.domain.is_some()) {
        true => Ok(read),
        false => Err(defect(table, &Check { header: &header, chosen: &chosen, kind, zone: &rules.zone })),
    }
}

/// The kind that a table of our own says its values are of: in its first row.
fn own_kind(table: &dyn Table, chosen: &Chosen) -> Option<Kind> {
    table.cell(chosen.kind?, 0).text().as_deref().and_then(Kind::from_name)
}

fn of_one_kind(table: &dyn Table, chosen: &Chosen, kind: Kind) -> bool {
    chosen.kind.is_none_or(|column| {
        (0..table.rows()).all(|row| matches!(table.cell(column, row), Datum::Text(text) if text == kind.name()))
    })
}

/// The first defect, row by row.
fn defect(table: &dyn Table, check: &Check<'_>) -> Error {
    let Chosen { time, domain, country, value, kind, .. } = *check.chosen;
    let coding = table.coding(time);
    let mut memory = Memory::default();
    let found = (0..table.rows()).find_map(|row| {
        let text = |column: usize| table.cell(column, row).text();
        let (domain, country) = (domain.and_then(text), country.and_then(text));
        let cells = RawRow {
            time: text(time),
            domain,
            country,
            value: text(value),
            kind: kind.map(|kind| text(kind).unwrap_or_default()),
        };
        check.row(&cells, row as u64 + 1, coding, &mut memory).err()
    });
    found.unwrap_or_else(|| Error::input("the table is inconsistent, but no single row is at fault"))
}

/// Takes the rows of one time, domain and country as written together.
fn grouped(table: &dyn Table, chosen: &Chosen, kind: Kind) -> Grouped {
    let mut texts = Texts::default();
    let mut place: HashMap<[Option<u32>; 4], usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for row in 0..table.rows() {
        let mut index = |column: Option<usize>| match column {
            Some(column) => texts.index(table.cell(column, row)),
            None => texts.index(Datum::Text("")),
        };
        let [time, domain, country] = [Some(chosen.time), chosen.domain, chosen.country].map(&mut index);
        let value = table.cell(chosen.value, row);
        let amount = value.amount();
        let odd = match (amount, value) {
            (Some(_), _) => None,
            (None, Datum::Missing) => match chosen.below.and_then(|column| table.cell(column, row).text()) {
                Some(bound) if !bound.is_empty() => {
                    texts.index(Datum::Text(&format!("{}{bound}", if kind == Kind::Rank { '>' } else { '<' })))
                }
                _ => texts.index(Datum::Text("")),
            },
            (None, odd) => texts.index(odd),
        };
        let at = *place.entry([time, domain, country, odd]).or_insert_with(|| {
            groups.push(Group { time, domain, country, odd, rows: 0, sum: 0.0, largest: 0.0 });
            groups.len() - 1
        });
        let group = &mut groups[at];
        group.rows += table.weight(row);
        group.sum += amount.unwrap_or(0.0);
        group.largest = group.largest.max(amount.unwrap_or(0.0));
    }
    let mut grouped = Grouped { groups, texts: texts.list, coding: table.coding(chosen.time) };
    grouped.sort();
    grouped
}

/// Distinct texts.
#[derive(Default)]
struct Texts {
    list: Vec<String>,
    known: HashMap<String, u32>,
    whole: HashMap<i64, u32>,
}

impl Texts {
    fn index(&mut self, cell: Datum<'_>) -> Option<u32> {
        match cell {
            Datum::Missing => None,
            Datum::Text(text) => Some(self.text(text)),
            Datum::Number(_) => cell.text().map(|text| self.text(&text)),
            Datum::Whole(number) => Some(match self.whole.get(&number) {
                Some(index) => *index,
                None => {
                    let index = self.text(&number.to_string());
                    self.whole.insert(number, index);
                    index
                }
            }),
        }
    }

    fn text(&mut self, text: &str) -> u32 {
        if let Some(index) = self.known.get(text) {
            return *index;
        }
        let index = self.list.len() as u32;
        self.list.push(text.into());
        self.known.insert(text.into(), index);
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;

    /// Rows of texts under a header.
    struct Rows(Vec<&'static str>, Vec<Vec<&'static str>>);

    impl Table for Rows {
        fn name(&self) -> &str {
            "df"
        }

        fn header(&self) -> Vec<String> {
            self.0.iter().map(|name| name.to_string()).collect()
        }

        fn rows(&self) -> usize {
            self.1.len()
        }

        fn coding(&self, _column: usize) -> TimeCoding {
            TimeCoding::Text
        }

        fn cell(&self, column: usize, row: usize) -> Datum<'_> {
            match self.1[row][column] {
                "" => Datum::Missing,
                text => Datum::Text(text),
            }
        }
    }

    fn load(header: &'static str, rows: &[&'static str]) -> Result<Loaded> {
        let registry = Registry::builtin().unwrap();
        let split = |text: &'static str| text.split(',').collect::<Vec<_>>();
        let table = Rows(split(header), rows.iter().map(|row| split(row)).collect());
        load_tables(&Request::new(Vec::new(), &registry), &[&table], &[])
    }

    #[test]
    fn rows_of_one_key_add_up_and_what_is_missing_stays_so() {
        let rows = [
            "2023-10-01,rt.com,5",
            "2023-10-01,www.rt.com,7",
            "2023-10-02,rt.com,",
            "2023-10-03,rt.com,<4",
            "2023-10-04,rt.com,0",
        ];
        let series = load("date,host,views", &rows).unwrap().panel.series.remove(0);
        assert_eq!((series.values[0], series.values[3]), (12.0, 0.0));
        assert!(series.values[1].is_nan() && series.values[2].is_nan());
        assert_eq!(series.censored.get(&2), Some(&4.0));
        assert!(!series.censored.contains_key(&1));
    }

    #[test]
    fn a_table_of_our_own_says_its_kind_and_its_bounds() {
        let header = "timestamp,domain,visits,below,kind";
        let rows = ["2023-10-01,rt.com,5,,scaled", "2023-10-02,rt.com,,3,scaled", "2023-10-03,rt.com,6,,scaled"];
        let series = load(header, &rows).unwrap().panel.series.remove(0);
        assert_eq!((series.kind, series.censored.get(&1)), (Kind::Scaled, Some(&3.0)));
        let mixed = ["2023-10-01,rt.com,5,,scaled", "2023-10-02,rt.com,6,,count"];
        let error = load(header, &mixed).unwrap_err().to_string();
        assert_eq!(error, "df:2: column 'kind': found 'count', expected 'scaled' as in the rows before");
    }

    #[test]
    fn the_first_defect_is_named_by_row_and_column() {
        let error = load("date,site,visits", &["2023-10-01,rt.com,5", "2023-10-02,rt.com,-5"]).unwrap_err().to_string();
        assert_eq!(error, "df:2: column 'visits': found '-5', expected a number that is not negative");
        let error = load("date,site,visits", &["2023-10-01,example.com,5"]).unwrap_err().to_string();
        assert!(
            error.starts_with("no known state outlet in the input (domain not in the registry: 1 rows)"),
            "{error}"
        );
    }
}
