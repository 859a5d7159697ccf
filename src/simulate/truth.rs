//! What was planted, as rows: where, when, and by how much, computed from the means.

use super::expect::{Expected, Total};
use super::{Plant, Recipe, Scope};
use crate::error::Result;
use crate::series::{Key, Level};
use crate::time::{Grid, Seconds, Step};
use std::ops::RangeInclusive;

/// What a planted row is. Only surges and drops are looked for; the rest explain alerts that are neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlantedKind {
    /// More readers.
    Surge,
    /// Fewer readers: blocked, seized, less liked.
    Drop,
    /// All news was read more.
    News,
    /// Readers of a blocked domain went to this one.
    Displacement,
    /// Machines.
    Bot,
    /// Did not exist before.
    NewDomain,
}

impl PlantedKind {
    /// All of them.
    pub const ALL: [PlantedKind; 6] = [
        PlantedKind::Surge,
        PlantedKind::Drop,
        PlantedKind::News,
        PlantedKind::Displacement,
        PlantedKind::Bot,
        PlantedKind::NewDomain,
    ];

    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            PlantedKind::Surge => "surge",
            PlantedKind::Drop => "drop",
            PlantedKind::News => "news",
            PlantedKind::Displacement => "displacement",
            PlantedKind::Bot => "bot",
            PlantedKind::NewDomain => "new_domain",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<PlantedKind> {
        PlantedKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One row of the truth. Lifts are fractions of the means, free of noise: what is planted against the same panel
/// without it. `NaN` where there is nothing to compare with.
#[derive(Clone, Debug, PartialEq)]
pub struct Planted {
    /// Domain, outlet or state; `None` = all news.
    pub level: Option<Level>,
    /// Whose traffic; an empty country = all countries.
    pub key: Key,
    /// First period.
    pub onset: Seconds,
    /// Last period, included.
    pub end: Seconds,
    /// What it is.
    pub kind: PlantedKind,
    /// Visits from onset to end ÷ visits without this plant and without any news cycle − 1: what is seen.
    pub lift: f64,
    /// Visits ÷ visits without this plant − 1: what is more than the news cycle.
    pub net_lift: f64,
    /// The same as `net_lift`, of the share of all news.
    pub index_lift: f64,
    /// Lift of the share on days 0–6 after the onset.
    pub index_week1: f64,
    /// Lift of the share on days 21–27 after the onset.
    pub index_week4: f64,
}

/// The rows of a recipe, sorted by onset, key and kind.
pub(super) fn truth(recipe: &Recipe, full: &Expected) -> Result<Vec<Planted>> {
    let mut rows = Vec::new();
    for (place, plant) in recipe.plants.iter().enumerate() {
        let mut without = recipe.clone();
        without.plants.remove(place);
        let mut bare = without.clone();
        bare.plants.retain(|plant| !matches!(plant, Plant::News { .. }));
        let worlds = Worlds { recipe, full, without: &Expected::of(&without)?, bare: &Expected::of(&bare)? };
        let scope = plant.scope();
        let (onset, end) = span(plant, recipe.grid);
        rows.extend(worlds.rows(&scope, (onset, end), kind(plant)));
        if let Plant::Block { mirror: Some(mirror), .. } = plant {
            let gains = Scope { domain: mirror.domain.clone(), countries: scope.countries, ..Scope::default() };
            let found = onset + mirror.delay_days * Step::DAY.seconds();
            rows.extend(worlds.rows(&gains, (found, end), PlantedKind::Displacement));
        }
    }
    rows.extend(births_and_deaths(recipe));
    rows.sort_by(|a, b| (a.onset, &a.key, a.kind, a.end).cmp(&(b.onset, &b.key, b.kind, b.end)));
    Ok(rows)
}

/// Domains that begin or end within the panel.
fn births_and_deaths(recipe: &Recipe) -> Vec<Planted> {
    let grid = recipe.grid;
    let row = |domain: &str, from: Seconds, kind: PlantedKind, lift: f64| {
        let span = periods(grid, from, grid.end()).filter(|span| *span.start() > 0)?;
        let (level, key) = Scope { domain: domain.into(), ..Scope::default() }.identity(recipe, "");
        let (onset, end) = (grid.time(*span.start()), grid.time(*span.end()));
        let (index_week1, index_week4) = (f64::NAN, f64::NAN);
        Some(Planted { level, key, onset, end, kind, lift, net_lift: lift, index_lift: lift, index_week1, index_week4 })
    };
    let domains = recipe.outlets.iter().flat_map(|outlet| &outlet.domains);
    let rows = domains.flat_map(|domain| {
        let born = domain.from.and_then(|from| row(&domain.name, from, PlantedKind::NewDomain, f64::NAN));
        let gone = domain.until.and_then(|until| row(&domain.name, until, PlantedKind::Drop, -1.0));
        [born, gone]
    });
    rows.flatten().collect()
}

fn kind(plant: &Plant) -> PlantedKind {
    match plant {
        Plant::News { .. } => PlantedKind::News,
        Plant::Bot { .. } => PlantedKind::Bot,
        Plant::Block { .. } => PlantedKind::Drop,
        Plant::Surge { profile, .. } | Plant::Index { profile, .. } => {
            let sum: f64 = profile.0.iter().map(|knot| knot.1).sum();
            if sum < 0.0 { PlantedKind::Drop } else { PlantedKind::Surge }
        }
    }
}

/// First moment, and the first moment after it.
fn span(plant: &Plant, grid: Grid) -> (Seconds, Seconds) {
    let day = Step::DAY.seconds();
    match plant {
        Plant::News { onset, profile, .. }
        | Plant::Surge { onset, profile, .. }
        | Plant::Index { onset, profile, .. } => (*onset, onset + (profile.last_day() + 1) * day),
        Plant::Bot { onset, .. } => (*onset, onset + day),
        Plant::Block { onset, until, .. } => (*onset, until.unwrap_or(grid.end())),
    }
}

/// The means with a plant, without it, and without any news cycle either.
struct Worlds<'a> {
    recipe: &'a Recipe,
    full: &'a Expected,
    without: &'a Expected,
    bare: &'a Expected,
}

impl Worlds<'_> {
    /// One row for all countries together, or one for each country named.
    fn rows(&self, scope: &Scope, (from, until): (Seconds, Seconds), kind: PlantedKind) -> Vec<Planted> {
        let grid = self.recipe.grid;
        let Some(span) = periods(grid, from, until) else { return Vec::new() };
        let row = |countries: Vec<String>| {
            let only = Scope { countries, ..scope.clone() };
            let (level, key) = only.identity(self.recipe, only.countries.first().map_or("", String::as_str));
            // A window past the end of the rise would compare nothing.
            let week = |first: i64| {
                let start = from + first * Step::DAY.seconds();
                let window = periods(grid, start, start + Step::WEEK.seconds());
                window.filter(|window| window.end() <= span.end()).map_or(f64::NAN, |w| self.share_lift(&only, w))
            };
            let news = kind == PlantedKind::News;
            let beside_news = |lift: f64| if news { f64::NAN } else { lift };
            Planted {
                level,
                key,
                onset: grid.time(*span.start()),
                end: grid.time(*span.end()),
                kind,
                lift: lift(self.full.visits(&only, &span), self.bare.visits(&only, &span)),
                net_lift: beside_news(lift(self.full.visits(&only, &span), self.without.visits(&only, &span))),
                index_lift: beside_news(self.share_lift(&only, span.clone())),
                index_week1: beside_news(week(0)),
                index_week4: beside_news(week(21)),
            }
        };
        if scope.countries.is_empty() {
            return vec![row(Vec::new())];
        }
        scope.countries.iter().map(|country| row(vec![country.clone()])).collect()
    }

    fn share_lift(&self, scope: &Scope, window: RangeInclusive<usize>) -> f64 {
        lift(self.full.share(scope, &window), self.without.share(scope, &window))
    }
}

fn lift(with: f64, without: f64) -> f64 {
    if without > 0.0 { with / without - 1.0 } else { f64::NAN }
}

impl Expected {
    /// Mean visits of a scope within a window.
    fn visits(&self, scope: &Scope, window: &RangeInclusive<usize>) -> f64 {
        let series = self.series.iter().filter(|mean| scope.holds(&mean.key));
        series.map(|mean| mean.full[window.clone()].iter().sum::<f64>()).sum()
    }

    /// Share of a scope in all news of its countries, as the sum over the periods of a window.
    fn share(&self, scope: &Scope, window: &RangeInclusive<usize>) -> f64 {
        let totals: Vec<&Total> = self.totals.iter().filter(|t| scope.reaches(t.0)).map(|t| t.1).collect();
        let all = |index: usize| totals.iter().map(|total| total.full[index]).sum::<f64>();
        window.clone().map(|index| self.visits(scope, &(index..=index)) / all(index)).sum()
    }
}

/// The periods that begin in `from..until`, if any.
fn periods(grid: Grid, from: Seconds, until: Seconds) -> Option<RangeInclusive<usize>> {
    let step = grid.step.seconds();
    let first_at_or_after = |time: Seconds| (time - grid.start + step - 1).div_euclid(step).clamp(0, grid.len as i64);
    let (first, after) = (first_at_or_after(from), first_at_or_after(until));
    (first < after).then(|| first as usize..=after as usize - 1)
}
