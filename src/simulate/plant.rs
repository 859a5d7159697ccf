//! What can be planted in a panel, and where.

use super::Recipe;
use crate::error::{Error, Result};
use crate::series::{Key, Level};
use crate::time::{Seconds, Step};

/// Something that moves traffic from a known date on.
#[derive(Clone, Debug, PartialEq)]
pub enum Plant {
    /// All news of some countries is read more: every series and the rest of the totals.
    News {
        /// Readers' countries; empty = all.
        countries: Vec<String>,
        /// First period.
        onset: Seconds,
        /// Lift of everything.
        profile: Profile,
    },
    /// Some series are read more (or less), on top of the news cycle.
    Surge {
        /// Whose.
        scope: Scope,
        /// First period.
        onset: Seconds,
        /// Lift of the visits, beside the news cycle.
        profile: Profile,
    },
    /// The share of a state in all news rises by exactly this, whatever the news cycle and the total do.
    Index {
        /// State.
        state: String,
        /// Readers' countries; empty = all.
        countries: Vec<String>,
        /// First period.
        onset: Seconds,
        /// Lift of the share.
        profile: Profile,
    },
    /// Machines: a spike of one day.
    Bot {
        /// Whose.
        scope: Scope,
        /// The day.
        onset: Seconds,
        /// Lift of the visits on that day.
        lift: f64,
    },
    /// A domain is blocked or seized: a small part of its traffic is left, and a mirror may take over a share.
    Block {
        /// Whose.
        scope: Scope,
        /// First period.
        onset: Seconds,
        /// First period in which it is free again.
        until: Option<Seconds>,
        /// Part of the visits that is left, as a fraction.
        left: f64,
        /// Where the readers go.
        mirror: Option<Mirror>,
    },
}

/// The domain that takes over readers of a blocked one.
#[derive(Clone, Debug, PartialEq)]
pub struct Mirror {
    /// Domain.
    pub domain: String,
    /// Share of the lost visits that it gains.
    pub share: f64,
    /// Days until readers have found it.
    pub delay_days: i64,
}

/// Some of the series. Empty = any.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    /// State.
    pub state: String,
    /// Outlet.
    pub outlet: String,
    /// Domain.
    pub domain: String,
    /// Readers' countries.
    pub countries: Vec<String>,
}

impl Scope {
    /// Whether a series is meant.
    pub fn holds(&self, key: &Key) -> bool {
        let fits = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
        fits(&self.state, &key.state)
            && fits(&self.outlet, &key.outlet)
            && fits(&self.domain, &key.domain)
            && self.reaches(&key.country)
    }

    pub(super) fn reaches(&self, country: &str) -> bool {
        self.countries.is_empty() || self.countries.iter().any(|c| c == country)
    }

    /// The level and the key of what is meant in `country`, completed from the recipe; no level for all news.
    pub(super) fn identity(&self, recipe: &Recipe, country: &str) -> (Option<Level>, Key) {
        let Scope { state, outlet, domain, .. } = self;
        let key = |state: &str, outlet: &str| Key {
            state: state.into(),
            outlet: outlet.into(),
            domain: domain.clone(),
            country: country.into(),
        };
        let owns = |o: &&super::Outlet| match domain.is_empty() {
            true => !outlet.is_empty() && o.name == *outlet && (state.is_empty() || o.state == *state),
            false => o.domains.iter().any(|d| d.name == *domain),
        };
        match recipe.outlets.iter().find(owns) {
            Some(o) if domain.is_empty() => (Some(Level::Outlet), key(&o.state, &o.name)),
            Some(o) => (Some(Level::Domain), key(&o.state, &o.name)),
            None if state.is_empty() => (None, key("", "")),
            None => (Some(Level::State), key(state, "")),
        }
    }

    pub(super) fn check(&self, recipe: &Recipe) -> Result<()> {
        for code in &self.countries {
            if !recipe.countries.iter().any(|c| c.code == *code) {
                return Err(Error::input(format!("country {code} is not in the recipe")));
            }
        }
        let fits = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
        let known = recipe.outlets.iter().any(|o| {
            fits(&self.state, &o.state)
                && fits(&self.outlet, &o.name)
                && (self.domain.is_empty() || o.domains.iter().any(|d| d.name == self.domain))
        });
        if known {
            return Ok(());
        }
        let Scope { state, outlet, domain, .. } = self;
        Err(Error::input(format!("no site of the recipe has state '{state}', outlet '{outlet}', domain '{domain}'")))
    }
}

/// A lift that changes from day to day: knots (day after the onset, lift), straight lines between them, nothing
/// before the first and after the last.
///
/// ```
/// use floodmark::simulate::Profile;
/// let profile = Profile(vec![(0, 0.42), (6, 0.42), (21, 0.28), (27, 0.28)]);
/// assert_eq!((profile.lift(3), profile.lift(27), profile.lift(28)), (0.42, 0.28, 0.0));
/// assert!((profile.lift(11) - (0.42 - 0.14 / 3.0)).abs() < 1e-12);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Profile(pub Vec<(i64, f64)>);

impl Profile {
    /// The same lift for `days` days.
    pub fn flat(lift: f64, days: i64) -> Profile {
        Profile(vec![(0, lift), (days - 1, lift)])
    }

    /// The lift on a day after the onset.
    pub fn lift(&self, day: i64) -> f64 {
        let after = self.0.partition_point(|knot| knot.0 < day);
        match (after.checked_sub(1).map(|before| self.0[before]), self.0.get(after)) {
            (_, Some(&(at, lift))) if at == day => lift,
            (Some((from, low)), Some(&(to, high))) => low + (high - low) * (day - from) as f64 / (to - from) as f64,
            _ => 0.0,
        }
    }

    /// The lift at a moment.
    pub(super) fn at(&self, onset: Seconds, time: Seconds) -> f64 {
        self.lift((time - onset).div_euclid(Step::DAY.seconds()))
    }

    /// The last day with a lift.
    pub(super) fn last_day(&self) -> i64 {
        let end = self.0.last().map_or(0, |knot| knot.0);
        (0..=end).rev().find(|day| self.lift(*day) != 0.0).unwrap_or(0)
    }

    fn check(&self) -> Result<()> {
        let ordered = self.0.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let possible =
            self.0.iter().all(|&(day, lift)| (0..=100_000).contains(&day) && lift.is_finite() && lift >= -1.0);
        if self.0.is_empty() || !ordered || !possible {
            return Err(Error::input("a profile needs rising days from 0 and lifts of -100% or more"));
        }
        Ok(())
    }
}

impl Plant {
    /// Whose traffic is moved.
    pub(super) fn scope(&self) -> Scope {
        match self {
            Plant::News { countries, .. } => Scope { countries: countries.clone(), ..Scope::default() },
            Plant::Index { state, countries, .. } => {
                Scope { state: state.clone(), countries: countries.clone(), ..Scope::default() }
            }
            Plant::Surge { scope, .. } | Plant::Bot { scope, .. } | Plant::Block { scope, .. } => scope.clone(),
        }
    }

    pub(super) fn check(&self, recipe: &Recipe) -> Result<()> {
        match self {
            Plant::News { profile, .. } | Plant::Surge { profile, .. } => profile.check(),
            Plant::Index { profile, state, .. } if !state.is_empty() => profile.check(),
            Plant::Index { .. } => Err(Error::input("a rise of the index needs a state")),
            Plant::Bot { lift, .. } if lift.is_finite() && *lift >= -1.0 => Ok(()),
            Plant::Bot { .. } => Err(Error::input("the lift of a bot must be -100% or more")),
            Plant::Block { left, mirror, .. } => {
                let share = mirror.as_ref().map_or(0.0, |m| m.share);
                if !(0.0..=1.0).contains(left) || !(0.0..=1.0).contains(&share) {
                    return Err(Error::input("what a block leaves and what a mirror takes are shares of 0 to 1"));
                }
                mirror.iter().try_for_each(|m| Scope { domain: m.domain.clone(), ..Scope::default() }.check(recipe))
            }
        }
    }
}
