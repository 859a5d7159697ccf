//! How surprising a statistic is against its own past: a tail probability that needs no model of the noise.
//!
//! The past of the statistic is kept as a histogram on a logarithmic grid. Up to the largest values seen often enough
//! its tail is read off; beyond, it is continued as a Weibull tail through two of its quantiles, below the largest
//! per cents, so that the anomalies of the past do not hide those to come. A second line through higher quantiles
//! takes over where the series is in the habit of rare large values: what recurs is no news.

/// Cells to each doubling, and the number of doublings from [`LEAST`] on.
const CELLS: usize = 8;
const DOUBLINGS: usize = 22;
/// Values below this are all alike.
const LEAST: f64 = 1.0 / 64.0;
/// Weight of the assumed tail exp(−1.2·s^0.9), heavier than Normal, until the series has shown its own.
const PRIOR: f64 = 600.0;
/// Two pairs of tail probabilities through which the tail is drawn.
const BODY: (f64, f64) = (0.12, 0.02);
const HIGH: (f64, f64) = (0.05, 0.005);
/// Surprise (−ln p) below which nothing is worth knowing exactly.
const DULL: f64 = 1.2;
/// Past weight from which the higher pair is trusted.
const HIGH_FROM: f64 = 900.0;

/// A Weibull tail: −ln p = factor · s^shape.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Weibull {
    shape: f64,
    factor: f64,
}

impl Weibull {
    /// The tail with probabilities `p` at the quantiles `q`.
    fn through(p: (f64, f64), q: (f64, f64)) -> Weibull {
        let (near, far) = (-p.0.ln(), -p.1.ln());
        let shape = ((far / near).ln() / (q.1 / q.0).max(1.02).ln()).clamp(0.2, 2.0);
        Weibull { shape, factor: far / q.1.powf(shape) }
    }

    fn surprise(self, s: f64) -> f64 {
        self.factor * s.powf(self.shape)
    }
}

/// The past of one non-negative statistic.
#[derive(Clone, Debug)]
pub struct Tail {
    cells: Vec<f64>,
    weight: f64,
    memory: f64,
    since_fit: usize,
    body: Weibull,
    high: Option<Weibull>,
    /// Below the first the tail is drawn straight, with the second as its slope.
    dull: (f64, f64),
}

impl Tail {
    /// A statistic of which nothing is known yet; after `memory` values the past counts half.
    pub fn new(memory: f64) -> Tail {
        let mut cells = vec![0.0; CELLS * DOUBLINGS];
        let survival = |s: f64| (-1.2 * s.powf(0.9)).exp();
        let mut above = 1.0;
        for (i, cell) in cells.iter_mut().enumerate() {
            let below = survival(upper_edge(i));
            *cell = PRIOR * (above - below);
            above = below;
        }
        let mut tail = Tail {
            cells,
            weight: PRIOR,
            memory,
            since_fit: 0,
            body: Weibull { shape: 1.2, factor: 1.2 },
            high: None,
            dull: (0.0, 0.0),
        };
        tail.fit();
        tail
    }

    /// −ln of the probability of a value of at least `s`.
    pub fn surprise(&self, s: f64) -> f64 {
        // Nearly all rows are dull, and powers are dear.
        if s < self.dull.0 {
            return self.dull.1 * s;
        }
        let body = self.body.surprise(s);
        self.high.map_or(body, |high| if body > -HIGH.0.ln() { body.min(high.surprise(s)) } else { body })
    }

    /// Takes `s` into the past.
    pub fn insert(&mut self, s: f64) {
        self.cells[cell_of(s)] += 1.0;
        self.weight += 1.0;
        if self.weight > 2.0 * self.memory {
            self.cells.iter_mut().for_each(|cell| *cell *= 0.5);
            self.weight *= 0.5;
        }
        self.since_fit += 1;
        if self.since_fit as f64 * 20.0 >= self.weight.min(1280.0) {
            self.fit();
        }
    }

    /// The value exceeded by the part `p` of the past.
    pub fn quantile(&self, p: f64) -> f64 {
        let wanted = p * self.weight;
        let mut above = 0.0;
        for i in (0..self.cells.len()).rev() {
            if above + self.cells[i] >= wanted {
                let part = (wanted - above) / self.cells[i];
                let low = if i == 0 { 0.0 } else { upper_edge(i - 1) };
                return upper_edge(i) - part * (upper_edge(i) - low);
            }
            above += self.cells[i];
        }
        LEAST
    }

    fn fit(&mut self) {
        self.since_fit = 0;
        let at = |p: f64| self.quantile(p).max(LEAST);
        let body = Weibull::through(BODY, (at(BODY.0), at(BODY.1)));
        let high = (self.weight > HIGH_FROM).then(|| Weibull::through(HIGH, (at(HIGH.0), at(HIGH.1))));
        let dull = (DULL / body.factor).powf(1.0 / body.shape).max(LEAST);
        self.dull = (dull, DULL / dull);
        (self.body, self.high) = (body, high);
    }
}

/// Cells are the leading bits of the number: exact and cheap.
fn cell_of(s: f64) -> usize {
    if s < LEAST {
        return 0;
    }
    let bits = |x: f64| (x.to_bits() >> (52 - CELLS.ilog2())) as usize;
    (bits(s) - bits(LEAST)).min(CELLS * DOUBLINGS - 1)
}

fn upper_edge(cell: usize) -> f64 {
    let next = cell + 1;
    LEAST * 2f64.powi((next / CELLS) as i32) * (1.0 + (next % CELLS) as f64 / CELLS as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_hold_what_lies_between_their_edges() {
        for s in [LEAST, 0.02, 0.5, 1.0, 1.3, 7.99, 8.0, 1000.0] {
            let i = cell_of(s);
            assert!(s < upper_edge(i) && (i == 0 || s >= upper_edge(i - 1)), "{s} in {i}");
        }
        assert_eq!((cell_of(0.0), cell_of(1e300)), (0, CELLS * DOUBLINGS - 1));
    }

    #[test]
    fn an_exponential_statistic_gets_its_own_tail() {
        let mut tail = Tail::new(1e5);
        for i in 0..20_000u64 {
            let u = ((i * 7919 + 13) % 20_000) as f64 / 20_000.0;
            tail.insert(-2.0 * (1.0 - u).ln());
        }
        for s in [4.0, 10.0, 20.0] {
            assert!((tail.surprise(s) / (s / 2.0) - 1.0).abs() < 0.15, "{s}: {}", tail.surprise(s));
        }
    }
}
