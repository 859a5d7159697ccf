//! Where the store of a job is.

use crate::error::Result;
use crate::watch::config::Config;
use crate::watch::secret::Secret;
use crate::watch::store::database::Database;
use crate::watch::store::{Address, Postgres, Sqlite, Store, put_aside};
use std::path::PathBuf;

/// A file or a server.
pub(super) enum Place<'a> {
    File(PathBuf),
    Server(&'a str),
}

impl Place<'_> {
    pub(super) fn of(config: &Config) -> Place<'_> {
        match &config.store.url {
            Some(url) => Place::Server(url),
            None => Place::File(config.path(config.store.path.clone().unwrap_or_else(|| "floodmark.db".into()))),
        }
    }
}

fn server<T>(config: &Config, url: &str, open: impl FnOnce(&Address<'_>) -> Result<T>) -> Result<T> {
    let password = config.store.password.as_ref().map(|source| source.read(&config.folder)).transpose()?;
    if let Some((_, Some(warning))) = &password {
        eprintln!("warning: {warning}");
    }
    let ca_file = config.store.ca_file.as_ref().map(|path| config.path(path));
    let password = password.as_ref().map(|(secret, _): &(Secret, _)| secret.reveal());
    open(&Address { url, password, ca_file: ca_file.as_deref() })
}

/// Opens the store for a run. A damaged file is put aside if that was asked for.
pub(super) fn open(config: &Config, new_store: bool) -> Result<Store> {
    let path = match Place::of(config) {
        Place::Server(url) => return Store::new(Box::new(server(config, url, Postgres::open)?)),
        Place::File(path) => path,
    };
    let opened = || {
        let mut database = Sqlite::open(&path)?;
        database.check(false)?;
        Store::new(Box::new(database))
    };
    match opened() {
        Err(error) if new_store && path.is_file() && error.is_input() => {
            let aside = put_aside(&path)?;
            eprintln!("warning: the store could not be used ({error}); it is kept as {}", aside.display());
            opened()
        }
        opened => opened,
    }
}

/// Opens the store to look at it.
pub(super) fn look(config: &Config) -> Result<Store> {
    Ok(Store::look(match Place::of(config) {
        Place::Server(url) => Box::new(server(config, url, Postgres::look)?),
        Place::File(path) => Box::new(Sqlite::look(&path)?),
    }))
}
