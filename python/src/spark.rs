//! What a cluster needs: the steps of `analyze` one by one, so that series can be scored wherever they are.
//!
//! A driver recognises the columns and lays the grid; workers fold hosts, load whole families of outlets and score
//! them; the driver joins the parts. See `floodmark/spark.py`.

use crate::analyze::{PyAnalysis, Texts, events, registry};
use crate::detect::Given as GivenColumn;
use crate::fault::{Fault, Result};
use crate::frame::Frame;
use crate::options::{Given, Plan};
use crate::table::{Builder, PyResultTable, batch};
use floodmark::aggregate::several_countries;
use floodmark::ingest::{self, Columns, Datum, Layout, LoadReport, Request, Table, TimeCoding, Watch};
use floodmark::pipeline::{Options, Part};
use floodmark::registry::Registry;
use floodmark::report::cell::{Cell, push_csv_row};
use floodmark::report::table::Content;
use floodmark::series::{Kind, Panel};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyo3_arrow::input::AnyRecordBatch;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Rows left out, by reason.
type Skipped = BTreeMap<String, u64>;
/// Series and what is wrong in it.
type Errors = Vec<(String, String)>;

/// Options and outlets, at hand on every machine.
#[pyclass(frozen, module = "floodmark", name = "Worker")]
pub(crate) struct Worker {
    plan: Plan,
    registry: Registry,
    /// Domain → its family.
    families: BTreeMap<String, String>,
}

impl Worker {
    fn request(&self) -> Request<'_> {
        self.plan.request(&self.registry)
    }

    /// For tables whose columns have names of our own.
    fn canonical(&self, kind: Option<Kind>) -> Request<'_> {
        Request { columns: Columns::default(), kind, ..self.request() }
    }

    fn load(&self, layout: [i64; 4], kind: Kind, several: bool, rows: &Frame) -> Result<(Vec<u8>, Errors, Skipped)> {
        let request = self.canonical(Some(kind));
        let layout = Layout::from_numbers(&request, layout)?;
        let whole = Reduced::new(rows, None)?;
        let (mut errors, mut kept) = (Errors::new(), None);
        let loaded = ingest::load_part(&request, &layout, &whole);
        let loaded = loaded.or_else(|_| {
            // One bad series must not take the others with it.
            let mut sound: Vec<usize> = Vec::new();
            for (series, rows_of) in whole.series() {
                match ingest::load_part(&request, &layout, &Reduced::new(rows, Some((&series, &rows_of)))?) {
                    Ok(_) => sound.extend(rows_of),
                    Err(error) => errors.push((series, error.to_string())),
                }
            }
            sound.sort_unstable();
            match kept.insert(sound).as_slice() {
                [] => Ok((Vec::new(), Skipped::new())),
                sound => {
                    Ok::<_, Fault>(ingest::load_part(&request, &layout, &Reduced::new(rows, Some(("series", sound)))?)?)
                }
            }
        });
        let (series, skipped) = loaded?;
        let part = Part::score(layout.grid(), series, several, &self.plan.options)?;
        Ok((part.to_bytes(), errors, skipped))
    }
}

#[pymethods]
impl Worker {
    #[new]
    fn new(domains: Texts, options: Given) -> PyResult<Worker> {
        let (plan, registry) = (options.plan()?, registry(&domains)?);
        let families = registry.families().into_iter().map(|(domain, family)| (domain.into(), family.into())).collect();
        Ok(Worker { plan, registry, families })
    }

    /// What is in which column: `time`, `domain`, `country`, `value`, `kinds`, `below`; and the `kind` of the numbers.
    fn recognise(&self, header: Vec<String>) -> PyResult<BTreeMap<&'static str, Option<String>>> {
        let found = ingest::recognise(&self.request(), &header).map_err(Fault::from)?;
        Ok(BTreeMap::from([
            ("time", Some(found.time)),
            ("domain", Some(found.domain)),
            ("country", found.country),
            ("value", Some(found.value)),
            ("kinds", found.kinds),
            ("below", found.below),
            ("kind", Some(found.kind.name().into())),
        ]))
    }

    /// The grid over distinct stamps, whether it ends in a period cut short, and remarks.
    fn layout(&self, stamps: AnyRecordBatch) -> PyResult<([i64; 4], bool, Vec<String>)> {
        let stamps = Frame::new("df", stamps)?;
        let layout = Layout::of(&self.canonical(None), &stamps).map_err(Fault::from)?;
        Ok((layout.to_numbers(), layout.cut_short(), layout.notes().to_vec()))
    }

    /// For each host as written its family, or the reason why it is left out.
    fn fold(&self, py: Python<'_>, hosts: GivenColumn) -> PyResult<PyResultTable> {
        let work = || -> Result<PyResultTable> {
            let hosts = hosts.column("domain")?;
            let (mut families, mut reasons) = (Builder::new(Content::Text), Builder::new(Content::Text));
            for row in 0..hosts.len() {
                let name = match hosts.cell(row) {
                    Datum::Text(text) => ingest::filed_under(text),
                    _ => Some(String::new()),
                };
                let family = name.as_ref().map(|name| (self.families.get(name), name));
                let (family, reason) = match family {
                    None => (None, Some("not a host name")),
                    Some((Some(family), _)) => (Some(family.as_str()), None),
                    // An empty name is a defect, and told as one where the series is loaded.
                    Some((None, name)) if self.request().watch == Watch::All || name.is_empty() => {
                        (Some(name.as_str()), None)
                    }
                    Some((None, _)) => (None, Some("domain not in the registry")),
                };
                families.text(family);
                reasons.text(reason);
            }
            let columns = vec![("family".to_string(), families), ("reason".to_string(), reasons)];
            Ok(PyResultTable::new("families", batch(columns)?, Vec::new()))
        };
        Ok(py.detach(work)?)
    }

    /// Loads and scores the rows of whole families: the part as bytes, series in error, rows left out.
    fn part<'py>(
        &self,
        py: Python<'py>,
        layout: [i64; 4],
        kind: &str,
        several: bool,
        rows: AnyRecordBatch,
    ) -> PyResult<(Bound<'py, PyBytes>, Errors, Skipped)> {
        let rows = Frame::new("df", rows)?;
        let kind = Kind::from_name(kind).unwrap_or_default();
        let work = || {
            let loaded = catch_unwind(AssertUnwindSafe(|| self.load(layout, kind, several, &rows)));
            loaded.unwrap_or_else(|_| {
                let errors = vec![("all of a batch".to_string(), "the detector gave up on this batch".to_string())];
                Ok((Part::default().to_bytes(), errors, Skipped::new()))
            })
        };
        let (bytes, errors, skipped) = py.detach(work)?;
        Ok((PyBytes::new(py, &bytes), errors, skipped))
    }

    /// Whether the parts together have more than one country.
    fn several_countries(&self, py: Python<'_>, parts: Vec<Vec<u8>>) -> PyResult<bool> {
        let work = || -> Result<bool> {
            let mut panel = Panel { grid: ingest_grid(), series: Vec::new(), totals: BTreeMap::new() };
            for part in &parts {
                panel.series.extend(Part::from_bytes(part)?.series);
            }
            Ok(several_countries(&panel))
        };
        Ok(py.detach(work)?)
    }

    /// The analysis of all parts. `totals` are rows of `timestamp[, country], visits`; `given` tells whether they are
    /// a total of the user or all traffic in the input.
    #[allow(clippy::too_many_arguments, reason = "one call from Python, which names them all")]
    fn join(
        &self,
        py: Python<'_>,
        layout: [i64; 4],
        cut_short: bool,
        notes: Vec<String>,
        parts: Vec<Vec<u8>>,
        skipped: Skipped,
        totals: Option<AnyRecordBatch>,
        given: bool,
        event_texts: Texts,
        builtin_events: bool,
    ) -> PyResult<PyAnalysis> {
        let totals = totals.map(|totals| Frame::new("total", totals)).transpose()?;
        let work = || -> Result<PyAnalysis> {
            let request = match given {
                true => self.request(),
                false => self.canonical(None),
            };
            let layout = Layout::from_numbers(&request, layout)?;
            let totals = totals.map(|totals| ingest::load_totals(&request, &layout, &totals)).transpose()?;
            let parts: Vec<Part> =
                parts.iter().map(|part| Part::from_bytes(part)).collect::<std::result::Result<_, _>>()?;
            let series: Vec<_> = parts.iter().flat_map(|part| &part.series).cloned().collect();
            ingest::check_watched(&series, &skipped)?;
            drop(series);
            let events = events(&event_texts, builtin_events)?;
            let options = Options { cut_short, ..self.plan.options.clone() };
            let totals = totals.unwrap_or_default();
            let mut report = LoadReport { notes, skipped, ..LoadReport::default() };
            if !given && !totals.is_empty() {
                report.notes.push("no total given (--total): the index divides by all traffic in the input".into());
            }
            let analysis = Part::join(parts, layout.grid(), totals, &events, &options, &|_, _| {})?;
            Ok(PyAnalysis::new(analysis, report))
        };
        Ok(py.detach(work)?)
    }
}

fn ingest_grid() -> floodmark::time::Grid {
    floodmark::time::Grid { start: 0, step: floodmark::time::Step::DAY, len: 0 }
}

/// Rows added up beforehand: `timestamp, domain[, country], visits, odd, rows`, where `odd` is what stood in a cell
/// that is no plain number, and `rows` how many rows one stands for.
struct Reduced<'a> {
    frame: &'a Frame,
    name: String,
    /// The rows that are looked at; all if `None`.
    only: Option<&'a [usize]>,
    header: Vec<String>,
    /// Places of those columns, and of `odd` and `rows`.
    places: Vec<usize>,
    odd: usize,
    weight: usize,
}

impl<'a> Reduced<'a> {
    fn new(frame: &'a Frame, only: Option<(&str, &'a [usize])>) -> Result<Reduced<'a>> {
        let names = frame.header();
        let place = |name: &str| names.iter().position(|found| found == name);
        let needed = |name: &str| place(name).ok_or_else(|| Fault::input(format!("no column '{name}'")));
        let used = ["timestamp", "domain", "country", "visits"].into_iter();
        let (header, places) = used.filter_map(|name| Some((name.to_string(), place(name)?))).unzip();
        let (odd, weight) = (needed("odd")?, needed("rows")?);
        let (name, only) = only.map_or(("df", None), |(name, rows)| (name, Some(rows)));
        Ok(Reduced { frame, name: name.into(), only, header, places, odd, weight })
    }

    fn at(&self, row: usize) -> usize {
        self.only.map_or(row, |rows| rows[row])
    }

    /// Series as written, each with its rows.
    fn series(&self) -> BTreeMap<String, Vec<usize>> {
        let mut series: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let keys: BTreeSet<usize> = ["domain", "country"]
            .into_iter()
            .filter_map(|name| self.header.iter().position(|found| found == name))
            .collect();
        for row in 0..self.rows() {
            let words = keys.iter().map(|column| match self.cell(*column, row) {
                Datum::Text(text) => text.to_string(),
                _ => String::new(),
            });
            series.entry(words.collect::<Vec<_>>().join(", ")).or_default().push(self.at(row));
        }
        series
    }
}

impl Table for Reduced<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn header(&self) -> Vec<String> {
        self.header.clone()
    }

    fn rows(&self) -> usize {
        self.only.map_or(self.frame.rows(), <[usize]>::len)
    }

    fn coding(&self, column: usize) -> TimeCoding {
        self.frame.coding(self.places[column])
    }

    fn cell(&self, column: usize, row: usize) -> Datum<'_> {
        let row = self.at(row);
        if self.header[column] == "visits"
            && let odd @ Datum::Text(_) = self.frame.cell(self.odd, row)
        {
            return odd;
        }
        self.frame.cell(self.places[column], row)
    }

    fn weight(&self, row: usize) -> u64 {
        match self.frame.cell(self.weight, self.at(row)) {
            Datum::Whole(rows) => rows.max(1) as u64,
            _ => 1,
        }
    }
}

/// Series in error as a table.
#[pyfunction]
pub(crate) fn errors_table(errors: Errors) -> PyResult<PyResultTable> {
    let (mut series, mut texts) = (Builder::new(Content::Text), Builder::new(Content::Text));
    let mut csv = b"series,error\n".to_vec();
    for (name, error) in &errors {
        series.text(Some(name));
        texts.text(Some(error));
        push_csv_row(&mut csv, &[Cell::text(name), Cell::text(error)]);
    }
    let columns = vec![("series".to_string(), series), ("error".to_string(), texts)];
    Ok(PyResultTable::new("errors", batch(columns)?, csv))
}
