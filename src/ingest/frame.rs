//! Writing tables as Parquet.

use crate::error::{Error, Result};
use crate::time::Seconds;
use polars::prelude::*;
use std::io::Write;

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

/// Writes a table given in batches that share names and types; every batch becomes one or more row groups.
///
/// # Errors
/// The columns of a batch differ in length, or `out` refuses.
pub fn write_parquet<'a>(out: impl Write, first: Table<'a>, rest: impl Iterator<Item = Table<'a>>) -> Result<()> {
    write_parquet_with(out, &[], first, rest)
}

/// [`write_parquet`] with words about the table: names and texts.
///
/// # Errors
/// As for [`write_parquet`].
pub fn write_parquet_with<'a>(
    out: impl Write,
    words: &[(&str, String)],
    first: Table<'a>,
    rest: impl Iterator<Item = Table<'a>>,
) -> Result<()> {
    let words = words.iter().map(|(name, text)| ((*name).to_string(), text.clone())).collect();
    let write = || -> PolarsResult<()> {
        let first = frame(first)?;
        let words = KeyValueMetadata::from_static(words);
        let mut writer = ParquetWriter::new(out).with_key_value_metadata(Some(words)).batched(first.schema())?;
        writer.write_batch(&first)?;
        for table in rest {
            writer.write_batch(&frame(table)?)?;
        }
        writer.finish().map(drop)
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
