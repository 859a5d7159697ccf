//! Looking at the store: status, history, export, and the health of the job.

use super::{Job, Went, place};
use crate::cli::args::{ExportFormat, HistoryFormat, LogForm};
use crate::cli::{Outcome, to_stdout};
use crate::error::Result;
use crate::report::cell::moment;
use crate::report::tables::ALERTS;
use crate::time::{Seconds, Step};
use crate::watch::config::Config;
use crate::watch::engine::Engine;
use crate::watch::health::Report;
use crate::watch::notify::message;
use std::collections::BTreeMap;

/// A history for the eye shows so many of the last transitions.
const SHOWN: i64 = 50;

pub(super) fn status(config: &Config, form: LogForm) -> Result<Outcome> {
    let mut store = place::look(config)?;
    let status = store.status()?;
    if form == LogForm::Json {
        let text = serde_json::to_string(&status).unwrap_or_default();
        to_stdout(|out| std::io::Write::write_all(out, format!("{text}\n").as_bytes()))?;
        return Ok(Outcome::Done);
    }
    let time = |at: Option<Seconds>| at.map_or_else(|| "never".into(), |at| moment(at, Step::DAY));
    let mut text = format!(
        "store          {} (version {}, {} bytes)\nruns           {} ({} failed, {} without an end)\n\
         last run       {} (code {})\nseries         {}\ndata           {} to {}\n",
        status.place,
        status.version,
        status.bytes,
        status.runs,
        status.failed,
        status.unfinished,
        time(status.last_run),
        status.last_code.map_or_else(|| "-".into(), |code| code.to_string()),
        status.series,
        time(status.first_period),
        time(status.last_period),
    );
    let tests = &status.tests;
    text.push_str(&format!(
        "tests          {} surges, {} drops; {} and {} discoveries\nopen alerts    {}\n",
        tests.surges, tests.drops, tests.surges_found, tests.drops_found, status.open
    ));
    for waiting in &status.waiting {
        let why = waiting.error.as_deref().map_or_else(String::new, |error| format!(": {}", message::plain(error)));
        text.push_str(&format!(
            "waiting        {} for {} since {}{why}\n",
            waiting.transitions,
            waiting.channel,
            moment(waiting.since, Step::DAY)
        ));
    }
    to_stdout(|out| std::io::Write::write_all(out, text.as_bytes()))?;
    Ok(Outcome::Done)
}

pub(super) fn history(config: &Config, format: HistoryFormat) -> Result<Outcome> {
    let mut store = place::look(config)?;
    let most = if format == HistoryFormat::Table { SHOWN } else { i64::MAX };
    let told = store.history(most)?;
    let mut text = Vec::new();
    match format {
        HistoryFormat::Csv => {
            text.extend(format!("{},{ALERTS}\n", message::LEADING).into_bytes());
            told.iter().for_each(|one| text.extend(message::csv_row(one)));
        }
        HistoryFormat::Jsonl => {
            for one in &told {
                text.extend(serde_json::to_vec(one).unwrap_or_default());
                text.push(b'\n');
            }
        }
        HistoryFormat::Table => {
            for one in &told {
                let line = format!("{}  {}\n", moment(one.at, Step::DAY), message::headline(one));
                text.extend(line.into_bytes());
            }
        }
    }
    to_stdout(|out| std::io::Write::write_all(out, &text))?;
    Ok(Outcome::Done)
}

pub(super) fn export(config: &Config, format: ExportFormat) -> Result<Outcome> {
    let alerts = place::look(config)?.alerts()?;
    let mut text = Vec::new();
    if format == ExportFormat::Csv {
        text.extend(format!("{ALERTS}\n").into_bytes());
    }
    for alert in &alerts {
        match format {
            ExportFormat::Csv => text.extend(message::alert_row(alert)),
            ExportFormat::Jsonl => {
                text.extend(serde_json::to_vec(alert).unwrap_or_default());
                text.push(b'\n');
            }
        }
    }
    to_stdout(|out| std::io::Write::write_all(out, &text))?;
    Ok(Outcome::Done)
}

/// The health of the job after a run; what the store cannot say any more is left out.
pub(super) fn report(job: &Job<'_>, engine: &mut Engine<'_>, went: &Went, code: u8, error: Option<String>) -> Report {
    let summary = &went.summary;
    let status = engine.store().status().ok();
    let mut transitions: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for one in &summary.transitions {
        let severity = if one.alert.severity.is_empty() { "none" } else { &one.alert.severity };
        *transitions.entry(one.change.name().into()).or_default().entry(severity.into()).or_default() += 1;
    }
    let step = engine.step().map_or(0, Step::seconds);
    Report {
        job: job.config.watch.name.clone(),
        version: env!("CARGO_PKG_VERSION").into(),
        run: engine.run().to_string(),
        started: job.clock,
        duration_seconds: job.started.elapsed().as_secs_f64(),
        exit_code: code,
        error,
        last_success: status.as_ref().and_then(|status| status.last_success),
        runs_total: status.as_ref().map_or(0, |status| status.runs as u64),
        failed_runs_total: status.as_ref().map_or(0, |status| status.failed as u64),
        series: summary.series as u64,
        newest_data: summary.newest,
        data_delay_seconds: summary.newest.map(|newest| (job.plan.now - newest - step) as f64),
        silent: summary.silent.is_some(),
        store_bytes: status.as_ref().map(|status| status.bytes),
        transitions,
        open_alerts: engine.store().open_alerts().unwrap_or_default(),
        channels: went.channels.clone(),
    }
}
