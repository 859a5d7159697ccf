//! The store in a PostgreSQL database: for jobs whose machine is thrown away after each run, and for teams.

use super::database::{Database, Row, Value};
use super::lock::{held_by, holder};
use crate::error::{Error, Result};
use postgres::config::{Host, SslMode};
use postgres::types::private::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Config, NoTls};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a server may take to answer the door.
const PATIENCE: Duration = Duration::from_secs(10);
/// The lock of a run, among all advisory locks of a database: "floodmrk" as a number.
const LOCK: i64 = 0x666c_6f6f_646d_726b;

/// A database on a server.
pub struct Postgres {
    client: Client,
    place: String,
}

/// Where the database is and how to get in.
#[derive(Debug)]
pub struct Address<'a> {
    /// `postgres://user@host/database`, without a password.
    pub url: &'a str,
    /// The password.
    pub password: Option<&'a str>,
    /// Certificate authority of the server (PEM).
    pub ca_file: Option<&'a Path>,
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Postgres({})", self.place)
    }
}

impl Postgres {
    /// Connects for one run: a second run is refused.
    ///
    /// # Errors
    /// Another run holds the lock (it says which, and since when), or the server cannot be used.
    pub fn open(address: &Address<'_>) -> Result<Postgres> {
        let mut store = Postgres::look(address)?;
        // A second run finds the table too, and in it who has the lock.
        store.script("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BYTEA NOT NULL)")?;
        let taken = store.query("SELECT CASE WHEN pg_try_advisory_lock($1) THEN 1 ELSE 0 END", &[LOCK.into()])?;
        let key = "SELECT value FROM meta WHERE name = 'holder'";
        if taken[0][0].integer()? == 0 {
            let rows = store.query(key, &[])?;
            let who = rows.first().and_then(|row| row[0].bytes().ok()).unwrap_or_default();
            return Err(Error::usage(held_by(&String::from_utf8_lossy(who))).in_file(store.place()));
        }
        let sql = "INSERT INTO meta (name, value) VALUES ('holder', $1)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        store.execute(sql, &[holder().into_bytes().into()])?;
        Ok(store)
    }

    /// Connects to look at it: no lock is needed.
    ///
    /// # Errors
    /// The server cannot be used.
    pub fn look(address: &Address<'_>) -> Result<Postgres> {
        let mut config = Config::from_str(address.url)
            .map_err(|error| Error::usage("[store] url is no address of a PostgreSQL database").because(error))?;
        if config.get_password().is_some() {
            let message = "[store] url holds a password, and the configuration is copied, committed and shown: \
                write password = { env = \"NAME\" } or { file = \"path\" }";
            return Err(Error::usage(message));
        }
        if let Some(password) = address.password {
            config.password(password);
        }
        config.connect_timeout(PATIENCE).application_name("floodmark");
        let place = place(&config);
        let client = match tls(&config, address)? {
            Some(tls) => config.ssl_mode(SslMode::Require).connect(tls),
            None => config.connect(NoTls),
        };
        let client = client.map_err(|error| told("cannot connect to the store", error, &place))?;
        Ok(Postgres { client, place })
    }
}

/// What may be shown of an address.
fn place(config: &Config) -> String {
    let host = config.get_hosts().first().map_or_else(
        || "localhost".into(),
        |host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        },
    );
    format!("postgres://{host}/{}", config.get_dbname().or(config.get_user()).unwrap_or_default())
}

/// Encryption, for every host but this one.
fn tls(config: &Config, address: &Address<'_>) -> Result<Option<MakeRustlsConnect>> {
    let near = |host: &Host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    let Some(path) = address.ca_file else {
        if config.get_hosts().iter().all(near) {
            return Ok(None);
        }
        let message = "[store] url names another machine: the connection must be encrypted. Name the certificate \
            authority that signed the server's certificate: ca-file = \"path.pem\"";
        return Err(Error::usage(message));
    };
    let name = path.display().to_string();
    let fault = |error: rustls::pki_types::pem::Error| {
        Error::usage("cannot read the certificates").because(error).in_file(name.clone())
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(fault)? {
        let added = roots.add(certificate.map_err(fault)?);
        added.map_err(|error| Error::usage("no certificate of an authority").because(error).in_file(name.clone()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::usage("cannot set up TLS").because(error))?;
    Ok(Some(MakeRustlsConnect::new(client.with_root_certificates(roots).with_no_client_auth())))
}

/// The server's own words, which `postgres` leaves to the cause.
fn told(what: &str, error: postgres::Error, place: &str) -> Error {
    let words = error.as_db_error().map(|error| error.message().to_string());
    let words = words.or_else(|| std::error::Error::source(&error).map(ToString::to_string));
    let cause = words.map_or_else(|| error.to_string(), |words| format!("{error}: {words}"));
    Error::io(what, std::io::Error::other(cause)).in_file(place)
}

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Integer(value) if *ty == Type::INT4 => i32::try_from(*value)?.to_sql(ty, out),
            Value::Integer(value) => value.to_sql(ty, out),
            Value::Text(value) => value.to_sql(ty, out),
            Value::Bytes(value) => value.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn value(row: &postgres::Row, i: usize) -> std::result::Result<Value, postgres::Error> {
    Ok(match *row.columns()[i].type_() {
        Type::INT4 => row.try_get::<_, Option<i32>>(i)?.map(i64::from).into(),
        Type::INT8 => row.try_get::<_, Option<i64>>(i)?.into(),
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(i)?.into(),
        _ => row.try_get::<_, Option<String>>(i)?.into(),
    })
}

impl Database for Postgres {
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        self.client.execute(sql, &values).map_err(|error| told("the store failed", error, &self.place))
    }

    fn script(&mut self, sql: &str) -> Result<()> {
        self.client.batch_execute(sql).map_err(|error| told("the store failed", error, &self.place))
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>> {
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        let rows = self.client.query(sql, &values).and_then(|rows| {
            rows.iter()
                .map(|row| (0..row.len()).map(|i| value(row, i)).collect())
                .collect::<std::result::Result<_, _>>()
        });
        rows.map_err(|error| told("the store failed", error, &self.place))
    }

    fn check(&mut self, _thoroughly: bool) -> Result<()> {
        // The server looks after its own files; that it answers is what can be seen from here.
        self.query("SELECT 1", &[]).map(|_| ())
    }

    fn compact(&mut self) -> Result<()> {
        self.script("VACUUM")
    }

    fn size(&mut self) -> Result<u64> {
        let rows = self.query("SELECT pg_database_size(current_database())", &[])?;
        rows[0][0].integer().map(|bytes| bytes as u64)
    }

    fn place(&self) -> String {
        self.place.clone()
    }
}
