use super::*;

const DAY: Seconds = 86_400;

fn key(state: &str, outlet: &str, domain: &str, country: &str) -> Key {
    Key { state: state.into(), outlet: outlet.into(), domain: domain.into(), country: country.into() }
}

fn planted(key: Key, days: (i64, i64), kind: PlantedKind, lift: f64) -> Planted {
    let level = match (key.domain.is_empty(), key.outlet.is_empty(), key.state.is_empty()) {
        (false, ..) => Some(Level::Domain),
        (_, false, _) => Some(Level::Outlet),
        (.., false) => Some(Level::State),
        _ => None,
    };
    let (onset, end) = (days.0 * DAY, days.1 * DAY);
    let none = f64::NAN;
    let (index_lift, index_week1, index_week4) = (none, none, none);
    Planted { level, key, onset, end, kind, lift, net_lift: lift, index_lift, index_week1, index_week4 }
}

fn finding(key: Key, days: (i64, i64), lift: f64) -> Finding {
    let level = if key.outlet.is_empty() { Level::State } else { Level::Outlet };
    let lift = Estimate { point: lift, low: lift - 0.1, high: lift + 0.1 };
    let change = if lift.point < 0.0 { Change::Drop } else { Change::Surge };
    let flagged = Some((days.0 + 1) * DAY);
    Finding { level, key, onset: days.0 * DAY, end: days.1 * DAY, lift, net_lift: Estimate::UNKNOWN, change, flagged }
}

/// Iran surges in GB; all news rises everywhere for longer; RT is blocked in IN; its mirror gains.
fn truth() -> Vec<Planted> {
    vec![
        planted(key("IR", "", "", "GB"), (100, 110), PlantedKind::Surge, 0.42),
        planted(key("", "", "", ""), (100, 125), PlantedKind::News, 0.2),
        planted(key("RU", "RT", "rt.com", "IN"), (50, 200), PlantedKind::Drop, -0.99),
        planted(key("RU", "RT", "swentr.site", "IN"), (50, 200), PlantedKind::Displacement, 2.0),
    ]
}

fn verdict(finding: Finding) -> Verdict {
    evaluate(&[finding], &truth(), &Rule::default()).verdicts[0]
}

#[test]
fn an_alert_of_a_part_or_of_the_whole_finds_the_planted_surge() {
    for key in [key("IR", "", "", "GB"), key("IR", "Press TV", "", "GB"), key("IR", "", "", "")] {
        assert_eq!(verdict(finding(key, (101, 104), 0.4)), Verdict::Found(0));
    }
}

#[test]
fn an_alert_of_another_state_country_or_time_is_not_the_planted_surge() {
    assert_eq!(verdict(finding(key("CN", "", "", "GB"), (101, 104), 0.2)), Verdict::Explained(1));
    assert_eq!(verdict(finding(key("IR", "", "", "NZ"), (101, 104), 0.2)), Verdict::Explained(1));
    assert_eq!(verdict(finding(key("IR", "", "", "GB"), (140, 144), 0.4)), Verdict::False);
    assert_eq!(verdict(finding(key("IR", "", "", "GB"), (80, 97), 0.4)), Verdict::False);
    assert_eq!(verdict(finding(key("IR", "", "", "GB"), (80, 98), 0.4)), Verdict::Found(0));
}

#[test]
fn drops_are_found_by_drops_alone_and_what_a_mirror_gains_is_explained() {
    assert_eq!(verdict(finding(key("RU", "RT", "", "IN"), (50, 80), -0.8)), Verdict::Found(2));
    assert_eq!(verdict(finding(key("RU", "RT", "", "IN"), (50, 80), 0.8)), Verdict::Explained(3));
    assert_eq!(verdict(finding(key("IR", "", "", "GB"), (101, 104), -0.4)), Verdict::False);
    // Long after the block the new level is the normal one.
    assert_eq!(verdict(finding(key("RU", "RT", "", "IN"), (150, 160), 0.8)), Verdict::False);
}

#[test]
fn figures_are_those_of_the_alerts_that_can_be_compared() {
    let alerts = [
        finding(key("IR", "Press TV", "", "GB"), (100, 109), 0.90), // interval misses 0.42
        finding(key("IR", "", "", "GB"), (102, 109), 0.45),         // holds it
        finding(key("IR", "", "", ""), (97, 109), 0.10),            // a sum: not compared
        finding(key("CN", "", "", "US"), (10, 12), 0.10),           // false
    ];
    let e = evaluate(&alerts, &truth(), &Rule::default());
    assert_eq!(e.found, [(0, true, true), (2, false, false)]);
    assert_eq!((e.recall(), e.recall_alike()), (0.5, 0.5));
    assert_eq!((e.false_alerts(), e.explained(), e.false_share()), (1, 0, 0.25));
    // The alert with the very same key speaks for the onset, the earliest report for the delay.
    assert_eq!((e.onset_errors.as_slice(), e.delays.as_slice()), ([2.0].as_slice(), [1.0].as_slice()));
    assert_eq!((e.lift.errors.len(), e.lift.covered, e.lift.with_interval), (2, 1, 2));
    assert!((e.lift.errors[0] - 0.48).abs() < 1e-12 && (e.lift.errors[1] - 0.03).abs() < 1e-12);
    assert_eq!(e.net_lift, LiftScore::default());
    let text = table(&e);
    assert!(text.contains("1 of 2     50.0%") && text.contains("1 of 4     25.0%"), "{text}");
}

#[test]
fn nothing_planted_and_nothing_found_are_ordinary_cases() {
    let none = evaluate(&[], &truth(), &Rule::default());
    assert_eq!((none.recall(), none.false_share()), (0.0, 0.0));
    let quiet = evaluate(&[finding(key("IR", "", "", ""), (1, 2), 0.3)], &[], &Rule::default());
    assert!(quiet.recall().is_nan() && quiet.false_share() == 1.0);
    assert!(table(&none).lines().all(|line| !line.contains("NaN")));
}
