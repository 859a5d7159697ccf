//! `reduce`: any files to the canonical table.

use super::args::Reduce;
use super::plan::{format, kind_of, moment};
use super::{Outcome, to_stdout};
use crate::error::{Error, Result};
use crate::ingest::reduce::{By, Order, Reduced, Unknown, reduce};
use crate::ingest::{Columns, Hints};
use crate::registry::{PUBLIC_SUFFIX_LIST, Registry};
use crate::time::Step;
use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Where a table goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Stdout,
    Csv,
    Parquet,
}

pub(crate) fn run(arguments: &Reduce) -> Result<Outcome> {
    let target = target(&arguments.out)?;
    let mut registry = Registry::builtin()?;
    for file in &arguments.domains {
        registry.add_file(file)?;
    }
    let order = order(arguments, &registry)?;
    let reduced = reduce(&order)?;
    for failure in &reduced.failures {
        eprintln!("{failure}");
    }
    if !arguments.quiet {
        tell(&reduced);
    }
    let record = reduced.record(options(arguments, &registry));
    if let Some(path) = &arguments.record {
        let text =
            serde_json::to_vec_pretty(&record).map_err(|e| Error::input("cannot write the record").because(e))?;
        atomically(path, |out| out.write_all(&text).map_err(|e| Error::io("cannot write", e)))?;
    }
    let path = Path::new(&arguments.out);
    match target {
        Target::Stdout => to_stdout(|out| reduced.write_csv(out))?,
        Target::Csv => atomically(path, |out| reduced.write_csv(out).map_err(|e| Error::io("cannot write", e)))?,
        Target::Parquet => atomically(path, |out| reduced.write_parquet(out, &record))?,
    }
    Ok(if reduced.failures.is_empty() { Outcome::Done } else { Outcome::Partial })
}

/// Checked before anything is read.
fn target(out: &str) -> Result<Target> {
    let end = Path::new(out).extension().map(|end| end.to_string_lossy().to_ascii_lowercase());
    match (out, end.as_deref()) {
        ("-", _) => Ok(Target::Stdout),
        (_, Some("csv")) => Ok(Target::Csv),
        (_, Some("parquet")) => Ok(Target::Parquet),
        _ => Err(Error::usage(format!("--out '{out}': expected a name that ends in .parquet or .csv, or -"))),
    }
}

fn order<'a>(arguments: &Reduce, registry: &'a Registry) -> Result<Order<'a>> {
    let date = arguments.date.as_deref().map(|text| moment("date", text)).transpose()?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(Order {
        inputs: arguments.input.clone(),
        every: match arguments.every.as_str() {
            "hour" => Step::HOUR,
            "week" => Step::WEEK,
            _ => Step::DAY,
        },
        by: match arguments.by.as_str() {
            "outlet" => By::Outlet,
            "host" => By::Host,
            _ => By::Domain,
        },
        unknown: arguments.keep_unknown.as_deref().map(unknown).transpose()?,
        registry,
        columns: Columns {
            time: arguments.time_col.clone(),
            domain: arguments.domain_col.clone(),
            country: arguments.country_col.clone(),
            value: arguments.value_col.clone(),
        },
        kind: arguments.value_kind.map(kind_of),
        time_zone: arguments.time_zone.clone(),
        hints: Hints {
            format: format(arguments.format, &arguments.domain_col),
            about: arguments.name.clone(),
            date: date.map(|(day, _)| day),
            articles: arguments.articles.clone(),
        },
        checkpoint: arguments.checkpoint.clone(),
        jobs: if arguments.jobs == 0 { cores } else { arguments.jobs },
    })
}

/// `all`, `none` or `top:N`.
fn unknown(text: &str) -> Result<Unknown> {
    let fault = || Error::usage(format!("--keep-unknown '{text}': expected all, none, or top:N such as top:1000"));
    match text.trim() {
        "all" => Ok(Unknown::All),
        "none" => Ok(Unknown::None),
        other => {
            let count = other.strip_prefix("top:").and_then(|count| count.parse().ok());
            count.filter(|count| *count > 0).map(Unknown::Top).ok_or_else(fault)
        }
    }
}

/// What was asked for, for the record.
fn options(arguments: &Reduce, registry: &Registry) -> BTreeMap<String, String> {
    let shown = |path: &Option<std::path::PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let mut options = BTreeMap::from([
        ("by".to_string(), arguments.by.clone()),
        ("registry".to_string(), registry.version()),
        ("public-suffix-list".to_string(), PUBLIC_SUFFIX_LIST.to_string()),
    ]);
    let said = [
        ("keep-unknown", arguments.keep_unknown.clone()),
        ("articles", shown(&arguments.articles)),
        ("time-zone", arguments.time_zone.clone()),
        ("name", arguments.name.clone()),
        ("date", arguments.date.clone()),
        ("value-col", arguments.value_col.clone()),
    ];
    options.extend(said.into_iter().filter_map(|(name, value)| value.map(|value| (name.to_string(), value))));
    options
}

fn tell(reduced: &Reduced) {
    for note in &reduced.notes {
        eprintln!("note: {note}");
    }
    for (reason, rows) in &reduced.skipped {
        eprintln!("skipped: {rows} rows: {reason}");
    }
    let rows: u64 = reduced.files.iter().map(|file| file.rows).sum();
    let (files, kept) = (reduced.files.len(), reduced.len());
    eprintln!("reduced: {rows} rows of {files} files to {kept}, values of kind '{}'", reduced.kind().name());
}

/// Writes a file that is there whole or not at all.
fn atomically(path: &Path, write: impl FnOnce(&mut BufWriter<&mut std::fs::File>) -> Result<()>) -> Result<()> {
    let named = path.display().to_string();
    let fail = |error: std::io::Error| Error::io("cannot write", error);
    let written = || -> Result<()> {
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(".floodmark-").tempfile_in(folder).map_err(fail)?;
        let mut out = BufWriter::with_capacity(1 << 18, file.as_file_mut());
        write(&mut out)?;
        out.flush().map_err(fail)?;
        drop(out);
        open_permissions(file.as_file());
        file.persist(path).map(drop).map_err(|error| fail(error.error))
    };
    written().map_err(|error| error.in_file(named))
}

/// Temporary files are for their owner alone; a result has the permissions that any new file has.
fn open_permissions(file: &std::fs::File) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let _ = file.set_permissions(std::fs::Permissions::from_mode(0o644));
    }
    #[cfg(not(unix))]
    let _ = file;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_names_are_kept_is_a_word_or_a_number() {
        assert_eq!(unknown("top:5").expect("sound"), Unknown::Top(5));
        assert_eq!([unknown("all").expect("sound"), unknown("none").expect("sound")], [Unknown::All, Unknown::None]);
        for text in ["", "top", "top:", "top:0", "top:-1", "some"] {
            assert!(unknown(text).expect_err(text).is_usage());
        }
    }

    #[test]
    fn the_name_of_the_output_tells_its_format() {
        assert_eq!(target("-").expect("sound"), Target::Stdout);
        assert_eq!(target("a/b.PARQUET").expect("sound"), Target::Parquet);
        assert!(target("b.xlsx").expect_err("no such format").is_usage());
    }
}
