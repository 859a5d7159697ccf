//! What stands after a run: the open alerts with their series, and the tables of all that was told. Made from the
//! store alone, so that it is the same however often it is asked for.

use super::{Engine, Laid, aligned};
use crate::alert::{Alert, Analysis, Counts, Flag, ScoredSeries};
use crate::error::Result;
use crate::pipeline::online::{Pass, horizon};
use crate::report::html::Table;
use crate::report::tables::ALERTS;
use crate::series::{Key, Level, Role};
use crate::time::Grid;
use crate::watch::notify::message;
use crate::watch::transition::Record;
use std::collections::BTreeMap;

/// What stands after a run.
#[derive(Debug)]
pub struct Standing {
    /// Open alerts and drops, the series that they are of, and the number of tests made.
    pub analysis: Analysis,
    /// Alerts and drops that the store holds, open or over, and what was told, the newest first.
    pub tables: Vec<Table>,
}

impl Engine<'_> {
    /// What stands after [`Engine::score`]; `None` before the first data.
    ///
    /// # Errors
    /// The store's own word.
    pub fn standing(&mut self) -> Result<Option<Standing>> {
        let Some(grid) = self.memory.grid else { return Ok(None) };
        let alerts = self.store.alerts()?;
        let tables = self.tables(&alerts)?;
        let open = alerts.iter().filter(|record| record.status == "open").map(|record| record.alert(grid.step));
        let (drops, alerts) = open.collect::<Result<Vec<_>>>()?.into_iter().partition(is_drop);
        let analysis = self.analysis(&grid, alerts, drops)?;
        Ok(Some(Standing { analysis, tables }))
    }

    fn analysis(&mut self, grid: &Laid, mut alerts: Vec<Alert>, mut drops: Vec<Alert>) -> Result<Analysis> {
        let order = |alert: &Alert| (alert.onset, alert.key.clone(), alert.id.clone());
        alerts.sort_by_key(order);
        drops.sort_by_key(order);
        let pass = self.present(grid)?;
        let mut series: BTreeMap<(Level, Key), ScoredSeries> = BTreeMap::new();
        for alert in alerts.iter().chain(&drops) {
            let name = (alert.level, alert.key.clone());
            if !series.contains_key(&name) {
                let scored = pass.describe(alert.level, &alert.key, alert, &self.options);
                series.extend(scored.map(|scored| (name, scored)));
            }
        }
        let ((surges, falls), (surges_found, falls_found)) =
            (self.memory.ledger.tests(), self.memory.ledger.discoveries());
        let tests = (surges + falls) as usize;
        let watched = pass.tracks.iter().filter(|track| track.watched.series.role == Role::State).count();
        let counts = Counts {
            series_tested: watched,
            surges_tested: tests,
            not_significant: tests.saturating_sub(surges_found + falls_found),
            ..Counts::default()
        };
        // The rest is what a job does not compute.
        Ok(Analysis {
            alerts,
            drops,
            series: series.into_values().collect(),
            counts,
            notes: self.notes(),
            ..Analysis::empty(pass.grid())
        })
    }

    /// The series over the stretch that figures are measured in, not walked: what was decided stands in the store.
    fn present(&mut self, grid: &Laid) -> Result<Pass> {
        let mut tail = match self.tail.take() {
            Some(tail) => tail,
            None => self.load_tail()?,
        };
        let span: Grid = tail.grid();
        let back = horizon(&self.options, grid.step) as i64 * grid.step.seconds();
        tail.cut(aligned(grid, span.end() - back))?;
        Pass::new(&tail.panel(), &self.options, &mut |_, _| None)
    }

    /// What a reader must know beside the alerts.
    fn notes(&self) -> Vec<String> {
        let silent = self.memory.silent.then(|| "The data have stopped: what is open may be over.".to_string());
        let scope = "The index, lifts after dated events, ratios and groups are what floodmark analyze computes over \
                     the whole past; a job tells of its alerts alone.";
        silent.into_iter().chain([scope.to_string()]).collect()
    }

    fn tables(&mut self, alerts: &[Record]) -> Result<Vec<Table>> {
        let csv = |head: String, rows: Vec<Vec<u8>>| {
            let text = rows.into_iter().fold(head.into_bytes(), |mut text, row| {
                text.extend(row);
                text
            });
            String::from_utf8_lossy(&text).into_owned()
        };
        let of = |drop: bool| {
            let rows = alerts.iter().filter(|record| record.has(Flag::Drop) == drop).map(message::alert_row);
            csv(format!("{ALERTS}\n"), rows.collect())
        };
        let mut told = self.store.history(i64::MAX)?;
        told.reverse();
        let told = told.iter().filter(|one| one.change.is_alert()).map(message::csv_row).collect();
        let table = |file: &str, csv| Table { file: file.into(), csv, further: 0 };
        let told = csv(format!("{},{ALERTS}\n", message::LEADING), told);
        Ok(vec![table("alerts.csv", of(false)), table("drops.csv", of(true)), table("transitions.csv", told)])
    }
}

fn is_drop(alert: &Alert) -> bool {
    alert.flags.contains(&Flag::Drop)
}
