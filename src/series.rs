//! Series of traffic: what was observed, what is missing, what is only known to lie below a bound.

use crate::time::Grid;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the numbers of a series are, and so what may be computed from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Kind {
    /// Visits, page views, users: sums make sense, so do lifts and excess.
    #[default]
    Count,
    /// Part of a total, on any scale of 0 to something; ratios make sense, sums over outlets too.
    Share,
    /// 0–100 within one download (min–max or max scaled): ratios make sense, excess does not.
    Scaled,
    /// Position in a list: small is much. Neither ratios nor excess make sense.
    Rank,
    /// A count rounded by its publisher: as a count, known to a coarser grain.
    Rounded,
}

impl Kind {
    /// Whether several rows of one key and period may be added up.
    pub fn adds_up(self) -> bool {
        matches!(self, Kind::Count | Kind::Rounded)
    }

    /// Whether observed ÷ expected − 1 means something.
    pub fn has_lift(self) -> bool {
        !matches!(self, Kind::Rank)
    }

    /// Whether Σ(observed − expected) is a number of visits.
    pub fn has_excess(self) -> bool {
        self.adds_up()
    }

    /// The name used in options and files.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Count => "count",
            Kind::Share => "share",
            Kind::Scaled => "scaled",
            Kind::Rank => "rank",
            Kind::Rounded => "rounded",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Kind> {
        [Kind::Count, Kind::Share, Kind::Scaled, Kind::Rank, Kind::Rounded].into_iter().find(|kind| kind.name() == name)
    }
}

/// How closely a series is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// One registrable domain.
    Domain,
    /// One outlet, all its domains together.
    Outlet,
    /// All outlets of one state together.
    State,
}

impl Level {
    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            Level::Domain => "domain",
            Level::Outlet => "outlet",
            Level::State => "state",
        }
    }

    /// The level of that name.
    pub fn from_name(name: &str) -> Option<Level> {
        [Level::Domain, Level::Outlet, Level::State].into_iter().find(|level| level.name() == name)
    }
}

/// What part an outlet plays in the analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Affiliated with a state: watched.
    State,
    /// Ordinary news: a control.
    Reference,
}

/// Whose traffic a series is. An empty text means "not told apart": no country is all countries together.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// ISO 3166-1 alpha-2 code of the state the outlet is affiliated with.
    pub state: String,
    /// News organisation.
    pub outlet: String,
    /// Registrable domain.
    pub domain: String,
    /// ISO 3166-1 alpha-2 code of the readers' country, `ZZ` unknown, empty = all together.
    pub country: String,
}

impl Key {
    /// A short text for messages and chart titles: the finest name known, then the country.
    ///
    /// ```
    /// # use floodmark::series::Key;
    /// let key = Key { outlet: "Press TV".into(), country: "GB".into(), ..Key::default() };
    /// assert_eq!(key.label(), "Press TV, GB");
    /// ```
    pub fn label(&self) -> String {
        let who = [&self.domain, &self.outlet, &self.state].into_iter().find(|s| !s.is_empty());
        match (who, self.country.is_empty()) {
            (Some(who), true) => who.clone(),
            (Some(who), false) => format!("{who}, {}", self.country),
            (None, true) => "all".into(),
            (None, false) => self.country.clone(),
        }
    }
}

/// Values on a grid. `NaN` is a gap: not observed. A censored value is known only to lie below its bound: it is
/// `NaN` in `values` and stands in `censored` with the bound. A zero is a zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Whose traffic.
    pub key: Key,
    /// What part the outlet plays.
    pub role: Role,
    /// What the numbers are.
    pub kind: Kind,
    /// One value a period of the panel's grid; shared, so that what is watched and described of a series is no copy.
    pub values: Arc<[f64]>,
    /// Period → upper bound of a censored value.
    pub censored: BTreeMap<usize, f64>,
}

impl Series {
    /// Index of the first and of the last period that carries an observation (or a bound).
    pub fn observed_span(&self) -> Option<(usize, usize)> {
        let seen = |i: &usize| !self.values[*i].is_nan() || self.censored.contains_key(i);
        let first = (0..self.values.len()).find(seen)?;
        let last = (0..self.values.len()).rev().find(seen)?;
        Some((first, last))
    }
}

/// Many series on one grid, with the denominators.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// The grid of every series and total.
    pub grid: Grid,
    /// Domain × country series, sorted by key; no two share a key.
    pub series: Vec<Series>,
    /// Country (empty = all together) → total traffic per period, `NaN` where unknown.
    pub totals: BTreeMap<String, Vec<f64>>,
}
