//! How well `detect::points` finds what is known to have happened: `cargo run --release --no-default-features
//! --example streaming [-- DATA]`, DATA being the folder of the labelled real series (optional).
//!
//! Prints (1) the score of a streaming benchmark on a simulated stand-in for its corpus, (2) event F1 and VUS-PR on
//! labelled cloud series, (3) average precision for one-day spikes in counts, (4) nanoseconds a row. Everything is
//! seeded: the figures in `docs/methods/detect.md` are this program's output.

mod baselines;
mod cloud;
mod corpus;
mod spikes;
mod windows;

use floodmark::detect::points::{PointOptions, points};
use floodmark::time::Step;

/// A detector: values and step in, one score a row out.
type Detector = (&'static str, fn(&[f64], i64) -> Vec<f64>);

const DETECTORS: [Detector; 4] = [
    ("floodmark", cloud::floodmark_score),
    ("windowed Gaussian", baselines::windowed_gaussian),
    ("rolling z (one day)", cloud::rolling_z),
    ("distance from median", baselines::distance_from_median),
];

fn cloud_series(name: &str, series: &[cloud::Labelled], detector: fn(&[f64], i64) -> Vec<f64>, verbose: bool) {
    for (label, step) in [("hourly", 3600), ("1-minute", 60)] {
        let (mut f1, mut vus, mut ap, mut n) = (0.0, 0.0, 0.0, 0.0);
        for s in series.iter().filter(|s| s.step == step && s.labels.contains(&true)) {
            let one = cloud::measure(s, detector);
            let precision = spikes::average_precision(one.0.iter().copied().zip(s.labels.iter().copied()).collect());
            if verbose {
                println!("    {:14} F1 {:.3}  VUS-PR {:.3}  AP {precision:.3}", s.name, one.1, one.2);
            }
            (f1, vus, ap, n) = (f1 + one.1, vus + one.2, ap + precision, n + 1.0);
        }
        println!("{name:24} {label:9} {n} series: VUS-PR {:.3}  event F1 {:.3}  AP {:.3}", vus / n, f1 / n, ap / n);
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let verbose = arguments.iter().any(|a| a == "-v");
    println!("1. Streaming benchmark, simulated stand-in (null detector 0, perfect 100)");
    let corpora: Vec<_> = (1..=3).map(corpus::corpus).collect();
    let fresh: Vec<_> = (4..=6).map(corpus::corpus).collect();
    for (what, corpora) in [("seeds 1-3, seen while the constants were set", &corpora), ("seeds 4-6, fresh", &fresh)] {
        println!("   {what}");
        for (name, detector) in DETECTORS {
            windows::report(name, corpora, detector, verbose);
        }
        windows::report("alarm every 150 rows", corpora, baselines::clock, false);
    }
    println!("\n2. Labelled cloud series");
    if let Some(folder) = arguments.iter().find(|a| !a.starts_with('-')) {
        let series = cloud::load(std::path::Path::new(folder));
        for (name, detector) in DETECTORS {
            cloud_series(name, &series, detector, verbose);
        }
    }
    println!("\n3. One-day spikes in daily counts, average precision");
    for (name, detector) in DETECTORS {
        spikes::report(name, detector);
    }
    let long: Vec<f64> =
        corpora.iter().flatten().flat_map(|s| s.values.iter().copied()).cycle().take(1_000_000).collect();
    let start = std::time::Instant::now();
    let last = cloud::floodmark_score(&long, 300).len();
    println!("\n4. {last} rows of 5 minutes: {:.0} ns a row", start.elapsed().as_nanos() as f64 / last as f64);
    for online in [false, true] {
        let options = PointOptions { online, ..PointOptions::default() };
        let longest = corpora[0].iter().max_by_key(|s| s.values.len()).expect("a corpus");
        let start = std::time::Instant::now();
        let found = points(&longest.values, Step::from_seconds(longest.step), &options).change_points.len();
        let rows = longest.values.len();
        println!(
            "   {rows} rows with change points (online: {online}; {found} found): {:.2} s",
            start.elapsed().as_secs_f64()
        );
    }
}
