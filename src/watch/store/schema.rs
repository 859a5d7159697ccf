//! The tables and how they came to be what they are. A migration, once published, never changes.

use super::database::{Database, Value, transaction};
use crate::error::{Error, Result};

/// Each brings the store from one version to the next.
pub const MIGRATIONS: [&str; 2] = [
    "CREATE TABLE series (id BIGINT PRIMARY KEY, state TEXT NOT NULL, outlet TEXT NOT NULL, domain TEXT NOT NULL,
        country TEXT NOT NULL, role TEXT NOT NULL, kind TEXT NOT NULL);
    CREATE TABLE tail (period BIGINT PRIMARY KEY, body BYTEA NOT NULL);
    CREATE TABLE walks (chunk BIGINT PRIMARY KEY, body BYTEA NOT NULL);
    CREATE TABLE alerts (id TEXT PRIMARY KEY, status TEXT NOT NULL, severity TEXT NOT NULL, updated BIGINT NOT NULL,
        body TEXT NOT NULL);
    CREATE TABLE transitions (key TEXT PRIMARY KEY, number BIGINT NOT NULL, alert TEXT NOT NULL, change TEXT NOT NULL,
        at BIGINT NOT NULL, body TEXT NOT NULL);
    CREATE TABLE outbox (channel TEXT NOT NULL, key TEXT NOT NULL, number BIGINT NOT NULL, batch BIGINT NOT NULL,
        state TEXT NOT NULL, attempts BIGINT NOT NULL, since BIGINT NOT NULL, sent BIGINT, error TEXT,
        PRIMARY KEY (channel, key));
    CREATE TABLE inputs (path TEXT PRIMARY KEY, bytes BIGINT NOT NULL, modified BIGINT NOT NULL, sha256 TEXT NOT NULL,
        rows BIGINT NOT NULL, read BIGINT NOT NULL);
    CREATE TABLE runs (id BIGINT PRIMARY KEY, started BIGINT NOT NULL, now BIGINT NOT NULL, ended BIGINT, code BIGINT,
        body TEXT NOT NULL);",
    "CREATE INDEX outbox_by_state ON outbox (state, channel, batch);
    CREATE INDEX transitions_by_alert ON transitions (alert, number);
    CREATE INDEX transitions_by_number ON transitions (number);",
];

/// Brings the store to the present version, one transaction a step: a run that is killed goes on where it stopped.
///
/// # Errors
/// The store was made by a later version of the program.
pub fn migrate(database: &mut dyn Database) -> Result<()> {
    database.script("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BYTEA NOT NULL)")?;
    let found = version(database)?;
    if found > MIGRATIONS.len() as u64 {
        let message = format!(
            "the store has version {found}, this program knows {}; use the program that made it, or a later one",
            MIGRATIONS.len()
        );
        return Err(Error::usage(message).in_file(database.place()));
    }
    for (step, sql) in MIGRATIONS.iter().enumerate().skip(found as usize) {
        transaction(database, |database| {
            database.script(sql)?;
            let value = Value::Bytes((step as u64 + 1).to_string().into_bytes());
            let upsert = "INSERT INTO meta (name, value) VALUES ('version', $1)
                ON CONFLICT (name) DO UPDATE SET value = excluded.value";
            database.execute(upsert, &[value]).map(|_| ())
        })?;
    }
    Ok(())
}

/// Version of the tables; 0 before the first.
///
/// # Errors
/// The database's own word, or a version that is no number.
pub fn version(database: &mut dyn Database) -> Result<u64> {
    let rows = database.query("SELECT value FROM meta WHERE name = 'version'", &[])?;
    let Some(value) = rows.first().and_then(|row| row.first()) else { return Ok(0) };
    let text = String::from_utf8_lossy(value.bytes()?).into_owned();
    text.parse().map_err(|_| Error::input(format!("the store has no version but '{text}'")).in_file(database.place()))
}
