//! Rows appended to a CSV file, each transition once, whatever happens in between.
//!
//! A crash can leave the first part of a row at the end of the file. The next delivery recognises it (the outbox
//! brings the same rows again), cuts it off and writes the row whole. Rows that are there already are not repeated:
//! their keys stand in the first column. A lock on the file keeps two jobs from writing into each other's rows.

use super::message::{LEADING, csv_row};
use super::{Channel, Context, Failure};
use crate::error::{Error, Result};
use crate::report::tables::ALERTS;
use crate::watch::transition::Transition;
use serde::Deserialize;
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Keys of a `kind = "csv"` table.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The file; relative paths start at the folder of the configuration.
    pub path: PathBuf,
}

#[derive(Debug)]
pub(super) struct Csv {
    name: String,
    path: PathBuf,
}

/// Whether a file may be appended to, and how it ends.
struct End {
    /// Length of what is kept.
    keep: u64,
    /// The kept part does not end with a line end.
    open: bool,
}

impl Csv {
    pub(super) fn new(name: String, settings: &Settings, folder: &Path) -> Result<Csv> {
        let path = folder.join(&settings.path);
        if path.file_name().is_none() || path.is_dir() {
            return Err(Error::usage("path is a folder; give a file").in_file(path.display().to_string()));
        }
        Ok(Csv { name, path })
    }

    fn fail(&self, error: io::Error) -> Failure {
        Failure::retry(Error::io("cannot append", error).in_file(self.path.display().to_string()))
    }

    fn append(&self, file: &mut File, batch: &[Transition]) -> std::result::Result<(), Failure> {
        let rows: Vec<Vec<u8>> = batch.iter().map(csv_row).collect();
        let header = format!("{LEADING},{ALERTS}\n");
        let (end, present) = self.read(file, &header, &rows)?;
        let mut block = Vec::new();
        if end.open {
            block.push(b'\n');
        }
        if end.keep == 0 {
            block.extend_from_slice(header.as_bytes());
        }
        for row in rows.iter().filter(|row| !present.contains(key_of(row))) {
            block.extend_from_slice(row);
        }
        let write = |file: &mut File| {
            file.set_len(end.keep)?;
            file.seek(SeekFrom::End(0))?;
            file.write_all(&block)?;
            file.sync_data()
        };
        write(file).map_err(|error| self.fail(error))
    }

    /// Reads the file once, a line at a time: which of the rows are there, and where the whole rows end.
    fn read(
        &self,
        file: &File,
        header: &str,
        rows: &[Vec<u8>],
    ) -> std::result::Result<(End, HashSet<Vec<u8>>), Failure> {
        let wanted: HashSet<&[u8]> = rows.iter().map(|row| key_of(row)).collect();
        let mut present = HashSet::new();
        let mut reader = BufReader::new(file);
        let (mut keep, mut number, mut line) = (0u64, 0u64, Vec::new());
        loop {
            line.clear();
            let read = reader.by_ref().take(1 << 20).read_until(b'\n', &mut line).map_err(|error| self.fail(error))?;
            number += 1;
            let whole = line.ends_with(b"\n");
            if read == 0 {
                return Ok((End { keep, open: false }, present));
            }
            if number == 1 && line.trim_ascii_end() != header.trim_end().as_bytes() {
                // A header cut short by a crash is written anew.
                return match !whole && header.as_bytes().starts_with(&line) {
                    true => Ok((End { keep: 0, open: false }, present)),
                    false => Err(self.foreign(1, "has other columns than those written here")),
                };
            }
            if !whole && rows.iter().any(|row| row.len() > line.len() && row.starts_with(&line)) {
                return Ok((End { keep, open: false }, present));
            }
            if !whole && number > 1 && cells(&line) != header.split(',').count() {
                return Err(self.foreign(number, "is cut short, and the row is none of those to be written"));
            }
            if wanted.contains(key_of(&line)) {
                present.insert(key_of(&line).to_vec());
            }
            keep += read as u64;
            if !whole {
                return Ok((End { keep, open: true }, present));
            }
        }
    }

    fn foreign(&self, line: u64, what: &str) -> Failure {
        let error = Error::input(format!("{what}; move the file aside or mend the line, nothing was written"));
        Failure::Permanent(error.in_file(self.path.display().to_string()).at_line(line))
    }
}

/// The first cell of a row. Keys are plain words: no quotes, no commas.
fn key_of(row: &[u8]) -> &[u8] {
    row.split(|byte| matches!(byte, b',' | b'\n' | b'\r')).next().unwrap_or(row)
}

/// Number of cells in a row.
fn cells(row: &[u8]) -> usize {
    let mut quoted = false;
    let mut count = 1;
    for byte in row {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => count += 1,
            _ => {}
        }
    }
    count
}

impl Channel for Csv {
    fn name(&self) -> &str {
        &self.name
    }

    fn deliver(&self, batch: &[Transition], _context: &Context<'_>) -> std::result::Result<(), Failure> {
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&self.path)
            .map_err(|error| self.fail(error))?;
        file.try_lock()
            .map_err(|error| self.fail(io::Error::other(format!("another program has locked it: {error}"))))?;
        self.append(&mut file, batch)
        // Closing the file gives the lock back.
    }

    /// The folder is there and the file, if it is, has the right columns.
    fn check(&self) -> Result<()> {
        let named = |error: io::Error, what: &str| Error::io(what, error).in_file(self.path.display().to_string());
        match OpenOptions::new().read(true).write(true).open(&self.path) {
            Ok(file) => {
                let header = format!("{LEADING},{ALERTS}\n");
                self.read(&file, &header, &[]).map(|_| ()).map_err(|failure| match failure {
                    Failure::Permanent(error) | Failure::Retry { error, .. } => error,
                })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
                let parent = parent.unwrap_or(Path::new("."));
                tempfile::tempfile_in(parent)
                    .map(|_| ())
                    .map_err(|error| named(error, "cannot create files in its folder"))
            }
            Err(error) => Err(named(error, "cannot be written")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::notify::testing::{quiet_context, transition};

    fn channel(folder: &Path) -> Csv {
        Csv::new("csv".into(), &Settings { path: "a.csv".into() }, folder).expect("a channel")
    }

    fn text(folder: &Path) -> String {
        std::fs::read_to_string(folder.join("a.csv")).expect("a file")
    }

    #[test]
    fn a_crash_within_any_row_leaves_each_row_once_in_the_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let csv = channel(folder.path());
        let context = quiet_context();
        let batches = [vec![transition("a1-1")], vec![transition("a2-1"), transition("a1-2")]];
        for batch in &batches {
            csv.deliver(batch, &context).expect("delivered");
        }
        let whole = text(folder.path());
        assert_eq!(whole.lines().count(), 4);
        let first = whole.lines().take(2).map(|line| line.len() + 1).sum::<usize>();
        for cut in (0..whole.len()).step_by(7) {
            std::fs::write(folder.path().join("a.csv"), &whole[..cut]).expect("written");
            // What was under way comes again: the second batch, and before it the first where that was not done.
            for batch in if cut < first { &batches[..] } else { &batches[1..] } {
                csv.deliver(batch, &context).unwrap_or_else(|failure| panic!("cut at {cut}: {}", failure.error()));
            }
            assert_eq!(text(folder.path()), whole, "cut at {cut}");
        }
    }

    #[test]
    fn the_same_transition_twice_is_one_row() {
        let folder = tempfile::tempdir().expect("a folder");
        let csv = channel(folder.path());
        for _ in 0..3 {
            csv.deliver(&[transition("a1-1")], &quiet_context()).expect("delivered");
        }
        assert_eq!(text(folder.path()).lines().count(), 2);
    }

    #[test]
    fn an_editor_that_drops_the_last_line_end_costs_no_row() {
        let folder = tempfile::tempdir().expect("a folder");
        let csv = channel(folder.path());
        csv.deliver(&[transition("a1-1")], &quiet_context()).expect("delivered");
        let before = text(folder.path());
        std::fs::write(folder.path().join("a.csv"), before.trim_end()).expect("written");
        csv.deliver(&[transition("a2-1")], &quiet_context()).expect("delivered");
        let after = text(folder.path());
        assert!(after.starts_with(&before) && after.lines().count() == 3, "{after}");
    }

    #[test]
    fn a_file_that_is_not_ours_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.csv");
        let csv = channel(folder.path());
        for foreign in ["name,value\n1,2\n", &format!("{LEADING},{ALERTS}\nx,half a ro")] {
            std::fs::write(&path, foreign).expect("written");
            let failure = csv.deliver(&[transition("a1-1")], &quiet_context()).expect_err("foreign");
            assert!(failure.is_permanent() && failure.error().location().line.is_some(), "{failure:?}");
            assert!(csv.check().is_err());
            assert_eq!(std::fs::read_to_string(&path).expect("a file"), foreign);
        }
    }

    #[test]
    fn names_cannot_become_formulas_or_rows_of_their_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut told = transition("a1-1");
        told.alert.outlet = Some("=HYPERLINK(\"http://x\")\nx,y".into());
        told.alert.event = Some("@SUM(A1)".into());
        channel(folder.path()).deliver(&[told], &quiet_context()).expect("delivered");
        let text = text(folder.path());
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("\"'=HYPERLINK(\"\"http://x\"\") x,y\"") && text.contains(",'@SUM(A1),"), "{text}");
    }
}
