//! What is told: an alert has a life, and each step of it is a transition, delivered once.

use crate::alert::{Alert, Attribution, ChangePointTime, Detectors, Estimate, Flag, Severity, Status};
use crate::error::{Error, Result};
use crate::report::cell::read_moment;
use crate::report::tables;
use crate::series::{Key, Level};
use crate::time::{Seconds, Step};
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

    /// The alert again, with the figures as they were written and the nearest event alone; `step` is that of the store.
    ///
    /// # Errors
    /// A moment that is none.
    pub fn alert(&self, step: Step) -> Result<Alert> {
        let time = |text: &str| {
            read_moment(text).ok_or_else(|| {
                Error::input(format!("the store has an alert with the moment '{text}', which is none: it is damaged"))
            })
        };
        let maybe = |text: &Option<String>| text.as_deref().map(time).transpose();
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let number = |value: Option<f64>| value.unwrap_or(f64::NAN);
        let estimate = |[point, low, high]: [Option<f64>; 3]| {
            let [point, low, high] = [point, low, high].map(|percent| number(percent) / 100.0);
            Estimate { point, low, high }
        };
        let breaks = (maybe(&self.change_point)?, maybe(&self.change_point_low)?, maybe(&self.change_point_high)?);
        let event = maybe(&self.event_date)?.map(|date| Attribution {
            event: text(&self.event),
            date,
            lag_days: self.event_lag.unwrap_or(0),
            coincidence: f64::NAN,
        });
        Ok(Alert {
            id: self.alert_id.clone(),
            level: Level::from_name(&self.level).unwrap_or(Level::Outlet),
            key: Key {
                state: text(&self.state),
                outlet: text(&self.outlet),
                domain: text(&self.domain),
                country: text(&self.country),
            },
            step,
            onset: time(&self.onset)?,
            peak: time(&self.peak)?,
            end: time(&self.end)?,
            status: if self.status == "open" { Status::Open } else { Status::Closed },
            periods: self.periods as usize,
            observed: number(self.observed),
            expected: number(self.expected),
            lift: estimate([self.lift_pct, self.lift_low_pct, self.lift_high_pct]),
            excess: number(self.excess),
            peak_value: number(self.peak_value),
            peak_z: number(self.peak_z),
            p_value: number(self.p_value),
            q_value: number(self.q_value),
            change_point: match breaks {
                (Some(at), Some(low), Some(high)) => Some(ChangePointTime { at, low, high }),
                _ => None,
            },
            detectors: Detectors::from_cell(self.detectors.as_deref().unwrap_or_default()),
            reference_lift: number(self.reference_lift_pct) / 100.0,
            net_lift: estimate([self.net_lift_pct, self.net_low_pct, self.net_high_pct]),
            controls: Vec::new(),
            events: event.into_iter().collect(),
            severity: Severity::from_name(&self.severity).unwrap_or(Severity::Low),
            flags: Flag::all_in(self.flags.as_deref().unwrap_or_default()).collect(),
        })
    }

    /// Whether the alert has this flag.
    pub fn has(&self, flag: Flag) -> bool {
        self.flags.as_deref().is_some_and(|flags| flag.is_in(flags))
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
