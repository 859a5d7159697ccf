//! Validation on simulated panels: false discoveries and power. Run:
//! `cargo run --release --no-default-features --example validate`
use floodmark::pipeline::{self, Options};
use floodmark::series::{Key, Kind, Panel, Role, Series};
use floodmark::stats::resample::generator;
use floodmark::time::{Grid, Step};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, Gamma, Normal, Poisson, StudentT};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug)]
enum Noise {
    Gaussian(f64),
    HeavyT3(f64),
    Ar(f64, f64),
    Counts(f64, f64),
}

fn series(rng: &mut impl Rng, n: usize, noise: Noise, growth: f64) -> Vec<f64> {
    let normal = Normal::new(0.0, 1.0).unwrap();
    let t3 = StudentT::new(3.0).unwrap();
    let week: Vec<f64> = (0..7).map(|_| 0.15 * normal.sample(rng)).collect();
    let level: f64 = match noise {
        Noise::Counts(mean, _) => mean.ln(),
        _ => rng.random_range(6.0..11.0),
    };
    let mut ar = 0.0;
    (0..n)
        .map(|t| {
            let mu = level + week[t % 7] + growth * t as f64 / 365.0;
            match noise {
                Noise::Gaussian(sd) => (mu + sd * normal.sample(rng)).exp(),
                Noise::HeavyT3(sd) => (mu + sd * t3.sample(rng) / 3f64.sqrt()).exp(),
                Noise::Ar(phi, sd) => {
                    ar = phi * ar + sd * (1.0 - phi * phi).sqrt() * normal.sample(rng);
                    (mu + ar).exp()
                }
                Noise::Counts(_, size) => {
                    let g = Gamma::new(size, mu.exp() / size).unwrap().sample(rng);
                    Poisson::new(g.max(1e-9)).unwrap().sample(rng)
                }
            }
        })
        .map(f64::round)
        .collect()
}

fn panel(all: Vec<Vec<f64>>) -> Panel {
    let n = all[0].len();
    let series = all
        .into_iter()
        .enumerate()
        .map(|(i, values)| Series {
            key: Key {
                state: String::new(),
                outlet: format!("o{i:03}"),
                domain: format!("d{i:03}.test"),
                country: String::new(),
            },
            role: Role::State,
            kind: Kind::Count,
            values,
            censored: BTreeMap::new(),
        })
        .collect();
    Panel { grid: Grid { start: 0, step: Step::DAY, len: n }, series, totals: BTreeMap::new() }
}

fn main() {
    let options = Options { jobs: 1, ..Options::default() };
    let runs: u64 = std::env::var("RUNS").ok().and_then(|v| v.parse().ok()).unwrap_or(200);
    println!("| null noise | runs with any alert | alerts per 1000 series |");
    for (noise, growth) in [
        (Noise::Gaussian(0.15), 0.0),
        (Noise::HeavyT3(0.15), 0.0),
        (Noise::Ar(0.5, 0.15), 0.0),
        (Noise::Ar(0.8, 0.15), 0.0),
        (Noise::Counts(30.0, 20.0), 0.0),
        (Noise::Counts(2000.0, 20.0), 0.0),
        (Noise::Counts(3.0, 5.0), 0.0),
        (Noise::Gaussian(0.1), 0.5),
    ] {
        if let Ok(k) = std::env::var("ONLY") {
            if !k.split(',').any(|k| format!("{noise:?}").starts_with(k)) {
                continue;
            }
        }
        for n in [184usize, 400] {
            let (mut any, mut alerts, mut drops) = (0, 0, 0);
            for run in 0..runs {
                let mut rng = generator(11, run);
                let p = panel((0..40).map(|_| series(&mut rng, n, noise, growth)).collect());
                let a =
                    pipeline::analyze(&p, &[], &Options { min_visits: 0.0, ..options.clone() }, &|_, _| {}).unwrap();
                any += usize::from(!a.alerts.is_empty());
                alerts += a.alerts.len();
                drops += a.drops.len();
            }
            println!(
                "| {noise:?} growth {growth} n {n} | {:.3} | {:.2} | drops {:.2}",
                any as f64 / runs as f64,
                alerts as f64 * 1000.0 / (40.0 * runs as f64),
                drops as f64 * 1000.0 / (40.0 * runs as f64)
            );
        }
    }
    let plen: usize = std::env::var("PLEN").ok().and_then(|v| v.parse().ok()).unwrap_or(184);
    println!("power: 10% of 40 series with a surge");
    for (noise, lift, len) in [
        (Noise::Gaussian(0.15), 0.42, 7usize),
        (Noise::Ar(0.5, 0.15), 0.42, 7),
        (Noise::Gaussian(0.1), 0.42, 7),
        (Noise::HeavyT3(0.15), 0.42, 7),
        (Noise::Counts(2000.0, 50.0), 0.42, 7),
        (Noise::Gaussian(0.15), 0.82, 3),
        (Noise::Gaussian(0.15), 2.16, 3),
        (Noise::Gaussian(0.15), 2.16, 1),
        (Noise::Gaussian(0.15), 0.2, 28),
        (Noise::Gaussian(0.15), 0.42, 28),
    ] {
        if let Ok(k) = std::env::var("POW") {
            if !k.split(',').any(|k| format!("{noise:?}{lift}x{len}").starts_with(k)) {
                continue;
            }
        }
        let (mut planted, mut found, mut close, mut falses, mut total) = (0, 0, 0, 0, 0);
        let mut fdp = 0.0;
        for run in 0..runs / 4 {
            let mut rng = generator(12, run);
            let mut all: Vec<Vec<f64>> = (0..40).map(|_| series(&mut rng, plen, noise, 0.0)).collect();
            let mut at = vec![None; 40];
            for i in 0..4 {
                let s = rng.random_range(plen - 104..plen - 34);
                for v in &mut all[i * 10][s..s + len] {
                    *v = (*v * (1.0 + lift)).round();
                }
                at[i * 10] = Some(s);
            }
            let a = pipeline::analyze(&panel(all), &[], &options, &|_, _| {}).unwrap();
            let mut f = 0;
            for alert in &a.alerts {
                let i: usize = alert.key.outlet[1..].parse().unwrap();
                let onset = alert.onset / 86400;
                let end = alert.end / 86400;
                match at[i] {
                    Some(s) if onset < (s + len) as i64 && end >= s as i64 => {
                        found += 1;
                        close += usize::from((onset - s as i64).abs() <= 1);
                    }
                    _ => f += 1,
                }
            }
            planted += 4;
            falses += f;
            total += a.alerts.len();
            fdp += f as f64 / a.alerts.len().max(1) as f64 / (runs / 4) as f64;
        }
        println!(
            "| {noise:?} +{:.0}% x {len} | recall {:.3} | onset±1 {:.3} | FDR {:.3} ({falses}/{total})",
            lift * 100.0,
            found as f64 / planted as f64,
            close as f64 / found.max(1) as f64,
            fdp
        );
    }
}
