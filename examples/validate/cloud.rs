//! Labelled cloud series: the score of every row as `floodmark detect` gives it, past only.
use crate::Report;
#[path = "../streaming/cloud.rs"]
mod series;

use std::path::Path;

pub fn table(report: &mut Report, data: &Path) {
    let all = series::load(&data.join("ms_cloud"));
    let labelled: Vec<_> = all.iter().filter(|s| s.labels.contains(&true)).collect();
    if labelled.is_empty() {
        return;
    }
    report.line(include_str!("cloud.md"));
    let figures: Vec<[f64; 4]> = labelled.iter().map(|series| figures(series)).collect();
    let family = |i: usize| labelled[i].name.rsplit_once('-').map_or("", |(family, _)| family);
    let mut begin = 0;
    for end in 1..=labelled.len() {
        if end == labelled.len() || family(end) != family(begin) {
            report.line(&row(&format!("`{}`", family(begin)), &means(&figures[begin..end]), end - begin));
            begin = end;
        }
    }
    let sums = means(&figures);
    report.line(&row("**all**", &sums, labelled.len()));
    report.goal(sums[0] > sums[1] && sums[2] > sums[3], "labelled cloud series: not ahead of the rolling z-score");
}

/// Event F1 and VUS-PR, each of ours and of the rolling z-score.
fn figures(series: &series::Labelled) -> [f64; 4] {
    let (_, f1, vus) = series::measure(series, series::floodmark_score);
    let (_, peer_f1, peer_vus) = series::measure(series, series::rolling_z);
    [f1, peer_f1, vus, peer_vus]
}

fn means(figures: &[[f64; 4]]) -> [f64; 4] {
    let mut sums = [0.0; 4];
    for row in figures {
        sums.iter_mut().zip(row).for_each(|(sum, figure)| *sum += figure / figures.len() as f64);
    }
    sums
}

fn row(name: &str, figures: &[f64; 4], series: usize) -> String {
    let cells: Vec<String> = figures.iter().map(|figure| format!("{figure:.3}")).collect();
    format!("| {name} | {series} | {} |", cells.join(" | "))
}
