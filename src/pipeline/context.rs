//! What is known from outside joins the alerts: flags, and for each alert what was found, looked at, and not looked at.

use crate::alert::{Alert, Analysis, Flag};
use crate::measure::confounder::{ConfounderKind, Context, Episode, Judgement, Verdict, judge};
use crate::series::{Key, Level, Panel};
use std::collections::BTreeSet;

/// Judges every alert and drop by the context, sets their flags, and keeps the judgements in the order of the alerts.
pub fn explain(analysis: &mut Analysis, panel: &Panel, context: &Context) {
    let mut judgements: Vec<Judgement> = Vec::new();
    for alert in analysis.alerts.iter_mut().chain(&mut analysis.drops) {
        let keys = panel.series.iter().map(|series| &series.key);
        judgements.extend(coincide(alert, keys, context));
    }
    analysis.confounders = judgements;
}

/// Judges one alert by the context and sets its flags; `keys` are those of all domain series there are.
pub fn coincide<'a>(alert: &mut Alert, keys: impl Iterator<Item = &'a Key>, context: &Context) -> Vec<Judgement> {
    let domains = domains(alert, keys);
    let episode = Episode {
        alert_id: &alert.id,
        onset: alert.onset,
        end: alert.end + alert.step.seconds(),
        country: &alert.key.country,
        domains: &domains,
    };
    let judged = judge(context, &episode);
    alert.flags.extend(judged.iter().filter_map(flag));
    judged
}

fn flag(judgement: &Judgement) -> Option<Flag> {
    match (judgement.verdict, judgement.kind) {
        (Verdict::Found, ConfounderKind::Block) => Some(Flag::BlockedInCountry),
        (Verdict::Found, ConfounderKind::Outage) => Some(Flag::Outage),
        _ => None,
    }
}

/// Domains whose traffic an alert is about.
fn domains<'a>(alert: &Alert, keys: impl Iterator<Item = &'a Key>) -> BTreeSet<&'a str> {
    let own = keys.filter(|key| match alert.level {
        Level::Domain => key.domain == alert.key.domain,
        Level::Outlet => (&key.outlet, &key.state) == (&alert.key.outlet, &alert.key.state),
        Level::State => key.state == alert.key.state,
    });
    own.map(|key| key.domain.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::confounder::Span;
    use crate::time::{Grid, Seconds, Step};
    use crate::{pipeline, simulate};

    fn block(domain: &str, from: Seconds) -> Context {
        let kind = ConfounderKind::Block;
        let (source, evidence) = ("OONI".to_string(), "seen".to_string());
        let (until, country) = (from + 86_400, "GB".to_string());
        Context {
            found: vec![Span { kind, from, until, country, domain: domain.into(), source, evidence }],
            looks: vec![],
        }
    }

    #[test]
    fn a_block_of_the_site_flags_its_alert_and_no_other() {
        let grid = Grid { start: 1_688_169_600, step: Step::DAY, len: 184 };
        let mut panel =
            simulate::simulate(&simulate::Recipe::plain(7, grid, 2, 2, &["GB", "US"])).expect("sound").panel;
        let watched = panel.series.iter_mut().filter(|s| s.role == crate::series::Role::State && s.key.country == "GB");
        let mut hit = Key::default();
        for series in watched.take(1) {
            hit = series.key.clone();
            std::sync::Arc::make_mut(&mut series.values)[120..135].iter_mut().for_each(|value| *value *= 4.0);
        }
        let mut analysis = pipeline::analyze(&panel, &[], &pipeline::Options::default(), &|_, _| {}).expect("sound");
        assert!(analysis.alerts.iter().any(|a| a.key.outlet == hit.outlet && a.key.country == "GB"));
        let flagged = |analysis: &Analysis| {
            let with = analysis.alerts.iter().filter(|alert| alert.flags.contains(&Flag::BlockedInCountry));
            with.map(|alert| alert.key.country.clone()).collect::<Vec<_>>()
        };
        explain(&mut analysis, &panel, &block("elsewhere.example", grid.time(122)));
        assert!(flagged(&analysis).is_empty());
        assert!(analysis.confounders.iter().all(|j| j.verdict == Verdict::Unchecked));
        assert_eq!(analysis.confounders.len(), 2 * (analysis.alerts.len() + analysis.drops.len()));
        explain(&mut analysis, &panel, &block(&hit.domain, grid.time(122)));
        assert!(!flagged(&analysis).is_empty() && flagged(&analysis).iter().all(|country| country == "GB"));
    }
}
