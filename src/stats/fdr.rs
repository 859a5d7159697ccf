//! False-discovery control over many tests: Benjamini & Hochberg and Benjamini & Yekutieli for a batch, LORD++ for
//! tests that arrive one after another for ever.

/// Benjamini & Hochberg (1995, JRSS B 57): for each p-value, the smallest false-discovery rate at which it would be
/// reported. Right for independent and positively dependent tests. `NaN` stays `NaN` and is not counted.
///
/// ```
/// # use floodmark::stats::fdr::q_values;
/// let q = q_values(&[0.01, 0.04, 0.03, 0.5]);
/// assert!((q[0] - 0.04).abs() < 1e-12 && (q[1] - 0.16 / 3.0).abs() < 1e-12);
/// assert_eq!(q[1], q[2]); // never falls as p rises
/// ```
pub fn q_values(p: &[f64]) -> Vec<f64> {
    step_up(p, 1.0)
}

/// Benjamini & Yekutieli (2001, Annals of Statistics 29): as [`q_values`], under any dependence, at the price of a
/// factor 1 + 1/2 + … + 1/n.
pub fn q_values_any_dependence(p: &[f64]) -> Vec<f64> {
    let n = p.iter().filter(|p| !p.is_nan()).count();
    step_up(p, (1..=n).map(|i| 1.0 / i as f64).sum())
}

/// False-discovery rates for tests that come in families, such as the surges of one series: for each test the smallest
/// rate at which it would be reported when families are selected by Benjamini & Hochberg on their smallest p-value and,
/// of R selected among m, each reports its tests with p ≤ rate·R/m (Benjamini & Bogomolov 2014, JRSS B 76). `p` must hold for the
/// whole family (be corrected for having searched it). `families` counts those without a test too.
///
/// ```
/// # use floodmark::stats::fdr::q_values_in_families;
/// // Two surges of series 0, one of series 1, and two series without any.
/// let q = q_values_in_families(&[0.001, 0.02, 0.01], &[0, 0, 1], 4);
/// assert!((q[0] - 0.004).abs() < 1e-12 && (q[1] - 0.04).abs() < 1e-12 && (q[2] - 0.02).abs() < 1e-12);
/// ```
pub fn q_values_in_families(p: &[f64], family: &[usize], families: usize) -> Vec<f64> {
    let mut least = std::collections::BTreeMap::new();
    for (p, family) in p.iter().zip(family) {
        least.entry(*family).and_modify(|l: &mut f64| *l = l.min(*p)).or_insert(*p);
    }
    let mut sorted: Vec<f64> = least.into_values().collect();
    sorted.sort_by(f64::total_cmp);
    let m = families.max(sorted.len()) as f64;
    // The smallest rate that selects the families up to k or more.
    let mut rates: Vec<f64> = sorted.iter().enumerate().map(|(k, p)| m * p / (k + 1) as f64).collect();
    for k in (1..rates.len()).rev() {
        rates[k - 1] = rates[k - 1].min(rates[k]);
    }
    let q = |p: &f64| {
        let selected = sorted.partition_point(|least| least <= p);
        let own = m * p / selected.max(1) as f64;
        rates.get(selected).map_or(own, |more| own.min(*more)).clamp(*p, 1.0)
    };
    p.iter().map(q).collect()
}

fn step_up(p: &[f64], factor: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).filter(|&i| !p[i].is_nan()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let n = order.len() as f64;
    let mut q = vec![f64::NAN; p.len()];
    let mut least = 1.0f64;
    for (rank, &i) in order.iter().enumerate().rev() {
        // In this order: the factor is never below 1, so rounding cannot push q below p.
        least = least.min(p[i] * (n * factor / (rank + 1) as f64));
        q[i] = least;
    }
    q
}

/// State of LORD++ (Ramdas, Yang, Wainwright & Jordan 2017, NeurIPS): how many tests were made, and which of them
/// were discoveries. Plain data, to be kept between runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lord {
    /// Tests so far.
    pub tests: u64,
    /// Number (from 1) of each test that was a discovery, in order.
    pub discoveries: Vec<u64>,
}

crate::stats::plain::plain!(Lord { tests, discoveries });

/// Share of the target rate spent on the first discovery.
const FIRST_WEALTH: f64 = 0.5;

/// Level at which the next test is made, under false-discovery rate `fdr`.
pub fn lord_level(state: &Lord, fdr: f64) -> f64 {
    let t = state.tests + 1;
    let first = FIRST_WEALTH * fdr;
    let later: f64 = state
        .discoveries
        .iter()
        .enumerate()
        .map(|(i, &tau)| (if i == 0 { fdr - first } else { fdr }) * gamma(t - tau))
        .sum();
    (gamma(t) * first + later).min(fdr)
}

/// Makes one test: whether `p` is a discovery, and the state after it. A `NaN` is no test.
///
/// ```
/// # use floodmark::stats::fdr::{Lord, lord_test};
/// let (found, state) = lord_test(Lord::default(), 1e-6, 0.05);
/// assert!(found && state.discoveries == [1]);
/// ```
pub fn lord_test(mut state: Lord, p: f64, fdr: f64) -> (bool, Lord) {
    if p.is_nan() {
        return (false, state);
    }
    let found = p <= lord_level(&state, fdr);
    state.tests += 1;
    if found {
        state.discoveries.push(state.tests);
    }
    (found, state)
}

/// Begins a test that is decided later, when its evidence is complete: the level it has, and the state after it. That
/// the level depends only on discoveries made before it began keeps the rate (Zrnic, Ramdas & Jordan 2021, JMLR 22,
/// "Asynchronous online testing of multiple hypotheses").
///
/// ```
/// # use floodmark::stats::fdr::{Lord, lord_begin, lord_discover};
/// let (level, state) = lord_begin(Lord::default(), 0.05);
/// let state = if 1e-6 <= level { lord_discover(state) } else { state };
/// assert_eq!(state.discoveries, [1]);
/// ```
pub fn lord_begin(mut state: Lord, fdr: f64) -> (f64, Lord) {
    let level = lord_level(&state, fdr);
    state.tests += 1;
    (level, state)
}

/// A test that was begun before has become a discovery.
pub fn lord_discover(mut state: Lord) -> Lord {
    state.discoveries.push(state.tests);
    state
}

/// The sequence of Javanmard & Montanari 2018 (Annals of Statistics 46), 0.0772 ln(max(j, 2)) ÷ (j e^√ln j): sums to
/// at most 1.
fn gamma(j: u64) -> f64 {
    let j = j as f64;
    0.077_208_9 * j.max(2.0).ln() / (j * j.ln().sqrt().exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q_values_are_those_of_r() {
        // R: p.adjust(c(.001, .008, .039, .041, .042, .06, .074, .205), "BH"), and "BY".
        let p = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205];
        let bh = [0.008, 0.032, 0.0672, 0.0672, 0.0672, 0.08, 0.592 / 7.0, 0.205];
        for (q, want) in q_values(&p).iter().zip(bh) {
            assert!((q - want).abs() < 1e-12, "{q} {want}");
        }
        let harmonic: f64 = (1..=8).map(|i| 1.0 / f64::from(i)).sum();
        assert!((q_values_any_dependence(&p)[0] - 0.008 * harmonic).abs() < 1e-12);
    }

    #[test]
    fn a_missing_p_value_is_no_test() {
        let q = q_values(&[0.02, f64::NAN]);
        assert!(q[0] == 0.02 && q[1].is_nan());
        assert_eq!(lord_test(Lord::default(), f64::NAN, 0.05), (false, Lord::default()));
    }

    #[test]
    fn the_spending_sequence_of_lord_sums_to_no_more_than_one() {
        let sum: f64 = (1..3_000_000).map(gamma).sum();
        assert!(sum > 0.5 && sum <= 1.0, "{sum}");
    }

    #[test]
    fn lord_spends_less_as_time_goes_by_and_more_after_a_discovery() {
        let mut state = Lord::default();
        for _ in 0..10 {
            state = lord_test(state, 0.9, 0.05).1;
        }
        let before = lord_level(&state, 0.05);
        assert!(before < lord_level(&Lord::default(), 0.05));
        let (found, state) = lord_test(state, 0.0, 0.05);
        assert!(found && lord_level(&state, 0.05) > before);
    }
}
