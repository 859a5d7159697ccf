//! A table as it was written: rows of one key taken together, nothing read into its texts yet.

/// How the time column is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeCoding {
    /// As text (or digits).
    Text,
    /// As days since 1970.
    Days,
    /// As units since 1970 on the wall; so many units a second.
    Wall(i64),
    /// As units since 1970 UTC; so many units a second.
    Instant(i64),
}

/// Rows that are equal in time, domain and country as written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    /// Index of the time among [`Grouped::texts`], or nothing.
    pub time: Option<u32>,
    /// Domain.
    pub domain: Option<u32>,
    /// Country.
    pub country: Option<u32>,
    /// The value as written where it is no plain number (empty text where there is none).
    pub odd: Option<u32>,
    /// Number of rows.
    pub rows: u64,
    /// Sum of the values.
    pub sum: f64,
    /// Largest value.
    pub largest: f64,
}

/// A file reduced to its distinct keys.
#[derive(Debug)]
pub(super) struct Grouped {
    /// Groups, sorted by their texts: the order does not depend on threads.
    pub groups: Vec<Group>,
    /// Distinct texts.
    pub texts: Vec<String>,
    /// How the times are to be read.
    pub coding: TimeCoding,
}

impl Grouped {
    /// Sorts the groups by their texts: the order depends neither on threads nor on the order of rows.
    pub(super) fn sort(&mut self) {
        let texts = &self.texts;
        let mut by_text: Vec<u32> = (0..texts.len() as u32).collect();
        by_text.sort_unstable_by_key(|index| texts[*index as usize].as_str());
        let mut rank = vec![0u32; texts.len()];
        (0..).zip(&by_text).for_each(|(position, index)| rank[*index as usize] = position);
        let order = |index: Option<u32>| index.map(|index| rank[index as usize]);
        self.groups.sort_unstable_by_key(|g| (order(g.domain), order(g.country), order(g.time), order(g.odd)));
    }
}

/// One row as written, for the search for a defect. `None` = the cell is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RawRow {
    /// Time.
    pub time: Option<String>,
    /// Domain.
    pub domain: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// Value.
    pub value: Option<String>,
    /// Kind of the value, in tables of our own.
    pub kind: Option<String>,
}
