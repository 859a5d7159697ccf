//! A part of a panel, scored by itself: what a worker of a cluster hands back.
//!
//! Outlets may be scored apart from each other, their states only over all of them. A part holds whole outlets; the
//! parts of a panel together give the very tables that the panel would have given as a whole.

use super::bytes::{Reader, Wire};
use super::{Options, Progress, Scored, check, finish, in_parallel, score_one, season};
use crate::aggregate;
use crate::alert::{Analysis, Event};
use crate::error::{Error, Result};
use crate::series::{Level, Panel, Series};
use crate::time::Grid;
use std::collections::BTreeMap;

/// Some outlets of a panel, scored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// Domain × country series.
    pub series: Vec<Series>,
    /// What is watched of them, states excepted.
    pub scored: Vec<Scored>,
}

impl Part {
    /// Scores whole outlets. `several_countries` tells whether the panel they belong to has more than one country.
    ///
    /// # Errors
    /// An option is impossible.
    pub fn score(grid: Grid, series: Vec<Series>, several_countries: bool, options: &Options) -> Result<Part> {
        options.check()?;
        let panel = Panel { grid, series, totals: BTreeMap::new() };
        let watched = aggregate::watched_among(&panel, options.by_domain, season(grid.step), several_countries);
        let apart = watched.into_iter().filter(|watched| watched.level != Level::State);
        let scored = apart.map(|watched| score_one(watched, &grid, options)).collect();
        Ok(Part { series: panel.series, scored })
    }

    /// The analysis of all parts together.
    ///
    /// # Errors
    /// An option is impossible, or there is no series.
    pub fn join(
        parts: Vec<Part>,
        grid: Grid,
        totals: BTreeMap<String, Vec<f64>>,
        events: &[Event],
        options: &Options,
        progress: Progress<'_>,
    ) -> Result<Analysis> {
        let mut panel = Panel { grid, series: Vec::new(), totals };
        let mut scored = Vec::new();
        for part in parts {
            panel.series.extend(part.series);
            scored.extend(part.scored);
        }
        panel.series.sort_by(|a, b| (&a.key, a.role).cmp(&(&b.key, b.role)));
        check(&panel, options)?;
        let watched = aggregate::watched(&panel, options.by_domain, season(grid.step));
        let states = watched.into_iter().filter(|watched| watched.level == Level::State).collect();
        scored.extend(in_parallel(states, options.jobs, progress, |w| score_one(w, &grid, options)));
        let order = |s: &Scored| (s.watched.level, s.watched.series.role);
        scored.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.watched.series.key.cmp(&b.watched.series.key)));
        finish(&panel, scored, events, options, progress)
    }

    /// The part as bytes, every number with all its bits.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.series.put(&mut out);
        self.scored.put(&mut out);
        out
    }

    /// The part of such bytes.
    ///
    /// # Errors
    /// The bytes are not those of a part.
    pub fn from_bytes(bytes: &[u8]) -> Result<Part> {
        let mut reader = Reader(bytes);
        Wire::take(&mut reader)
            .and_then(|series| Some(Part { series, scored: Wire::take(&mut reader)? }))
            .filter(|_| reader.0.is_empty())
            .ok_or_else(|| Error::input("the bytes are not those of a scored part"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::{Recipe, simulate};
    use crate::time::Step;

    /// Two countries, gaps, a total: every outlet a part of its own, the parts in any order.
    #[test]
    fn parts_give_the_tables_of_the_whole_to_the_last_bit() {
        let grid = Grid { start: 1_688_169_600, step: Step::DAY, len: 120 };
        let mut panel = simulate(&Recipe::plain(7, grid, 4, 3, &["GB", "US"])).unwrap().panel;
        for (i, series) in panel.series.iter_mut().enumerate() {
            let values = std::sync::Arc::make_mut(&mut series.values);
            values[40 + i] = f64::NAN;
            if i % 3 == 0 {
                values[90..100].iter_mut().for_each(|value| *value *= 3.0);
            }
            if i % 4 == 0 {
                values[50] = f64::NAN;
                series.censored.insert(50, 20.0);
            }
        }
        let options = Options { jobs: 1, ..Options::default() };
        let whole = super::super::analyze(&panel, &[], &options, &|_, _| {}).unwrap();
        assert!(!whole.alerts.is_empty());
        let mut outlets: Vec<String> = panel.series.iter().map(|series| series.key.outlet.clone()).collect();
        outlets.sort();
        outlets.dedup();
        let parts = outlets.iter().rev().map(|outlet| {
            let series = panel.series.iter().filter(|series| series.key.outlet == *outlet).cloned().collect();
            let part = Part::score(grid, series, true, &options).unwrap();
            let bytes = part.to_bytes();
            let back = Part::from_bytes(&bytes).unwrap();
            assert_eq!(back.to_bytes(), bytes);
            back
        });
        let joined = Part::join(parts.collect(), grid, panel.totals.clone(), &[], &options, &|_, _| {}).unwrap();
        assert_eq!(format!("{joined:?}"), format!("{whole:?}"));
    }

    #[test]
    fn bytes_that_are_no_part_are_refused() {
        let grid = Grid { start: 0, step: Step::DAY, len: 60 };
        let panel = simulate(&Recipe::plain(7, grid, 1, 1, &["GB"])).unwrap().panel;
        let bytes = Part::score(grid, panel.series, false, &Options::default()).unwrap().to_bytes();
        for end in 0..bytes.len() {
            assert!(Part::from_bytes(&bytes[..end]).is_err(), "{end}");
        }
        assert!(Part::from_bytes(&[0xff; 64]).is_err());
    }
}
