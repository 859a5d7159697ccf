//! Holidays with and without a calendar, through the whole pipeline.

use floodmark::alert::{Analysis, Flag};
use floodmark::baseline::holiday::Holiday;
use floodmark::pipeline::{Options, analyze};
use floodmark::series::{Key, Kind, Panel, Role, Series};
use floodmark::stats::resample::generator;
use floodmark::time::{Grid, Step};
use rand_distr::{Distribution, StandardNormal};
use std::collections::BTreeMap;

const DAY: i64 = 86_400;
/// First day of a feast of four days, which moves.
const FEASTS: [usize; 3] = [300, 654, 1009];

/// Three years and a half of days with 8% noise; readers halve in number during the feast.
fn panel(surge: Option<usize>) -> Panel {
    let mut rng = generator(3, 0);
    let mut values: Vec<f64> = (0..1_280)
        .map(|t| {
            let z: f64 = StandardNormal.sample(&mut rng);
            (5_000.0 * [1.1, 1.1, 1.1, 1.0, 1.0, 0.8, 0.9][t % 7] * (0.08 * z).exp()).round()
        })
        .collect();
    for feast in FEASTS {
        values[feast..feast + 4].iter_mut().for_each(|v| *v = (*v * 0.5).round());
    }
    if let Some(at) = surge {
        values[at..at + 7].iter_mut().for_each(|v| *v = (*v * 1.8).round());
    }
    let key = Key { state: "IR".into(), outlet: "A".into(), domain: "a.com".into(), country: "GB".into() };
    let series = Series { key, role: Role::State, kind: Kind::Count, values: values.into(), censored: BTreeMap::new() };
    Panel { grid: Grid { start: 0, step: Step::DAY, len: 1_280 }, series: vec![series], totals: BTreeMap::new() }
}

fn calendar() -> Vec<Holiday> {
    let day = |t: usize, n: i64| Holiday {
        date: (t as i64 + n) * DAY,
        country: "GB".into(),
        name: format!("Feast, day {}", n + 1),
    };
    FEASTS.iter().flat_map(|&t| (0..4).map(move |n| day(t, n))).collect()
}

fn found(panel: &Panel, holidays: Vec<Holiday>) -> Analysis {
    analyze(panel, &[], &Options { holidays, jobs: 1, ..Options::default() }, &|_, _| {}).expect("sound")
}

#[test]
fn a_feast_is_a_drop_without_a_calendar_and_expected_with_one() {
    let quiet = panel(None);
    let without = found(&quiet, Vec::new());
    let onsets: Vec<i64> = without.drops.iter().map(|drop| drop.onset / DAY).collect();
    assert!(FEASTS.iter().all(|feast| onsets.contains(&(*feast as i64))), "{onsets:?}");
    let with = found(&quiet, calendar());
    assert_eq!((with.alerts.len(), with.drops.len()), (0, 0), "{:?}", with.drops);
    // The expected value is that of the feast from the second year on.
    let series = &with.series[0];
    for feast in [FEASTS[1], FEASTS[2]] {
        for t in feast..feast + 4 {
            assert!((series.observed[t] / series.expected(t) - 1.0).abs() < 0.35, "{t}");
        }
    }
    // In the first, nothing is known, and the band says so.
    let width = |t: usize| (series.upper(t) / series.lower(t)).ln();
    assert!(width(FEASTS[0]) > 2.5 * width(FEASTS[0] - 7));
}

#[test]
fn a_surge_that_begins_on_a_holiday_is_found_and_flagged() {
    let loud = panel(Some(FEASTS[2]));
    let with = found(&loud, calendar());
    let alert = with.alerts.iter().find(|a| a.onset / DAY == FEASTS[2] as i64).expect("an alert");
    assert!(alert.flags.contains(&Flag::Holiday));
    // 80% more than on such days, of which four have half the traffic.
    assert!(alert.lift.low < 0.8 && 0.8 < alert.lift.high, "{:?}", alert.lift);
    assert!((alert.observed / alert.expected - 1.0 - alert.lift.point).abs() < 1e-9);
    let without = found(&loud, Vec::new());
    assert!(without.alerts.iter().chain(&without.drops).all(|a| !a.flags.contains(&Flag::Holiday)));
}
