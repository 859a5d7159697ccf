//! The summary in words: state by state, country by country, the most telling figures. Every number stands in a table.

use super::card::strength;
use super::words;
use crate::alert::{Alert, Analysis, Attribution, ContributionRow, LiftRow, Window};
use crate::report::cell::moment;
use crate::series::Level;
use crate::time::{Seconds, Step};
use std::collections::BTreeMap;

/// Countries told for each state: so many with the strongest surges.
const MOST: usize = 8;

/// What is said of one state.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// One text a country.
    pub sentences: Vec<String>,
    /// Events near the onsets told, one text each.
    pub near: Vec<String>,
    /// Countries with surges that are not told.
    pub more: usize,
}

/// State → what is said of it. A state without surges is not in it.
pub(super) fn told<'a>(analysis: &'a Analysis, total: &str) -> BTreeMap<&'a str, Told> {
    let mut places: BTreeMap<&str, BTreeMap<&str, Vec<&Alert>>> = BTreeMap::new();
    for alert in &analysis.alerts {
        places.entry(&alert.key.state).or_default().entry(&alert.key.country).or_default().push(alert);
    }
    let of_state = |(state, countries): (&'a str, BTreeMap<&'a str, Vec<&'a Alert>>)| {
        let mut leading: Vec<(&Alert, usize)> =
            countries.into_values().filter_map(|alerts| Some((most_telling(&alerts)?, alerts.len() - 1))).collect();
        // All countries together first, then the strongest.
        let rank = |alert: &Alert| (alert.key.country.is_empty(), strength(alert));
        leading.sort_by(|a, b| rank(b.0).partial_cmp(&rank(a.0)).unwrap_or(std::cmp::Ordering::Equal));
        let more = leading.len().saturating_sub(MOST);
        leading.truncate(MOST);
        let sentences = leading.iter().map(|(alert, others)| sentence(analysis, alert, *others, total)).collect();
        (state, Told { sentences, near: near(&leading), more })
    };
    places.into_iter().map(of_state).collect()
}

/// A surge of the state as a whole says more than one of an outlet; among equals the strongest.
fn most_telling<'a>(alerts: &[&'a Alert]) -> Option<&'a Alert> {
    let rank = |alert: &Alert| (alert.level == Level::State, strength(alert));
    alerts.iter().copied().reduce(|best, next| if rank(next) > rank(best) { next } else { best })
}

fn sentence(analysis: &Analysis, alert: &Alert, others: usize, total: &str) -> String {
    let from = words::from_country(&alert.key.country);
    let who = format!("Traffic {from} to {}", words::subject(alert.level, &alert.key));
    let when = words::stretch(alert) + &words::in_brackets(&words::chance("q", alert.q_value));
    let open = match words::status(alert) {
        "" => String::new(),
        open => format!(", {open}"),
    };
    let mut parts = match alert.lift.point.is_finite() {
        true => {
            let size = words::against_expected(alert.lift);
            vec![format!("{who} was {size} {when}{open}."), format!("{}.", words::net(alert))]
        }
        false => vec![format!("{who} stood out {when}{open}: robust z {} at its peak.", words::number(alert.peak_z))],
    };
    parts.extend(share(analysis, alert, total));
    parts.extend(leading_outlet(analysis, alert));
    match others {
        0 => {}
        1 => parts.push("The table has one more alert of this state and country.".into()),
        n => parts.push(format!("The table has {n} more alerts of this state and country.")),
    }
    parts.join(" ")
}

/// Events nearest to the onsets told, each with how many of them and the range of lags.
fn near(leading: &[(&Alert, usize)]) -> Vec<String> {
    let mut events: BTreeMap<(Seconds, &str), Vec<&Attribution>> = BTreeMap::new();
    for event in leading.iter().filter_map(|(alert, _)| alert.events.first()) {
        events.entry((event.date, &event.event)).or_default().push(event);
    }
    let told = |((date, name), found): ((Seconds, &str), Vec<&Attribution>)| {
        let lags = || found.iter().map(|event| event.lag_days);
        let (first, last) = (lags().min().unwrap_or(0), lags().max().unwrap_or(0));
        let began = match (found.len(), leading.len()) {
            (1, 1) => "this surge began".into(),
            (n, all) if n == all => format!("all {n} surges above began"),
            (1, _) => "one of the surges above began".into(),
            (n, _) => format!("{n} of the surges above began"),
        };
        let when = words::lag(first, last);
        let chance = found.iter().map(|event| event.coincidence).fold(f64::NAN, f64::max);
        let chance = match chance.is_finite() {
            true => format!(" A random date would find an event as near {}% of the time.", words::percent(chance)),
            false => String::new(),
        };
        format!(
            "Near the onset: {began} {when} {}, {}.{chance} That it was the cause is not shown.",
            words::isolated(name),
            moment(date, Step::DAY)
        )
    };
    events.into_iter().map(told).collect()
}

/// The lift of the state's share in the week after the nearest event, where the table of index lifts has it.
fn share(analysis: &Analysis, alert: &Alert, total: &str) -> Option<String> {
    let event = alert.events.first()?;
    let same = |row: &&LiftRow| {
        row.window == Window::Week1
            && row.key.outlet.is_empty()
            && (&row.key.state, &row.key.country) == (&alert.key.state, &alert.key.country)
            && (&row.event.name, row.event.date) == (&event.event, event.date)
            && row.lift.point.is_finite()
    };
    let row = analysis.index_lifts.iter().find(same)?;
    let whose = if alert.level == Level::State {
        "their share".into()
    } else {
        format!("the share of {}", words::outlets_of(&row.key.state))
    };
    Some(format!(
        "In the week from {} {whose} of {total} was {}{}.",
        moment(row.event.date, Step::DAY),
        words::against_expected(row.lift),
        match row.lift.point >= 0.0 {
            true => words::in_brackets(&words::chance("placebo p", row.p_value)),
            // The placebo p-value asks about rises.
            false => String::new(),
        }
    ))
}

/// The outlet that gave most of the rise in visits of its state in the week after the nearest event.
fn leading_outlet(analysis: &Analysis, alert: &Alert) -> Option<String> {
    let event = alert.events.first().filter(|_| alert.level == Level::State)?;
    let same = |row: &&ContributionRow| {
        row.window == Window::Week1
            && (&row.key.state, &row.key.country) == (&alert.key.state, &alert.key.country)
            && (&row.event.name, row.event.date) == (&event.event, event.date)
            && row.contribution.is_finite()
    };
    let rows = || analysis.contributions.iter().filter(same);
    let all: f64 = rows().map(|row| row.contribution).sum();
    let first = rows().reduce(|a, b| if b.contribution > a.contribution { b } else { a })?;
    (all > 0.0 && rows().count() > 1).then(|| {
        let (outlet, part) = (words::isolated(&first.key.outlet), words::percent(first.contribution / all));
        format!("Of the rise in visits in the week from {}, {outlet} gave {part}%.", moment(event.date, Step::DAY))
    })
}

/// What is said when nothing was found.
pub(super) fn nothing(analysis: &Analysis, fdr: Option<f64>, job: bool) -> Option<String> {
    if !analysis.alerts.is_empty() {
        return None;
    }
    if job {
        return Some("No surge is open. The tables have those that are over.".into());
    }
    let counts = &analysis.counts;
    if counts.series_tested == 0 {
        return Some("No series was long enough to be judged, so nothing can be said about surges.".into());
    }
    let rate = fdr.map_or(String::new(), |fdr| format!(" at {}%", words::number((1e4 * fdr).round() / 1e2)));
    Some(format!(
        "No surge: none of {} series has one that passes the false-discovery control{rate} and the floors. Surges \
         looked at: {}; not significant: {}; below the floor of visits: {}; of a lift that may be zero: {}.",
        words::number(counts.series_tested as f64),
        words::number(counts.surges_tested as f64),
        words::number(counts.not_significant as f64),
        words::number(counts.below_floor as f64),
        words::number(counts.lift_uncertain as f64)
    ))
}
