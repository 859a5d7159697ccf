//! What the store needs of a database: statements, rows, one transaction at a time.
//!
//! The statements are written once, in the part of SQL that SQLite and PostgreSQL share, with parameters `$1`, `$2`, …
//! in the order of their first use.

use crate::error::{Error, Result};

/// One value of a row or of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number (`BIGINT`).
    Integer(i64),
    /// Words (`TEXT`).
    Text(String),
    /// Bytes (`BYTEA`).
    Bytes(Vec<u8>),
}

impl Value {
    /// The whole number.
    pub fn integer(&self) -> Result<i64> {
        if let Value::Integer(value) = self { Ok(*value) } else { Err(odd("a whole number", self)) }
    }

    /// The words.
    pub fn text(&self) -> Result<&str> {
        if let Value::Text(value) = self { Ok(value) } else { Err(odd("a text", self)) }
    }

    /// The bytes.
    pub fn bytes(&self) -> Result<&[u8]> {
        if let Value::Bytes(value) = self { Ok(value) } else { Err(odd("bytes", self)) }
    }
}

fn odd(expected: &str, found: &Value) -> Error {
    let found = match found {
        Value::Null => "nothing",
        Value::Integer(_) => "a whole number",
        Value::Text(_) => "a text",
        Value::Bytes(_) => "bytes",
    };
    Error::input(format!("the store holds {found} where {expected} should be"))
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::Integer(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Value {
        Value::Text(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Value {
        Value::Text(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Value {
        Value::Bytes(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

/// A row.
pub type Row = Vec<Value>;

/// A database with its own way to be opened, locked, checked and tidied.
pub trait Database {
    /// Runs a statement; the number of rows it changed.
    ///
    /// # Errors
    /// The database's own word.
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64>;

    /// Runs several statements without parameters.
    ///
    /// # Errors
    /// The database's own word.
    fn script(&mut self, sql: &str) -> Result<()>;

    /// Runs a query.
    ///
    /// # Errors
    /// The database's own word.
    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>>;

    /// Whether all is well inside; `thoroughly` takes its time.
    ///
    /// # Errors
    /// What is not.
    fn check(&mut self, thoroughly: bool) -> Result<()>;

    /// Gives back the room of what was deleted.
    ///
    /// # Errors
    /// The database's own word.
    fn compact(&mut self) -> Result<()>;

    /// Size on disk, in bytes.
    ///
    /// # Errors
    /// The database's own word.
    fn size(&mut self) -> Result<u64>;

    /// Where it is, without secrets.
    fn place(&self) -> String;
}

/// Does something in one transaction: all of it or nothing.
///
/// # Errors
/// What went wrong; nothing was changed then.
pub fn transaction<T>(database: &mut dyn Database, work: impl FnOnce(&mut dyn Database) -> Result<T>) -> Result<T> {
    database.script("BEGIN")?;
    match work(database) {
        Ok(value) => {
            database.script("COMMIT")?;
            Ok(value)
        }
        Err(error) => {
            // The first error is the one that tells; a connection that is gone rolls back by itself.
            let _ = database.script("ROLLBACK");
            Err(error)
        }
    }
}
