//! The small verbs, usage, exit codes, closed pipes.

use crate::workdir::Workdir;
use std::io::Read;
use std::process::Stdio;

#[test]
fn help_and_version_are_no_errors_and_bad_usage_is_code_2() {
    let dir = Workdir::new();
    assert!(dir.run("--help").code(0).stdout.contains("analyze"));
    assert!(dir.run("--version").code(0).stdout.starts_with("floodmark 0."));
    dir.run("").code(2);
    dir.run("analyse").code(2);
    dir.run("analyze").code(2).says("no input");
    dir.run("analyze x.csv --every month").code(2);
    dir.run("analyze x.csv --no-such-option").code(2);
    dir.run("detect a b").code(2);
}

#[test]
fn completions_and_manual_come_from_the_arguments() {
    let dir = Workdir::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(dir.run(&format!("completions {shell}")).code(0).stdout.contains("floodmark"), "{shell}");
    }
    let manual = dir.run("man").code(0).stdout;
    assert!(manual.contains(".TH") && manual.contains("FLOODMARK ANALYZE"));
}

#[test]
fn the_registry_is_listed_by_state_and_role() {
    let dir = Workdir::new();
    let csv = dir.run("domains list --state IR --format csv").code(0).stdout;
    assert!(csv.starts_with("domain,outlet,state,role,control,language,from,until,source\n"));
    assert!(csv.lines().skip(1).all(|line| line.contains(",IR,state,")), "{csv}");
    assert!(csv.contains("presstv"));
    let table = dir.run("domains list --role reference").code(0).stdout;
    assert!(table.contains("reference") && !table.contains("presstv"));
}

#[test]
fn a_listed_registry_is_a_registry_again() {
    let dir = Workdir::new();
    let csv = dir.run("domains list --format csv").code(0).stdout;
    dir.write("again.csv", &csv);
    dir.run("domains check again.csv").code(0);
    assert_eq!(dir.run("domains list --format csv --domains again.csv").code(0).stdout, csv);
}

#[test]
fn a_wrong_registry_is_reported_with_file_line_and_column() {
    let dir = Workdir::new();
    dir.write("bad.csv", "domain,outlet,state,role\nx.example.com,X,Iran,state\n");
    dir.run("domains check bad.csv").code(2).says("bad.csv:2").says("state");
    dir.run("domains check").code(0);
    dir.run("domains check absent.csv").code(2).says("absent.csv");
}

#[test]
fn a_reader_that_goes_away_is_a_quiet_end() {
    let dir = Workdir::new();
    let rows: String = (0..200_000).map(|i| format!("{i}\n")).collect();
    dir.write("rows.csv", format!("value\n{rows}"));
    let commands =
        ["detect rows.csv -q", "detect rows.csv -q --output changepoints", "domains list", "man", "completions bash", "--help"];
    for arguments in commands {
        let mut child =
            dir.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        drop(child.stdout.take());
        let mut talk = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut talk).expect("text");
        assert_eq!(child.wait().expect("the program ends").code(), Some(0), "{arguments}: {talk}");
        assert_eq!(talk, "", "{arguments}");
    }
}
