//! What was asked, what came, and what is new: `_fetch.json`.

use super::{Radar, Request, Source, TorUsers, days};
use crate::error::{Error, Result};
use serde_json::{Value, json};
use std::io::Write;

/// What a fetch did.
#[derive(Debug)]
pub struct Report {
    /// Tables, in the order of their names.
    pub written: Vec<Written>,
    /// Every call.
    pub calls: Vec<Called>,
    /// One error for each call that gave nothing.
    pub failures: Vec<Error>,
    /// Sentences for the reader.
    pub notes: Vec<String>,
}

impl Report {
    /// Whether any table has rows that it had not before.
    pub fn is_news(&self) -> bool {
        self.written.iter().any(|file| file.new + file.changed > 0)
    }
}

/// A table that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Name in the folder.
    pub name: String,
    /// Rows in it.
    pub rows: usize,
    /// Rows that were not there before.
    pub new: usize,
    /// Rows whose value is another one than before.
    pub changed: usize,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// Address, without secrets.
    pub url: String,
    /// Status of the answer; 0 if there was none that could be used.
    pub status: u16,
    /// Length of what was kept of it.
    pub bytes: u64,
    /// SHA-256 of that.
    pub sha256: String,
    /// Times it was asked for; 0 = it came from the cache.
    pub attempts: u32,
}

/// Writes the record.
pub(super) fn write(request: &Request, report: &Report) -> Result<()> {
    let files: Vec<Value> = report
        .written
        .iter()
        .map(|file| json!({"name": file.name, "rows": file.rows, "new": file.new, "changed": file.changed}))
        .collect();
    let calls: Vec<Value> = report.calls.iter().map(called).collect();
    let record = json!({
        "program": "floodmark",
        "version": env!("CARGO_PKG_VERSION"),
        "source": request.source.name(),
        "asked": asked(&request.source),
        "from": days::dashed(request.from),
        "to": days::dashed(request.to),
        "now": days::stamp(request.now),
        "mirror": request.manners.base_url,
        "files": files,
        "calls": calls,
        "failures": report.failures.iter().map(Error::to_string).collect::<Vec<_>>(),
        "notes": report.notes,
    });
    let path = request.out.join("_fetch.json");
    let fault = |error| Error::io("cannot write", error).in_file(path.display().to_string());
    let mut file = tempfile::NamedTempFile::new_in(&request.out).map_err(fault)?;
    writeln!(file, "{record:#}").map_err(fault)?;
    file.persist(&path).map_err(|error| fault(error.error))?;
    Ok(())
}

fn called(call: &Called) -> Value {
    json!({
        "url": call.url,
        "status": call.status,
        "bytes": call.bytes,
        "sha256": call.sha256,
        "attempts": call.attempts,
        "from_cache": call.attempts == 0 && call.status != 0,
    })
}

fn asked(source: &Source) -> Value {
    match source {
        Source::Wikimedia { articles, projects } => {
            let articles: Vec<Value> = articles
                .iter()
                .map(|a| json!({"article": format!("{}:{}", a.project, a.title), "domain": a.name}))
                .collect();
            json!({"articles": articles, "projects": projects})
        }
        Source::Radar { set: Radar::Ranking { domains, countries }, .. } => {
            json!({"set": "ranking", "domains": domains, "countries": countries})
        }
        Source::Radar { set: Radar::Traffic { countries }, .. } => json!({"set": "traffic", "countries": countries}),
        Source::Radar { set: Radar::Outages { countries }, .. } => json!({"set": "outages", "countries": countries}),
        Source::Gdelt(queries) => {
            json!({"queries": queries.iter().map(|q| json!({"domain": q.name, "query": q.text})).collect::<Vec<_>>()})
        }
        Source::Tranco(domains) => json!({"domains": domains}),
        Source::Tor { users, countries } => {
            let users = if *users == TorUsers::Relay { "relay" } else { "bridge" };
            json!({"users": users, "countries": countries})
        }
        Source::Ooni { domains, countries } => json!({"domains": domains, "countries": countries}),
        Source::Ioda(countries) => json!({"countries": countries}),
    }
}
