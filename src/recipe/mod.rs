//! Recipes of simulated traffic as TOML, and simulated traffic as CSV files.
//!
//! The keys of a recipe are described in `docs/methods/simulate.md`; `datasets/sample/recipe.toml` uses most of them.

mod files;

pub use files::files;

use crate::error::{Error, Result};
use crate::series::Role;
use crate::simulate::{
    Censoring, Country, Domain, Gap, Late, Mirror, Noise, Outlet, Plant, Profile, Recipe, Scope, Season,
};
use crate::time::{Grid, Seconds, Step};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::value::Datetime;

/// Reads a recipe.
///
/// # Errors
/// Text that is no TOML, unknown keys, impossible dates or values, with the line where the TOML reader knows it.
///
/// ```
/// let recipe = floodmark::recipe::parse(r#"
/// seed = 1
/// start = 2023-01-01
/// end = 2023-03-31
/// [[country]]
/// code = "NZ"
/// visits = 1e6
/// [[outlet]]
/// name = "Press TV"
/// state = "IR"
/// share = 0.001
/// domains = ["presstv.ir"]
/// "#)?;
/// assert_eq!(recipe.grid.len, 90);
/// # Ok::<(), floodmark::error::Error>(())
/// ```
pub fn parse(text: &str) -> Result<Recipe> {
    let file: File = toml::from_str(text).map_err(|e| Error::input("not a recipe").because(e))?;
    file.recipe()
}

/// A date, or a date with a time, as seconds; UTC unless it says otherwise.
fn seconds(datetime: &Datetime) -> Result<Seconds> {
    let text = datetime.to_string();
    let local =
        || text.parse::<DateTime>().and_then(|local| local.to_zoned(TimeZone::UTC)).map(|zoned| zoned.timestamp());
    let moment = if datetime.offset.is_some() { text.parse::<Timestamp>() } else { local() };
    moment.map(|t| t.as_second()).map_err(|e| Error::input(format!("'{text}' is no date")).because(e))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    seed: u64,
    start: Datetime,
    end: Datetime,
    #[serde(default = "day")]
    every: String,
    #[serde(default)]
    growth: f64,
    #[serde(default)]
    spread: f64,
    #[serde(default = "flat")]
    week: [f64; 7],
    #[serde(default = "flat")]
    day: [f64; 24],
    #[serde(default)]
    gap_rate: f64,
    #[serde(default)]
    noise: NoiseTable,
    #[serde(default)]
    common: NoiseTable,
    #[serde(default)]
    rest: NoiseTable,
    censoring: Option<CensoringTable>,
    late: Option<LateTable>,
    #[serde(default)]
    affinity: BTreeMap<String, BTreeMap<String, f64>>,
    country: Vec<CountryTable>,
    outlet: Vec<OutletTable>,
    #[serde(default)]
    gap: Vec<GapTable>,
    #[serde(default)]
    news: Vec<RiseTable>,
    #[serde(default)]
    index: Vec<RiseTable>,
    #[serde(default)]
    surge: Vec<RiseTable>,
    #[serde(default)]
    bot: Vec<BotTable>,
    #[serde(default)]
    block: Vec<BlockTable>,
}

fn day() -> String {
    "day".into()
}

fn flat<const N: usize>() -> [f64; N] {
    [1.0; N]
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(deny_unknown_fields, default)]
struct NoiseTable {
    sd: f64,
    phi: f64,
    df: Option<f64>,
    dispersion: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CensoringTable {
    below: f64,
    #[serde(default)]
    countries: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LateTable {
    country: String,
    from: Datetime,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CountryTable {
    code: String,
    visits: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutletTable {
    name: String,
    state: String,
    #[serde(default)]
    role: RoleName,
    share: f64,
    #[serde(default)]
    appeal: BTreeMap<String, f64>,
    domains: Vec<DomainTable>,
    noise: Option<NoiseTable>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum RoleName {
    #[default]
    State,
    Reference,
}

/// A domain is its name, or a table with its part and dates.
#[derive(Deserialize)]
#[serde(untagged)]
enum DomainTable {
    Name(String),
    Table(DatedDomain),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DatedDomain {
    name: String,
    #[serde(default = "one")]
    part: f64,
    from: Option<Datetime>,
    until: Option<Datetime>,
}

fn one() -> f64 {
    1.0
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GapTable {
    #[serde(default)]
    outlet: String,
    #[serde(default)]
    domain: String,
    #[serde(default)]
    countries: Vec<String>,
    from: Datetime,
    to: Datetime,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RiseTable {
    #[serde(default)]
    state: String,
    #[serde(default)]
    outlet: String,
    #[serde(default)]
    domain: String,
    #[serde(default)]
    countries: Vec<String>,
    onset: Datetime,
    profile: Vec<(i64, f64)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BotTable {
    #[serde(default)]
    outlet: String,
    #[serde(default)]
    domain: String,
    #[serde(default)]
    countries: Vec<String>,
    onset: Datetime,
    lift: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BlockTable {
    #[serde(default)]
    outlet: String,
    #[serde(default)]
    domain: String,
    #[serde(default)]
    countries: Vec<String>,
    onset: Datetime,
    until: Option<Datetime>,
    left: f64,
    mirror: Option<MirrorTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MirrorTable {
    domain: String,
    share: f64,
    #[serde(default)]
    delay_days: i64,
}

impl File {
    fn recipe(self) -> Result<Recipe> {
        let step = match self.every.as_str() {
            "hour" => Step::HOUR,
            "day" => Step::DAY,
            "week" => Step::WEEK,
            other => return Err(Error::input(format!("'every' is '{other}', expected hour, day or week"))),
        };
        // The last day is included in full.
        let last = match self.end.time {
            None => seconds(&self.end)? + Step::DAY.seconds() - 1,
            Some(_) => seconds(&self.end)?,
        };
        let affinity = self.affinity.into_iter().flat_map(|(state, countries)| {
            countries.into_iter().map(move |(country, factor)| ((state.clone(), country), factor))
        });
        let late =
            self.late.map(|l| Ok::<_, Error>(Late { country: l.country, from: seconds(&l.from)? })).transpose()?;
        let mut plants = Vec::new();
        for rise in self.news {
            let (scope, onset, profile) = rise.parts()?;
            nothing_but("news", &[&scope.state, &scope.outlet, &scope.domain], "countries")?;
            plants.push(Plant::News { countries: scope.countries, onset, profile });
        }
        for rise in self.index {
            let (scope, onset, profile) = rise.parts()?;
            nothing_but("index", &[&scope.outlet, &scope.domain], "state and countries")?;
            plants.push(Plant::Index { state: scope.state, countries: scope.countries, onset, profile });
        }
        for rise in self.surge {
            let (scope, onset, profile) = rise.parts()?;
            plants.push(Plant::Surge { scope, onset, profile });
        }
        for bot in self.bot {
            let scope = scope(String::new(), bot.outlet, bot.domain, bot.countries);
            plants.push(Plant::Bot { scope, onset: seconds(&bot.onset)?, lift: bot.lift });
        }
        for block in self.block {
            plants.push(block.plant()?);
        }
        Ok(Recipe {
            seed: self.seed,
            grid: Grid::covering(seconds(&self.start)?, last, step),
            countries: self.country.into_iter().map(|c| Country { code: c.code, visits: c.visits }).collect(),
            outlets: self.outlet.into_iter().map(OutletTable::outlet).collect::<Result<_>>()?,
            affinity: affinity.collect(),
            season: Season { week: self.week, day: self.day },
            growth: self.growth,
            spread: self.spread,
            noise: self.noise.noise(),
            common: self.common.noise(),
            rest: self.rest.noise(),
            gap_rate: self.gap_rate,
            gaps: self.gap.into_iter().map(GapTable::gap).collect::<Result<_>>()?,
            censoring: self.censoring.map(|c| Censoring { below: c.below, countries: c.countries }),
            plants,
            late,
        })
    }
}

/// An entry that silently did less than it says would be a trap.
fn nothing_but(entry: &str, unused: &[&String], known: &str) -> Result<()> {
    match unused.iter().find(|text| !text.is_empty()) {
        Some(text) => Err(Error::input(format!("[[{entry}]] knows {known}, not '{text}'"))),
        None => Ok(()),
    }
}

fn scope(state: String, outlet: String, domain: String, countries: Vec<String>) -> Scope {
    Scope { state, outlet, domain, countries }
}

impl NoiseTable {
    fn noise(self) -> Noise {
        Noise { sd: self.sd, phi: self.phi, df: self.df.unwrap_or(f64::INFINITY), dispersion: self.dispersion }
    }
}

impl OutletTable {
    fn outlet(self) -> Result<Outlet> {
        Ok(Outlet {
            name: self.name,
            state: self.state,
            role: if matches!(self.role, RoleName::Reference) { Role::Reference } else { Role::State },
            share: self.share,
            appeal: self.appeal,
            domains: self.domains.into_iter().map(DomainTable::domain).collect::<Result<_>>()?,
            noise: self.noise.map(NoiseTable::noise),
        })
    }
}

impl DomainTable {
    fn domain(self) -> Result<Domain> {
        match self {
            DomainTable::Name(name) => Ok(Domain { name, part: 1.0, from: None, until: None }),
            DomainTable::Table(table) => Ok(Domain {
                name: table.name,
                part: table.part,
                from: table.from.as_ref().map(seconds).transpose()?,
                until: table.until.as_ref().map(seconds).transpose()?,
            }),
        }
    }
}

impl GapTable {
    fn gap(self) -> Result<Gap> {
        let scope = scope(String::new(), self.outlet, self.domain, self.countries);
        Ok(Gap { scope, from: seconds(&self.from)?, to: seconds(&self.to)? })
    }
}

impl RiseTable {
    fn parts(self) -> Result<(Scope, Seconds, Profile)> {
        let onset = seconds(&self.onset)?;
        Ok((scope(self.state, self.outlet, self.domain, self.countries), onset, Profile(self.profile)))
    }
}

impl BlockTable {
    fn plant(self) -> Result<Plant> {
        Ok(Plant::Block {
            scope: scope(String::new(), self.outlet, self.domain, self.countries),
            onset: seconds(&self.onset)?,
            until: self.until.as_ref().map(seconds).transpose()?,
            left: self.left,
            mirror: self.mirror.map(|m| Mirror { domain: m.domain, share: m.share, delay_days: m.delay_days }),
        })
    }
}

#[cfg(test)]
mod tests;
