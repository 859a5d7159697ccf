//! A result is computed again from its record and compared.

use crate::workdir::{Workdir, traffic};

/// A folder of traffic with its total and lists, analysed into `out`.
fn analyzed(options: &str) -> Workdir {
    let dir = Workdir::new();
    dir.write("data/a.csv", traffic(200));
    let total: String = (0..200).map(|day| format!("{},250000\n", crate::workdir::date(day))).collect();
    dir.write("data/total.csv", format!("timestamp,visits\n{total}"));
    dir.write("mine.csv", "domain,outlet,state,role\npresstv.ir,Press TV,IR,state\n");
    dir.write("news.csv", "date,end,name,states,countries,kind,source\n2023-10-07,,Attack,IR,,war,x\n");
    dir.run(&format!("analyze data --out out --domains mine.csv --events news.csv {options}")).code(0);
    dir
}

#[test]
fn a_result_is_verified_without_a_word_of_how_it_was_run() {
    // Neither --now nor other options need be repeated: the record holds them.
    let dir = analyzed("--charts svg --series csv --baseline 6w --country GB,US --seed 7");
    let ran = dir.run("verify out").code(0).says("verified:");
    assert!(ran.stdout.contains("charts/overview.svg") && ran.stdout.contains("run.json"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("differs"), "{}", ran.stdout);
    let quiet = dir.run("verify out --quiet").code(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    let run: serde_json::Value = serde_json::from_str(&dir.read("out/run.json")).expect("JSON");
    assert_eq!(run["lists"][0]["option"], "domains");
    assert_eq!(run["lists"][1]["path"], "news.csv");
}

#[test]
fn a_changed_figure_is_found_with_its_line_and_column() {
    let dir = analyzed("--charts none");
    let alerts = dir.read("out/alerts.csv");
    let forged = alerts.replacen(",Press TV,", ",Press TW,", 1);
    assert_ne!(alerts, forged);
    dir.write("out/alerts.csv", &forged);
    dir.write("out/run.json", dir.read("out/run.json").replacen("\"alerts\": ", "\"alerts\": 1", 1));
    std::fs::remove_file(dir.path("out/index.csv")).expect("removed");
    dir.write("out/notes.txt", "mine");
    let said = dir.run("verify out").code(2).says("not verified").stdout;
    let line = 1 + forged.lines().position(|row| row.contains("Press TW")).expect("the forged row");
    assert!(said.contains(&format!("line {line}, column 'outlet': is 'Press TW', should be 'Press TV'")), "{said}");
    assert!(said.contains("counts.alerts: was 1"), "{said}");
    let line = |name: &str| said.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_string();
    assert!(line("index.csv").contains("missing"), "{said}");
    assert!(line("notes.txt").contains("not compared"), "{said}");
    assert!(line("lifts.csv").contains("same"), "{said}");
}

#[test]
fn inputs_that_changed_or_went_away_are_named() {
    let dir = analyzed("--charts none");
    let bytes = dir.read("data/a.csv");
    dir.write("data/a.csv", bytes.replacen("presstv.ir,GB,", "presstv.ir,GB,9", 1));
    let said = dir.run("verify out").code(2).stdout;
    assert!(said.lines().any(|line| line.starts_with("data/a.csv") && line.contains("changed")), "{said}");
    assert!(said.contains("series.parquet") && said.contains("differs"), "{said}");
    std::fs::remove_file(dir.path("mine.csv")).expect("removed");
    let said = dir.run("verify out").code(2).says("--inputs DIR").stdout;
    assert!(said.lines().any(|line| line.starts_with("mine.csv") && line.contains("missing")), "{said}");
}

#[test]
fn moved_inputs_are_found_below_another_folder() {
    let dir = analyzed("--charts none");
    for name in ["data/a.csv", "data/total.csv", "mine.csv", "news.csv"] {
        dir.write(&format!("archive/2023/{name}"), dir.read(name));
        std::fs::remove_file(dir.path(name)).expect("removed");
    }
    dir.run("verify out").code(2);
    let ran = dir.run("verify out --inputs archive/2023");
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
}

#[test]
fn what_is_no_result_is_refused() {
    let dir = Workdir::new();
    dir.run("verify nowhere").code(2).says("run.json");
    dir.write("out/run.json", "{\"version\": \"9\"}");
    dir.run("verify out").code(2).says("run.json").says("this version can repeat");
    dir.write("out/run.json", "{");
    dir.run("verify out").code(2).says("not JSON");
}

#[test]
#[cfg(unix)]
fn what_is_no_file_is_not_read_for_ever() {
    let dir = analyzed("--charts none");
    for (target, word) in [("/dev/zero", "no regular file"), ("nowhere", "no regular file")] {
        std::fs::remove_file(dir.path("out/alerts.csv")).expect("removed");
        std::os::unix::fs::symlink(target, dir.path("out/alerts.csv")).expect("linked");
        let said = dir.run("verify out").code(2).stdout;
        let line = said.lines().find(|line| line.starts_with("alerts.csv")).unwrap_or_default();
        assert!(line.contains("differs") && line.contains(word), "{said}");
        assert!(said.lines().any(|line| line.starts_with("lifts.csv") && line.contains("same")), "{said}");
    }
}
