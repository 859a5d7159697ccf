//! Tables that go back to Python: columns of a result, handed out as an Arrow stream.

use crate::fault::Result;
use arrow_array::builder::{Float64Builder, Int64Builder, StringBuilder, TimestampMillisecondBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use floodmark::alert::Analysis;
use floodmark::report::cell::{Cell, push_csv_row};
use floodmark::report::table::{Content, Table};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};
use pyo3_arrow::PyTable;
use std::sync::Arc;

/// One column in the making.
pub(crate) enum Builder {
    Text(StringBuilder),
    Number(Float64Builder),
    Integer(Int64Builder),
    Time(TimestampMillisecondBuilder),
}

impl Builder {
    pub(crate) fn new(content: Content) -> Builder {
        match content {
            Content::Text => Builder::Text(StringBuilder::new()),
            Content::Number => Builder::Number(Float64Builder::new()),
            Content::Integer => Builder::Integer(Int64Builder::new()),
            Content::Time => Builder::Time(TimestampMillisecondBuilder::new()),
        }
    }

    pub(crate) fn number(&mut self, value: f64) {
        if let Builder::Number(column) = self {
            column.append_option((!value.is_nan()).then_some(value));
        }
    }

    pub(crate) fn integer(&mut self, value: Option<i64>) {
        match self {
            Builder::Integer(column) => column.append_option(value),
            Builder::Time(column) => column.append_option(value.map(|seconds| seconds * 1_000)),
            _ => {}
        }
    }

    pub(crate) fn text(&mut self, value: Option<&str>) {
        if let Builder::Text(column) = self {
            column.append_option(value);
        }
    }

    pub(crate) fn nothing(&mut self) {
        self.number(f64::NAN);
        self.integer(None);
        self.text(None);
    }

    fn cell(&mut self, cell: &Cell<'_>, exact: bool) {
        match self {
            Builder::Text(column) => match cell {
                Cell::Text(text) if !text.is_empty() => column.append_value(text),
                _ => column.append_null(),
            },
            Builder::Number(_) => self.number(match cell {
                Cell::Number(value) if exact => *value,
                cell => cell.as_read(),
            }),
            Builder::Integer(column) => column.append_option(match cell {
                Cell::Integer(value) => Some(*value),
                _ => None,
            }),
            Builder::Time(_) => self.integer(match cell {
                Cell::Time(seconds, _) => Some(*seconds),
                _ => None,
            }),
        }
    }

    fn finish(self) -> (DataType, ArrayRef) {
        match self {
            Builder::Text(mut column) => (DataType::Utf8, Arc::new(column.finish())),
            Builder::Number(mut column) => (DataType::Float64, Arc::new(column.finish())),
            Builder::Integer(mut column) => (DataType::Int64, Arc::new(column.finish())),
            Builder::Time(mut column) => (DataType::Timestamp(TimeUnit::Millisecond, None), Arc::new(column.finish())),
        }
    }
}

/// Puts columns together.
pub(crate) fn batch(columns: Vec<(String, Builder)>) -> Result<RecordBatch> {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns
        .into_iter()
        .map(|(name, column)| {
            let (kind, array) = column.finish();
            (Field::new(name, kind, true), array)
        })
        .unzip();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays);
    Ok(batch.map_err(|error| floodmark::error::Error::input(error.to_string()))?)
}

/// A table of a result.
///
/// Numbers are those a reader finds in the CSV file that `floodmark` writes (in `series`: all digits, as in its
/// Parquet file), unknown ones are null, moments are naive UTC time stamps in milliseconds.
#[pyclass(frozen, module = "floodmark", name = "Table")]
pub(crate) struct PyResultTable {
    name: String,
    batch: RecordBatch,
    csv: Csv,
}

/// Where the text that the command line writes comes from.
pub(crate) enum Csv {
    Text(Vec<u8>),
    Of(Arc<Analysis>, Table),
}

impl PyResultTable {
    /// A table of an analysis. The series have all their digits, as in the Parquet file.
    pub(crate) fn of_analysis(analysis: &Arc<Analysis>, table: Table) -> Result<Self> {
        let names = || table.columns().split(',');
        let mut builders: Vec<Builder> = names().map(|name| Builder::new(Content::of(name))).collect();
        table.each_row(analysis, &mut |cells| {
            builders.iter_mut().zip(cells).for_each(|(builder, cell)| builder.cell(cell, table == Table::Series));
        });
        let batch = batch(names().map(String::from).zip(builders).collect())?;
        Ok(PyResultTable { name: table.name().into(), batch, csv: Csv::Of(Arc::clone(analysis), table) })
    }

    pub(crate) fn new(name: &str, batch: RecordBatch, csv: Vec<u8>) -> Self {
        PyResultTable { name: name.into(), batch, csv: Csv::Text(csv) }
    }

    fn arrow(&self) -> PyResult<PyTable> {
        PyTable::try_new(vec![self.batch.clone()], self.batch.schema())
    }
}

#[pymethods]
impl PyResultTable {
    /// The name of the table.
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    /// Names of the columns.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.batch.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    fn __len__(&self) -> usize {
        self.batch.num_rows()
    }

    fn __repr__(&self) -> String {
        format!("<floodmark.Table '{}': {} rows x {} columns>", self.name, self.__len__(), self.batch.num_columns())
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let arrow = Bound::new(py, self.arrow()?)?;
        arrow.call_method1("__arrow_c_stream__", (requested_schema,))
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Bound::new(py, self.arrow()?)?.call_method0("__arrow_c_schema__")
    }

    /// The table as a `pyarrow.Table`.
    fn to_arrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pyarrow")?.call_method1("table", PyTuple::new(slf.py(), [slf])?)
    }

    /// The table as a `polars.DataFrame`.
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("polars")?.call_method1("DataFrame", PyTuple::new(slf.py(), [slf])?)
    }

    /// The table as a `pandas.DataFrame` (needs pyarrow).
    fn to_pandas<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::to_arrow(slf)?.call_method0("to_pandas")
    }

    /// The table as the text that the command line writes.
    fn to_csv(&self, py: Python<'_>) -> String {
        let bytes = match &self.csv {
            Csv::Text(text) => text.clone(),
            Csv::Of(analysis, table) => py.detach(|| {
                let mut text = format!("{}\n", table.columns()).into_bytes();
                table.each_row(analysis, &mut |cells| push_csv_row(&mut text, cells));
                text
            }),
        };
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
