//! A store written down and read back.

use super::period::{Cell, Odd};
use super::{Pair, Store};
use crate::time::Seconds;
use std::io::{self, BufRead, Write};

impl Store {
    /// Writes everything down.
    ///
    /// # Errors
    /// `out` refuses.
    pub(in crate::ingest) fn save(&self, out: &mut impl Write) -> io::Result<()> {
        let (names, countries) = (self.names(), self.countries());
        writeln!(out, "{} {} {}", names.len(), countries.len(), self.len())?;
        for name in names.iter().chain(countries) {
            // Names may hold line ends.
            writeln!(out, "{}", serde_json::Value::from(name.as_str()))?;
        }
        for (time, period) in &self.periods {
            for (key, cell) in period.cells() {
                let Pair { name, country } = self.keys[key as usize];
                write!(out, "{time} {name} {country} {} {}", cell.sum.to_bits(), cell.numbers)?;
                if let (true, Some(odd)) = (cell.odd, period.odd.get(&key)) {
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
    pub(in crate::ingest) fn load(reader: &mut impl BufRead) -> io::Result<Store> {
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "a line is damaged");
        let mut store = Store::default();
        let mut lines = reader.lines();
        let mut next = || lines.next().unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()));
        let counts = next()?;
        let counts: Vec<usize> =
            counts.split(' ').map(|count| count.parse().map_err(|_| damaged())).collect::<io::Result<_>>()?;
        let &[names, countries, cells] = counts.as_slice() else { return Err(damaged()) };
        let mut text = || serde_json::from_str::<String>(&next()?).map_err(|_| damaged());
        for _ in 0..names {
            store.name(&text()?);
        }
        for _ in 0..countries {
            store.country(&text()?);
        }
        if (store.names().len(), store.countries().len()) != (names, countries) {
            return Err(damaged());
        }
        for _ in 0..cells {
            let line = next()?;
            let mut numbers = line.split(' ');
            let time = numbers.next().and_then(|time| time.parse::<Seconds>().ok()).ok_or_else(damaged)?;
            let numbers: Vec<u64> = numbers.map(|n| n.parse().map_err(|_| damaged())).collect::<io::Result<_>>()?;
            let (name, country, sum, count, odd) = match numbers.as_slice() {
                [name, country, sum, count] => (*name, *country, *sum, *count, None),
                [name, country, sum, count, odd @ ..] if odd.len() == 5 => (*name, *country, *sum, *count, Some(odd)),
                _ => return Err(damaged()),
            };
            if name >= names as u64 || country >= countries as u64 {
                return Err(damaged());
            }
            let key = store.number(Pair { name: name as u32, country: country as u32 });
            let period = store.period(time);
            *period.cell(key) = Cell { sum: f64::from_bits(sum), numbers: count as u32, odd: odd.is_some() };
            if let Some([parts, first, empty, censored, bound]) = odd {
                let (first, bound) = (f64::from_bits(*first), f64::from_bits(*bound));
                period.odd.insert(key, Odd { parts: *parts, first, empty: *empty, censored: *censored, bound });
            }
        }
        Ok(store)
    }
}
