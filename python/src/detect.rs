//! `detect` and `detect_many`: scores and change points of plain series.

use crate::fault::{Fault, Result};
use crate::frame::Column;
use crate::table::{Builder, PyResultTable, batch};
use arrow_array::Array;
use arrow_select::concat::concat;
use floodmark::detect::points::{PointOptions, Points, Seasons, points};
use floodmark::error::Error;
use floodmark::ingest::stamp::{EXPECTED, Stamp, parse, show};
use floodmark::ingest::{Datum, Gridded, Plain, TimeCoding};
use floodmark::report::cell::{Cell, push_csv_text, push_integer};
use floodmark::report::table::Content;
use floodmark::time::Seconds;
use pyo3::prelude::*;
use pyo3_arrow::input::AnyArray;
use std::panic::{AssertUnwindSafe, catch_unwind};

const POINTS: &str = "index,timestamp,value,expected,lower,upper,z,score,spike,changepoint,segment_mean";
const CHANGEPOINTS: &str = "index,timestamp,lower,upper,before,after,change_pct,p_value";

/// One column of input: an Arrow array, or a list.
#[derive(FromPyObject)]
pub(crate) enum Given {
    Arrow(AnyArray),
    Numbers(Vec<Option<f64>>),
    Texts(Vec<Option<String>>),
}

impl Given {
    pub(crate) fn column(self, name: &str) -> Result<Column> {
        let fault = |error: &dyn std::fmt::Display| Fault::input(format!("{name}: {error}"));
        match self {
            Given::Arrow(array) => {
                let (chunks, field) = array.into_chunked_array().map_err(|e| fault(&e))?.into_inner();
                let chunks: Vec<&dyn Array> = chunks.iter().map(AsRef::as_ref).collect();
                match chunks.is_empty() {
                    true => Column::new(&arrow_array::new_empty_array(field.data_type()), name),
                    false => Column::new(&concat(&chunks).map_err(|e| fault(&e))?, name),
                }
            }
            Given::Numbers(numbers) => Ok(Column::Number(numbers.into_iter().collect())),
            Given::Texts(texts) => Ok(Column::Text(texts.into_iter().collect())),
        }
    }
}

fn value(cell: Datum<'_>) -> std::result::Result<f64, Error> {
    let fault = |text: &str, what: &str| Err(Error::input(format!("found '{text}', expected {what}")));
    let number = match cell {
        Datum::Missing => f64::NAN,
        Datum::Whole(number) => number as f64,
        Datum::Number(number) => number,
        Datum::Text(text) if text.trim().is_empty() => f64::NAN,
        Datum::Text(text) => match text.trim().parse() {
            Ok(number) => number,
            Err(_) => return fault(text, "a number"),
        },
    };
    if number.is_infinite() { fault(&number.to_string(), "a finite number") } else { Ok(number) }
}

/// A moment, whether it carried a zone, and its text.
fn moment(cell: Datum<'_>, coding: TimeCoding) -> std::result::Result<(Seconds, bool, String), Error> {
    let text = match (cell, coding) {
        (Datum::Whole(count), TimeCoding::Days) => return Ok((count * 86_400, false, show(count * 86_400))),
        (Datum::Whole(count), TimeCoding::Wall(unit)) => {
            let time = count.div_euclid(unit);
            return Ok((time, false, show(time)));
        }
        (Datum::Whole(count), TimeCoding::Instant(unit)) => {
            let time = count.div_euclid(unit);
            return Ok((time, true, show(time)));
        }
        (Datum::Text(text), _) => text.to_string(),
        (Datum::Whole(count), TimeCoding::Text) => count.to_string(),
        (Datum::Number(number), _) => number.to_string(),
        (Datum::Missing, _) => String::new(),
    };
    match parse(&text) {
        Some(Stamp::Instant(time)) => Ok((time, true, text)),
        Some(Stamp::Civil { wall, .. }) => Ok((wall, false, text)),
        None => Err(Error::input(format!("found '{text}', expected {EXPECTED}"))),
    }
}

/// The rows of a series, given by their places in the columns.
fn plain(values: &Column, times: Option<&Column>, rows: &[usize]) -> std::result::Result<Plain, Error> {
    let at = |error: Error, name: &str, row: usize| error.in_file(name).at_line(row as u64 + 1);
    let mut numbers = Vec::with_capacity(rows.len());
    for &row in rows {
        numbers.push(value(values.cell(row)).map_err(|error| at(error, "values", row))?);
    }
    if numbers.is_empty() {
        return Err(Error::input("found no values"));
    }
    let Some(times) = times else {
        return Ok(Plain::new(None, vec![String::new(); numbers.len()], numbers, Vec::new()));
    };
    let (mut seconds, mut raw, mut first) = (Vec::new(), Vec::new(), None);
    for &row in rows {
        let (time, zoned, text) =
            moment(times.cell(row), times.coding()).map_err(|error| at(error, "timestamps", row))?;
        if *first.get_or_insert(zoned) != zoned {
            let message = format!("found '{text}': time stamps with and without a time zone in one series");
            return Err(at(Error::input(message), "timestamps", row));
        }
        seconds.push(time);
        raw.push(text);
    }
    Ok(Plain::new(Some(seconds), raw, numbers, Vec::new()))
}

/// The options of `detect`.
#[derive(Clone, Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Options {
    online: bool,
    season: String,
    interval: f64,
}

impl Options {
    fn checked(&self) -> Result<PointOptions> {
        let text = self.season.trim();
        let fault =
            || Fault::usage(format!("--season '{text}': expected auto, none, or periods in samples such as 24,168"));
        let period =
            |part: &str| part.trim().parse().ok().filter(|period| (2..=1_000_000).contains(period)).ok_or_else(fault);
        let seasons = match text {
            "auto" => Seasons::Auto,
            "none" => Seasons::None,
            list => Seasons::Periods(list.split(',').map(period).collect::<Result<_>>()?),
        };
        if !(self.interval > 0.0 && self.interval < 1.0) {
            return Err(Fault::usage(format!("--interval is {}, expected a number between 0 and 1", self.interval)));
        }
        Ok(PointOptions { online: self.online, seasons, interval: self.interval, ..PointOptions::default() })
    }
}

/// Columns and text of the points, row by row.
struct Out {
    columns: Vec<(String, Builder)>,
    csv: Vec<u8>,
}

impl Out {
    fn new(names: &str) -> Out {
        let content = |name: &str| match name {
            "index" | "spike" | "changepoint" => Content::Integer,
            "timestamp" | "key" | "error" => Content::Text,
            // Ends of the interval for a position, not of a forecast.
            "lower" | "upper" if names == CHANGEPOINTS => Content::Integer,
            _ => Content::Number,
        };
        let columns = names.split(',').map(|name| (name.to_string(), Builder::new(content(name)))).collect();
        Out { columns, csv: format!("{names}\n").into_bytes() }
    }

    /// Writes one row; `first` columns before it are filled by the caller.
    fn row(&mut self, first: usize, cells: &[Out1<'_>]) {
        for (i, (cell, (_, column))) in cells.iter().zip(&mut self.columns[first..]).enumerate() {
            if i > 0 {
                self.csv.push(b',');
            }
            match cell {
                Out1::Whole(number) => {
                    column.integer(Some(*number));
                    push_integer(&mut self.csv, *number);
                }
                Out1::Text(text) => {
                    column.text((!text.is_empty()).then_some(text));
                    push_csv_text(&mut self.csv, text);
                }
                Out1::Exact(number) => {
                    column.number(*number);
                    floodmark::report::cell::push_exact(&mut self.csv, *number);
                }
                Out1::Cell(cell) => {
                    column.number(cell.as_read());
                    cell.push_csv(&mut self.csv);
                }
            }
        }
        self.csv.push(b'\n');
    }

    fn points(&mut self, first: usize, plain: &Plain, found: &Points) {
        for (row, (value, index)) in plain.values.iter().zip(&plain.row_to_index).enumerate() {
            let column = |values: &[f64]| Out1::Cell(Cell::Number(index.map_or(f64::NAN, |i| values[i])));
            let mark = |marks: &[bool]| Out1::Whole(index.map_or(0, |i| i64::from(marks[i])));
            // Too early to judge is not a zero.
            let score = index.filter(|i| !found.expected[*i].is_nan()).map_or(f64::NAN, |i| found.score[i]);
            let cells = [
                Out1::Whole(row as i64),
                Out1::Text(plain.raw_times.get(row).map_or("", String::as_str)),
                Out1::Exact(*value),
                column(&found.expected),
                column(&found.lower),
                column(&found.upper),
                column(&found.z),
                Out1::Exact(score),
                mark(&found.spike),
                mark(&found.changepoint),
                column(&found.segment_mean),
            ];
            self.row(first, &cells);
        }
    }

    fn change_points(&mut self, plain: &Plain, series: &Gridded, found: &Points) {
        for change in &found.change_points {
            let Some(row) = series.row_from(change.index) else { continue };
            let place = |index: usize| Out1::Whole(series.row_from(index).unwrap_or(row) as i64);
            let ratio = if change.before == 0.0 { f64::NAN } else { change.after / change.before };
            let cells = [
                Out1::Whole(row as i64),
                Out1::Text(plain.raw_times.get(row).map_or("", String::as_str)),
                place(change.low),
                place(change.high),
                Out1::Cell(Cell::Number(change.before)),
                Out1::Cell(Cell::Number(change.after)),
                Out1::Cell(Cell::Percent(ratio - 1.0)),
                Out1::Cell(Cell::Number(change.p_value)),
            ];
            self.row(0, &cells);
        }
    }

    fn table(self, name: &str) -> Result<PyResultTable> {
        Ok(PyResultTable::new(name, batch(self.columns)?, self.csv))
    }
}

/// One cell of the output.
enum Out1<'a> {
    Whole(i64),
    Text(&'a str),
    /// All its digits.
    Exact(f64),
    Cell(Cell<'a>),
}

#[pyfunction]
pub(crate) fn detect(
    py: Python<'_>,
    values: Given,
    timestamps: Option<Given>,
    options: Options,
    changepoints: bool,
) -> PyResult<(PyResultTable, Vec<String>)> {
    let work = || -> Result<(PyResultTable, Vec<String>)> {
        let options = options.checked()?;
        let values = values.column("values")?;
        let times = timestamps.map(|times| times.column("timestamps")).transpose()?;
        same_length(&[("values", Some(&values)), ("timestamps", times.as_ref())])?;
        let plain = plain(&values, times.as_ref(), &(0..values.len()).collect::<Vec<_>>())?;
        let series = Gridded::new(&plain);
        let found = points(&series.values, plain.step(), &options);
        let mut out = Out::new(if changepoints { CHANGEPOINTS } else { POINTS });
        match changepoints {
            true => out.change_points(&plain, &series, &found),
            false => out.points(0, &plain, &found),
        }
        Ok((out.table(if changepoints { "changepoints" } else { "points" })?, plain.notes))
    };
    Ok(py.detach(work)?)
}

fn same_length(columns: &[(&str, Option<&Column>)]) -> Result<()> {
    let lengths: Vec<(&str, usize)> =
        columns.iter().filter_map(|(name, column)| Some((*name, (*column)?.len()))).collect();
    match lengths.windows(2).find(|pair| pair[0].1 != pair[1].1) {
        None => Ok(()),
        Some(pair) => Err(Fault::input(format!(
            "{} {} but {} {}: expected as many of one as of the other",
            pair[0].1, pair[0].0, pair[1].1, pair[1].0
        ))),
    }
}

/// The points of many series in one call. A series in which something is wrong is one row with an `error`.
#[pyfunction]
pub(crate) fn detect_many(
    py: Python<'_>,
    keys: Given,
    timestamps: Option<Given>,
    values: Given,
    options: Options,
) -> PyResult<PyResultTable> {
    let work = || -> Result<PyResultTable> {
        let options = options.checked()?;
        let (keys, values) = (keys.column("keys")?, values.column("values")?);
        let times = timestamps.map(|times| times.column("timestamps")).transpose()?;
        same_length(&[("keys", Some(&keys)), ("values", Some(&values)), ("timestamps", times.as_ref())])?;
        let mut out = Out::new(&format!("key,{POINTS},error"));
        for (key, rows) in groups(&keys) {
            // One bad series must not take the others with it.
            let scored = catch_unwind(AssertUnwindSafe(|| {
                let plain = plain(&values, times.as_ref(), &rows)?;
                let found = points(&plain.on_grid(), plain.step(), &options);
                Ok((plain, found))
            }));
            let scored = scored.unwrap_or_else(|_| Err(Error::input("the detector gave up on this series")));
            out.many(&key, scored)?;
        }
        out.csv.clear();
        out.table("points")
    };
    Ok(py.detach(work)?)
}

impl Out {
    fn many(&mut self, key: &str, scored: std::result::Result<(Plain, Points), Error>) -> Result<()> {
        let last = self.columns.len() - 1;
        let rows = match scored {
            Ok((plain, found)) => {
                self.points(1, &plain, &found);
                (0..plain.values.len()).for_each(|_| self.columns[last].1.text(None));
                plain.values.len()
            }
            Err(error) => {
                for (_, column) in &mut self.columns[1..last] {
                    column.nothing();
                }
                self.columns[last].1.text(Some(&error.in_series(key).to_string()));
                1
            }
        };
        (0..rows).for_each(|_| self.columns[0].1.text(Some(key)));
        Ok(())
    }
}

/// Keys in order of their first row, each with its rows.
fn groups(keys: &Column) -> Vec<(String, Vec<usize>)> {
    let mut place: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
    for row in 0..keys.len() {
        let key = match keys.cell(row) {
            Datum::Missing => String::new(),
            Datum::Text(text) => text.to_string(),
            Datum::Whole(number) => number.to_string(),
            Datum::Number(number) => number.to_string(),
        };
        match place.get(&key) {
            Some(at) => groups[*at].1.push(row),
            None => {
                place.insert(key.clone(), groups.len());
                groups.push((key, vec![row]));
            }
        }
    }
    groups
}
