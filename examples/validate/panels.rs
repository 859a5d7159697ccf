//! Simulated series and panels of them.
use floodmark::series::{Key, Kind, Panel, Role, Series};
use floodmark::time::{Grid, Step};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, Gamma, Poisson, StandardNormal, StudentT};
use std::collections::BTreeMap;

/// Noise around level and season; `sd` on the logarithm.
#[derive(Clone, Copy, Debug)]
pub enum Noise {
    Gaussian(f64),
    /// Each series has its own, evenly between 5% and 15%.
    UpTo15,
    Student(f64),
    Ar(f64, f64),
    /// Negative binomial counts: mean, size.
    Counts(f64, f64),
}

impl Noise {
    pub fn name(self) -> String {
        match self {
            Noise::Gaussian(sd) => format!("Gaussian {:.0}%", 100.0 * sd),
            Noise::UpTo15 => "Gaussian 5–15%".into(),
            Noise::Student(sd) => format!("Student t3 {:.0}%", 100.0 * sd),
            Noise::Ar(phi, sd) => format!("AR {phi} {:.0}%", 100.0 * sd),
            Noise::Counts(mean, size) => format!("counts, mean {mean:.0}, size {size:.0}"),
        }
    }
}

/// `n` days with a weekly season of their own (15% from day to day) and growth per year on the logarithm.
pub fn series(rng: &mut impl Rng, n: usize, noise: Noise, growth: f64) -> Vec<f64> {
    let week: Vec<f64> = (0..7).map(|_| 0.15 * normal(rng)).collect();
    let level: f64 = match noise {
        Noise::Counts(mean, _) => mean.ln(),
        _ => rng.random_range(6.0..11.0),
    };
    let own: f64 = rng.random_range(0.05..0.15);
    let mut state = normal(rng);
    let t3 = StudentT::new(3.0).expect("three degrees of freedom");
    (0..n)
        .map(|t| {
            let mu = level + week[t % 7] + growth * t as f64 / 365.25;
            let value = match noise {
                Noise::Gaussian(sd) => (mu + sd * normal(rng)).exp(),
                Noise::UpTo15 => (mu + own * normal(rng)).exp(),
                Noise::Student(sd) => (mu + sd * t3.sample(rng) / 3f64.sqrt()).exp(),
                Noise::Ar(phi, sd) => {
                    state = phi * state + (1.0 - phi * phi).sqrt() * normal(rng);
                    (mu + sd * state).exp()
                }
                Noise::Counts(_, size) => {
                    let rate = Gamma::new(size, mu.exp() / size).expect("positive").sample(rng);
                    Poisson::new(rate.max(1e-9)).expect("positive").sample(rng)
                }
            };
            value.round()
        })
        .collect()
}

pub fn normal(rng: &mut impl Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// A panel of one outlet per series; the name says its number.
pub fn panel(all: Vec<Vec<f64>>, roles: impl Fn(usize) -> Role) -> Panel {
    let len = all.first().map_or(0, Vec::len);
    let series = all.into_iter().enumerate().map(|(i, values)| one(i, values, Kind::Count, roles(i))).collect();
    Panel { grid: Grid { start: 0, step: Step::DAY, len }, series, totals: BTreeMap::new() }
}

pub fn one(i: usize, values: Vec<f64>, kind: Kind, role: Role) -> Series {
    let key = Key {
        state: String::new(),
        outlet: format!("o{i:03}"),
        domain: format!("d{i:03}.test"),
        country: String::new(),
    };
    Series { key, role, kind, values: values.into(), censored: BTreeMap::new() }
}

/// The number in the name of an outlet made by [`panel`].
pub fn number(key: &Key) -> usize {
    key.outlet[1..].parse().expect("a name made here")
}
