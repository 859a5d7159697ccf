//! Sums of which a part came to a level of its own: a domain that was blocked, another that took its readers over.
//!
//! A baseline with both levels in it is that of neither. The sum itself may have moved too little for a level shift, but
//! the part has not, and so it is known by how much: the sum before is taken as it would have been had the part
//! always stood where it came to stand. What was observed since is left alone.

use crate::pipeline::baselines::levels;
use crate::pipeline::score::Scored;
use crate::pipeline::{Options, periods};
use crate::series::{Key, Level, Role};
use crate::stats::robust::median;
use crate::time::Step;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The new level is known from so many days at least, and so is the old one.
const LEAST_DAYS: f64 = 14.0;

/// A part of a sum that came to a new level.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PartShift {
    /// First period of the new level.
    pub(crate) since: usize,
    /// Values of the part.
    pub(crate) values: Arc<[f64]>,
}

/// Tells every sum of the shifts of its parts; `several` is whether there are several countries to sum over.
pub(super) fn tell(mut scored: Vec<Scored>, several: bool) -> Vec<Scored> {
    let of_several: BTreeSet<(String, String)> =
        scored.iter().filter(|s| s.watched.part).map(|s| whole(s.key())).collect();
    let is_sum = |s: &Scored| {
        let over_countries = several && s.key().country.is_empty();
        s.watched.level == Level::State || over_countries || (!s.watched.part && of_several.contains(&whole(s.key())))
    };
    let is_state = |s: &&Scored| s.watched.series.role == Role::State;
    let shifted = scored.iter().filter(is_state).filter(|s| !is_sum(s));
    let shifted: Vec<(Key, PartShift)> = shifted
        .flat_map(|s| levels(&s.walk.episodes).into_iter().map(move |since| (s, since)))
        .map(|(s, since)| (s.key().clone(), PartShift { since, values: s.watched.series.values.clone() }))
        .collect();
    if !shifted.is_empty() {
        let sums: Vec<bool> = scored.iter().map(|s| is_state(&s) && is_sum(s)).collect();
        for (s, _) in scored.iter_mut().zip(sums).filter(|(_, sum)| *sum) {
            let own = shifted.iter().filter(|(part, _)| holds(s.key(), part));
            s.part_shifts = own.map(|(_, shift)| shift.clone()).collect();
        }
    }
    scored
}

/// Outlet and country.
fn whole(key: &Key) -> (String, String) {
    (key.outlet.clone(), key.country.clone())
}

/// Whether a part belongs to a sum.
fn holds(sum: &Key, part: &Key) -> bool {
    let fits = |of_sum: &str, of_part: &str| of_sum.is_empty() || of_sum == of_part;
    sum.state == part.state && fits(&sum.outlet, &part.outlet) && fits(&sum.country, &part.country)
}

/// `series` as its baseline before `at` is to be read.
pub(super) fn before<'a>(series: &'a Scored, at: usize, step: Step, options: &Options) -> Cow<'a, Scored> {
    let end = at.saturating_sub(periods(options.gap_days, step));
    let (least, most) = (periods(LEAST_DAYS, step), periods(options.baseline_days, step));
    let mut values: Option<Vec<f64>> = None;
    for PartShift { since, values: part } in series.part_shifts.iter().filter(|shift| shift.since + least <= end) {
        let old = &part[since.saturating_sub(most)..*since];
        let new = &part[*since..end.min(since + most)];
        let known = |values: &[f64]| values.iter().filter(|v| !v.is_nan()).count() >= least;
        let ratio = median(new) / median(old);
        if !(known(old) && known(new) && ratio.is_finite()) {
            continue;
        }
        let values = values.get_or_insert_with(|| series.watched.series.values.to_vec());
        for (value, part) in values[..*since].iter_mut().zip(part.iter()).filter(|(_, part)| !part.is_nan()) {
            *value = (*value + part * (ratio - 1.0)).max(0.0);
        }
    }
    let Some(values) = values else { return Cow::Borrowed(series) };
    let mut settled = series.clone();
    settled.watched.series.values = values.into();
    Cow::Owned(settled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::{several_countries, watched};
    use crate::pipeline::score_one;
    use crate::series::{Kind, Panel, Series};
    use crate::time::Grid;
    use std::collections::BTreeMap;

    /// Two domains of an outlet and one of another, of which the first is blocked on day 120.
    fn panel() -> Panel {
        let noise = |t: usize, k: usize| f64::exp(((t * 7919 + k * 31) % 101) as f64 / 1000.0);
        let series = |outlet: &str, domain: &str, level: &dyn Fn(usize) -> f64, k: usize| Series {
            key: Key { state: "RU".into(), outlet: outlet.into(), domain: domain.into(), country: "IN".into() },
            role: Role::State,
            kind: Kind::Count,
            values: (0..240).map(|t| (level(t) * noise(t, k)).round()).collect(),
            censored: BTreeMap::new(),
        };
        let blocked = |t: usize| if t < 120 { 5000.0 } else { 50.0 };
        let mirror = |t: usize| if t < 120 { 1000.0 } else { 4000.0 };
        let series = vec![
            series("one", "a.com", &blocked, 1),
            series("one", "b.com", &mirror, 2),
            series("two", "c.com", &|_| 90_000.0, 3),
        ];
        Panel { grid: Grid { start: 0, step: Step::DAY, len: 240 }, series, totals: BTreeMap::new() }
    }

    #[test]
    fn a_sum_before_a_block_is_read_as_if_it_had_always_been() {
        let (panel, options) = (panel(), Options::default());
        let scored = watched(&panel, false, 7).into_iter().map(|w| score_one(w, &panel.grid, &options)).collect();
        let scored = tell(scored, several_countries(&panel));
        let state = scored.iter().find(|s| s.watched.level == Level::State).expect("a state");
        assert_eq!(state.part_shifts.len(), 2);
        let raw = &state.watched.series.values;
        let settled = before(state, 160, Step::DAY, &options);
        let values = &settled.watched.series.values;
        assert_eq!(values[120..], raw[120..]);
        // 5000 less 4950 and 1000 more 3000.
        assert!(
            (80..120).all(|t| (values[t] / raw[t] - (1.0 - 1950.0 / 96_000.0)).abs() < 0.006),
            "{:?}",
            &values[100..]
        );
        // Too soon to know the new level, and before it.
        assert!(matches!(before(state, 135, Step::DAY, &options), Cow::Borrowed(_)));
        assert!(matches!(before(state, 100, Step::DAY, &options), Cow::Borrowed(_)));
        // A single domain is no sum.
        assert!(scored.iter().filter(|s| s.watched.part).all(|s| s.part_shifts.is_empty()));
    }
}
