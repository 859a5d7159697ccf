use super::*;
use crate::stats::resample::generator;
use crate::stats::scale::Scale;
use crate::time::Step;
use proptest::prelude::*;
use rand_distr::{Distribution, StandardNormal};

fn settings(step: Step) -> Settings {
    Settings::for_step(step, 56.0, 7.0, Scale::COUNT)
}

/// Counts around `mean` with a season of `period` samples and noise `sd` on the logarithm.
fn counts(n: usize, mean: f64, period: usize, sd: f64, seed: u64) -> Vec<f64> {
    let mut rng = generator(seed, 0);
    (0..n)
        .map(|t| {
            let z: f64 = StandardNormal.sample(&mut rng);
            (mean * (0.2 * (t as f64 / period as f64 * std::f64::consts::TAU).sin() + sd * z).exp()).round()
        })
        .collect()
}

fn working(counts: &[f64]) -> Vec<f64> {
    counts.iter().map(|v| Scale::COUNT.forward(*v)).collect()
}

fn raise(values: &mut [f64], factor: f64) {
    values.iter_mut().for_each(|v| *v = (*v * factor).round());
}

fn same(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_series_cut_short_has_the_same_past(
        seed in 0u64..1000, n in 80usize..260, cut in 0.2f64..1.0, at in 0.3f64..0.9, factor in 0.3f64..4.0, gap in 0usize..20,
    ) {
        let mut y = counts(n, 500.0, 7, 0.15, seed);
        let start = (at * n as f64) as usize;
        raise(&mut y[start..(start + 9).min(n)], factor);
        let hole = (seed as usize * 7) % (n - gap);
        y[hole..hole + gap].fill(f64::NAN);
        let x = working(&y);
        let cut = (cut * n as f64) as usize;
        let (whole, part) = (walk(&x, &settings(Step::DAY)), walk(&x[..cut], &settings(Step::DAY)));
        prop_assert!(same(&whole.p, &part.p));
        prop_assert!(same(&whole.z, &part.z));
        prop_assert!(same(&whole.expected, &part.expected));
        prop_assert!(same(&whole.spread, &part.spread));
        prop_assert!(same(&whole.sign, &part.sign));
        let seen = |w: &Walk| -> Vec<(usize, usize)> {
            w.episodes.iter().filter(|e| e.detected < cut).map(|e| (e.detected, e.first_seen)).collect()
        };
        prop_assert_eq!(seen(&whole), seen(&part));
    }

    #[test]
    fn ten_times_the_traffic_has_the_same_z(seed in 0u64..1000, factor in 1.2f64..3.0) {
        let mut y = counts(200, 1e6, 7, 0.1, seed);
        raise(&mut y[150..158], factor);
        let tenfold: Vec<f64> = y.iter().map(|v| 10.0 * v).collect();
        let (a, b) = (walk(&working(&y), &settings(Step::DAY)), walk(&working(&tenfold), &settings(Step::DAY)));
        prop_assert!(a.z.iter().zip(&b.z).all(|(a, b)| a.is_nan() == b.is_nan() && (a.is_nan() || (a - b).abs() < 0.01)));
        let place = |w: &Walk| -> Vec<(usize, usize)> { w.episodes.iter().map(|e| (e.onset, e.end)).collect() };
        prop_assert_eq!(place(&a), place(&b));
    }

    #[test]
    fn no_series_makes_it_panic(
        values in prop::collection::vec(prop_oneof![Just(f64::NAN), Just(0.0), Just(1e15), 0.0f64..100.0], 0..150),
        step in prop_oneof![Just(Step::HOUR), Just(Step::DAY), Just(Step::WEEK)],
    ) {
        let found = walk(&working(&values), &settings(step));
        prop_assert!(found.p.iter().all(|p| p.is_nan() || (0.0..=1.0).contains(p)));
        prop_assert!(found.episodes.iter().all(|e| e.onset <= e.end && e.end < values.len() && e.onset <= e.detected));
    }
}

#[test]
fn constant_zero_and_short_series_have_no_episodes() {
    for y in [vec![5.0; 300], vec![0.0; 300], vec![f64::NAN; 300], vec![7.0; 20], vec![]] {
        assert!(walk(&working(&y), &settings(Step::DAY)).episodes.is_empty(), "{} values", y.len());
    }
    assert_eq!(walk(&working(&[7.0; 20]), &settings(Step::DAY)).judged, 0);
}

#[test]
fn a_rise_is_detected_on_its_second_day_and_dated_right() {
    let mut y = counts(300, 2000.0, 7, 0.1, 3);
    raise(&mut y[250..264], 2.0);
    let found = walk(&working(&y), &settings(Step::DAY));
    let surge = found.episodes.iter().find(|e| e.p < 1e-6).expect("a surge");
    assert!(surge.sign > 0.0 && surge.onset == 250 && surge.end.abs_diff(263) <= 1, "{surge:?}");
    assert!(surge.detected <= 252, "{surge:?}");
}

#[test]
fn a_fall_is_found_as_surely_as_a_rise() {
    let calm = working(&counts(300, 1e5, 7, 0.1, 4));
    let bent = |sign: f64| {
        let mut x = calm.clone();
        x[250..260].iter_mut().for_each(|v| *v += sign * 0.7);
        walk(&x, &settings(Step::DAY)).episodes.into_iter().find(|e| e.p < 1e-6).expect("an episode")
    };
    let (up, down) = (bent(1.0), bent(-1.0));
    assert_eq!((up.sign, down.sign, up.onset, down.onset), (1.0, -1.0, 250, 250));
}

#[test]
fn a_level_that_lasts_becomes_the_new_normal() {
    let mut y = counts(420, 2000.0, 7, 0.1, 5);
    raise(&mut y[200..], 2.0);
    let found = walk(&working(&y), &settings(Step::DAY));
    let shift = found.episodes.iter().find(|e| e.onset == 200).expect("the shift");
    assert!(shift.level_shift && !shift.open && shift.end.abs_diff(255) <= 3, "{shift:?}");
    assert!(!found.episodes.iter().any(|e| e.onset > 200 && e.p < 1e-5), "{:?}", found.episodes);
    let calm = &found.z[300..];
    assert!(calm.iter().filter(|z| z.abs() > 3.0).count() < 5);
}

#[test]
fn a_surge_that_fades_away_is_no_new_level_and_ends_without_a_drop() {
    for seed in 0..20 {
        let mut y = counts(420, 2000.0, 7, 0.1, seed);
        // From fourfold to a third more within sixty days.
        (0..60).for_each(|i| y[200 + i] = (y[200 + i] * (1.0 + 3.0 - 2.7 * i as f64 / 60.0)).round());
        let found = walk(&working(&y), &settings(Step::DAY));
        let surge = found.episodes.iter().find(|e| e.onset.abs_diff(200) <= 1).expect("the surge");
        assert!(!surge.level_shift && surge.end.abs_diff(259) <= 5, "{surge:?}");
        assert!(!found.episodes.iter().any(|e| e.sign < 0.0 && e.p < 1e-6), "{:?}", found.episodes);
    }
}

#[test]
fn gaps_are_not_zeros() {
    let mut y = counts(300, 2000.0, 7, 0.1, 6);
    y[200..230].fill(f64::NAN);
    raise(&mut y[260..270], 2.0);
    let found = walk(&working(&y), &settings(Step::DAY));
    assert!(found.p[200..230].iter().all(|p| p.is_nan()));
    let telling: Vec<usize> = found.episodes.iter().filter(|e| e.p < 1e-6).map(|e| e.onset).collect();
    assert_eq!(telling, [260]);
}

#[test]
fn a_gap_before_the_first_judged_period_is_not_taken_for_many_of_them() {
    let settings = settings(Step::DAY);
    let mut y = counts(80, 5000.0, 7, 0.1, 5);
    y[60] = 2.0 * y[53];
    let first = walk(&working(&y), &settings).p.iter().position(|p| !p.is_nan()).expect("a judged period");
    let p_after = |from: usize| {
        let mut y = y.clone();
        y[from..60].fill(f64::NAN);
        walk(&working(&y), &settings).p[60]
    };
    let (at_once, one_later) = (p_after(first), p_after(first + 1));
    assert!((at_once / one_later).ln().abs() < 0.7, "{at_once} {one_later}");
}

#[test]
fn hours_and_weeks_are_walked_too() {
    let mut hours = counts(24 * 100, 2000.0, 24, 0.1, 7);
    raise(&mut hours[2000..2012], 2.0);
    let mut weeks = counts(150, 2000.0, 52, 0.05, 8);
    raise(&mut weeks[120..124], 2.0);
    for (y, step, onset) in [(hours, Step::HOUR, 2000), (weeks, Step::WEEK, 120)] {
        let found = walk(&working(&y), &settings(step));
        let telling = found.episodes.iter().find(|e| e.sign > 0.0 && e.p < 1e-4);
        let surge =
            telling.unwrap_or_else(|| panic!("{step:?} {:?} {:?}", found.episodes, &found.z[onset - 5..onset + 5]));
        assert!(surge.onset.abs_diff(onset) <= 1, "{step:?} {surge:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_walk_that_was_interrupted_ends_as_one_that_was_not(
        seed in 0u64..1000, surge in 100usize..260, length in 1usize..80, size in -1.0f64..1.5, rest in 250usize..330
    ) {
        let mut values = counts(400, 2000.0, 7, 0.1, seed);
        let end = (surge + length).min(400);
        values[surge..end].iter_mut().for_each(|v| *v = (*v * size.exp()).round());
        let x: Vec<f64> = values.iter().map(|v| Scale::COUNT.forward(*v)).collect();
        let settings = settings(Step::DAY);
        let whole = walk(&x, &settings);
        let mut walker = Walker::new(&settings);
        walker.advance(&x[..rest], &mut |_, _| {});
        // Seasons of 7 and 189 days of season's stretch before the first period walked anew.
        let base = (rest - 220) / 7 * 7;
        let bytes = walker.save(0, 400);
        let mut again = Walker::restore(&settings, &bytes, base).expect("its own bytes");
        again.advance(&x[base..], &mut |_, _| {});
        let again = again.finish();
        let later = |walk: &Walk, base: usize| {
            let episodes = walk.episodes.iter().filter(|e| e.end + base >= rest).map(|e| e.shifted(-(base as isize)));
            episodes.map(|e| format!("{e:?}")).collect::<Vec<_>>()
        };
        prop_assert_eq!(later(&again, base), later(&whole, 0));
        let figures = |walk: &Walk, base: usize| format!("{:?}", (&walk.z[rest - base..], &walk.p[rest - base..]));
        prop_assert_eq!(figures(&again, base), figures(&whole, 0));
    }
}
