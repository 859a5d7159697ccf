//! What the job says over time.

use super::{Job, Receiver, table};
use crate::workdir::{Workdir, date};

/// Days of the year that are run one by one: WATCH_DAYS in the environment, 90 otherwise.
fn days() -> usize {
    std::env::var("WATCH_DAYS").ok().and_then(|text| text.parse().ok()).unwrap_or(90)
}

#[test]
fn one_watch_a_day_says_what_one_pass_over_all_days_says() {
    let every = days();
    let last = 200.max(every + 1);
    let job = Job::new(last, "[[deliver]]\nkind = 'csv'\npath = 'told.csv'");
    let first = last - every;
    job.arrive(0..first).run(first - 1).code(0);
    job.live(first..last);
    let batch = format!("analyze daily --online --charts none --out all --now {}T06:00:00Z", date(last));
    job.dir.run(&batch).code(0);
    let mut alerts = table(&job.dir.read("all/alerts.csv"));
    alerts.extend(table(&job.dir.read("all/drops.csv")));
    alerts.sort();
    assert!(!alerts.is_empty());
    assert_eq!(job.alerts(), alerts, "the alerts as they stand");
    let told = table(&job.dir.read("told.csv"));
    let passed = table(&job.dir.read("all/transitions.csv"));
    let of = |rows: &[Vec<String>], skip: usize| -> Vec<Vec<String>> {
        rows.iter().map(|row| [&row[..2], &row[skip..]].concat()).collect()
    };
    // key, change, at, note | key, change, period, and then the figures of the alert.
    assert_eq!(of(&told, 4), of(&passed, 3), "what was told on the way");
    assert!(told.iter().any(|row| row[1] == "closed"));
}

#[test]
fn a_run_without_news_says_nothing_and_a_second_run_repeats_nothing() {
    let job = Job::new(132, "[[deliver]]\nkind = 'stdout'\nformat = 'jsonl'");
    job.arrive(0..131);
    let first = job.run(130).code(0);
    assert!(first.stdout.contains("\"opened\""), "{}", first.stdout);
    let second = job.run(130).code(0);
    assert_eq!(second.stdout, "", "told again");
}

#[test]
fn a_surge_that_a_revision_takes_away_is_retracted_with_both_figures() {
    let job = Job::new(132, "[[deliver]]\nkind = 'stdout'\nformat = 'jsonl'");
    job.arrive(0..131).run(130).code(0);
    // The source finds out that its counts of three days were wrong.
    for day in 128..131 {
        job.write(day, job.rows(day - 14).replace(&date(day - 14), &date(day)).as_str());
    }
    let ran = job.run(130).code(0).says("values that were others before");
    let retracted: Vec<serde_json::Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(!retracted.is_empty());
    for one in &retracted {
        assert_eq!(one["change"], "retracted", "{one}");
        let lift = |record: &serde_json::Value| record["lift_pct"].as_f64().expect("a lift");
        assert!(lift(&one["before"]) > 100.0 && lift(&one["alert"]) < 30.0, "{one}");
    }
    assert!(job.alerts().is_empty());
}

#[test]
fn filters_hold_back_what_was_not_asked_for_and_keep_the_story_whole() {
    let all = "[[deliver]]\nkind = 'csv'\nname = 'all'\npath = 'all.csv'\n";
    let closed = "[[deliver]]\nkind = 'csv'\nname = 'closed'\npath = 'closed.csv'\nchanges = ['closed']\n";
    let live = |more: &str| {
        let job = Job::new(146, &format!("{all}{closed}{more}"));
        job.arrive(0..127).run(126).code(0);
        job.live(127..146);
        job
    };
    // A bar in the middle of what is opened: half of it is told, the other half if it grows.
    let lift = |row: &Vec<String>| row[18].parse::<f64>().expect("a lift");
    let opened = table(&live("").dir.read("all.csv")).into_iter().filter(|row| row[1] == "opened");
    let mut lifts: Vec<f64> = opened.map(|row| lift(&row)).collect();
    lifts.sort_by(f64::total_cmp);
    let bar = (lifts[lifts.len() / 2 - 1] + lifts[lifts.len() / 2]) / 2.0;
    let loud = format!("[[deliver]]\nkind = 'csv'\nname = 'loud'\npath = 'loud.csv'\nmin-lift-pct = {bar}\n");
    let job = live(&loud);
    let (loud, all) = (table(&job.dir.read("loud.csv")), table(&job.dir.read("all.csv")));
    assert!(loud.len() < all.len() && !loud.is_empty());
    assert!(loud.iter().filter(|row| row[1] == "opened").all(|row| lift(row) >= bar - 1e-3));
    let ids = |rows: &[Vec<String>], change: &str| {
        let ids = rows.iter().filter(|row| row[1] == change).map(|row| row[4].clone());
        ids.collect::<std::collections::BTreeSet<_>>()
    };
    let heard: std::collections::BTreeSet<String> = loud.iter().map(|row| row[4].clone()).collect();
    assert_eq!(ids(&loud, "closed"), heard, "who heard of an alert hears its end");
    assert!(table(&job.dir.read("closed.csv")).iter().all(|row| row[1] == "closed"));
}

#[test]
fn a_dead_feed_is_told_once_and_so_is_its_return() {
    let job = Job::new(132, "[watch]\nsilent-after = 3\n[[deliver]]\nkind = 'csv'\npath = 'told.csv'");
    job.arrive(0..100).run(99).code(0);
    for day in 100..102 {
        job.run(day).code(0);
    }
    job.run(102).code(2).says("no new data for too long");
    job.run(103).code(2);
    job.arrive(100..105).run(104).code(0);
    let changes: Vec<String> = table(&job.dir.read("told.csv")).into_iter().map(|row| row[1].clone()).collect();
    assert_eq!(changes, ["silent", "resumed"]);
}

#[test]
fn a_digest_is_one_message_a_day() {
    let receiver = Receiver::start(0);
    let job = Job::new(134, &format!("{}digest = 'daily'\n", receiver.config()));
    job.arrive(0..127).run(126).code(0);
    job.live(127..130);
    assert_eq!(receiver.received().0.len(), 0, "what was told today waits for tomorrow");
    job.live(130..132);
    assert!(!receiver.received().0.is_empty());
}

#[test]
fn a_mute_window_of_the_calendar_is_quiet_and_on_record() {
    let job =
        Job::new(134, "[watch]\nmute = ['festival']\n[analysis]\nevents = ['own.csv']\n[[deliver]]\nkind = 'stdout'");
    job.dir.write("own.csv", "date,end,name,kind\n2023-10-05,2023-10-09,Our festival,festival\n");
    job.arrive(0..134);
    let ran = job.run(133).code(0);
    assert_eq!(ran.stdout, "");
    assert!(job.told().iter().all(|row| row[3].contains("it began during 'Our festival'")));
    assert!(!job.told().is_empty());
}

#[test]
fn what_coincides_with_an_alert_is_flagged_and_a_lost_context_holds_nothing_up() {
    let config = "[analysis]\ncontext = ['context.csv']\n[[deliver]]\nkind = 'stdout'";
    let job = Job::new(134, config);
    job.arrive(0..134);
    let context = "from,until,country,domain,kind,source\n2023-09-01,2024-01-01,,,outage,our own list\n";
    job.dir.write("context.csv", context);
    job.dir.run("watch --check").code(0).says("context.csv: 1 spans");
    job.run(133).code(0);
    assert!(job.alerts().iter().any(|row| row.iter().any(|cell| cell.contains("outage"))), "{:?}", job.alerts());
    let other = Job::new(134, config);
    other.arrive(0..134).run(133).code(2).says("context.csv");
    assert_eq!(other.alerts().len(), job.alerts().len());
}

#[test]
fn check_finds_every_fault_before_the_first_run_and_writes_nothing() {
    let work = Workdir::new();
    work.write("floodmark.toml", "[[source]]\ninput = 'none/*.csv'\n[health]\nprometheus = 'deep/x.prom'\n");
    let ran = work.run("watch --check").code(2);
    for fault in ["source none/*.csv", "health", "delivery: no [[deliver]]"] {
        assert!(ran.stderr.contains(fault), "no '{fault}' in {}", ran.stderr);
    }
    assert_eq!(work.entries("."), ["floodmark.toml"]);
    work.run("watch --status").code(2).says("no store yet");
}

#[test]
fn the_exit_code_tells_of_alerts_as_loud_as_asked() {
    let job = Job::new(132, "[watch]\nfail-on = 'high'\n[[deliver]]\nkind = 'stdout'");
    job.arrive(0..129).run(128).code(0);
    job.live(129..130);
    job.arrive(130..132).run(131).code(1);
}

#[test]
fn log_lines_are_json_where_that_is_asked_for_and_the_health_files_are_there() {
    let config = "[watch]\nname = 'daily'\n[health]\nlast-run = 'last.json'\nprometheus = 'f.prom'\n";
    let job = Job::new(131, &format!("{config}[[deliver]]\nkind = 'stdout'"));
    job.arrive(0..131);
    let ran = job.dir.run(&format!("{} --log-format json", Job::after(130))).code(0);
    for line in ran.stderr.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(value["event"].is_string());
    }
    let last: serde_json::Value = serde_json::from_str(&job.dir.read("last.json")).expect("JSON");
    assert_eq!((last["exit_code"].as_u64(), last["runs_total"].as_u64()), (Some(0), Some(1)));
    assert!(job.dir.read("f.prom").contains("floodmark_runs_total{watch=\"daily\"} 1"));
    let status: serde_json::Value =
        serde_json::from_str(&job.dir.run("watch --status --log-format json").code(0).stdout).expect("JSON");
    assert_eq!(status["runs"], 1);
}
