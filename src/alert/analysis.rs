//! Everything that an analysis found, and what it counted on the way.

use super::{Alert, ContributionRow, ControlRow, Group, IndexRow, LiftRow, RatioRow, ScoredSeries, Told};
use crate::measure::confounder::Judgement;
use crate::time::Grid;

/// What was counted on the way: shown in the summary and in `run.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Series that were scored.
    pub series_tested: usize,
    /// Surges that entered the false-discovery control.
    pub surges_tested: usize,
    /// Series with too little history to be judged.
    pub series_too_short: usize,
    /// Periods not observed, over all domain × country series between their first and last observation.
    pub gaps: usize,
    /// Periods known only below a bound.
    pub censored: usize,
    /// Periods filled from their own past when summing.
    pub filled: usize,
    /// Surges below the floor of visits.
    pub below_floor: usize,
    /// Surges that did not stay raised as long as asked.
    pub not_persistent: usize,
    /// Surges that hindsight alone tells, left out because the interval of their lift holds no lift at all.
    pub lift_uncertain: usize,
    /// Surges that did not pass the false-discovery control.
    pub not_significant: usize,
}

impl Counts {
    /// Every count with the name it has in files.
    pub fn named(&self) -> [(&'static str, usize); 10] {
        // Taken apart by name, so that a count added above is not forgotten here.
        let Counts {
            series_tested,
            surges_tested,
            series_too_short,
            gaps,
            censored,
            filled,
            below_floor,
            not_persistent,
            lift_uncertain,
            not_significant,
        } = *self;
        [
            ("series_tested", series_tested),
            ("surges_tested", surges_tested),
            ("series_too_short", series_too_short),
            ("gaps", gaps),
            ("censored", censored),
            ("filled", filled),
            ("below_floor", below_floor),
            ("not_persistent", not_persistent),
            ("lift_uncertain", lift_uncertain),
            ("not_significant", not_significant),
        ]
    }
}

/// Everything an analysis found.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// The grid of all series.
    pub grid: Grid,
    /// Alerts, sorted by onset, state, outlet, domain, country.
    pub alerts: Vec<Alert>,
    /// Drops (blocks, seizures, outages): as alerts, kept apart.
    pub drops: Vec<Alert>,
    /// What would have been told on the way, in order; empty unless decided period by period.
    pub told: Vec<Told>,
    /// Every watched and reference series, sorted by level and key.
    pub series: Vec<ScoredSeries>,
    /// Index rows sorted by state, country, time.
    pub index: Vec<IndexRow>,
    /// Lifts sorted by event date, event, state, outlet, country, window.
    pub lifts: Vec<LiftRow>,
    /// Lifts of the index (the share of all traffic) in the same order: `observed` and `expected` are shares.
    pub index_lifts: Vec<LiftRow>,
    /// The reference outlets behind each net lift of `lifts`, in the same order.
    pub controls: Vec<ControlRow>,
    /// What each outlet contributed to the lifts of its state, in the same order.
    pub contributions: Vec<ContributionRow>,
    /// The index of each country against that of the others, sorted by event date, event, state, country, other
    /// country, window.
    pub ratios: Vec<RatioRow>,
    /// Co-moving outlets.
    pub groups: Vec<Group>,
    /// What the context says of each alert and drop; empty without a context (see [`crate::pipeline::explain`]).
    pub confounders: Vec<Judgement>,
    /// What was counted.
    pub counts: Counts,
    /// Sentences for the reader: what could not be told and why.
    pub notes: Vec<String>,
}

impl Analysis {
    /// Of series on `grid`, with nothing found yet.
    pub fn empty(grid: Grid) -> Analysis {
        Analysis {
            grid,
            alerts: Vec::new(),
            drops: Vec::new(),
            told: Vec::new(),
            series: Vec::new(),
            index: Vec::new(),
            lifts: Vec::new(),
            index_lifts: Vec::new(),
            controls: Vec::new(),
            contributions: Vec::new(),
            ratios: Vec::new(),
            groups: Vec::new(),
            confounders: Vec::new(),
            counts: Counts::default(),
            notes: Vec::new(),
        }
    }
}
