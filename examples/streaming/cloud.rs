//! Labelled real series: CSV with `TimeStamp,Value,Label`.

use floodmark::detect::points::{PointOptions, Scorer};
use floodmark::time::Step;
use std::path::Path;

/// The score of every row as `floodmark detect` gives it, past only.
pub fn floodmark_score(values: &[f64], step: i64) -> Vec<f64> {
    let mut scorer = Scorer::new(Step::from_seconds(step), &PointOptions::default());
    values.iter().map(|value| scorer.push(*value).score).collect()
}

pub struct Labelled {
    pub name: String,
    pub step: i64,
    pub values: Vec<f64>,
    pub labels: Vec<bool>,
}

/// Every series under `folder`, in order of its path.
pub fn load(folder: &Path) -> Vec<Labelled> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        files.extend(std::fs::read_dir(entry.path()).into_iter().flatten().flatten().map(|f| f.path()));
    }
    files.sort();
    files.iter().filter_map(|file| parse(file)).collect()
}

fn parse(file: &Path) -> Option<Labelled> {
    let text = std::fs::read_to_string(file).ok()?.replace('"', "");
    let mut series =
        Labelled { name: file.file_stem()?.to_string_lossy().into(), step: 3600, values: vec![], labels: vec![] };
    let mut hours = Vec::new();
    for line in text.lines().skip(1) {
        let mut cells = line.split(',');
        let (time, value, label) = (cells.next()?, cells.next()?, cells.next()?);
        hours.push(time.get(11..16).unwrap_or_default().to_owned());
        series.values.push(value.trim().parse().unwrap_or(f64::NAN));
        series.labels.push(label.trim() == "1");
    }
    let minutes = hours.iter().take(200).filter(|h| !h.ends_with(":00")).count();
    if minutes > 100 {
        series.step = 60;
    }
    Some(series)
}

/// Runs of true labels, first and last row.
fn events(labels: &[bool]) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    for (t, _) in labels.iter().enumerate().filter(|l| *l.1) {
        match out.last_mut() {
            Some(last) if last.1 + 1 == t => last.1 = t,
            _ => out.push((t, t)),
        }
    }
    out
}

/// Thresholds at which the curves are followed.
fn thresholds(scores: &[f64]) -> Vec<f64> {
    let mut sorted = scores.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    sorted.dedup();
    let step = (sorted.len() / 250).max(1);
    let mut chosen: Vec<f64> = sorted.iter().copied().take(40).collect();
    chosen.extend(sorted.iter().copied().skip(40).step_by(step));
    chosen
}

/// Best F1 of events: a labelled run is found when any of its rows is flagged; a flagged run outside is false.
fn event_f1(scores: &[f64], labels: &[bool]) -> f64 {
    let truth = events(labels);
    thresholds(scores)
        .iter()
        .map(|threshold| {
            let flagged: Vec<bool> = scores.iter().map(|s| s >= threshold).collect();
            let found = truth.iter().filter(|e| flagged[e.0..=e.1].contains(&true)).count() as f64;
            let false_runs = events(&flagged).iter().filter(|e| !labels[e.0..=e.1].contains(&true)).count() as f64;
            2.0 * found / (found + false_runs + truth.len() as f64)
        })
        .fold(0.0, f64::max)
}

/// Volume under the surface of precision, recall and buffer (Paparrizos et al. 2022), buffers of 0–20 rows.
fn vus_pr(scores: &[f64], labels: &[bool]) -> f64 {
    let truth = events(labels);
    let thresholds = thresholds(scores);
    let hard = labels.iter().filter(|l| **l).count() as f64;
    let areas: Vec<f64> = (0..=20usize)
        .step_by(4)
        .map(|buffer| {
            let mut soft: Vec<f64> = labels.iter().map(|l| f64::from(*l)).collect();
            for (start, end) in &truth {
                for d in 1..=buffer / 2 {
                    let weight = (1.0 - d as f64 / buffer as f64).sqrt();
                    for t in [start.checked_sub(d), Some(end + d)].into_iter().flatten().filter(|t| *t < labels.len()) {
                        soft[t] = soft[t].max(weight);
                    }
                }
            }
            let positives = (hard + soft.iter().sum::<f64>()) / 2.0;
            let (mut area, mut recall_before) = (0.0, 0.0);
            for threshold in &thresholds {
                let rows = (0..scores.len()).filter(|t| scores[*t] >= *threshold);
                let (mut hits, mut flagged) = (0.0, 0.0);
                for t in rows {
                    hits += soft[t];
                    flagged += 1.0;
                }
                let seen = |e: &&(usize, usize)| {
                    (e.0.saturating_sub(buffer / 2)..=(e.1 + buffer / 2).min(scores.len() - 1))
                        .any(|t| scores[t] >= *threshold)
                };
                let existence = truth.iter().filter(seen).count() as f64 / truth.len() as f64;
                let recall = (hits / positives).min(1.0) * existence;
                area += (recall - recall_before).max(0.0) * hits / f64::max(flagged, 1.0);
                recall_before = f64::max(recall, recall_before);
            }
            area
        })
        .collect();
    areas.iter().sum::<f64>() / areas.len() as f64
}

/// Score of every row (0 where there is none), best event F1, VUS-PR.
pub fn measure(series: &Labelled, detector: fn(&[f64], i64) -> Vec<f64>) -> (Vec<f64>, f64, f64) {
    let scores: Vec<f64> =
        detector(&series.values, series.step).iter().map(|v| if v.is_nan() { 0.0 } else { *v }).collect();
    let (f1, vus) = (event_f1(&scores, &series.labels), vus_pr(&scores, &series.labels));
    (scores, f1, vus)
}

/// |z| against the rows of the last day (28 rows for daily data).
pub fn rolling_z(values: &[f64], step: i64) -> Vec<f64> {
    let length = if step >= 86_400 { 28 } else { (86_400 / step) as usize };
    (0..values.len())
        .map(|t| {
            let window = &values[t.saturating_sub(length)..t];
            let n = window.len() as f64;
            let mean = window.iter().sum::<f64>() / n;
            let sd = (window.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
            let z = (values[t] - mean).abs() / sd.max(1e-9);
            if t < 5 || z.is_nan() { 0.0 } else { z }
        })
        .collect()
}
