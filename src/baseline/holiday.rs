//! Public holidays: what the holiday of a name usually does to a series, learnt from the same holiday in earlier years.
//! Holidays that move through the year are found by their name.

use crate::stats::robust::{mad_sd, median};
use crate::time::{Grid, Seconds, Step};
use std::collections::BTreeMap;

/// A public holiday, one day of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holiday {
    /// Start of the day, as if it were a day of UTC.
    pub date: Seconds,
    /// Readers' country; empty = everywhere.
    pub country: String,
    /// Name: the same every year.
    pub name: String,
}

/// Ordinary days are looked for so many weeks before and after a holiday.
const WEEKS: usize = 4;
/// So many earlier years are asked.
const YEARS: usize = 5;
/// The spread of a holiday of which nothing is known, in spreads of ordinary days.
pub const UNSURE: f64 = 3.0;

/// Whether `time` lies in a holiday of `country`.
///
/// ```
/// # use floodmark::baseline::holiday::{Holiday, is_on};
/// let christmas = [Holiday { date: 1_703_462_400, country: "US".into(), name: "Christmas Day".into() }];
/// assert!(is_on(&christmas, "US", 1_703_462_400 + 3600) && !is_on(&christmas, "GB", 1_703_462_400));
/// ```
pub fn is_on(holidays: &[Holiday], country: &str, time: Seconds) -> bool {
    let day = Step::DAY.seconds();
    holidays.iter().any(|h| holds(h, country) && (h.date..h.date + day).contains(&time))
}

fn holds(holiday: &Holiday, country: &str) -> bool {
    holiday.country.is_empty() || holiday.country == country
}

/// What the holidays of `country` are expected to add to each value of `x` (working scale): 0 on ordinary days, `NaN` on
/// a holiday that no earlier year tells of. Past only: the effect on a day is learnt from days at least four weeks
/// older. Empty without any holiday on the grid, and for steps longer than a day, in which a holiday drowns.
pub fn effects(x: &[f64], grid: &Grid, holidays: &[Holiday], country: &str) -> Vec<f64> {
    let per_day = (Step::DAY.seconds() / grid.step.seconds()) as usize;
    let mut days: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for holiday in holidays.iter().filter(|h| per_day > 0 && holds(h, country)) {
        days.entry(&holiday.name).or_default().extend(grid.index_of(holiday.date));
    }
    if days.values().all(Vec::is_empty) {
        return Vec::new();
    }
    let mut is_holiday = vec![false; x.len()];
    for &first in days.values().flatten() {
        is_holiday[first..(first + per_day).min(x.len())].fill(true);
    }
    let ordinary = |t: usize| ordinary(x, &is_holiday, t, 7 * per_day);
    let mut effects = vec![0.0; x.len()];
    for days in days.values_mut() {
        days.sort_unstable();
        days.dedup();
        for (i, &first) in days.iter().enumerate() {
            let known = days[..i].iter().rev().filter(|&&before| before + (7 * WEEKS + 1) * per_day <= first);
            let known: Vec<usize> = known.take(YEARS).copied().collect();
            for k in 0..per_day.min(x.len() - first) {
                let seen = known.iter().map(|day| (x[day + k], ordinary(day + k)));
                effects[first + k] = effect(seen);
            }
        }
    }
    effects
}

/// Median and spread of the ordinary days around `t`: the same weekday (and hour) some weeks before and after.
fn ordinary(x: &[f64], is_holiday: &[bool], t: usize, week: usize) -> (f64, f64) {
    let before = (1..=WEEKS).filter_map(|k| t.checked_sub(k * week));
    let around = before.chain((1..=WEEKS).map(|k| t + k * week));
    let values: Vec<f64> = around.filter(|&u| u < x.len() && !is_holiday[u] && !x[u].is_nan()).map(|u| x[u]).collect();
    let middle = median(&values);
    (middle, if values.len() < 4 { f64::NAN } else { mad_sd(&values, middle) })
}

/// The median deviation of earlier holidays from the days around them, shrunk by how little it stands out of what
/// ordinary days do (positive-part James & Stein); `NaN` without any.
fn effect(seen: impl Iterator<Item = (f64, (f64, f64))>) -> f64 {
    let (mut deviations, mut variance) = (Vec::new(), 0.0);
    for (value, (middle, spread)) in seen.filter(|(value, (middle, spread))| !(value - middle + spread).is_nan()) {
        deviations.push(value - middle);
        variance += spread * spread;
    }
    let n = deviations.len() as f64;
    let typical = median(&deviations);
    let error = variance / n / n;
    if typical == 0.0 { 0.0 } else { typical * (1.0 - error / (typical * typical)).max(0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    /// Three years of days around 5 with a little noise; a feast that moves costs `drop` in each.
    fn course(drop: f64) -> (Vec<f64>, Vec<Holiday>, Grid) {
        let feasts = [100usize, 454, 808];
        let mut x: Vec<f64> = (0..1000).map(|t| 5.0 + ((t * t * 7 + t) % 13) as f64 / 130.0).collect();
        feasts.iter().for_each(|&t| x[t] -= drop);
        let of = |&t: &usize| Holiday { date: t as i64 * DAY, country: "GB".into(), name: "Feast".into() };
        (x, feasts.iter().map(of).collect(), Grid { start: 0, step: Step::DAY, len: 1000 })
    }

    #[test]
    fn a_feast_that_moves_is_known_from_the_second_time_on() {
        let (x, feasts, grid) = course(0.7);
        let found = effects(&x, &grid, &feasts, "GB");
        assert!(found[100].is_nan());
        assert!((found[454] + 0.7).abs() < 0.1 && (found[808] + 0.7).abs() < 0.1, "{} {}", found[454], found[808]);
        assert!(found.iter().enumerate().all(|(t, e)| [100, 454, 808].contains(&t) || *e == 0.0));
        assert!(effects(&x, &grid, &feasts, "US").is_empty());
    }

    #[test]
    fn a_feast_that_changes_nothing_costs_nothing_and_the_future_tells_nothing() {
        let (mut x, feasts, grid) = course(0.0);
        assert!(effects(&x, &grid, &feasts, "GB")[808].abs() < 0.05);
        let before = effects(&x, &grid, &feasts, "GB");
        x[808..].fill(99.0);
        assert_eq!(effects(&x, &grid, &feasts, "GB")[454], before[454]);
    }

    #[test]
    fn hours_of_a_day_have_effects_of_their_own() {
        let grid = Grid { start: 0, step: Step::HOUR, len: 24 * 500 };
        let mut x: Vec<f64> = (0..grid.len).map(|t| 5.0 + (t % 24) as f64 / 10.0 + (t % 5) as f64 / 100.0).collect();
        let feasts = [60usize, 425];
        feasts.iter().for_each(|day| (0..12).for_each(|h| x[day * 24 + h] -= 1.0));
        let of = |&d: &usize| Holiday { date: d as i64 * DAY, country: String::new(), name: "Feast".into() };
        let feasts: Vec<Holiday> = feasts.iter().map(of).collect();
        let found = effects(&x, &grid, &feasts, "");
        assert!((found[425 * 24 + 3] + 1.0).abs() < 0.1 && found[425 * 24 + 20].abs() < 0.1);
    }
}
