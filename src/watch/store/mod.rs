//! What the job remembers between runs. One set of statements for SQLite and PostgreSQL.

pub mod database;
mod lock;
mod outbox;
mod postgres;
pub mod schema;
mod sqlite;
mod status;

pub use self::postgres::{Address, Postgres};
pub use outbox::{Due, Waiting};
pub use sqlite::Sqlite;
pub use status::{Status, Tests, put_aside};

use super::transition::{Record, Transition};
use crate::error::{Error, Result};
use crate::series::{Key, Kind, Level, Role};
use crate::stats::plain::Plain;
use crate::time::Seconds;
use database::{Database, Row, Value, transaction};
use std::collections::HashMap;

/// The store of one job.
pub struct Store(Box<dyn Database>);

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.0.place())
    }
}

/// A series by its number, its place in this list.
pub type Name = (Key, Role, Kind);

/// Values of all series in one period; a series that is not reached has a gap.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Period {
    /// By number of the series, `NaN` = gap.
    pub values: Vec<f64>,
    /// Series known only to lie below a bound.
    pub bounds: Vec<(u32, f64)>,
}

/// A file as it was when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// As named.
    pub path: String,
    /// Size.
    pub bytes: u64,
    /// Time of the last change, nanoseconds since 1970.
    pub modified: i64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Rows.
    pub rows: u64,
}

/// What one run changes, apart from deliveries: all of it or nothing.
#[derive(Debug, Default)]
pub struct Change {
    /// Series that are new, with their numbers.
    pub series: Vec<(u32, Name)>,
    /// Periods with values that are new, by start.
    pub periods: Vec<(Seconds, Period)>,
    /// Walks of all series, if they are to be replaced.
    pub walks: Option<Vec<(Level, Key, Vec<u8>)>>,
    /// Named values.
    pub meta: Vec<(&'static str, Vec<u8>)>,
    /// Alerts as they stand.
    pub alerts: Vec<Record>,
    /// What there is to tell, and the channels that are to tell it.
    pub transitions: Vec<(Transition, Vec<String>)>,
    /// Files that were read.
    pub inputs: Vec<Fingerprint>,
}

/// Series that share one row of walks.
const CHUNK: usize = 512;
/// zstd's fastest: the walks are numbers without pattern.
const LEVEL: i32 = 1;

fn packed(value: &impl Plain) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    value.put(&mut bytes);
    zstd::bulk::compress(&bytes, LEVEL).map_err(|error| Error::io("cannot compress", error))
}

fn unpacked<T: Plain>(bytes: &[u8], what: &str) -> Result<T> {
    let broken = || Error::input(format!("the store's {what} cannot be read: damaged, or of another version"));
    let bytes = zstd::stream::decode_all(bytes).map_err(|error| broken().because(error))?;
    T::read(&mut bytes.as_slice()).ok_or_else(broken)
}

impl Store {
    /// A store in a database that is open; its tables are brought to the present version.
    ///
    /// # Errors
    /// See [`schema::migrate`].
    pub fn new(mut database: Box<dyn Database>) -> Result<Store> {
        schema::migrate(database.as_mut())?;
        Ok(Store(database))
    }

    /// A store to look at, in whatever version it is.
    pub fn look(database: Box<dyn Database>) -> Store {
        Store(database)
    }

    /// The database itself.
    pub fn database(&mut self) -> &mut dyn Database {
        self.0.as_mut()
    }

    /// A named value.
    ///
    /// # Errors
    /// The database's own word.
    pub fn meta(&mut self, name: &str) -> Result<Option<Vec<u8>>> {
        let rows = self.0.query("SELECT value FROM meta WHERE name = $1", &[name.into()])?;
        rows.first().map(|row| row[0].bytes().map(<[u8]>::to_vec)).transpose()
    }

    /// A named whole number.
    ///
    /// # Errors
    /// The database's own word, or a value that is no number.
    pub fn number(&mut self, name: &str) -> Result<Option<i64>> {
        let Some(bytes) = self.meta(name)? else { return Ok(None) };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        text.parse().map(Some).map_err(|_| Error::input(format!("the store's '{name}' is no number: '{text}'")))
    }

    /// Sets a named value.
    ///
    /// # Errors
    /// The database's own word.
    pub fn set_meta(&mut self, name: &str, value: Vec<u8>) -> Result<()> {
        set_meta(self.0.as_mut(), name, value)
    }

    /// All series by number.
    ///
    /// # Errors
    /// The database's own word, or a series that makes no sense.
    pub fn series(&mut self) -> Result<Vec<Name>> {
        let sql = "SELECT id, state, outlet, domain, country, role, kind FROM series ORDER BY id";
        let mut names = Vec::new();
        for row in self.0.query(sql, &[])? {
            let text = |i: usize| row[i].text().map(str::to_string);
            if row[0].integer()? != names.len() as i64 {
                return Err(Error::input("the store's list of series has a hole: it is damaged"));
            }
            let key = Key { state: text(1)?, outlet: text(2)?, domain: text(3)?, country: text(4)? };
            let role = if row[5].text()? == "reference" { Role::Reference } else { Role::State };
            let kind = Kind::from_name(row[6].text()?)
                .ok_or_else(|| Error::input("the store has a series of a kind that this version does not know"))?;
            names.push((key, role, kind));
        }
        Ok(names)
    }

    /// The periods from `from` on.
    ///
    /// # Errors
    /// The database's own word, or values that cannot be read.
    pub fn tail(&mut self, from: Seconds) -> Result<Vec<(Seconds, Period)>> {
        let rows = self.0.query("SELECT period, body FROM tail WHERE period >= $1 ORDER BY period", &[from.into()])?;
        rows.iter()
            .map(|row| {
                let (values, bounds) = unpacked(row[1].bytes()?, "values")?;
                Ok((row[0].integer()?, Period { values, bounds }))
            })
            .collect()
    }

    /// First and last period kept.
    ///
    /// # Errors
    /// The database's own word.
    pub fn span(&mut self) -> Result<Option<(Seconds, Seconds)>> {
        let rows = self.0.query("SELECT MIN(period), MAX(period) FROM tail", &[])?;
        match rows.first().map(Vec::as_slice) {
            Some([Value::Integer(first), Value::Integer(last)]) => Ok(Some((*first, *last))),
            _ => Ok(None),
        }
    }

    /// The walks of all series.
    ///
    /// # Errors
    /// The database's own word, or walks that cannot be read.
    pub fn walks(&mut self) -> Result<HashMap<(Level, Key), Vec<u8>>> {
        let mut walks = HashMap::new();
        for row in self.0.query("SELECT body FROM walks ORDER BY chunk", &[])? {
            for (name, body) in unpacked::<Vec<(String, Vec<u8>)>>(row[0].bytes()?, "walks")? {
                walks.insert(named(&name)?, body);
            }
        }
        Ok(walks)
    }

    /// The files read so far, by path.
    ///
    /// # Errors
    /// The database's own word.
    pub fn inputs(&mut self) -> Result<HashMap<String, Fingerprint>> {
        let rows = self.0.query("SELECT path, bytes, modified, sha256, rows FROM inputs", &[])?;
        rows.iter()
            .map(|row| {
                let path = row[0].text()?.to_string();
                let (bytes, modified) = (row[1].integer()? as u64, row[2].integer()?);
                let (sha256, rows) = (row[3].text()?.to_string(), row[4].integer()? as u64);
                Ok((path.clone(), Fingerprint { path, bytes, modified, sha256, rows }))
            })
            .collect()
    }

    /// An alert as it was last written.
    ///
    /// # Errors
    /// The database's own word, or an alert that cannot be read.
    pub fn alert(&mut self, id: &str) -> Result<Option<Record>> {
        let rows = self.0.query("SELECT body FROM alerts WHERE id = $1", &[id.into()])?;
        rows.first().map(|row| parsed(&row[0], "alert")).transpose()
    }

    /// The last thing told of an alert.
    ///
    /// # Errors
    /// The database's own word, or a transition that cannot be read.
    pub fn last_told(&mut self, id: &str) -> Result<Option<Transition>> {
        let sql = "SELECT body FROM transitions WHERE alert = $1 ORDER BY number DESC LIMIT 1";
        self.0.query(sql, &[id.into()])?.first().map(|row| parsed(&row[0], "transition")).transpose()
    }

    /// Writes what a run changes, in one transaction.
    ///
    /// # Errors
    /// The database's own word; nothing was changed then.
    pub fn commit(&mut self, change: &Change, run: i64, now: Seconds) -> Result<()> {
        transaction(self.0.as_mut(), |database| {
            write_data(database, change, now)?;
            outbox::write(database, change, run, now)
        })
    }

    /// Forgets what is older than `before`: values, closed alerts and what was told of them, runs. Nothing that is
    /// still to be delivered. Returns the number of rows.
    ///
    /// # Errors
    /// The database's own word.
    pub fn forget(&mut self, before: Seconds) -> Result<u64> {
        let statements = [
            "DELETE FROM tail WHERE period < $1",
            "DELETE FROM outbox WHERE state = 'sent' AND since < $1",
            "DELETE FROM transitions WHERE at < $1 AND NOT EXISTS
                (SELECT 1 FROM outbox WHERE outbox.key = transitions.key)
                AND NOT EXISTS (SELECT 1 FROM alerts WHERE alerts.id = transitions.alert AND alerts.status = 'open')",
            "DELETE FROM alerts WHERE updated < $1 AND status <> 'open'",
            "DELETE FROM runs WHERE started < $1",
        ];
        transaction(self.0.as_mut(), |database| {
            statements.iter().map(|sql| database.execute(sql, &[before.into()])).sum()
        })
    }
}

fn set_meta(database: &mut dyn Database, name: &str, value: Vec<u8>) -> Result<()> {
    let sql = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    database.execute(sql, &[name.into(), value.into()]).map(|_| ())
}

fn write_data(database: &mut dyn Database, change: &Change, now: Seconds) -> Result<()> {
    for (id, (key, role, kind)) in &change.series {
        let sql = "INSERT INTO series (id, state, outlet, domain, country, role, kind)
            VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let role = if *role == Role::Reference { "reference" } else { "state" };
        let text = |text: &str| Value::from(text);
        let Key { state, outlet, domain, country } = key;
        let id = Value::Integer(i64::from(*id));
        let values = [id, text(state), text(outlet), text(domain), text(country), text(role), text(kind.name())];
        database.execute(sql, &values)?;
    }
    for (time, period) in &change.periods {
        let sql = "INSERT INTO tail (period, body) VALUES ($1, $2)
            ON CONFLICT (period) DO UPDATE SET body = excluded.body";
        // Both halves by reference would need a second way to write a pair.
        let body = packed(&(period.values.clone(), period.bounds.clone()))?;
        database.execute(sql, &[(*time).into(), body.into()])?;
    }
    if let Some(walks) = &change.walks {
        database.execute("DELETE FROM walks", &[])?;
        for (chunk, walks) in walks.chunks(CHUNK).enumerate() {
            let bodies: Vec<(String, Vec<u8>)> =
                walks.iter().map(|(level, key, body)| (name_of(*level, key), body.clone())).collect();
            let values = [Value::Integer(chunk as i64), packed(&bodies)?.into()];
            database.execute("INSERT INTO walks (chunk, body) VALUES ($1, $2)", &values)?;
        }
    }
    for (name, value) in &change.meta {
        set_meta(database, name, value.clone())?;
    }
    for alert in &change.alerts {
        let sql = "INSERT INTO alerts (id, status, severity, updated, body) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (id) DO UPDATE SET status = excluded.status, severity = excluded.severity,
            updated = excluded.updated, body = excluded.body";
        let (id, status, severity) = (&alert.alert_id, &alert.status, &alert.severity);
        let values: Row =
            vec![id.as_str().into(), status.as_str().into(), severity.as_str().into(), now.into(), json(alert)?.into()];
        database.execute(sql, &values)?;
    }
    for file in &change.inputs {
        let sql = "INSERT INTO inputs (path, bytes, modified, sha256, rows, read) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (path) DO UPDATE SET bytes = excluded.bytes, modified = excluded.modified,
            sha256 = excluded.sha256, rows = excluded.rows, read = excluded.read";
        let (bytes, rows) = (file.bytes as i64, file.rows as i64);
        let (path, sha256) = (file.path.as_str().into(), file.sha256.as_str().into());
        database.execute(sql, &[path, bytes.into(), file.modified.into(), sha256, rows.into(), now.into()])?;
    }
    Ok(())
}

/// Separates the parts of a name: a control character that no name has.
const BETWEEN: char = '\u{1f}';

fn name_of(level: Level, key: &Key) -> String {
    [level.name(), &key.state, &key.outlet, &key.domain, &key.country].join(&BETWEEN.to_string())
}

fn named(name: &str) -> Result<(Level, Key)> {
    let parts: Vec<&str> = name.split(BETWEEN).collect();
    let fault = || Error::input(format!("the store names a series in a way that cannot be read: '{name}'"));
    let &[level, state, outlet, domain, country] = parts.as_slice() else { return Err(fault()) };
    let [state, outlet, domain, country] = [state, outlet, domain, country].map(String::from);
    Ok((Level::from_name(level).ok_or_else(fault)?, Key { state, outlet, domain, country }))
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::input("cannot write JSON").because(error))
}

fn parsed<T: serde::de::DeserializeOwned>(value: &Value, what: &str) -> Result<T> {
    let text = value.text()?;
    serde_json::from_str(text)
        .map_err(|error| Error::input(format!("the store holds a {what} that cannot be read")).because(error))
}
