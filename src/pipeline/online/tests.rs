use super::*;
use crate::alert::Status;
use crate::series::Role;
use crate::simulate::{Plant, Profile, Recipe, Scope, simulate};
use proptest::prelude::*;
use std::sync::Arc;

/// A year of three outlets and four references in two countries, with a surge of a month, one of a week, a drop.
fn year(seed: u64) -> Panel {
    let grid = Grid { start: 1_672_531_200, step: Step::DAY, len: 365 };
    let mut recipe = Recipe::plain(seed, grid, 3, 4, &["GB", "US"]);
    let mut plant = |domain: &str, day: usize, size: f64, days: i64| {
        recipe.plants.push(Plant::Surge {
            scope: Scope { domain: domain.into(), ..Scope::default() },
            onset: grid.time(day),
            profile: Profile::flat(size, days),
        });
    };
    plant("state1.example", 200, 0.6, 28);
    plant("state2.example", 280, 0.9, 7);
    plant("state3.example", 150, -0.6, 10);
    simulate(&recipe).expect("a possible recipe").panel
}

fn cut(panel: &Panel, start: usize, end: usize) -> Panel {
    let mut panel = panel.clone();
    panel.grid = Grid { start: panel.grid.time(start), len: end - start, ..panel.grid };
    for series in &mut panel.series {
        series.values = series.values[start..end].into();
    }
    panel
}

#[test]
fn planted_surges_are_told_while_they_last_and_closed_when_they_are_over() {
    let panel = year(7);
    let passed = pass(&panel, &[], &Options::default(), &|_, _| {}).expect("a panel");
    for (outlet, onset, end) in [("state1", 200, 227), ("state2", 280, 286)] {
        let mut life = passed.told.iter().filter(|t| t.alert.key.outlet == outlet && t.alert.key.country == "GB");
        let opened = life.next().expect("it was found");
        assert_eq!((opened.change, opened.alert.status), (Change::Opened, Status::Open));
        let day = |time: i64| (time - panel.grid.start) / Step::DAY.seconds();
        assert!((onset..onset + 6).contains(&day(opened.period)), "{outlet} told on day {}", day(opened.period));
        let closed = life.next_back().expect("it ended");
        assert_eq!(closed.change, Change::Closed);
        assert!((day(closed.alert.end) - end).abs() <= 3, "{outlet} ended on {}", day(closed.alert.end));
        assert_eq!(closed.alert.id, opened.alert.id);
    }
    let drops = passed.alerts.values().filter(|a| a.flags.contains(&crate::alert::Flag::Drop));
    assert!(drops.into_iter().any(|a| a.key.outlet == "state3" && a.key.country == "US"));
}

#[test]
fn quiet_years_are_quiet() {
    let mut alerts = 0;
    for seed in 0..6 {
        let grid = Grid { start: 1_672_531_200, step: Step::DAY, len: 365 };
        let panel = simulate(&Recipe::plain(seed, grid, 12, 4, &["GB"])).expect("possible").panel;
        alerts += pass(&panel, &[], &Options::default(), &|_, _| {}).expect("a panel").alerts.len();
    }
    // 6 runs at a false-discovery rate of 5%: when nothing is there, any alert is a false discovery.
    assert!(alerts <= 2, "{alerts} false alerts in six quiet years");
}

/// One day after another, as a job does that keeps what it knows as bytes, walks again over the last days, and keeps
/// no more of the past than it must.
fn day_by_day(panel: &Panel, lookback: usize, options: &Options) -> Vec<Told> {
    let mut ledger = Ledger::default().to_bytes();
    let mut saved: std::collections::HashMap<(Level, Key), Vec<u8>> = std::collections::HashMap::new();
    // Periods that the saved walks have seen.
    let mut walked = 0usize;
    let mut told = Vec::new();
    for t in 0..panel.grid.len {
        let horizon = horizon(options, Step::DAY);
        let start = walked.saturating_sub(horizon) / 7 * 7;
        let part = cut(panel, start, t + 1);
        let mut before = |level, key: &Key| saved.get(&(level, key.clone())).cloned();
        let mut pass = Pass::new(&part, options, &mut before).expect("its own bytes");
        let mut ledger_now = Ledger::from_bytes(&ledger).expect("its own bytes");
        let boundary = (t + 1).saturating_sub(lookback).max(walked);
        let from = walked - start;
        let (mut looks, walks) = pass.finish((boundary > walked).then_some(boundary - start)).expect("its own bytes");
        looks.retain(|look| look.t >= from);
        for (series, bytes) in walks {
            let (level, key) = pass.name(series);
            saved.insert((level, key.clone()), bytes);
        }
        walked = boundary;
        ledger_now.decide(&pass, &looks, from, options);
        let outcomes = ledger_now.tell(&pass, &[], options, &|_| false);
        told.extend(outcomes.into_iter().filter_map(|outcome| outcome.told(panel.grid.time(t))));
        ledger = ledger_now.to_bytes();
    }
    told
}

#[test]
fn a_year_day_by_day_says_what_one_pass_says() {
    let panel = year(3);
    let options = Options::default();
    let whole = pass(&panel, &[], &options, &|_, _| {}).expect("a panel").told;
    let days = day_by_day(&panel, 14, &options);
    assert!(whole.len() > 10, "{} things told", whole.len());
    assert_eq!(format!("{days:#?}"), format!("{whole:#?}"));
}

#[test]
fn what_a_revision_takes_away_is_retracted_and_comes_back_with_the_data() {
    let panel = year(5);
    let options = Options::default();
    let mut ledger = Ledger::default();
    let mut pass_to = |panel: &Panel, from: usize, end: usize| {
        let mut pass = Pass::new(&cut(panel, 0, end), &options, &mut |_, _| None).expect("a panel");
        let looks = pass.advance(end).expect("no bytes").into_iter().filter(|look| look.t >= from).collect::<Vec<_>>();
        ledger.decide(&pass, &looks, from, &options);
        let outcomes = ledger.tell(&pass, &[], &options, &|_| true);
        outcomes.into_iter().filter_map(|o| o.told(panel.grid.time(end - 1))).collect::<Vec<_>>()
    };
    let of = |told: &[Told], change: Change| {
        told.iter().filter(|t| t.change == change && t.alert.key.outlet == "state2").count()
    };
    pass_to(&panel, 0, 279);
    let opened = pass_to(&panel, 279 - 14, 284);
    assert!(of(&opened, Change::Opened) >= 2, "{opened:?}");
    let mut calm = panel.clone();
    for series in calm.series.iter_mut().filter(|s| s.key.outlet == "state2" && s.role == Role::State) {
        let values = Arc::make_mut(&mut series.values);
        (280..284).for_each(|t| values[t] = values[t - 7]);
    }
    let retracted = pass_to(&calm, 284 - 14, 284);
    assert_eq!(of(&retracted, Change::Retracted), of(&opened, Change::Opened), "{retracted:?}");
    assert!(retracted.iter().all(|t| t.alert.lift.point < 0.3 || t.alert.key.outlet != "state2"));
    let again = pass_to(&panel, 285 - 14, 285);
    assert!(of(&again, Change::Opened) >= 2, "{again:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_bytes_make_a_ledger_panic(bytes: Vec<u8>) {
        let _ = Ledger::from_bytes(&bytes);
    }
}
