//! `run.json`: what was run, on what, and what was counted on the way. The only file that may differ between two
//! runs on the same data, and only in `timings` and, without `--now`, in `now`.

use crate::alert::Analysis;
use crate::error::{Error, Result};
use crate::measure::confounder::Verdict;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// The record of one run.
#[derive(Debug, Serialize)]
pub struct Run<Options: Serialize> {
    /// Name of the program.
    pub program: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Revision of the source, if the build knew it (`FLOODMARK_REVISION`).
    pub revision: Option<&'static str>,
    /// Every option as resolved from the configuration file, the environment and the command line.
    pub options: Options,
    /// Seed of all that is resampled.
    pub seed: u64,
    /// The present moment: `--now`, or the clock.
    pub now: String,
    /// Files that were read.
    pub inputs: Vec<InputFile>,
    /// Lists that were read beside the traffic: registries, calendars.
    pub lists: Vec<ListFile>,
    /// Inputs that could not be read, as `path: reason`.
    pub failures: Vec<String>,
    /// Version of the registry of outlets.
    pub registry_version: String,
    /// Version of the calendar of events that ships with the program.
    pub calendar_version: String,
    /// Version of the Public Suffix List.
    pub public_suffix_list_version: String,
    /// The grid.
    pub grid: GridRecord,
    /// What was counted.
    pub counts: CountsRecord,
    /// Rows left out, by reason.
    pub skipped_rows: BTreeMap<String, u64>,
    /// Sentences for the reader.
    pub notes: Vec<String>,
    /// Seconds spent, by stage.
    pub timings: BTreeMap<String, f64>,
}

/// One file that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InputFile {
    /// As the user named it.
    pub path: String,
    /// Size on disk.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Rows in it.
    pub rows: u64,
}

/// A list that was named by an option.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListFile {
    /// The option, without dashes.
    pub option: &'static str,
    /// As the user named it.
    pub path: String,
    /// Size on disk.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// The grid in words.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct GridRecord {
    /// Length of a period.
    pub granularity: String,
    /// First period.
    pub first: String,
    /// Last period.
    pub last: String,
    /// Number of periods.
    pub periods: usize,
}

/// [`Counts`](crate::alert::Counts) by name, and how many rows the tables have.
#[derive(Debug, PartialEq, Eq)]
pub struct CountsRecord(Vec<(&'static str, usize)>);

impl CountsRecord {
    /// The counts of an analysis.
    pub fn of(analysis: &Analysis) -> Self {
        let judged = |verdict| analysis.confounders.iter().filter(|judgement| judgement.verdict == verdict).count();
        let more = [
            ("alerts", analysis.alerts.len()),
            ("drops", analysis.drops.len()),
            ("confounders_found", judged(Verdict::Found)),
            ("confounders_absent", judged(Verdict::Absent)),
            ("confounders_unchecked", judged(Verdict::Unchecked)),
        ];
        CountsRecord(analysis.counts.named().into_iter().chain(more).collect())
    }
}

impl Serialize for CountsRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

impl GridRecord {
    /// The grid of an analysis.
    pub fn of(grid: &crate::time::Grid) -> Self {
        let moment = |index| super::cell::moment(grid.time(index), grid.step);
        let (first, last) = if grid.len == 0 { Default::default() } else { (moment(0), moment(grid.len - 1)) };
        GridRecord { granularity: grid.step.name(), first, last, periods: grid.len }
    }
}

/// The record as indented JSON with a line end.
pub fn serialize<Options: Serialize>(run: &Run<Options>) -> Result<String> {
    let mut text = serde_json::to_string_pretty(run)
        .map_err(|error| Error::input("cannot write the record of the run").because(error))?;
    text.push('\n');
    Ok(text)
}
