//! `simulate`: traffic with known surges.

use crate::fault::{Fault, Result};
use crate::table::{Builder, PyResultTable, batch};
use floodmark::ingest::stamp::{Stamp, parse};
use floodmark::recipe;
use floodmark::report::table::Content;
use floodmark::simulate::{Recipe, simulate as simulated};
use floodmark::time::{Grid, Step};
use pyo3::prelude::*;

/// A quiet panel in few words.
#[derive(Clone, Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Plain {
    start: String,
    periods: usize,
    every: String,
    states: usize,
    references: usize,
    countries: Vec<String>,
}

impl Plain {
    fn recipe(&self, seed: u64) -> Result<Recipe> {
        let step = match self.every.as_str() {
            "hour" => Step::HOUR,
            "day" => Step::DAY,
            "week" => Step::WEEK,
            other => return Err(Fault::usage(format!("every '{other}': expected one of hour, day, week"))),
        };
        let (start, _) = floodmark::ingest::moment(&self.start)?;
        let grid = Grid { start: step.floor(start), step, len: self.periods };
        let countries: Vec<&str> = self.countries.iter().map(String::as_str).collect();
        Ok(Recipe::plain(seed, grid, self.states, self.references, &countries))
    }
}

/// Traffic, total and truth.
#[pyfunction]
pub(crate) fn simulate(
    py: Python<'_>,
    recipe: Option<(String, String)>,
    plain: Option<Plain>,
    seed: Option<u64>,
) -> PyResult<Vec<PyResultTable>> {
    let work = || -> Result<Vec<PyResultTable>> {
        let (name, mut chosen) = match (recipe, plain) {
            (Some((name, text)), _) => {
                let parsed = recipe::parse(&text).map_err(|error| error.in_file(&name))?;
                (name, parsed)
            }
            (None, Some(plain)) => ("recipe".into(), plain.recipe(seed.unwrap_or(1))?),
            (None, None) => return Err(Fault::usage("expected a recipe")),
        };
        chosen.seed = seed.unwrap_or(chosen.seed);
        let simulation = simulated(&chosen).map_err(|error| error.in_file(&name))?;
        let files = recipe::files(&chosen, &simulation);
        let of = |wanted: &dyn Fn(&str) -> bool| {
            let mut text = String::new();
            for (_, part) in files.iter().filter(|(name, _)| wanted(name)) {
                let rows = part.split_once('\n').map_or("", |(_, rows)| rows);
                text.push_str(if text.is_empty() { part } else { rows });
            }
            text
        };
        Ok(vec![
            table("traffic", of(&|name| name.starts_with("traffic-")))?,
            table("total", of(&|name| name == "total.csv"))?,
            table("truth", of(&|name| name == "_truth.csv"))?,
        ])
    };
    Ok(py.detach(work)?)
}

/// A CSV text as a table. A column of numbers in which some are only known below a bound (`<5`) stays text.
fn table(name: &str, text: String) -> Result<PyResultTable> {
    let broken = |error: csv::Error| Fault::input(error.to_string());
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header: Vec<String> = reader.headers().map_err(broken)?.iter().map(String::from).collect();
    let rows = reader.into_records().collect::<std::result::Result<Vec<_>, _>>().map_err(broken)?;
    let cells = |column: usize| rows.iter().map(move |row| row.get(column).unwrap_or(""));
    let columns = header.iter().enumerate().map(|(column, name)| {
        let bounded = cells(column).any(|cell| cell.starts_with('<'));
        let content = if bounded { Content::Text } else { Content::of(name) };
        let mut builder = Builder::new(content);
        for cell in cells(column) {
            match content {
                Content::Text => builder.text((!cell.is_empty()).then_some(cell)),
                Content::Number => builder.number(cell.parse().unwrap_or(f64::NAN)),
                Content::Integer => builder.integer(cell.parse().ok()),
                Content::Time => builder.integer(match parse(cell) {
                    Some(Stamp::Instant(time) | Stamp::Civil { wall: time, .. }) => Some(time),
                    None => None,
                }),
            }
        }
        (name.clone(), builder)
    });
    Ok(PyResultTable::new(name, batch(columns.collect())?, text.into_bytes()))
}
