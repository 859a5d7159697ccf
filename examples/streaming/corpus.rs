//! A simulated stand-in for the corpus of the Numenta Anomaly Benchmark, built from its published description (58
//! series of 1,000–22,000 rows; windows of 10% of a series shared by its anomalies, centred on them): artificial daily
//! patterns, cloud metrics, ad-exchange prices, incidents of known cause, road traffic, mentions in short messages.
//! Most series also hold oddities that nobody labelled, as real ones do.

use floodmark::stats::resample::generator;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Gamma, Normal, Poisson};
use std::f64::consts::TAU;

pub struct Series {
    pub group: &'static str,
    pub step: i64,
    pub values: Vec<f64>,
    /// First and last row of each labelled window.
    pub windows: Vec<(usize, usize)>,
}

/// A series being written.
struct Draft {
    rng: ChaCha8Rng,
    x: Vec<f64>,
    at: Vec<usize>,
}

impl Draft {
    fn new(seed: u64, stream: u64, n: usize, anomalies: usize) -> Draft {
        let mut rng = generator(seed, stream);
        let width = n / 10 / anomalies.max(1);
        let mut at: Vec<usize> = Vec::new();
        while at.len() < anomalies {
            let t = rng.random_range(n * 22 / 100..n * 94 / 100);
            if at.iter().all(|a| a.abs_diff(t) > width + width / 2) {
                at.push(t);
            }
        }
        at.sort_unstable();
        Draft { rng, x: vec![0.0; n], at }
    }

    fn n(&self) -> usize {
        self.x.len()
    }

    fn normal(&mut self) -> f64 {
        Normal::new(0.0, 1.0).expect("unit").sample(&mut self.rng)
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.rng.random::<f64>()
    }

    fn chance(&mut self, p: f64) -> bool {
        self.rng.random::<f64>() < p
    }

    fn add(&mut self, f: impl Fn(usize) -> f64) {
        self.x.iter_mut().enumerate().for_each(|(t, x)| *x += f(t));
    }

    fn white(&mut self, sd: f64) {
        for t in 0..self.n() {
            self.x[t] += sd * self.normal();
        }
    }

    fn autoregressive(&mut self, phi: f64, sd: f64) {
        let mut state = 0.0;
        for t in 0..self.n() {
            state = phi * state + sd * (1.0 - phi * phi).sqrt() * self.normal();
            self.x[t] += state;
        }
    }

    /// Bursts of random height (heavy-tailed) and length at a rate a row.
    fn bursts(&mut self, rate: f64, height: f64, shape: f64, length: usize) {
        for t in 0..self.n() {
            if self.chance(rate) {
                let h = height * self.rng.random::<f64>().max(1e-4).powf(-shape);
                let l = 1 + self.rng.random_range(0..length.max(1));
                self.bump(t, l, h);
            }
        }
    }

    fn bump(&mut self, t: usize, length: usize, height: f64) {
        let end = (t + length).min(self.n());
        self.x[t..end].iter_mut().for_each(|x| *x += height);
    }

    fn finish(self, group: &'static str, step: i64) -> Series {
        let n = self.n();
        let half = n / 20 / self.at.len().max(1);
        let windows = self.at.iter().map(|t| (t.saturating_sub(half), (t + half).min(n - 1))).collect();
        Series { group, step, values: self.x, windows }
    }

    /// A random anomaly of size `unit` at `t`, of the sort that operators label.
    fn incident(&mut self, t: usize, unit: f64) {
        let n = self.n();
        let sign = if self.chance(0.7) { 1.0 } else { -1.0 };
        let size = sign * unit * self.between(3.0, 9.0);
        match self.rng.random_range(0..6u32) {
            0 | 1 => {
                let length = self.rng.random_range(1..4);
                self.bump(t, length, 1.5 * size);
            }
            2 => {
                let length = self.rng.random_range(20..120);
                self.bump(t, length, size);
            }
            3 => self.bump(t, n, 0.7 * size),
            4 => {
                for u in t..(t + 80).min(n) {
                    self.x[u] += unit * 3.0 * self.normal();
                }
            }
            _ => {
                for u in t..(t + 60).min(n) {
                    self.x[u] += size * (u - t) as f64 / 60.0;
                }
            }
        }
    }

    /// The same sort of thing, smaller, that nobody labelled.
    fn oddities(&mut self, number: usize, unit: f64) {
        for _ in 0..number {
            let t = self.rng.random_range(0..self.n());
            let size = self.between(0.3, 0.8);
            self.incident(t, unit * size);
        }
    }

    fn clamp(&mut self, low: f64, high: f64, grain: f64) {
        self.x.iter_mut().for_each(|x| *x = ((*x / grain).round() * grain).clamp(low, high));
    }
}

const DAY: usize = 288;

fn daytime(t: usize) -> bool {
    (108..216).contains(&(t % DAY))
}

fn artificial(seed: u64, out: &mut Vec<Series>) {
    for k in 0..5u64 {
        let mut d = Draft::new(seed, 100 + k, 4032, 0);
        match k {
            0 => d.add(|t| if daytime(t) { 70.0 } else { 25.0 }),
            1 => d.add(|t| if t % DAY < 144 { 80.0 } else { 20.0 }),
            2 => d.add(|_| 45.0),
            _ => d.add(|t| 50.0 + 25.0 * (TAU * t as f64 / DAY as f64).sin()),
        }
        match k {
            0 => d.white(3.0),
            3 => d.white(1.0),
            4 => d.white(8.0),
            _ => {}
        }
        out.push(d.finish("artificial, none", 300));
    }
    for k in 0..6u64 {
        let mut d = Draft::new(seed, 110 + k, 4032, 1);
        let day = d.rng.random_range(9..12) * DAY;
        d.at = vec![day + 150];
        match k {
            0..4 => {
                d.add(|t| match (k, daytime(t), t / DAY == day / DAY) {
                    (_, false, _) => 20.0,
                    (0, true, true) => 160.0,
                    (1, true, true) => 40.0,
                    (2, true, true) if (150..200).contains(&(t % DAY)) => 20.0,
                    (3, true, true) => 20.0,
                    _ => 80.0,
                });
                for t in 0..4032 {
                    let noise = d.between(-4.0, 8.0);
                    d.x[t] += noise;
                }
            }
            4 => {
                for t in 0..4032 {
                    let p = if (day + 150..day + 250).contains(&t) { 0.2 } else { 0.02 };
                    d.x[t] = if d.chance(p) { 20.0 } else { 0.0 };
                }
            }
            _ => {
                for t in 0..4032 {
                    d.x[t] = if d.chance(0.03) { d.between(0.5, 1.5) } else { d.between(0.0, 0.1) };
                }
                d.bump(day + 150, 5, 2.0);
            }
        }
        out.push(d.finish("artificial", 300));
    }
}

fn cloud(seed: u64, out: &mut Vec<Series>) {
    for k in 0..17u64 {
        let anomalies = 1 + (k % 3) as usize;
        let mut d = Draft::new(seed, 200 + k, 4032 + 200 * (k % 2) as usize, anomalies);
        let unit = match k % 6 {
            0 => {
                d.add(|_| 40.0);
                d.autoregressive(0.6, 2.0);
                2.5
            }
            1 => {
                // A quiet machine with a job at fixed times.
                let job = d.rng.random_range(30..120usize);
                d.add(|t| if t % job == 0 { 12.0 } else { 2.0 });
                d.white(0.15);
                d.bursts(0.001, 4.0, 0.2, 3);
                3.0
            }
            2 => {
                // Network: heavy-tailed bursts.
                d.add(|_| 3e5);
                d.white(4e4);
                d.bursts(0.02, 3e5, 0.35, 4);
                5e5
            }
            3 => {
                d.bursts(0.004, 1e6, 0.3, 10);
                2e6
            }
            4 => {
                d.add(|t| 60.0 + 40.0 * (TAU * (t as f64 / DAY as f64 - 0.3)).sin());
                d.white(9.0);
                d.bursts(0.003, 60.0, 0.3, 2);
                30.0
            }
            _ => {
                d.add(|_| 30.0);
                d.autoregressive(0.995, 4.0);
                d.white(0.6);
                d.bursts(0.001, 8.0, 0.2, 6);
                4.0
            }
        };
        for t in d.at.clone() {
            d.incident(t, unit);
        }
        d.oddities(5, unit);
        let grain = unit * 0.01;
        d.clamp(0.0, 1e12, grain);
        out.push(d.finish("cloud", 300));
    }
}

fn exchange(seed: u64, out: &mut Vec<Series>) {
    for k in 0..6u64 {
        let mut d = Draft::new(seed, 300 + k, 1600, 1 + (k % 4) as usize);
        d.add(|t| -0.5 + 0.3 * (TAU * (t as f64 / 24.0 - 0.2)).sin());
        d.autoregressive(0.9, 0.2);
        d.white(0.12);
        d.bursts(0.006, 0.5, 0.25, 2);
        for t in d.at.clone() {
            d.incident(t, 0.22);
        }
        d.oddities(3, 0.22);
        d.x.iter_mut().for_each(|x| *x = x.exp());
        out.push(d.finish("exchange", 3600));
    }
}

fn known(seed: u64, out: &mut Vec<Series>) {
    // Machine temperature: slow, with deep dips; the last one announced.
    let mut d = Draft::new(seed, 400, 22_695, 4);
    d.add(|_| 85.0);
    d.autoregressive(0.9995, 8.0);
    d.autoregressive(0.97, 2.0);
    d.white(0.5);
    for t in d.at.clone() {
        let (length, depth) = (d.rng.random_range(100..500usize), d.between(15.0, 60.0));
        (t..(t + length).min(22_695))
            .for_each(|u| d.x[u] -= depth * (TAU / 2.0 * (u - t) as f64 / length as f64).sin());
    }
    d.oddities(6, 3.0);
    out.push(d.finish("known", 300));
    // Room temperature.
    let mut d = Draft::new(seed, 401, 7267, 2);
    d.add(|t| 71.0 + 1.5 * (TAU * t as f64 / 24.0).sin() + 2.0 * (TAU * t as f64 / 4000.0).sin());
    d.autoregressive(0.99, 2.5);
    d.white(0.7);
    for t in d.at.clone() {
        let size = d.between(-8.0, -5.0);
        d.bump(t, 60, size);
    }
    out.push(d.finish("known", 3600));
    // Taxi passengers: half-hours, a day and a week, holidays.
    let mut d = Draft::new(seed, 402, 10_320, 5);
    d.add(|t| {
        let (hour, day) = ((t % 48) as f64 / 48.0, (t / 48) % 7);
        let weekend = f64::from(day >= 5);
        9.4 + 0.7 * (TAU * (hour - 0.45)).sin()
            + 0.25 * (2.0 * TAU * hour).cos()
            + weekend * 0.35 * (TAU * (hour + 0.2)).sin()
    });
    d.autoregressive(0.95, 0.06);
    d.white(0.03);
    for t in d.at.clone() {
        let (length, size) = (d.rng.random_range(20..96usize), d.between(0.35, 0.9));
        let sign = if d.chance(0.25) { 1.0 } else { -1.0 };
        d.bump(t, length, sign * size);
    }
    d.oddities(4, 0.06);
    d.x.iter_mut().for_each(|x| *x = x.exp().round());
    out.push(d.finish("known", 1800));
    // Keys held: mostly nothing, irregular bursts.
    for (k, step, n) in [(3u64, 300, 5315usize), (4, 300, 1882)] {
        let mut d = Draft::new(seed, 400 + k, n, 2);
        d.bursts(0.01, 0.05, 0.5, 8);
        for t in d.at.clone() {
            for u in (t..(t + 60).min(n)).step_by(4) {
                let size = d.between(0.2, 2.0);
                d.bump(u, 2, size);
            }
        }
        out.push(d.finish("known", step));
    }
    // Latency of a failing system, then a misconfigured group.
    for (k, n) in [(5u64, 4032usize), (6, 18_050)] {
        let mut d = Draft::new(seed, 400 + k, n, 1 + 2 * (k == 5) as usize);
        d.add(|t| 45.0 + if k == 6 { 10.0 * (TAU * t as f64 / DAY as f64).sin() } else { 0.0 });
        d.autoregressive(0.5, 3.0);
        d.bursts(0.002, 12.0, 0.25, 2);
        for t in d.at.clone() {
            d.incident(t, 4.0);
        }
        d.oddities(6, 4.0);
        d.clamp(0.0, 1e9, 0.01);
        out.push(d.finish("known", 300));
    }
}

fn traffic(seed: u64, out: &mut Vec<Series>) {
    for k in 0..7u64 {
        let n = [1127, 2500, 2495, 2380, 2162, 2500, 2500][k as usize];
        let mut d = Draft::new(seed, 500 + k, n, 1 + (k % 4) as usize);
        let rush = |t: usize| {
            let day = t % DAY;
            f64::from((84..108).contains(&day) || (192..228).contains(&day))
        };
        let unit = match k % 3 {
            0 => {
                d.add(|t| 66.0 - 8.0 * rush(t));
                d.autoregressive(0.7, 4.0);
                for t in 0..n {
                    if d.chance(0.01) {
                        let size = d.between(-30.0, -8.0);
                        let length = d.rng.random_range(1..5);
                        d.bump(t, length, size);
                    }
                }
                -7.0
            }
            1 => {
                d.add(|t| 7.0 + 6.0 * rush(t) - 4.0 * f64::from(t % DAY < 60));
                d.autoregressive(0.6, 1.5);
                d.bursts(0.008, 6.0, 0.3, 3);
                4.0
            }
            _ => {
                d.add(|t| 80.0 + 60.0 * rush(t));
                d.autoregressive(0.8, 15.0);
                d.bursts(0.015, 60.0, 0.4, 4);
                45.0
            }
        };
        for t in d.at.clone() {
            let (length, size) = (d.rng.random_range(4..30), unit * d.between(3.0, 7.0));
            d.bump(t, length, size);
        }
        d.oddities(2, unit.abs());
        d.clamp(0.0, 5000.0, 1.0);
        out.push(d.finish("traffic", 300));
    }
}

fn messages(seed: u64, out: &mut Vec<Series>) {
    for k in 0..10u64 {
        let n = 15_850;
        let mut d = Draft::new(seed, 600 + k, n, 2 + (k % 4) as usize);
        let level = [2.0f64, 3.0, 6.0, 10.0, 20.0, 30.0, 50.0, 4.0, 8.0, 15.0][k as usize];
        d.add(|t| {
            let weekend = f64::from((t / DAY) % 7 >= 5);
            level.ln() + 0.6 * (TAU * (t as f64 / DAY as f64 - 0.4)).sin() - 0.25 * weekend
        });
        d.autoregressive(0.97, 0.2);
        // Stories of the day: sudden, decaying within hours.
        let stories = d.rng.random_range(20..50usize);
        for i in 0..stories + d.at.len() {
            let labelled = i >= stories;
            let t = if labelled { d.at[i - stories] } else { d.rng.random_range(0..n) };
            let size = if labelled { d.between(1.2, 3.2) } else { d.between(0.2, 1.4) };
            let decay = d.between(4.0, 60.0);
            (t..(t + 400).min(n)).for_each(|u| d.x[u] += size * (-((u - t) as f64) / decay).exp());
        }
        for t in 0..n {
            let rate = d.x[t].exp();
            let rate = Gamma::new(6.0, rate / 6.0).expect("positive").sample(&mut d.rng);
            d.x[t] = Poisson::new(rate.max(1e-9)).expect("positive").sample(&mut d.rng);
            if d.chance(0.0008) {
                d.x[t] += (level * d.between(3.0, 15.0)).round();
            }
        }
        out.push(d.finish("messages", 300));
    }
}

/// 58 series.
pub fn corpus(seed: u64) -> Vec<Series> {
    let mut out = Vec::new();
    artificial(seed, &mut out);
    cloud(seed, &mut out);
    exchange(seed, &mut out);
    known(seed, &mut out);
    traffic(seed, &mut out);
    messages(seed, &mut out);
    out
}
