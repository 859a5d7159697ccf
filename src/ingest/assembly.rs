//! From tables to a panel: what every way of loading has in common.

use super::grid;
use super::panel::Collector;
use super::rows::Table;
use super::stamp::Zone;
use super::totals::Totals;
use super::{FileReport, LoadReport, Loaded, Request};
use crate::error::{Error, Result};
use crate::series::Panel;
use std::collections::{BTreeMap, HashMap};

/// A panel in the making.
pub(super) struct Assembly<'a> {
    request: &'a Request<'a>,
    zone: Zone,
    collector: Collector<'a>,
    pub(super) report: LoadReport,
    pub(super) remarks: Remarks,
}

impl<'a> Assembly<'a> {
    pub(super) fn new(request: &'a Request<'a>, zone: Zone) -> Self {
        let (report, remarks) = (LoadReport::default(), Remarks::default());
        Assembly { request, zone, collector: Collector::new(request), report, remarks }
    }

    /// Takes a table of traffic in.
    ///
    /// # Errors
    /// Its numbers are of another kind than those before.
    pub(super) fn add(&mut self, mut table: Table) -> Result<()> {
        // A file counts whole or not at all: of one that is refused nothing is told but why.
        let (notes, skipped) = (std::mem::take(&mut table.notes), std::mem::take(&mut table.skipped));
        let file = report_of(&table);
        self.collector.add(table, &self.zone, &mut self.report)?;
        told(&file.path, notes, skipped, &mut self.report, &mut self.remarks);
        self.report.files.push(file);
        Ok(())
    }

    /// Lays all on one grid, and the tables of totals with it.
    ///
    /// # Errors
    /// Nothing is left to watch, or the totals do not fit.
    pub(super) fn finish(mut self, totals: impl Iterator<Item = Result<Table>>) -> Result<Loaded> {
        check_something_is_left(self.request, &self.collector, &mut self.report)?;
        let periods = grid::periods(&self.collector.stamps, self.request.every, &self.zone)?;
        let found = grid::lay(&self.collector.stamps, periods, self.request.now)?;
        self.report.partial_last = found.partial_last;
        let mut sums = Totals::default();
        if self.request.total.is_none() {
            sums.add_values(&self.collector.totals, &found);
        }
        let series = self.collector.finish(&found, &mut self.report)?;
        for table in totals {
            let mut table = table?;
            let (notes, skipped) = (std::mem::take(&mut table.notes), std::mem::take(&mut table.skipped));
            told(&table.name, notes, skipped, &mut self.report, &mut self.remarks);
            self.report.files.push(report_of(&table));
            sums.add(&table, &found, &self.zone)?;
        }
        self.report.notes.extend(self.remarks.into_notes());
        self.report.notes.extend(found.notes.iter().cloned());
        Ok(Loaded { panel: Panel { grid: found.grid, series, totals: sums.finish(&found) }, report: self.report })
    }
}

/// Remarks on files; one that is made on many is said once.
#[derive(Default)]
pub(super) struct Remarks {
    order: Vec<String>,
    /// Remark → first file, and how many.
    files: HashMap<String, (String, usize)>,
}

impl Remarks {
    pub(super) fn add(&mut self, file: &str, remark: String) {
        match self.files.get_mut(&remark) {
            Some((_, count)) => *count += 1,
            None => {
                self.order.push(remark.clone());
                self.files.insert(remark, (file.into(), 1));
            }
        }
    }

    fn into_notes(self) -> impl Iterator<Item = String> {
        let Remarks { order, files } = self;
        order.into_iter().map(move |remark| match &files[&remark] {
            (file, 1) => format!("{file}: {remark}"),
            (file, count) => format!("{file} and {} more: {remark}", count - 1),
        })
    }
}

/// Puts what is said of a file into the report.
fn told(
    name: &str,
    notes: Vec<String>,
    skipped: Vec<(&'static str, u64)>,
    report: &mut LoadReport,
    remarks: &mut Remarks,
) {
    notes.into_iter().for_each(|note| remarks.add(name, note));
    skipped.into_iter().for_each(|(reason, rows)| report.skip(reason, rows));
}

fn report_of(table: &Table) -> FileReport {
    FileReport { path: table.name.clone(), bytes: table.bytes, sha256: table.sha256.clone(), rows: table.lines }
}

/// An error if there is nothing to analyse: nothing could be read, or nothing of it is watched.
fn check_something_is_left(request: &Request<'_>, collector: &Collector<'_>, report: &mut LoadReport) -> Result<()> {
    if report.files.is_empty() {
        let others = report.failures.len().saturating_sub(1);
        return Err(match (report.failures.is_empty(), others) {
            (true, _) => Error::usage("no input given"),
            (false, 0) => report.failures.remove(0),
            (false, others) => {
                report.failures.remove(0).context(format!("no input could be read ({others} more failed)"))
            }
        });
    }
    if !collector.has_country && !request.countries.is_empty() {
        return Err(Error::usage("the input does not tell countries apart; name the column with --country-col"));
    }
    if collector.watches() {
        return Ok(());
    }
    if report.files.iter().all(|file| file.rows == 0) {
        return Err(Error::input("no rows").in_file(&report.files[0].path));
    }
    if collector.stamps.is_empty() {
        return Err(Error::input(super::NOTHING_IN_TIME));
    }
    Err(nothing_watched(&report.skipped))
}

/// The error of an input in which nothing is watched.
pub(super) fn nothing_watched(skipped: &BTreeMap<String, u64>) -> Error {
    let skipped: Vec<String> = skipped.iter().map(|(reason, rows)| format!("{reason}: {rows} rows")).collect();
    Error::input(format!(
        "no known state outlet in the input ({}); watch every series with --watch all, or add outlets with --domains FILE",
        skipped.join(", ")
    ))
}
