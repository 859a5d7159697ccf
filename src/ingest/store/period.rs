//! The cells of one period: sums that do not depend on the order of addition.

use crate::ingest::rows::Amount;
use std::collections::HashMap;

/// Parts of a visit that sums are kept in, so that they do not depend on the order of addition.
const PARTS: f64 = 1e9;

/// Cells that a row has at least.
const FEWEST: usize = 16;

/// Sum and number of the whole numbers of one key and period; anything else stands in [`Odd`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cell {
    pub(super) sum: f64,
    pub(super) numbers: u32,
    pub(super) odd: bool,
}

/// What is rare in a table: broken numbers, empty and censored cells.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Odd {
    /// Billionths beyond the whole numbers.
    pub(super) parts: u64,
    /// The first broken number, exact as long as it is the only number.
    pub(super) first: f64,
    pub(super) empty: u64,
    pub(super) censored: u64,
    pub(super) bound: f64,
}

impl Odd {
    /// Takes in what a number has beyond its whole part.
    pub(super) fn broken(&mut self, number: f64, whole: f64) {
        if self.parts == 0 {
            self.first = number;
        }
        self.parts += ((number - whole) * PARTS).round() as u64;
    }
}

impl Cell {
    pub(super) fn is_vacant(&self) -> bool {
        self.numbers == 0 && !self.odd
    }
}

/// The cells of one period, by the number of their key: in a row as long as most of it is filled, apart otherwise.
#[derive(Debug, Default)]
pub(super) struct Period {
    pub(super) dense: Vec<Cell>,
    pub(super) sparse: HashMap<u32, Cell>,
    pub(super) odd: HashMap<u32, Odd>,
    /// How many cells are filled.
    pub(super) count: usize,
}

impl Period {
    /// The cell of a key, about to be filled.
    pub(super) fn cell(&mut self, key: u32) -> &mut Cell {
        let at = key as usize;
        if at >= self.dense.len() && at < 64 + 4 * self.count {
            self.grow(at);
        }
        let cell = match self.dense.get_mut(at) {
            Some(cell) => cell,
            None => self.sparse.entry(key).or_default(),
        };
        self.count += usize::from(cell.is_vacant());
        cell
    }

    /// Makes the row longer, so that it holds a key: to twice its length, as far as that is mostly filled.
    #[cold]
    fn grow(&mut self, at: usize) {
        let length = (at + 1).max((2 * self.dense.len()).clamp(FEWEST, 64 + 4 * self.count));
        self.dense.resize(length, Cell::default());
        let inside: Vec<u32> = self.sparse.keys().copied().filter(|key| (*key as usize) < length).collect();
        for key in inside {
            if let Some(cell) = self.sparse.remove(&key) {
                self.dense[key as usize] = cell;
            }
        }
    }

    pub(super) fn has(&self, key: u32) -> bool {
        self.dense.get(key as usize).is_some_and(|cell| !cell.is_vacant()) || self.sparse.contains_key(&key)
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = (u32, &Cell)> {
        let dense = (0..).zip(&self.dense).filter(|(_, cell)| !cell.is_vacant());
        dense.chain(self.sparse.iter().map(|(key, cell)| (*key, cell)))
    }

    pub(super) fn amounts(&self) -> impl Iterator<Item = (u32, Amount)> {
        self.cells().map(|(key, cell)| (key, amount(key, cell, &self.odd)))
    }

    /// The same, where the cells are of no use afterwards.
    pub(super) fn into_amounts(self) -> impl Iterator<Item = (u32, Amount)> {
        let dense = (0..).zip(self.dense).filter(|(_, cell)| !cell.is_vacant());
        dense.chain(self.sparse).map(move |(key, cell)| (key, amount(key, &cell, &self.odd)))
    }
}

fn amount(key: u32, cell: &Cell, odd: &HashMap<u32, Odd>) -> Amount {
    let numbers = u64::from(cell.numbers);
    match if cell.odd { odd.get(&key) } else { None } {
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
