//! What a segment costs: how badly one level (or one line) describes a stretch of observations.

/// The loss of one observation around the level of its segment, on values scaled to unit standard deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// (y − μ)²: most powerful under Gaussian noise, but every wild value buys its own segment.
    Squared,
    /// min((y − μ)², k²), the bounded "biweight" loss of Fearnhead & Rigaill (2019, JASA 114, section 2): a spike
    /// costs at most k², so only more than 2·penalty ÷ k² observations in a row make a segment of their own.
    Biweight {
        /// Distance from the level, in standard deviations, beyond which an observation is an outlier.
        k: f64,
    },
}

impl Loss {
    /// The recommended default, k = 3 (Fearnhead & Rigaill 2019, section 5.2).
    pub const ROBUST: Loss = Loss::Biweight { k: 3.0 };

    /// Loss of one deviation from the level.
    ///
    /// ```
    /// # use floodmark::detect::cost::Loss;
    /// assert_eq!(Loss::Squared.of(4.0), 16.0);
    /// assert_eq!(Loss::ROBUST.of(4.0), 9.0);
    /// ```
    pub fn of(self, deviation: f64) -> f64 {
        match self {
            Loss::Squared => deviation * deviation,
            Loss::Biweight { k } => (deviation * deviation).min(k * k),
        }
    }
}

/// A cost of whole segments that adds up: `cost(a, c) ≥ cost(a, b) + cost(b, c)`, the condition under which
/// [`crate::detect::pelt`] prunes exactly (Killick, Fearnhead & Eckley 2012, equation 4, with K = 0).
pub trait SegmentCost {
    /// Number of observations.
    fn len(&self) -> usize;

    /// Whether there is nothing to segment.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Cost of the observations `from..to` as one segment; `from < to`.
    fn cost(&self, from: usize, to: usize) -> f64;
}

/// Running totals: `sums[i]` = Σ of the first i values.
fn running(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut total = 0.0;
    let mut sums = vec![0.0];
    sums.extend(values.map(|v| {
        total += v;
        total
    }));
    sums
}

/// Twice the negative log-likelihood of Poisson counts around their mean, up to terms that no segmentation changes.
/// A gain of the penalty therefore means the same as with [`Loss::Squared`] at unit variance.
#[derive(Clone, Debug)]
pub struct PoissonCost {
    sums: Vec<f64>,
}

impl PoissonCost {
    /// Counts; `NaN`, infinite and negative values must have been left out.
    pub fn new(counts: &[f64]) -> Self {
        PoissonCost { sums: running(counts.iter().copied()) }
    }
}

impl SegmentCost for PoissonCost {
    fn len(&self) -> usize {
        self.sums.len() - 1
    }

    fn cost(&self, from: usize, to: usize) -> f64 {
        let total = self.sums[to] - self.sums[from];
        // The level is the mean; Σ(μ − y ln μ) at μ = mean, without Σμ = Σy, which is the same for all segmentations.
        if total > 0.0 { -2.0 * total * (total / (to - from) as f64).ln() } else { 0.0 }
    }
}

/// Twice the negative log-likelihood of negative-binomial counts with known dispersion (variance = μ + μ² ÷ size),
/// up to terms that no segmentation changes.
#[derive(Clone, Debug)]
pub struct NegativeBinomialCost {
    sums: Vec<f64>,
    size: f64,
}

impl NegativeBinomialCost {
    /// Counts as for [`PoissonCost`]; `size` > 0 (small = over-dispersed, infinite = Poisson).
    pub fn new(counts: &[f64], size: f64) -> Self {
        NegativeBinomialCost { sums: running(counts.iter().copied()), size }
    }
}

impl SegmentCost for NegativeBinomialCost {
    fn len(&self) -> usize {
        self.sums.len() - 1
    }

    fn cost(&self, from: usize, to: usize) -> f64 {
        let (n, total) = ((to - from) as f64, self.sums[to] - self.sums[from]);
        if total <= 0.0 {
            return 0.0;
        }
        // (y + size) ln(1 + μ ÷ size) − y ln μ, summed; the first form stays accurate for large sizes.
        let mean = total / n;
        2.0 * ((total + n * self.size) * (mean / self.size).ln_1p() - total * mean.ln())
    }
}

/// Residual sum of squares around one level a segment.
#[derive(Clone, Debug)]
pub struct LevelCost {
    y: Vec<f64>,
    yy: Vec<f64>,
}

impl LevelCost {
    /// Values scaled to unit standard deviation, centred for accuracy by the caller.
    pub fn new(values: &[f64]) -> Self {
        LevelCost { y: running(values.iter().copied()), yy: running(values.iter().map(|v| v * v)) }
    }
}

impl SegmentCost for LevelCost {
    fn len(&self) -> usize {
        self.y.len() - 1
    }

    fn cost(&self, from: usize, to: usize) -> f64 {
        let (y, yy) = (self.y[to] - self.y[from], self.yy[to] - self.yy[from]);
        (yy - y * y / (to - from) as f64).max(0.0)
    }
}

/// Residual sum of squares around one straight line a segment, for series that drift (lines of neighbouring segments
/// need not meet).
#[derive(Clone, Debug)]
pub struct LineCost {
    level: LevelCost,
    ty: Vec<f64>,
    t: Vec<f64>,
    tt: Vec<f64>,
}

impl LineCost {
    /// Values as for [`LevelCost`] at times `at` (same length, increasing).
    pub fn new(at: &[f64], values: &[f64]) -> Self {
        // Times around their middle: the sums stay small.
        let middle = at.first().zip(at.last()).map_or(0.0, |(a, b)| (a + b) / 2.0);
        let at = || at.iter().map(move |t| t - middle);
        LineCost {
            level: LevelCost::new(values),
            ty: running(at().zip(values).map(|(t, v)| t * v)),
            t: running(at()),
            tt: running(at().map(|t| t * t)),
        }
    }
}

impl SegmentCost for LineCost {
    fn len(&self) -> usize {
        self.level.len()
    }

    fn cost(&self, from: usize, to: usize) -> f64 {
        let n = (to - from) as f64;
        if to - from < 3 {
            return 0.0;
        }
        let (t, y) = (self.t[to] - self.t[from], self.level.y[to] - self.level.y[from]);
        let stt = self.tt[to] - self.tt[from] - t * t / n;
        let sty = self.ty[to] - self.ty[from] - t * y / n;
        (self.level.cost(from, to) - sty * sty / stt).max(0.0)
    }
}
