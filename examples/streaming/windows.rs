//! The scoring rule of the Numenta Anomaly Benchmark (Lavin & Ahmad 2015, § II), standard profile: in each labelled
//! window the best-placed detection earns up to 1 (early is better), a missed window costs 1, every row flagged
//! outside costs up to 0.11; one threshold for the whole corpus, the one that scores best.

use crate::corpus::Series;

const FALSE_ALARM: f64 = 0.11;
/// Tail probabilities at which a detector is judged too, without choosing a threshold.
const FIXED: [f64; 3] = [1e-2, 1e-3, 1e-4];

/// The part of a series at its start that is not scored.
pub fn probation(n: usize) -> usize {
    (0.15 * n.min(5000) as f64) as usize
}

fn sigmoid(position: f64) -> f64 {
    if position > 3.0 { -1.0 } else { 2.0 / (1.0 + (5.0 * position).exp()) - 1.0 }
}

/// What a flag at row `t` earns, and in which window.
fn earnings(series: &Series, t: usize) -> (f64, Option<usize>) {
    if let Some(w) = series.windows.iter().position(|w| w.0 <= t && t <= w.1) {
        let (start, end) = series.windows[w];
        return (sigmoid(-((end - t + 1) as f64) / (end - start + 1) as f64) / sigmoid(-1.0), Some(w));
    }
    match series.windows.iter().rev().find(|w| w.1 < t) {
        Some((start, end)) => (FALSE_ALARM * sigmoid((t - end) as f64 / (end - start).max(1) as f64), None),
        None => (-FALSE_ALARM, None),
    }
}

/// One row of the sweep.
struct Flag {
    score: f64,
    series: usize,
    earned: f64,
    window: Option<usize>,
}

/// Result at the best threshold.
pub struct Outcome {
    pub score: f64,
    /// Score at the thresholds 1 − [`FIXED`].
    pub fixed: [f64; 3],
    pub threshold: f64,
    /// (windows, found, false alarms) by group of series.
    pub groups: Vec<(&'static str, usize, usize, usize)>,
}

pub fn evaluate(corpus: &[Series], scores: &[Vec<f64>]) -> Outcome {
    let mut flags = Vec::new();
    for (s, (series, scores)) in corpus.iter().zip(scores).enumerate() {
        for (t, &score) in scores.iter().enumerate().skip(probation(series.values.len())) {
            if score > 0.0 {
                let (earned, window) = earnings(series, t);
                flags.push(Flag { score, series: s, earned, window });
            }
        }
    }
    flags.sort_by(|a, b| b.score.total_cmp(&a.score));
    let total: usize = corpus.iter().map(|s| s.windows.len()).sum();
    let mut best: Vec<Vec<f64>> = corpus.iter().map(|s| vec![-1.0; s.windows.len()]).collect();
    let (mut sum, mut top, mut at) = (-(total as f64), -(total as f64), 0);
    let mut fixed = [sum; 3];
    for (i, flag) in flags.iter().enumerate() {
        match flag.window {
            Some(w) => {
                let slot = &mut best[flag.series][w];
                sum += (flag.earned - *slot).max(0.0);
                *slot = slot.max(flag.earned);
            }
            None => sum += flag.earned,
        }
        for (fixed, p) in fixed.iter_mut().zip(FIXED) {
            if flag.score > 1.0 - p {
                *fixed = sum;
            }
        }
        let tied = flags.get(i + 1).is_some_and(|next| next.score == flag.score);
        if sum > top && !tied {
            (top, at) = (sum, i + 1);
        }
    }
    let mut groups: Vec<(&'static str, usize, usize, usize)> = Vec::new();
    let mut found: Vec<Vec<bool>> = corpus.iter().map(|s| vec![false; s.windows.len()]).collect();
    for series in corpus {
        if !groups.iter().any(|g| g.0 == series.group) {
            groups.push((series.group, 0, 0, 0));
        }
    }
    let group = |s: usize, groups: &[(&'static str, usize, usize, usize)]| {
        groups.iter().position(|g| g.0 == corpus[s].group).unwrap_or(0)
    };
    for flag in &flags[..at] {
        match flag.window {
            Some(w) => found[flag.series][w] = true,
            None => {
                let g = group(flag.series, &groups);
                groups[g].3 += 1;
            }
        }
    }
    for (s, found) in found.iter().enumerate() {
        let g = group(s, &groups);
        groups[g].1 += found.len();
        groups[g].2 += found.iter().filter(|f| **f).count();
    }
    let percent = |sum: f64| 100.0 * (sum + total as f64) / (2.0 * total as f64);
    Outcome {
        score: percent(top),
        fixed: fixed.map(percent),
        threshold: flags.get(at.saturating_sub(1)).map_or(f64::NAN, |f| f.score),
        groups,
    }
}

pub fn report(name: &str, corpora: &[Vec<Series>], detector: fn(&[f64], i64) -> Vec<f64>, verbose: bool) {
    let outcomes: Vec<Outcome> = corpora
        .iter()
        .map(|corpus| {
            let scores: Vec<Vec<f64>> = corpus.iter().map(|s| detector(&s.values, s.step)).collect();
            evaluate(corpus, &scores)
        })
        .collect();
    let mean = outcomes.iter().map(|o| o.score).sum::<f64>() / outcomes.len() as f64;
    let each: Vec<String> = outcomes.iter().map(|o| format!("{:.1}", o.score)).collect();
    println!("{name:24} {mean:5.1}   ({})", each.join(", "));
    if name == "floodmark" {
        let at = |i: usize| outcomes.iter().map(|o| o.fixed[i]).sum::<f64>() / outcomes.len() as f64;
        println!("{:24} {:.1}, {:.1}, {:.1}", "  at p < 1e-2, 1e-3, 1e-4", at(0), at(1), at(2));
    }
    if verbose {
        for o in &outcomes {
            let groups: Vec<String> = o.groups.iter().map(|g| format!("{} {}/{} +{}", g.0, g.2, g.1, g.3)).collect();
            println!("    1-score at threshold {:.1e}: {}", 1.0 - o.threshold, groups.join("; "));
        }
    }
}
