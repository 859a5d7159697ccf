//! One plain series for `detect`: rows in any order, each with its place on a regular grid.

use super::stamp::show;
use crate::time::{Grid, Seconds, Step};
use std::collections::HashMap;

/// A series as it stood in the file, and the grid it lies on.
#[derive(Clone, Debug, PartialEq)]
pub struct Plain {
    /// Time of every row, if there is a time column.
    pub times: Option<Vec<Seconds>>,
    /// The time of every row as written; empty texts without a time column.
    pub raw_times: Vec<String>,
    /// Value of every row; `NaN` where there is none.
    pub values: Vec<f64>,
    /// The regular grid through the stamps. Without times, or without a common step: one period a row in order of
    /// time, a second apart.
    pub grid: Grid,
    /// Place of every row on the grid; `None` for a row whose stamp stood in an earlier row.
    pub row_to_index: Vec<Option<usize>>,
    /// What the reader should know: columns taken, repeated and disordered stamps, missing periods.
    pub notes: Vec<String>,
}

impl Plain {
    /// The values on the grid; `NaN` where no row lies.
    pub fn on_grid(&self) -> Vec<f64> {
        let mut series = vec![f64::NAN; self.grid.len];
        for (value, index) in self.values.iter().zip(&self.row_to_index) {
            if let Some(index) = index {
                series[*index] = *value;
            }
        }
        series
    }

    /// Lays rows on a grid. `raw_times` are the stamps as written; `notes` what is known of the rows already.
    pub fn new(times: Option<Vec<Seconds>>, raw_times: Vec<String>, values: Vec<f64>, mut notes: Vec<String>) -> Plain {
        let (grid, row_to_index) = match &times {
            None => in_order(values.len()),
            Some(times) => on_regular_grid(times, &mut notes),
        };
        Plain { times, raw_times, values, grid, row_to_index, notes }
    }

    /// The step of the series, where its stamps have one: without it the grid merely counts rows.
    pub fn step(&self) -> Option<Step> {
        let times = self.times.as_ref()?;
        let (first, last) = (times.iter().min()?, times.iter().max()?);
        let periods = self.grid.len.checked_sub(1)? as i64;
        (last - first == periods * self.grid.step.seconds()).then_some(self.grid.step)
    }
}

/// The series in the order of time, and the way back to the rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Gridded {
    /// One value a period, `NaN` where no row gave one.
    pub values: Vec<f64>,
    /// Period → the row it came from.
    rows: Vec<Option<usize>>,
}

impl Gridded {
    /// The rows of a series in the order of time.
    pub fn new(plain: &Plain) -> Gridded {
        let mut rows = vec![None; plain.grid.len];
        for (row, index) in plain.row_to_index.iter().enumerate() {
            if let Some(index) = index {
                rows[*index] = Some(row);
            }
        }
        Gridded { values: plain.on_grid(), rows }
    }

    /// The row of a period, or of the next one that has a row.
    pub fn row_from(&self, index: usize) -> Option<usize> {
        self.rows.get(index..)?.iter().find_map(|row| *row)
    }
}

fn in_order(rows: usize) -> (Grid, Vec<Option<usize>>) {
    let step = Step::from_seconds(1).unwrap_or(Step::MINUTE);
    (Grid { start: 0, step, len: rows }, (0..rows).map(Some).collect())
}

/// Lays the commonest step over the stamps; a stamp between two periods goes to the nearer one.
fn on_regular_grid(times: &[Seconds], notes: &mut Vec<String>) -> (Grid, Vec<Option<usize>>) {
    let disordered = times.windows(2).filter(|pair| pair[1] < pair[0]).count();
    if disordered > 0 {
        notes.push(format!("{disordered} rows stand before an earlier one: put in order of time"));
    }
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let repeated = times.len() - sorted.len();
    if repeated > 0 {
        // A clock set back repeats a few stamps; every second row repeated is rather several series in one file.
        let several =
            if repeated >= sorted.len() / 2 { "; if the file holds several series, pass one at a time" } else { "" };
        notes.push(format!("{repeated} rows repeat the time of an earlier one, which is kept{several}"));
    }
    let placed = commonest_step(&sorted).and_then(|step| regular(&sorted, step));
    let (grid, place) = placed.unwrap_or_else(|| {
        if sorted.len() > 1 {
            notes.push("the stamps have no common step: taken as equally spaced".into());
        }
        let (grid, _) = in_order(sorted.len());
        (grid, (0..sorted.len()).collect())
    });
    let missing = grid.len - sorted.len();
    if missing > 0 {
        let first = place.windows(2).position(|pair| pair[1] > pair[0] + 1).map_or(0, |at| place[at] + 1);
        notes.push(format!("{missing} of {} periods missing (first {}): gaps", grid.len, show(grid.time(first))));
    }
    let mut taken = vec![false; sorted.len()];
    let row_to_index = times
        .iter()
        .map(|time| {
            let rank = sorted.binary_search(time).ok()?;
            (!std::mem::replace(&mut taken[rank], true)).then(|| place[rank])
        })
        .collect();
    (grid, row_to_index)
}

/// The commonest distance between neighbours, the shorter of equally common ones.
fn commonest_step(sorted: &[Seconds]) -> Option<i64> {
    let mut counts: HashMap<i64, usize> = HashMap::new();
    for pair in sorted.windows(2) {
        *counts.entry(pair[1] - pair[0]).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(step, count)| (*count, std::cmp::Reverse(*step))).map(|(step, _)| step)
}

/// Places on a grid of that step, `None` if it does not fit: two stamps in one period, or far more gaps than rows.
fn regular(sorted: &[Seconds], step: i64) -> Option<(Grid, Vec<usize>)> {
    let (start, end) = (*sorted.first()?, *sorted.last()?);
    let len = (end - start + step / 2) / step + 1;
    if len > 20 * sorted.len() as i64 + 1_000 {
        return None;
    }
    let place: Vec<usize> = sorted.iter().map(|time| ((time - start + step / 2) / step) as usize).collect();
    if place.windows(2).any(|pair| pair[0] == pair[1]) {
        return None;
    }
    Some((Grid { start, step: Step::from_seconds(step)?, len: len as usize }, place))
}
