//! The Turing Change Point Dataset (van den Burg & Williams 2020): `detect_raw` with its one default against its annotators.
use crate::Report;
use floodmark::detect::{changepoint::Settings, raw::detect_raw};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Goals of the project for the means.
const GOALS: (f64, f64) = (0.78, 0.70);

pub fn table(report: &mut Report, data: &Path) {
    let folder = data.join("tcpd");
    let Ok(known) = std::fs::read_to_string(folder.join("annotations.json")) else { return };
    let annotations = annotations(&known);
    report.line(include_str!("tcpd.md"));
    let mut scores = Vec::new();
    for (name, annotators) in &annotations {
        let text = std::fs::read_to_string(folder.join(format!("series/{name}.json"))).expect("a series of the set");
        let values = numbers_after(&text, "\"series\"");
        let found = detect_raw(&values, &[7, 12, 24], &Settings::default());
        let changes: Vec<usize> = found.change_points.iter().map(|c| c.index).collect();
        let (f, c) = (f1(annotators, &changes), covering(annotators, &changes, values.len()));
        let shown: Vec<String> = changes.iter().map(usize::to_string).collect();
        report.line(&format!("| `{name}` | {} | {f:.3} | {c:.3} | {} |", values.len(), shown.join(", ")));
        if !name.starts_with("quality_control") {
            scores.push((f, c));
        }
    }
    let n = scores.len() as f64;
    let (f, c) = scores.iter().fold((0.0, 0.0), |sum, s| (sum.0 + s.0 / n, sum.1 + s.1 / n));
    report.line(&format!("| **mean of {n} without `quality_control_*`** | | **{f:.3}** | **{c:.3}** | |"));
    report.goal(f >= GOALS.0, &format!("Turing change points: mean F1 {f:.3}"));
    report.goal(c >= GOALS.1, &format!("Turing change points: mean covering {c:.3}"));
}

/// Annotators' change points by series: `{"name": {"annotator": [1, 2], …}, …}`.
fn annotations(text: &str) -> BTreeMap<String, Vec<Vec<usize>>> {
    let mut found: BTreeMap<String, Vec<Vec<usize>>> = BTreeMap::new();
    let (mut series, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('"') {
        let name = rest[at + 1..].split('"').next().unwrap_or_default();
        rest = &rest[at + name.len() + 2..];
        match rest.find(['{', '[']) {
            Some(open) if rest[open..].starts_with('[') => {
                let list = rest[open + 1..].split(']').next().unwrap_or_default();
                let changes = list.split(',').filter_map(|v| v.trim().parse().ok()).collect();
                found.entry(series.clone()).or_default().push(changes);
            }
            _ => series = name.to_string(),
        }
    }
    found
}

/// The first list called `raw` after a key; `null` is a gap.
fn numbers_after(text: &str, key: &str) -> Vec<f64> {
    let after = text.split(key).nth(1).unwrap_or_default().split("\"raw\"").nth(1).unwrap_or_default();
    let list = after.split('[').nth(1).unwrap_or_default().split(']').next().unwrap_or_default();
    list.split(',').map(|v| v.trim().parse().unwrap_or(f64::NAN)).collect()
}

/// Change points of `truth` that have a found one within 5, each found one used once, the nearest first.
fn true_positives(truth: &BTreeSet<usize>, found: &BTreeSet<usize>) -> f64 {
    let mut left = found.clone();
    let mut hits = 0.0;
    for t in truth {
        if let Some(nearest) = left.iter().copied().filter(|x| x.abs_diff(*t) <= 5).min_by_key(|x| x.abs_diff(*t)) {
            left.remove(&nearest);
            hits += 1.0;
        }
    }
    hits
}

fn with_zero(changes: &[usize]) -> BTreeSet<usize> {
    changes.iter().copied().chain([0]).collect()
}

fn f1(annotators: &[Vec<usize>], found: &[usize]) -> f64 {
    let found = with_zero(found);
    let sets: Vec<BTreeSet<usize>> = annotators.iter().map(|a| with_zero(a)).collect();
    let union = sets.iter().flatten().copied().collect();
    let precision = true_positives(&union, &found) / found.len() as f64;
    let recall = sets.iter().map(|s| true_positives(s, &found) / s.len() as f64).sum::<f64>() / sets.len() as f64;
    2.0 * precision * recall / (precision + recall)
}

fn covering(annotators: &[Vec<usize>], found: &[usize], n: usize) -> f64 {
    let parts = |changes: &[usize]| floodmark::detect::changepoint::segments(n, changes);
    let found = parts(found);
    let one = |truth: &Vec<usize>| -> f64 {
        let cover = |a: &std::ops::Range<usize>| {
            let overlap = |b: &std::ops::Range<usize>| {
                let shared = a.end.min(b.end).saturating_sub(a.start.max(b.start)) as f64;
                shared / (a.len() as f64 + b.len() as f64 - shared)
            };
            a.len() as f64 * found.iter().map(overlap).fold(0.0, f64::max)
        };
        parts(truth).iter().map(cover).sum::<f64>() / n as f64
    };
    annotators.iter().map(one).sum::<f64>() / annotators.len() as f64
}
