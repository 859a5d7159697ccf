//! A scored series: what was observed of it and what was to be expected, period by period.

use super::ChangePoint;
use crate::series::{Key, Kind, Level, Role};
use crate::stats::scale::Scale;
use std::sync::Arc;

/// What is known of one period of a scored series, beside its numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeriodFlags(u8);

impl PeriodFlags {
    /// Not observed.
    pub const GAP: PeriodFlags = PeriodFlags(1);
    /// Known only to be below a bound.
    pub const CENSORED: PeriodFlags = PeriodFlags(2);
    /// Filled from its own past when summing over domains or countries.
    pub const FILLED: PeriodFlags = PeriodFlags(4);
    /// Inside a surge that became an alert.
    pub const SURGE: PeriodFlags = PeriodFlags(8);
    /// Inside a drop.
    pub const DROP: PeriodFlags = PeriodFlags(16);

    /// These flags and, where it holds, one more.
    ///
    /// ```
    /// # use floodmark::alert::PeriodFlags;
    /// let flags = PeriodFlags::default().with(PeriodFlags::GAP, true).with(PeriodFlags::SURGE, false);
    /// assert!(flags.has(PeriodFlags::GAP) && !flags.has(PeriodFlags::SURGE));
    /// ```
    pub fn with(self, flag: PeriodFlags, holds: bool) -> PeriodFlags {
        PeriodFlags(if holds { self.0 | flag.0 } else { self.0 })
    }

    /// Whether a flag is among these.
    pub fn has(self, flag: PeriodFlags) -> bool {
        self.0 & flag.0 != 0
    }
}

/// What was to be expected in each period, and the band of ordinary values about it.
#[derive(Clone, Debug, PartialEq)]
pub enum Band {
    /// As it was learnt. The figures are worked out when they are asked for: they would take half as much room again,
    /// and there may be tens of thousands of series.
    Learnt {
        /// Scale of the two columns.
        scale: Scale,
        /// What was to be expected.
        expected: Vec<f64>,
        /// Spread of a single period about it.
        spread: Vec<f64>,
        /// Half the width of the band, in spreads.
        reach: f64,
    },
    /// As a file has it.
    Told {
        /// What was to be expected.
        expected: Vec<f64>,
        /// Lower end of the band.
        lower: Vec<f64>,
        /// Upper end of the band.
        upper: Vec<f64>,
    },
}

/// One of the three figures of a period.
#[derive(Clone, Copy)]
enum Line {
    Lower,
    Expected,
    Upper,
}

impl Band {
    /// A figure of period `t`; `NaN` where there is none.
    fn at(&self, t: usize, line: Line) -> f64 {
        let of = |column: &[f64]| column.get(t).copied().unwrap_or(f64::NAN);
        match self {
            Band::Told { expected, lower, upper } => of(match line {
                Line::Lower => lower,
                Line::Expected => expected,
                Line::Upper => upper,
            }),
            Band::Learnt { scale, expected, spread, reach } => {
                let outward = if *scale == Scale::ReversedLog { -reach } else { *reach };
                let z = match line {
                    Line::Lower => -outward,
                    Line::Expected => 0.0,
                    Line::Upper => outward,
                };
                let value = scale.inverse(of(expected) + z * of(spread));
                // `max` alone would make a zero of what is not known.
                if matches!(scale, Scale::Log { .. }) && value < 0.0 { 0.0 } else { value }
            }
        }
    }
}

/// A series with everything that was computed for it, period by period.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredSeries {
    /// Domain, outlet or state.
    pub level: Level,
    /// Whose traffic.
    pub key: Key,
    /// Watched or control.
    pub role: Role,
    /// What the numbers are.
    pub kind: Kind,
    /// Observed values, `NaN` for gaps and censored values.
    pub observed: Arc<[f64]>,
    /// What was to be expected: see [`ScoredSeries::expected`].
    pub band: Band,
    /// Robust z of each period.
    pub z: Vec<f64>,
    /// Gaps and the like.
    pub flags: Vec<PeriodFlags>,
    /// Breaks, in order.
    pub change_points: Vec<ChangePoint>,
}

impl ScoredSeries {
    /// What was to be expected of period `t`, learnt from the past alone; `NaN` where there was too little of it.
    pub fn expected(&self, t: usize) -> f64 {
        self.band.at(t, Line::Expected)
    }

    /// Lower end of the band of ordinary values in period `t`; `NaN` where there is none.
    pub fn lower(&self, t: usize) -> f64 {
        self.band.at(t, Line::Lower)
    }

    /// Upper end of the band of ordinary values in period `t`; `NaN` where there is none.
    pub fn upper(&self, t: usize) -> f64 {
        self.band.at(t, Line::Upper)
    }

    /// Number of the segment between change points that period `t` lies in, from 0.
    pub fn segment(&self, t: usize) -> u32 {
        self.change_points.partition_point(|change| change.index <= t) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(scale: Scale, level: f64) -> ScoredSeries {
        let change = |index| ChangePoint { index, low: index, high: index, before: 1.0, after: 2.0, p_value: 0.01 };
        ScoredSeries {
            level: Level::Outlet,
            key: Key::default(),
            role: Role::State,
            kind: Kind::Count,
            observed: vec![level; 5].into(),
            band: Band::Learnt { scale, expected: vec![scale.forward(level); 5], spread: vec![0.1; 5], reach: 2.0 },
            z: vec![0.0; 5],
            flags: vec![PeriodFlags::default(); 5],
            change_points: vec![change(2), change(4)],
        }
    }

    #[test]
    fn the_band_lies_about_what_was_expected_in_ranks_too() {
        for (scale, level) in [(Scale::COUNT, 100.0), (Scale::ReversedLog, 100.0), (Scale::Identity, -3.0)] {
            let found = series(scale, level);
            assert!((found.expected(0) - level).abs() < 1e-9);
            assert!(found.lower(0) < level && level < found.upper(0), "{scale:?}");
        }
        assert_eq!(series(Scale::COUNT, 0.01).lower(0), 0.0, "no count is below zero");
    }

    #[test]
    fn beyond_its_end_nothing_is_expected() {
        let found = series(Scale::COUNT, 100.0);
        assert!([found.expected(5), found.lower(5), found.upper(5)].iter().all(|value| value.is_nan()));
    }

    #[test]
    fn a_segment_begins_at_its_change_point() {
        let found = series(Scale::COUNT, 100.0);
        assert_eq!([0, 1, 2, 3, 4].map(|t| found.segment(t)), [0, 0, 1, 1, 2]);
    }
}
