//! What is told: an alert has a life, and each step of it is a transition, delivered once.

use crate::alert::Alert;
use crate::error::{Error, Result};
use crate::report::tables;
use crate::time::Seconds;
use serde::{Deserialize, Serialize};

/// A step in the life of an alert, or a word about the job itself.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// A new alert.
    Opened,
    /// Its peak, its lift or its end is no longer what was told.
    Updated,
    /// It is over.
    Closed,
    /// The source revised its data, and the alert is none any more.
    Retracted,
    /// No new data for longer than expected. Not an alert: [`Transition::alert`] is empty, [`Transition::note`] tells.
    Silent,
    /// Data came again after a silence. Not an alert either.
    Resumed,
}

impl Change {
    /// The name used in files and messages.
    pub fn name(self) -> &'static str {
        match self {
            Change::Opened => "opened",
            Change::Updated => "updated",
            Change::Closed => "closed",
            Change::Retracted => "retracted",
            Change::Silent => "silent",
            Change::Resumed => "resumed",
        }
    }

    /// Whether it is about an alert, not about the job.
    pub fn is_alert(self) -> bool {
        !matches!(self, Change::Silent | Change::Resumed)
    }
}

/// One thing to tell.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Transition {
    /// Idempotency key, the same at every attempt: the alert's id and the number of the step in its life.
    pub key: String,
    /// What happened.
    pub change: Change,
    /// The run's present moment.
    pub at: Seconds,
    /// The alert as it stands.
    pub alert: Record,
    /// The alert as it was last told.
    pub before: Option<Record>,
    /// What else the reader must know, in words.
    pub note: Option<String>,
}

/// An alert in the figures of `alerts.csv`: one field a column, rounded as there; `None` is an empty cell. Moments
/// are texts as in the file (`2023-10-07`), lists are joined as there.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[allow(missing_docs)] // The columns are defined with the file: see `report::tables::ALERTS`.
pub struct Record {
    pub alert_id: String,
    pub level: String,
    pub state: Option<String>,
    pub outlet: Option<String>,
    pub domain: Option<String>,
    pub country: Option<String>,
    pub granularity: String,
    pub onset: String,
    pub peak: String,
    pub end: String,
    pub status: String,
    pub periods: u64,
    pub observed: Option<f64>,
    pub expected: Option<f64>,
    pub lift_pct: Option<f64>,
    pub lift_low_pct: Option<f64>,
    pub lift_high_pct: Option<f64>,
    pub excess: Option<f64>,
    pub peak_value: Option<f64>,
    pub peak_z: Option<f64>,
    pub p_value: Option<f64>,
    pub q_value: Option<f64>,
    pub change_point: Option<String>,
    pub change_point_low: Option<String>,
    pub change_point_high: Option<String>,
    pub detectors: Option<String>,
    pub reference_lift_pct: Option<f64>,
    pub net_lift_pct: Option<f64>,
    pub net_low_pct: Option<f64>,
    pub net_high_pct: Option<f64>,
    pub event: Option<String>,
    pub event_date: Option<String>,
    pub event_lag: Option<i64>,
    pub severity: String,
    pub flags: Option<String>,
}

impl Record {
    /// The figures of an alert, exactly as the files have them.
    ///
    /// # Errors
    /// Never, unless the columns of the file and the fields here have grown apart.
    pub fn of(alert: &Alert) -> Result<Record> {
        let mut line = Vec::new();
        tables::alerts_jsonl(&mut line, std::slice::from_ref(alert))
            .map_err(|error| Error::io("cannot write an alert into memory", error))?;
        serde_json::from_slice(&line)
            .map_err(|error| Error::input("an alert has other columns than expected").because(error))
    }

    /// Whose traffic: the finest name known, then the country.
    pub fn label(&self) -> String {
        let who = [&self.domain, &self.outlet, &self.state].into_iter().flatten().next();
        match (who, &self.country) {
            (Some(who), Some(country)) => format!("{who}, {country}"),
            (Some(name), None) | (None, Some(name)) => name.clone(),
            (None, None) => "all".into(),
        }
    }
}
