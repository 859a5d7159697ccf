//! Statistics against R and Python (scripts and versions: statistics.R, online.py; values: statistics.txt, online.txt).

use floodmark::baseline::seasonal::Season;
use floodmark::detect::{cost::Loss, fpop};
use floodmark::stats::{fdr, longrun, robust, tail};

struct Case {
    what: &'static str,
    arguments: Vec<f64>,
    input: Vec<f64>,
    values: Vec<f64>,
}

fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace().map(|v| v.parse().expect("a number")).collect()
}

fn cases(what: &str) -> Vec<Case> {
    let lines = include_str!("statistics.txt").lines().filter(|line| !line.starts_with('#'));
    let parse = |line: &'static str| {
        let parts: Vec<&str> = line.split('\t').collect();
        let [arguments, input, values] = [1, 2, 3].map(|i| numbers(parts[i]));
        Case { what: parts[0], arguments, input, values }
    };
    let found: Vec<Case> = lines.map(parse).filter(|case| case.what == what).collect();
    assert!(!found.is_empty(), "no case of {what}");
    found
}

/// Holds what `of` makes of each case against R, relative to the size of the value.
fn compare(what: &str, tolerance: f64, of: impl Fn(&Case) -> Vec<f64>) {
    for case in cases(what) {
        let found = of(&case);
        assert_eq!(found.len(), case.values.len(), "{what}");
        for (ours, theirs) in found.iter().zip(&case.values) {
            assert!((ours - theirs).abs() <= tolerance * theirs.abs().max(1e-300), "{what}: {ours}, R says {theirs}");
        }
    }
}

#[test]
fn location_scale_and_quantiles_are_those_of_r() {
    // R rounds the constant of mad() to four decimals: 1.4826.
    compare("mad", 2e-6, |case| vec![robust::mad_sd(&case.input, robust::median(&case.input))]);
    compare("quantile", 1e-12, |case| case.arguments.iter().map(|p| robust::quantile(&case.input, *p)).collect());
}

#[test]
fn tails_are_those_of_r_far_out_too() {
    compare("normal_sf", 1e-9, |case| case.input.iter().map(|z| tail::normal_sf(*z)).collect());
    compare("student_sf", 1e-8, |case| case.input.iter().map(|t| tail::student_sf(*t, case.arguments[0])).collect());
    compare("normal_quantile", 1e-9, |case| case.input.iter().map(|p| tail::normal_quantile(*p)).collect());
    compare("student_quantile", 1e-7, |case| {
        case.input.iter().map(|p| tail::student_quantile(*p, case.arguments[0])).collect()
    });
}

#[test]
fn q_values_are_those_of_r() {
    compare("BH", 1e-9, |case| fdr::q_values(&case.input));
    compare("BY", 1e-9, |case| fdr::q_values_any_dependence(&case.input));
}

#[test]
fn the_levels_of_lord_are_those_of_the_paper() {
    let mut seen = 0;
    for line in include_str!("online.txt").lines().filter(|line| !line.starts_with('#')) {
        let parts: Vec<&str> = line.split('\t').collect();
        let rate: f64 = parts[0].parse().expect("a rate");
        let mut state = fdr::Lord::default();
        for (p, level) in numbers(parts[1]).into_iter().zip(numbers(parts[2])) {
            let ours = fdr::lord_level(&state, rate);
            assert!((ours - level).abs() <= 1e-12 * level, "{ours} {level}");
            state = fdr::lord_test(state, p, rate).1;
            seen += 1;
        }
        assert!(state.discoveries.len() > 2);
    }
    assert_eq!(seen, 120);
}

#[test]
fn long_run_deviations_agree_with_another_estimator() {
    // Block means here, a prewhitened kernel estimate there: two estimates of one number, 800 values each.
    compare("long_run_sd", 0.2, |case| vec![longrun::long_run_sd(&case.input, 1)]);
}

#[test]
fn the_season_is_that_of_robust_stl_within_its_error() {
    for case in cases("season") {
        let season = Season::learn(&case.input, 0, &[7]);
        for (t, theirs) in case.values.iter().enumerate() {
            // The median of 26 values with a deviation of 0.08 is known to 0.02.
            assert!((season.at(t) - theirs).abs() < 0.05, "{t}: {} {theirs}", season.at(t));
        }
    }
}

#[test]
fn least_squares_segmentations_are_those_of_strucchange_and_of_dynamic_programming() {
    for case in cases("squared") {
        let found = fpop::segment(&case.input, Loss::Squared, case.arguments[0]);
        let changes: Vec<f64> = found.changes.iter().map(|c| *c as f64).collect();
        assert_eq!(changes, case.values[1..], "penalty {}", case.arguments[0]);
        assert!((found.cost - case.values[0]).abs() < 1e-6 * case.values[0], "{} {}", found.cost, case.values[0]);
    }
}
