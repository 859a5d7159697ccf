//! What an analysis says: alerts, scored series, index rows, lifts, groups. Plain data, made by
//! [`crate::pipeline`] and written by the edges.

mod analysis;
mod measures;
mod scored;

pub use analysis::{Analysis, Counts};
pub use measures::{ContributionRow, ControlRow, ControlUse, IndexRow, LiftRow, RatioRow, Window};
pub use scored::{Band, PeriodFlags, ScoredSeries};

use crate::series::{Key, Level};
use crate::time::{Seconds, Step};
use std::collections::BTreeSet;

/// A figure with its interval. Lifts are fractions here (0.42), percentages only in files and charts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate itself.
    pub point: f64,
    /// Lower end of the interval; `NaN` if there is none.
    pub low: f64,
    /// Upper end of the interval; `NaN` if there is none.
    pub high: f64,
}

impl Estimate {
    /// Nothing is known.
    pub const UNKNOWN: Estimate = Estimate { point: f64::NAN, low: f64::NAN, high: f64::NAN };
}

/// Whether a surge has ended within the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Still raised in the last period judged.
    Open,
    /// Back to what was expected, or become the new normal.
    Closed,
}

/// Which detectors found a surge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Detectors {
    /// The robust z-score.
    pub zscore: bool,
    /// An upward change point.
    pub changepoint: bool,
}

impl Detectors {
    /// The detectors of a cell, which joins their names with `+`.
    pub fn from_cell(cell: &str) -> Detectors {
        let has = |wanted: &str| cell.split('+').any(|name| name == wanted);
        Detectors { zscore: has("zscore"), changepoint: has("changepoint") }
    }
}

/// How much an alert matters: from its lift, its length and its certainty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look.
    Low,
    /// Worth a report.
    Medium,
    /// Worth waking somebody.
    High,
}

impl Severity {
    /// The name used in options and files.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
        }
    }

    /// The severity of that name.
    pub fn from_name(name: &str) -> Option<Severity> {
        [Severity::Low, Severity::Medium, Severity::High].into_iter().find(|severity| severity.name() == name)
    }
}

/// Something a reader of an alert must know. Ordered by name in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// No history to compare with.
    NewDomain,
    /// Some periods of the surge are gaps or were filled, or the last period was incomplete.
    PartialData,
    /// Little traffic: a large percentage of a small number.
    LowBase,
    /// The reference outlets rose at the same time.
    ReferenceMoved,
    /// The net interval holds zero, or lies beyond it: the surge cannot be told from the rush to all news, or is less.
    NetIncludesZero,
    /// A change of level that lasted and became the new normal.
    LevelShift,
    /// One period only: as likely a bot as a campaign.
    SinglePeriod,
    /// Another domain of the same outlet fell away as this one rose.
    Displacement,
    /// A public holiday in the readers' country within the surge.
    Holiday,
    /// One of its sites was blocked in the readers' country at the time, or until shortly before.
    BlockedInCountry,
    /// The readers' country was offline, in whole or in part, at the time.
    Outage,
    /// Traffic fell: a drop, not a surge.
    Drop,
}

impl Flag {
    /// All of them, in the order of files.
    pub const ALL: [Flag; 12] = [
        Flag::NewDomain,
        Flag::PartialData,
        Flag::LowBase,
        Flag::ReferenceMoved,
        Flag::NetIncludesZero,
        Flag::LevelShift,
        Flag::SinglePeriod,
        Flag::Displacement,
        Flag::Holiday,
        Flag::BlockedInCountry,
        Flag::Outage,
        Flag::Drop,
    ];

    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            Flag::NewDomain => "new_domain",
            Flag::PartialData => "partial_data",
            Flag::LowBase => "low_base",
            Flag::ReferenceMoved => "reference_moved",
            Flag::NetIncludesZero => "net_includes_zero",
            Flag::LevelShift => "level_shift",
            Flag::SinglePeriod => "single_period",
            Flag::Displacement => "displacement",
            Flag::Holiday => "holiday",
            Flag::BlockedInCountry => "blocked_in_country",
            Flag::Outage => "outage",
            Flag::Drop => "drop",
        }
    }

    /// Whether it is among the flags of a cell, which joins them with `+`.
    pub fn is_in(self, cell: &str) -> bool {
        cell.split('+').any(|name| name == self.name())
    }

    /// The flags of a cell.
    pub fn all_in(cell: &str) -> impl Iterator<Item = Flag> + '_ {
        Flag::ALL.into_iter().filter(move |flag| flag.is_in(cell))
    }
}

/// A dated event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// First day, start of it, UTC.
    pub date: Seconds,
    /// Last day, start of it, if it lasted.
    pub end: Option<Seconds>,
    /// What happened.
    pub name: String,
    /// Affiliated states concerned; empty = any.
    pub states: Vec<String>,
    /// Readers' countries concerned; empty = everywhere.
    pub countries: Vec<String>,
    /// war, election, sanction, …
    pub kind: String,
}

/// An event near the onset of a surge. Never a cause.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// Name of the event.
    pub event: String,
    /// Its first day.
    pub date: Seconds,
    /// Onset minus event, in days: positive when the surge came after.
    pub lag_days: i64,
    /// How often a random onset would find an event this near.
    pub coincidence: f64,
}

/// A break in the level of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangePoint {
    /// Index of the first observation of the new regime; never 0 or n.
    pub index: usize,
    /// Interval for that index, both ends included.
    pub low: usize,
    /// Upper end.
    pub high: usize,
    /// Typical value before.
    pub before: f64,
    /// Typical value after.
    pub after: f64,
    /// Two-sided p-value of the break.
    pub p_value: f64,
}

/// A surge that passed the false-discovery control and the floors (or, in [`Analysis::drops`], a fall that did).
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Stable identity: the same surge keeps it when more data arrive.
    pub id: String,
    /// Domain, outlet or state.
    pub level: Level,
    /// Whose traffic.
    pub key: Key,
    /// Length of a period.
    pub step: Step,
    /// First raised period.
    pub onset: Seconds,
    /// Period of the largest value relative to what was expected.
    pub peak: Seconds,
    /// Last raised period.
    pub end: Seconds,
    /// Open or closed.
    pub status: Status,
    /// Periods from onset to end, both included.
    pub periods: usize,
    /// Σ observed over the surge.
    pub observed: f64,
    /// Σ expected over the same observed periods.
    pub expected: f64,
    /// observed ÷ expected − 1.
    pub lift: Estimate,
    /// Σ(observed − expected), `NaN` where the kind has none.
    pub excess: f64,
    /// Value at the peak.
    pub peak_value: f64,
    /// Robust z at the peak.
    pub peak_z: f64,
    /// p-value of the surge within its series.
    pub p_value: f64,
    /// Smallest false-discovery rate at which it would still be reported.
    pub q_value: f64,
    /// The upward break nearest to the onset.
    pub change_point: Option<ChangePointTime>,
    /// Who found it.
    pub detectors: Detectors,
    /// Lift of the reference outlets over the same periods, `NaN` without references.
    pub reference_lift: f64,
    /// Lift net of the reference outlets.
    pub net_lift: Estimate,
    /// The reference outlets behind it; empty without any.
    pub controls: Vec<ControlUse>,
    /// Events near the onset, nearest first.
    pub events: Vec<Attribution>,
    /// How much it matters.
    pub severity: Severity,
    /// What a reader must know.
    pub flags: BTreeSet<Flag>,
}

/// Position of a change point in time, with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangePointTime {
    /// First period of the new regime.
    pub at: Seconds,
    /// Earliest plausible.
    pub low: Seconds,
    /// Latest plausible.
    pub high: Seconds,
}

/// A step in the life of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// A new alert.
    Opened,
    /// Its severity, its onset, its lift (beyond the interval last told) or, once a week, its peak or end.
    Updated,
    /// It is over.
    Closed,
    /// Revised data leave nothing of it.
    Retracted,
}

impl Change {
    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            Change::Opened => "opened",
            Change::Updated => "updated",
            Change::Closed => "closed",
            Change::Retracted => "retracted",
        }
    }
}

/// One thing to tell: what happened to which alert, and its figures as known then.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Idempotency key: the alert's id and the number of the step in its life, from 1.
    pub key: String,
    /// What happened.
    pub change: Change,
    /// Last period known when it was told.
    pub period: Seconds,
    /// The alert.
    pub alert: Alert,
}

/// Outlets whose surges start together more often than chance.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Number of the group, from 1.
    pub id: usize,
    /// Outlets, sorted.
    pub outlets: Vec<String>,
    /// States, sorted.
    pub states: Vec<String>,
    /// Earliest onset.
    pub onset_from: Seconds,
    /// Latest onset.
    pub onset_to: Seconds,
    /// Permutation p-value.
    pub p_value: f64,
    /// False-discovery rate.
    pub q_value: f64,
}
