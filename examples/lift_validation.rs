//! Prints how well lifts and net lifts keep their promises on simulated series with known truth:
//! coverage of the 90% intervals, false positives of the p-values at 5%, power, error and width.
//!
//! `cargo run --release --no-default-features --example lift_validation [runs] [hour|lift|net]`
use floodmark::measure::{Setting, event_lifts, net_lift};
use floodmark::stats::resample::generator;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, Gamma, Poisson, StandardNormal, StudentT};

const WEEK: [f64; 7] = [1.08, 1.1, 1.07, 1.05, 1.02, 0.82, 0.86];
const WINDOWS: [&str; 5] = ["day1", "peak", "week1", "week4", "month1"];

#[derive(Clone, Copy)]
enum Noise {
    Gaussian(f64),
    Student(f64),
    Ar(f64, f64),
    NegativeBinomial { mean: f64, spread: f64 },
}

/// `n` days of a series of mean level 2,000 (or the mean of the counts) with a weekly season.
fn series(noise: Noise, growth: f64, n: usize, rng: &mut impl Rng) -> Vec<f64> {
    let mut state: f64 = StandardNormal.sample(rng);
    (0..n)
        .map(|t| {
            let shape = WEEK[t % 7] * (growth.ln_1p() * t as f64 / 365.25).exp();
            match noise {
                Noise::Gaussian(sd) => {
                    let z: f64 = StandardNormal.sample(rng);
                    2000.0 * shape * (sd * z).exp()
                }
                Noise::Student(sd) => {
                    let z: f64 = StudentT::new(3.0).unwrap().sample(rng);
                    2000.0 * shape * (sd / 3f64.sqrt() * z).exp()
                }
                Noise::Ar(sd, phi) => {
                    let z: f64 = StandardNormal.sample(rng);
                    state = phi * state + (1.0 - phi * phi).sqrt() * z;
                    2000.0 * shape * (sd * state).exp()
                }
                Noise::NegativeBinomial { mean, spread } => {
                    let k = 1.0 / (spread * spread);
                    let rate = Gamma::new(k, mean * shape / k).unwrap().sample(rng);
                    Poisson::new(rate).unwrap().sample(rng)
                }
            }
        })
        .collect()
}

#[derive(Default, Clone, Copy)]
struct Tally {
    n: f64,
    covered: f64,
    false_positive: f64,
    found: f64,
    square: f64,
    width: f64,
}

fn lifts(name: &str, noise: Noise, growth: f64, history: usize, runs: u64) {
    let mut tallies = [Tally::default(); 5];
    for run in 0..runs {
        let mut rng = generator(20_231_007, run);
        let event = history + 63;
        let plain = series(noise, growth, event + 28, &mut rng);
        for (lifted, factor) in [(false, 1.0), (true, 1.42)] {
            let mut y = plain.clone();
            let counts = matches!(noise, Noise::NegativeBinomial { .. });
            for v in &mut y[event..] {
                *v = if counts { (*v * factor).round() } else { *v * factor };
            }
            let setting = Setting { seed: run, ..Setting::DAILY };
            let base = event - 63..event - 7;
            let day = floodmark::measure::lift(&y, base.clone(), event..event + 1, None, &setting);
            let four = event_lifts(&y, event, base, None, &setting);
            for (tally, lift) in tallies.iter_mut().zip(std::iter::once(day).chain(four)) {
                let lift = lift.unwrap();
                if lifted {
                    tally.n += 1.0;
                    let truth = factor - 1.0;
                    tally.covered += f64::from(u8::from(lift.lift.low <= truth && truth <= lift.lift.high));
                    tally.found += f64::from(u8::from(lift.p_value <= 0.05));
                    tally.square += (lift.lift.point - truth).powi(2);
                    tally.width += lift.lift.high - lift.lift.low;
                } else {
                    tally.false_positive += f64::from(u8::from(lift.p_value <= 0.05));
                }
            }
        }
    }
    for (window, t) in WINDOWS.iter().zip(tallies) {
        println!(
            "| {name} | {history} | {window} | {:.1} | {:.1} | {:.0} | {:.3} | {:.3} |",
            100.0 * t.covered / t.n,
            100.0 * t.false_positive / t.n,
            100.0 * t.found / t.n,
            (t.square / t.n).sqrt(),
            t.width / t.n
        );
    }
}

/// Hours with a daily and a weekly season, AR(0.5) noise from hour to hour and half as much again common to each day.
fn hours(runs: u64) {
    println!(
        "\n| hours | window | coverage of 90% | p ≤ 0.05 at lift 0 | mean width | ms |\n|---|---|---|---|---|---|"
    );
    for (name, length) in [("6 hours", 6), ("day 1", 24), ("week1", 168)] {
        let (mut t, clock) = (Tally::default(), std::time::Instant::now());
        for run in 0..runs {
            let mut rng = generator(99, run);
            let n = 70 * 24;
            let days = series(Noise::Ar(0.1, 0.5), 0.0, 70, &mut rng);
            let own = series(Noise::Ar(0.15, 0.5), 0.0, n, &mut rng);
            let y: Vec<f64> = (0..n)
                .map(|h| {
                    let shape = 1.0 + 0.6 * (h as f64 / 24.0 * std::f64::consts::TAU).sin();
                    days[h / 24] * own[h] / (2000.0 * WEEK[h % 7]) * shape
                })
                .collect();
            let setting = Setting { seed: run, ..Setting::HOURLY };
            let event = 63 * 24;
            let found = floodmark::measure::lift(&y, 0..56 * 24, event..event + length, None, &setting).unwrap();
            t.n += 1.0;
            t.covered += f64::from(u8::from(found.lift.low <= 0.0 && 0.0 <= found.lift.high));
            t.false_positive += f64::from(u8::from(found.p_value <= 0.05));
            t.width += found.lift.high - found.lift.low;
        }
        println!(
            "| AR 0.5, and noise of the day | {name} | {:.1} | {:.1} | {:.3} | {:.0} |",
            100.0 * t.covered / t.n,
            100.0 * t.false_positive / t.n,
            t.width / t.n,
            1000.0 * clock.elapsed().as_secs_f64() / t.n
        );
    }
}

/// How the references of a simulated panel behave.
#[derive(Clone, Copy)]
struct PanelKind {
    controls: usize,
    baseline: usize,
    window: usize,
    /// Own noise of each series (AR 0.5).
    sd: f64,
    /// Share of the controls whose level moves by itself around the event.
    moved: f64,
    /// News cycle: everything rises by this factor at the event.
    cycle: f64,
}

/// Treated series first, then the controls: two common factors with loadings, own AR noise, weekly season.
fn panel(kind: PanelKind, rng: &mut impl Rng) -> Vec<Vec<f64>> {
    let n = kind.baseline + 7 + kind.window;
    let event = kind.baseline + 7;
    let mut factors = [0.0f64; 2];
    let loadings: Vec<[f64; 2]> =
        (0..=kind.controls).map(|_| [rng.random_range(0.5..1.5), rng.random_range(-0.5..0.5)]).collect();
    let levels: Vec<f64> = (0..=kind.controls).map(|_| rng.random_range(5.0..9.0)).collect();
    let shifts: Vec<f64> = (0..=kind.controls)
        .map(
            |k| if k > 0 && (k as f64) <= kind.moved * kind.controls as f64 { rng.random_range(0.3..0.7) } else { 0.0 },
        )
        .collect();
    let mut states: Vec<f64> = (0..=kind.controls).map(|_| StandardNormal.sample(rng)).collect();
    let mut all = vec![Vec::with_capacity(n); kind.controls + 1];
    for t in 0..n {
        for f in &mut factors {
            let z: f64 = StandardNormal.sample(rng);
            *f = 0.9 * *f + 0.06 * z;
        }
        for k in 0..=kind.controls {
            let z: f64 = StandardNormal.sample(rng);
            states[k] = 0.5 * states[k] + 0.75f64.sqrt() * z;
            let mut x = levels[k] + WEEK[t % 7].ln() + kind.sd * states[k];
            x += loadings[k][0] * factors[0] + loadings[k][1] * factors[1];
            if t >= event {
                x += kind.cycle.ln() + shifts[k];
            }
            all[k].push(x.exp());
        }
    }
    all
}

fn nets(name: &str, kind: PanelKind, runs: u64) {
    let (mut t, mut dropped, mut right, mut reference, mut seconds) = (Tally::default(), 0.0, 0.0, 0.0, 0.0);
    let mut found10 = 0.0;
    for run in 0..runs {
        let mut rng = generator(7, run);
        let all = panel(kind, &mut rng);
        let controls: Vec<&[f64]> = all[1..].iter().map(Vec::as_slice).collect();
        let event = kind.baseline + 7;
        for factor in [1.0, 1.1, 1.42] {
            let mut y = all[0].clone();
            y[event..].iter_mut().for_each(|v| *v *= factor);
            let clock = std::time::Instant::now();
            let setting = Setting::DAILY;
            let net = net_lift(&y, &controls, 0..kind.baseline, event..event + kind.window, None, &setting).unwrap();
            seconds += clock.elapsed().as_secs_f64() / 3.0;
            let significant = f64::from(u8::from(net.p_value <= 0.05));
            if factor == 1.0 {
                t.false_positive += significant;
            } else if factor == 1.1 {
                found10 += significant;
            } else {
                t.n += 1.0;
                t.covered += f64::from(u8::from(net.net.low <= factor - 1.0 && factor - 1.0 <= net.net.high));
                t.found += significant;
                t.square += ((net.net.point + 1.0).ln() - factor.ln()).powi(2);
                t.width += net.net.high - net.net.low;
                dropped += net.moved().len() as f64;
                right +=
                    net.moved().iter().filter(|&&k| (k + 1) as f64 <= kind.moved * kind.controls as f64).count() as f64;
                reference += net.reference_lift;
            }
        }
    }
    println!(
        "| {name} | {} | {} | {} | {:.1} | {:.1} | {:.0} | {:.0} | {:.3} | {:.3} | {:.1} ({:.1}) | {:+.2} | {:.2} |",
        kind.controls,
        kind.baseline,
        kind.window,
        100.0 * t.covered / t.n,
        100.0 * t.false_positive / t.n,
        100.0 * found10 / t.n,
        100.0 * t.found / t.n,
        (t.square / t.n).sqrt(),
        t.width / t.n,
        dropped / t.n,
        right / t.n,
        reference / t.n,
        1000.0 * seconds / t.n
    );
}

fn main() {
    let mut args = std::env::args().skip(1);
    let runs: u64 = args.next().and_then(|a| a.parse().ok()).unwrap_or(400);
    let part = args.next().unwrap_or_default();
    if part != "net" && part != "lift" {
        hours(runs);
    }
    if part.is_empty() || part == "lift" {
        println!(
            "| noise | days of history before the baseline | window | coverage of 90% | p ≤ 0.05 at lift 0 | power at +42% | RMSE | mean width |"
        );
        println!("|---|---|---|---|---|---|---|---|");
        for history in [0, 365] {
            for (name, noise, growth) in [
                ("Gaussian 15%", Noise::Gaussian(0.15), 0.0),
                ("t3 15%", Noise::Student(0.15), 0.0),
                ("AR 0.5 15%", Noise::Ar(0.15, 0.5), 0.0),
                ("NB mean 30", Noise::NegativeBinomial { mean: 30.0, spread: 0.15 }, 0.0),
                ("NB mean 2000", Noise::NegativeBinomial { mean: 2000.0, spread: 0.15 }, 0.0),
                ("growth 10%/year, 15%", Noise::Gaussian(0.15), 0.1),
                ("growth 10%/year, 5%", Noise::Gaussian(0.05), 0.1),
            ] {
                lifts(name, noise, growth, history, runs);
            }
        }
    }
    if part.is_empty() || part == "net" {
        println!(
            "\n| panel | controls | baseline | window | coverage of 90% | p ≤ 0.05 at net 0 | power +10% | power +42% | RMSE (log) | mean width | controls dropped (rightly) | reference lift | ms |"
        );
        println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        let kind = PanelKind { controls: 40, baseline: 182, window: 28, sd: 0.15, moved: 0.0, cycle: 1.0 };
        for (name, kind) in [
            ("quiet", kind),
            ("quiet", PanelKind { window: 7, ..kind }),
            ("quiet", PanelKind { window: 1, ..kind }),
            ("quiet", PanelKind { baseline: 56, window: 7, ..kind }),
            ("quiet", PanelKind { baseline: 56, ..kind }),
            ("quiet", PanelKind { controls: 3, baseline: 56, window: 7, ..kind }),
            ("quiet", PanelKind { controls: 3, ..kind }),
            ("25% moved", PanelKind { moved: 0.25, ..kind }),
            ("25% moved", PanelKind { moved: 0.25, window: 7, ..kind }),
            ("25% moved", PanelKind { moved: 0.25, baseline: 56, window: 7, ..kind }),
            ("everything +50%", PanelKind { cycle: 1.5, ..kind }),
            ("everything +50%", PanelKind { cycle: 1.5, window: 7, ..kind }),
            ("everything +50%", PanelKind { cycle: 1.5, baseline: 56, window: 7, ..kind }),
            ("60 controls", PanelKind { controls: 60, ..kind }),
        ] {
            nets(name, kind, runs);
        }
    }
}
