//! False discoveries and power on simulated panels, through the whole pipeline.
use crate::Report;
use crate::oracle;
use crate::panels::{self, Noise, number, panel};
use floodmark::pipeline::{self, Options};
use floodmark::series::Role;
use floodmark::stats::resample::generator;
use rand::RngExt;

pub const SERIES: usize = 40;
pub const RATE: f64 = 0.05;

fn options() -> Options {
    // No floor on visits: it would hide false alarms of small counts.
    Options { min_visits: 0.0, ..Options::default() }
}

/// Monte-Carlo standard error of a share.
pub fn error(share: f64, n: f64) -> f64 {
    (share * (1.0 - share) / n.max(1.0)).sqrt()
}

pub fn false_discoveries(report: &mut Report) {
    let runs = report.runs(300, 60);
    report.line("\n## False discoveries, no surge anywhere\n");
    report.line(&format!(
        "{runs} panels of {SERIES} series a row, `--fdr 0.05`. Goal: at most 5% of the panels with any alert.\n"
    ));
    report.line(
        "| noise | days | panels with an alert (± standard error) | panels with a drop | alerts per series-year |",
    );
    report.line("|---|---|---|---|---|");
    for (noise, growth) in [
        (Noise::Gaussian(0.15), 0.0),
        (Noise::Student(0.15), 0.0),
        (Noise::Ar(0.5, 0.15), 0.0),
        (Noise::Counts(30.0, 20.0), 0.0),
        (Noise::Counts(3.0, 5.0), 0.0),
        (Noise::Gaussian(0.1), 0.5),
    ] {
        for n in [184, 400] {
            let (mut any, mut fell, mut alerts) = (0, 0, 0);
            for run in 0..runs {
                let mut rng = generator(41, run);
                let all = (0..SERIES).map(|_| panels::series(&mut rng, n, noise, growth)).collect();
                let found = analyze(&panel(all, |_| Role::State), &options());
                any += usize::from(!found.alerts.is_empty());
                fell += usize::from(!found.drops.is_empty());
                alerts += found.alerts.len();
            }
            let (share, drops) = (any as f64 / runs as f64, fell as f64 / runs as f64);
            let name = if growth > 0.0 { format!("{}, growing 65% a year", noise.name()) } else { noise.name() };
            let years = (runs as usize * SERIES * n) as f64 / 365.25;
            report.line(&format!(
                "| {name} | {n} | {:.1}% ± {:.1} | {:.1}% | {:.4} |",
                100.0 * share,
                100.0 * error(share, runs as f64),
                100.0 * drops,
                alerts as f64 / years
            ));
            report.goal(
                share <= RATE,
                &format!("panels with a false alert, {name}, {n} days: {:.1}% > 5%", 100.0 * share),
            );
            report.goal(
                drops <= RATE,
                &format!("panels with a false drop, {name}, {n} days: {:.1}% > 5%", 100.0 * drops),
            );
            report.promise(share <= RATE + 2.0 * error(RATE, runs as f64), &format!("null panels, {name}, {n} days"));
        }
    }
}

fn analyze(panel: &floodmark::series::Panel, options: &Options) -> floodmark::alert::Analysis {
    pipeline::analyze(panel, &[], options, &|_, _| {}).expect("a panel with series")
}

/// What came of surges planted in a tenth of the series.
#[derive(Default)]
pub struct Tally {
    pub planted: f64,
    pub found: f64,
    pub close: f64,
    pub covered: f64,
    pub false_share: f64,
    pub panels: f64,
}

impl Tally {
    pub fn recall(&self) -> f64 {
        self.found / self.planted
    }
}

pub fn plant(noise: Noise, n: usize, lift: f64, len: usize, runs: u64) -> Tally {
    let mut tally = Tally::default();
    for run in 0..runs {
        let mut rng = generator(42, run);
        let mut all: Vec<Vec<f64>> = (0..SERIES).map(|_| panels::series(&mut rng, n, noise, 0.0)).collect();
        let starts: Vec<usize> = (0..SERIES / 10).map(|_| rng.random_range(n - 104..n - 34)).collect();
        for (i, &start) in starts.iter().enumerate() {
            for value in &mut all[10 * i][start..start + len] {
                *value = (*value * (1.0 + lift)).round();
            }
        }
        let found = analyze(&panel(all, |_| Role::State), &options());
        let (mut wrong, mut seen) = (0.0, vec![false; starts.len()]);
        for alert in &found.alerts {
            let (i, onset, end) = (number(&alert.key), alert.onset / 86_400, alert.end / 86_400);
            let start = if i % 10 == 0 { starts[i / 10] as i64 } else { i64::MAX };
            if end < start || onset >= start + len as i64 {
                wrong += 1.0;
            } else if !std::mem::replace(&mut seen[i / 10], true) {
                tally.found += 1.0;
                tally.close += f64::from(u8::from((onset - start).abs() <= 1));
                tally.covered += f64::from(u8::from(alert.lift.low <= lift && lift <= alert.lift.high));
            }
        }
        tally.planted += starts.len() as f64;
        tally.false_share += wrong / found.alerts.len().max(1) as f64;
        tally.panels += 1.0;
    }
    tally
}

pub fn mixed(report: &mut Report) {
    let runs = report.runs(60, 15);
    report.line("\n## Mixed panels: +42% for 7 days in 4 of 40 series\n");
    report.line(&format!("{runs} panels a row. Goals: realised false-discovery rate at most 5%; at noise up to 15%, 95% found, of these 90% with the onset within a day. Ceiling: what a test finds that is told level, season, spread, memory and the length of the surge, at the same rate.\n"));
    report.line("| noise | days | found (± standard error) | ceiling | onset within ±1 day | lift interval of the alert holds 42% | realised FDR |");
    report.line("|---|---|---|---|---|---|---|");
    for noise in [
        Noise::UpTo15,
        Noise::Gaussian(0.1),
        Noise::Gaussian(0.15),
        Noise::Student(0.15),
        Noise::Ar(0.5, 0.15),
        Noise::Counts(2000.0, 50.0),
    ] {
        for n in [184, 400] {
            let t = plant(noise, n, 0.42, 7, runs);
            let ceiling = oracle::ceiling(noise, n, 0.42, 7);
            let (recall, close, fdr) = (t.recall(), t.close / t.found.max(1.0), t.false_share / t.panels);
            report.line(&format!(
                "| {} | {n} | {:.1}% ± {:.1} | {:.0}% | {:.1}% | {:.1}% | {:.1}% |",
                noise.name(),
                100.0 * recall,
                100.0 * error(recall, t.planted),
                100.0 * ceiling,
                100.0 * close,
                100.0 * t.covered / t.found.max(1.0),
                100.0 * fdr
            ));
            let covered = t.covered / t.found.max(1.0);
            let goal = |report: &mut Report, kept: bool, what: &str, share: f64| {
                report.goal(kept, &format!("{what}, {}, {n} days: {:.1}%", noise.name(), 100.0 * share));
            };
            let what = format!("+42% for 7 days found in fewer than 95% (ceiling {:.0}%)", 100.0 * ceiling);
            goal(report, recall >= 0.95, &what, recall);
            goal(report, close >= 0.9, "onset within a day in fewer than 90%", close);
            goal(report, (0.86..=0.94).contains(&covered), "interval of an alert's own lift outside 86–94%", covered);
            let slack = |goal: f64, n: f64| 2.0 * error(goal, n);
            report.promise(
                fdr <= RATE + slack(RATE, t.panels),
                &format!("mixed panels, {}, {n} days: FDR", noise.name()),
            );
            if matches!(noise, Noise::UpTo15) {
                report
                    .promise(recall >= 0.95 - slack(0.95, t.planted), &format!("recall at noise up to 15%, {n} days"));
                report.promise(close >= 0.9 - slack(0.9, t.found), &format!("onset at noise up to 15%, {n} days"));
            }
        }
    }
}

pub fn power(report: &mut Report) {
    let runs = report.runs(4, 2);
    report.line("\n## Power\n");
    report.line(&format!("Share found, 400 days, Gaussian noise, {} surges a cell. A single period is judged with heavy tails, so a surge of one day must be very large.\n", 4 * runs));
    report.line("| noise | lift | 1 day | 3 days | 7 days | 28 days |");
    report.line("|---|---|---|---|---|---|");
    for sd in [0.05, 0.10, 0.15, 0.30] {
        for lift in [0.2, 0.42, 0.82, 2.16] {
            let mut row = format!("| {:.0}% | +{:.0}% |", 100.0 * sd, 100.0 * lift);
            for len in [1, 3, 7, 28] {
                row += &format!(" {:.0}% |", 100.0 * plant(Noise::Gaussian(sd), 400, lift, len, runs).recall());
            }
            report.line(&row);
        }
    }
}
