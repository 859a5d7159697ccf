//! The store in one file.

use super::database::{Database, Row, Value};
use super::lock::FileLock;
use crate::error::{Error, Result};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql, params_from_iter};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Somebody else may be reading; nobody may be writing, because of the lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// A SQLite file, locked for this process.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    path: PathBuf,
    _lock: Option<FileLock>,
}

impl Sqlite {
    /// Opens the file, or makes it, for one run: a second run is refused.
    ///
    /// # Errors
    /// Another run holds the lock (it says which, and since when), or the file is no store.
    pub fn open(path: &Path) -> Result<Sqlite> {
        let lock = FileLock::take(&path.with_added_extension("lock"))?;
        let store = Sqlite::connect(path, Some(lock))?;
        // One transaction, one sync: what was committed is on disk.
        let pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;";
        store.connection.execute_batch(pragmas).map_err(|error| store.fail(error))?;
        Ok(store)
    }

    /// Opens the file to look at it: no lock is needed, a run may go on meanwhile.
    ///
    /// # Errors
    /// There is no such file, or it is no store.
    pub fn look(path: &Path) -> Result<Sqlite> {
        if !path.is_file() {
            let message = "no store yet: it is made by the first run";
            return Err(Error::usage(message).in_file(path.display().to_string()));
        }
        Sqlite::connect(path, None)
    }

    fn connect(path: &Path, lock: Option<FileLock>) -> Result<Sqlite> {
        let named = |error| told(error, path);
        let connection = Connection::open(path).map_err(named)?;
        connection.busy_timeout(PATIENCE).map_err(named)?;
        // Whether it is a database at all shows with the first page.
        connection.query_row("PRAGMA schema_version", [], |_| Ok(())).map_err(named)?;
        Ok(Sqlite { connection, path: path.into(), _lock: lock })
    }

    fn fail(&self, error: rusqlite::Error) -> Error {
        told(error, &self.path)
    }
}

const DAMAGED: &str = "the store is damaged; nothing was changed. Put a backup in its place, or start anew with \
    `floodmark watch --new-store`, which keeps the damaged file aside";

/// The error in words a user can act on.
fn told(error: rusqlite::Error, path: &Path) -> Error {
    let file = path.display().to_string();
    let message = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            return Error::input(DAMAGED).because(error).in_file(file);
        }
        Some(ErrorCode::DiskFull) => "no room left for the store; nothing was changed, the next run does it again",
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "cannot write the store; is its folder there and writable?"
        }
        Some(ErrorCode::SystemIoFailure) => {
            "no room left for the store, or a failing disk; nothing was changed, the next run does it again"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "the store is in use by another program",
        _ => "the store failed",
    };
    Error::io(message, std::io::Error::other(error)).in_file(file)
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Integer(value) => ValueRef::Integer(*value),
            Value::Text(value) => ValueRef::Text(value.as_bytes()),
            Value::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

fn value(found: ValueRef<'_>) -> Value {
    match found {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Integer(value as i64),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

impl Database for Sqlite {
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        let done = self.connection.prepare_cached(sql).and_then(|mut s| s.execute(params_from_iter(values)));
        done.map(|n| n as u64).map_err(|error| self.fail(error))
    }

    fn script(&mut self, sql: &str) -> Result<()> {
        self.connection.execute_batch(sql).map_err(|error| self.fail(error))
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>> {
        let rows = || -> rusqlite::Result<Vec<Row>> {
            let mut statement = self.connection.prepare_cached(sql)?;
            let columns = statement.column_count();
            let rows = statement.query_map(params_from_iter(values), |row| {
                (0..columns).map(|i| row.get_ref(i).map(value)).collect::<rusqlite::Result<Row>>()
            })?;
            rows.collect()
        };
        rows().map_err(|error| self.fail(error))
    }

    fn check(&mut self, thoroughly: bool) -> Result<()> {
        let sql = if thoroughly { "PRAGMA integrity_check(5)" } else { "PRAGMA quick_check(5)" };
        let found = self.query(sql, &[])?;
        match found.first().map(Vec::as_slice) {
            Some([Value::Text(word)]) if word == "ok" => Ok(()),
            _ => {
                let faults: Vec<&str> = found.iter().flatten().filter_map(|v| v.text().ok()).collect();
                let message = format!("{DAMAGED} ({})", faults.join("; "));
                Err(Error::input(message).in_file(self.path.display().to_string()))
            }
        }
    }

    fn compact(&mut self) -> Result<()> {
        self.script("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")
    }

    fn size(&mut self) -> Result<u64> {
        Ok(std::fs::metadata(&self.path).map_or(0, |data| data.len()))
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }
}
