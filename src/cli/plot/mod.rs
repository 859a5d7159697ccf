//! `plot`: one chart, of one series or of the index of one state.

mod choice;
mod stored;

use super::args::{Labels, Plot};
use super::plan::Plan;
use super::{Outcome, analyze, inputs};
use crate::alert::{Alert, Event, IndexRow, ScoredSeries};
use crate::chart::{self, Figure, Size};
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::series::{Key, Level};
use crate::time::{Grid, Seconds};
use crate::{calendar, ingest};
use std::io::Write;
use std::path::Path;

/// What a chart is drawn from.
struct Material {
    grid: Grid,
    series: Option<ScoredSeries>,
    /// Surges and drops of the series, or surges of the state.
    alerts: Vec<Alert>,
    index: Vec<IndexRow>,
}

pub(crate) fn run(arguments: &Plot) -> Result<Outcome> {
    let form = form(&arguments.out)?;
    let size = size(&arguments.size)?;
    let window = window(arguments)?;
    let events = events(&arguments.events)?;
    let material = match arguments.input.as_slice() {
        [folder] if Path::new(folder).join("alerts.csv").is_file() => stored::material(Path::new(folder), arguments)?,
        _ => computed(arguments)?,
    };
    let mut figure = figure(&material, arguments, &events, window);
    if arguments.labels == Labels::None {
        figure = figure.without_words();
    }
    if let Some(title) = &arguments.title {
        (figure.title, figure.finding) = (title.clone(), String::new());
    }
    figure.size = size;
    let bytes = match (form, arguments.dpi) {
        (Form::Svg, _) => figure.svg()?.into_bytes(),
        (Form::Png, Some(dpi)) => figure.png_at(dpi)?,
        (Form::Png, None) => figure.png()?,
    };
    write(&arguments.out, &bytes)?;
    Ok(Outcome::Done)
}

#[derive(Clone, Copy)]
enum Form {
    Png,
    Svg,
}

fn form(path: &Path) -> Result<Form> {
    match path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase()).as_deref() {
        Some("png") => Ok(Form::Png),
        Some("svg") => Ok(Form::Svg),
        _ => Err(Error::usage(format!("--out {}: expected a name that ends in .png or .svg", path.display()))),
    }
}

/// `1600x900`, refused where it could not be drawn legibly.
fn size(text: &str) -> Result<Size> {
    let fault = || {
        Error::usage(format!(
            "--size '{text}': expected WIDTHxHEIGHT in pixels, such as 1600x900; 400 to 6400 across, and from a \
             quarter of that to twice that down"
        ))
    };
    let (width, height) = text.split_once(['x', 'X', '×']).ok_or_else(fault)?;
    let number = |text: &str| text.trim().parse::<u32>().map_err(|_| fault());
    let size = Size { width: number(width)?, height: number(height)? };
    if size.sensible() == size { Ok(size) } else { Err(fault()) }
}

/// The first moment and the one after the last, as far as they are given.
fn window(arguments: &Plot) -> Result<(Option<Seconds>, Option<Seconds>)> {
    let moment = |option: &str, text: &Option<String>| {
        let read = |text: &String| ingest::moment(text).map_err(|error| error.context(format!("--{option} '{text}'")));
        text.as_ref().map(read).transpose()
    };
    let from = moment("from", &arguments.from)?.map(|(start, _)| start);
    let to = moment("to", &arguments.to)?.map(|(_, end)| end);
    match (from, to) {
        (Some(from), Some(to)) if to <= from => Err(Error::usage("--to lies before --from")),
        window => Ok(window),
    }
}

fn events(files: &[String]) -> Result<Vec<Event>> {
    let mut events = if files.is_empty() { calendar::builtin()? } else { Vec::new() };
    for file in files.iter().filter(|file| *file != "none") {
        events.extend(calendar::read(Path::new(file))?);
    }
    calendar::sort(&mut events);
    Ok(events)
}

/// Loads and analyses traffic as `analyze` would.
fn computed(arguments: &Plot) -> Result<Material> {
    let settings = Settings {
        input: arguments.input.clone(),
        total: arguments.total.clone(),
        domains: arguments.domains.clone(),
        ..Settings::default()
    };
    let plan = Plan::new(settings, analyze::clock())?;
    let registry = analyze::registry(&plan)?;
    let events = analyze::events(&plan)?;
    let loaded = inputs::load(&plan, &registry)?;
    if let Some(failure) = loaded.report.failures.first() {
        return Err(Error::input(failure.to_string()));
    }
    let analysis = analyze::analyze(&plan, &loaded, &events)?;
    if arguments.index {
        let (state, country) = choice::index(&pairs(&analysis.index), arguments)?;
        let index = analysis.index.into_iter().filter(|row| choice::shows(row, &state, country.as_deref())).collect();
        return Ok(Material { grid: analysis.grid, series: None, alerts: analysis.alerts, index });
    }
    let keys: Vec<(Level, Key)> = analysis.series.iter().map(|one| (one.level, one.key.clone())).collect();
    let (level, key) = choice::series(&keys, arguments)?;
    let of_it = |alert: &Alert| alert.level == level && alert.key == key;
    Ok(Material {
        grid: analysis.grid,
        alerts: analysis.alerts.into_iter().chain(analysis.drops).filter(of_it).collect(),
        series: analysis.series.into_iter().find(|one| one.level == level && one.key == key),
        index: Vec::new(),
    })
}

/// State and country of every index, once each.
fn pairs(rows: &[IndexRow]) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = rows.iter().map(|row| (row.key.state.clone(), row.key.country.clone())).collect();
    pairs.sort();
    pairs.dedup();
    pairs
}

fn figure(
    material: &Material,
    arguments: &Plot,
    events: &[Event],
    (from, to): (Option<Seconds>, Option<Seconds>),
) -> Figure {
    let grid = &material.grid;
    let all = (from.unwrap_or(grid.start), to.unwrap_or(grid.end()));
    let inside = |alert: &&Alert| alert.onset < all.1 && alert.end.saturating_add(grid.step.seconds()) > all.0;
    let strength = |alert: &&Alert| (alert.severity, alert.peak_z.abs());
    let strongest =
        material.alerts.iter().filter(inside).reduce(|a, b| if strength(&b) > strength(&a) { b } else { a });
    match (&material.series, strongest) {
        (Some(series), Some(alert)) if from.is_none() && to.is_none() => chart::series(series, grid, alert, events),
        (Some(series), alert) => chart::portrait(series, grid, alert, events, all),
        (None, _) => {
            let shown = |row: &&IndexRow| (all.0..all.1).contains(&row.time);
            let rows: Vec<IndexRow> = material.index.iter().filter(shown).cloned().collect();
            let state = arguments.state.as_deref().unwrap_or_default().to_ascii_uppercase();
            chart::index(&rows, &state, grid.step, &material.alerts, events)
        }
    }
}

/// Whole or not at all: a reader never sees half a picture.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let fail = |error| Error::io("cannot write the picture", error).in_file(path.display().to_string());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".floodmark-").tempfile_in(folder).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644)).map_err(fail)?;
    }
    file.persist(path).map(drop).map_err(|error| fail(error.error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_taken_as_they_are_or_refused() {
        assert_eq!(size("1600x900").expect("sound"), Size { width: 1600, height: 900 });
        assert_eq!(size("800 X 600").expect("sound"), Size { width: 800, height: 600 });
        for wrong in ["", "1600", "x", "100x100", "1600x90", "99999x900", "-1600x900", "1600x1e3"] {
            assert!(size(wrong).is_err_and(|error| error.is_usage()), "{wrong}");
        }
    }

    #[test]
    fn the_form_follows_the_name() {
        assert!(
            matches!(form(Path::new("a.PNG")), Ok(Form::Png)) && matches!(form(Path::new("a.b.svg")), Ok(Form::Svg))
        );
        assert!(form(Path::new("png")).is_err_and(|error| error.is_usage()));
    }
}
