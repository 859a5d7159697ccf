//! How the job itself is doing, for those who watch the watcher: a record of the last run (JSON), a file for
//! Prometheus by way of the `node_exporter` textfile collector, and log lines.
//!
//! A job that died writes nothing. That is why both files carry the moment of the last run and of the last good one:
//! an alert on their age finds what no message can tell.

mod log;
mod prometheus;

pub use log::{LogFormat, LogLevel, log_line};

use crate::error::{Error, Result};
use crate::report::cell::moment;
use crate::time::{Seconds, Step};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Keys of the `[health]` table; relative paths start at the folder of the configuration.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Where the record of the last run goes, as JSON.
    pub last_run: Option<PathBuf>,
    /// Where the figures for Prometheus go: a file whose name ends in `.prom`, in the folder that `node_exporter`
    /// reads (`--collector.textfile.directory`).
    pub prometheus: Option<PathBuf>,
}

impl Settings {
    /// Whether both files can be written where they are wanted.
    ///
    /// # Errors
    /// A folder that is not there or cannot be written, a name that the collector would pass over.
    pub fn check(&self, folder: &Path) -> Result<()> {
        if let Some(path) = self.prometheus.as_ref().filter(|path| path.extension().is_none_or(|end| end != "prom")) {
            return Err(Error::usage("the collector reads files whose names end in .prom alone")
                .in_file(path.display().to_string()));
        }
        for path in [&self.last_run, &self.prometheus].into_iter().flatten() {
            let path = folder.join(path);
            tempfile::tempfile_in(parent(&path)).map_err(|error| failed(&path, error))?;
        }
        Ok(())
    }
}

/// Writes what the settings ask for.
///
/// # Errors
/// The folder of a file is not there or cannot be written. The other file is written all the same.
pub fn write(report: &Report, settings: &Settings, folder: &Path) -> Result<()> {
    let record = settings.last_run.as_ref().map(|path| put(&folder.join(path), &report.json()?));
    let figures = settings.prometheus.as_ref().map(|path| put(&folder.join(path), &report.prometheus()));
    record.unwrap_or(Ok(())).and(figures.unwrap_or(Ok(())))
}

/// One run in figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Name of the job: tells several apart that report to one place.
    pub job: String,
    /// Version of the program.
    pub version: String,
    /// Identity of the run.
    pub run: String,
    /// When it began, by the clock.
    #[serde(serialize_with = "time")]
    pub started: Seconds,
    /// Seconds that it took.
    pub duration_seconds: f64,
    /// The code it exits with.
    pub exit_code: u8,
    /// What went wrong, if anything did.
    pub error: Option<String>,
    /// When the last run that went well began, this one included.
    #[serde(serialize_with = "maybe_time")]
    pub last_success: Option<Seconds>,
    /// Runs since the store was made.
    pub runs_total: u64,
    /// Those of them that failed.
    pub failed_runs_total: u64,
    /// Series scored.
    pub series: u64,
    /// Size of the store on disk, where it is a file.
    pub store_bytes: Option<u64>,
    /// The newest period in the data.
    #[serde(serialize_with = "maybe_time")]
    pub newest_data: Option<Seconds>,
    /// Seconds from the end of the newest period to this run.
    pub data_delay_seconds: Option<f64>,
    /// No new data for longer than expected.
    pub silent: bool,
    /// What this run had to tell: number by change, then by severity (`none` for words about the job).
    pub transitions: BTreeMap<String, BTreeMap<String, u64>>,
    /// Alerts that are open now, by severity.
    pub open_alerts: BTreeMap<String, u64>,
    /// How the deliveries went, by channel.
    pub channels: BTreeMap<String, Deliveries>,
}

/// How the deliveries of one channel went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Deliveries {
    /// Messages delivered in this run.
    pub delivered: u64,
    /// Messages that this run could not deliver.
    pub failed: u64,
    /// Messages that wait for the next run.
    pub waiting: u64,
    /// Why the last one failed.
    pub error: Option<String>,
}

fn text(time: Seconds) -> String {
    moment(time, Step::HOUR)
}

fn time<S: Serializer>(time: &Seconds, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(&text(*time))
}

fn maybe_time<S: Serializer>(time: &Option<Seconds>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    time.map(text).serialize(serializer)
}

impl Report {
    /// The record of the last run, as indented JSON.
    ///
    /// # Errors
    /// Never, unless a figure is no number.
    pub fn json(&self) -> Result<String> {
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|error| Error::input("cannot write the record of the run").because(error))?;
        text.push('\n');
        Ok(text)
    }
}

pub(crate) fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn failed(path: &Path, error: std::io::Error) -> Error {
    Error::io("cannot write", error).in_file(path.display().to_string())
}

/// Writes a file whole or not at all, readable for others as any new file: collectors run as users of their own.
pub(crate) fn put(path: &Path, text: &str) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".floodmark-");
        readable(&mut builder);
        let mut file = builder.tempfile_in(parent(path))?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_data()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error| failed(path, error))
}

#[cfg(unix)]
fn readable(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(std::fs::Permissions::from_mode(0o644));
}

#[cfg(not(unix))]
fn readable(_builder: &mut tempfile::Builder<'_, '_>) {}

#[cfg(test)]
mod testing {
    //! A report for the tests.
    use super::*;

    pub(super) fn report() -> Report {
        let deliveries = Deliveries { delivered: 2, failed: 1, waiting: 1, error: Some("refused".into()) };
        Report {
            job: "daily \"news\"\\\n".into(),
            version: "0.1.0".into(),
            run: "7".into(),
            started: 1_697_155_200,
            duration_seconds: 1.25,
            last_success: Some(1_697_068_800),
            runs_total: 12,
            failed_runs_total: 1,
            series: 310,
            newest_data: Some(1_697_068_800),
            data_delay_seconds: Some(3600.0),
            transitions: BTreeMap::from([("opened".into(), BTreeMap::from([("high".into(), 2)]))]),
            open_alerts: BTreeMap::from([("high".into(), 2)]),
            channels: BTreeMap::from([("team".into(), deliveries), ("mail".into(), Deliveries::default())]),
            ..Report::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::report;
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_record_of_the_last_run_is_json_with_moments_as_text() {
        let value: Value = serde_json::from_str(&report().json().expect("text")).expect("JSON");
        assert_eq!(value["started"], "2023-10-13T00:00:00Z");
        assert_eq!(value["channels"]["team"]["failed"], 1);
        assert_eq!(value["transitions"]["opened"]["high"], 2);
        assert!(value["error"].is_null());
    }

    #[test]
    fn a_file_is_replaced_whole_and_others_can_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("floodmark.prom");
        let settings = Settings { last_run: Some("last-run.json".into()), prometheus: Some("floodmark.prom".into()) };
        settings.check(folder.path()).expect("writable");
        for report in [report(), Report::default()] {
            write(&report, &settings, folder.path()).expect("written");
            assert_eq!(std::fs::read_to_string(&path).expect("a file"), report.prometheus());
            let record = std::fs::read_to_string(folder.path().join("last-run.json")).expect("a file");
            assert_eq!(record, report.json().expect("text"));
        }
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 2, "nothing else is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
            assert_ne!(mode & 0o040, 0, "{mode:o}");
        }
        for (bad, word) in [("none/x.prom", "x.prom"), ("x.txt", ".prom alone")] {
            let bad = Settings { prometheus: Some(bad.into()), ..Settings::default() };
            let error = bad.check(folder.path()).expect_err("cannot work").to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
