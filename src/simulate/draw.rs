//! Noise around the means: what is observed.

use super::expect::{Expected, Mean};
use super::{Noise, Recipe};
use crate::series::{Key, Kind, Panel, Series};
use crate::stats::resample::generator;
use crate::time::Seconds;
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Gamma, Poisson, StandardNormal, StudentT};
use std::collections::BTreeMap;

/// A generator for one purpose and series: adding a series does not move the numbers of the others.
pub(super) fn stream(seed: u64, purpose: &str, key: &Key) -> ChaCha8Rng {
    let text = [purpose, &key.state, &key.outlet, &key.domain, &key.country].join("\n");
    // FNV-1a, 64 bits (Fowler, Noll & Vo): the same on every machine and version.
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    generator(seed, hash)
}

/// The panel as observed: counts, gaps, censored values, and totals.
pub(super) fn panel(recipe: &Recipe, expected: &Expected) -> Panel {
    let grid = recipe.grid;
    let factors = |purpose, noise: Noise, country: &str| {
        let key = Key { country: country.into(), ..Key::default() };
        log_noise(noise, grid.len, &mut stream(recipe.seed, purpose, &key))
    };
    let common = expected.totals.keys().map(|country| (country.as_str(), factors("common", recipe.common, country)));
    let common: BTreeMap<&str, Vec<f64>> = common.collect();
    let mut totals: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (country, total) in &expected.totals {
        let rest = factors("rest", recipe.rest, country);
        let both = rest.iter().zip(&common[country.as_str()]).map(|(a, b)| (a + b).exp());
        totals.insert(
            country.clone(),
            total.rest.iter().zip(both).map(|(rest, factor)| (rest * factor).round()).collect(),
        );
    }
    let mut series = Vec::with_capacity(expected.series.len());
    for mean in &expected.series {
        let values = counts(recipe, mean, &common[mean.key.country.as_str()]);
        if let Some(total) = totals.get_mut(&mean.key.country) {
            total.iter_mut().zip(&values).for_each(|(total, visits)| *total += visits);
        }
        series.push(observed(recipe, mean, values));
    }
    Panel { grid, series, totals }
}

/// Noise on the logarithm: AR(1) with Gaussian or Student-t innovations, started in its stationary state and scaled
/// to `sd`. Its exponential has a mean of 1 when Gaussian.
fn log_noise(noise: Noise, len: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    // A variance of df ÷ (df − 2) is brought to 1; nothing beyond 8 standard deviations, where exp() has no mean.
    let student = noise.df.is_finite().then(|| StudentT::new(noise.df).ok()).flatten();
    let mut innovation = || match student {
        Some(t) => (t.sample(rng) * ((noise.df - 2.0) / noise.df).sqrt()).clamp(-8.0, 8.0),
        None => StandardNormal.sample(rng),
    };
    let fresh = (1.0 - noise.phi * noise.phi).sqrt();
    let mut state: f64 = innovation();
    let mut values = Vec::with_capacity(len);
    for _ in 0..len {
        values.push(noise.sd * state - noise.sd * noise.sd / 2.0);
        state = noise.phi * state + fresh * innovation();
    }
    values
}

/// The counts of a series, gaps not yet made.
fn counts(recipe: &Recipe, mean: &Mean, common: &[f64]) -> Vec<f64> {
    let noise = recipe.outlets[mean.outlet].noise.unwrap_or(recipe.noise);
    let own = log_noise(noise, recipe.grid.len, &mut stream(recipe.seed, "noise", &mean.key));
    let mut rng = stream(recipe.seed, "count", &mean.key);
    let factors = own.iter().zip(common).map(|(a, b)| (a + b).exp());
    mean.full.iter().zip(factors).map(|(visits, factor)| count(visits * factor, noise.dispersion, &mut rng)).collect()
}

/// A Poisson count, or a negative binomial one as a Poisson with a gamma-distributed mean.
fn count(mean: f64, dispersion: f64, rng: &mut impl Rng) -> f64 {
    let rate = match Gamma::new(1.0 / dispersion, mean * dispersion) {
        Ok(gamma) if dispersion > 0.0 => gamma.sample(rng),
        _ => mean,
    };
    // A mean of 0 is no Poisson mean, and one too large for the sampler has no counting noise to speak of.
    Poisson::new(rate).map_or_else(|_| rate.max(0.0).round(), |poisson| poisson.sample(rng))
}

/// Gaps and bounds laid over the counts.
fn observed(recipe: &Recipe, mean: &Mean, mut values: Vec<f64>) -> Series {
    let Mean { key, role, .. } = mean;
    let mut rng = stream(recipe.seed, "gap", key);
    let gaps: Vec<_> = recipe.gaps.iter().filter(|gap| gap.scope.holds(key)).collect();
    let domain = recipe.outlets[mean.outlet].domains.iter().find(|domain| domain.name == key.domain);
    let alive = |time: Seconds| {
        domain.is_none_or(|d| d.from.is_none_or(|from| time >= from) && d.until.is_none_or(|until| time < until))
    };
    let bound = recipe.censoring.as_ref().filter(|c| c.countries.is_empty() || c.countries.contains(&key.country));
    let mut censored = BTreeMap::new();
    for (index, value) in values.iter_mut().enumerate() {
        let time = recipe.grid.time(index);
        let lost = rng.random::<f64>() < recipe.gap_rate || gaps.iter().any(|gap| (gap.from..=gap.to).contains(&time));
        if lost || !alive(time) {
            *value = f64::NAN;
        } else if let Some(bound) = bound.filter(|bound| *value < bound.below) {
            *value = f64::NAN;
            censored.insert(index, bound.below);
        }
    }
    Series { key: key.clone(), role: *role, kind: Kind::Count, values: values.into(), censored }
}
