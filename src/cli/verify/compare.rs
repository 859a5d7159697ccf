//! Two result folders, file by file.

use crate::error::{Error, Result};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// What is said of one file.
#[derive(Debug)]
pub(super) struct Finding {
    pub name: String,
    pub verdict: Verdict,
    pub detail: String,
}

/// How a file compares with the recomputed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Same,
    Differs,
    /// Not there, and should be.
    Missing,
    /// There, and recomputing does not give it.
    Unexpected,
    /// An input that is not what it was.
    Changed,
    /// No part of a result: not looked at.
    Foreign,
}

impl Verdict {
    pub(super) fn name(self) -> &'static str {
        match self {
            Verdict::Same => "same",
            Verdict::Differs => "differs",
            Verdict::Missing => "missing",
            Verdict::Unexpected => "unexpected",
            Verdict::Changed => "changed",
            Verdict::Foreign => "not compared",
        }
    }
}

/// Compares every file but `run.json`. What lies in `told` and is none of `parts` is not compared.
pub(super) fn folders(told: &Path, again: &Path, parts: &[&str]) -> Result<Vec<Finding>> {
    let (old, new) = (names(told)?, names(again)?);
    let mut findings = Vec::new();
    for name in old.union(&new).filter(|name| *name != "run.json") {
        let finding = |verdict, detail: String| Finding { name: name.clone(), verdict, detail };
        let part = name.split('/').next().is_some_and(|first| parts.contains(&first));
        findings.push(match (old.contains(name), new.contains(name)) {
            (true, true) => match difference(&told.join(name), &again.join(name))? {
                None => finding(Verdict::Same, String::new()),
                Some(detail) => finding(Verdict::Differs, detail),
            },
            (false, _) => finding(Verdict::Missing, "recomputing gives it".into()),
            (_, false) if part => finding(Verdict::Unexpected, "recomputing does not give it".into()),
            (_, false) => finding(Verdict::Foreign, "no part of a result".into()),
        });
    }
    Ok(findings)
}

/// Compares two records of a run, all but the timings.
pub(super) fn records(mut told: Value, mut again: Value) -> Finding {
    for record in [&mut told, &mut again] {
        if let Some(members) = record.as_object_mut() {
            members.remove("timings");
        }
    }
    let mut differences = Vec::new();
    unlike("", &told, &again, &mut differences);
    let verdict = if differences.is_empty() { Verdict::Same } else { Verdict::Differs };
    let rest = differences.len().saturating_sub(MOST);
    differences.truncate(MOST);
    let mut detail = differences.join("; ");
    if rest > 0 {
        detail.push_str(&format!("; and {rest} more"));
    }
    Finding { name: "run.json".into(), verdict, detail }
}

/// Differences of two records that are told.
const MOST: usize = 5;

fn unlike(at: &str, told: &Value, again: &Value, found: &mut Vec<String>) {
    match (told, again) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                let none = Value::Null;
                unlike(&at, a.get(key).unwrap_or(&none), b.get(key).unwrap_or(&none), found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                unlike(&format!("{at}[{i}]"), a, b, found);
            }
        }
        (Value::Array(a), Value::Array(b)) => found.push(format!("{at}: {} entries, now {}", a.len(), b.len())),
        (a, b) if a == b => {}
        (a, b) => found.push(format!("{at}: was {a}, is {b}")),
    }
}

/// Reads JSON.
pub(super) fn json(path: &Path) -> Result<Value> {
    let name = path.display().to_string();
    let text =
        std::fs::read(path).map_err(|error| Error::io("cannot read the record of the run", error).in_file(&name))?;
    serde_json::from_slice(&text).map_err(|error| Error::input("not JSON").because(error).in_file(&name))
}

/// Files below a folder, relative, with `/`.
fn names(folder: &Path) -> Result<BTreeSet<String>> {
    let fault = |error| Error::io("cannot list the folder", error).in_file(folder.display().to_string());
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().map_err(fault)?.is_dir() {
            found.extend(names(&entry.path())?.into_iter().map(|below| format!("{name}/{below}")));
        } else {
            found.insert(name);
        }
    }
    Ok(found)
}

/// Where two files part, in words; none if they are the same.
fn difference(told: &Path, again: &Path) -> Result<Option<String>> {
    // A pipe or a device would be read for ever.
    let irregular = !std::fs::metadata(told).is_ok_and(|data| data.is_file());
    if irregular {
        return Ok(Some("no regular file".into()));
    }
    let open = |path: &Path| {
        let file =
            File::open(path).map_err(|error| Error::io("cannot read", error).in_file(path.display().to_string()));
        file.map(BufReader::new)
    };
    let (mut old, mut new) = (open(told)?, open(again)?);
    let fault = |error| Error::io("cannot read", error).in_file(told.display().to_string());
    let ending = told.extension().map(|ending| ending.to_string_lossy().into_owned()).unwrap_or_default();
    let text = matches!(ending.as_str(), "csv" | "jsonl" | "json" | "svg" | "html");
    let (mut header, mut a, mut b) = (Vec::new(), Vec::new(), Vec::new());
    let (mut line, mut offset) = (0u64, 0usize);
    loop {
        a.clear();
        b.clear();
        let read = old.read_until(b'\n', &mut a).map_err(fault)?;
        new.read_until(b'\n', &mut b).map_err(fault)?;
        line += 1;
        if a != b {
            let at = a.iter().zip(&b).position(|(x, y)| x != y).unwrap_or(a.len().min(b.len()));
            return Ok(Some(match (text, ending.as_str()) {
                (false, _) => format!("from byte {}", offset + at),
                (true, "csv") => format!("line {line}{}", column(&header, &a, &b)),
                (true, _) => format!("line {line}, byte {}", at + 1),
            }));
        }
        if read == 0 {
            return Ok(None);
        }
        offset += read;
        if line == 1 {
            header.clone_from(&a);
        }
    }
}

/// The first column in which two rows differ, with both values.
fn column(header: &[u8], told: &[u8], again: &[u8]) -> String {
    let fields = |row: &[u8]| {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(row);
        reader.byte_records().next().and_then(|record| record.ok()).unwrap_or_default()
    };
    let (header, told, again) = (fields(header), fields(told), fields(again));
    if told.is_empty() || again.is_empty() {
        return if told.is_empty() { ": the row is missing".into() } else { ": the row is too many".into() };
    }
    let text = |field: Option<&[u8]>| String::from_utf8_lossy(field.unwrap_or_default()).into_owned();
    let wide = told.len().max(again.len());
    match (0..wide).find(|i| told.get(*i).unwrap_or_default() != again.get(*i).unwrap_or_default()) {
        _ if told.len() != again.len() => format!(": {} fields, should be {}", told.len(), again.len()),
        Some(i) => {
            format!(
                ", column '{}': is '{}', should be '{}'",
                text(header.get(i)),
                text(told.get(i)),
                text(again.get(i))
            )
        }
        None => ": the end of the line is missing or another one".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(name: &str, old: &str, new: &str) -> Option<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let (a, b) = (folder.path().join(name), folder.path().join(format!("new-{name}")));
        std::fs::write(&a, old).expect("written");
        std::fs::write(&b, new).expect("written");
        difference(&a, &b).expect("read")
    }

    #[test]
    fn the_first_line_and_column_that_differ_are_named() {
        assert_eq!(compared("a.csv", "x,y\n1,2\n", "x,y\n1,2\n"), None);
        let said = compared("a.csv", "x,y\n1,2\n3,\"4,5\"\n", "x,y\n1,2\n3,\"4,6\"\n");
        assert_eq!(said.as_deref(), Some("line 3, column 'y': is '4,5', should be '4,6'"));
        assert_eq!(compared("a.csv", "x\n", "x\n1\n").as_deref(), Some("line 2: the row is missing"));
        assert_eq!(compared("a.csv", "x\n1\n", "x\n").as_deref(), Some("line 2: the row is too many"));
        assert_eq!(
            compared("a.csv", "x,y\n1,", "x,y\n1,2\n").as_deref(),
            Some("line 2, column 'y': is '', should be '2'")
        );
        assert_eq!(compared("a.csv", "x,y\n1", "x,y\n1,\n").as_deref(), Some("line 2: 1 fields, should be 2"));
        let cut = compared("a.csv", "x,y\n1,2", "x,y\n1,2\n");
        assert_eq!(cut.as_deref(), Some("line 2: the end of the line is missing or another one"));
        assert_eq!(compared("a.png", "ab\ncd", "ab\ncx").as_deref(), Some("from byte 4"));
        assert_eq!(compared("a.jsonl", "{}\n{1}", "{}\n{2}").as_deref(), Some("line 2, byte 2"));
    }

    #[test]
    fn records_may_differ_in_timings_alone() {
        let old = serde_json::json!({"timings": 1, "now": "x", "inputs": [{"path": "a.csv", "rows": 3}]});
        let new = serde_json::json!({"timings": 2, "now": "x", "inputs": [{"path": "a.csv", "rows": 4}]});
        assert_eq!(
            records(old.clone(), serde_json::json!({"now": "x", "inputs": old["inputs"]})).verdict,
            Verdict::Same
        );
        let found = records(old, new);
        assert_eq!((found.verdict, found.detail.as_str()), (Verdict::Differs, "inputs[0].rows: was 3, is 4"));
    }
}
