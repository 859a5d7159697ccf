//! The engine: one lazy, streaming `group_by` over a file. The only place that names polars.
//!
//! Stamps, domains, countries and odd values are left as written and grouped as written, so memory is bounded by the
//! number of distinct keys, not of rows; what they mean is decided once for each distinct text.

use super::groups::{Group, Grouped, RawRow, TimeCoding};
use super::header::Chosen;
use super::source::Source;
use crate::error::{Error, Result};
use polars::prelude::*;
use std::collections::HashMap;

/// Names of the columns of a Parquet file.
pub(super) fn parquet_header(source: &Source) -> Result<Vec<String>> {
    let schema = guarded(source, || parquet(source)?.collect_schema())?;
    Ok(schema.iter_names().map(|name| name.to_string()).collect())
}

/// Reduces a file to its distinct keys.
///
/// # Errors
/// The engine cannot read the file.
pub(super) fn grouped(source: &Source, header: &[String], chosen: &Chosen) -> Result<Grouped> {
    let (frame, coding) = selected(source, header, chosen)?;
    let number = col("value").cast(DataType::Float64);
    // Written without `is_finite`: a NaN compares above everything, so the upper bound refuses it.
    let plain = number.clone().gt_eq(lit(0.0)).and(number.clone().lt_eq(lit(f64::MAX))).fill_null(lit(false));
    let odd = when(plain)
        .then(lit(NULL).cast(DataType::String))
        .otherwise(col("value").cast(DataType::String).fill_null(lit("")));
    let plan = frame
        .with_columns([number.alias("number"), odd.alias("odd")])
        .group_by([col("time"), col("domain"), col("country"), col("odd")])
        .agg([
            len().cast(DataType::Int64).alias("rows"),
            col("number").sum().alias("sum"),
            col("number").max().alias("largest"),
        ]);
    // A plan with one sink has a single result.
    let frame = guarded(source, || Ok(plan.collect_with_engine(Engine::Streaming)?.unwrap_single()))?;
    guarded(source, || read_groups(&frame, coding))
}

/// The rows `from..from + length` of a Parquet file as written.
pub(super) fn raw_rows(
    source: &Source,
    header: &[String],
    chosen: &Chosen,
    from: i64,
    length: u32,
) -> Result<(Vec<RawRow>, TimeCoding)> {
    let (frame, coding) = selected(source, header, chosen)?;
    let columns = ["time", "domain", "country", "value"].map(|name| col(name).cast(DataType::String));
    let rows = guarded(source, || {
        let frame = frame.slice(from, length).select(columns).collect()?;
        let cell = |name: &str, row: usize| -> PolarsResult<Option<String>> {
            Ok(frame.column(name)?.str()?.get(row).map(String::from))
        };
        (0..frame.height())
            .map(|row| {
                Ok(RawRow {
                    time: cell("time", row)?,
                    domain: cell("domain", row)?,
                    country: cell("country", row)?,
                    value: cell("value", row)?,
                    kind: None,
                })
            })
            .collect::<PolarsResult<Vec<_>>>()
    })?;
    Ok((rows, coding))
}

/// The file as four columns: `time`, `domain`, `country` (texts) and `value`.
fn selected(source: &Source, header: &[String], chosen: &Chosen) -> Result<(LazyFrame, TimeCoding)> {
    guarded(source, || {
        let mut frame = parquet(source)?;
        let column = |index: usize| col(header[index].as_str());
        let schema = frame.collect_schema()?;
        let time_type = schema.get(&header[chosen.time]).cloned().unwrap_or(DataType::String);
        let (time, coding) = time_of(column(chosen.time), &time_type);
        let text = |index: Option<usize>| match index {
            Some(index) => column(index).cast(DataType::String),
            None => lit(""),
        };
        let frame = frame.select([
            time.cast(DataType::String).alias("time"),
            text(chosen.domain).alias("domain"),
            text(chosen.country).alias("country"),
            column(chosen.value).alias("value"),
        ]);
        Ok((frame, coding))
    })
}

fn time_of(time: Expr, kind: &DataType) -> (Expr, TimeCoding) {
    match kind {
        DataType::Date => (time.cast(DataType::Int32), TimeCoding::Days),
        DataType::Datetime(unit, zone) => {
            let a_second = match unit {
                TimeUnit::Nanoseconds => 1_000_000_000,
                TimeUnit::Microseconds => 1_000_000,
                TimeUnit::Milliseconds => 1_000,
            };
            let coding = if zone.is_some() { TimeCoding::Instant(a_second) } else { TimeCoding::Wall(a_second) };
            (time.cast(DataType::Int64), coding)
        }
        _ => (time, TimeCoding::Text),
    }
}

fn parquet(source: &Source) -> PolarsResult<LazyFrame> {
    let arguments = ScanArgsParquet { glob: false, ..ScanArgsParquet::default() };
    LazyFrame::scan_parquet(PlRefPath::try_from_path(&source.path)?, arguments)
}

fn read_groups(frame: &DataFrame, coding: TimeCoding) -> PolarsResult<Grouped> {
    let text = |name: &str| frame.column(name)?.str().cloned();
    let (time, domain, country, odd) = (text("time")?, text("domain")?, text("country")?, text("odd")?);
    let rows = frame.column("rows")?.i64()?.clone();
    let (sum, largest) = (frame.column("sum")?.f64()?.clone(), frame.column("largest")?.f64()?.clone());
    let mut known: HashMap<&str, u32> = HashMap::new();
    let mut texts: Vec<&str> = Vec::new();
    let mut groups: Vec<Group> = Vec::with_capacity(frame.height());
    for row in 0..frame.height() {
        let mut index = |column| intern(column, row, &mut known, &mut texts);
        groups.push(Group {
            time: index(&time),
            domain: index(&domain),
            country: index(&country),
            odd: index(&odd),
            rows: rows.get(row).unwrap_or(0) as u64,
            sum: sum.get(row).unwrap_or(0.0),
            largest: largest.get(row).unwrap_or(0.0),
        });
    }
    let mut grouped = Grouped { groups, texts: texts.iter().map(|text| text.to_string()).collect(), coding };
    grouped.sort();
    Ok(grouped)
}

fn intern<'a>(
    column: &'a StringChunked,
    row: usize,
    known: &mut HashMap<&'a str, u32>,
    texts: &mut Vec<&'a str>,
) -> Option<u32> {
    column.get(row).map(|text| {
        *known.entry(text).or_insert_with(|| {
            texts.push(text);
            (texts.len() - 1) as u32
        })
    })
}

/// Runs the engine; its errors, and panics, become errors that name the file.
fn guarded<T>(source: &Source, run: impl FnOnce() -> PolarsResult<T>) -> Result<T> {
    let fault = |reason: String| {
        let reason = reason.lines().next().unwrap_or("unknown reason").to_string();
        Error::input("cannot read the table").because(reason).in_file(&source.name)
    };
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(fault(error.to_string())),
        Err(_) => Err(fault("the engine gave up on this file".into())),
    }
}

/// Writes daily rows of one domain for tests, with the time coded in different ways.
#[cfg(test)]
pub(super) fn write_sample(path: &str, start: i64, days: i64, coding: &str) {
    let stamps: Vec<i64> = (0..days).map(|day| start + day * 86_400).collect();
    let texts: Vec<String> = stamps.iter().map(|time| super::stamp::show(*time)).collect();
    let time = match coding {
        "date" => Column::new("date".into(), stamps.iter().map(|t| (t / 86_400) as i32).collect::<Vec<_>>())
            .cast(&DataType::Date),
        "milliseconds" => Column::new("date".into(), stamps.iter().map(|t| t * 1_000).collect::<Vec<_>>())
            .cast(&DataType::Datetime(TimeUnit::Milliseconds, None)),
        "microseconds utc" => Column::new("date".into(), stamps.iter().map(|t| t * 1_000_000).collect::<Vec<_>>())
            .cast(&DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC))),
        "seconds" => Ok(Column::new("date".into(), stamps)),
        _ => Ok(Column::new("date".into(), texts)),
    };
    let mut visits: Vec<f64> = (0..days).map(|day| (100 + day) as f64).collect();
    if coding.starts_with("negative") {
        visits[6] = -1.0;
    }
    let columns = vec![
        time.unwrap(),
        Column::new("domain".into(), vec!["rt.com"; days as usize]),
        Column::new("country".into(), vec!["US"; days as usize]),
        Column::new("visits".into(), visits),
    ];
    let mut frame = DataFrame::new(days as usize, columns).unwrap();
    ParquetWriter::new(std::fs::File::create(path).unwrap()).finish(&mut frame).unwrap();
}
