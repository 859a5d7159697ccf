//! What was observed under every key in every period, added up as rows come: memory grows with distinct keys and
//! periods, never with rows. Two stores add up to what one would have held, whatever the order.

use super::rows::Amount;
use crate::time::Seconds;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};
use std::io::{self, BufRead, Write};

/// Parts of a visit that sums are kept in, so that they do not depend on the order of addition.
const PARTS: f64 = 1e9;

/// Multiplies and folds one 64-bit word: keys here are small numbers given out in order, so nobody can choose them.
#[derive(Default)]
pub(super) struct WordHasher(u64);

impl Hasher for WordHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, word: u64) {
        let wide = u128::from(self.0 ^ word ^ 0x243f_6a88_85a3_08d3) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (wide >> 64) as u64 ^ wide as u64;
    }
}

type Words = BuildHasherDefault<WordHasher>;

/// Sum and number of the whole numbers of one key and period; anything else stands in [`Odd`].
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    sum: f64,
    numbers: u32,
    odd: bool,
}

/// What is rare in a table: broken numbers, empty and censored cells.
#[derive(Clone, Copy, Debug, Default)]
struct Odd {
    /// Billionths beyond the whole numbers.
    parts: u64,
    /// The first broken number, exact as long as it is the only number.
    first: f64,
    empty: u64,
    censored: u64,
    bound: f64,
}

/// Name and country by their indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Pair {
    /// Index of the domain or topic.
    pub name: u32,
    /// Index of the country.
    pub country: u32,
}

impl Pair {
    fn word(self) -> u64 {
        u64::from(self.name) << 32 | u64::from(self.country)
    }

    fn of(word: u64) -> Pair {
        Pair { name: (word >> 32) as u32, country: word as u32 }
    }
}

#[derive(Debug, Default)]
struct Period {
    cells: HashMap<u64, Cell, Words>,
    odd: HashMap<u64, Odd, Words>,
}

/// Names, and what was observed under them.
#[derive(Debug, Default)]
pub(super) struct Store {
    names: Vec<String>,
    known: HashMap<String, u32>,
    index: HashMap<Seconds, usize>,
    periods: Vec<(Seconds, Period)>,
    /// The period of the row before: rows of one period mostly stand together.
    last: Option<(Seconds, usize)>,
}

impl Store {
    /// The index of a name, given out if it is new.
    pub(super) fn name(&mut self, name: &str) -> u32 {
        if let Some(index) = self.known.get(name) {
            return *index;
        }
        let next = self.names.len() as u32;
        self.names.push(name.to_string());
        self.known.insert(name.to_string(), next);
        next
    }

    /// Names by index.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether nothing was observed.
    pub(super) fn is_empty(&self) -> bool {
        self.periods.is_empty()
    }

    /// Number of keys and periods held.
    pub(super) fn len(&self) -> usize {
        self.periods.iter().map(|(_, period)| period.cells.len()).sum()
    }

    /// The periods in which anything stands, in no order.
    pub(super) fn times(&self) -> impl Iterator<Item = Seconds> {
        self.periods.iter().map(|(time, _)| *time)
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
        let period = self.period(time);
        let cell = period.cells.entry(pair.word()).or_default();
        let whole = number.trunc();
        cell.sum += whole;
        cell.numbers = cell.numbers.saturating_add(1);
        if whole != number {
            cell.odd = true;
            let odd = period.odd.entry(pair.word()).or_default();
            if odd.parts == 0 {
                odd.first = number;
            }
            odd.parts += ((number - whole) * PARTS).round() as u64;
        }
    }

    /// Adds what several rows said together.
    pub(super) fn add_amount(&mut self, time: Seconds, pair: Pair, amount: &Amount) {
        let period = self.period(time);
        let cell = period.cells.entry(pair.word()).or_default();
        let whole = amount.sum.trunc();
        cell.sum += whole;
        cell.numbers = cell.numbers.saturating_add(u32::try_from(amount.numbers).unwrap_or(u32::MAX));
        if whole != amount.sum || amount.empty > 0 || amount.censored > 0 {
            cell.odd = true;
            let odd = period.odd.entry(pair.word()).or_default();
            if odd.parts == 0 {
                odd.first = amount.sum;
            }
            odd.parts += ((amount.sum - whole) * PARTS).round() as u64;
            odd.empty += amount.empty;
            odd.censored += amount.censored;
            odd.bound += amount.bound;
        }
    }

    /// Keeps the better of two ranks of one key: the smaller.
    pub(super) fn best(&mut self, time: Seconds, pair: Pair, rank: f64) {
        match self.period(time).cells.entry(pair.word()) {
            Entry::Vacant(entry) => {
                entry.insert(Cell { sum: rank, numbers: 1, odd: false });
            }
            Entry::Occupied(mut entry) => entry.get_mut().sum = entry.get().sum.min(rank),
        }
    }

    /// Makes a value known to lie below a bound.
    pub(super) fn censor(&mut self, time: Seconds, pair: Pair, bound: f64) {
        self.add_amount(time, pair, &Amount { censored: 1, bound, ..Amount::default() });
    }

    /// Writes everything down.
    ///
    /// # Errors
    /// `out` refuses.
    pub(super) fn save(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{} {}", self.names.len(), self.len())?;
        for name in &self.names {
            // Names may hold line ends.
            writeln!(out, "{}", serde_json::Value::from(name.as_str()))?;
        }
        for (time, period) in &self.periods {
            for (word, cell) in &period.cells {
                write!(out, "{time} {word} {} {}", cell.sum.to_bits(), cell.numbers)?;
                if let (true, Some(odd)) = (cell.odd, period.odd.get(word)) {
                    let (first, bound) = (odd.first.to_bits(), odd.bound.to_bits());
                    write!(out, " {} {first} {} {} {bound}", odd.parts, odd.empty, odd.censored)?;
                }
                writeln!(out)?;
            }
        }
        Ok(())
    }

    /// Reads what [`Store::save`] wrote.
    ///
    /// # Errors
    /// It is damaged.
    pub(super) fn load(reader: &mut impl BufRead) -> io::Result<Store> {
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "a line is damaged");
        let mut store = Store::default();
        let mut lines = reader.lines();
        let mut next = || lines.next().unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()));
        let counts = next()?;
        let (names, cells) = counts.split_once(' ').ok_or_else(damaged)?;
        let count = |text: &str| text.parse::<usize>().map_err(|_| damaged());
        let (names, cells) = (count(names)?, count(cells)?);
        for _ in 0..names {
            let line = next()?;
            store.name(&serde_json::from_str::<String>(&line).map_err(|_| damaged())?);
        }
        if store.names.len() != names {
            return Err(damaged());
        }
        for _ in 0..cells {
            let line = next()?;
            let mut numbers = line.split(' ');
            let time = numbers.next().and_then(|time| time.parse::<Seconds>().ok()).ok_or_else(damaged)?;
            let numbers: Vec<u64> = numbers.map(|n| n.parse().map_err(|_| damaged())).collect::<io::Result<_>>()?;
            let (word, sum, count, odd) = match numbers.as_slice() {
                [word, sum, count] => (*word, *sum, *count, None),
                [word, sum, count, odd @ ..] if odd.len() == 5 => (*word, *sum, *count, Some(odd)),
                _ => return Err(damaged()),
            };
            let Pair { name, country } = Pair::of(word);
            if name as usize >= names || country as usize >= names {
                return Err(damaged());
            }
            let cell = Cell { sum: f64::from_bits(sum), numbers: count as u32, odd: odd.is_some() };
            let period = store.period(time);
            period.cells.insert(word, cell);
            if let Some([parts, first, empty, censored, bound]) = odd {
                let (first, bound) = (f64::from_bits(*first), f64::from_bits(*bound));
                period.odd.insert(word, Odd { parts: *parts, first, empty: *empty, censored: *censored, bound });
            }
        }
        Ok(store)
    }

    /// Whether anything is known of a key in a period.
    pub(super) fn has(&self, time: Seconds, pair: Pair) -> bool {
        self.index.get(&time).is_some_and(|at| self.periods[*at].1.cells.contains_key(&pair.word()))
    }

    /// Every name with a country that occurs, sorted.
    pub(super) fn pairs(&self) -> Vec<Pair> {
        let words: std::collections::HashSet<u64, Words> =
            self.periods.iter().flat_map(|(_, period)| period.cells.keys().copied()).collect();
        let mut pairs: Vec<Pair> = words.into_iter().map(Pair::of).collect();
        pairs.sort_unstable();
        pairs
    }

    /// Takes another store in.
    pub(super) fn absorb(&mut self, other: Store) {
        if self.is_empty() && self.names.is_empty() {
            *self = other;
            return;
        }
        let index: Vec<u32> = other.names.iter().map(|name| self.name(name)).collect();
        for (time, theirs) in other.periods {
            let ours = self.period(time);
            for (word, cell) in theirs.cells {
                let pair = Pair::of(word);
                let word = Pair { name: index[pair.name as usize], country: index[pair.country as usize] }.word();
                let mine = ours.cells.entry(word).or_default();
                mine.sum += cell.sum;
                mine.numbers = mine.numbers.saturating_add(cell.numbers);
                mine.odd |= cell.odd;
                if let (true, Some(odd)) = (cell.odd, theirs.odd.get(&pair.word())) {
                    let mine = ours.odd.entry(word).or_default();
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
        std::mem::take(&mut self.periods).into_iter().flat_map(|(time, period)| {
            let Period { cells, odd } = period;
            cells.into_iter().map(move |(word, cell)| (time, Pair::of(word), amount(&cell, odd.get(&word))))
        })
    }

    /// Everything observed in one period, sorted by key.
    pub(super) fn sorted(&self, time: Seconds) -> Vec<(Pair, Amount)> {
        let Some(at) = self.index.get(&time) else { return Vec::new() };
        let Period { cells, odd } = &self.periods[*at].1;
        let mut all: Vec<_> = cells.iter().map(|(word, cell)| (Pair::of(*word), amount(cell, odd.get(word)))).collect();
        all.sort_unstable_by_key(|(pair, _)| *pair);
        all
    }
}

fn amount(cell: &Cell, odd: Option<&Odd>) -> Amount {
    let numbers = u64::from(cell.numbers);
    match odd.filter(|_| cell.odd) {
        None => Amount { sum: cell.sum, numbers, ..Amount::default() },
        Some(odd) => {
            let sum = match (odd.parts, cell.numbers) {
                (_, 1) if odd.first != 0.0 => odd.first,
                (0, _) => cell.sum,
                (parts, _) => joined(cell.sum, parts),
            };
            Amount { sum, numbers, empty: odd.empty, censored: odd.censored, bound: odd.bound }
        }
    }
}

/// A whole number and billionths as the nearest 64-bit number.
fn joined(whole: f64, parts: u64) -> f64 {
    let (carry, rest) = (parts / PARTS as u64, parts % PARTS as u64);
    let whole = whole + carry as f64;
    if whole >= 9_007_199_254_740_992.0 {
        return whole;
    }
    format!("{whole:.0}.{rest:09}").parse().unwrap_or(whole + rest as f64 / PARTS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PAIR: Pair = Pair { name: 0, country: 0 };

    fn sum(numbers: &[f64]) -> f64 {
        let mut store = Store::default();
        store.name("a");
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

    proptest! {
        #[test]
        fn parts_add_up_to_the_whole_in_any_order(
            rows in prop::collection::vec((0i64..3, 0u32..3, 0u64..5_000, any::<bool>()), 1..60),
            cut in 0usize..60,
        ) {
            let fill = |rows: &[(i64, u32, u64, bool)]| {
                let mut store = Store::default();
                for (time, name, value, broken) in rows {
                    let name = store.name(&format!("n{name}"));
                    let number = if *broken { *value as f64 / 1_000.0 } else { *value as f64 };
                    store.add(*time, Pair { name, country: name }, number);
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
