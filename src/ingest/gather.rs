//! From cells as written to what they mean, each distinct text decided once, and into the [`Store`].

mod lists;
mod row;
mod tally;

pub(super) use lists::{TopList, joined, same_origin, second_list};
#[cfg(feature = "ingest")]
pub(super) use row::Keep;
pub(super) use row::{Folding, Name, Named, Row, Ways};

use super::cell::{self, Value};
use super::groups::TimeCoding;
use super::rows::Amount;
use super::stamp::{self, Place, Stamp};
use super::store::{Pair, Store};
use crate::error::{Error, Result};
use crate::registry::{Host, fold};
use crate::series::Kind;
use crate::time::{Seconds, Step};
use std::collections::{HashMap, HashSet};
use tally::Tally;

/// Texts remembered with their meaning before they are forgotten, where most of them are not kept.
const REMEMBERED: usize = 1 << 20;

/// Codes of two letters.
const CODES: usize = 26 * 26;

/// From here on, neighbouring whole numbers can no longer be told apart.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// What a name that is no host begins with; what follows is kept as it is written.
pub(super) const TOPICS: [&str; 4] = ["article:", "project:", "term:", "tor:"];

/// Rows of one file on their way into a store.
#[derive(Debug)]
pub(super) struct Gather<'a> {
    ways: Ways<'a>,
    /// What was observed.
    pub store: Store,
    /// Denominators that the file carries beside its values.
    pub totals: Vec<(Seconds, String, f64)>,
    /// Lists that end somewhere.
    pub lists: Vec<TopList>,
    /// What was counted.
    pub tally: Tally,
    /// What the numbers are.
    pub kind: Kind,
    /// Which of a publisher's lists this is, where it has several that cannot be joined.
    pub edition: Option<String>,
    /// Sentences for the reader.
    pub notes: Vec<String>,
    names: HashMap<Box<str>, Named>,
    countries: HashMap<Box<str>, Option<u32>>,
    /// Indices of codes of two letters; the last is that of no country at all.
    codes: Box<[Option<u32>; CODES + 1]>,
    /// Name and time of the row before: the same one mostly follows.
    last_name: (String, Named),
    last_time: (String, Option<Place>),
    #[cfg(feature = "ingest")]
    last_count: Option<(i64, Place)>,
    others: HashSet<u32>,
    instants: bool,
    civil: bool,
}

impl<'a> Gather<'a> {
    /// Nothing yet.
    pub(super) fn new(ways: Ways<'a>, kind: Kind) -> Self {
        Gather {
            ways,
            store: Store::default(),
            totals: Vec::new(),
            lists: Vec::new(),
            tally: Tally::default(),
            kind,
            edition: None,
            notes: Vec::new(),
            names: HashMap::default(),
            countries: HashMap::new(),
            codes: Box::new([None; CODES + 1]),
            last_name: (String::new(), Named::Missing),
            last_time: (String::new(), None),
            #[cfg(feature = "ingest")]
            last_count: None,
            others: HashSet::new(),
            instants: false,
            civil: false,
        }
    }

    /// Another one for a part of the same file.
    pub(super) fn sibling(&self) -> Gather<'a> {
        Gather::new(self.ways, self.kind)
    }

    /// Takes what a sibling gathered.
    pub(super) fn absorb(&mut self, other: Gather<'a>) {
        let others: Vec<&str> =
            other.others.iter().map(|index| other.store.names()[*index as usize].as_str()).collect();
        let others: Vec<u32> = others.into_iter().map(|name| self.store.name(name)).collect();
        self.others.extend(others);
        self.store.absorb(other.store);
        self.totals.extend(other.totals);
        self.lists.extend(other.lists);
        self.notes.extend(other.notes);
        self.instants |= other.instants;
        self.civil |= other.civil;
        self.tally.absorb(other.tally);
    }

    /// Counts rows left out.
    pub(super) fn skip(&mut self, reason: &'static str, rows: u64) {
        if rows > 0 {
            *self.tally.skipped.entry(reason).or_default() += rows;
        }
    }

    /// Where a time as written lies; `None` if it is no time.
    pub(super) fn time(&mut self, text: &str) -> Option<Place> {
        self.coded_time(text, TimeCoding::Text)
    }

    /// Where a time as coded lies; all times of one file are coded alike.
    pub(super) fn coded_time(&mut self, text: &str, coding: TimeCoding) -> Option<Place> {
        if self.last_time.0 != text {
            let place = coded(text, coding).map(|stamp| self.place(stamp));
            self.last_time.0.clear();
            self.last_time.0.push_str(text);
            self.last_time.1 = place;
        }
        self.last_time.1
    }

    /// Where a time coded as a number lies.
    #[cfg(feature = "ingest")]
    pub(super) fn counted_time(&mut self, count: i64, coding: TimeCoding) -> Option<Place> {
        match self.last_count {
            Some((last, place)) if last == count => Some(place),
            _ => {
                let place = self.place(counted(count, coding)?);
                self.last_count = Some((count, place));
                Some(place)
            }
        }
    }

    /// Where a stamp lies: the start of its period.
    pub(super) fn place(&mut self, stamp: Stamp) -> Place {
        match stamp {
            Stamp::Instant(_) => self.instants = true,
            Stamp::Civil { .. } => self.civil = true,
        }
        match self.ways.zone.place(stamp) {
            Place::Once(time) => Place::Once(self.start(time)),
            Place::Never(time) => Place::Never(self.start(time)),
            Place::Twice(first, second) => Place::Twice(self.start(first), self.start(second)),
        }
    }

    /// Start of the period that holds a moment: from days on, that of the wall clock, written as if it were UTC.
    fn start(&self, time: Seconds) -> Seconds {
        match self.ways.step {
            None => time,
            Some(step) if step >= Step::DAY => step.floor(self.ways.zone.wall(time)),
            Some(step) => time - self.ways.zone.wall(time).rem_euclid(step.seconds()),
        }
    }

    /// Name of the zone of stamps that carry none.
    #[cfg(feature = "ingest")]
    pub(super) fn zone(&self) -> &str {
        self.ways.zone.name()
    }

    /// Length of the periods that rows are added up to; `None` = as written.
    #[cfg(feature = "ingest")]
    pub(super) fn step(&self) -> Option<Step> {
        self.ways.step
    }

    /// Whether some stamps carry a zone and others do not.
    pub(super) fn mixed(&self) -> bool {
        self.instants && self.civil
    }

    /// The index of a country as written; `None` if it is none.
    pub(super) fn country(&mut self, text: &str) -> Option<u32> {
        // What nearly every row has is looked up without hashing.
        let letters = match text.as_bytes() {
            [] => Some(CODES),
            [a @ b'A'..=b'Z', b @ b'A'..=b'Z'] => Some(usize::from(a - b'A') * 26 + usize::from(b - b'A')),
            _ => None,
        };
        if let Some(known) = letters.and_then(|at| self.codes[at]) {
            return Some(known);
        }
        let country = self.spelled_country(text);
        if let (Some(at), Some(country)) = (letters, country) {
            self.codes[at] = Some(country);
        }
        country
    }

    fn spelled_country(&mut self, text: &str) -> Option<u32> {
        if let Some(known) = self.countries.get(text) {
            return *known;
        }
        let code = cell::country(text).ok().map(|code| self.store.country(&code));
        self.countries.insert(text.into(), code);
        code
    }

    /// What a name as written means: a topic by its beginning, a host otherwise.
    pub(super) fn name(&mut self, text: &str) -> Named {
        if self.last_name.0 != text {
            let named = self.spelled_name(text);
            self.last_name.0.clear();
            self.last_name.0.push_str(text);
            self.last_name.1 = named;
        }
        self.last_name.1
    }

    fn spelled_name(&mut self, text: &str) -> Named {
        if let Some(known) = self.names.get(text) {
            return *known;
        }
        let bare = cell::unquoted(text);
        let named = match TOPICS.iter().any(|beginning| bare.starts_with(beginning)) {
            _ if bare.is_empty() => Named::Missing,
            true => self.kept(bare),
            false => self.host(bare),
        };
        self.remember(text, named)
    }

    fn remember(&mut self, text: &str, named: Named) -> Named {
        if self.ways.keep.is_some() && self.names.len() >= REMEMBERED {
            self.names.clear();
        }
        self.names.insert(text.into(), named);
        named
    }

    fn host(&mut self, text: &str) -> Named {
        let host = match self.ways.folding {
            Folding::Domain => fold(text),
            Folding::Host => crate::registry::host(text),
        };
        let Some(name) = host.name() else { return Named::Invalid };
        let named = self.kept(name);
        if let (Host::Other(_), Named::As(index), Folding::Domain) = (&host, named, self.ways.folding) {
            self.others.insert(index);
        }
        named
    }

    fn kept(&mut self, name: &str) -> Named {
        match self.ways.keep {
            Some(keep) if !keep(name) => Named::Other,
            _ => Named::As(self.store.name(name)),
        }
    }

    /// Takes in what stands under a key. The name must not be missing.
    pub(super) fn put(&mut self, place: Place, name: Named, country: u32, amount: &Amount) {
        let rows = amount.rows();
        self.tally.rows += rows;
        let name = match name {
            Named::As(name) => name,
            Named::Invalid | Named::Missing => return self.skip("not a host name", rows),
            Named::Other => return self.skip("not among the names asked for", rows),
        };
        self.tally.empty += amount.empty;
        if amount.sum >= EXACT {
            self.tally.huge += amount.numbers;
            self.tally.largest = self.tally.largest.max(amount.sum);
        }
        let pair = Pair { name, country };
        match place {
            Place::Once(time) => self.store.add_amount(time, pair, amount),
            Place::Never(time) => {
                self.tally.never += rows;
                self.store.add_amount(time, pair, amount);
            }
            Place::Twice(first, second) => {
                self.tally.twice += rows;
                let half = halved(amount, self.kind);
                self.store.add_amount(first, pair, &half);
                // Both hours in one period: a value that holds in both stands there once.
                if first != second || self.kind.adds_up() {
                    self.store.add_amount(second, pair, &half);
                }
            }
        }
    }

    /// The commonest case of [`Gather::put`]: one number at one moment.
    pub(super) fn put_number(&mut self, time: Seconds, name: u32, country: u32, number: f64) {
        self.tally.rows += 1;
        if number >= EXACT {
            self.tally.huge += 1;
            self.tally.largest = self.tally.largest.max(number);
        }
        self.store.add(time, Pair { name, country }, number);
    }

    /// Takes in a row of a source whose columns are known.
    ///
    /// # Errors
    /// The country is none.
    pub(super) fn row(&mut self, row: Row<'_>) -> Result<()> {
        let place = self.place(row.time);
        let name = match row.name {
            Name::Host(host) => self.name(host),
            Name::Topic(topic) => match self.names.get(topic) {
                Some(known) => *known,
                None => {
                    let named = self.kept(topic);
                    self.remember(topic, named)
                }
            },
        };
        let country = self.country(row.country).ok_or_else(|| {
            Error::input(format!("found '{}', expected an ISO 3166-1 code of two letters", row.country))
                .in_column("country")
        })?;
        self.put(place, name, country, &row.value.amount());
        Ok(())
    }

    /// A total beside the values.
    pub(super) fn total(&mut self, time: Stamp, country: &str, value: f64) {
        let (Place::Once(time) | Place::Never(time) | Place::Twice(time, _)) = self.place(time);
        self.totals.push((time, country.to_string(), value));
    }

    /// Takes in one entry of a list of ranks: of several hosts of one domain the best counts.
    pub(super) fn rank(&mut self, time: Stamp, name: Name<'_>, country: &str, rank: f64) {
        let place = self.place(time);
        let (Name::Host(name) | Name::Topic(name)) = name;
        let (Place::Once(time) | Place::Never(time) | Place::Twice(time, _)) = place;
        self.tally.rows += 1;
        match (self.name(name), self.country(country)) {
            (Named::As(name), Some(country)) => self.store.best(time, Pair { name, country }, rank),
            (Named::Other, _) => self.skip("not among the names asked for", 1),
            _ => self.skip("not a host name", 1),
        }
    }

    /// A list ends here.
    pub(super) fn list(&mut self, time: Stamp, country: &str, bound: f64) {
        let (Place::Once(time) | Place::Never(time) | Place::Twice(time, _)) = self.place(time);
        self.lists.push(TopList { time, country: cell::country(country).unwrap_or_default(), bound });
    }
}

impl Value {
    /// As the amount of one row.
    pub(super) fn amount(self) -> Amount {
        match self {
            Value::Number(sum) => Amount { sum, numbers: 1, ..Amount::default() },
            Value::Empty => Amount { empty: 1, ..Amount::default() },
            Value::Below(bound) => Amount { censored: 1, bound, ..Amount::default() },
        }
    }
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

/// A time as a table codes it.
pub(super) fn coded(text: &str, coding: TimeCoding) -> Option<Stamp> {
    match coding {
        TimeCoding::Text => stamp::parse(cell::unquoted(text)),
        _ => counted(text.parse().ok()?, coding),
    }
}

/// A time coded as a number.
fn counted(count: i64, coding: TimeCoding) -> Option<Stamp> {
    Some(match coding {
        TimeCoding::Text => return None,
        TimeCoding::Days => Stamp::Civil { wall: count * 86_400, date_only: true },
        TimeCoding::Wall(unit) => Stamp::Civil { wall: count.div_euclid(unit), date_only: false },
        TimeCoding::Instant(unit) => Stamp::Instant(count.div_euclid(unit)),
    })
}
