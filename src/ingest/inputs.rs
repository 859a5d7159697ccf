//! From what the user named (files, folders, globs, `-`) to a list of files.

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// Ends of names that are looked for in folders.
const ENDINGS: [&str; 8] = ["csv", "tsv", "txt", "parquet", "ndjson", "jsonl", "json", "log"];

/// Ends of names of packed files.
const PACKINGS: [&str; 3] = [".gz", ".zst", ".bz2"];

/// The files behind the inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Inputs {
    /// Files in the order named; those of a folder or glob sorted. `-` is standard input.
    pub files: Vec<PathBuf>,
    /// Files named `total` that lay directly in a folder.
    pub totals: Vec<PathBuf>,
}

/// Finds the files. An input that leads nowhere is an error among `failures`; the others go on.
pub(super) fn expand(inputs: &[String], failures: &mut Vec<Error>) -> Inputs {
    let mut found = Inputs::default();
    for input in inputs {
        match files_of(input, &mut found.totals) {
            Ok(files) => found.files.extend(files),
            Err(error) => failures.push(error),
        }
    }
    let mut seen = std::collections::HashSet::new();
    found.files.retain(|file| seen.insert(file.clone()));
    found
}

fn files_of(input: &str, totals: &mut Vec<PathBuf>) -> Result<Vec<PathBuf>> {
    let path = Path::new(input);
    if input == "-" || path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    if path.is_dir() {
        return folder(path, totals);
    }
    if path.exists() {
        // A pipe or a device.
        return Ok(vec![path.to_path_buf()]);
    }
    if !input.contains(['*', '?', '[']) {
        return Err(Error::input("no such file or folder").in_file(input));
    }
    let paths = glob::glob(input).map_err(|e| Error::usage("not a pattern of files").because(e).in_file(input))?;
    let mut files = Vec::new();
    for path in paths.flatten() {
        match path.is_dir() {
            true => files.extend(walk(&path)?),
            false => files.push(path),
        }
    }
    files.sort();
    if files.is_empty() { Err(Error::input("no file matches").in_file(input)) } else { Ok(files) }
}

fn folder(path: &Path, totals: &mut Vec<PathBuf>) -> Result<Vec<PathBuf>> {
    let mut files = walk(path)?;
    if let Some(at) = files.iter().position(|file| file.parent() == Some(path) && stem(file) == "total") {
        totals.push(files.remove(at));
    }
    if files.is_empty() {
        let message = format!(
            "a folder without data; looked for names ending in {} (or these with .gz, .bz2, .zst)",
            ENDINGS.join(", ")
        );
        return Err(Error::input(message).in_file(path.display().to_string()));
    }
    Ok(files)
}

/// All tables below a folder, sorted; names that begin with `_` or `.` are passed over.
fn walk(folder: &Path) -> Result<Vec<PathBuf>> {
    let fault = |e| Error::io("cannot list the folder", e).in_file(folder.display().to_string());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(['_', '.']) {
            continue;
        }
        // `file_type` does not follow links, so a loop of folders cannot trap us; linked files are read.
        if entry.file_type().map_err(fault)?.is_dir() {
            files.extend(walk(&entry.path())?);
        } else if is_table(&name) && entry.path().is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

fn is_table(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let packed = PACKINGS.iter().find_map(|ending| name.strip_suffix(ending));
    // Dumps are packed and have no ending of their own.
    if packed.is_some_and(|name| name.starts_with("pageviews-") || name.starts_with("pagecounts-")) {
        return true;
    }
    let name = packed.unwrap_or(&name);
    ENDINGS.iter().any(|ending| name.strip_suffix(ending).is_some_and(|stem| stem.ends_with('.')))
}

/// The name up to its first dot.
fn stem(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    name.split('.').next().unwrap_or("").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        folder
    }

    fn names(folder: &Path, inputs: &Inputs) -> Vec<String> {
        inputs.files.iter().map(|f| f.strip_prefix(folder).unwrap().display().to_string()).collect()
    }

    #[test]
    fn a_folder_gives_its_tables_sorted_and_sets_the_total_aside() {
        let names_in = [
            "b.csv",
            "a.TSV",
            "sub/c.parquet",
            "sub/d.ndjson.gz",
            "_x.csv",
            ".y.csv",
            "_z/e.csv",
            "f.pdf",
            "total.csv.zst",
        ];
        let folder = tree(&names_in);
        let mut failures = Vec::new();
        let inputs = expand(&[folder.path().display().to_string()], &mut failures);
        assert_eq!(names(folder.path(), &inputs), ["a.TSV", "b.csv", "sub/c.parquet", "sub/d.ndjson.gz"]);
        assert_eq!(inputs.totals, [folder.path().join("total.csv.zst")]);
        assert!(failures.is_empty());
    }

    #[test]
    fn globs_and_files_are_taken_once_and_what_leads_nowhere_is_told() {
        let folder = tree(&["1.csv", "2.csv", "note.md"]);
        let at = |name: &str| folder.path().join(name).display().to_string();
        let mut failures = Vec::new();
        let inputs = expand(&[at("2.csv"), at("*.csv"), at("nothing.csv"), at("*.parquet")], &mut failures);
        assert_eq!(names(folder.path(), &inputs), ["2.csv", "1.csv"]);
        assert_eq!(failures.len(), 2);
        assert!(failures[0].to_string().ends_with("nothing.csv: no such file or folder"));
    }

    #[test]
    fn a_folder_without_data_is_an_error() {
        let folder = tree(&["readme.md"]);
        let mut failures = Vec::new();
        expand(&[folder.path().display().to_string()], &mut failures);
        assert!(failures[0].to_string().contains("a folder without data"));
    }
}
