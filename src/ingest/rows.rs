//! The rows of one table, their texts given a meaning.

use super::cell::{self, Value};
use super::gather::{Gather, Named, TopList, Ways};
use super::groups::{Group, Grouped};
use super::header::{Columns, Use};
use super::stamp::Zone;
use super::store::Pair;
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
    /// What the user knows about the files.
    pub hints: super::Hints,
    /// Pages that are kept of sources that hold every page there is, or of all where the user names them.
    #[cfg(feature = "ingest")]
    pub articles: Option<std::sync::Arc<super::formats::Articles>>,
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

/// An [`Amount`] in little room: nearly all are numbers and nothing else, and there may be tens of millions.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Seen {
    /// The sum of so many numbers.
    Numbers(f64, u32),
    /// Anything else.
    Other(Box<Amount>),
}

impl From<Amount> for Seen {
    fn from(amount: Amount) -> Seen {
        match u32::try_from(amount.numbers) {
            Ok(numbers) if amount.empty == 0 && amount.censored == 0 => Seen::Numbers(amount.sum, numbers),
            _ => Seen::Other(Box::new(amount)),
        }
    }
}

impl Seen {
    /// The amount itself.
    pub(super) fn amount(&self) -> Amount {
        match self {
            Seen::Numbers(sum, numbers) => Amount { sum: *sum, numbers: u64::from(*numbers), ..Amount::default() },
            Seen::Other(amount) => **amount,
        }
    }
}

/// Rows of one domain, country and moment.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// Index among [`Table::names`].
    pub domain: u32,
    /// Index among [`Table::names`]; empty name = all countries.
    pub country: u32,
    /// The moment.
    pub time: Seconds,
    /// What was observed.
    pub seen: Seen,
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
    /// What makes two files one: their bytes and, where a name tells the time, that.
    pub identity: String,
    /// Whose ranks these are.
    pub origin: Option<String>,
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
    /// Denominators that the file carries beside its values, by country.
    pub totals: Vec<(Seconds, String, f64)>,
    /// Lists that end somewhere: what is not in one lies below its bound.
    pub lists: Vec<TopList>,
}

/// Gives the groups their meaning. `false` if anything is wrong: the defect is then looked for row by row.
pub(super) fn fill(table: &mut Table, grouped: &Grouped, zone: &Zone, has_domain: bool) -> bool {
    let mut gather = Gather::new(Ways::plain(zone), table.kind);
    gather_groups(&mut gather, grouped, has_domain) && table.take(gather)
}

/// Gathers groups. `false` if anything is wrong with one of them.
pub(super) fn gather_groups(gather: &mut Gather<'_>, grouped: &Grouped, has_domain: bool) -> bool {
    let text = |index: Option<u32>| index.map(|index| grouped.texts[index as usize].as_str());
    for group in &grouped.groups {
        let place = text(group.time).and_then(|time| gather.coded_time(time, grouped.coding));
        let (Some(place), Some(country)) = (place, gather.country(text(group.country).unwrap_or(""))) else {
            return false;
        };
        let Some(amount) = amount(group, text(group.odd), gather.kind) else { return false };
        let name = match gather.name(text(group.domain).unwrap_or("")) {
            Named::Missing if has_domain => return false,
            Named::Missing => Named::As(gather.store.name("")),
            name => name,
        };
        gather.put(place, name, country, &amount);
    }
    true
}

fn amount(group: &Group, odd: Option<&str>, kind: Kind) -> Option<Amount> {
    let rows = group.rows as f64;
    let Some(odd) = odd else { return Some(Amount { sum: group.sum, numbers: group.rows, ..Amount::default() }) };
    Some(match cell::value_of(odd, kind).ok()? {
        Value::Empty => Amount { empty: group.rows, ..Amount::default() },
        Value::Below(bound) => Amount { censored: group.rows, bound: bound * rows, ..Amount::default() },
        Value::Number(number) => Amount { sum: number * rows, numbers: group.rows, ..Amount::default() },
    })
}

impl Table {
    /// Takes what was gathered from the file. `false` if rows do not fit each other: the defect is then looked for.
    pub(super) fn take(&mut self, mut gather: Gather<'_>) -> bool {
        // At once what it takes: a list that grows is copied, and there may be tens of millions.
        self.rows = Vec::with_capacity(gather.store.len());
        let rows = gather.store.drain();
        // Names first, then countries.
        let names = gather.store.names().len() as u32;
        let row = |(time, Pair { name, country }, amount): (Seconds, Pair, Amount)| Row {
            domain: name,
            country: names + country,
            time,
            seen: amount.into(),
        };
        rows.for_each(|found| self.rows.push(row(found)));
        self.kind = gather.kind;
        if gather.mixed() || (!self.kind.adds_up() && self.rows.iter().any(|row| row.seen.amount().rows() > 1)) {
            return false;
        }
        self.notes.extend(gather.remarks());
        self.skipped.extend(gather.skipped());
        self.names = [gather.store.names(), gather.store.countries()].concat();
        self.totals = gather.totals;
        self.lists = gather.lists;
        true
    }
}
