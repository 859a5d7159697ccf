//! The material of a chart, read back from a result folder.

use super::{Material, choice, pairs};
use crate::alert::{
    Alert, Attribution, Band, ChangePoint, ChangePointTime, Detectors, Flag, IndexRow, PeriodFlags, ScoredSeries,
    Severity, Status,
};
use crate::calendar::Row;
use crate::cli::args::Plot;
use crate::cli::rows::{estimate, key, level, percent, rows, time};
use crate::error::{Error, Result};
use crate::ingest::frame::{distinct, read_parquet};
use crate::series::{Key, Kind, Level, Role};
use crate::time::{Grid, Seconds, Step};
use std::path::Path;

/// One period of a series as a file has it.
struct Period {
    time: Seconds,
    role: Role,
    kind: Kind,
    /// observed, expected, lower, upper, z
    numbers: [f64; 5],
    segment: u32,
    flags: PeriodFlags,
}

const NUMBERS: [&str; 5] = ["observed", "expected", "lower", "upper", "z"];

pub(super) fn material(folder: &Path, arguments: &Plot) -> Result<Material> {
    let alerts = |file: &str, step| rows(&folder.join(file), &["level", "onset", "end"], |row| alert(row, step));
    if arguments.index {
        let all = rows(&folder.join("index.csv"), &["timestamp", "state", "index"], index_row)?;
        let (state, country) = choice::index(&pairs(&all), arguments)?;
        let index: Vec<IndexRow> =
            all.into_iter().filter(|row| choice::shows(row, &state, country.as_deref())).collect();
        let mut times: Vec<Seconds> = index.iter().map(|row| row.time).collect();
        times.sort_unstable();
        let grid = grid(&times);
        return Ok(Material { grid, series: None, alerts: alerts("alerts.csv", grid.step)?, index });
    }
    let parquet = folder.join("series.parquet");
    let (chosen, periods) = match parquet.is_file() {
        true => from_parquet(&parquet, arguments)?,
        false => from_csv(&folder.join("series.csv"), arguments)?,
    };
    let grid = grid(&periods.iter().map(|period| period.time).collect::<Vec<_>>());
    let mut found = alerts("alerts.csv", grid.step)?;
    if folder.join("drops.csv").is_file() {
        found.extend(alerts("drops.csv", grid.step)?);
    }
    found.retain(|alert| (alert.level, &alert.key) == (chosen.0, &chosen.1));
    let series = scored(chosen, &grid, &periods);
    Ok(Material { grid, series: Some(series), alerts: found, index: Vec::new() })
}

fn from_parquet(path: &Path, arguments: &Plot) -> Result<((Level, Key), Vec<Period>)> {
    let columns = ["level", "state", "outlet", "domain", "country"];
    let read = |cells: Vec<String>| {
        let [level, state, outlet, domain, country] = <[String; 5]>::try_from(cells).ok()?;
        Some((Level::from_name(&level)?, Key { state, outlet, domain, country }))
    };
    let keys: Vec<(Level, Key)> = distinct(path, &columns)?.into_iter().filter_map(read).collect();
    let (level, key) = choice::series(&keys, arguments)?;
    let equal = [
        ("level", level.name()),
        ("state", &key.state),
        ("outlet", &key.outlet),
        ("domain", &key.domain),
        ("country", &key.country),
    ];
    let numbers = ["timestamp", "observed", "expected", "lower", "upper", "z", "segment"];
    let table = read_parquet(path, &equal, &["role", "kind", "flags"], &numbers)?;
    let cell = |column: usize, row: usize| table.numbers[column][row];
    let period = |row: usize| Period {
        time: (cell(0, row) / 1000.0) as Seconds,
        role: role(&table.texts[0][row]),
        kind: Kind::from_name(&table.texts[1][row]).unwrap_or_default(),
        numbers: [1, 2, 3, 4, 5].map(|column| cell(column, row)),
        segment: cell(6, row) as u32,
        flags: period_flags(&table.texts[2][row]),
    };
    let mut periods: Vec<Period> = (0..table.texts[0].len()).map(period).collect();
    periods.sort_by_key(|period| period.time);
    Ok(((level, key), periods))
}

fn from_csv(path: &Path, arguments: &Plot) -> Result<((Level, Key), Vec<Period>)> {
    let read = |row: &Row<'_>| {
        let level = level(row)?.ok_or_else(|| row.fault("level", "found nothing, expected domain, outlet or state"))?;
        Ok(((level, key(row)), row.line()))
    };
    let mut keys: Vec<(Level, Key)> =
        rows(path, &["level", "timestamp", "observed"], read)?.into_iter().map(|(key, _)| key).collect();
    keys.sort();
    keys.dedup();
    let chosen = choice::series(&keys, arguments)?;
    let period = |row: &Row<'_>| -> Result<Option<Period>> {
        if (level(row)?, key(row)) != (Some(chosen.0), chosen.1.clone()) {
            return Ok(None);
        }
        let mut numbers = [f64::NAN; 5];
        for (number, column) in numbers.iter_mut().zip(NUMBERS) {
            *number = 100.0 * percent(row, column)?;
        }
        Ok(Some(Period {
            time: time(row, "timestamp")?,
            role: role(row.text("role")),
            kind: Kind::from_name(row.text("kind")).unwrap_or_default(),
            numbers,
            segment: row.text("segment").parse().unwrap_or(0),
            flags: period_flags(row.text("flags")),
        }))
    };
    let periods = rows(path, &["level", "timestamp", "observed"], period)?.into_iter().flatten().collect();
    Ok((chosen, periods))
}

/// The grid of sorted moments.
fn grid(times: &[Seconds]) -> Grid {
    let steps = times.windows(2).map(|pair| pair[1] - pair[0]).filter(|step| *step > 0);
    let step = steps.min().and_then(Step::from_seconds).unwrap_or(Step::DAY);
    match (times.first(), times.last()) {
        (Some(first), Some(last)) => Grid { start: *first, step, len: ((last - first) / step.seconds()) as usize + 1 },
        _ => Grid { start: 0, step, len: 0 },
    }
}

fn scored((level, key): (Level, Key), grid: &Grid, periods: &[Period]) -> ScoredSeries {
    let column = |k: usize| {
        let mut values = vec![f64::NAN; grid.len];
        for period in periods {
            if let Some(i) = grid.index_of(period.time) {
                values[i] = period.numbers[k];
            }
        }
        values
    };
    // The file tells the segment of each period, not how sure its border is.
    let borders = periods.windows(2).filter(|pair| pair[0].segment != pair[1].segment);
    let change = |index: usize| ChangePoint {
        index,
        low: index,
        high: index,
        before: f64::NAN,
        after: f64::NAN,
        p_value: f64::NAN,
    };
    ScoredSeries {
        level,
        key,
        role: periods.first().map_or(Role::State, |period| period.role),
        kind: periods.first().map_or(Kind::Count, |period| period.kind),
        observed: column(0).into(),
        band: Band::Told { expected: column(1), lower: column(2), upper: column(3) },
        z: column(4),
        flags: periods.iter().map(|period| period.flags).collect(),
        change_points: borders.filter_map(|pair| grid.index_of(pair[1].time)).map(change).collect(),
    }
}

fn role(name: &str) -> Role {
    if name == "reference" { Role::Reference } else { Role::State }
}

fn period_flags(text: &str) -> PeriodFlags {
    let has = |name: &str| text.split('+').any(|flag| flag == name);
    PeriodFlags::default()
        .with(PeriodFlags::GAP, has("gap"))
        .with(PeriodFlags::CENSORED, has("censored"))
        .with(PeriodFlags::FILLED, has("filled"))
        .with(PeriodFlags::SURGE, has("surge"))
        .with(PeriodFlags::DROP, has("drop"))
}

fn index_row(row: &Row<'_>) -> Result<IndexRow> {
    let number = |column| percent(row, column).map(|part| 100.0 * part);
    Ok(IndexRow {
        time: time(row, "timestamp")?,
        key: key(row).into(),
        visits: number("visits")?,
        total: number("total")?,
        share: number("share")?,
        index: number("index")?,
    })
}

fn alert(row: &Row<'_>, step: Step) -> Result<Alert> {
    let number = |column| percent(row, column).map(|part| 100.0 * part);
    let change = |column| if row.text(column).is_empty() { Ok(None) } else { time(row, column).map(Some) };
    let change_point = match (change("change_point")?, change("change_point_low")?, change("change_point_high")?) {
        (Some(at), Some(low), Some(high)) => Some(ChangePointTime { at, low, high }),
        _ => None,
    };
    Ok(Alert {
        id: row.text("alert_id").into(),
        level: level(row)?.ok_or_else(|| row.fault("level", "found nothing, expected domain, outlet or state"))?,
        key: key(row),
        step,
        onset: time(row, "onset")?,
        peak: time(row, "peak")?,
        end: time(row, "end")?,
        status: if row.text("status") == "open" { Status::Open } else { Status::Closed },
        periods: whole(row, "periods")? as usize,
        observed: number("observed")?,
        expected: number("expected")?,
        lift: estimate(row, ["lift_pct", "lift_low_pct", "lift_high_pct"])?,
        excess: number("excess")?,
        peak_value: number("peak_value")?,
        peak_z: number("peak_z")?,
        p_value: number("p_value")?,
        q_value: number("q_value")?,
        change_point,
        controls: Vec::new(),
        detectors: Detectors::from_cell(row.text("detectors")),
        reference_lift: percent(row, "reference_lift_pct")?,
        net_lift: estimate(row, ["net_lift_pct", "net_low_pct", "net_high_pct"])?,
        events: nearest(row)?.into_iter().collect(),
        severity: Severity::from_name(row.text("severity")).unwrap_or(Severity::Low),
        flags: Flag::all_in(row.text("flags")).collect(),
    })
}

fn nearest(row: &Row<'_>) -> Result<Option<Attribution>> {
    if row.text("event").is_empty() {
        return Ok(None);
    }
    Ok(Some(Attribution {
        event: row.text("event").into(),
        date: time(row, "event_date")?,
        lag_days: whole(row, "event_lag")?,
        coincidence: f64::NAN,
    }))
}

fn whole(row: &Row<'_>, column: &str) -> Result<i64> {
    let text = row.text(column);
    text.parse().map_err(|_| -> Error { row.fault(column, format!("found '{text}', expected a whole number")) })
}
