//! False alarms, F1 (margin of 7 days) and coverage of the location intervals on simulated daily traffic.
//!
//! `cargo run --release --no-default-features --example changepoint_evidence -- 200`
use floodmark::alert::ChangePoint;
use floodmark::detect::changepoint::{Settings, change_points};
use floodmark::detect::online::online;
use floodmark::stats::resample::generator;
use rand::RngExt;
use rand_distr::{Distribution, Gamma, Poisson, StandardNormal};

const DAYS: usize = 1_095;

/// Traffic as log counts: level × AR(1) log noise × spikes, negative-binomial counting noise, weekday season removed
/// by medians.
#[derive(Clone, Copy)]
struct Scenario {
    name: &'static str,
    volume: f64,
    phi: f64,
    spikes: bool,
    missing: bool,
    drift: bool,
    steps: usize,
    /// Jumps of the log level.
    jump: (f64, f64),
}

fn main() {
    let series: u64 = std::env::args().nth(1).and_then(|v| v.parse().ok()).unwrap_or(100);
    let plain = Scenario {
        name: "null_iid",
        volume: 1_800.0,
        phi: 0.0,
        spikes: false,
        missing: false,
        drift: false,
        steps: 0,
        jump: (0.2, 0.7),
    };
    let noisy = Scenario { phi: 0.5, spikes: true, ..plain };
    let scenarios = [
        plain,
        Scenario { name: "null_ar", phi: 0.5, ..plain },
        Scenario { name: "null_ar_spk", ..noisy },
        Scenario { name: "null_ar8_spk", phi: 0.8, ..noisy },
        Scenario { name: "null_low_spk", volume: 5.0, ..noisy },
        Scenario { name: "null_drift", drift: true, phi: 0.5, ..plain },
        Scenario { name: "s_iid", steps: 3, ..plain },
        Scenario { name: "s_ar", steps: 3, phi: 0.5, ..plain },
        Scenario { name: "s_ar_spk", steps: 3, ..noisy },
        Scenario { name: "s_ar_spk_miss", steps: 3, missing: true, ..noisy },
        Scenario { name: "s_ar8_spk", steps: 3, phi: 0.8, ..noisy },
        Scenario { name: "s_low", steps: 3, volume: 12.0, ..noisy },
        Scenario { name: "s_hard", steps: 3, jump: (0.05, 0.2), ..noisy },
        Scenario { name: "s_short", steps: 8, ..noisy },
        Scenario { name: "s_frequent", steps: 20, jump: (0.3, 0.7), ..noisy },
        Scenario { name: "s_drift", steps: 3, drift: true, phi: 0.5, ..plain },
    ];
    println!("{series} series of {DAYS} days a scenario; 'tested' keeps breaks with p < 0.05");
    println!(
        "{:<14} {:>7} {:>7} {:>6} {:>6} {:>9} {:>6} {:>7} {:>7}",
        "scenario", "alarmed", "tested", "F1", "tested", "cover 90%", "width", "online", "delay"
    );
    for (i, scenario) in scenarios.iter().enumerate() {
        Tally::of(*scenario, series, i as u64).print(scenario.name);
    }
}

fn simulate(s: Scenario, stream: u64) -> (Vec<f64>, Vec<usize>) {
    let mut rng = generator(20_231_007, stream);
    let normal = |rng: &mut _| -> f64 { StandardNormal.sample(rng) };
    let gap = DAYS / (s.steps + 1);
    let breaks: Vec<usize> = (1..=s.steps).map(|k| k * gap - gap / 4 + rng.random_range(0..gap / 2)).collect();
    let mut level = s.volume.ln();
    let (mut noise, mut slow) = (0.0, 0.0);
    let mut x = Vec::with_capacity(DAYS);
    for day in 0..DAYS {
        if breaks.contains(&day) {
            let size = s.jump.0 + (s.jump.1 - s.jump.0) * rng.random::<f64>();
            level += if rng.random::<bool>() { size } else { -size };
        }
        noise = s.phi * noise + 0.1 * (1.0 - s.phi * s.phi).sqrt() * normal(&mut rng);
        if s.drift {
            slow += 0.008 * normal(&mut rng);
        }
        let weekday = [0.1, 0.12, 0.1, 0.08, 0.0, -0.2, -0.2][day % 7];
        let spike = if s.spikes && rng.random::<f64>() < 0.01 { 0.26 + 0.84 * rng.random::<f64>() } else { 0.0 };
        let mean = (level + noise + slow + weekday + spike).exp();
        // Negative binomial of size 200: a Poisson count with a gamma-distributed mean.
        let mean = Gamma::new(200.0, mean / 200.0).map_or(mean, |g| g.sample(&mut rng));
        let count = Poisson::new(mean.max(1e-9)).map_or(0.0, |p| p.sample(&mut rng));
        let gap = s.missing && rng.random::<f64>() < 0.05;
        x.push(if gap { f64::NAN } else { count.ln_1p() });
    }
    for phase in 0..7 {
        let values: Vec<f64> = x.iter().copied().skip(phase).step_by(7).collect();
        let middle = floodmark::stats::robust::median(&values);
        x.iter_mut().skip(phase).step_by(7).for_each(|v| *v -= middle);
    }
    (x, breaks)
}

#[derive(Default)]
struct Tally {
    series: f64,
    alarmed: [f64; 2],
    hits: [f64; 2],
    found: [f64; 2],
    truth: f64,
    covered: f64,
    widths: Vec<f64>,
    online: f64,
    delays: Vec<f64>,
}

impl Tally {
    fn of(scenario: Scenario, series: u64, number: u64) -> Tally {
        let mut tally = Tally { series: series as f64, ..Tally::default() };
        for i in 0..series {
            let (x, truth) = simulate(scenario, 1_000 * number + i);
            let all = change_points(&x, &Settings::default());
            let tested: Vec<ChangePoint> = all.iter().copied().filter(|c| c.p_value < 0.05).collect();
            tally.truth += truth.len() as f64;
            for (k, found) in [&all, &tested].into_iter().enumerate() {
                tally.alarmed[k] += f64::from(!found.is_empty());
                tally.found[k] += found.len() as f64;
                tally.hits[k] +=
                    truth.iter().filter(|t| found.iter().any(|c| c.index.abs_diff(**t) <= 7)).count() as f64;
            }
            for t in &truth {
                if let Some(c) = all.iter().min_by_key(|c| c.index.abs_diff(*t)).filter(|c| c.index.abs_diff(*t) <= 14)
                {
                    tally.covered += f64::from((c.low..=c.high).contains(t));
                    tally.widths.push((c.high - c.low + 1) as f64);
                }
            }
            let known = online(&x, &Settings::default());
            let confirmed: Vec<(usize, usize)> =
                known.iter().enumerate().filter_map(|(t, k)| k.confirmed.map(|start| (t, start))).collect();
            tally.online += confirmed.iter().filter(|(_, c)| truth.iter().all(|t| c.abs_diff(*t) > 7)).count() as f64;
            for t in &truth {
                tally.delays.extend(
                    confirmed.iter().find(|(_, c)| c.abs_diff(*t) <= 7).map(|(row, _)| *row as f64 - *t as f64),
                );
            }
        }
        tally
    }

    fn print(&self, name: &str) {
        let median = floodmark::stats::robust::median;
        let f1 = |k: usize| 2.0 * self.hits[k] / (self.found[k] + self.truth);
        println!(
            "{name:<14} {:>7.3} {:>7.3} {:>6.3} {:>6.3} {:>9.3} {:>6} {:>7.3} {:>7}",
            self.alarmed[0] / self.series,
            self.alarmed[1] / self.series,
            f1(0),
            f1(1),
            self.covered / self.widths.len() as f64,
            median(&self.widths),
            self.online / self.series,
            median(&self.delays),
        );
    }
}
