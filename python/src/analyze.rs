//! `analyze`: the whole batch over data frames.

use crate::fault::Result;
use crate::frame::{Column, Frame};
use crate::options::Given;
use crate::table::PyResultTable;
use floodmark::alert::{self, Event};
use floodmark::ingest::{self, Table as _};
use floodmark::registry::Registry;
use floodmark::report::table::Table;
use floodmark::{calendar, pipeline};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3_arrow::input::AnyRecordBatch;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Texts of files, each with its name.
pub(crate) type Texts = Vec<(String, String)>;

/// What an analysis found.
#[pyclass(frozen, module = "floodmark", name = "Analysis")]
pub(crate) struct PyAnalysis {
    analysis: Arc<alert::Analysis>,
    notes: Vec<String>,
    skipped: BTreeMap<String, u64>,
}

#[pymethods]
impl PyAnalysis {
    /// One table by its name.
    fn table(&self, py: Python<'_>, name: &str) -> PyResult<PyResultTable> {
        let table = Table::ALL.into_iter().find(|table| table.name() == name);
        let known = || Table::ALL.map(Table::name).join(", ");
        let table = table.ok_or_else(|| PyKeyError::new_err(format!("no table '{name}': expected {}", known())))?;
        Ok(py.detach(|| PyResultTable::of_analysis(&self.analysis, table))?)
    }

    /// Sentences for the reader.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    /// Reason → number of rows left out.
    #[getter]
    fn skipped(&self) -> BTreeMap<String, u64> {
        self.skipped.clone()
    }

    /// What was counted on the way.
    #[getter]
    fn counts(&self) -> BTreeMap<&'static str, usize> {
        BTreeMap::from(self.analysis.counts.named())
    }
}

impl PyAnalysis {
    pub(crate) fn new(analysis: alert::Analysis, loaded: ingest::LoadReport) -> PyAnalysis {
        let notes = loaded.notes.iter().chain(&analysis.notes).cloned().collect();
        PyAnalysis { analysis: Arc::new(analysis), notes, skipped: loaded.skipped }
    }
}

/// Known outlets, with those of the user.
pub(crate) fn registry(domains: &Texts) -> Result<Registry> {
    let mut registry = Registry::builtin()?;
    for (name, text) in domains {
        registry.add(text, name)?;
    }
    if !domains.is_empty()
        && let Some(defect) = registry.check().into_iter().next()
    {
        return Err(defect.context("the registry with the domains given has a defect").into());
    }
    Ok(registry)
}

/// Dated events, with those of the user.
pub(crate) fn events(texts: &Texts, builtin: bool) -> Result<Vec<Event>> {
    let mut events = if builtin { calendar::builtin()? } else { Vec::new() };
    for (name, text) in texts {
        events.extend(calendar::parse(text, name)?);
    }
    calendar::sort(&mut events);
    Ok(events)
}

#[pyfunction]
pub(crate) fn analyze(
    py: Python<'_>,
    df: AnyRecordBatch,
    total: Option<AnyRecordBatch>,
    domains: Texts,
    event_texts: Texts,
    builtin_events: bool,
    options: Given,
) -> PyResult<PyAnalysis> {
    let traffic = Frame::new("df", df)?;
    let total = total.map(|total| Frame::new("total", total)).transpose()?;
    let work = || -> Result<PyAnalysis> {
        let plan = options.plan()?;
        let registry = registry(&domains)?;
        let events = events(&event_texts, builtin_events)?;
        let totals: Vec<&dyn ingest::Table> = total.iter().map(|total| total as _).collect();
        let mut loaded = ingest::load_tables(&plan.request(&registry), &[&traffic], &totals)?;
        loaded.settle(&plan.states);
        let cut_short = loaded.report.partial_last.is_some();
        let options = pipeline::Options { cut_short, ..plan.options.clone() };
        let analysis = pipeline::analyze(&loaded.panel, &events, &options, &|_, _| {})?;
        Ok(PyAnalysis::new(analysis, loaded.report))
    };
    Ok(py.detach(work)?)
}

/// A data frame as CSV, for files of outlets and events.
#[pyfunction]
pub(crate) fn frame_csv(df: AnyRecordBatch) -> PyResult<String> {
    let frame = Frame::new("df", df)?;
    let mut text = frame.header().join(",") + "\n";
    for row in 0..frame.rows() {
        let cells = (0..frame.header().len()).map(|column| frame.written(column, row));
        text.push_str(&cells.collect::<Vec<_>>().join(","));
        text.push('\n');
    }
    Ok(text)
}

/// Lifts of one series around one event, by way of a panel of it and its reference.
#[pyfunction]
pub(crate) fn lift(
    py: Python<'_>,
    timestamps: Vec<Option<String>>,
    domains: Vec<String>,
    visits: Vec<Option<f64>>,
    outlets: String,
    event: String,
    options: Given,
) -> PyResult<PyResultTable> {
    let work = || -> Result<PyResultTable> {
        let plan = options.plan()?;
        let traffic = Frame::of_columns(
            "values",
            [
                ("timestamp", Column::Text(timestamps.into_iter().collect())),
                ("domain", Column::Text(domains.into_iter().map(Some).collect())),
                ("visits", Column::Number(visits.into_iter().collect())),
            ],
        )?;
        let mut registry = Registry::empty();
        registry.add(&outlets, "outlets")?;
        let events = calendar::parse(&format!("date,name\n{event},event\n"), "event")?;
        let mut loaded = ingest::load_tables(&plan.request(&registry), &[&traffic], &[])?;
        loaded.settle(&[]);
        let mut analysis = pipeline::analyze(&loaded.panel, &events, &plan.options, &|_, _| {})?;
        analysis.lifts.retain(|row| row.key.outlet == "series");
        PyResultTable::of_analysis(&Arc::new(analysis), Table::Lifts)
    };
    Ok(py.detach(work)?)
}
