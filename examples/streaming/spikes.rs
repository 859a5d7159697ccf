//! Daily counts with a weekly season, autocorrelated noise, rare one-day spikes and dips and three changes of level.

use floodmark::stats::resample::generator;
use rand::RngExt;
use rand_distr::{Distribution, Gamma, Normal, Poisson};

const WARM: usize = 120;
const DAYS: usize = WARM + 975;

/// (name, median a day, autocorrelation, dispersion of the counts)
const SETTINGS: [(&str, f64, f64, f64); 5] = [
    ("1800", 1800.0, 0.5, 0.004),
    ("1800 phi .8", 1800.0, 0.8, 0.004),
    ("60", 60.0, 0.5, 0.004),
    ("1800 over-dispersed", 1800.0, 0.5, 0.06),
    ("12", 12.0, 0.5, 0.004),
];

fn simulate(stream: u64, median: f64, phi: f64, dispersion: f64) -> (Vec<f64>, Vec<bool>) {
    let mut rng = generator(7, stream);
    let normal = Normal::new(0.0, 1.0).expect("unit");
    let week: Vec<f64> = (0..7).map(|d| if d >= 5 { -0.35 } else { 0.14 } + 0.05 * normal.sample(&mut rng)).collect();
    let mut shifts: Vec<(usize, f64)> = (0..3)
        .map(|_| {
            let size: f64 = rng.random_range(0.2..0.7);
            (rng.random_range(WARM..DAYS), if rng.random::<bool>() { size } else { -size })
        })
        .collect();
    shifts.sort_by_key(|s| s.0);
    let (mut noise, sd) = (0.0, 0.08);
    let mut labels = vec![false; DAYS];
    let values = (0..DAYS)
        .map(|t| {
            noise = phi * noise + sd * (1.0f64 - phi * phi).sqrt() * normal.sample(&mut rng);
            let level: f64 = shifts.iter().filter(|s| s.0 <= t).map(|s| s.1).sum();
            let mut mean = median * (week[t % 7] + noise + level).exp();
            let u: f64 = rng.random();
            if u < 0.01 {
                mean *= rng.random_range(1.3..3.0);
                labels[t] = true;
            } else if u < 0.015 {
                mean *= rng.random_range(0.2..0.7);
                labels[t] = true;
            }
            let rate = Gamma::new(1.0 / dispersion, mean * dispersion).expect("positive").sample(&mut rng);
            Poisson::new(rate.max(1e-9)).expect("positive").sample(&mut rng)
        })
        .collect();
    (values, labels)
}

/// Area under precision against recall, as the mean precision at each true label.
pub fn average_precision(mut scored: Vec<(f64, bool)>) -> f64 {
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let positives = scored.iter().filter(|s| s.1).count();
    let (mut hits, mut sum, mut i) = (0usize, 0.0, 0);
    while i < scored.len() {
        let end = i + scored[i..].iter().take_while(|s| s.0 == scored[i].0).count();
        let new = scored[i..end].iter().filter(|s| s.1).count();
        hits += new;
        sum += new as f64 * hits as f64 / end as f64;
        i = end;
    }
    sum / positives as f64
}

pub fn report(name: &str, detector: fn(&[f64], i64) -> Vec<f64>) {
    let cells: Vec<String> = SETTINGS
        .iter()
        .enumerate()
        .map(|(k, (label, median, phi, dispersion))| {
            let mut scored = Vec::new();
            for i in 0..100 {
                let (values, labels) = simulate(1000 * k as u64 + i, *median, *phi, *dispersion);
                let scores = detector(&values, 86_400);
                scored.extend((WARM..DAYS).map(|t| (scores[t], labels[t])));
            }
            format!("{label}: {:.2}", average_precision(scored))
        })
        .collect();
    println!("{name:24} {}", cells.join("  "));
}
