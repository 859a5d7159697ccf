//! One alert: its finding in words, its chart, the events near it.

use super::picture::{self, Picture};
use super::words;
use crate::alert::{Alert, Analysis, Flag, ScoredSeries};
use crate::measure::confounder::in_words;
use crate::report::cell::moment;
use crate::series::{Key, Level};
use crate::time::Step;
use serde::Serialize;
use std::collections::BTreeMap;

/// Alerts with a chart of their own: so many of the strongest.
const MOST: usize = 100;
/// Events marked in the chart of an alert.
const MOST_EVENTS: usize = 4;

/// What the page says of one alert.
#[derive(Debug, Serialize)]
pub(super) struct Card {
    pub id: String,
    pub heading: String,
    /// `+52% [46, 58]`, or `surge` where there are no lifts.
    pub figure: String,
    pub severity: &'static str,
    pub drop: bool,
    pub sentences: Vec<String>,
    pub flags: Vec<String>,
    pub events: Vec<(usize, String)>,
    pub picture: Picture,
}

/// The strongest alerts and drops first, and how many have no card.
pub(super) fn cards(analysis: &Analysis) -> (Vec<Card>, usize) {
    let series: BTreeMap<(Level, &Key), &ScoredSeries> =
        analysis.series.iter().map(|scored| ((scored.level, &scored.key), scored)).collect();
    let mut alerts: Vec<&Alert> = analysis.alerts.iter().chain(&analysis.drops).collect();
    alerts.sort_by(|a, b| strength(b).partial_cmp(&strength(a)).unwrap_or(std::cmp::Ordering::Equal));
    let all = alerts.len();
    let known = alerts.into_iter().filter_map(|alert| Some((*series.get(&(alert.level, &alert.key))?, alert)));
    let cards: Vec<Card> = known.take(MOST).map(|(scored, alert)| card(analysis, scored, alert)).collect();
    let left_out = all - cards.len();
    (cards, left_out)
}

/// Severity, then the robust z at the peak.
pub(super) fn strength(alert: &Alert) -> (crate::alert::Severity, f64) {
    (alert.severity, if alert.peak_z.is_nan() { 0.0 } else { alert.peak_z.abs() })
}

fn card(analysis: &Analysis, scored: &ScoredSeries, alert: &Alert) -> Card {
    let near: Vec<_> = alert.events.iter().take(MOST_EVENTS).enumerate().map(|(i, event)| (i + 1, event)).collect();
    let marked: Vec<_> = near.iter().map(|(number, event)| (*number, event.date)).collect();
    let heading = words::label(alert.level, &alert.key);
    let id = format!("alert-{}", alert.id);
    let drop = alert.flags.contains(&Flag::Drop);
    let shown = alert.flags.iter().filter(|flag| **flag != Flag::Drop);
    Card {
        picture: picture::alert(format!("chart-{}", alert.id), heading.clone(), scored, &analysis.grid, alert, &marked),
        id,
        heading,
        figure: match (scored.kind.has_lift() && alert.lift.point.is_finite(), drop) {
            (true, _) => words::estimate(alert.lift),
            (false, true) => "drop".into(),
            (false, false) => "surge".into(),
        },
        severity: alert.severity.name(),
        drop,
        sentences: sentences(alert).into_iter().chain(context(analysis, alert)).collect(),
        flags: shown.map(|flag| words::flag(flag.name(), drop)).collect(),
        events: near
            .iter()
            .map(|(number, event)| {
                (*number, format!("{} {}", moment(event.date, Step::DAY), words::isolated(&event.event)))
            })
            .collect(),
    }
}

/// What is known from outside of an alert, if anything was asked.
fn context(analysis: &Analysis, alert: &Alert) -> Option<String> {
    let own: Vec<_> = analysis.confounders.iter().filter(|judgement| judgement.alert_id == alert.id).cloned().collect();
    let mut words = in_words(&own);
    let first = words.chars().next()?.to_ascii_uppercase();
    words.replace_range(..1, first.encode_utf8(&mut [0; 4]));
    Some(format!("{words}."))
}

fn sentences(alert: &Alert) -> Vec<String> {
    let open = match words::status(alert) {
        "" => String::new(),
        open => format!(", {open}"),
    };
    let sure = words::in_brackets(&words::chance("q", alert.q_value));
    let mut when = words::stretch(alert);
    when.replace_range(..1, &when[..1].to_uppercase());
    let mut sentences = vec![format!("{when}{open}{sure}.")];
    if alert.lift.point.is_finite() {
        sentences.push(format!("{}.", words::net(alert)));
    }
    sentences.extend(alert.events.first().map(|event| format!("{}.", words::event(event))));
    sentences
}
