//! Parquet: columns decoded a batch of rows at a time by the engine. The only place that names polars to read traffic.
//!
//! Rows go to the store as they come, as those of a text do: memory holds a batch and the distinct keys, however many
//! rows the file has.

use super::cell::{self, Value};
use super::engine::guarded;
use super::gather::{Gather, Named};
use super::groups::{RawRow, TimeCoding};
use super::header::Chosen;
use super::source::Source;
use super::stamp::Place;
use crate::error::{Error, Result};
use crate::series::Kind;
use polars::prelude::*;

/// Takes the next time of a column; `None` if it is none.
type NextTime<'a> = Box<dyn FnMut(&mut Gather<'_>) -> Option<Place> + 'a>;

/// Rows decoded at a time, about: a batch is a few tens of megabytes.
const BATCH: usize = 1 << 20;

/// Names of the columns of a Parquet file.
pub(super) fn parquet_header(source: &Source) -> Result<Vec<String>> {
    let schema = match guarded(source, || parquet(source)?.collect_schema()) {
        Ok(schema) => schema,
        Err(error) => return Err(unread_column(source).unwrap_or(error)),
    };
    Ok(schema.iter_names().map(|name| name.to_string()).collect())
}

/// The error of a column whose type the engine does not read; `None` if the types are not at fault.
fn unread_column(source: &Source) -> Option<Error> {
    let file = super::unpack::open(&source.path).ok()?;
    let fields = guarded(source, || {
        let schema = ParquetReader::new(file).schema()?;
        Ok(schema.iter_values().map(|field| (field.name.to_string(), field.clone())).collect::<Vec<_>>())
    });
    let fields = fields.ok()?;
    let unread = fields.iter().find(|(_, field)| guarded(source, || Ok(DataType::from_arrow_field(field))).is_err());
    unread.map(|(name, field)| {
        let message =
            format!("the column is of type {:?}, which is not read: write it as DOUBLE or BIGINT", field.dtype);
        Error::input(message).in_file(&source.name).in_column(name.as_str())
    })
}

/// What a column must be to be read as texts; numbers and times are read as what they are.
fn check_types(source: &Source, header: &[String], chosen: &Chosen) -> Result<()> {
    let schema = guarded(source, || parquet(source)?.collect_schema())?;
    let plain = |kind: &DataType| {
        let simple = matches!(kind, DataType::String | DataType::Binary | DataType::Boolean | DataType::Null);
        let time = matches!(kind, DataType::Date | DataType::Datetime(..) | DataType::Time);
        simple || time || kind.is_primitive_numeric()
    };
    let roles = [
        (Some(chosen.time), "a date, a time with a date, or text"),
        (chosen.domain, "text"),
        (chosen.country, "text"),
        (Some(chosen.value), "numbers"),
    ];
    for (index, expected) in roles.into_iter().filter_map(|(index, expected)| Some((index?, expected))) {
        if let Some(kind) = schema.get(&header[index]).filter(|kind| !plain(kind)) {
            let message = format!("found values of type '{kind}', expected {expected}");
            return Err(Error::input(message).in_file(&source.name).in_column(header[index].trim()));
        }
    }
    Ok(())
}

/// Gathers the rows of a Parquet file on so many threads; `kind` is the one that every row must name, if rows name
/// theirs. `false` if anything is wrong with a row: the defect is then looked for.
///
/// # Errors
/// The engine cannot read the file.
pub(super) fn gather(
    source: &Source,
    header: &[String],
    chosen: &Chosen,
    gather: &mut Gather<'_>,
    jobs: usize,
) -> Result<bool> {
    check_types(source, header, chosen)?;
    let (frame, coding) = selected(source, header, chosen)?;
    let mut parts: Vec<Gather<'_>> = (0..jobs.max(1)).map(|_| gather.sibling()).collect();
    for (from, length) in batches(source)? {
        let batch = guarded(source, || frame.clone().slice(from as i64, length as IdxSize).collect())?;
        let share = batch.height().div_ceil(parts.len()).max(1);
        let sound = std::thread::scope(|scope| {
            let workers: Vec<_> = (parts.iter_mut().enumerate())
                .map(|(index, part)| {
                    let rows = batch.slice((index * share) as i64, share);
                    scope.spawn(move || guarded(source, || Columns::new(&rows, chosen, coding)?.gather(part)))
                })
                .collect();
            let all = workers.into_iter().map(|worker| worker.join().unwrap_or(Ok(false)));
            all.collect::<Result<Vec<bool>>>()
        })?;
        if sound.contains(&false) {
            return Ok(false);
        }
    }
    parts.into_iter().for_each(|part| gather.absorb(part));
    Ok(true)
}

/// Where batches begin and how long they are: whole row groups where these are not too large.
fn batches(source: &Source) -> Result<Vec<(usize, usize)>> {
    let file = super::unpack::open(&source.path)?;
    let groups: Vec<usize> = guarded(source, || {
        let mut reader = ParquetReader::new(file);
        Ok(reader.get_metadata()?.row_groups.iter().map(|group| group.num_rows()).collect())
    })?;
    let mut batches = Vec::new();
    let (mut from, mut length) = (0, 0);
    for rows in groups {
        if length > 0 && length + rows > BATCH {
            batches.push((from, length));
            (from, length) = (from + length, 0);
        }
        length += rows;
        // What is skipped of a row group is not unpacked, but each of its pages is stepped over.
        while length > 4 * BATCH {
            batches.push((from, BATCH));
            (from, length) = (from + BATCH, length - BATCH);
        }
    }
    batches.push((from, length));
    batches.retain(|(_, length)| *length > 0);
    Ok(batches)
}

/// The times of a batch.
enum Times<'a> {
    Text(&'a StringChunked),
    Number(&'a Int64Chunked, TimeCoding),
}

/// The values of a batch.
enum Values<'a> {
    Text(&'a StringChunked),
    Number(&'a Float64Chunked),
}

/// The columns of a batch.
struct Columns<'a> {
    time: Times<'a>,
    domain: &'a StringChunked,
    country: &'a StringChunked,
    value: Values<'a>,
    below: &'a StringChunked,
    kind: &'a StringChunked,
    has_domain: bool,
    has_kind: bool,
}

impl<'a> Columns<'a> {
    fn new(batch: &'a DataFrame, chosen: &Chosen, coding: TimeCoding) -> PolarsResult<Columns<'a>> {
        let text = |name: &str| batch.column(name)?.str();
        let value = batch.column("value")?;
        Ok(Columns {
            time: match coding {
                TimeCoding::Text => Times::Text(text("time")?),
                coding => Times::Number(batch.column("time")?.i64()?, coding),
            },
            domain: text("domain")?,
            country: text("country")?,
            value: match value.dtype() {
                DataType::Float64 => Values::Number(value.f64()?),
                _ => Values::Text(value.str()?),
            },
            below: text("below")?,
            kind: text("kind")?,
            has_domain: chosen.domain.is_some(),
            has_kind: chosen.kind.is_some(),
        })
    }

    /// Gathers all rows. `false` if anything is wrong with one.
    fn gather(&self, gather: &mut Gather<'_>) -> PolarsResult<bool> {
        let (mut domains, mut countries) = (self.domain.iter(), self.country.iter());
        let (mut below, mut kinds) = (self.below.iter(), self.kind.iter());
        let mut times: NextTime<'_> = match &self.time {
            Times::Text(times) => {
                let mut times = times.iter();
                Box::new(move |gather| gather.time(times.next()??))
            }
            Times::Number(times, coding) => {
                let (mut times, coding) = (times.iter(), *coding);
                Box::new(move |gather| gather.counted_time(times.next()??, coding))
            }
        };
        let mut values: Box<dyn FnMut() -> Option<Value>> = match &self.value {
            Values::Text(values) => {
                let mut values = values.iter();
                let kind = gather.kind;
                Box::new(move || cell::value_of(values.next()?.unwrap_or(""), kind).ok())
            }
            Values::Number(values) => {
                let mut values = values.iter();
                Box::new(move || match values.next()? {
                    None => Some(Value::Empty),
                    Some(number) => (0.0..cell::TOO_LARGE).contains(&number).then_some(Value::Number(number)),
                })
            }
        };
        for _ in 0..self.domain.len() {
            let (domain, country) = (domains.next().flatten().unwrap_or(""), countries.next().flatten().unwrap_or(""));
            let bound = below.next().flatten().unwrap_or("");
            let kind = kinds.next().flatten().unwrap_or("");
            if self.has_kind && Kind::from_name(kind) != Some(gather.kind) {
                return Ok(false);
            }
            let (Some(place), Some(value), Some(country)) = (times(gather), values(), gather.country(country)) else {
                return Ok(false);
            };
            let value = match value {
                Value::Empty if !bound.is_empty() => match cell::value(&format!("<{bound}")) {
                    Ok(value) => value,
                    Err(_) => return Ok(false),
                },
                value => value,
            };
            let name = match gather.name(domain) {
                Named::Missing if self.has_domain => return Ok(false),
                Named::Missing => Named::As(gather.store.name("")),
                name => name,
            };
            match (value, name, place) {
                (Value::Number(number), Named::As(name), Place::Once(time)) => {
                    gather.put_number(time, name, country, number);
                }
                (value, name, place) => gather.put(place, name, country, &value.amount()),
            }
        }
        Ok(true)
    }
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

/// The file as columns of texts, but for numbers and for times that are coded as numbers.
fn selected(source: &Source, header: &[String], chosen: &Chosen) -> Result<(LazyFrame, TimeCoding)> {
    guarded(source, || {
        let mut frame = parquet(source)?;
        let column = |index: usize| col(header[index].as_str());
        let schema = frame.collect_schema()?;
        let kind_of = |index: usize| schema.get(&header[index]).cloned().unwrap_or(DataType::String);
        let (time, coding) = time_of(column(chosen.time), &kind_of(chosen.time));
        let text = |index: Option<usize>| match index {
            Some(index) => column(index).cast(DataType::String),
            None => lit(""),
        };
        let written = if kind_of(chosen.value).is_primitive_numeric() { DataType::Float64 } else { DataType::String };
        let frame = frame.select([
            time.alias("time"),
            text(chosen.domain).alias("domain"),
            text(chosen.country).alias("country"),
            column(chosen.value).cast(written).alias("value"),
            text(chosen.below).alias("below"),
            text(chosen.kind).alias("kind"),
        ]);
        Ok((frame, coding))
    })
}

fn time_of(time: Expr, kind: &DataType) -> (Expr, TimeCoding) {
    match kind {
        DataType::Date => (time.cast(DataType::Int32).cast(DataType::Int64), TimeCoding::Days),
        DataType::Datetime(unit, zone) => {
            let a_second = match unit {
                TimeUnit::Nanoseconds => 1_000_000_000,
                TimeUnit::Microseconds => 1_000_000,
                TimeUnit::Milliseconds => 1_000,
            };
            let coding = if zone.is_some() { TimeCoding::Instant(a_second) } else { TimeCoding::Wall(a_second) };
            (time.cast(DataType::Int64), coding)
        }
        _ => (time.cast(DataType::String), TimeCoding::Text),
    }
}

fn parquet(source: &Source) -> PolarsResult<LazyFrame> {
    let arguments = ScanArgsParquet { glob: false, ..ScanArgsParquet::default() };
    LazyFrame::scan_parquet(PlRefPath::try_from_path(&source.path)?, arguments)
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
