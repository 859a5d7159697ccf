//! Tail probabilities: how often chance alone goes this far.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// P(Z ≥ z) for a standard Normal Z.
///
/// ```
/// # use floodmark::stats::tail::normal_sf;
/// assert!((normal_sf(1.959_963_985) - 0.025).abs() < 1e-9);
/// ```
pub fn normal_sf(z: f64) -> f64 {
    Normal::standard().sf(z)
}

/// The z with P(Z ≤ z) = `p` for a standard Normal Z; infinite at 0 and 1.
pub fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p.clamp(0.0, 1.0))
}

/// P(T ≥ t) for Student's t with `df` degrees of freedom (the Normal beyond 200).
///
/// ```
/// # use floodmark::stats::tail::student_sf;
/// assert!((student_sf(2.228_138_852, 10.0) - 0.025).abs() < 1e-8);
/// ```
pub fn student_sf(t: f64, df: f64) -> f64 {
    if df > 200.0 {
        return normal_sf(t);
    }
    StudentsT::new(0.0, 1.0, df.max(1.0)).map_or(f64::NAN, |student| student.sf(t))
}

/// The t with P(T ≤ t) = `p` for Student's t with `df` degrees of freedom.
pub fn student_quantile(p: f64, df: f64) -> f64 {
    if df > 200.0 {
        return normal_quantile(p);
    }
    StudentsT::new(0.0, 1.0, df.max(1.0)).map_or(f64::NAN, |student| student.inverse_cdf(p))
}
