//! A panel that is too large for one machine, loaded in parts: all on one grid that was laid before.

use super::header::{self, Use};
use super::memory::{Table, read};
use super::panel::Collector;
use super::rows::Rules;
use super::stamp::Zone;
use super::totals::Totals;
use super::{LoadReport, Request, grid};
use crate::error::{Error, Result};
use crate::series::{Kind, Role, Series};
use crate::time::{Grid, Step};
use std::collections::BTreeMap;

/// Which columns of a table are which, and what its numbers are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// Name of the time column.
    pub time: String,
    /// Name of the domain column.
    pub domain: String,
    /// Name of the country column, if the table tells countries apart.
    pub country: Option<String>,
    /// Name of the value column.
    pub value: String,
    /// What the numbers are, by the name of their column.
    pub kind: Kind,
    /// Name of a column that says what they are, in tables of our own.
    pub kinds: Option<String>,
    /// Name of the column of bounds, in tables of our own.
    pub below: Option<String>,
}

/// Recognises the columns of a table of traffic by its header.
///
/// # Errors
/// A column is missing (lists what was found), or countries are asked for and not told apart.
pub fn recognise(request: &Request<'_>, header: &[String]) -> Result<Recognised> {
    let chosen = header::choose(header, &request.columns, Use::Traffic)?;
    if chosen.country.is_none() && !request.countries.is_empty() {
        return Err(Error::usage("the input does not tell countries apart; name the column with --country-col"));
    }
    let name = |index: usize| header[index].clone();
    Ok(Recognised {
        time: name(chosen.time),
        domain: chosen.domain.map_or_else(String::new, name),
        country: chosen.country.map(name),
        value: name(chosen.value),
        kind: request.kind.unwrap_or_else(|| header::kind_of(&header[chosen.value])),
        kinds: chosen.kind.filter(|_| request.kind.is_none()).map(name),
        below: chosen.below.map(name),
    })
}

/// Where the periods of a panel lie: what its parts must agree on.
#[derive(Clone, Debug)]
pub struct Layout {
    found: grid::Found,
    zone: Zone,
}

impl Layout {
    /// Lays a grid over the distinct stamps of all parts: a table of `timestamp,visits` of which only the stamps count.
    ///
    /// # Errors
    /// A stamp is no date, or the stamps do not fit the options.
    pub fn of(request: &Request<'_>, stamps: &dyn Table) -> Result<Layout> {
        let (rules, zone) = rules(request, Use::Total, Some(Kind::Count))?;
        let mut table = read(stamps, &rules)?;
        let (from, to) = (request.from, request.to);
        table.rows.retain(|row| from.is_none_or(|from| from <= row.time) && to.is_none_or(|to| row.time <= to));
        let mut all = grid::Stamps::default();
        all.add(&table, &zone);
        let found = grid::lay(&all, grid::periods(&all, request.every, &zone)?, request.now)?;
        Ok(Layout { found, zone })
    }

    /// The grid of the panel.
    pub fn grid(&self) -> Grid {
        self.found.grid
    }

    /// Whether the data end in an incomplete period that was left out.
    pub fn cut_short(&self) -> bool {
        self.found.partial_last.is_some()
    }

    /// What was left out at the ends of the grid.
    pub fn notes(&self) -> &[String] {
        &self.found.notes
    }

    /// Step, anchor, start and length: enough to lay the same grid elsewhere.
    pub fn to_numbers(&self) -> [i64; 4] {
        let Grid { start, step, len } = self.found.grid;
        [step.seconds(), self.found.periods.anchor, start, len as i64]
    }

    /// The layout of such numbers.
    ///
    /// # Errors
    /// The numbers are those of no grid, or there is no such time zone.
    pub fn from_numbers(request: &Request<'_>, numbers: [i64; 4]) -> Result<Layout> {
        let zone = Zone::named(request.time_zone.as_deref())?;
        let [step, anchor, start, len] = numbers;
        let step = Step::from_seconds(step).ok_or_else(|| Error::input("the step of the grid is no step"))?;
        let grid = Grid { start, step, len: usize::try_from(len).unwrap_or(0) };
        let periods = grid::Periods { step, anchor, zone: zone.clone() };
        Ok(Layout { found: grid::Found { periods, grid, partial_last: None, notes: Vec::new() }, zone })
    }
}

fn rules(request: &Request<'_>, purpose: Use, kind: Option<Kind>) -> Result<(Rules, Zone)> {
    let zone = Zone::named(request.time_zone.as_deref())?;
    let (columns, hints) = (request.columns.clone(), request.hints.clone());
    let rules = Rules {
        columns,
        purpose,
        kind,
        zone: zone.clone(),
        hints,
        #[cfg(feature = "ingest")]
        articles: None,
    };
    Ok((rules, zone))
}

/// Loads the series of whole families of outlets (see [`crate::registry::Registry::families`]); counts in the map
/// which rows were left out.
///
/// # Errors
/// The first defect of the table, with its row and column.
pub fn load_part(
    request: &Request<'_>,
    layout: &Layout,
    table: &dyn Table,
) -> Result<(Vec<Series>, BTreeMap<String, u64>)> {
    let (rules, zone) = rules(request, Use::Traffic, request.kind)?;
    let mut report = LoadReport::default();
    let mut rows = read(table, &rules)?;
    for (reason, count) in rows.skipped.drain(..) {
        report.skip(reason, count);
    }
    let mut collector = Collector::new(request);
    collector.add(rows, &zone, &mut report)?;
    let series = collector.finish(&layout.found, &mut report)?;
    Ok((series, report.skipped))
}

/// Loads totals on the grid.
///
/// # Errors
/// The first defect of the table; its stamps are coarser than the grid.
pub fn load_totals(request: &Request<'_>, layout: &Layout, table: &dyn Table) -> Result<BTreeMap<String, Vec<f64>>> {
    let (rules, _) = rules(request, Use::Total, Some(Kind::Count))?;
    let mut totals = Totals::default();
    totals.add(&read(table, &rules)?, &layout.found, &layout.zone)?;
    Ok(totals.finish(&layout.found))
}

/// The error of an input in which nothing is watched; `skipped` tells why.
///
/// # Errors
/// Always, unless a series is watched.
pub fn check_watched(series: &[Series], skipped: &BTreeMap<String, u64>) -> Result<()> {
    match series.iter().any(|series| series.role == Role::State) {
        true => Ok(()),
        false => Err(super::assembly::nothing_watched(skipped)),
    }
}

/// The name that the traffic of a host (or topic) as written is filed under; `None` if it is no host.
pub fn filed_under(text: &str) -> Option<String> {
    let bare = super::cell::unquoted(text);
    match super::gather::TOPICS.iter().any(|beginning| bare.starts_with(beginning)) {
        true => Some(bare.to_string()),
        false => crate::registry::fold(bare).name().map(String::from),
    }
}
