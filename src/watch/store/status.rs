//! What the store knows of the job, at a glance.

use super::{Store, Waiting, database::Value, schema};
use crate::error::{Error, Result};
use crate::pipeline::online::Ledger;
use crate::time::Seconds;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the store knows of the job.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// Where the store is.
    pub place: String,
    /// Version of its tables.
    pub version: u64,
    /// Size on disk.
    pub bytes: u64,
    /// Runs so far.
    pub runs: i64,
    /// Runs that ended with code 2.
    pub failed: i64,
    /// Runs that were killed, or are going on.
    pub unfinished: i64,
    /// Present moment of the last run.
    pub last_run: Option<Seconds>,
    /// How it ended.
    pub last_code: Option<i64>,
    /// When the last good run began.
    pub last_success: Option<Seconds>,
    /// Series known.
    pub series: i64,
    /// First period kept.
    pub first_period: Option<Seconds>,
    /// Last period with data.
    pub last_period: Option<Seconds>,
    /// Tests made.
    pub tests: Tests,
    /// Alerts that are open.
    pub open: u64,
    /// What waits to be told.
    pub waiting: Vec<Waiting>,
}

/// Tests of the false-discovery control.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tests {
    /// Of surges.
    pub surges: u64,
    /// Of drops.
    pub drops: u64,
    /// Surges that were discoveries.
    pub surges_found: usize,
    /// Drops that were discoveries.
    pub drops_found: usize,
}

impl Store {
    /// What the store knows of the job.
    ///
    /// # Errors
    /// The database's own word.
    pub fn status(&mut self) -> Result<Status> {
        let ledger = self.meta("ledger")?.and_then(|bytes| Ledger::from_bytes(&bytes)).unwrap_or_default();
        let ((surges, drops), (surges_found, drops_found)) = (ledger.tests(), ledger.discoveries());
        let last = self.0.query("SELECT now, code FROM runs ORDER BY id DESC LIMIT 1", &[])?;
        let number = |value: &Value| value.integer().ok();
        let (last_run, last_code) = last.first().map_or((None, None), |row| (number(&row[0]), number(&row[1])));
        let good = self.0.query("SELECT MAX(started) FROM runs WHERE code < 2", &[])?;
        let span = self.span()?;
        let database = self.0.as_mut();
        Ok(Status {
            place: database.place(),
            version: schema::version(database)?,
            bytes: database.size()?,
            runs: self.count("SELECT COUNT(*) FROM runs")?,
            failed: self.count("SELECT COUNT(*) FROM runs WHERE code >= 2")?,
            unfinished: self.count("SELECT COUNT(*) FROM runs WHERE ended IS NULL")?,
            last_run,
            last_code,
            last_success: good.first().and_then(|row| number(&row[0])),
            series: self.count("SELECT COUNT(*) FROM series")?,
            first_period: span.map(|span| span.0),
            last_period: span.map(|span| span.1),
            tests: Tests { surges, drops, surges_found, drops_found },
            open: self.open_alerts()?.values().sum(),
            waiting: self.waiting()?,
        })
    }

    /// Open alerts by severity.
    ///
    /// # Errors
    /// The database's own word.
    pub fn open_alerts(&mut self) -> Result<BTreeMap<String, u64>> {
        let sql = "SELECT severity, COUNT(*) FROM alerts WHERE status = 'open' GROUP BY severity";
        let rows = self.0.query(sql, &[])?;
        rows.iter().map(|row| Ok((row[0].text()?.to_string(), row[1].integer()? as u64))).collect()
    }

    fn count(&mut self, sql: &str) -> Result<i64> {
        self.0.query(sql, &[])?.first().map_or(Ok(0), |row| row[0].integer())
    }
}

/// Renames a damaged store, with what belongs to it, so that a new one can take its place: its new name.
///
/// # Errors
/// The system's own word.
pub fn put_aside(path: &Path) -> Result<PathBuf> {
    let free = |n: &u32| !path.with_added_extension(format!("damaged-{n}")).exists();
    let n = (1..u32::MAX).find(free).unwrap_or(u32::MAX);
    let aside = path.with_added_extension(format!("damaged-{n}"));
    let fail = |error| Error::io("cannot keep the damaged store aside", error).in_file(path.display().to_string());
    std::fs::rename(path, &aside).map_err(fail)?;
    for beside in ["-wal", "-shm"] {
        let name = |path: &Path| PathBuf::from(format!("{}{beside}", path.display()));
        if name(path).exists() {
            std::fs::rename(name(path), name(&aside)).map_err(fail)?;
        }
    }
    Ok(aside)
}
