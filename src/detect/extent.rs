//! The last period of an episode, seen from after it. While an episode goes on, a single high day keeps it open for
//! three more; once it is over, the likelihood says where it ended.

use crate::stats::robust::median;

/// The size of an episode towards its end is the median of so many of its last periods, or of its second half.
const RECENT: usize = 9;

/// The end of an episode: the last of `residuals` (working scale, from its onset to its last raised period, in its own
/// direction) before which "raised" is the more likely, for a shift of the size that it had towards its end (Page
/// 1954, backwards). `spread` is that of a single period. Never before `earliest`.
///
/// ```
/// # use floodmark::detect::extent::end;
/// let surge = [0.4, 0.5, 0.3, 0.4, 0.4, 0.5, 0.4, -0.1, 0.0, 0.16];
/// assert_eq!(end(&surge, 0.1, 0), 6);
/// ```
pub fn end(residuals: &[f64], spread: f64, earliest: usize) -> usize {
    let n = residuals.len();
    if spread.is_nan() || spread <= 0.0 {
        return n.saturating_sub(1);
    }
    let recent = n - RECENT.max(n / 2).min(n);
    let size = median(&residuals[recent..]).clamp(2.0 * spread, 10.0 * spread);
    let (mut end, mut best, mut sum) = (n.saturating_sub(1), 0.0, 0.0);
    for t in (earliest + 1..n).rev().filter(|&t| !residuals[t].is_nan()) {
        // What speaks for the periods from t on being raised no longer.
        sum -= residuals[t].min(2.0 * size) - size / 2.0;
        if sum > best {
            (best, end) = (sum, t - 1);
        }
    }
    end
}
