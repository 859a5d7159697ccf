//! Data frames of Python as tables that the core reads: anything that hands out an Arrow stream.

use crate::fault::{Fault, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_cast::cast;
use arrow_schema::{DataType, TimeUnit};
use arrow_select::concat::concat_batches;
use floodmark::ingest::stamp::show;
use floodmark::ingest::{Datum, Table, TimeCoding};
use pyo3_arrow::input::AnyRecordBatch;

/// A column in one of the few forms that the core knows.
#[derive(Debug)]
pub(crate) enum Column {
    Text(StringArray),
    Whole(Int64Array),
    Number(Float64Array),
    Time(Int64Array, TimeCoding),
}

impl Column {
    /// Brings any column of words, numbers or times into that form.
    pub(crate) fn new(array: &ArrayRef, name: &str) -> Result<Column> {
        let to = |kind: &DataType| cast(array, kind).map_err(|error| Fault::input(format!("column '{name}': {error}")));
        let whole = |array: ArrayRef| array.as_primitive::<Int64Type>().clone();
        let units = |unit: &TimeUnit| match unit {
            TimeUnit::Second => 1,
            TimeUnit::Millisecond => 1_000,
            TimeUnit::Microsecond => 1_000_000,
            TimeUnit::Nanosecond => 1_000_000_000,
        };
        Ok(match array.data_type() {
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32 => Column::Whole(whole(to(&DataType::Int64)?)),
            DataType::UInt64
            | DataType::Float16
            | DataType::Float32
            | DataType::Float64
            | DataType::Decimal128(..)
            | DataType::Decimal256(..) => Column::Number(to(&DataType::Float64)?.as_primitive::<Float64Type>().clone()),
            DataType::Date32 => Column::Time(whole(cast_days(array, name)?), TimeCoding::Days),
            DataType::Date64 => Column::Time(whole(to(&DataType::Int64)?), TimeCoding::Wall(1_000)),
            DataType::Timestamp(unit, zone) => {
                let coding = if zone.is_some() { TimeCoding::Instant } else { TimeCoding::Wall };
                Column::Time(whole(to(&DataType::Int64)?), coding(units(unit)))
            }
            _ => Column::Text(to(&DataType::Utf8)?.as_string::<i32>().clone()),
        })
    }

    pub(crate) fn cell(&self, row: usize) -> Datum<'_> {
        match self {
            Column::Text(array) if array.is_valid(row) => Datum::Text(array.value(row)),
            Column::Whole(array) | Column::Time(array, _) if array.is_valid(row) => Datum::Whole(array.value(row)),
            Column::Number(array) if array.is_valid(row) => Datum::Number(array.value(row)),
            _ => Datum::Missing,
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Column::Text(array) => array.len(),
            Column::Whole(array) | Column::Time(array, _) => array.len(),
            Column::Number(array) => array.len(),
        }
    }

    pub(crate) fn coding(&self) -> TimeCoding {
        match self {
            Column::Time(_, coding) => *coding,
            _ => TimeCoding::Text,
        }
    }
}

/// Days since 1970 as whole numbers.
fn cast_days(array: &ArrayRef, name: &str) -> Result<ArrayRef> {
    let days = cast(array, &DataType::Int32).and_then(|days| cast(&days, &DataType::Int64));
    days.map_err(|error| Fault::input(format!("column '{name}': {error}")))
}

/// A long table: a data frame of Python.
#[derive(Debug)]
pub(crate) struct Frame {
    name: String,
    header: Vec<String>,
    columns: Vec<Column>,
    rows: usize,
}

impl Frame {
    /// Takes a data frame in; `name` is what errors call it.
    pub(crate) fn new(name: &str, data: AnyRecordBatch) -> Result<Frame> {
        let (batches, schema) = data.into_table().map_err(|error| Fault::input(error.to_string()))?.into_inner();
        let batch = concat_batches(&schema, &batches).map_err(|error| Fault::input(error.to_string()))?;
        Frame::of(name, &batch)
    }

    /// A table of columns at hand.
    pub(crate) fn of_columns<const N: usize>(name: &str, columns: [(&str, Column); N]) -> Result<Frame> {
        let rows = columns.first().map_or(0, |(_, column)| column.len());
        if let Some((other, column)) = columns.iter().find(|(_, column)| column.len() != rows) {
            let message = format!("{} of '{other}' but {rows} of '{}'", column.len(), columns[0].0);
            return Err(Fault::input(message));
        }
        let (header, columns) = columns.into_iter().map(|(name, column)| (name.to_string(), column)).unzip();
        Ok(Frame { name: name.into(), header, columns, rows })
    }

    pub(crate) fn of(name: &str, batch: &RecordBatch) -> Result<Frame> {
        let header: Vec<String> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
        let columns = header.iter().zip(batch.columns()).map(|(name, array)| Column::new(array, name));
        // A column of a form that the core does not know is of no concern unless it is asked for.
        let known = header.iter().zip(columns).filter_map(|(name, column)| Some((name.clone(), column.ok()?)));
        let (header, columns) = known.unzip();
        Ok(Frame { name: name.into(), header, columns, rows: batch.num_rows() })
    }
}

impl Frame {
    /// A cell as it would stand in a CSV file: dates as dates.
    pub(crate) fn written(&self, column: usize, row: usize) -> String {
        let column = &self.columns[column];
        match column.cell(row) {
            Datum::Missing => String::new(),
            Datum::Text(text) if text.contains(['"', ',', '\n']) => format!("\"{}\"", text.replace('"', "\"\"")),
            Datum::Text(text) => text.into(),
            Datum::Whole(number) => match column.coding() {
                TimeCoding::Text => number.to_string(),
                TimeCoding::Days => show(number * 86_400),
                TimeCoding::Wall(unit) | TimeCoding::Instant(unit) => show(number.div_euclid(unit)),
            },
            Datum::Number(number) => number.to_string(),
        }
    }
}

impl Table for Frame {
    fn name(&self) -> &str {
        &self.name
    }

    fn header(&self) -> Vec<String> {
        self.header.clone()
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn coding(&self, column: usize) -> TimeCoding {
        self.columns[column].coding()
    }

    fn cell(&self, column: usize, row: usize) -> Datum<'_> {
        self.columns[column].cell(row)
    }
}
