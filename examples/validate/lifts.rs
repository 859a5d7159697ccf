//! Intervals of lifts, raw and net, and the news cycle, as the pipeline computes them around a dated event.
use crate::Report;
use crate::detection::error;
use crate::panels::{Noise, normal, number, panel, series};
use floodmark::alert::{Analysis, Event, LiftRow, Window};
use floodmark::pipeline::{self, Options};
use floodmark::series::{Level, Panel, Role};
use floodmark::stats::resample::generator;
use rand::RngExt;

const EVENT: usize = 260;
const DAYS: usize = EVENT + 40;

fn at_event(panel: &Panel) -> Analysis {
    let event = Event {
        date: EVENT as i64 * 86_400,
        end: None,
        name: "event".into(),
        states: vec![],
        countries: vec![],
        kind: String::new(),
    };
    pipeline::analyze(panel, &[event], &Options::default(), &|_, _| {}).expect("a panel with series")
}

pub fn raw(report: &mut Report) {
    let runs = report.runs(15, 5);
    report.line("\n## Lift intervals\n");
    report.line(&format!("+42% for 7 days from a dated event, {} series a row. Goal: the 90% interval holds the truth in 86–94%. More noises and windows: `examples/lift_validation.rs`.\n", 20 * runs));
    report.line("| noise | coverage (± standard error) | mean width |");
    report.line("|---|---|---|");
    for noise in [
        Noise::Gaussian(0.15),
        Noise::Student(0.15),
        Noise::Ar(0.5, 0.15),
        Noise::Counts(30.0, 20.0),
        Noise::Counts(2000.0, 50.0),
    ] {
        let (mut n, mut covered, mut width) = (0.0, 0.0, 0.0);
        for run in 0..runs {
            let mut rng = generator(43, run);
            let all = (0..20).map(|_| lifted(series(&mut rng, DAYS, noise, 0.0), 7, 1.42)).collect();
            for row in at_event(&panel(all, |_| Role::State)).lifts.iter().filter(|l| l.window == Window::Week1) {
                n += 1.0;
                covered += f64::from(u8::from(row.lift.low <= 0.42 && 0.42 <= row.lift.high));
                width += row.lift.high - row.lift.low;
            }
        }
        let share = covered / n;
        report.line(&format!(
            "| {} | {:.1}% ± {:.1} | {:.2} |",
            noise.name(),
            100.0 * share,
            100.0 * error(share, n),
            width / n
        ));
        report.goal(
            (0.86..=0.94).contains(&share),
            &format!("coverage of lifts, {}: {:.1}%", noise.name(), 100.0 * share),
        );
        report.promise(
            (share - 0.9).abs() <= 0.04 + 2.0 * error(0.9, n),
            &format!("coverage of lifts, {}", noise.name()),
        );
    }
}

fn lifted(mut values: Vec<f64>, len: usize, factor: f64) -> Vec<f64> {
    values[EVENT..EVENT + len].iter_mut().for_each(|v| *v = (*v * factor).round());
    values
}

/// Ten outlets of a state, twenty references; a common wandering factor; from the event on everything rises by
/// `cycle`, the outlets of the state by `own` more for so many `days`.
fn news(run: u64, cycle: f64, own: f64, days: usize) -> Panel {
    let mut rng = generator(44, run);
    let mut factor = 0.0;
    let common: Vec<f64> = (0..DAYS)
        .map(|_| {
            factor = 0.9 * factor + 0.05 * normal(&mut rng);
            factor
        })
        .collect();
    let all = (0..30)
        .map(|i| {
            let loading: f64 = rng.random_range(0.7..1.3);
            let values = series(&mut rng, DAYS, Noise::Ar(0.5, 0.1), 0.0);
            let mut moved: Vec<f64> =
                values.iter().zip(&common).map(|(v, c)| (v * (loading * c).exp()).round()).collect();
            for (day, value) in moved[EVENT..EVENT + 28].iter_mut().enumerate() {
                *value = (*value * cycle * if i < 10 && day < days { own } else { 1.0 }).round();
            }
            moved
        })
        .collect();
    let mut panel = panel(all, |i| if i < 10 { Role::State } else { Role::Reference });
    panel.series.iter_mut().enumerate().for_each(|(i, s)| {
        s.key.country = "AA".into();
        s.key.state = if i < 10 { "XX".into() } else { String::new() };
    });
    panel
}

pub fn news_cycle(report: &mut Report) {
    let runs = report.runs(50, 20);
    report.line("\n## News cycle\n");
    report.line(&format!(
        "Ten outlets of a state and twenty references with a common wandering factor; all traffic +50% from the event on; the state's outlets a further lift. {} panels a row, net lift of the state in week 1 against the references. An alert is net if its 90% net interval lies above 0.\n",
        runs
    ));
    report.line("| further lift | net interval holds it (± standard error) | mean width | net alerts per outlet | raw lift, mean |");
    report.line("|---|---|---|---|---|");
    for own in [1.0, 1.42] {
        let (mut n, mut covered, mut width, mut net, mut lift) = (0.0, 0.0, 0.0, 0.0, 0.0);
        let mut outlets = 0.0;
        for run in 0..runs {
            let found = at_event(&news(run, 1.5, own, 28));
            // The tables hold net lifts for states, the alerts for every outlet.
            for row in found.lifts.iter().filter(|l| l.window == Window::Week1 && !l.net_lift.low.is_nan()) {
                n += 1.0;
                covered += f64::from(u8::from(row.net_lift.low <= own - 1.0 && own - 1.0 <= row.net_lift.high));
                width += row.net_lift.high - row.net_lift.low;
                lift += row.lift.point;
            }
            outlets += 10.0;
            let of_outlet =
                |a: &&floodmark::alert::Alert| a.level == Level::Outlet && a.key.country == "AA" && number(&a.key) < 10;
            net += found.alerts.iter().filter(of_outlet).filter(|a| a.net_lift.low > 0.0).count() as f64;
        }
        let share = covered / n;
        report.line(&format!(
            "| +{:.0}% | {:.1}% ± {:.1} | {:.2} | {:.3} | {:+.0}% |",
            100.0 * (own - 1.0),
            100.0 * share,
            100.0 * error(share, n),
            width / n,
            net / outlets,
            100.0 * lift / n
        ));
        let further = 100.0 * (own - 1.0);
        report.goal(
            (0.86..=0.94).contains(&share),
            &format!("coverage of net lifts at +{further:.0}%: {:.1}%", 100.0 * share),
        );
        report.promise(
            (share - 0.9).abs() <= 0.04 + 2.0 * error(0.9, n),
            &format!("coverage of net lifts at +{:.0}%", 100.0 * (own - 1.0)),
        );
    }
}

/// Net lifts of the largest day: it is chosen for its noise, among many days or few.
pub fn largest_day(report: &mut Report) {
    let runs = report.runs(50, 20);
    report.line("\n## Net lifts of the largest day\n");
    report.line(&format!("The same panels; the state's outlets rise further for so many days. The net lift of the day with the largest raw lift, of the state and of its outlets; the truth is the further lift of that day. {runs} panels a row.\n"));
    report.line("| further lift | days | net interval holds it (± standard error over panels) | mean width |");
    report.line("|---|---|---|---|");
    for (own, days) in [(1.0, 28), (1.42, 28), (1.42, 7), (2.0, 1)] {
        let (mut width, mut shares) = (0.0, Vec::new());
        for run in 0..runs {
            let found = at_event(&news(run, 1.5, own, days));
            let peak = |row: &&LiftRow| row.window == Window::Peak && !row.net_lift.low.is_nan();
            let rows: Vec<&LiftRow> = found.lifts.iter().filter(peak).collect();
            let held = |row: &&&LiftRow| {
                let day = (row.from / 86_400) as usize - EVENT;
                let truth = if day < days { own - 1.0 } else { 0.0 };
                row.net_lift.low <= truth && truth <= row.net_lift.high
            };
            shares.push(rows.iter().filter(held).count() as f64 / rows.len() as f64);
            width += rows.iter().map(|row| row.net_lift.high - row.net_lift.low).sum::<f64>() / rows.len() as f64;
        }
        let n = shares.len() as f64;
        let share = shares.iter().sum::<f64>() / n;
        let error = (shares.iter().map(|s| (s - share).powi(2)).sum::<f64>() / n / n).sqrt();
        let what = format!("+{:.0}% for {days} days", 100.0 * (own - 1.0));
        report.line(&format!(
            "| +{:.0}% | {days} | {:.1}% ± {:.1} | {:.2} |",
            100.0 * (own - 1.0),
            100.0 * share,
            100.0 * error,
            width / n
        ));
        report.goal((0.86..=0.94).contains(&share), &format!("coverage of net peaks, {what}: {:.1}%", 100.0 * share));
        // One clear day is held too often (96%): intervals are only ever made wider. Too seldom is what must not be.
        report.promise(share >= 0.86 - 2.0 * error, &format!("coverage of net peaks, {what}"));
    }
}
