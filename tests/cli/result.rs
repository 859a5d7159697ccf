//! The result folder: what is in it, that it is whole, that a re-run gives the same bytes.

use crate::workdir::{Workdir, date, files, traffic};
use std::process::Stdio;
use std::time::{Duration, Instant};

const NOW: &str = "--now 2030-01-01";

fn analyzed(options: &str) -> Workdir {
    let dir = Workdir::new();
    dir.write("a.csv", traffic(200));
    dir.run(&format!("analyze a.csv {NOW} {options}")).code(0);
    dir
}

fn header(dir: &Workdir, file: &str) -> String {
    dir.read(file).lines().next().expect("a header").to_string()
}

#[test]
fn every_file_of_the_contract_is_there_with_its_columns() {
    let dir = analyzed("");
    let names = [
        "alerts.csv",
        "alerts.jsonl",
        "attributions.csv",
        "charts",
        "confounders.csv",
        "contributions.csv",
        "controls.csv",
        "drops.csv",
        "groups.csv",
        "index.csv",
        "index_lifts.csv",
        "lifts.csv",
        "placebos.csv",
        "ratios.csv",
        "report.html",
        "run.json",
        "series.parquet",
    ];
    assert_eq!(dir.entries("floodmark-out"), names);
    assert_eq!(
        header(&dir, "floodmark-out/alerts.csv"),
        "alert_id,level,state,outlet,domain,country,granularity,onset,peak,end,status,periods,observed,expected,\
         lift_pct,lift_low_pct,lift_high_pct,excess,peak_value,peak_z,p_value,q_value,change_point,change_point_low,\
         change_point_high,detectors,reference_lift_pct,net_lift_pct,net_low_pct,net_high_pct,event,event_date,\
         event_lag,severity,flags"
    );
    assert_eq!(header(&dir, "floodmark-out/index.csv"), "timestamp,state,country,visits,total,share,index");
    assert_eq!(
        header(&dir, "floodmark-out/lifts.csv"),
        "event,event_date,state,outlet,country,window,from,to,baseline_from,baseline_to,base_level,observed,expected,\
         lift_pct,low_pct,high_pct,pp_change,net_lift_pct,net_low_pct,net_high_pct,p_value,n_placebo"
    );
    assert_eq!(
        header(&dir, "floodmark-out/placebos.csv"),
        "event,event_date,state,outlet,country,window,lift_pct,p_time,n_time,p_space,n_space"
    );
    assert_eq!(
        header(&dir, "floodmark-out/controls.csv"),
        "alert_id,event,event_date,state,outlet,country,window,control,weight,status,moved_pct,moved_spreads,reason"
    );
    assert_eq!(
        header(&dir, "floodmark-out/contributions.csv"),
        "event,event_date,state,country,window,outlet,observed,expected,contribution_pp"
    );
    assert_eq!(
        header(&dir, "floodmark-out/ratios.csv"),
        "event,event_date,state,country,against,window,ratio_before,ratio_after,change_pct,low_pct,high_pct"
    );
    assert_eq!(header(&dir, "floodmark-out/groups.csv"), "group_id,outlets,states,onset_from,onset_to,p_value,q_value");
    assert_eq!(header(&dir, "floodmark-out/drops.csv"), header(&dir, "floodmark-out/alerts.csv"));
    assert!(dir.entries("floodmark-out/charts").contains(&"overview.png".to_string()));
    let run: serde_json::Value = serde_json::from_str(&dir.read("floodmark-out/run.json")).expect("JSON");
    assert_eq!(run["inputs"][0]["rows"], 1200);
    assert_eq!(run["inputs"][0]["sha256"].as_str().expect("a text").len(), 64);
    assert_eq!(run["options"]["baseline"], "8w");
    assert_eq!(run["counts"]["alerts"], dir.read("floodmark-out/alerts.csv").lines().count() - 1);
    // No temporary folder is left beside it.
    assert_eq!(dir.entries("."), ["a.csv", "floodmark-out"]);
}

#[test]
fn the_planted_surge_is_an_alert_with_its_date_and_size() {
    let dir = analyzed("--charts none --country GB");
    let alerts = dir.read("floodmark-out/alerts.csv");
    let row: Vec<&str> =
        alerts.lines().find(|row| row.contains(",outlet,IR,Press TV,,GB,")).expect("an alert").split(',').collect();
    assert_eq!(row[7], date(128));
    let lift: f64 = row[14].parse().expect("a number");
    assert!((150.0..250.0).contains(&lift), "{lift}");
    let jsonl = dir.read("floodmark-out/alerts.jsonl");
    assert_eq!(jsonl.lines().count(), alerts.lines().count() - 1);
    for line in jsonl.lines() {
        let alert: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert!(alerts.contains(alert["alert_id"].as_str().expect("a text")));
    }
}

#[test]
fn a_second_run_and_shuffled_rows_give_the_same_bytes() {
    let dir = analyzed("--charts svg --jobs 1 --out one");
    dir.run(&format!("analyze a.csv {NOW} --charts svg --jobs 2 --out two")).code(0);
    let one = files(&dir.path("one"));
    assert!(one.len() > 8);
    assert!(one == files(&dir.path("two")), "a second run gave other bytes");
    let text = traffic(200);
    let (head, rows) = text.split_once('\n').expect("a header");
    let mut rows: Vec<&str> = rows.lines().collect();
    let n = rows.len();
    for i in 0..n {
        rows.swap(i, (i * 7919 + 13) % n);
    }
    dir.write("a.csv", format!("{head}\n{}\n", rows.join("\n")));
    dir.run(&format!("analyze a.csv {NOW} --charts svg --out three")).code(0);
    // The report names the SHA-256 of its inputs, which are other bytes now.
    let but_report = |files: Vec<(String, Vec<u8>)>| files.into_iter().filter(|(name, _)| name != "report.html");
    let three = files(&dir.path("three"));
    assert_eq!(one.len(), three.len());
    assert!(but_report(one).eq(but_report(three)), "shuffled rows gave other bytes");
}

#[test]
fn an_older_result_is_refused_without_force_before_any_work() {
    let dir = analyzed("--charts none");
    let before = files(&dir.path("floodmark-out"));
    // The input does not exist: had the work begun, that would be the complaint.
    dir.run("analyze absent.csv").code(2).says("--force");
    dir.run(&format!("analyze a.csv {NOW} --charts none --force --series csv")).code(0);
    assert!(dir.exists("floodmark-out/series.csv") && !dir.exists("floodmark-out/series.parquet"));
    // A run that fails leaves the old result.
    dir.run("analyze absent.csv --force").code(2);
    assert!(dir.exists("floodmark-out/series.csv"));
    assert_eq!(files(&dir.path("floodmark-out")).len(), before.len());
    assert_eq!(dir.entries("."), ["a.csv", "floodmark-out"]);
}

#[test]
fn force_removes_nothing_that_is_not_ours() {
    let dir = Workdir::new();
    dir.write("a.csv", traffic(100)).write("out/thesis.docx", "years of work");
    dir.run("analyze a.csv --out out --force").code(2).says("thesis.docx");
    assert_eq!(dir.read("out/thesis.docx"), "years of work");
}

#[test]
fn an_unwritable_place_fails_before_any_work() {
    let dir = Workdir::new();
    dir.write("a.csv", traffic(100));
    for place in ["a.csv/out", "a.csv", "/proc/out", "/dev/null/out"] {
        dir.run(&format!("analyze absent.csv --out {place}")).code(2).says(place);
    }
    assert_eq!(dir.entries("."), ["a.csv"]);
}

#[test]
fn an_existing_empty_folder_is_filled() {
    let dir = Workdir::new();
    dir.write("a.csv", traffic(100));
    std::fs::create_dir(dir.path("out")).expect("made");
    dir.run("analyze a.csv --out out --charts none").code(0);
    assert!(dir.exists("out/alerts.csv"));
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_nothing_and_says_so() {
    let dir = Workdir::new();
    dir.write("a.csv", traffic(200));
    // Input that never ends keeps the run busy: a pipe that nobody writes to.
    let mut child = dir
        .command("analyze - --out deep/out")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let start = Instant::now();
    while !dir.exists("deep") && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(50));
    // Waiting closes the child's input, and its end would race with the signal.
    let input = child.stdin.take();
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(killed.success());
    let code = child.wait().expect("the program ends").code();
    drop(input);
    assert_eq!(code, Some(130));
    assert_eq!(dir.entries("."), ["a.csv"]);
}

#[test]
fn simulated_traffic_goes_through_analysis_and_evaluation() {
    let dir = Workdir::new();
    let recipe = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/sample/recipe.toml");
    let recipe = recipe.display();
    dir.run(&format!("simulate {recipe} --out sim --seed 5")).code(0);
    dir.run(&format!("simulate {recipe} --out sim --seed 5")).code(2).says("--force");
    let before = files(&dir.path("sim"));
    dir.run(&format!("simulate {recipe} --out sim --seed 5 --force")).code(0);
    assert_eq!(files(&dir.path("sim")), before);
    dir.run(&format!("analyze sim {NOW} --charts none --country GB,US --fail-on low")).code(1);
    let table = dir.run("evaluate floodmark-out sim/_truth.csv").code(0).stdout;
    assert!(table.contains("false alerts"), "{table}");
    let json = dir.run("evaluate floodmark-out/alerts.csv sim/_truth.csv --json").code(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert!(json["recall"].as_f64().expect("a number") > 0.0, "{json}");
    dir.run("evaluate floodmark-out/alerts.csv absent.csv").code(2).says("absent.csv");
}
