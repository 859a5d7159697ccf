//! Noise that remembers: an autoregression of order one.

/// Fills `path` with the states that follow `state`, each `phi` times the one before and an innovation; none left = 0.
///
/// ```
/// # use floodmark::stats::autoregression::autoregression;
/// let mut path = [0.0; 6];
/// autoregression(0.5, 8.0, [0.0, 1.0], &mut path);
/// assert_eq!(path, [4.0, 3.0, 1.5, 0.75, 0.375, 0.1875]);
/// ```
pub fn autoregression(phi: f64, mut state: f64, innovations: impl IntoIterator<Item = f64>, path: &mut [f64]) {
    // Four at a time: each needs to wait for the last but three alone.
    let powers = [phi, phi * phi, phi * phi * phi, phi * phi * phi * phi];
    let mut innovations = innovations.into_iter();
    let mut next = || innovations.next().unwrap_or(0.0);
    let (fours, rest) = path.as_chunks_mut();
    for four in fours {
        let mut fresh = [next(), next(), next(), next()];
        (1..4).for_each(|i| fresh[i] += phi * fresh[i - 1]);
        *four = [0, 1, 2, 3].map(|i| fresh[i] + powers[i] * state);
        state = four[3];
    }
    for value in rest {
        state = phi * state + next();
        *value = state;
    }
}
