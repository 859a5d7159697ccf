//! From domain × country series to what is watched: outlets and states, each country and all countries together.
//!
//! A sum over several series must not fall because one of them was not observed that day. A gap of a member is filled
//! from its own past (median of the last few values of the same phase of the season), counted, and only while the
//! filled part stays small; otherwise the sum itself is a gap. Members that have not begun, or ended long ago, add
//! nothing: an outlet's new domain takes over from the seized one without a break.

use crate::series::{Key, Kind, Level, Panel, Role, Series};
use crate::stats::robust::{mean, median_with};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A sum with a larger filled part than this is a gap.
const MAX_FILLED: f64 = 0.2;
/// A gap is filled from so many past values of its phase.
const FILL_CYCLES: usize = 4;
/// A series whose last observation is further back than this many seasons has ended; until then it is late.
const LATE_CYCLES: usize = 2;

/// A member that begins so many seasons after its sum is new; its mean is taken over so many.
const NEW_CYCLES: usize = 4;

/// One series to be scored.
#[derive(Clone, Debug, PartialEq)]
pub struct Watched {
    /// Domain, outlet or state.
    pub level: Level,
    /// The series, possibly a sum.
    pub series: Series,
    /// Periods in which a member was filled.
    pub filled: Vec<bool>,
    /// A domain of an outlet that is watched as a whole: of interest only where one domain takes over from another.
    pub part: bool,
    /// Members of a sum of which nothing was known when it began: first period, and mean of the first few cycles.
    pub newcomers: Vec<(usize, f64)>,
}

impl Watched {
    /// What members that are new since the `baseline` add to the sum over `stretch` and did not add to the baseline.
    pub fn brought_by_newcomers(&self, baseline: &Range<usize>, stretch: &Range<usize>) -> f64 {
        let missing = |since: usize| since.clamp(baseline.start, baseline.end) - baseline.start;
        let part = |since: usize| missing(since) as f64 / baseline.len().max(1) as f64;
        let there = |since: usize| stretch.end.saturating_sub(since.max(stretch.start)) as f64;
        self.newcomers.iter().map(|(since, mean)| mean * part(*since) * there(*since)).sum()
    }
}

/// The watched and reference series of `panel` at all levels, sorted by level and key; the domains of an outlet that
/// has several are there too, as its parts. `season` is the length of the
/// shortest season in periods (1 if none). Kinds that do not add up stay as they are, domain by domain.
pub fn watched(panel: &Panel, by_domain: bool, season: usize) -> Vec<Watched> {
    watched_among(panel, by_domain, season, several_countries(panel))
}

/// The same for a part of a larger panel, of which it must be told whether that has `several` countries.
pub fn watched_among(panel: &Panel, by_domain: bool, season: usize, several: bool) -> Vec<Watched> {
    groups(panel, by_domain, several).map(sum_of(panel, season, Hindsight::Whole)).collect()
}

/// As [`watched`], from the past alone: what later periods bring changes no sum of an earlier one. That a member has
/// ended is known only when it has been silent for a while; until then it is taken to be late, whatever comes after.
pub fn watched_online(panel: &Panel, by_domain: bool, season: usize) -> Vec<Watched> {
    groups(panel, by_domain, several_countries(panel)).map(sum_of(panel, season, Hindsight::None)).collect()
}

/// Whether a sum over countries is more than one country.
pub fn several_countries(panel: &Panel) -> bool {
    let countries: BTreeSet<&str> = panel.series.iter().map(|s| s.key.country.as_str()).collect();
    countries.iter().filter(|country| !country.is_empty()).count() > 1
}

/// What may be known of a period that follows the one in question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hindsight {
    /// Everything: within its observed span a member has gaps, after it it has ended.
    Whole,
    /// Nothing.
    None,
}

type Group = (Level, Role, Key);

/// What is watched, with its members and whether it is a part.
fn groups(panel: &Panel, by_domain: bool, several: bool) -> impl Iterator<Item = (Group, Vec<usize>, bool)> {
    let mut groups: BTreeMap<Group, Vec<usize>> = BTreeMap::new();
    for (i, series) in panel.series.iter().enumerate() {
        for (level, key) in keys_of(series, by_domain, several) {
            groups.entry((level, series.role, key)).or_default().push(i);
        }
    }
    let mut parts: BTreeMap<Group, Vec<usize>> = BTreeMap::new();
    for ((level, role, key), members) in &groups {
        let one_place = members.iter().all(|m| panel.series[*m].key.country == key.country);
        if (*level, *role) == (Level::Outlet, Role::State) && members.len() > 1 && one_place {
            parts.extend(members.iter().map(|m| ((Level::Domain, *role, panel.series[*m].key.clone()), vec![*m])));
        }
    }
    let is_part: BTreeSet<_> = parts.keys().cloned().collect();
    groups.extend(parts);
    groups.into_iter().map(move |(group, members)| {
        let part = is_part.contains(&group);
        (group, members, part)
    })
}

fn sum_of(
    panel: &Panel,
    season: usize,
    hindsight: Hindsight,
) -> impl FnMut((Group, Vec<usize>, bool)) -> Watched + use<'_> {
    let fills: Vec<BTreeMap<usize, f64>> = panel.series.iter().map(|s| fill(&s.values, season, hindsight)).collect();
    move |(group, members, part)| Watched { part, ..sum(panel, &fills, season, group, &members) }
}

/// Number of periods filled over the domain × country series of a panel, for the record.
pub fn gaps(panel: &Panel) -> usize {
    let of = |s: &Series| {
        s.observed_span().map_or(0, |(first, last)| {
            (first..=last).filter(|i| s.values[*i].is_nan() && !s.censored.contains_key(i)).count()
        })
    };
    panel.series.iter().map(of).sum()
}

/// Every sum that a series takes part in.
fn keys_of(series: &Series, by_domain: bool, several_countries: bool) -> Vec<(Level, Key)> {
    let key = &series.key;
    let fine_level =
        if by_domain || !(series.kind.adds_up() || series.kind == Kind::Share) { Level::Domain } else { Level::Outlet };
    let fine = if fine_level == Level::Domain { key.clone() } else { Key { domain: String::new(), ..key.clone() } };
    let mut keys = vec![(fine_level, fine.clone())];
    // Shares of different countries have different totals, ranks and scaled values have none: only counts add up
    // across countries.
    let across = series.kind.adds_up() && several_countries && !key.country.is_empty();
    if across {
        keys.push((fine_level, Key { country: String::new(), ..fine }));
    }
    if series.role == Role::State && !key.state.is_empty() && (series.kind.adds_up() || series.kind == Kind::Share) {
        let state = Key { state: key.state.clone(), country: key.country.clone(), ..Key::default() };
        keys.push((Level::State, state.clone()));
        if across {
            keys.push((Level::State, Key { country: String::new(), ..state }));
        }
    }
    keys
}

/// For each gap of a series within (or shortly after) its observed span: what a sum holds in its stead, which is what
/// its own past would lead to expect. `season` as for [`watched`].
pub fn filled_in(values: &[f64], season: usize) -> BTreeMap<usize, f64> {
    fill(values, season, Hindsight::Whole)
}

/// As [`filled_in`], by what may be known.
fn fill(values: &[f64], season: usize, hindsight: Hindsight) -> BTreeMap<usize, f64> {
    let mut filled = BTreeMap::new();
    let Some(first) = values.iter().position(|v| !v.is_nan()) else { return filled };
    let last = values.iter().rposition(|v| !v.is_nan()).unwrap_or(first);
    let patience = LATE_CYCLES * season.max(7);
    let whole = hindsight == Hindsight::Whole;
    let end = if whole && values.len() - 1 - last > patience { last + 1 } else { values.len() };
    let mut scratch = Vec::with_capacity(FILL_CYCLES);
    let mut seen = first;
    for t in first..end {
        if !values[t].is_nan() {
            seen = t;
        } else if whole || t - seen <= patience {
            // However far back they lie: a member that is missing for months has not fallen to nothing.
            let latest = |skip: usize, step: usize| {
                let past = (first..t).rev().skip(skip).step_by(step).map(|u| values[u]);
                past.filter(|v| !v.is_nan()).take(FILL_CYCLES)
            };
            let mut usual = median_with(latest(season - 1, season), &mut scratch);
            if usual.is_nan() {
                // In the first cycle no value has the same phase.
                usual = median_with(latest(0, 1), &mut scratch);
            }
            filled.insert(t, usual);
        }
    }
    filled
}

fn sum(
    panel: &Panel,
    fills: &[BTreeMap<usize, f64>],
    season: usize,
    (level, role, key): Group,
    members: &[usize],
) -> Watched {
    let n = panel.grid.len;
    let kind = panel.series[members[0]].kind;
    if let [only] = members {
        let series = Series { key, ..panel.series[*only].clone() };
        return Watched { level, series, filled: vec![false; n], part: false, newcomers: Vec::new() };
    }
    let mut values = vec![f64::NAN; n];
    let mut filled = vec![false; n];
    for t in 0..n {
        let (mut observed, mut substituted, mut seen) = (0.0, 0.0, false);
        for &m in members {
            let value = panel.series[m].values[t];
            if !value.is_nan() {
                observed += value;
                seen = true;
            } else if let Some(fill) = fills[m].get(&t) {
                substituted += fill;
            }
        }
        if seen && substituted <= MAX_FILLED * (observed + substituted) {
            values[t] = observed + substituted;
            filled[t] = substituted > 0.0;
        }
    }
    let newcomers = newcomers(&values, members.iter().map(|m| &*panel.series[*m].values), NEW_CYCLES * season.max(1));
    let censored = BTreeMap::new();
    Watched {
        level,
        series: Series { key, role, kind, values: values.into(), censored },
        filled,
        part: false,
        newcomers,
    }
}

/// Members that begin more than `length` periods after the sum does, with the mean of their first `length` periods.
fn newcomers<'a>(sum: &[f64], members: impl Iterator<Item = &'a [f64]>, length: usize) -> Vec<(usize, f64)> {
    let begins = sum.iter().position(|v| !v.is_nan()).unwrap_or(0);
    members
        .filter_map(|values| {
            let since = values.iter().position(|v| !v.is_nan()).filter(|since| *since > begins + length)?;
            Some((since, mean(&values[since..(since + length).min(values.len())])))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Grid, Step};

    fn panel(rows: &[(&str, &str, &str, Vec<f64>)]) -> Panel {
        let len = rows[0].3.len();
        let series = rows
            .iter()
            .map(|(outlet, domain, country, values)| Series {
                key: Key {
                    state: "IR".into(),
                    outlet: outlet.to_string(),
                    domain: domain.to_string(),
                    country: country.to_string(),
                },
                role: Role::State,
                kind: Kind::Count,
                values: values.clone().into(),
                censored: BTreeMap::new(),
            })
            .collect();
        Panel { grid: Grid { start: 0, step: Step::DAY, len }, series, totals: BTreeMap::new() }
    }

    fn values_of<'a>(all: &'a [Watched], level: Level, outlet: &str, country: &str) -> &'a Watched {
        all.iter()
            .find(|w| w.level == level && w.series.key.outlet == outlet && w.series.key.country == country)
            .expect("series")
    }

    #[test]
    fn domains_add_up_to_outlets_states_and_all_countries() {
        let panel = panel(&[
            ("A", "a.com", "GB", vec![1.0; 20]),
            ("A", "a.net", "GB", vec![2.0; 20]),
            ("A", "a.com", "US", vec![4.0; 20]),
            ("B", "b.com", "US", vec![8.0; 20]),
        ]);
        let all = watched(&panel, false, 7);
        assert_eq!(values_of(&all, Level::Outlet, "A", "GB").series.values[0], 3.0);
        assert_eq!(values_of(&all, Level::Outlet, "A", "").series.values[0], 7.0);
        assert_eq!(values_of(&all, Level::State, "", "US").series.values[0], 12.0);
        assert_eq!(values_of(&all, Level::State, "", "").series.values[0], 15.0);
    }

    #[test]
    fn the_domains_of_an_outlet_with_several_are_its_parts() {
        let panel = panel(&[
            ("A", "a.com", "GB", vec![1.0; 20]),
            ("A", "a.net", "GB", vec![2.0; 20]),
            ("B", "b.com", "GB", vec![8.0; 20]),
        ]);
        let all = watched(&panel, false, 7);
        let parts: Vec<&str> = all.iter().filter(|w| w.part).map(|w| w.series.key.domain.as_str()).collect();
        assert_eq!(parts, ["a.com", "a.net"]);
    }

    #[test]
    fn a_gap_of_one_member_is_filled_from_its_past_and_a_large_one_stays_a_gap() {
        let mut small = vec![10.0; 30];
        small[20] = f64::NAN;
        let mut large = vec![90.0; 30];
        large[25] = f64::NAN;
        let all = watched(&panel(&[("A", "a.com", "", small), ("A", "b.com", "", large)]), false, 7);
        let sum = values_of(&all, Level::Outlet, "A", "");
        assert_eq!((sum.series.values[20], sum.filled[20]), (100.0, true));
        assert!(sum.series.values[25].is_nan());
        assert_eq!(sum.series.values[0], 100.0);
    }

    #[test]
    fn a_member_missing_for_months_has_not_fallen_to_nothing() {
        let mut missing = vec![10.0; 200];
        missing[40..150].fill(f64::NAN);
        missing[3] = f64::NAN;
        let all = watched(&panel(&[("A", "a.com", "", missing), ("A", "b.com", "", vec![90.0; 200])]), false, 7);
        let sum = values_of(&all, Level::Outlet, "A", "");
        assert!(sum.series.values.iter().all(|v| *v == 100.0), "{:?}", sum.series.values);
        assert!(sum.filled[3] && sum.filled[40..150].iter().all(|filled| *filled));
    }

    #[test]
    fn a_domain_that_ended_long_ago_adds_nothing_and_is_no_gap() {
        let mut old = vec![50.0; 100];
        old[40..].fill(f64::NAN);
        let mut new = vec![f64::NAN; 100];
        new[40..].fill(50.0);
        let all = watched(&panel(&[("A", "a.com", "", old), ("A", "b.com", "", new)]), false, 7);
        assert!(values_of(&all, Level::Outlet, "A", "").series.values.iter().all(|v| *v == 50.0));
    }
}
