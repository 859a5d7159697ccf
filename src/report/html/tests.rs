use super::*;
use crate::alert::{
    Alert, Attribution, Band, Counts, Detectors, Estimate, Event, Flag, IndexRow, LiftRow, PeriodFlags, ScoredSeries,
    Severity, Status, Window,
};
use crate::report::run::{CountsRecord, GridRecord, Run};
use crate::series::{Key, Kind, Level, Role};
use crate::time::{Grid, Step};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const DAY: i64 = 86_400;
const ONSET: i64 = 1_696_636_800; // 2023-10-07
const HOSTILE: [&str; 5] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "=HYPERLINK(\"http://evil.example\")",
    "{{ 7 * 7 }}\u{202e}gpj.exe",
];

fn grid() -> Grid {
    Grid { start: ONSET - 60 * DAY, step: Step::DAY, len: 90 }
}

fn alert(level: Level, outlet: &str) -> Alert {
    Alert {
        id: "a1".into(),
        level,
        key: Key { state: "IR".into(), outlet: outlet.into(), country: "GB".into(), ..Key::default() },
        step: Step::DAY,
        onset: ONSET,
        peak: ONSET + DAY,
        end: ONSET + 6 * DAY,
        status: Status::Closed,
        periods: 7,
        observed: 14_200.0,
        expected: 10_000.0,
        lift: Estimate { point: 0.42, low: 0.38, high: 0.46 },
        excess: 4_200.0,
        peak_value: 2_300.0,
        peak_z: 8.1,
        p_value: 1e-9,
        q_value: 0.002,
        change_point: None,
        detectors: Detectors { zscore: true, changepoint: true },
        reference_lift: 0.084,
        net_lift: Estimate { point: 0.31, low: 0.2, high: 0.4 },
        controls: Vec::new(),
        events: vec![Attribution { event: "War".into(), date: ONSET, lag_days: 0, coincidence: 0.02 }],
        severity: Severity::High,
        flags: BTreeSet::from([Flag::LowBase]),
    }
}

fn scored(alert: &Alert) -> ScoredSeries {
    let surge = |i: usize| (60..67).contains(&i);
    let observed = (0..90).map(|i| if surge(i) { 2_000.0 + i as f64 } else { 1_400.0 + (i % 7) as f64 });
    ScoredSeries {
        level: alert.level,
        key: alert.key.clone(),
        role: Role::State,
        kind: Kind::Count,
        observed: observed.collect(),
        band: Band::Told { expected: vec![1_430.0; 90], lower: vec![1_300.0; 90], upper: vec![1_500.0; 90] },
        z: (0..90).map(|i| if surge(i) { 8.0 } else { 0.1 }).collect(),
        flags: (0..90).map(|i| PeriodFlags::default().with(PeriodFlags::SURGE, surge(i))).collect(),
        change_points: Vec::new(),
    }
}

fn analysis(alerts: Vec<Alert>) -> Analysis {
    let rows = (0..90).map(|i| IndexRow {
        time: grid().time(i),
        key: Arc::new(Key { state: "IR".into(), country: "GB".into(), ..Key::default() }),
        visits: 1_400.0,
        total: 1e6,
        share: 0.0014,
        index: 100.0 + i as f64,
    });
    let lift = LiftRow {
        event: Arc::new(Event {
            date: ONSET,
            end: None,
            name: "War".into(),
            states: Vec::new(),
            countries: Vec::new(),
            kind: "war".into(),
        }),
        key: Arc::new(Key { state: "IR".into(), country: "GB".into(), ..Key::default() }),
        window: Window::Week1,
        from: ONSET,
        to: ONSET + 6 * DAY,
        baseline_from: 0,
        baseline_to: 0,
        base_level: 0.0014,
        observed: 0.0,
        expected: 0.0,
        lift: Estimate { point: 0.412, low: 0.38, high: 0.443 },
        pp_change: 0.1,
        net_lift: Estimate::UNKNOWN,
        p_value: 0.004,
        n_placebo: 250,
        p_space: f64::NAN,
        n_space: 0,
    };
    Analysis {
        series: alerts.iter().map(scored).collect(),
        index: rows.collect(),
        alerts,
        index_lifts: vec![lift],
        counts: Counts { series_tested: 12, surges_tested: 3, not_significant: 2, below_floor: 1, ..Counts::default() },
        ..Analysis::empty(grid())
    }
}

fn written(analysis: &Analysis, tables: &[(&str, &str)], options: serde_json::Value) -> String {
    let tables: Vec<Table> =
        tables.iter().map(|(file, csv)| Table { file: (*file).into(), csv: (*csv).into(), further: 0 }).collect();
    let run = Run {
        program: "floodmark",
        version: "0",
        revision: None,
        options,
        seed: 1,
        now: "never".into(),
        inputs: Vec::new(),
        lists: Vec::new(),
        calendar_version: "c".into(),
        failures: vec!["x.csv: line 3: bad <b>value</b>".into()],
        registry_version: "r".into(),
        public_suffix_list_version: "p".into(),
        grid: GridRecord::of(&analysis.grid),
        counts: CountsRecord::of(analysis),
        skipped_rows: BTreeMap::from([("negative".into(), 4)]),
        notes: Vec::new(),
        timings: BTreeMap::from([("load".into(), 1.5)]),
    };
    serialize(&Report { analysis, events: &[], tables: &tables, run: &run, job: None }).expect("a page")
}

fn page(analysis: &Analysis) -> String {
    let options = serde_json::json!({"total": "all.csv", "fdr": 0.05, "interval": 0.9, "out": "/secret"});
    written(analysis, &[("alerts.csv", "alert_id,outlet\na1,x\n")], options)
}

#[test]
fn the_summary_says_what_the_tables_hold() {
    let page = page(&analysis(vec![alert(Level::State, "")]));
    assert!(page.contains("from <span class=\"date\">2023-10-07</span> to "), "a date may be broken at its hyphens");
    let page = page.replace("<span class=\"date\">", "").replace("</span>", "");
    for sentence in [
        "Traffic from the United Kingdom to outlets affiliated with Iran was 42% [38, 46] above expected in the 7 days \
         from 2023-10-07 to 2023-10-13 (q = 0.002). Net of the reference outlets, which rose 8.4%: +31% [20, 40]. In \
         the week from 2023-10-07 their share of the total was 41% [38, 44] above expected (placebo p = 0.004).",
        "Near the onset: this surge began on the day of War, 2023-10-07. A random date would find an event as near \
         2.0% of the time. That it was the cause is not shown.",
        "2023-10-08 (peak): observed 2,061 · expected 1,430 · z 8",
        "low base (little traffic: a large percentage of a small number)",
        "<th scope=\"row\">rows skipped: negative</th><td class=\"number\">4</td>",
    ] {
        assert!(page.contains(sentence), "not there: {sentence}");
    }
}

#[test]
fn dates_are_kept_whole_and_nothing_else_is_touched() {
    assert_eq!(whole_dates("é 12023-10-07"), "é 1<span class=\"date\">2023-10-07</span>");
    for text in ["", "2023-10", "&lt;b&gt; 2023-1-007", "ü2023–10–07"] {
        assert_eq!(whole_dates(text), text);
    }
}

#[test]
fn without_references_events_or_total_nothing_is_claimed_of_them() {
    let mut lone = alert(Level::Outlet, "Press TV");
    (lone.net_lift, lone.reference_lift) = (Estimate::UNKNOWN, f64::NAN);
    lone.events.clear();
    let page = written(&analysis(vec![lone]), &[], serde_json::json!({"total": null}));
    assert!(page.contains("to Press TV was 42% [38, 46] above expected"));
    assert!(page.contains("No reference outlets to compare with"));
    assert!(page.contains("share of all traffic in the input"));
    let words = page.split("<main>").nth(1).and_then(|rest| rest.split("</main>").next()).expect("a main part");
    for claim in ["placebo p", "Near the onset:", "which rose", "NaN"] {
        assert!(!words.contains(claim), "{claim}");
    }
}

#[test]
fn nothing_found_is_said_with_what_was_looked_at() {
    let mut none = analysis(Vec::new());
    let text = page(&none);
    assert!(text.contains(
        "No surge: none of 12 series has one that passes the false-discovery control at 5% and the floors. Surges \
         looked at: 3; not significant: 2; below the floor of visits: 1; of a lift that may be zero: 0."
    ));
    assert!(!text.contains("id=\"alerts\""));
    none.counts.series_tested = 0;
    assert!(page(&none).contains("No series was long enough to be judged"));
    (none.grid.len, none.index) = (0, Vec::new());
    assert!(page(&none).contains("no data"));
}

#[test]
fn hostile_names_stay_text() {
    let mut alerts: Vec<Alert> = HOSTILE.iter().map(|name| alert(Level::Outlet, name)).collect();
    for (alert, name) in alerts.iter_mut().zip(HOSTILE) {
        alert.id = name.into();
        (alert.key.country, alert.events[0].event) = (name.into(), name.into());
    }
    let found = analysis(alerts);
    let csv = HOSTILE.map(|name| format!("\"{}\"\n", name.replace('"', "\"\""))).concat();
    let text =
        written(&found, &[("alerts.csv", &format!("outlet\n{csv}")), ("<b>.csv", "<i>\n1\n")], serde_json::json!({}));
    let page_alone = page(&analysis(Vec::new()));
    let count = |text: &str, tag: &str| text.matches(tag).count();
    // One script with code; every other is data: a table has one each, the charts one.
    assert_eq!(count(&text, "<script>"), 1);
    assert_eq!(count(&text, "<script"), count(&page_alone, "<script") + 1);
    assert_eq!(count(&text, "</script"), count(&text, "<script"));
    for tag in ["<img", "<b>", "<i>", "7 * 7 }}<"] {
        assert!(!text.contains(tag), "{tag}");
    }
    assert!(text.contains("&lt;script&gt;alert(1)"));
}

#[test]
fn the_page_allows_its_own_style_and_script_and_nothing_else() {
    let page = page(&analysis(Vec::new()));
    let policy = page.split("Content-Security-Policy\" content=\"").nth(1).and_then(|rest| rest.split('"').next());
    let policy = policy.expect("a policy").replace("&#x27;", "'").replace("&#x2f;", "/");
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    for (open, close) in [("<style>", "</style>"), ("<script>", "</script>")] {
        let inner = page.split(open).nth(1).and_then(|rest| rest.split(close).next()).expect("an element");
        assert!(policy.contains(&digest(inner)), "{open}");
    }
    assert!(!page.contains("style=\"") && !page.contains(" onclick") && !page.contains("/secret"));
}

#[test]
fn the_bytes_of_a_table_are_those_of_its_file() {
    let csv = "outlet,lift_pct\n\"a,\"\"b\"\"\",1.5\n</script>,é\\n\n";
    let page = written(&analysis(Vec::new()), &[("drops.csv", csv)], serde_json::json!({}));
    let data = page.split("id=\"data-drops\">").nth(1).and_then(|rest| rest.split("</script>").next()).expect("data");
    assert_eq!(serde_json::from_str::<String>(data).expect("JSON"), csv);
}

#[test]
fn equal_results_give_equal_pages() {
    let found = analysis(vec![alert(Level::State, "")]);
    assert_eq!(page(&found), page(&found));
}
