//! Denominators: the traffic that shares are taken of, by country, on the grid of the panel.

use super::grid::{Found, Stamps};
use super::panel::{index_of, steady};
use super::rows::{Amount, Row, Table};
use super::stamp::Zone;
use crate::error::{Error, Result};
use crate::time::Seconds;
use std::collections::BTreeMap;

/// Totals of one or more files, by country and period.
#[derive(Debug, Default)]
pub(super) struct Totals(BTreeMap<(String, usize), Amount>);

impl Totals {
    /// Takes a table in.
    ///
    /// # Errors
    /// Its stamps are coarser than the grid.
    pub(super) fn add(&mut self, table: &Table, found: &Found, zone: &Zone) -> Result<()> {
        let mut stamps = Stamps::default();
        stamps.add(table, zone);
        let native = super::grid::periods(&stamps, None, zone)?.step;
        if native > found.grid.step {
            let (total, traffic) = (native.name(), found.grid.step.name());
            let message = format!("the total has one value a {total}, the traffic one a {traffic}");
            return Err(Error::input(message).in_file(&table.name));
        }
        let index = index_of(table.rows.iter().map(|row| row.time), found);
        for Row { country, time, seen, .. } in &table.rows {
            if let Some(period) = index[time] {
                let key = (table.names[*country as usize].clone(), period);
                self.0.entry(key).or_default().add(&seen.amount());
            }
        }
        Ok(())
    }

    /// Takes denominators in that came with the values.
    pub(super) fn add_values(&mut self, values: &[(Seconds, String, f64)], found: &Found) {
        let index = index_of(values.iter().map(|(time, ..)| *time), found);
        for (time, country, value) in values {
            if let Some(period) = index[time] {
                let amount = Amount { sum: *value, numbers: 1, ..Amount::default() };
                self.0.entry((country.clone(), period)).or_default().add(&amount);
            }
        }
    }

    /// The totals on the grid; a sum with a part that was not observed is a gap.
    pub(super) fn finish(self, found: &Found) -> BTreeMap<String, Vec<f64>> {
        let mut totals: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for ((country, period), amount) in self.0 {
            let total = totals.entry(country).or_insert_with(|| vec![f64::NAN; found.grid.len]);
            if amount.empty == 0 && amount.censored == 0 {
                total[period] = steady(&amount);
            }
        }
        with_all_together(totals, found.grid.len)
    }
}

/// Adds the sum over countries under the empty name, if the table has none. A period in which a country of some
/// weight (a hundredth of all) is missing is a gap: the sum would be bent.
pub(super) fn with_all_together(mut totals: BTreeMap<String, Vec<f64>>, len: usize) -> BTreeMap<String, Vec<f64>> {
    if totals.contains_key("") || totals.is_empty() {
        return totals;
    }
    let seen = |total: &[f64]| total.iter().copied().filter(|value| !value.is_nan()).collect::<Vec<f64>>();
    let level = |total: &[f64]| seen(total).iter().sum::<f64>() / seen(total).len().max(1) as f64;
    let all: f64 = totals.values().map(|total| level(total)).sum();
    let heavy: Vec<&Vec<f64>> = totals.values().filter(|total| level(total) >= all / 100.0).collect();
    let sum = |period: usize| match heavy.iter().any(|total| total[period].is_nan()) {
        true => f64::NAN,
        false => totals.values().map(|total| total[period]).filter(|value| !value.is_nan()).sum(),
    };
    let together: Vec<f64> = (0..len).map(sum).collect();
    totals.insert(String::new(), together);
    totals
}
