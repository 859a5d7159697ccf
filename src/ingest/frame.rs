//! Writing tables as Parquet.

use crate::error::{Error, Result};
use crate::time::Seconds;
use polars::prelude::*;
use std::io::Write;
use std::iter::once;
use std::path::Path;
use std::sync::mpsc::sync_channel;

/// One column of a table to be written.
#[derive(Clone, Debug, PartialEq)]
pub enum Column<'a> {
    /// Words.
    Text(Vec<&'a str>),
    /// Numbers; `NaN` becomes null.
    Number(Vec<f64>),
    /// Whole numbers.
    Whole(Vec<Option<u32>>),
    /// Moments: written as time stamps in milliseconds, UTC.
    Time(Vec<Seconds>),
    /// Moments that say of themselves that they are in UTC.
    Instant(Vec<Seconds>),
    /// Days.
    Day(Vec<Seconds>),
}

/// A table as named columns of one length.
pub type Table<'a> = Vec<(&'static str, Column<'a>)>;

/// Rows read back from a Parquet file: texts and numbers, column by column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// One list a text column asked for; an empty text for null.
    pub texts: Vec<Vec<String>>,
    /// One list a number column asked for; `NaN` for null, moments in milliseconds.
    pub numbers: Vec<Vec<f64>>,
}

/// Reads columns of the rows whose text columns have given values.
///
/// # Errors
/// The file cannot be read, or lacks a column.
pub fn read_parquet(path: &Path, equal: &[(&str, &str)], texts: &[&str], numbers: &[&str]) -> Result<Rows> {
    let read = || -> PolarsResult<Rows> {
        let arguments = ScanArgsParquet { glob: false, ..ScanArgsParquet::default() };
        let mut plan = LazyFrame::scan_parquet(PlRefPath::try_from_path(path)?, arguments)?;
        for (column, value) in equal {
            plan = plan.filter(col(*column).fill_null(lit("")).eq(lit(value.to_string())));
        }
        let text = |name: &&str| col(*name).cast(DataType::String).fill_null(lit(""));
        // Moments first as the whole numbers they are stored as.
        let number = |name: &&str| match *name {
            "timestamp" => col(*name).cast(DataType::Int64).cast(DataType::Float64),
            name => col(name).cast(DataType::Float64),
        };
        let chosen = texts.iter().map(text).chain(numbers.iter().map(number));
        let frame = plan.select(chosen.collect::<Vec<_>>()).collect()?;
        let text = |name: &&str| -> PolarsResult<Vec<String>> {
            let cells = frame.column(name)?.str()?;
            Ok((0..cells.len()).map(|row| cells.get(row).unwrap_or_default().to_string()).collect())
        };
        let number = |name: &&str| -> PolarsResult<Vec<f64>> {
            let cells = frame.column(name)?.f64()?;
            Ok((0..cells.len()).map(|row| cells.get(row).unwrap_or(f64::NAN)).collect())
        };
        Ok(Rows {
            texts: texts.iter().map(text).collect::<PolarsResult<_>>()?,
            numbers: numbers.iter().map(number).collect::<PolarsResult<_>>()?,
        })
    };
    let fault = |reason: String| Error::input("cannot read the table").because(reason);
    read().map_err(|error| fault(error.to_string()).in_file(path.display().to_string()))
}

/// Distinct combinations of text columns, sorted.
///
/// # Errors
/// As [`read_parquet`].
pub fn distinct(path: &Path, columns: &[&str]) -> Result<Vec<Vec<String>>> {
    let read = || -> PolarsResult<Vec<Vec<String>>> {
        let arguments = ScanArgsParquet { glob: false, ..ScanArgsParquet::default() };
        let plan = LazyFrame::scan_parquet(PlRefPath::try_from_path(path)?, arguments)?;
        let keys: Vec<Expr> = columns.iter().map(|name| col(*name).cast(DataType::String).fill_null(lit(""))).collect();
        let frame = plan.group_by(keys).agg([len()]).collect()?;
        let cell = |name: &str, row: usize| -> PolarsResult<String> {
            Ok(frame.column(name)?.str()?.get(row).unwrap_or_default().to_string())
        };
        let key = |row| columns.iter().map(|name| cell(name, row)).collect::<PolarsResult<Vec<_>>>();
        (0..frame.height()).map(key).collect()
    };
    let mut keys = read().map_err(|error| {
        Error::input("cannot read the table").because(error.to_string()).in_file(path.display().to_string())
    })?;
    keys.sort();
    Ok(keys)
}

/// Writes a table given in batches that share names and types; every batch becomes one or more row groups. One batch is
/// made while the one before is encoded and the one before that is written.
///
/// # Errors
/// The columns of a batch differ in length, or `out` refuses.
pub fn write_parquet<'a>(
    out: impl Write + Send,
    first: Table<'a>,
    rest: impl Iterator<Item = Table<'a>> + Send,
) -> Result<()> {
    write_parquet_with(out, &[], first, rest)
}

/// [`write_parquet`] with words about the table: names and texts.
///
/// # Errors
/// As for [`write_parquet`].
pub fn write_parquet_with<'a>(
    out: impl Write + Send,
    words: &[(&str, String)],
    first: Table<'a>,
    rest: impl Iterator<Item = Table<'a>> + Send,
) -> Result<()> {
    let words = words.iter().map(|(name, text)| ((*name).to_string(), text.clone())).collect();
    let write = || -> PolarsResult<()> {
        let first = frame(first)?;
        let words = KeyValueMetadata::from_static(words);
        let writer = ParquetWriter::new(out).with_key_value_metadata(Some(words)).batched(first.schema())?;
        let encoded = |frame: PolarsResult<DataFrame>| writer.encode_and_compress(&frame?).collect::<PolarsResult<_>>();
        std::thread::scope(|scope| {
            let ((made, frames), (ready, groups)) = (sync_channel(1), sync_channel(1));
            // Whoever comes after has stopped where something is not taken, and says why.
            scope.spawn(move || once(Ok(first)).chain(rest.map(frame)).try_for_each(|frame| made.send(frame)));
            scope.spawn(move || frames.into_iter().map(encoded).try_for_each(|group| ready.send(group)));
            groups.into_iter().try_for_each(|group| writer.write_row_groups(group?))?;
            writer.finish().map(drop)
        })
    };
    write().map_err(|error| match error {
        PolarsError::IO { error, .. } => {
            Error::io("cannot write the table", std::io::Error::new(error.kind(), error.to_string()))
        }
        other => Error::input("cannot write the table").because(other),
    })
}

fn frame(table: Table<'_>) -> PolarsResult<DataFrame> {
    let columns = table.into_iter().map(|(name, column)| series(name.into(), column).map(Into::into));
    DataFrame::new_infer_height(columns.collect::<PolarsResult<Vec<_>>>()?)
}

fn series(name: PlSmallStr, column: Column<'_>) -> PolarsResult<Series> {
    Ok(match column {
        Column::Text(texts) => StringChunked::from_slice(name, &texts).into_series(),
        Column::Number(numbers) => {
            let known = numbers.into_iter().map(|x| (!x.is_nan()).then_some(x));
            Float64Chunked::from_iter_options(name, known).into_series()
        }
        Column::Whole(numbers) => UInt32Chunked::from_iter_options(name, numbers.into_iter()).into_series(),
        Column::Time(times) => moments(name, times, None)?,
        Column::Instant(times) => moments(name, times, Some(TimeZone::UTC))?,
        Column::Day(times) => {
            let days: Vec<i32> = times.into_iter().map(|time| time.div_euclid(86_400) as i32).collect();
            Int32Chunked::from_vec(name, days).into_series().cast(&DataType::Date)?
        }
    })
}

fn moments(name: PlSmallStr, times: Vec<Seconds>, zone: Option<TimeZone>) -> PolarsResult<Series> {
    let stamps: Vec<i64> = times.into_iter().map(|time| time * 1000).collect();
    Int64Chunked::from_vec(name, stamps).into_series().cast(&DataType::Datetime(TimeUnit::Milliseconds, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(n: usize) -> Table<'static> {
        vec![
            ("name", Column::Text(vec!["a"; n])),
            ("value", Column::Number((0..n).map(|i| if i == 1 { f64::NAN } else { i as f64 }).collect())),
            ("segment", Column::Whole(vec![Some(3); n])),
            ("timestamp", Column::Time((0..n as i64).map(|i| i * 3_600).collect())),
        ]
    }

    #[test]
    fn batches_become_one_table_with_nulls_for_what_is_unknown() {
        let mut bytes = Vec::new();
        write_parquet(&mut bytes, table(3), std::iter::once(table(2))).expect("written");
        let frame = ParquetReader::new(std::io::Cursor::new(bytes)).finish().expect("Parquet");
        assert_eq!(frame.shape(), (5, 4));
        assert_eq!(frame.column("value").expect("there").null_count(), 2);
        assert_eq!(
            frame.column("timestamp").expect("there").dtype(),
            &DataType::Datetime(TimeUnit::Milliseconds, None)
        );
    }

    #[test]
    fn a_table_without_rows_has_its_columns_and_the_same_table_the_same_bytes() {
        let write = |n| {
            let mut bytes = Vec::new();
            write_parquet(&mut bytes, table(n), std::iter::empty()).expect("written");
            bytes
        };
        let empty = ParquetReader::new(std::io::Cursor::new(write(0))).finish().expect("Parquet");
        assert_eq!(empty.shape(), (0, 4));
        assert_eq!(write(1000), write(1000));
    }
}
