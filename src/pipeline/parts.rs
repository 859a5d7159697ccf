//! What each outlet contributed to the lift of its state.

use crate::aggregate;
use crate::alert::{ContributionRow, LiftRow};
use crate::measure::expected::{Expected, Setting};
use crate::measure::index;
use crate::pipeline::score::Scored;
use crate::series::{Key, Level, Role, Series};
use crate::stats::scale::Scale;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// One of the series that a state's sum is made of, and what stands for it in the sum where it is missing.
pub(super) struct Member<'a> {
    pub(super) scored: &'a Scored,
    /// Its outlet in that country.
    outlet: Arc<Key>,
    filled: BTreeMap<usize, f64>,
}

impl Member<'_> {
    fn value(&self, t: usize) -> f64 {
        self.scored.watched.series.values[t]
    }
}

/// The outlets (or single domains, where these are watched) that a state's series in one country is the sum of.
pub(super) fn members<'a>(scored: &'a [Scored], state: &Key, season: usize) -> Vec<Member<'a>> {
    let is_member = |s: &&Scored| {
        let key = &s.watched.series.key;
        let own = s.watched.level != Level::State && !s.watched.part && s.watched.series.role == Role::State;
        own && key.state == state.state && key.country == state.country
    };
    let member = |s: &'a Scored| {
        let series = &s.watched.series;
        let outlet = Arc::new(Key { domain: String::new(), ..series.key.clone() });
        Member { scored: s, outlet, filled: aggregate::filled_in(&series.values, season) }
    };
    scored.iter().filter(is_member).map(member).collect()
}

/// The setting of a state for one of its outlets: shares have an offset of their own size.
pub(super) fn setting_of<'a>(state: &Setting<'a>, values: &[f64]) -> Setting<'a> {
    if state.scale == Scale::COUNT { *state } else { state.for_shares(values) }
}

/// The contributions to one lift of a state over the periods of `window`, by outlet; `fits` are what is expected of each
/// member. A member without a baseline was not expected at all.
pub(super) fn contributions(
    row: &LiftRow,
    state: &Series,
    members: &[Member<'_>],
    window: &Range<usize>,
    fits: &[Option<Expected>],
) -> Vec<ContributionRow> {
    let mut sums = vec![(0.0, 0.0); members.len()];
    for t in window.clone().filter(|&t| state.values.get(t).is_some_and(|v| v.is_finite())) {
        for ((observed, fit), (all, expected)) in observed_at(t, state, members).zip(fits).zip(&mut sums) {
            *all += observed;
            *expected += fit.as_ref().map_or(0.0, |fit| fit.at(t));
        }
    }
    let mut outlets: BTreeMap<&Arc<Key>, (f64, f64)> = BTreeMap::new();
    for (member, (observed, expected)) in members.iter().zip(sums) {
        let outlet = outlets.entry(&member.outlet).or_default();
        *outlet = (outlet.0 + observed, outlet.1 + expected);
    }
    let parts: Vec<(f64, f64)> = outlets.values().copied().collect();
    let all: f64 = parts.iter().map(|part| part.1).sum();
    let rows = outlets.keys().zip(&parts).zip(index::contributions(&parts, row.expected));
    rows.map(|((outlet, (observed, expected)), contribution)| ContributionRow {
        event: row.event.clone(),
        key: Arc::clone(outlet),
        window: row.window,
        observed: *observed,
        expected: expected * row.expected / all,
        contribution,
    })
    .collect()
}

/// What each member brought to the state's sum in one period. What the sum holds beyond its observed members was filled
/// in for the others, by their own past.
fn observed_at<'a>(t: usize, state: &Series, members: &'a [Member<'_>]) -> impl Iterator<Item = f64> + 'a {
    let seen = move |member: &Member<'_>| member.value(t).is_finite();
    let stands = move |member: &Member<'_>| member.filled.get(&t).copied().unwrap_or(0.0);
    let known: f64 = members.iter().filter(|m| seen(m)).map(|m| m.value(t)).sum();
    let filled: f64 = members.iter().filter(|m| !seen(m)).map(stands).sum();
    let scale = if filled > 0.0 { (state.values[t] - known) / filled } else { 0.0 };
    members.iter().map(move |m| if seen(m) { m.value(t) } else { scale * stands(m) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::Watched;
    use crate::pipeline::{Options, score_one};
    use crate::series::Kind;
    use crate::time::{Grid, Step};

    fn series(values: &[f64]) -> Series {
        let values = values.into();
        Series { key: Key::default(), role: Role::State, kind: Kind::Count, values, censored: BTreeMap::new() }
    }

    fn scored(values: &[f64]) -> Scored {
        let series = series(values);
        let watched =
            Watched { level: Level::Outlet, series, filled: vec![false; 2], part: false, newcomers: Vec::new() };
        score_one(watched, &Grid { start: 0, step: Step::DAY, len: 2 }, &Options::default())
    }

    #[test]
    fn what_members_brought_adds_up_to_the_sum_of_the_state() {
        // The second was silent when its week came round again, the third had not begun.
        let of = [scored(&[80.0, 80.0]), scored(&[20.0, f64::NAN]), scored(&[f64::NAN, f64::NAN])];
        let member = |scored| Member {
            scored,
            outlet: Arc::default(),
            filled: aggregate::filled_in(&scored.watched.series.values, 1),
        };
        let members: Vec<Member<'_>> = of.iter().map(member).collect();
        let brought: Vec<f64> = observed_at(1, &series(&[100.0, 105.0]), &members).collect();
        assert_eq!(brought, [80.0, 25.0, 0.0]);
        // Nothing to fill: the state is what was observed.
        let brought: Vec<f64> = observed_at(0, &series(&[100.0, 105.0]), &members).collect();
        assert_eq!(brought, [80.0, 20.0, 0.0]);
    }
}
