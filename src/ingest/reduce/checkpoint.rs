//! Where a reduction stands: what has been merged and from which files, in one file that is replaced in one step. A run
//! that was killed goes on from there and counts no file twice.

use super::{Merged, Order};
use crate::error::{Error, Result};
use crate::ingest::FileReport;
use crate::ingest::gather::TopList;
use crate::ingest::store::Store;
use crate::series::Kind;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

/// Pause between two savings, and how many times longer than a saving it is at least.
const PAUSE: Duration = Duration::from_secs(1);
const PATIENCE: u32 = 10;

/// A checkpoint: nowhere, or in a file.
pub(super) struct Checkpoint {
    path: Option<PathBuf>,
    order: String,
    /// Path → what the file looked like when it was merged.
    done: HashMap<String, Seen>,
    last: Option<(Instant, Duration)>,
}

/// What a merged file looked like before it was read: what changes while it is read has changed since.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Seen {
    bytes: u64,
    modified: u128,
}

#[derive(Deserialize, Serialize)]
struct Head {
    program: String,
    version: String,
    order: String,
    kind: Option<(String, String)>,
    origin: Option<(String, String)>,
    files: Vec<(String, u64, String, u64)>,
    seen: BTreeMap<String, Seen>,
    identities: BTreeMap<String, String>,
    scales: Vec<((String, String), String)>,
    lists: Vec<(i64, String, f64)>,
    skipped: BTreeMap<String, u64>,
    notes: BTreeMap<String, (String, u64)>,
}

impl Checkpoint {
    /// Opens the checkpoint of an order; what it holds becomes what has been merged.
    ///
    /// # Errors
    /// It cannot be read, or belongs to another order.
    pub(super) fn open(order: &Order<'_>, merged: &mut Merged) -> Result<Checkpoint> {
        let fingerprint = fingerprint(order);
        let path = order.checkpoint.clone();
        let mut checkpoint = Checkpoint { path, order: fingerprint, done: HashMap::new(), last: None };
        if let Some(path) = checkpoint.path.clone().filter(|path| path.exists()) {
            let name = path.display().to_string();
            checkpoint.load(&path, merged).map_err(|error| error.in_file(name))?;
        }
        Ok(checkpoint)
    }

    fn load(&mut self, path: &Path, merged: &mut Merged) -> Result<()> {
        let broken = |e: Box<dyn std::error::Error + Send + Sync>| {
            Error::input("this is no checkpoint, or it is damaged; remove it to begin anew").because(e)
        };
        let file = File::open(path).map_err(|e| Error::io("cannot open the checkpoint", e))?;
        let decoder = zstd::stream::read::Decoder::new(file).map_err(|e| broken(e.into()))?;
        let mut reader = BufReader::new(decoder);
        let mut line = String::new();
        reader.read_line(&mut line).map_err(|e| broken(e.into()))?;
        let head: Head = serde_json::from_str(&line).map_err(|e| broken(e.into()))?;
        if head.order != self.order {
            return Err(Error::usage("the checkpoint is of a run with other options; name another one, or remove it"));
        }
        merged.store = Store::load(&mut reader).map_err(|e| broken(e.into()))?;
        merged.kind = match head.kind {
            Some((kind, file)) => Some((Kind::from_name(&kind).ok_or_else(|| broken("an unknown kind".into()))?, file)),
            None => None,
        };
        merged.origin = head.origin;
        let files = head.files.into_iter();
        merged.files = files.map(|(path, bytes, sha256, rows)| FileReport { path, bytes, sha256, rows }).collect();
        merged.identities = head.identities.into_iter().collect();
        merged.scales = head.scales.into_iter().collect();
        merged.lists = head.lists.into_iter().map(|(time, country, bound)| TopList { time, country, bound }).collect();
        (merged.skipped, merged.notes) = (head.skipped, head.notes);
        self.done = head.seen.into_iter().collect();
        Ok(())
    }

    /// The files that are still to be read.
    ///
    /// # Errors
    /// A file has changed since it was merged.
    pub(super) fn left(&self, files: Vec<PathBuf>) -> Result<Vec<PathBuf>> {
        let mut left = Vec::new();
        for path in files {
            match self.done.get(&path.display().to_string()) {
                None => left.push(path),
                Some(seen) if look(&path).as_ref() == Some(seen) => {}
                Some(_) => {
                    let message = "the file has changed since it was counted; remove the checkpoint to begin anew";
                    return Err(Error::input(message).in_file(path.display().to_string()));
                }
            }
        }
        Ok(left)
    }

    /// Saves what has been merged, if the last time is long enough ago or `now` it must be.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn save(&mut self, merged: &Merged, now: bool) -> Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        if let (Some((last, took)), false) = (self.last, now)
            && last.elapsed() < PAUSE.max(took * PATIENCE)
        {
            return Ok(());
        }
        let begun = Instant::now();
        for file in &merged.files {
            if let (false, Some(seen)) = (self.done.contains_key(&file.path), merged.seen.get(&file.path)) {
                self.done.insert(file.path.clone(), seen.clone());
            }
        }
        let fail = |e: std::io::Error| Error::io("cannot write the checkpoint", e).in_file(path.display().to_string());
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = tempfile::Builder::new().prefix(".floodmark-").tempfile_in(folder).map_err(fail)?;
        let mut out = zstd::stream::write::Encoder::new(BufWriter::new(file), 1).map_err(fail)?;
        let head = serde_json::to_string(&self.head(merged)).map_err(|e| fail(e.into()))?;
        writeln!(out, "{head}").map_err(fail)?;
        merged.store.save(&mut out).map_err(fail)?;
        let file = out.finish().and_then(|out| out.into_inner().map_err(|e| e.into_error())).map_err(fail)?;
        file.as_file().sync_all().map_err(fail)?;
        file.persist(path).map_err(|e| fail(e.error))?;
        self.last = Some((Instant::now(), begun.elapsed()));
        Ok(())
    }

    fn head(&self, merged: &Merged) -> Head {
        let files = merged.files.iter();
        let lists = merged.lists.iter();
        Head {
            program: "floodmark".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            order: self.order.clone(),
            kind: merged.kind.as_ref().map(|(kind, file)| (kind.name().into(), file.clone())),
            origin: merged.origin.clone(),
            files: files.map(|f| (f.path.clone(), f.bytes, f.sha256.clone(), f.rows)).collect(),
            seen: self.done.clone().into_iter().collect(),
            identities: merged.identities.clone().into_iter().collect(),
            scales: merged.scales.clone().into_iter().collect(),
            lists: lists.map(|list| (list.time, list.country.clone(), list.bound)).collect(),
            skipped: merged.skipped.clone(),
            notes: merged.notes.clone(),
        }
    }
}

/// What a file looks like; `None` for what is no regular file, which is never passed over.
pub(super) fn look(path: &Path) -> Option<Seen> {
    let data = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let modified = data.modified().ok()?.duration_since(UNIX_EPOCH).map_or(0, |age| age.as_nanos());
    Some(Seen { bytes: data.len(), modified })
}

/// Everything that changes what a file adds to the result.
fn fingerprint(order: &Order<'_>) -> String {
    let Order { every, by, unknown, registry, columns, kind, time_zone, hints, .. } = order;
    let early = *unknown == Some(super::Unknown::None);
    let known = if early { registry.version() } else { String::new() };
    let host = *by == super::By::Host;
    format!("{} {host} {early} {known} {columns:?} {kind:?} {time_zone:?} {hints:?}", every.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changes_while_it_is_read_has_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, state) = (folder.path().join("a.csv"), folder.path().join("state"));
        let path = file.display().to_string();
        let open = || Checkpoint { path: Some(state.clone()), order: "x".into(), done: HashMap::new(), last: None };
        std::fs::write(&file, "date\n").expect("written");
        let mut merged = Merged::default();
        merged.seen.insert(path.clone(), look(&file).expect("a file"));
        merged.files.push(FileReport { path, bytes: 5, sha256: String::new(), rows: 0 });
        std::fs::write(&file, "date,more\n").expect("written");
        open().save(&merged, true).expect("saved");
        let mut again = open();
        again.load(&state, &mut Merged::default()).expect("loaded");
        let said = again.left(vec![file]).expect_err("another file").to_string();
        assert!(said.contains("has changed since it was counted"), "{said}");
    }
}
