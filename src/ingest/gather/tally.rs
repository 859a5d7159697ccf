//! What was counted beside the rows, and what the reader should hear of it.

use super::Gather;
use std::collections::BTreeMap;

/// What was counted beside the rows.
#[derive(Clone, Debug, Default)]
pub(in crate::ingest) struct Tally {
    /// Rows taken in.
    pub rows: u64,
    /// Reason → rows left out.
    pub skipped: BTreeMap<&'static str, u64>,
    /// Rows without a value.
    pub empty: u64,
    pub(super) huge: u64,
    pub(super) largest: f64,
    pub(super) never: u64,
    pub(super) twice: u64,
}

impl Tally {
    /// Takes what was counted in another part of the same file.
    pub(super) fn absorb(&mut self, other: Tally) {
        self.rows += other.rows;
        self.empty += other.empty;
        self.huge += other.huge;
        self.never += other.never;
        self.twice += other.twice;
        self.largest = self.largest.max(other.largest);
        other.skipped.into_iter().for_each(|(reason, rows)| *self.skipped.entry(reason).or_default() += rows);
    }
}

impl Gather<'_> {
    /// Rows left out, by reason.
    pub(in crate::ingest) fn skipped(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let empty = Some(("no value", self.tally.empty)).filter(|(_, rows)| *rows > 0);
        self.tally.skipped.iter().map(|(reason, rows)| (*reason, *rows)).chain(empty)
    }

    /// What the reader should know about what was counted.
    pub(in crate::ingest) fn remarks(&self) -> Vec<String> {
        let Tally { huge, largest, never, twice, .. } = self.tally;
        let mut notes = self.notes.clone();
        if huge > 0 {
            notes.push(format!(
                "{huge} values of 2^53 or more (up to {largest:.3e}): kept to 53 bits, the last digits are lost"
            ));
        }
        if never > 0 {
            notes.push(format!("{never} rows at an hour that the clocks skipped: moved past the gap"));
        }
        if twice > 0 {
            let how = if self.kind.adds_up() { "divided equally between both" } else { "taken for both" };
            notes.push(format!("{twice} rows at an hour that came twice as clocks were set back: {how}"));
        }
        if !self.others.is_empty() {
            let others = self.others.len();
            notes.push(format!(
                "{others} names without a registrable domain (addresses, single labels): kept as they are"
            ));
        }
        notes
    }
}
