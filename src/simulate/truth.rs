//! What was planted, as rows: where, when, and by how much, computed from the means.

use super::expect::Expected;
use super::{Plant, Recipe, Scope};
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

/// One row of the truth. Lifts are fractions of the means, free of noise; `NaN` where there is nothing to compare
/// with. They hold everything planted in the same place and time: a surge within a news cycle has the raw lift of both.
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
    /// Visits from onset to end ÷ visits if nothing had been planted − 1.
    pub lift: f64,
    /// The same beside the news cycle.
    pub net_lift: f64,
    /// The same of the share of all news.
    pub index_lift: f64,
    /// Lift of the share on days 0–6 after the onset.
    pub index_week1: f64,
    /// Lift of the share on days 21–27 after the onset.
    pub index_week4: f64,
}

/// The rows of a recipe, sorted by onset, key and kind.
pub(super) fn truth(recipe: &Recipe, expected: &Expected) -> Vec<Planted> {
    let mut rows = Vec::new();
    for plant in &recipe.plants {
        let scope = plant.scope();
        let (onset, end) = span(plant, recipe.grid);
        rows.extend(planted(recipe, expected, &scope, (onset, end), kind(plant)));
        if let Plant::Block { mirror: Some(mirror), .. } = plant {
            let gains = Scope { domain: mirror.domain.clone(), countries: scope.countries, ..Scope::default() };
            let found = onset + mirror.delay_days * Step::DAY.seconds();
            rows.extend(planted(recipe, expected, &gains, (found, end), PlantedKind::Displacement));
        }
    }
    for domain in recipe.outlets.iter().flat_map(|outlet| &outlet.domains) {
        let scope = Scope { domain: domain.name.clone(), ..Scope::default() };
        if let Some(from) = domain.from.filter(|from| *from > recipe.grid.start) {
            rows.extend(planted(recipe, expected, &scope, (from, recipe.grid.end()), PlantedKind::NewDomain));
        }
        if let Some(until) = domain.until {
            rows.extend(planted(recipe, expected, &scope, (until, recipe.grid.end()), PlantedKind::Drop));
        }
    }
    rows.sort_by(|a, b| (a.onset, &a.key, a.kind, a.end).cmp(&(b.onset, &b.key, b.kind, b.end)));
    rows
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
        Plant::News { onset, profile, .. } | Plant::Surge { onset, profile, .. } | Plant::Index { onset, profile, .. } => {
            (*onset, onset + (profile.last_day() + 1) * day)
        }
        Plant::Bot { onset, .. } => (*onset, onset + day),
        Plant::Block { onset, until, .. } => (*onset, until.unwrap_or(grid.end())),
    }
}

/// One row for all countries together, or one for each country named.
fn planted(
    recipe: &Recipe,
    expected: &Expected,
    scope: &Scope,
    (from, until): (Seconds, Seconds),
    kind: PlantedKind,
) -> Vec<Planted> {
    let countries: Vec<&str> = match scope.countries.is_empty() {
        true => vec![""],
        false => scope.countries.iter().map(String::as_str).collect(),
    };
    let Some(span) = periods(recipe.grid, from, until) else { return Vec::new() };
    let (onset, end) = (recipe.grid.time(*span.start()), recipe.grid.time(*span.end()));
    let row = |country: &str| {
        let only = Scope { countries: [country].iter().filter(|c| !c.is_empty()).map(|c| c.to_string()).collect(), ..scope.clone() };
        let (level, key) = only.identity(recipe, country);
        let day = Step::DAY.seconds();
        let share = |days: (i64, i64)| {
            // A window past the end of the rise would compare nothing.
            let window = periods(recipe.grid, from + days.0 * day, from + (days.1 + 1) * day);
            window.filter(|w| w.end() <= span.end()).map_or(f64::NAN, |window| lifts(expected, &only, window).index)
        };
        let all = lifts(expected, &only, span.clone());
        let (index_week1, index_week4) = (share((0, 6)), share((21, 27)));
        let (lift, net_lift, index_lift) = (all.raw, all.net, all.index);
        Planted { level, key, onset, end, kind, lift, net_lift, index_lift, index_week1, index_week4 }
    };
    countries.into_iter().map(row).collect()
}

/// The periods that begin in `from..until`, if any.
fn periods(grid: Grid, from: Seconds, until: Seconds) -> Option<RangeInclusive<usize>> {
    let step = grid.step.seconds();
    let first_at_or_after = |time: Seconds| (time - grid.start + step - 1).div_euclid(step).clamp(0, grid.len as i64);
    let (first, after) = (first_at_or_after(from), first_at_or_after(until));
    (first < after).then(|| first as usize..=after as usize - 1)
}

struct Lifts {
    raw: f64,
    net: f64,
    index: f64,
}

fn lifts(expected: &Expected, scope: &Scope, window: RangeInclusive<usize>) -> Lifts {
    let (mut full, mut base, mut cycled, mut before, mut after) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let totals: Vec<_> = expected.totals.iter().filter(|(country, _)| scope.reaches(country)).collect();
    for index in window {
        let (mut full_now, mut base_now) = (0.0, 0.0);
        for mean in expected.series.iter().filter(|mean| scope.holds(&mean.key)) {
            full_now += mean.full[index];
            base_now += mean.base[index];
            cycled += mean.base[index] * expected.totals[&mean.key.country].cycle[index];
        }
        full += full_now;
        base += base_now;
        before += base_now / totals.iter().map(|(_, total)| total.base[index]).sum::<f64>();
        after += full_now / totals.iter().map(|(_, total)| total.full[index]).sum::<f64>();
    }
    let lift = |with: f64, without: f64| if without > 0.0 { with / without - 1.0 } else { f64::NAN };
    Lifts { raw: lift(full, base), net: lift(full, cycled), index: lift(after, before) }
}
