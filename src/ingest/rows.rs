//! The rows of one table, their texts given a meaning.

use super::groups::Grouped;
use super::header::{Columns, Use};
use super::meaning::{Domain, Meaning};
use super::stamp::{Place, Zone};
use crate::series::Kind;
use crate::time::Seconds;

/// How tables are to be understood.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    /// Columns as the user named them.
    pub columns: Columns,
    /// What the table is for.
    pub purpose: Use,
    /// What the numbers are; `None` = by the name of the column.
    pub kind: Option<Kind>,
    /// Zone of stamps that carry none.
    pub zone: Zone,
}

/// What was observed under one key in one period; grows by [`Amount::add`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Amount {
    /// Sum of the numbers.
    pub sum: f64,
    /// How many numbers.
    pub numbers: u64,
    /// How many rows without a value.
    pub empty: u64,
    /// How many values known only below a bound.
    pub censored: u64,
    /// Sum of these bounds.
    pub bound: f64,
}

impl Amount {
    /// Takes another amount of the same key and period in.
    pub(super) fn add(&mut self, other: &Amount) {
        self.sum += other.sum;
        self.numbers += other.numbers;
        self.empty += other.empty;
        self.censored += other.censored;
        self.bound += other.bound;
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> u64 {
        self.numbers + self.empty + self.censored
    }
}

/// Rows of one domain, country and moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Row {
    /// Index among [`Table::names`].
    pub domain: u32,
    /// Index among [`Table::names`]; empty name = all countries.
    pub country: u32,
    /// The moment.
    pub time: Seconds,
    /// What was observed.
    pub amount: Amount,
}

/// A table that was read without a defect.
#[derive(Debug)]
pub(super) struct Table {
    /// As the user named it.
    pub name: String,
    /// Size as given.
    pub bytes: u64,
    /// SHA-256 of the bytes as given.
    pub sha256: String,
    /// Number of rows.
    pub lines: u64,
    /// What the numbers are.
    pub kind: Kind,
    /// Whether the table tells countries apart.
    pub has_country: bool,
    /// Domains and countries.
    pub names: Vec<String>,
    /// What was observed.
    pub rows: Vec<Row>,
    /// Which column was taken for what, and other remarks.
    pub notes: Vec<String>,
    /// Rows left out, by reason.
    pub skipped: Vec<(&'static str, u64)>,
}

/// From here on, neighbouring whole numbers can no longer be told apart.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Gives the groups their meaning. `false` if anything is wrong: the defect is then looked for row by row.
pub(super) fn fill(table: &mut Table, grouped: &Grouped, zone: &Zone, has_domain: bool) -> bool {
    let mut meaning = Meaning::new(grouped, zone);
    let mut tally = Tally::default();
    for group in &grouped.groups {
        let (Some(place), Some(country), Some(amount)) =
            (meaning.place(group.time), meaning.country(group.country), meaning.amount(group))
        else {
            return false;
        };
        let domain = match meaning.domain(group.domain) {
            Domain::Missing if has_domain => return false,
            Domain::Missing => meaning.name(String::new()),
            Domain::Named(domain) => domain,
            Domain::Invalid => {
                tally.invalid += group.rows;
                continue;
            }
        };
        tally.empty += amount.empty;
        if group.largest >= EXACT || amount.sum >= EXACT {
            tally.huge += amount.numbers;
            tally.largest = tally.largest.max(amount.sum);
        }
        let row = Row { domain, country, time: 0, amount };
        match place {
            Place::Once(time) => table.rows.push(Row { time, ..row }),
            Place::Never(time) => {
                tally.never += group.rows;
                table.rows.push(Row { time, ..row });
            }
            Place::Twice(first, second) => {
                tally.twice += group.rows;
                let half = halved(&amount, table.kind);
                table
                    .rows
                    .extend([Row { time: first, amount: half, ..row }, Row { time: second, amount: half, ..row }]);
            }
        }
    }
    if meaning.mixed() || (!table.kind.adds_up() && repeated(&mut table.rows)) {
        return false;
    }
    table.notes.extend(tally.notes(table.kind, meaning.others()));
    table.skipped.extend(tally.skipped());
    table.names = meaning.names;
    true
}

/// A repeated hour of the wall clock stands for two hours: a count is divided, anything else holds in both.
fn halved(amount: &Amount, kind: Kind) -> Amount {
    let by = if kind.adds_up() { 2.0 } else { amount.rows().max(1) as f64 };
    Amount {
        sum: amount.sum / by,
        bound: amount.bound / by,
        numbers: amount.numbers.min(1),
        empty: amount.empty.min(1),
        censored: amount.censored.min(1),
    }
}

/// Whether two rows share key and moment.
fn repeated(rows: &mut [Row]) -> bool {
    rows.sort_by_key(|row| (row.domain, row.country, row.time));
    rows.iter().any(|row| row.amount.rows() > 1)
        || rows.windows(2).any(|pair| {
            (pair[0].domain, pair[0].country, pair[0].time) == (pair[1].domain, pair[1].country, pair[1].time)
        })
}

#[derive(Default)]
struct Tally {
    invalid: u64,
    empty: u64,
    huge: u64,
    largest: f64,
    never: u64,
    twice: u64,
}

impl Tally {
    fn notes(&self, kind: Kind, others: usize) -> Vec<String> {
        let mut notes = Vec::new();
        if self.huge > 0 {
            notes.push(format!(
                "{} values of 2^53 or more (up to {:.3e}): kept to 53 bits, the last digits are lost",
                self.huge, self.largest
            ));
        }
        if self.never > 0 {
            notes.push(format!("{} rows at an hour that the clocks skipped: moved past the gap", self.never));
        }
        if self.twice > 0 {
            let how = if kind.adds_up() { "divided equally between both" } else { "taken for both" };
            notes.push(format!("{} rows at an hour that came twice as clocks were set back: {how}", self.twice));
        }
        if others > 0 {
            notes.push(format!(
                "{others} names without a registrable domain (addresses, single labels): kept as they are"
            ));
        }
        notes
    }

    fn skipped(&self) -> Vec<(&'static str, u64)> {
        [("not a host name", self.invalid), ("no value", self.empty)]
            .into_iter()
            .filter(|(_, rows)| *rows > 0)
            .collect()
    }
}
