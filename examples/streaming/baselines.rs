//! Simple detectors to compare with.

use floodmark::stats::robust::median;
use floodmark::stats::tail::normal_sf;

/// The z-score of the streaming benchmark: mean and deviation of up to 6,400 rows, renewed every 100.
pub fn windowed_gaussian(values: &[f64], _step: i64) -> Vec<f64> {
    let (mut window, mut buffer): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    let (mut mean, mut sd) = (0.0, 1.0);
    let mut renew = |window: &[f64]| {
        let n = window.len() as f64;
        mean = window.iter().sum::<f64>() / n;
        sd = (window.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt().max(1e-6);
        (mean, sd)
    };
    let mut state = (0.0, 1.0);
    values
        .iter()
        .map(|&value| {
            if value.is_nan() {
                return 0.0;
            }
            let score = if window.is_empty() { 0.0 } else { 1.0 - normal_sf(((value - state.0) / state.1).abs()) };
            if window.len() < 6400 {
                window.push(value);
                state = renew(&window);
            } else {
                buffer.push(value);
                if buffer.len() == 100 {
                    window.drain(..100);
                    window.append(&mut buffer);
                    state = renew(&window);
                }
            }
            score
        })
        .collect()
}

/// Not causal: the median of the whole series, in robust deviations.
pub fn distance_from_median(values: &[f64], _step: i64) -> Vec<f64> {
    let center = median(values);
    let spread = median(&values.iter().map(|v| (v - center).abs()).collect::<Vec<_>>()).max(1e-9);
    values.iter().map(|v| if v.is_nan() { 0.0 } else { (v - center).abs() / spread }).collect()
}

/// Looks at nothing: what the scoring rule gives for an alarm at fixed times.
pub fn clock(values: &[f64], _step: i64) -> Vec<f64> {
    (0..values.len()).map(|t| if t % 150 == 149 { 1.0 } else { 0.0 }).collect()
}
