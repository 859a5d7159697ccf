//! `detect::points` on hand-made series: what must hold whatever the data.

use floodmark::detect::points::{PointOptions, Points, Scorer, Seasons, points};
use floodmark::series::Kind;
use floodmark::stats::resample::generator;
use floodmark::time::Step;
use proptest::prelude::*;
use rand::RngExt;

/// Nearly Normal noise of unit variance.
fn noise(n: usize, stream: u64) -> Vec<f64> {
    let mut rng = generator(11, stream);
    (0..n).map(|_| (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0).collect()
}

fn daily(values: &[f64]) -> Points {
    points(values, Some(Step::DAY), &PointOptions::default())
}

fn assert_same(part: &[f64], whole: &[f64]) {
    for (t, (a, b)) in part.iter().zip(whole).enumerate() {
        assert!(a == b || (a.is_nan() && b.is_nan()), "row {t}: {a} against {b}");
    }
}

fn assert_sound(values: &[f64], out: &Points) {
    let columns = [&out.expected, &out.lower, &out.upper, &out.z, &out.score, &out.segment_mean];
    assert!(columns.iter().all(|column| column.len() == values.len()));
    assert!(out.spike.len() == values.len() && out.changepoint.len() == values.len());
    for (t, value) in values.iter().enumerate() {
        let (lower, expected, upper) = (out.lower[t], out.expected[t], out.upper[t]);
        assert!(expected.is_nan() || (lower <= expected && expected <= upper), "row {t}: {lower} {expected} {upper}");
        assert!(!columns.iter().any(|column| column[t].is_infinite()), "row {t}");
        assert_eq!(out.score[t].is_nan(), value.is_nan(), "row {t}");
        assert!(value.is_nan() || (0.0..1.0).contains(&out.score[t]), "row {t}: {}", out.score[t]);
    }
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 0.0..100.0f64,
        2 => (0u32..6).prop_map(f64::from),
        1 => Just(f64::NAN),
        1 => Just(0.0),
        1 => -1e6..1e6f64,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn later_rows_change_nothing_before_them(
        values in prop::collection::vec(value(), 0..300), cut in 0usize..300, online: bool,
    ) {
        let cut = cut.min(values.len());
        let options = PointOptions { online, ..PointOptions::default() };
        let whole = points(&values, Some(Step::HOUR), &options);
        let part = points(&values[..cut], Some(Step::HOUR), &options);
        assert_same(&part.expected, &whole.expected);
        assert_same(&part.lower, &whole.lower);
        assert_same(&part.upper, &whole.upper);
        assert_same(&part.z, &whole.z);
        assert_same(&part.score, &whole.score);
        prop_assert_eq!(&part.spike[..], &whole.spike[..cut]);
        if online {
            prop_assert_eq!(&part.changepoint[..], &whole.changepoint[..cut]);
            assert_same(&part.segment_mean, &whole.segment_mean);
        }
    }

    #[test]
    fn any_series_gives_defined_rows(values in prop::collection::vec(prop_oneof![value(), any::<f64>()], 0..200)) {
        let values: Vec<f64> = values.into_iter().map(|v| if v.is_infinite() { 1e308 } else { v }).collect();
        for step in [None, Some(Step::DAY), Step::from_seconds(300)] {
            assert_sound(&values, &points(&values, step, &PointOptions::default()));
        }
    }

    #[test]
    fn another_unit_changes_no_score(stream in 0u64..50, exponent in -20i32..20) {
        let unit = 2f64.powi(exponent);
        let values: Vec<f64> = noise(200, stream).iter().map(|x| 10.3 + x * x).collect();
        let scaled: Vec<f64> = values.iter().map(|v| v * unit).collect();
        let options = PointOptions { kind: Some(Kind::Share), ..PointOptions::default() };
        let (a, b) = (points(&values, Some(Step::HOUR), &options), points(&scaled, Some(Step::HOUR), &options));
        for t in 0..values.len() {
            let near = |a: f64, b: f64| (a.is_nan() && b.is_nan()) || (a - b).abs() < 1e-6 * (1.0 + a.abs());
            prop_assert!(near(a.z[t], b.z[t]) && near(a.score[t], b.score[t]), "row {}", t);
            prop_assert!(near(a.expected[t], b.expected[t] / unit), "row {}", t);
        }
    }
}

#[test]
fn degenerate_series_give_defined_rows() {
    let bursts: Vec<f64> = (0..400).map(|t| if t % 50 < 3 { f64::from(t) } else { 0.0 }).collect();
    let huge = [1e300, -1e300, 1e308, f64::MAX, f64::MIN, 0.0, 1e-300, 5.0, 5.0, 5.0];
    let series: [&[f64]; 9] = [
        &[],
        &[1.0],
        &[1.0, 2.0],
        &[f64::NAN, 3.0, f64::NAN],
        &[7.0; 100],
        &[0.0; 100],
        &[f64::NAN; 100],
        &huge,
        &bursts,
    ];
    for values in series {
        for online in [false, true] {
            let options = PointOptions { online, ..PointOptions::default() };
            for step in [None, Some(Step::WEEK), Some(Step::HOUR)] {
                assert_sound(values, &points(values, step, &options));
            }
        }
    }
    assert!(daily(&[7.0; 100]).score.iter().all(|score| *score < 0.5));
}

#[test]
fn a_series_of_zeros_has_no_band() {
    let out = daily(&[0.0; 60]);
    let ends = |end: &[f64]| end[3..].iter().all(|value| *value == 0.0);
    assert!(ends(&out.lower) && ends(&out.expected) && ends(&out.upper), "{:?}", &out.upper[..8]);
}

#[test]
fn the_first_change_of_a_constant_series_is_a_spike() {
    let mut values = vec![0.0; 100];
    values[80] = 12.5;
    let found = daily(&values).spike;
    assert_eq!((0..100).filter(|t| found[*t]).collect::<Vec<_>>(), [80]);
}

#[test]
fn larger_surprises_score_higher_far_beyond_six_decimal_places() {
    let mut before = 0.0;
    for size in [10.0, 20.0, 40.0, 80.0, 160.0] {
        let mut values: Vec<f64> = noise(2000, 1).iter().map(|x| 1000.0 + 10.0 * x).collect();
        values[1900] += 10.0 * size;
        let score = daily(&values).score[1900];
        assert!(score > before && score < 1.0, "{size}: {score}");
        before = score;
    }
    assert!(before > 1.0 - 1e-9);
}

#[test]
fn an_episode_is_told_once() {
    let mut values: Vec<f64> = noise(1500, 2).iter().map(|x| 100.0 + 5.0 * x).collect();
    values[1000..1040].iter_mut().for_each(|v| *v += 100.0);
    let found = points(&values, Some(Step::HOUR), &PointOptions::default());
    let told: Vec<usize> = (1000..1060).filter(|t| found.spike[*t]).collect();
    assert_eq!(told.first(), Some(&1000));
    assert!(told.len() <= 3, "{told:?}");
}

#[test]
fn a_daily_pattern_is_expected_and_its_absence_is_not() {
    let noise = noise(24 * 30, 3);
    let mut values: Vec<f64> =
        (0..24 * 30).map(|t| if (8..20).contains(&(t % 24)) { 500.0 } else { 100.0 } + 10.0 * noise[t]).collect();
    let calm = points(&values, Some(Step::HOUR), &PointOptions::default());
    let errors = (24 * 10..24 * 30).filter(|t| (calm.expected[*t] - values[*t]).abs() > 60.0).count();
    assert!(errors < 10, "{errors}");
    values[24 * 25..24 * 26].iter_mut().for_each(|v| *v = v.min(100.0));
    let found = points(&values, Some(Step::HOUR), &PointOptions::default());
    assert!((24 * 25 + 8..24 * 25 + 10).any(|t| found.spike[t]));
    let seasonless = PointOptions { seasons: Seasons::None, ..PointOptions::default() };
    let blind = points(&values, Some(Step::HOUR), &seasonless);
    let misses = (24 * 10..24 * 30).filter(|t| (blind.expected[*t] - values[*t]).abs() > 60.0).count();
    assert!(misses > errors + 20, "{misses} against {errors}");
}

#[test]
fn intervals_of_white_noise_cover_what_they_say() {
    let values: Vec<f64> = noise(20_000, 4).iter().map(|x| 50.0 + 4.0 * x).collect();
    for level in [0.5, 0.9, 0.99] {
        let options = PointOptions { interval: level, ..PointOptions::default() };
        let mut scorer = Scorer::new(Some(Step::HOUR), &options);
        let rows: Vec<_> = values.iter().map(|value| (scorer.push(*value), *value)).skip(1000).collect();
        let inside = rows.iter().filter(|(row, value)| row.lower <= *value && *value <= row.upper);
        let covered = inside.count() as f64 / rows.len() as f64;
        assert!((covered - level).abs() < 0.02, "{level}: {covered}");
    }
}

#[test]
fn white_noise_raises_few_alerts() {
    let spikes: usize = (10..20)
        .map(|stream| {
            let values: Vec<f64> = noise(10_000, stream).iter().map(|x| 50.0 + 4.0 * x).collect();
            let mut scorer = Scorer::new(Some(Step::DAY), &PointOptions::default());
            values.iter().filter(|value| scorer.push(**value).spike).count()
        })
        .sum();
    assert!(spikes <= 150, "{spikes} in 100,000 rows");
}

#[test]
fn a_shift_of_level_is_a_change_point_online_and_with_hindsight() {
    let mut values: Vec<f64> = noise(300, 5).iter().map(|x| 100.0 + 5.0 * x).collect();
    values[200..].iter_mut().for_each(|v| *v += 60.0);
    let found = daily(&values);
    assert_eq!(found.change_points.iter().map(|c| c.index).collect::<Vec<_>>(), [200]);
    assert!(found.changepoint[200] && (found.segment_mean[250] - 160.0).abs() < 2.0);
    let known = points(&values, Some(Step::DAY), &PointOptions { online: true, ..PointOptions::default() });
    let rows: Vec<usize> = (0..300).filter(|t| known.changepoint[*t]).collect();
    assert!(rows.len() == 1 && (200..210).contains(&rows[0]), "{rows:?}");
}
