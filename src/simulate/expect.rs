//! The means behind a panel: with and without what is planted.

use super::draw::stream;
use super::{Plant, Recipe, Season};
use crate::error::{Error, Result};
use crate::series::{Key, Role};
use crate::time::{Seconds, Step};
use rand_distr::{Distribution, StandardNormal};
use std::collections::BTreeMap;

/// Seconds of a mean Gregorian year.
const YEAR: f64 = 365.2425 * 86_400.0;

/// Mean visits of one series, period by period.
pub(super) struct Mean {
    pub(super) key: Key,
    pub(super) role: Role,
    /// Place of its outlet in the recipe.
    pub(super) outlet: usize,
    /// Without anything planted.
    pub(super) base: Vec<f64>,
    /// With everything planted.
    pub(super) full: Vec<f64>,
}

/// Mean visits to all news of one country.
pub(super) struct Total {
    /// Without anything planted.
    pub(super) base: Vec<f64>,
    /// News cycle: factor on everything.
    pub(super) cycle: Vec<f64>,
    /// What is in no series, with the news cycle.
    pub(super) rest: Vec<f64>,
    /// With everything planted.
    pub(super) full: Vec<f64>,
}

/// All the means.
pub(super) struct Expected {
    /// Sorted by key.
    pub(super) series: Vec<Mean>,
    /// By country.
    pub(super) totals: BTreeMap<String, Total>,
}

impl Expected {
    pub(super) fn of(recipe: &Recipe) -> Result<Expected> {
        let shape = shape(recipe);
        let totals = recipe.countries.iter().map(|c| (c.code.clone(), total(recipe, &c.code, c.visits, &shape)));
        let mut expected = Expected { series: base(recipe, &shape), totals: totals.collect() };
        expected.leave_the_rest()?;
        expected.follow_the_news();
        for plant in &recipe.plants {
            expected.multiply(recipe, plant);
        }
        expected.raise_indexes(recipe)?;
        expected.displace(recipe);
        expected.sum_up();
        Ok(expected)
    }

    /// What is in the total and in no series.
    fn leave_the_rest(&mut self) -> Result<()> {
        for Mean { key, base, .. } in &self.series {
            let total = self.totals.get_mut(&key.country).expect("every series has a country of the recipe");
            total.rest.iter_mut().zip(base).for_each(|(rest, visits)| *rest -= visits);
        }
        for (country, total) in &mut self.totals {
            if total.rest.iter().any(|rest| *rest < 0.0) {
                return Err(Error::input(format!("the outlets have more visits in {country} than all news there")));
            }
            total.rest.iter_mut().zip(&total.cycle).for_each(|(rest, cycle)| *rest *= cycle);
        }
        Ok(())
    }

    fn follow_the_news(&mut self) {
        for mean in &mut self.series {
            let cycle = &self.totals[&mean.key.country].cycle;
            mean.full = mean.base.iter().zip(cycle).map(|(visits, cycle)| visits * cycle).collect();
        }
    }

    fn multiply(&mut self, recipe: &Recipe, plant: &Plant) {
        let scope = plant.scope();
        for mean in self.series.iter_mut().filter(|mean| scope.holds(&mean.key)) {
            for (index, visits) in mean.full.iter_mut().enumerate() {
                *visits *= own_factor(plant, recipe.grid.time(index));
            }
        }
    }

    /// Multiplies the visits of each state with a planted index so that its share of the total is what was asked.
    ///
    /// With R the visits of everybody else, p the share of a state without anything planted and q = (1 + lift) p, the
    /// total is T = R + Σ q T, so T = R ÷ (1 − Σ q), and the state must have q T visits: the total grows with the
    /// state, and by this the raw lift is a little more than lift × news cycle.
    fn raise_indexes(&mut self, recipe: &Recipe) -> Result<()> {
        let indexes: Vec<&Plant> = recipe.plants.iter().filter(|p| matches!(p, Plant::Index { .. })).collect();
        for (country, total) in &self.totals {
            for index in 0..recipe.grid.len {
                let lifts = index_lifts(&indexes, country, recipe.grid.time(index));
                if lifts.is_empty() {
                    continue;
                }
                let of_country = || self.series.iter().filter(|mean| mean.key.country == *country);
                let wanted = |mean: &&Mean| lifts.contains_key(mean.key.state.as_str());
                let others: f64 = of_country().filter(|mean| !wanted(mean)).map(|mean| mean.full[index]).sum();
                let rest = total.rest[index] + others;
                let share = |state: &str| {
                    let base: f64 = of_country().filter(|m| m.key.state == state).map(|m| m.base[index]).sum();
                    base / total.base[index]
                };
                let shares: BTreeMap<&str, f64> = lifts.keys().map(|&state| (state, share(state))).collect();
                let left = 1.0 - lifts.iter().map(|(state, lift)| (1.0 + lift) * shares[state]).sum::<f64>();
                if left <= 0.0 {
                    return Err(Error::input(format!("the index planted in {country} leaves nothing for others")));
                }
                let all = rest / left;
                for mean in self.series.iter_mut().filter(|m| m.key.country == *country) {
                    if let Some(lift) = lifts.get(mean.key.state.as_str()) {
                        let undisturbed = total.base[index] * total.cycle[index];
                        if undisturbed > 0.0 {
                            mean.full[index] *= (1.0 + lift) * all / undisturbed;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes readers from blocked domains and gives some of them to the mirror.
    fn displace(&mut self, recipe: &Recipe) {
        for plant in &recipe.plants {
            let Plant::Block { scope, onset, until, left, mirror } = plant else { continue };
            let grid = recipe.grid;
            let blocked: Vec<usize> = (0..grid.len)
                .filter(|&index| grid.time(index) >= *onset && until.is_none_or(|until| grid.time(index) < until))
                .collect();
            let mut lost: BTreeMap<String, Vec<f64>> = BTreeMap::new();
            for mean in self.series.iter_mut().filter(|mean| scope.holds(&mean.key)) {
                if mirror.as_ref().is_some_and(|mirror| mirror.domain == mean.key.domain) {
                    continue;
                }
                let lost = lost.entry(mean.key.country.clone()).or_insert_with(|| vec![0.0; grid.len]);
                for &index in &blocked {
                    lost[index] += mean.full[index] * (1.0 - left);
                    mean.full[index] *= left;
                }
            }
            let Some(mirror) = mirror else { continue };
            let found = onset + mirror.delay_days * Step::DAY.seconds();
            for mean in self.series.iter_mut().filter(|mean| mean.key.domain == mirror.domain) {
                let Some(lost) = lost.get(&mean.key.country) else { continue };
                for &index in blocked.iter().filter(|&&index| grid.time(index) >= found) {
                    mean.full[index] += mirror.share * lost[index];
                }
            }
        }
    }

    fn sum_up(&mut self) {
        for total in self.totals.values_mut() {
            total.full = total.rest.clone();
        }
        for mean in &self.series {
            if let Some(total) = self.totals.get_mut(&mean.key.country) {
                total.full.iter_mut().zip(&mean.full).for_each(|(total, visits)| *total += visits);
            }
        }
    }
}

/// The factor of a surge or of bots at a time; 1 for what is planted otherwise.
fn own_factor(plant: &Plant, time: Seconds) -> f64 {
    match plant {
        Plant::Surge { onset, profile, .. } => 1.0 + profile.at(*onset, time),
        Plant::Bot { onset, lift, .. } if (time - onset).div_euclid(Step::DAY.seconds()) == 0 => 1.0 + lift,
        _ => 1.0,
    }
}

/// State → planted lift of its index, where there is one. Two for one state multiply.
fn index_lifts<'a>(indexes: &[&'a Plant], country: &str, time: Seconds) -> BTreeMap<&'a str, f64> {
    let mut lifts = BTreeMap::new();
    for plant in indexes {
        let Plant::Index { state, onset, profile, .. } = plant else { continue };
        let lift = profile.at(*onset, time);
        if lift != 0.0 && plant.scope().reaches(country) {
            let sum: &mut f64 = lifts.entry(state.as_str()).or_insert(0.0);
            *sum = (1.0 + *sum) * (1.0 + lift) - 1.0;
        }
    }
    lifts
}

/// Season × growth, period by period, around 1.
fn shape(recipe: &Recipe) -> Vec<f64> {
    let middle = recipe.grid.time(recipe.grid.len / 2);
    let growth = |time: Seconds| (1.0 + recipe.growth).powf((time - middle) as f64 / YEAR);
    let factor = |time: Seconds| season(&recipe.season, recipe.grid.step, time) * growth(time);
    (0..recipe.grid.len).map(|index| factor(recipe.grid.time(index))).collect()
}

/// The factor of the season at a time: mean 1 over a day and a week.
fn season(season: &Season, step: Step, time: Seconds) -> f64 {
    // 1970-01-01 was a Thursday.
    let weekday = (time.div_euclid(Step::DAY.seconds()) + 3).rem_euclid(7) as usize;
    let hour = (time.rem_euclid(Step::DAY.seconds()) / Step::HOUR.seconds()) as usize;
    let relative = |factors: &[f64], at: usize| factors[at] * factors.len() as f64 / factors.iter().sum::<f64>();
    match step {
        Step::WEEK => 1.0,
        step if step >= Step::DAY => relative(&season.week, weekday),
        _ => relative(&season.week, weekday) * relative(&season.day, hour),
    }
}

fn total(recipe: &Recipe, country: &str, visits: f64, shape: &[f64]) -> Total {
    let base: Vec<f64> = shape.iter().map(|factor| visits * factor).collect();
    let mut cycle = vec![1.0; shape.len()];
    for plant in &recipe.plants {
        if let Plant::News { onset, profile, .. } = plant
            && plant.scope().reaches(country)
        {
            let time = |index| recipe.grid.time(index);
            cycle.iter_mut().enumerate().for_each(|(index, cycle)| *cycle *= 1.0 + profile.at(*onset, time(index)));
        }
    }
    Total { rest: base.clone(), full: Vec::new(), base, cycle }
}

/// The series of a recipe, sorted by key, without anything planted.
fn base(recipe: &Recipe, shape: &[f64]) -> Vec<Mean> {
    let mut series = Vec::new();
    for (place, outlet) in recipe.outlets.iter().enumerate() {
        for domain in &outlet.domains {
            for country in &recipe.countries {
                let key = Key {
                    state: outlet.state.clone(),
                    outlet: outlet.name.clone(),
                    domain: domain.name.clone(),
                    country: country.code.clone(),
                };
                let z: f64 = StandardNormal.sample(&mut stream(recipe.seed, "level", &key));
                let affinity = recipe.affinity.get(&(key.state.clone(), key.country.clone())).unwrap_or(&1.0);
                let appeal = outlet.appeal.get(&key.country).unwrap_or(&1.0);
                let share = outlet.share * domain.part * affinity * appeal;
                let level = country.visits * share * (recipe.spread * z).exp();
                let lives =
                    |time| domain.from.is_none_or(|from| time >= from) && domain.until.is_none_or(|end| time < end);
                let at =
                    |(index, factor): (usize, &f64)| if lives(recipe.grid.time(index)) { level * factor } else { 0.0 };
                let base = shape.iter().enumerate().map(at).collect();
                series.push(Mean { key, role: outlet.role, outlet: place, base, full: Vec::new() });
            }
        }
    }
    series.sort_by(|a, b| a.key.cmp(&b.key));
    series
}
