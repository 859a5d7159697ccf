//! Answers on disk, found by address and day.
//!
//! An answer about days that are over and no longer revised is kept for good; any other one for the day it was got
//! on. Each file begins with a line of status and SHA-256: a damaged one is as good as none.

use crate::error::{Error, Result};
use crate::time::Seconds;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The cache, or none.
pub(super) struct Cache(Option<PathBuf>);

/// An answer as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Cache {
    pub(super) fn new(folder: Option<&Path>) -> Cache {
        Cache(folder.map(Path::to_path_buf))
    }

    /// Name of an answer: by address, what is kept of it, and the day it was got (none for final ones).
    pub(super) fn key(url: &str, kept: &str, day: Option<Seconds>) -> String {
        let day = day.map_or("final".into(), super::days::dashed);
        hex(&Sha256::digest(format!("{url}\n{kept}\n{day}")))
    }

    fn path(&self, key: &str) -> Option<PathBuf> {
        self.0.as_ref().map(|folder| folder.join(&key[..2]).join(key))
    }

    pub(super) fn read(&self, key: &str) -> Option<Kept> {
        let bytes = std::fs::read(self.path(key)?).ok()?;
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let (status, seal) = std::str::from_utf8(&bytes[..end]).ok()?.split_once(' ')?;
        let body = bytes[end + 1..].to_vec();
        (hex(&Sha256::digest(&body)) == seal).then_some(Kept { status: status.parse().ok()?, body })
    }

    /// Keeps an answer: whole or not at all.
    pub(super) fn write(&self, key: &str, kept: &Kept) -> Result<()> {
        let Some(path) = self.path(key) else { return Ok(()) };
        let fault = |error| Error::io("cannot write the cache", error).in_file(path.display().to_string());
        let folder = path.parent().unwrap_or(&path);
        std::fs::create_dir_all(folder).map_err(fault)?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(fault)?;
        writeln!(file, "{} {}", kept.status, hex(&Sha256::digest(&kept.body)))
            .and_then(|()| file.write_all(&kept.body))
            .map_err(fault)?;
        file.persist(&path).map_err(|error| fault(error.error))?;
        Ok(())
    }

    pub(super) fn forget(&self, key: &str) {
        if let Some(path) = self.path(key) {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_again_and_a_damaged_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::new(Some(folder.path()));
        let key = Cache::key("https://x/y", "", None);
        assert_ne!(key, Cache::key("https://x/y", "", Some(0)));
        assert_eq!(cache.read(&key), None);
        let kept = Kept { status: 200, body: b"a\nb".to_vec() };
        cache.write(&key, &kept).expect("written");
        assert_eq!(cache.read(&key), Some(kept.clone()));
        let path = cache.path(&key).expect("a path");
        let mut bytes = std::fs::read(&path).expect("read");
        bytes.pop();
        std::fs::write(&path, bytes).expect("written");
        assert_eq!(cache.read(&key), None);
        assert_eq!(Cache::new(None).read(&key), None);
        Cache::new(None).write(&key, &kept).expect("nothing to do");
    }
}
