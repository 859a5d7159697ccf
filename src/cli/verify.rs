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
use std::path::Path;

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
    let amend = |again: &mut analyze::Record| tell_as_then(again, &record, &places);
    analyze::fill(&plan, &again, &amend).map_err(|error| error.context("the run cannot be repeated"))?;
    findings.extend(compare::folders(&arguments.folder, again.path(), &analyze::PARTS)?);
    findings.push(compare::records(told, compare::json(&again.path().join("run.json"))?));
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
    let moved = record.options.clone().moved(&|path| places.of(path));
    let settings = Settings { now: Some(record.now.clone()), quiet: Some(true), verbose: Some(false), ..moved };
    Plan::new(settings, 0)
}

/// Options as recorded, and the places of inputs as they were then: whoever moved them changed no result.
fn tell_as_then(again: &mut analyze::Record, then: &Record, places: &Places<'_>) {
    again.options = then.options.clone();
    let total = then.options.total.iter().map(|path| path.display().to_string());
    let named = then.inputs.iter().chain(&then.lists).map(|file| file.path.clone());
    let mut moved: Vec<(String, String)> =
        named.chain(total).chain(then.options.input.iter().cloned()).map(|path| (places.of(&path), path)).collect();
    moved.retain(|(now, then)| now != then);
    // A path may begin another one: the longest first.
    moved.sort_by_key(|(now, _)| std::cmp::Reverse(now.len()));
    let back = |text: &mut String| {
        if let Some((now, then)) = moved.iter().find(|(now, _)| text.contains(now.as_str())) {
            *text = text.replace(now.as_str(), then);
        }
    };
    again.inputs.iter_mut().map(|file| &mut file.path).for_each(back);
    again.lists.iter_mut().map(|file| &mut file.path).for_each(back);
    again.notes.iter_mut().chain(&mut again.failures).for_each(back);
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
