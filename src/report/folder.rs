//! A result folder that is there whole or not at all.
//!
//! Everything is written into a temporary folder beside the destination, which takes its place in one step at the
//! end: a rename where nothing stood, an exchange of the two names where an older result did (`renameat2`, Linux), so
//! that a reader sees the old result or the new one. Where the destination is a mount point, or its parent cannot be
//! written, the temporary folder stands inside it and the finished files are moved up one by one.

use crate::error::{Error, Result};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// A folder in the making. Dropped without [`Folder::publish`], it leaves no trace.
#[derive(Debug)]
pub struct Folder {
    target: PathBuf,
    temporary: tempfile::TempDir,
    /// The temporary folder lies in the destination, not beside it.
    inside: bool,
    /// Parents of the destination that did not exist before, outermost first.
    created: Vec<PathBuf>,
}

impl Folder {
    /// Prepares to write `target`, before any work is done: an unwritable place is an error now. A folder that holds
    /// anything is refused without `force`; with it, files that `ours` does not recognise are refused all the same,
    /// because publishing removes what was there.
    pub fn open(target: &Path, force: bool, ours: &dyn Fn(&str) -> bool) -> Result<Folder> {
        let fail = |error| Error::io("cannot write the result folder", error).in_file(target.display().to_string());
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_path_buf());
        let exists = check_target(&target, force, ours)?;
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
            _ => PathBuf::from("."),
        };
        let created = missing_ancestors(&parent);
        let made = fs::create_dir_all(&parent)
            .and_then(
                |()| if exists && is_mount_point(&target) { Err(io::Error::other("mount point")) } else { Ok(()) },
            )
            .and_then(|()| temporary_in(&parent));
        let (temporary, inside) = match made {
            Ok(temporary) => (temporary, false),
            Err(_) if exists => (temporary_in(&target).map_err(fail)?, true),
            Err(error) => {
                remove_empty(&created);
                return Err(fail(error));
            }
        };
        Ok(Folder { target, temporary, inside, created })
    }

    /// Everything made so far: the temporary folder, then parents of the destination, outermost first. To be removed
    /// if the program is interrupted.
    pub fn traces(&self) -> Vec<PathBuf> {
        let mut traces = vec![self.temporary.path().to_path_buf()];
        traces.extend_from_slice(&self.created);
        traces
    }

    /// Where the files are until the folder is published.
    pub fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// Starts the file `name` (which may name a sub-folder: `charts/x.png`).
    pub fn file(&self, name: &str) -> Result<BufWriter<File>> {
        let path = self.temporary.path().join(name);
        let parent = path.parent().unwrap_or(self.temporary.path());
        fs::create_dir_all(parent)
            .and_then(|()| File::create(&path))
            .map(|file| BufWriter::with_capacity(1 << 18, file))
            .map_err(|error| self.fail(name, error))
    }

    /// Writes a whole file.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.fill(name, |out| out.write_all(bytes))
    }

    /// Writes a file with a function that streams into it.
    pub fn fill(&self, name: &str, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<()> {
        let mut out = self.file(name)?;
        write(&mut out).and_then(|()| out.flush()).map_err(|error| self.fail(name, error))
    }

    /// The CSV files written so far, by name, except `without`: name, text, and how many records follow it. A text holds
    /// as many whole records as `most` bytes have room for: files of millions of rows are not held in memory.
    pub fn tables(&self, without: &[&str], most: usize) -> Result<Vec<(String, String, usize)>> {
        let mut tables = Vec::new();
        let entries = fs::read_dir(self.temporary.path()).map_err(|error| self.fail("", error))?;
        for entry in entries {
            let name = entry.map_err(|error| self.fail("", error))?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".csv") && !without.contains(&name.as_str()) {
                let path = self.temporary.path().join(&name);
                let (text, further) = beginning(&path, most).map_err(|error| self.fail(&name, error))?;
                tables.push((name, text, further));
            }
        }
        tables.sort();
        Ok(tables)
    }

    fn fail(&self, name: &str, error: io::Error) -> Error {
        Error::io("cannot write", error).in_file(self.target.join(name).display().to_string())
    }

    /// Puts the finished folder in its place.
    pub fn publish(mut self) -> Result<()> {
        self.created.clear();
        open_permissions(self.temporary.path());
        let fail = |error| Error::io("cannot put the result in place", error);
        let named = self.target.display().to_string();
        if self.inside {
            return move_up(self.temporary.path(), &self.target).map_err(|error| fail(error).in_file(named));
        }
        replace(self.temporary.path(), &self.target).map_err(|error| fail(error).in_file(named))
        // What is now at the temporary name (the older result, or nothing) goes when `temporary` is dropped.
    }
}

/// The first records of a CSV file, and how many follow.
fn beginning(path: &Path, most: usize) -> io::Result<(String, usize)> {
    if fs::metadata(path)?.len() <= most as u64 {
        return Ok((fs::read_to_string(path)?, 0));
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_path(path)?;
    let (mut end, mut further, mut record) = (0, 0, csv::ByteRecord::new());
    while reader.read_byte_record(&mut record)? {
        let there = reader.position().byte();
        // Of the header at least.
        if there <= most as u64 || end == 0 { end = there } else { further += 1 }
    }
    let mut text = String::new();
    File::open(path)?.take(end).read_to_string(&mut text)?;
    Ok((text, further))
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.created.is_empty() {
            let _ = fs::remove_dir_all(self.temporary.path());
            remove_empty(&self.created);
        }
    }
}

/// Whether the destination exists; an error if it may not be replaced.
fn check_target(target: &Path, force: bool, ours: &dyn Fn(&str) -> bool) -> Result<bool> {
    let named = target.display().to_string();
    let entries = match fs::read_dir(target) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(Error::io("not a folder that results can be written to", error).in_file(named)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| Error::io("cannot read the folder", error).in_file(named.clone()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !force {
            return Err(Error::usage("the folder is not empty; --force replaces an older result").in_file(named));
        }
        if !ours(&name) {
            let message = format!(
                "holds '{name}', which is no part of a result; --force would remove it. Move it away \
                or choose another --out"
            );
            return Err(Error::usage(message).in_file(named));
        }
    }
    Ok(true)
}

fn temporary_in(folder: &Path) -> io::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix(".floodmark-").tempdir_in(folder)
}

fn missing_ancestors(path: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<_> = path
        .ancestors()
        .take_while(|ancestor| !ancestor.as_os_str().is_empty() && !ancestor.exists())
        .map(Path::to_path_buf)
        .collect();
    missing.reverse();
    missing
}

/// Removes folders that were made for nothing, innermost first; one that is in use meanwhile stays.
fn remove_empty(created: &[PathBuf]) {
    for folder in created.iter().rev() {
        let _ = fs::remove_dir(folder);
    }
}

/// Temporary folders are private to their user; a result has the permissions of any new folder.
#[cfg(unix)]
fn open_permissions(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let probe = folder.join(".permissions");
    if fs::create_dir(&probe).is_ok() {
        let mode = fs::metadata(&probe).map_or(0o755, |data| data.permissions().mode());
        let _ = fs::remove_dir(&probe);
        let _ = fs::set_permissions(folder, fs::Permissions::from_mode(mode));
    }
}

#[cfg(not(unix))]
fn open_permissions(_folder: &Path) {}

#[cfg(unix)]
fn is_mount_point(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (fs::metadata(folder), fs::metadata(folder.join(".."))) {
        (Ok(own), Ok(parent)) => own.dev() != parent.dev(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_mount_point(_folder: &Path) -> bool {
    false
}

/// Gives `new` the name `target`. An older folder of that name ends up under the name `new`.
fn replace(new: &Path, target: &Path) -> io::Result<()> {
    match fs::rename(new, target) {
        Ok(()) => return Ok(()),
        Err(error) if !target.is_dir() => return Err(error),
        Err(_) => {}
    }
    if exchange(new, target) {
        return Ok(());
    }
    let aside = new.with_extension("old");
    fs::rename(target, &aside)?;
    if let Err(error) = fs::rename(new, target) {
        fs::rename(&aside, target)?;
        return Err(error);
    }
    fs::remove_dir_all(&aside)
}

#[cfg(target_os = "linux")]
fn exchange(a: &Path, b: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn exchange(_a: &Path, _b: &Path) -> bool {
    false
}

/// Moves the entries of `new`, a folder inside `target`, up into it: the older ones are put aside first.
fn move_up(new: &Path, target: &Path) -> io::Result<()> {
    let aside = new.join(".old");
    fs::create_dir(&aside)?;
    let names = |folder: &Path| -> io::Result<Vec<_>> {
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name())).collect()
    };
    for name in names(target)?.iter().filter(|name| new.file_name() != Some(name)) {
        fs::rename(target.join(name), aside.join(name))?;
    }
    for name in names(new)?.iter().filter(|name| *name != ".old") {
        fs::rename(new.join(name), target.join(name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any(_: &str) -> bool {
        true
    }

    fn write(target: &Path, text: &str) -> Result<()> {
        let folder = Folder::open(target, true, &any)?;
        folder.write("charts/a.txt", text.as_bytes())?;
        folder.publish()
    }

    fn entries(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_new_result_replaces_the_old_one_and_leaves_nothing_else() {
        let place = tempfile::tempdir().expect("a folder");
        let target = place.path().join("deep/er/out");
        write(&target, "one").expect("written");
        write(&target, "two").expect("written");
        assert_eq!(fs::read_to_string(target.join("charts/a.txt")).expect("a file"), "two");
        assert_eq!(entries(target.parent().expect("a parent")), ["out"]);
    }

    #[test]
    fn an_unfinished_result_leaves_no_trace() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(&place.path().join("a/b/out"), false, &any).expect("writable");
        folder.write("x", b"x").expect("written");
        drop(folder);
        assert!(entries(place.path()).is_empty());
    }

    #[test]
    fn foreign_files_are_never_removed() {
        let place = tempfile::tempdir().expect("a folder");
        fs::write(place.path().join("thesis.txt"), "all my work").expect("written");
        assert!(Folder::open(place.path(), false, &any).expect_err("not empty").is_usage());
        let error = Folder::open(place.path(), true, &|name| name == "run.json").expect_err("foreign");
        assert!(error.to_string().contains("thesis.txt"), "{error}");
        assert_eq!(entries(place.path()), ["thesis.txt"]);
    }

    #[test]
    fn files_move_up_where_the_folder_itself_cannot_be_renamed() {
        let place = tempfile::tempdir().expect("a folder");
        fs::write(place.path().join("run.json"), "old").expect("written");
        let new = place.path().join(".new");
        fs::create_dir(&new).expect("made");
        fs::write(new.join("run.json"), "new").expect("written");
        move_up(&new, place.path()).expect("moved");
        assert_eq!(fs::read_to_string(place.path().join("run.json")).expect("a file"), "new");
    }

    #[test]
    fn of_a_long_table_the_beginning_is_read_and_the_rest_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        fs::write(&path, "a,b\n1,\"2\n\"\n3,4\n5,6\n").unwrap();
        assert_eq!(beginning(&path, 100).unwrap().1, 0);
        assert_eq!(beginning(&path, 11).unwrap(), ("a,b\n1,\"2\n\"\n".into(), 2));
        assert_eq!(beginning(&path, 1).unwrap(), ("a,b\n".into(), 3));
    }
}
