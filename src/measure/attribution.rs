//! Dated events near the onset of a surge. Nearness is all that is claimed. See `docs/methods/attribution.md`.

use crate::alert::{Attribution, Event};
use crate::time::{Seconds, Step};

/// Earliest lag, in days: interest builds up before a date.
pub const FIRST_LAG: i64 = -2;
/// Latest lag, in days.
pub const LAST_LAG: i64 = 7;

/// The onset of a surge, with the interval for its position (as wide as the period if there is no other).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Onset {
    /// Best guess.
    pub at: Seconds,
    /// Earliest plausible.
    pub low: Seconds,
    /// Latest plausible.
    pub high: Seconds,
}

/// All events that fit `state` and `country` (empty = any) and lie within −2…+7 days of the onset or of its
/// interval, nearest first. The lag is that of the onset itself. `span` (first and last time of the series) is where
/// a random onset might have been.
pub fn attribute(
    events: &[Event],
    onset: Onset,
    state: &str,
    country: &str,
    span: (Seconds, Seconds),
) -> Vec<Attribution> {
    let fitting: Vec<&Event> = events.iter().filter(|e| fits(e, state, country)).collect();
    let (day, early, late) = (day(onset.at), day(onset.at) - day(onset.low), day(onset.high) - day(onset.at));
    let slack = (early.max(0), late.max(0));
    let mut found: Vec<Attribution> = fitting
        .iter()
        .filter_map(|event| {
            let distance = distance(day, event, slack)?;
            Some(Attribution {
                event: event.name.clone(),
                date: event.date,
                lag_days: day - self::day(event.date),
                coincidence: coincidence(&fitting, distance, slack, span),
            })
        })
        .collect();
    found.sort_by(|a, b| {
        let order = |x: &Attribution| (x.lag_days.abs(), x.date);
        order(a).cmp(&order(b)).then_with(|| a.event.cmp(&b.event))
    });
    found
}

fn day(time: Seconds) -> i64 {
    time.div_euclid(Step::DAY.seconds())
}

fn fits(event: &Event, state: &str, country: &str) -> bool {
    let any = |list: &[String], one: &str| list.is_empty() || one.is_empty() || list.iter().any(|x| x == one);
    any(&event.states, state) && any(&event.countries, country)
}

/// Days between an event and the nearest part of an onset on `day` whose interval reaches `slack` days to either
/// side; `None` outside −2…+7.
fn distance(day: i64, event: &Event, (early, late): (i64, i64)) -> Option<i64> {
    let lag = day - self::day(event.date);
    let (low, high) = ((lag - early).max(FIRST_LAG), (lag + late).min(LAST_LAG));
    (low <= high).then(|| {
        if low > 0 {
            low
        } else if high < 0 {
            -high
        } else {
            0
        }
    })
}

/// Share of the days of the span on which an onset would find an event within `nearest` days.
fn coincidence(events: &[&Event], nearest: i64, slack: (i64, i64), span: (Seconds, Seconds)) -> f64 {
    let (first, last) = (day(span.0), day(span.1));
    if last < first {
        return f64::NAN;
    }
    let hit = |&d: &i64| events.iter().any(|e| distance(d, e, slack).is_some_and(|x| x <= nearest));
    (first..=last).filter(hit).count() as f64 / (last - first + 1) as f64
}
