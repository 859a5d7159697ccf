//! `detect`: one row out for each row in.

use crate::workdir::{Workdir, date};
use std::fmt::Write as _;

const HEADER: &str = "index,timestamp,value,expected,lower,upper,z,score,spike,changepoint,segment_mean";

/// Daily values around 1000 with a spike on day 150.
fn daily() -> String {
    let mut text = String::from("date,visits\n");
    for day in 0..200 {
        let value = 1000 + (day * 37 % 23) * 4 + if day == 150 { 3000 } else { 0 };
        writeln!(text, "{},{value}", date(day)).expect("memory");
    }
    text
}

fn column(csv: &str, name: &str) -> Vec<String> {
    let at = csv.lines().next().expect("a header").split(',').position(|column| column == name).expect("a column");
    csv.lines().skip(1).map(|line| line.split(',').nth(at).expect("a cell").to_string()).collect()
}

#[test]
fn each_row_gets_its_scores_in_the_order_of_the_input() {
    let dir = Workdir::new();
    dir.write("a.csv", daily());
    let out = dir.run("detect a.csv").code(0).stdout;
    assert_eq!(out.lines().next(), Some(HEADER));
    assert_eq!(out.lines().count(), 201);
    assert_eq!(column(&out, "index")[150], "150");
    assert_eq!(column(&out, "timestamp")[150], date(150));
    assert_eq!(column(&out, "spike")[150], "1");
    assert!(column(&out, "spike").iter().filter(|mark| *mark == "1").count() <= 2, "{out}");
    assert!(column(&out, "score").iter().all(|score| (0.0..=1.0).contains(&score.parse().unwrap_or(0.0))));
}

#[test]
fn standard_input_is_read_with_and_without_a_dash() {
    let dir = Workdir::new();
    dir.write("a.csv", daily());
    let file = dir.run("detect a.csv").code(0).stdout;
    assert_eq!(dir.pipe("detect", daily()).code(0).stdout, file);
    assert_eq!(dir.pipe("detect -", daily()).code(0).stdout, file);
}

#[test]
fn a_lone_column_of_numbers_needs_no_header() {
    let dir = Workdir::new();
    let out = dir.pipe("detect --time-col none", "1\n2\n1\n2\n50\n").code(0).stdout;
    assert_eq!(column(&out, "value"), ["1", "2", "1", "2", "50"]);
    assert_eq!(column(&out, "timestamp"), ["", "", "", "", ""]);
}

#[test]
fn online_scores_do_not_change_when_rows_are_added() {
    let dir = Workdir::new();
    let all = daily();
    let part: String = all.lines().take(141).map(|line| format!("{line}\n")).collect();
    let long = dir.pipe("detect --online", &all).code(0).stdout;
    let short = dir.pipe("detect --online", &part).code(0).stdout;
    assert_eq!(short.lines().collect::<Vec<_>>(), long.lines().take(141).collect::<Vec<_>>());
}

#[test]
fn disordered_rows_get_the_scores_of_their_own_time() {
    let dir = Workdir::new();
    let text = daily();
    let mut lines: Vec<&str> = text.lines().collect();
    let sorted = dir.pipe("detect -q", &text).code(0).stdout;
    lines[1..].reverse();
    let ran = dir.pipe("detect", lines.join("\n")).code(0).says("order");
    let scores: Vec<_> = column(&ran.stdout, "score").into_iter().rev().collect();
    assert_eq!(scores, column(&sorted, "score"));
    assert_eq!(column(&ran.stdout, "timestamp")[0], date(199));
}

#[test]
fn repeated_stamps_are_reported_and_keep_their_rows() {
    let dir = Workdir::new();
    let text = daily() + &format!("{},7\n", date(10));
    let ran = dir.pipe("detect", text).code(0);
    assert_eq!(ran.stdout.lines().count(), 202);
    assert!(!ran.stderr.is_empty());
}

#[test]
fn change_points_are_rows_of_their_own() {
    let dir = Workdir::new();
    let rows: String = (0..200).map(|i| format!("{}\n", i * 37 % 23 + if i >= 120 { 300 } else { 100 })).collect();
    let out = dir.pipe("detect --time-col none --output changepoints", rows).code(0).stdout;
    assert!(out.starts_with("index,timestamp,lower,upper,before,after,change_pct,p_value\n"));
    assert_eq!(column(&out, "index"), ["120"]);
    let (before, after) = (column(&out, "before")[0].clone(), column(&out, "after")[0].clone());
    assert!((before.parse::<f64>().expect("a number") - 111.0).abs() < 4.0, "{before}");
    assert!((after.parse::<f64>().expect("a number") - 311.0).abs() < 4.0, "{after}");
}

#[test]
fn seasons_can_be_named_and_wrong_ones_are_refused() {
    let dir = Workdir::new();
    dir.write("a.csv", daily());
    for season in ["auto", "none", "7", "7,30"] {
        dir.run(&format!("detect a.csv --season {season}")).code(0);
    }
    dir.run("detect a.csv --season weekly").code(2).says("--season");
}

#[test]
fn what_cannot_be_read_is_named() {
    let dir = Workdir::new();
    let text = daily().replace(&format!("{},1", date(42)), &format!("{},abc1", date(42)));
    dir.write("a.csv", text).write("empty.csv", "").write("two.csv", "date,a,b\n2023-01-01,1,2\n");
    dir.run("detect absent.csv").code(2).says("absent.csv");
    dir.run("detect a.csv").code(2).says("a.csv:44").says("abc");
    dir.run("detect empty.csv").code(2).says("empty.csv");
    dir.run("detect two.csv").code(2).says("--value-col");
    dir.run("detect two.csv --value-col b").code(0);
    dir.run("detect two.csv --value-col c").code(2).says("'c'");
    dir.pipe("detect", "x\u{0}\n\u{1}").code(2);
}

#[test]
fn odd_series_have_defined_answers() {
    let dir = Workdir::new();
    for (name, values) in [
        ("constant", vec!["5"; 100]),
        ("zeros", vec!["0"; 100]),
        ("one row", vec!["3"]),
        ("huge", vec!["1e300"; 50]),
        ("gaps", (0..100).map(|i| if i % 3 == 0 { "" } else { "4" }).collect()),
    ] {
        let rows: String = values.iter().enumerate().map(|(i, value)| format!("{},{value}\n", date(i))).collect();
        let ran = dir.pipe("detect", format!("date,value\n{rows}")).code(0);
        assert_eq!(ran.stdout.lines().count(), values.len() + 1, "{name}");
        assert!(!column(&ran.stdout, "spike").contains(&"1".to_string()), "{name}: {}", ran.stdout);
        assert!(!ran.stdout.contains("NaN") && !ran.stdout.contains("inf"), "{name}");
    }
}
