//! What was observed under every key in every period, added up as rows come: memory grows with distinct keys and
//! periods, never with rows. Two stores add up to what one would have held, whatever the order.

#[cfg(feature = "ingest")]
mod saved;

mod period;

use super::rows::Amount;
use crate::time::Seconds;
use period::Period;
use std::collections::HashMap;

/// Name and country by their indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Pair {
    /// Index of the domain or topic.
    pub name: u32,
    /// Index of the country.
    pub country: u32,
}

/// Distinct texts, numbered as they come.
#[derive(Debug, Default)]
struct Texts {
    list: Vec<String>,
    known: HashMap<String, u32>,
}

impl Texts {
    fn index(&mut self, text: &str) -> u32 {
        if let Some(index) = self.known.get(text) {
            return *index;
        }
        let next = self.list.len() as u32;
        self.list.push(text.to_string());
        self.known.insert(text.to_string(), next);
        next
    }
}

/// Names, and what was observed under them.
#[derive(Debug, Default)]
pub(super) struct Store {
    names: Texts,
    countries: Texts,
    /// Number of a key, by name and country; 0 = none yet, 1 = the first.
    numbers: Vec<Vec<u32>>,
    /// Keys by number.
    keys: Vec<Pair>,
    index: HashMap<Seconds, usize>,
    periods: Vec<(Seconds, Period)>,
    /// The period of the row before: rows of one period mostly stand together.
    last: Option<(Seconds, usize)>,
}

impl Store {
    /// The index of a name, given out if it is new.
    pub(super) fn name(&mut self, name: &str) -> u32 {
        self.names.index(name)
    }

    /// The index of a country, given out if it is new.
    pub(super) fn country(&mut self, country: &str) -> u32 {
        self.countries.index(country)
    }

    /// The index of a name that is there.
    pub(super) fn known_name(&self, name: &str) -> Option<u32> {
        self.names.known.get(name).copied()
    }

    /// The index of a country that is there.
    pub(super) fn known_country(&self, country: &str) -> Option<u32> {
        self.countries.known.get(country).copied()
    }

    /// Names by index.
    pub(super) fn names(&self) -> &[String] {
        &self.names.list
    }

    /// Countries by index.
    pub(super) fn countries(&self) -> &[String] {
        &self.countries.list
    }

    /// Whether nothing was observed.
    pub(super) fn is_empty(&self) -> bool {
        self.periods.is_empty()
    }

    /// Number of keys and periods held.
    pub(super) fn len(&self) -> usize {
        self.periods.iter().map(|(_, period)| period.count).sum()
    }

    /// The periods in which anything stands, in no order.
    pub(super) fn times(&self) -> impl Iterator<Item = Seconds> {
        self.periods.iter().map(|(time, _)| *time)
    }

    /// The number of a key, given out if it is new.
    fn number(&mut self, pair: Pair) -> u32 {
        let (name, country) = (pair.name as usize, pair.country as usize);
        if self.numbers.len() <= name {
            self.numbers.resize_with(name + 1, Vec::new);
        }
        let row = &mut self.numbers[name];
        if row.len() <= country {
            row.resize(country + 1, 0);
        }
        if row[country] == 0 {
            self.keys.push(pair);
            row[country] = self.keys.len() as u32;
        }
        row[country] - 1
    }

    /// The number of a key that is there.
    fn known(&self, pair: Pair) -> Option<u32> {
        self.numbers.get(pair.name as usize)?.get(pair.country as usize)?.checked_sub(1)
    }

    fn period(&mut self, time: Seconds) -> &mut Period {
        let at = match self.last {
            Some((last, at)) if last == time => at,
            _ => {
                let next = self.periods.len();
                let at = *self.index.entry(time).or_insert(next);
                if at == next {
                    self.periods.push((time, Period::default()));
                }
                self.last = Some((time, at));
                at
            }
        };
        &mut self.periods[at].1
    }

    /// Adds a number.
    pub(super) fn add(&mut self, time: Seconds, pair: Pair, number: f64) {
        let key = self.number(pair);
        let period = self.period(time);
        let cell = period.cell(key);
        let whole = number.trunc();
        cell.sum += whole;
        cell.numbers = cell.numbers.saturating_add(1);
        if whole != number {
            cell.odd = true;
            period.odd.entry(key).or_default().broken(number, whole);
        }
    }

    /// Adds what several rows said together.
    pub(super) fn add_amount(&mut self, time: Seconds, pair: Pair, amount: &Amount) {
        let key = self.number(pair);
        let period = self.period(time);
        let cell = period.cell(key);
        let whole = amount.sum.trunc();
        cell.sum += whole;
        cell.numbers = cell.numbers.saturating_add(u32::try_from(amount.numbers).unwrap_or(u32::MAX));
        if whole != amount.sum || amount.empty > 0 || amount.censored > 0 {
            cell.odd = true;
            let odd = period.odd.entry(key).or_default();
            odd.broken(amount.sum, whole);
            odd.empty += amount.empty;
            odd.censored += amount.censored;
            odd.bound += amount.bound;
        }
    }

    /// Keeps the better of two ranks of one key: the smaller.
    pub(super) fn best(&mut self, time: Seconds, pair: Pair, rank: f64) {
        let key = self.number(pair);
        let cell = self.period(time).cell(key);
        cell.sum = if cell.numbers == 0 { rank } else { cell.sum.min(rank) };
        cell.numbers = 1;
    }

    /// Makes a value known to lie below a bound.
    pub(super) fn censor(&mut self, time: Seconds, pair: Pair, bound: f64) {
        self.add_amount(time, pair, &Amount { censored: 1, bound, ..Amount::default() });
    }

    /// Whether anything is known of a key in a period.
    pub(super) fn has(&self, time: Seconds, pair: Pair) -> bool {
        match (self.index.get(&time), self.known(pair)) {
            (Some(at), Some(key)) => self.periods[*at].1.has(key),
            _ => false,
        }
    }

    /// Every name with a country that occurs, sorted.
    pub(super) fn pairs(&self) -> Vec<Pair> {
        let mut pairs = self.keys.clone();
        pairs.sort_unstable();
        pairs
    }

    /// Takes another store in.
    pub(super) fn absorb(&mut self, other: Store) {
        if self.is_empty() && self.names().is_empty() {
            *self = other;
            return;
        }
        let names: Vec<u32> = other.names().iter().map(|name| self.name(name)).collect();
        let countries: Vec<u32> = other.countries().iter().map(|country| self.country(country)).collect();
        let ours = |pair: &Pair| Pair { name: names[pair.name as usize], country: countries[pair.country as usize] };
        let keys: Vec<u32> = other.keys.iter().map(|pair| self.number(ours(pair))).collect();
        for (time, theirs) in other.periods {
            let ours = self.period(time);
            for (key, cell) in theirs.cells() {
                let to = keys[key as usize];
                let mine = ours.cell(to);
                mine.sum += cell.sum;
                mine.numbers = mine.numbers.saturating_add(cell.numbers);
                mine.odd |= cell.odd;
                if let (true, Some(odd)) = (cell.odd, theirs.odd.get(&key)) {
                    let mine = ours.odd.entry(to).or_default();
                    if mine.parts == 0 {
                        mine.first = odd.first;
                    }
                    mine.parts += odd.parts;
                    mine.empty += odd.empty;
                    mine.censored += odd.censored;
                    mine.bound += odd.bound;
                }
            }
        }
    }

    /// Everything observed, in no order; the store is emptied period by period as it is read.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Seconds, Pair, Amount)> + use<> {
        self.index.clear();
        self.last = None;
        let keys = self.keys.clone();
        let periods = std::mem::take(&mut self.periods).into_iter();
        let amounts = periods.flat_map(|(time, period)| period.into_amounts().map(move |(key, of)| (time, key, of)));
        amounts.map(move |(time, key, amount)| (time, keys[key as usize], amount))
    }

    /// Everything observed in one period, sorted by key.
    pub(super) fn sorted(&self, time: Seconds) -> Vec<(Pair, Amount)> {
        let Some(at) = self.index.get(&time) else { return Vec::new() };
        let amounts = self.periods[*at].1.amounts();
        let mut all: Vec<_> = amounts.map(|(key, amount)| (self.keys[key as usize], amount)).collect();
        all.sort_unstable_by_key(|(pair, _)| *pair);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PAIR: Pair = Pair { name: 0, country: 0 };

    fn sum(numbers: &[f64]) -> f64 {
        let mut store = Store::default();
        store.name("a");
        store.country("");
        numbers.iter().for_each(|number| store.add(0, PAIR, *number));
        store.sorted(0)[0].1.sum
    }

    #[test]
    fn a_lone_number_is_kept_to_its_last_bit_and_sums_have_no_rounding_of_their_own() {
        for number in [0.1, 1.0 / 3.0, 1e-12, 5e-324, 123_456_789.123_456_78, 1e300, 0.0] {
            assert_eq!(sum(&[number]), number);
        }
        assert_eq!(sum(&[0.1; 10]), 1.0);
        assert_eq!(sum(&[0.1, 0.2]), 0.3);
    }

    #[test]
    fn keys_far_apart_take_room_for_themselves_alone() {
        let mut store = Store::default();
        let country = store.country("");
        for name in 0..100_000u32 {
            let name = store.name(&format!("n{name}"));
            store.add(0, Pair { name, country }, 1.0);
        }
        for name in [99_999, 5, 50_000, 5] {
            store.add(1, Pair { name, country }, 2.0);
        }
        let later = store.sorted(1);
        assert_eq!(
            later.iter().map(|(pair, amount)| (pair.name, amount.sum)).collect::<Vec<_>>(),
            [(5, 4.0), (50_000, 2.0), (99_999, 2.0)]
        );
        assert!(store.periods[1].1.dense.len() < 100 && store.periods[0].1.sparse.is_empty());
        assert_eq!(store.len(), 100_003);
    }

    proptest! {
        #[test]
        fn parts_add_up_to_the_whole_in_any_order(
            rows in prop::collection::vec((0i64..3, 0u32..3, 0u64..5_000, any::<bool>()), 1..60),
            cut in 0usize..60,
        ) {
            let fill = |rows: &[(i64, u32, u64, bool)]| {
                let mut store = Store::default();
                for (time, name, value, broken) in rows {
                    let (name, country) = (store.name(&format!("n{name}")), store.country("GB"));
                    let number = if *broken { *value as f64 / 1_000.0 } else { *value as f64 };
                    store.add(*time, Pair { name, country }, number);
                }
                store
            };
            let named = |store: &Store| {
                let mut all: Vec<_> = (0..3)
                    .flat_map(|time| {
                        store.sorted(time).into_iter().map(move |(pair, amount)| (time, pair, amount.sum, amount.numbers))
                    })
                    .map(|(time, pair, sum, numbers)| (time, store.names()[pair.name as usize].clone(), sum, numbers))
                    .collect();
                all.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
                all
            };
            let whole = fill(&rows);
            let (left, right) = rows.split_at(cut.min(rows.len()));
            let mut parts = fill(right);
            parts.absorb(fill(left));
            prop_assert_eq!(named(&parts), named(&whole));
        }
    }
}
