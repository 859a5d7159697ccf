//! The engine: one lazy, streaming `group_by` over a file. The only place that names polars.
//!
//! Stamps, domains, countries and odd values are left as written and grouped as written, so memory is bounded by the
//! number of distinct keys, not of rows; what they mean is decided once for each distinct text.

use super::groups::{Group, Grouped, RawRow, TimeCoding};
use super::header::Chosen;
use super::source::Source;
use crate::error::{Error, Result};
use crate::time::Step;
use polars::prelude::*;
use std::collections::HashMap;

/// Names of the columns of a Parquet file.
pub(super) fn parquet_header(source: &Source) -> Result<Vec<String>> {
    let schema = guarded(source, || parquet(source)?.collect_schema())?;
    Ok(schema.iter_names().map(|name| name.to_string()).collect())
}

/// Reduces a file to its distinct keys; with a step, times that are coded as numbers are those of whole periods.
///
/// # Errors
/// The engine cannot read the file.
pub(super) fn grouped(source: &Source, header: &[String], chosen: &Chosen, step: Option<Step>) -> Result<Grouped> {
    let (frame, coding) = selected(source, header, chosen, step)?;
    let number = col("value").cast(DataType::Float64);
    // Written without `is_finite`: a NaN compares above everything, so the upper bound refuses it.
    let plain = number.clone().gt_eq(lit(0.0)).and(number.clone().lt_eq(lit(f64::MAX))).fill_null(lit(false));
    let odd = when(plain)
        .then(lit(NULL).cast(DataType::String))
        .otherwise(col("value").cast(DataType::String).fill_null(lit("")));
    let mut keys = vec![col("time"), col("domain"), col("country"), col("odd")];
    keys.extend(chosen.below.map(|_| col("below")));
    let plan = frame.with_columns([number.alias("number"), odd.alias("odd")]).group_by(keys).agg([
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
    let (frame, coding) = selected(source, header, chosen, None)?;
    let columns = ["time", "domain", "country", "value", "kind"].map(|name| col(name).cast(DataType::String));
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
                    kind: cell("kind", row)?.filter(|_| chosen.kind.is_some()),
                })
            })
            .collect::<PolarsResult<Vec<_>>>()
    })?;
    Ok((rows, coding))
}

/// The file as four columns: `time`, `domain`, `country` (texts) and `value`.
fn selected(
    source: &Source,
    header: &[String],
    chosen: &Chosen,
    step: Option<Step>,
) -> Result<(LazyFrame, TimeCoding)> {
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
        let time = match (step, units(coding)) {
            (Some(step), Some(unit)) => floored(time, step, unit),
            _ => time.cast(DataType::String),
        };
        let frame = frame.select([
            time.alias("time"),
            text(chosen.domain).alias("domain"),
            text(chosen.country).alias("country"),
            column(chosen.value).alias("value"),
            text(chosen.below).alias("below"),
            text(chosen.kind).alias("kind"),
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

/// Units a second of times that are coded as numbers.
fn units(coding: TimeCoding) -> Option<i64> {
    match coding {
        TimeCoding::Wall(unit) | TimeCoding::Instant(unit) => Some(unit),
        _ => None,
    }
}

/// The start of the period that holds a time, in the same units; weeks begin on Monday.
fn floored(time: Expr, step: Step, unit: i64) -> Expr {
    let length = lit(step.seconds() * unit);
    let time = time.cast(DataType::Int64);
    // A remainder may be negative before the origin.
    let beyond = (time.clone() - lit(step.floor(0) * unit)) % length.clone();
    time - (beyond + length.clone()) % length
}

fn parquet(source: &Source) -> PolarsResult<LazyFrame> {
    let arguments = ScanArgsParquet { glob: false, ..ScanArgsParquet::default() };
    LazyFrame::scan_parquet(PlRefPath::try_from_path(&source.path)?, arguments)
}

fn read_groups(frame: &DataFrame, coding: TimeCoding) -> PolarsResult<Grouped> {
    let text = |name: &str| frame.column(name)?.cast(&DataType::String)?.str().cloned();
    let (time, domain, country, odd) = (text("time")?, text("domain")?, text("country")?, text("odd")?);
    let below = text("below").ok();
    let rows = frame.column("rows")?.i64()?.clone();
    let (sum, largest) = (frame.column("sum")?.f64()?.clone(), frame.column("largest")?.f64()?.clone());
    let mut texts = Texts::default();
    let mut groups: Vec<Group> = Vec::with_capacity(frame.height());
    for row in 0..frame.height() {
        let bound = below.as_ref().and_then(|below| below.get(row)).filter(|bound| !bound.is_empty());
        let odd = match (odd.get(row), bound) {
            (Some(""), Some(bound)) => Some(texts.index(&format!("<{bound}"))),
            (odd, _) => odd.map(|text| texts.index(text)),
        };
        groups.push(Group {
            time: time.get(row).map(|text| texts.index(text)),
            domain: domain.get(row).map(|text| texts.index(text)),
            country: country.get(row).map(|text| texts.index(text)),
            odd,
            rows: rows.get(row).unwrap_or(0) as u64,
            sum: sum.get(row).unwrap_or(0.0),
            largest: largest.get(row).unwrap_or(0.0),
        });
    }
    let mut grouped = Grouped { groups, texts: texts.list, coding };
    grouped.sort();
    Ok(grouped)
}

/// Distinct texts.
#[derive(Default)]
struct Texts {
    list: Vec<String>,
    known: HashMap<String, u32>,
}

impl Texts {
    fn index(&mut self, text: &str) -> u32 {
        if let Some(index) = self.known.get(text) {
            return *index;
        }
        let index = self.list.len() as u32;
        self.list.push(text.into());
        self.known.insert(text.into(), index);
        index
    }
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
