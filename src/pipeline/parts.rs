//! What each outlet contributed to the lift of its state.

use crate::alert::{ContributionRow, LiftRow};
use crate::measure::expected::{Expected, Setting};
use crate::measure::index;
use crate::pipeline::score::Scored;
use crate::series::{Key, Level, Role, Series};
use crate::stats::scale::Scale;
use std::collections::BTreeMap;
use std::ops::Range;

/// The outlets (or single domains, where these are watched) that a state's series in one country is the sum of.
pub(super) fn members<'a>(scored: &'a [Scored], state: &Key) -> Vec<&'a Series> {
    let is_member = |s: &&Scored| {
        let key = &s.watched.series.key;
        let own = s.watched.level != Level::State && !s.watched.part && s.watched.series.role == Role::State;
        own && key.state == state.state && key.country == state.country
    };
    scored.iter().filter(is_member).map(|s| &s.watched.series).collect()
}

/// The setting of a state for one of its outlets: shares have an offset of their own size.
pub(super) fn setting_of<'a>(state: &Setting<'a>, values: &[f64]) -> Setting<'a> {
    if state.scale == Scale::COUNT { *state } else { state.for_shares(values) }
}

/// The contributions to one lift of a state over the periods of `window`, by outlet; `expect` fits the baseline of a
/// member. A member without a baseline was not expected at all.
pub(super) fn contributions(
    row: &LiftRow,
    state: &Series,
    members: &[&Series],
    window: &Range<usize>,
    expect: impl Fn(&[f64]) -> Option<Expected>,
) -> Vec<ContributionRow> {
    let fits: Vec<Option<Expected>> = members.iter().map(|member| expect(&member.values)).collect();
    let mut sums = vec![(0.0, 0.0); members.len()];
    for t in window.clone().filter(|&t| state.values.get(t).is_some_and(|v| v.is_finite())) {
        let expected: Vec<f64> = fits.iter().map(|fit| fit.as_ref().map_or(0.0, |fit| fit.at(t))).collect();
        let seen: Vec<bool> = members.iter().map(|member| member.values[t].is_finite()).collect();
        // What the state's sum holds beyond its observed members was filled in for the others.
        let known: f64 = members.iter().zip(&seen).filter(|(_, seen)| **seen).map(|(m, _)| m.values[t]).sum();
        let missing: f64 = expected.iter().zip(&seen).filter(|(_, seen)| !**seen).map(|(e, _)| e).sum();
        for (k, (observed, sum)) in sums.iter_mut().enumerate() {
            *sum += expected[k];
            *observed += match seen[k] {
                true => members[k].values[t],
                false if missing > 0.0 => (state.values[t] - known) * expected[k] / missing,
                false => 0.0,
            };
        }
    }
    let mut outlets: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for (member, (observed, expected)) in members.iter().zip(sums) {
        let outlet = outlets.entry(&member.key.outlet).or_default();
        *outlet = (outlet.0 + observed, outlet.1 + expected);
    }
    let parts: Vec<(f64, f64)> = outlets.values().copied().collect();
    let all: f64 = parts.iter().map(|part| part.1).sum();
    let rows = outlets.keys().zip(&parts).zip(index::contributions(&parts, row.expected));
    rows.map(|((outlet, (observed, expected)), contribution)| ContributionRow {
        event: row.event.clone(),
        event_date: row.event_date,
        state: row.state.clone(),
        country: row.country.clone(),
        window: row.window,
        outlet: (*outlet).to_string(),
        observed: *observed,
        expected: expected * row.expected / all,
        contribution,
    })
    .collect()
}
