//! What may know what. The core is numbers on slices; the edges touch files, tables, charts and clocks, and do not
//! know each other; `cli` alone knows them all.

use std::path::{Path, PathBuf};

const CORE: [&str; 13] = [
    "aggregate",
    "error",
    "time",
    "series",
    "stats",
    "baseline",
    "detect",
    "measure",
    "alert",
    "attribution",
    "pipeline",
    "simulate",
    "evaluate",
];
const EDGES: [&str; 10] =
    ["ingest", "registry", "calendar", "observatory", "chart", "report", "config", "watch", "context", "fetch"];
const FOREIGN: [&str; 15] = [
    "polars",
    "plotters",
    "clap",
    "jiff",
    "serde",
    "toml",
    "csv::",
    "sha2",
    "indicatif",
    "ctrlc",
    "tempfile",
    "ureq",
    "std::fs",
    "std::time",
    "std::env",
];

/// (module, file, code without comments and tests) of every source.
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("src") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let first = path.strip_prefix(&root).expect("below src").components().next().expect("a name");
                let module = first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_string();
                let text = std::fs::read_to_string(&path).expect("a source");
                found.push((module, path, code(&text)));
            }
        }
    }
    assert!(found.len() > 20, "the sources were not found");
    found
}

/// Lines up to the tests at the end of the file, comments cut.
fn code(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or(text);
    text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

/// Whether the code names a module of the crate by `crate::name` or in a `crate::{…}` group.
fn names_module(code: &str, module: &str) -> bool {
    let word = |text: &str| {
        text.match_indices(module).any(|(at, _)| {
            let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
            edge(text[..at].chars().next_back()) && edge(text[at + module.len()..].chars().next())
        })
    };
    code.split("crate::").skip(1).any(|after| match after.strip_prefix('{') {
        Some(group) => {
            // Only the first name of each path in the group is a module of the crate.
            let mut depth = 0;
            let mut heads = String::new();
            let mut head = true;
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        heads.push(' ');
                        head = true;
                    }
                    ':' => head = false,
                    c if head && depth == 0 => heads.push(c),
                    _ => {}
                }
            }
            word(&heads)
        }
        None => word(after.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("")),
    })
}

#[test]
fn the_core_knows_no_file_frame_chart_clock_or_edge() {
    let mut faults = Vec::new();
    for (module, path, code) in sources().iter().filter(|(module, ..)| CORE.contains(&module.as_str())) {
        for foreign in FOREIGN {
            if code.contains(foreign) {
                faults.push(format!("{}: {module} names {foreign}", path.display()));
            }
        }
        for edge in EDGES.iter().chain(&["cli"]) {
            if names_module(code, edge) {
                faults.push(format!("{}: {module} names the edge {edge}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn edges_do_not_know_each_other() {
    // Tables are read with outlets and codes looked up on the way. What the job tells has the columns of the report,
    // and its configuration holds the options of an analysis.
    let allowed = [
        ("ingest", "registry"),
        ("ingest", "calendar"),
        ("registry", "calendar"),
        // What a source says is read the same way from a file and from its answer.
        ("observatory", "calendar"),
        ("ingest", "observatory"),
        ("context", "observatory"),
        ("context", "calendar"),
        ("context", "registry"),
        ("fetch", "context"),
        ("fetch", "observatory"),
        ("watch", "report"),
        ("watch", "config"),
    ];
    let mut faults = Vec::new();
    for (module, path, code) in sources().iter().filter(|(module, ..)| EDGES.contains(&module.as_str())) {
        for edge in EDGES.iter().chain(&["cli"]).filter(|edge| **edge != module) {
            if names_module(code, edge) && !allowed.contains(&(module.as_str(), edge)) {
                faults.push(format!("{}: {module} names {edge}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn polars_and_plotters_stay_where_they_belong() {
    for (module, path, code) in sources() {
        assert!(module == "ingest" || !code.contains("polars"), "{} names polars", path.display());
        assert!(module == "chart" || !code.contains("plotters"), "{} names plotters", path.display());
    }
}

#[test]
fn every_module_is_core_edge_or_program() {
    for (module, path, _) in sources() {
        let known = CORE.contains(&module.as_str()) || EDGES.contains(&module.as_str());
        assert!(
            known || ["cli", "lib", "main", "recipe"].contains(&module.as_str()),
            "{}: where does it belong?",
            path.display()
        );
    }
}

#[test]
fn a_module_is_recognised_in_every_way_it_can_be_named() {
    assert!(names_module("use crate::report::cell;", "report"));
    assert!(names_module("use crate::{alert, report};", "report"));
    assert!(names_module("use crate::{alert::{Alert, Event}, report::cell};", "report"));
    assert!(!names_module("use crate::alert::report;", "report"));
    assert!(!names_module("use crate::{alert::report, time};", "report"));
    assert!(!names_module("use crate::reporting;", "report"));
}
