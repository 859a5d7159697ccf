//! Alerts as somebody learns of them who looks once a period: what is said of a period comes from that period and
//! those before it, and is never unsaid because of what came later. One function of a batch (`analyze --online`) and of
//! a scheduled job (`watch`): state in, state out.
//!
//! [`Pass`] walks through the series and can be interrupted; [`Ledger`] holds every test that was made, and decides.

mod figures;
mod ledger;
mod pass;
#[cfg(test)]
mod tests;

pub use ledger::{Ledger, Outcome};
pub use pass::{Look, Pass, cycle};

use crate::alert::{Alert, Change, Event, Told};
use crate::error::Result;
use crate::pipeline::{Options, Progress};
use crate::series::{Key, Level, Panel};
use crate::time::{Grid, Step};
use std::collections::BTreeMap;

/// What a pass over a whole panel says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Passed {
    /// Alerts by id, with the figures last computed.
    pub(crate) alerts: BTreeMap<String, Alert>,
    /// Everything that was told on the way, in order.
    pub(crate) told: Vec<Told>,
}

/// Goes through a panel period by period, as a job that runs once a period would.
pub(crate) fn pass(panel: &Panel, events: &[Event], options: &Options, progress: Progress<'_>) -> Result<Passed> {
    let mut pass = Pass::new(panel, options, &mut |_, _| None)?;
    let mut ledger = Ledger::default();
    let mut passed = Passed::default();
    for t in 0..panel.grid.len {
        let looks = pass.advance(t + 1)?;
        ledger.decide(&pass, &looks, t, options);
        for outcome in ledger.tell(&pass, events, options, &|_| false) {
            match outcome.change {
                Some(Change::Retracted) => passed.alerts.remove(&outcome.alert.id),
                _ => passed.alerts.insert(outcome.alert.id.clone(), outcome.alert.clone()),
            };
            passed.told.extend(outcome.told(panel.grid.time(t)));
        }
        progress(t + 1, panel.grid.len);
    }
    Ok(passed)
}

/// So many days before the last period serve for the figures of an alert: those of the counterfactual, the gap, and an
/// episode that becomes a level shift.
const CONTROL_DAYS: f64 = 180.0;
const EPISODE_DAYS: f64 = 92.0;

/// Periods that must be known to walk on and to measure: no figure looks further back.
pub fn horizon(options: &Options, step: Step) -> usize {
    let days = CONTROL_DAYS.max(options.baseline_days) + options.gap_days + EPISODE_DAYS;
    super::periods((days / 7.0).ceil() * 7.0, step).max(1)
}

/// Number of a period on the grid of all periods of its length.
pub fn number(grid: &Grid, t: usize) -> usize {
    usize::try_from(grid.start.div_euclid(grid.step.seconds())).unwrap_or(0) + t
}

/// A series by name.
pub(crate) type Name = (Level, Key);
