//! `verify`: a result folder is computed again from its `run.json`, and compared byte by byte.

mod compare;
mod relocate;

use super::args::Verify;
use super::plan::Plan;
use super::{Outcome, analyze, inputs, interrupt, summary, to_stdout};
use crate::config::Settings;
use crate::error::{Error, Result};
use compare::{Finding, Verdict};
use relocate::Places;
use serde::Deserialize;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What verifying needs of a record; the rest of it is compared.
#[derive(Deserialize)]
struct Record {
    version: String,
    options: Settings,
    now: String,
    inputs: Vec<File>,
    #[serde(default)]
    lists: Vec<File>,
}

/// A file that was read, as it was.
#[derive(Deserialize)]
struct File {
    path: String,
    sha256: String,
}

pub(crate) fn run(arguments: &Verify) -> Result<Outcome> {
    let (record, told) = read(&arguments.folder)?;
    let places = Places::new(arguments.inputs.as_deref());
    let mut findings = Vec::new();
    for file in record.inputs.iter().chain(&record.lists) {
        findings.extend(check_input(file, &places));
    }
    if findings.iter().any(|finding| finding.verdict == Verdict::Missing) {
        // Without an input there is nothing to compute.
        report(arguments, &findings, "not verified: inputs are missing; --inputs DIR tells where they are now")?;
        return Ok(Outcome::Partial);
    }
    if record.version != env!("CARGO_PKG_VERSION") {
        eprintln!("note: made by floodmark {}, this is {}", record.version, env!("CARGO_PKG_VERSION"));
    }
    let plan = plan(&record, &places)?;
    let target = std::env::temp_dir().join("floodmark-verify");
    let again = interrupt::open(&target, true, &|_| true)?;
    analyze::fill(&plan, &again).map_err(|error| error.context("the run cannot be repeated"))?;
    findings.extend(compare::folders(&arguments.folder, again.path(), &analyze::PARTS)?);
    findings.push(compare::records(told, compare::json(&again.path().join("run.json"))?, &|text| {
        back(text, &record, &places)
    }));
    let same = findings.iter().all(|finding| matches!(finding.verdict, Verdict::Same | Verdict::Foreign));
    let files = findings.iter().filter(|finding| finding.verdict == Verdict::Same).count();
    let words = match same {
        true => format!("verified: {files} files are the same"),
        false => "not verified: see the table".into(),
    };
    report(arguments, &findings, &words)?;
    Ok(if same { Outcome::Done } else { Outcome::Partial })
}

fn read(folder: &Path) -> Result<(Record, Value)> {
    let file = folder.join("run.json");
    let told = compare::json(&file)?;
    let record = Record::deserialize(&told).map_err(|cause| {
        Error::input("not the record of a run that this version can repeat")
            .because(cause)
            .in_file(file.display().to_string())
    })?;
    Ok((record, told))
}

fn check_input(file: &File, places: &Places) -> Option<Finding> {
    let place = places.of(&file.path);
    let finding = |verdict, detail: String| Some(Finding { name: file.path.clone(), verdict, detail });
    match inputs::seal(Path::new(&place)) {
        Ok((_, sha256)) if sha256 == file.sha256 => None,
        Ok((_, sha256)) => {
            finding(Verdict::Changed, format!("an input: SHA-256 was {}…, is {}…", short(&file.sha256), short(&sha256)))
        }
        Err(error) => finding(Verdict::Missing, format!("an input: {error}")),
    }
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

/// The options of the run, with its present moment, and with inputs where they are now.
fn plan(record: &Record, places: &Places) -> Result<Plan> {
    let moved = |paths: &[String]| paths.iter().map(|path| places.of(path)).collect();
    let options = record.options.clone();
    let one = |path: &Option<PathBuf>| path.as_ref().map(|path| places.of(&path.display().to_string()).into());
    let settings = Settings {
        input: moved(&options.input),
        total: one(&options.total),
        articles: one(&options.articles),
        domains: moved(&options.domains),
        events: moved(&options.events),
        context: moved(&options.context),
        now: Some(record.now.clone()),
        quiet: Some(true),
        verbose: Some(false),
        ..options
    };
    Plan::new(settings, 0)
}

/// A text of the new record with the places of inputs as the old one has them.
fn back(text: &str, record: &Record, places: &Places) -> String {
    let mut text = text.to_string();
    let total = record.options.total.iter().map(|path| path.display().to_string());
    let named = record.inputs.iter().chain(&record.lists).map(|file| file.path.clone());
    let mut paths: Vec<String> = named.chain(total).chain(record.options.input.iter().cloned()).collect();
    // A path may begin another one: the longest first.
    paths.sort_by_key(|path| std::cmp::Reverse(places.of(path).len()));
    for path in paths {
        let place = places.of(&path);
        if place != path && text.contains(&place) {
            text = text.replace(&place, &path);
            break;
        }
    }
    text
}

fn report(arguments: &Verify, findings: &[Finding], words: &str) -> Result<()> {
    if arguments.quiet {
        return Ok(());
    }
    let rows: Vec<[String; 3]> =
        findings.iter().map(|f| [f.name.clone(), f.verdict.name().into(), f.detail.clone()]).collect();
    to_stdout(|out| summary::columns(out, &["FILE", "VERDICT", "DETAIL"], &rows))?;
    eprintln!("{words}");
    Ok(())
}
