//! One run at a time: a lock that the system itself takes back when its holder is gone, however it went.

use crate::error::{Error, Result};
use crate::report::cell::moment;
use crate::time::Step;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// A locked file. It stays when the lock is gone: removing it could take it from under the next holder.
#[derive(Debug)]
pub(super) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Takes the lock at once or says who has it.
    ///
    /// # Errors
    /// Somebody else has it, or the file cannot be made.
    pub(super) fn take(path: &Path) -> Result<FileLock> {
        let name = path.display().to_string();
        let fail = |error| {
            Error::io("cannot make the lock file of the store; is its folder there and writable?", error)
                .in_file(name.clone())
        };
        let open = File::options().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = open.map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                return Err(Error::usage(held_by(holder.trim())).in_file(name));
            }
            Err(TryLockError::Error(error)) => return Err(fail(error)),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", holder()))
            .and_then(|()| file.flush());
        written.map_err(fail)?;
        Ok(FileLock { _file: file })
    }
}

/// What is said when somebody else is at work.
pub(super) fn held_by(holder: &str) -> String {
    let who = if holder.is_empty() { "another run that has just begun" } else { holder };
    format!("another run is at work on this store: {who}. Nothing was done")
}

/// Who this is, and since when.
pub(super) fn holder() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs() as i64);
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() { "this host".to_string() } else { host.trim().to_string() };
    format!("process {} on {host}, since {}", std::process::id(), moment(now, Step::HOUR))
}
