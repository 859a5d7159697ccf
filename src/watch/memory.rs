//! The few values that a run hands to the next, beside the tables.

use super::store::Store;
use crate::error::{Error, Result};
use crate::pipeline::online::Ledger;
use crate::time::{Seconds, Step};

/// What the last run left.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    /// Grid of the store; `None` before the first data.
    pub(super) grid: Option<Laid>,
    /// Every test made so far.
    pub(super) ledger: Ledger,
    /// What the walks were made with: others do not fit.
    pub(super) walks_of: String,
    /// The last run's present moment.
    pub(super) now: Option<Seconds>,
    /// Whether a silence has been told.
    pub(super) silent: bool,
    /// When the store was last tidied.
    pub(super) tidied: Option<Seconds>,
}

/// How far the periods of the store have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Laid {
    pub(super) step: Step,
    /// Start of the first period there ever was: seasons are counted from it.
    pub(super) origin: Seconds,
    /// Start of the first period that may still change: what lies before has been walked for good.
    pub(super) walked: Seconds,
    /// Start of the first period that has not been judged.
    pub(super) judged: Seconds,
}

impl Memory {
    pub(super) fn read(store: &mut Store) -> Result<Memory> {
        let step = store.number("step")?.and_then(Step::from_seconds);
        let grid = match (step, store.number("origin")?, store.number("walked")?, store.number("judged")?) {
            (Some(step), Some(origin), Some(walked), Some(judged)) => Some(Laid { step, origin, walked, judged }),
            _ => None,
        };
        let ledger = match store.meta("ledger")? {
            None => Ledger::default(),
            Some(bytes) => Ledger::from_bytes(&bytes).ok_or_else(|| {
                Error::input("the store's record of tests cannot be read: damaged, or of a later version")
            })?,
        };
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Memory {
            grid,
            ledger,
            walks_of: store.meta("walks-of")?.map(text).unwrap_or_default(),
            now: store.number("now")?,
            silent: store.number("silent")?.unwrap_or(0) != 0,
            tidied: store.number("tidied")?,
        })
    }

    /// As named values of the store.
    pub(super) fn values(&self) -> Vec<(&'static str, Vec<u8>)> {
        let number = |value: i64| value.to_string().into_bytes();
        let mut values = vec![
            ("ledger", self.ledger.to_bytes()),
            ("walks-of", self.walks_of.clone().into_bytes()),
            ("silent", number(i64::from(self.silent))),
        ];
        if let Some(Laid { step, origin, walked, judged }) = self.grid {
            let grid = [("step", step.seconds()), ("origin", origin), ("walked", walked), ("judged", judged)];
            values.extend(grid.map(|(name, value)| (name, number(value))));
        }
        values.extend(self.now.map(|now| ("now", number(now))));
        values.extend(self.tidied.map(|at| ("tidied", number(at))));
        values
    }
}
