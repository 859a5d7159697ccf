//! `detect`: one plain series in, scores and change points out.

use super::args::{Detect, Output};
use super::{Outcome, to_stdout};
use crate::alert::ChangePoint;
use crate::config::Format;
use crate::detect::points::{PointOptions, Points, Seasons, points};
use crate::error::{Error, Result};
use crate::ingest::{Columns, Gridded, Hints, Plain, read_foreign, read_plain};
use crate::report::cell::{push_csv_text, push_decimals, push_exact, push_integer, push_number};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

const POINTS: &str = "index,timestamp,value,expected,lower,upper,z,score,spike,changepoint,segment_mean";
const CHANGEPOINTS: &str = "index,timestamp,lower,upper,before,after,change_pct,p_value";

/// What is written for rows and change points is gathered up to this size.
const CHUNK: usize = 1 << 16;

pub(crate) fn run(arguments: &Detect) -> Result<Outcome> {
    let options = PointOptions { online: arguments.online, seasons: seasons(&arguments.season)?, ..Default::default() };
    let plain = read(arguments)?;
    if !arguments.quiet {
        for note in &plain.notes {
            eprintln!("note: {note}");
        }
    }
    let series = Gridded::new(&plain);
    let found = points(&series.values, plain.step(), &options);
    to_stdout(|out| match arguments.output {
        Output::Points => write_points(out, &plain, &found),
        Output::Changepoints => write_change_points(out, &plain, &series, &found.change_points),
    })?;
    Ok(Outcome::Done)
}

fn read(arguments: &Detect) -> Result<Plain> {
    let columns =
        Columns { time: arguments.time_col.clone(), value: arguments.value_col.clone(), ..Columns::default() };
    let hints =
        Hints { format: (arguments.format != Format::Auto).then(|| arguments.format.name()), ..Hints::default() };
    // Who names a column has a plain table, even where it looks like the export of a source.
    let plain = arguments.format == Format::Auto
        && arguments.series.is_none()
        && (columns.time.is_some() || columns.value.is_some());
    if !plain
        && let Some(plain) = read_foreign(Path::new(&arguments.file), &hints, &columns, arguments.series.as_deref())?
    {
        return Ok(plain);
    }
    if arguments.series.is_some() {
        return Err(Error::usage("--series chooses among several of a file; a plain table has --value-col"));
    }
    let (name, reader): (&str, Box<dyn Read>) = match arguments.file.as_str() {
        "-" => ("standard input", Box::new(io::stdin().lock())),
        path => {
            let file = File::open(path).map_err(|error| Error::io("cannot open", error).in_file(path))?;
            (path, Box::new(file))
        }
    };
    read_plain(reader, name, arguments.time_col.as_deref(), arguments.value_col.as_deref())
}

/// `auto`, `none`, or periods in samples.
fn seasons(text: &str) -> Result<Seasons> {
    let fault =
        || Error::usage(format!("--season '{text}': expected auto, none, or periods in samples such as 24,168"));
    match text.trim() {
        "auto" => Ok(Seasons::Auto),
        "none" => Ok(Seasons::None),
        list => list
            .split(',')
            .map(|part| part.trim().parse().ok().filter(|period| (2..=1_000_000).contains(period)).ok_or_else(fault))
            .collect::<Result<Vec<usize>>>()
            .map(Seasons::Periods),
    }
}

fn write_points(out: &mut impl Write, plain: &Plain, found: &Points) -> io::Result<()> {
    writeln!(out, "{POINTS}")?;
    let mut text = Vec::with_capacity(CHUNK + 1024);
    for (row, (value, index)) in plain.values.iter().zip(&plain.row_to_index).enumerate() {
        push_integer(&mut text, row as i64);
        text.push(b',');
        push_csv_text(&mut text, plain.raw_times.get(row).map_or("", String::as_str));
        text.push(b',');
        push_exact(&mut text, *value);
        match index {
            Some(index) => push_scores(&mut text, found, *index),
            // A repeated stamp: reported, and not judged a second time.
            None => text.extend_from_slice(b",,,,,,0,0,"),
        }
        text.push(b'\n');
        if text.len() >= CHUNK {
            out.write_all(&text)?;
            text.clear();
        }
    }
    out.write_all(&text)
}

fn push_scores(text: &mut Vec<u8>, found: &Points, index: usize) {
    for column in [&found.expected, &found.lower, &found.upper, &found.z] {
        text.push(b',');
        push_number(text, column[index]);
    }
    text.push(b',');
    // Scores near one are told apart by their last digits: none may be cut off. Too early to judge is not a zero.
    let judged = !found.expected[index].is_nan();
    push_exact(text, if judged { found.score[index] } else { f64::NAN });
    for mark in [&found.spike, &found.changepoint] {
        text.extend_from_slice(if mark[index] { b",1" } else { b",0" });
    }
    text.push(b',');
    push_number(text, found.segment_mean[index]);
}

fn write_change_points(
    out: &mut impl Write,
    plain: &Plain,
    series: &Gridded,
    changes: &[ChangePoint],
) -> io::Result<()> {
    writeln!(out, "{CHANGEPOINTS}")?;
    let mut text = Vec::new();
    for change in changes {
        let Some(row) = series.row_from(change.index) else { continue };
        text.clear();
        push_integer(&mut text, row as i64);
        text.push(b',');
        push_csv_text(&mut text, plain.raw_times.get(row).map_or("", String::as_str));
        for end in [change.low, change.high] {
            text.push(b',');
            push_integer(&mut text, series.row_from(end).unwrap_or(row) as i64);
        }
        for value in [change.before, change.after] {
            text.push(b',');
            push_number(&mut text, value);
        }
        text.push(b',');
        let ratio = if change.before == 0.0 { f64::NAN } else { change.after / change.before };
        push_decimals(&mut text, 100.0 * (ratio - 1.0), 4);
        text.push(b',');
        push_number(&mut text, change.p_value);
        text.push(b'\n');
        out.write_all(&text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seasons_are_words_or_periods() {
        assert_eq!(seasons("auto").expect("sound"), Seasons::Auto);
        assert_eq!(seasons(" 24, 168").expect("sound"), Seasons::Periods(vec![24, 168]));
        for text in ["", "weekly", "0", "1", "7,", "-7", "7.5"] {
            assert!(seasons(text).expect_err(text).is_usage());
        }
    }
}
