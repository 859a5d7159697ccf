//! The scored series as a file: the largest of the result, written in batches.

use crate::alert::{Analysis, ScoredSeries};
use crate::config::SeriesFormat;
use crate::error::Result;
use crate::ingest::frame::{Column, write_parquet};
use crate::report::folder::Folder;
use crate::report::tables::{self, period_flags, role_name};
use crate::time::Grid;

/// Rows of one batch, about: what is held in memory at a time.
const BATCH: usize = 1 << 16;

pub(crate) fn write(folder: &Folder, format: SeriesFormat, analysis: &Analysis) -> Result<()> {
    match format {
        SeriesFormat::Csv => folder.fill("series.csv", |out| tables::series_csv(out, &analysis.series, &analysis.grid)),
        SeriesFormat::Parquet => {
            let per_batch = (BATCH / analysis.grid.len.max(1)).max(1);
            // The first batch tells the types, so there is one even without series.
            let first = batch(&analysis.series[..per_batch.min(analysis.series.len())], &analysis.grid);
            let rest = analysis.series.chunks(per_batch).skip(1);
            let rest = rest.map(|chunk| batch(chunk, &analysis.grid));
            write_parquet(folder.file("series.parquet")?, first, rest)
        }
    }
}

/// Columns of [`tables::SERIES`], for some series.
fn batch<'a>(series: &'a [ScoredSeries], grid: &Grid) -> Vec<(&'static str, Column<'a>)> {
    let len = grid.len;
    let text = |pick: &dyn Fn(&'a ScoredSeries) -> &'a str| {
        Column::Text(series.iter().flat_map(|one| std::iter::repeat_n(pick(one), len)).collect())
    };
    let number = |pick: &dyn Fn(&ScoredSeries, usize) -> f64| {
        Column::Number(series.iter().flat_map(|one| (0..len).map(move |i| pick(one, i))).collect())
    };
    let segments = |one: &'a ScoredSeries| (0..len).map(|i| Some(one.segment(i)));
    let flags = |one: &'a ScoredSeries| (0..len).map(|i| one.flags.get(i).map_or("", |flags| period_flags(*flags)));
    let columns = vec![
        text(&|one| one.level.name()),
        text(&|one| &one.key.state),
        text(&|one| &one.key.outlet),
        text(&|one| &one.key.domain),
        text(&|one| &one.key.country),
        text(&|one| role_name(one.role)),
        text(&|one| one.kind.name()),
        Column::Time(series.iter().flat_map(|_| (0..len).map(|i| grid.time(i))).collect()),
        number(&|one, i| one.observed.get(i).copied().unwrap_or(f64::NAN)),
        number(&ScoredSeries::expected),
        number(&ScoredSeries::lower),
        number(&ScoredSeries::upper),
        number(&|one, i| one.z.get(i).copied().unwrap_or(f64::NAN)),
        Column::Whole(series.iter().flat_map(segments).collect()),
        Column::Text(series.iter().flat_map(flags).collect()),
    ];
    tables::SERIES.split(',').zip(columns).collect()
}
