//! What is to be told: written together with the decision, taken off when the receiver has it.

use super::database::{Database, Value, transaction};
use super::{Change, Store, json, parsed};
use crate::error::Result;
use crate::time::Seconds;
use crate::watch::transition::Transition;

/// A message that is due: the same transitions at every attempt, so that its idempotency key stays the same.
#[derive(Clone, Debug)]
pub struct Due {
    /// Number of the batch.
    pub batch: i64,
    /// What it says, oldest first.
    pub transitions: Vec<Transition>,
}

/// What waits for one channel.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Waiting {
    /// Channel.
    pub channel: String,
    /// Transitions.
    pub transitions: i64,
    /// Since when the oldest waits.
    pub since: Seconds,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// Batch of what waits for the end of its day.
const HELD: i64 = -1;

/// Writes what there is to tell, for each channel that is to tell it.
pub(super) fn write(database: &mut dyn Database, change: &Change, run: i64, now: Seconds) -> Result<()> {
    let rows = database.query("SELECT COALESCE(MAX(number), 0) FROM transitions", &[])?;
    let mut number = rows[0][0].integer()?;
    for (transition, channels) in &change.transitions {
        number += 1;
        let sql = "INSERT INTO transitions (key, number, alert, change, at, body) VALUES ($1, $2, $3, $4, $5, $6)";
        let alert = transition.alert.alert_id.as_str();
        let words = [transition.key.as_str().into(), number.into(), alert.into(), transition.change.name().into()];
        database.execute(sql, &[&words[..], &[transition.at.into(), json(transition)?.into()]].concat())?;
        for channel in channels {
            let sql = "INSERT INTO outbox (channel, key, number, batch, state, attempts, since, sent, error)
                VALUES ($1, $2, $3, $4, 'waiting', 0, $5, NULL, NULL)";
            // A channel that wants digests gets its batch when the day is over.
            let (channel, batch) = channel.strip_prefix('~').map_or((channel.as_str(), run), |name| (name, HELD));
            let key = transition.key.as_str();
            database.execute(sql, &[channel.into(), key.into(), number.into(), batch.into(), now.into()])?;
        }
    }
    Ok(())
}

impl Store {
    /// Lets go what was held back for a digest: everything told before `before`, as one batch.
    ///
    /// # Errors
    /// The database's own word.
    pub fn release(&mut self, channel: &str, before: Seconds, run: i64) -> Result<u64> {
        let sql = "UPDATE outbox SET batch = $1 WHERE channel = $2 AND batch = $3 AND since < $4";
        self.0.execute(sql, &[run.into(), channel.into(), HELD.into(), before.into()])
    }

    /// The messages due on a channel, oldest first.
    ///
    /// # Errors
    /// The database's own word.
    pub fn due(&mut self, channel: &str) -> Result<Vec<Due>> {
        let sql = "SELECT outbox.batch, transitions.body FROM outbox JOIN transitions ON transitions.key = outbox.key
            WHERE outbox.state = 'waiting' AND outbox.channel = $1 AND outbox.batch <> $2
            ORDER BY outbox.batch, outbox.number";
        let mut due: Vec<Due> = Vec::new();
        for row in self.0.query(sql, &[channel.into(), HELD.into()])? {
            let (batch, transition) = (row[0].integer()?, parsed(&row[1], "transition")?);
            match due.last_mut() {
                Some(last) if last.batch == batch => last.transitions.push(transition),
                _ => due.push(Due { batch, transitions: vec![transition] }),
            }
        }
        Ok(due)
    }

    /// A message has been delivered.
    ///
    /// # Errors
    /// The database's own word.
    pub fn sent(&mut self, channel: &str, batch: i64, attempts: u32, now: Seconds) -> Result<()> {
        let sql = "UPDATE outbox SET state = 'sent', sent = $1, attempts = attempts + $2, error = NULL
            WHERE channel = $3 AND batch = $4 AND state = 'waiting'";
        let values = [now.into(), i64::from(attempts).into(), channel.into(), batch.into()];
        self.0.execute(sql, &values).map(|_| ())
    }

    /// A message could not be delivered: it stays.
    ///
    /// # Errors
    /// The database's own word.
    pub fn not_sent(&mut self, channel: &str, batch: i64, attempts: u32, error: &str) -> Result<()> {
        let sql = "UPDATE outbox SET attempts = attempts + $1, error = $2
            WHERE channel = $3 AND batch = $4 AND state = 'waiting'";
        self.0.execute(sql, &[i64::from(attempts).into(), error.into(), channel.into(), batch.into()]).map(|_| ())
    }

    /// Whether a channel was ever told of an alert.
    ///
    /// # Errors
    /// The database's own word.
    pub fn was_told(&mut self, channel: &str, alert: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM outbox JOIN transitions ON transitions.key = outbox.key
            WHERE outbox.channel = $1 AND transitions.alert = $2 LIMIT 1";
        Ok(!self.0.query(sql, &[channel.into(), alert.into()])?.is_empty())
    }

    /// What waits, by channel.
    ///
    /// # Errors
    /// The database's own word.
    pub fn waiting(&mut self) -> Result<Vec<Waiting>> {
        let sql = "SELECT channel, COUNT(*), MIN(since), MAX(error) FROM outbox WHERE state = 'waiting'
            GROUP BY channel ORDER BY channel";
        let rows = self.0.query(sql, &[])?;
        rows.iter()
            .map(|row| {
                let error = if row[3] == Value::Null { None } else { Some(row[3].text()?.to_string()) };
                let (transitions, since) = (row[1].integer()?, row[2].integer()?);
                Ok(Waiting { channel: row[0].text()?.to_string(), transitions, since, error })
            })
            .collect()
    }

    /// Everything told, oldest first, the last `most` of it.
    ///
    /// # Errors
    /// The database's own word.
    pub fn history(&mut self, most: i64) -> Result<Vec<Transition>> {
        let sql = "SELECT body FROM (SELECT number, body FROM transitions ORDER BY number DESC LIMIT $1) AS last
            ORDER BY number";
        self.0.query(sql, &[most.into()])?.iter().map(|row| parsed(&row[0], "transition")).collect()
    }

    /// The alerts that are kept, as they stand, by id.
    ///
    /// # Errors
    /// The database's own word.
    pub fn alerts(&mut self) -> Result<Vec<crate::watch::transition::Record>> {
        let rows = self.0.query("SELECT body FROM alerts WHERE status <> 'retracted' ORDER BY id", &[])?;
        rows.iter().map(|row| parsed(&row[0], "alert")).collect()
    }

    /// Begins a run: its number. A run that never ended stays without an end.
    ///
    /// # Errors
    /// The database's own word.
    pub fn begin(&mut self, started: Seconds, now: Seconds) -> Result<i64> {
        transaction(self.0.as_mut(), |database| {
            let rows = database.query("SELECT COALESCE(MAX(id), 0) FROM runs", &[])?;
            let id = rows[0][0].integer()? + 1;
            let sql = "INSERT INTO runs (id, started, now, ended, code, body) VALUES ($1, $2, $3, NULL, NULL, '')";
            database.execute(sql, &[id.into(), started.into(), now.into()])?;
            Ok(id)
        })
    }

    /// Ends a run.
    ///
    /// # Errors
    /// The database's own word.
    pub fn end(&mut self, run: i64, ended: Seconds, code: u8, body: &str) -> Result<()> {
        let sql = "UPDATE runs SET ended = $1, code = $2, body = $3 WHERE id = $4";
        self.0.execute(sql, &[ended.into(), i64::from(code).into(), body.into(), run.into()]).map(|_| ())
    }
}
