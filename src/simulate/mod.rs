//! Traffic with known surges: what a recipe describes, drawn from a seed, with the truth beside it.
//!
//! A mean is built first, for every domain × country and period, as a product
//!
//! level × season × growth × news cycle × surges (+ what a mirror takes over)
//!
//! and then noise is drawn around it: a factor shared by all news of a country, a factor of the series' own
//! (autocorrelated and heavy-tailed if wanted), and the counting noise of a Poisson or negative binomial count.
//! The truth is computed from the means alone, so that it is free of noise. See `docs/methods/simulate.md`.

mod draw;
mod expect;
mod plant;
mod truth;

pub use plant::{Mirror, Plant, Profile, Scope};
pub use truth::{Planted, PlantedKind};

use crate::error::{Error, Result};
use crate::series::{Panel, Role};
use crate::time::{Grid, Seconds, Step};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is needed to draw a panel.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// Seed of every random number; each series and purpose has a stream of its own.
    pub seed: u64,
    /// Periods, of a week or shorter.
    pub grid: Grid,
    /// Where the readers are.
    pub countries: Vec<Country>,
    /// Whose sites they read.
    pub outlets: Vec<Outlet>,
    /// How strongly a state's outlets are read in a country, beside 1: (state, country) → factor.
    pub affinity: BTreeMap<(String, String), f64>,
    /// Season shared by all series.
    pub season: Season,
    /// Growth of all traffic per year, as a fraction.
    pub growth: f64,
    /// Spread (standard deviation of the logarithm) of the levels of domain × country around what the shares say.
    pub spread: f64,
    /// Noise of a series of its own.
    pub noise: Noise,
    /// Noise shared by all news of a country; its `dispersion` is not used.
    pub common: Noise,
    /// Noise of the news that is in the totals but in no series; its `dispersion` is not used.
    pub rest: Noise,
    /// Share of rows that are missing at random.
    pub gap_rate: f64,
    /// Stretches that are missing.
    pub gaps: Vec<Gap>,
    /// Counts below a bound are only known to be below it.
    pub censoring: Option<Censoring>,
    /// Surges, blocks, bots and the news cycle.
    pub plants: Vec<Plant>,
    /// Rows that come in a file of their own, after the others.
    pub late: Option<Late>,
}

/// A country of readers.
#[derive(Clone, Debug, PartialEq)]
pub struct Country {
    /// ISO 3166-1 alpha-2 code.
    pub code: String,
    /// Visits to all news, in series or not, in a typical period.
    pub visits: f64,
}

/// A news organisation.
#[derive(Clone, Debug, PartialEq)]
pub struct Outlet {
    /// Name.
    pub name: String,
    /// State it is affiliated with or at home in.
    pub state: String,
    /// Watched or control.
    pub role: Role,
    /// Share of all news visits of a country that goes to it, as a fraction.
    pub share: f64,
    /// Country → factor on that share: many times 1 at home.
    pub appeal: BTreeMap<String, f64>,
    /// Its sites.
    pub domains: Vec<Domain>,
    /// Noise in place of the recipe's.
    pub noise: Option<Noise>,
}

/// A site of an outlet.
#[derive(Clone, Debug, PartialEq)]
pub struct Domain {
    /// Registrable domain.
    pub name: String,
    /// Part of the outlet's visits, as a fraction.
    pub part: f64,
    /// First period in which it exists: no rows before.
    pub from: Option<Seconds>,
    /// First period in which it is gone: no rows from then on.
    pub until: Option<Seconds>,
}

/// Factors of the week and the day. Only their proportions count.
#[derive(Clone, Debug, PartialEq)]
pub struct Season {
    /// Monday to Sunday.
    pub week: [f64; 7],
    /// Hours 0 to 23 (UTC), for steps shorter than a day.
    pub day: [f64; 24],
}

/// Noise on the logarithm of a mean, and of the count drawn from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// Standard deviation of the logarithm.
    pub sd: f64,
    /// Correlation of one period with the next, of an autoregression of order 1.
    pub phi: f64,
    /// Degrees of freedom (above 2) of Student-t innovations; infinite = Gaussian.
    pub df: f64,
    /// Dispersion d of a negative binomial count, variance = mean + d mean²; 0 = Poisson.
    pub dispersion: f64,
}

impl Noise {
    /// Independent Gaussian noise and Poisson counts.
    pub const fn gaussian(sd: f64) -> Noise {
        Noise { sd, phi: 0.0, df: f64::INFINITY, dispersion: 0.0 }
    }

    fn is_possible(&self) -> bool {
        (0.0..=2.0).contains(&self.sd) && (0.0..1.0).contains(&self.phi) && self.df > 2.0 && self.dispersion >= 0.0
    }
}

/// A stretch of missing rows, both ends included.
#[derive(Clone, Debug, PartialEq)]
pub struct Gap {
    /// Whose rows.
    pub scope: Scope,
    /// First missing period.
    pub from: Seconds,
    /// Last missing period.
    pub to: Seconds,
}

/// Small counts of some countries are given as "less than".
#[derive(Clone, Debug, PartialEq)]
pub struct Censoring {
    /// Counts below this are censored.
    pub below: f64,
    /// Countries; empty = all.
    pub countries: Vec<String>,
}

/// Rows of a country that are delivered late.
#[derive(Clone, Debug, PartialEq)]
pub struct Late {
    /// Country.
    pub country: String,
    /// First period delivered late; all later ones are too.
    pub from: Seconds,
}

/// A drawn panel and what was planted in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulation {
    /// Domain × country series, and the totals by country.
    pub panel: Panel,
    /// What was planted, sorted by onset, then as in the file.
    pub truth: Vec<Planted>,
}

/// Draws the panel of a recipe. The same recipe gives the same panel, to the last bit.
///
/// # Errors
/// A recipe that asks for the impossible: shares of a country that exceed 1, an unknown domain or country, a profile
/// that is not in order, noise out of range.
///
/// ```
/// use floodmark::simulate::{Plant, Profile, Recipe, Scope, simulate};
/// use floodmark::time::{Grid, Step};
///
/// let grid = Grid { start: 0, step: Step::DAY, len: 120 };
/// let mut recipe = Recipe::plain(1, grid, 3, 5, &["GB", "NZ"]);
/// recipe.plants.push(Plant::Surge {
///     scope: Scope { domain: "state1.example".into(), ..Scope::default() },
///     onset: grid.time(90),
///     profile: Profile::flat(0.42, 7),
/// });
/// let simulation = simulate(&recipe)?;
/// assert_eq!(simulation.panel.series.len(), 8 * 2);
/// assert!((simulation.truth[0].lift - 0.42).abs() < 1e-9);
/// # Ok::<(), floodmark::error::Error>(())
/// ```
pub fn simulate(recipe: &Recipe) -> Result<Simulation> {
    recipe.check()?;
    let expected = expect::Expected::of(recipe)?;
    Ok(Simulation { panel: draw::panel(recipe, &expected), truth: truth::truth(recipe, &expected)? })
}

impl Recipe {
    /// A panel for tests and benchmarks: outlets `state1`, … of state `XS` and `reference1`, … with one domain each
    /// (`state1.example`), levels that fall off as 1/rank, countries each half the size of the one before, a mild
    /// weekly season, independent Gaussian noise of 10% and nothing planted.
    pub fn plain(seed: u64, grid: Grid, states: usize, references: usize, countries: &[&str]) -> Recipe {
        let outlet = |role, name: &str, rank: usize, share: f64| Outlet {
            name: format!("{name}{rank}"),
            state: if role == Role::State { "XS".into() } else { "XR".into() },
            role,
            share: share / rank as f64,
            appeal: BTreeMap::new(),
            domains: vec![Domain { name: format!("{name}{rank}.example"), part: 1.0, from: None, until: None }],
            noise: None,
        };
        let state = (1..=states).map(|rank| outlet(Role::State, "state", rank, 0.001));
        let reference = (1..=references).map(|rank| outlet(Role::Reference, "reference", rank, 0.05));
        let size = |(i, code): (usize, &&str)| Country { code: (*code).into(), visits: 1e7 / 2f64.powi(i as i32) };
        Recipe {
            seed,
            grid,
            countries: countries.iter().enumerate().map(size).collect(),
            outlets: state.chain(reference).collect(),
            affinity: BTreeMap::new(),
            season: Season { week: [1.05, 1.05, 1.05, 1.05, 1.0, 0.9, 0.9], day: [1.0; 24] },
            growth: 0.0,
            spread: 0.0,
            noise: Noise::gaussian(0.1),
            common: Noise::gaussian(0.0),
            rest: Noise::gaussian(0.0),
            gap_rate: 0.0,
            gaps: Vec::new(),
            censoring: None,
            plants: Vec::new(),
            late: None,
        }
    }

    fn check(&self) -> Result<()> {
        if self.grid.len == 0 || self.grid.step > Step::WEEK {
            return Err(Error::input("a recipe needs at least one period, of a week or shorter"));
        }
        let noises =
            [self.noise, self.common, self.rest].into_iter().chain(self.outlets.iter().filter_map(|o| o.noise));
        if !noises.into_iter().all(|noise| noise.is_possible()) {
            return Err(Error::input("noise needs 0 <= sd <= 2, 0 <= phi < 1, df > 2, dispersion >= 0"));
        }
        let positive = |v: f64| v.is_finite() && v >= 0.0;
        let numbers = [self.spread, self.growth + 1.0, self.gap_rate].into_iter();
        let numbers = numbers.chain(self.season.week).chain(self.season.day).chain(self.affinity.values().copied());
        let numbers = numbers.chain(self.countries.iter().map(|c| c.visits));
        let numbers = numbers.chain(
            self.outlets
                .iter()
                .flat_map(|o| o.domains.iter().map(|d| d.part).chain(o.appeal.values().copied()).chain([o.share])),
        );
        if !numbers.into_iter().all(positive) || self.gap_rate > 1.0 {
            return Err(Error::input("levels, shares, factors and rates of a recipe must be finite and not negative"));
        }
        self.check_names()
    }

    fn check_names(&self) -> Result<()> {
        let mut domains = BTreeSet::new();
        if let Some(twice) = self.outlets.iter().flat_map(|o| &o.domains).find(|d| !domains.insert(d.name.as_str())) {
            return Err(Error::input(format!("domain {} stands twice in the recipe", twice.name)));
        }
        let mut countries = BTreeSet::new();
        if let Some(twice) = self.countries.iter().find(|c| !countries.insert(c.code.as_str())) {
            return Err(Error::input(format!("country {} stands twice in the recipe", twice.code)));
        }
        let late = self.late.iter().map(|late| &late.country);
        let censored = self.censoring.iter().flat_map(|c| &c.countries);
        if let Some(unknown) = late.chain(censored).find(|code| !countries.contains(code.as_str())) {
            return Err(Error::input(format!("country {unknown} is not in the recipe")));
        }
        let scopes = self.plants.iter().map(Plant::scope).chain(self.gaps.iter().map(|gap| gap.scope.clone()));
        for scope in scopes {
            scope.check(self)?;
        }
        self.plants.iter().try_for_each(|plant| plant.check(self))
    }
}

#[cfg(test)]
mod tests;
