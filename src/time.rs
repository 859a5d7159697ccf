//! The regular grid that every series lives on: a start, a step and a length, in whole seconds since 1970-01-01 UTC.
//!
//! The core knows no calendar beyond this; dates are parsed and printed at the edges.

/// Seconds since 1970-01-01T00:00:00 UTC, leap seconds not counted.
pub type Seconds = i64;

/// The length of one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Step(i64);

impl Step {
    /// One minute.
    pub const MINUTE: Step = Step(60);
    /// One hour.
    pub const HOUR: Step = Step(3_600);
    /// One day.
    pub const DAY: Step = Step(86_400);
    /// One week, beginning on Monday.
    pub const WEEK: Step = Step(604_800);

    /// A step of `seconds`; `None` unless positive.
    pub fn from_seconds(seconds: i64) -> Option<Step> {
        (seconds > 0).then_some(Step(seconds))
    }

    /// Length in seconds.
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// `hour`, `day`, `week`, or the number of seconds with `s`.
    ///
    /// ```
    /// # use floodmark::time::Step;
    /// assert_eq!(Step::DAY.name(), "day");
    /// assert_eq!(Step::from_seconds(900).unwrap().name(), "900s");
    /// ```
    pub fn name(self) -> String {
        match self {
            Step::MINUTE => "minute".into(),
            Step::HOUR => "hour".into(),
            Step::DAY => "day".into(),
            Step::WEEK => "week".into(),
            Step(seconds) => format!("{seconds}s"),
        }
    }

    /// The start of the period that holds `time`: weeks begin on Monday, everything else is counted from 1970-01-01.
    ///
    /// ```
    /// # use floodmark::time::Step;
    /// assert_eq!(Step::DAY.floor(86_399), 0);
    /// assert_eq!(Step::WEEK.floor(0), -3 * 86_400); // 1970-01-01 was a Thursday
    /// ```
    pub fn floor(self, time: Seconds) -> Seconds {
        let origin = if self.0 % Step::WEEK.0 == 0 { -3 * Step::DAY.0 } else { 0 };
        (time - origin).div_euclid(self.0) * self.0 + origin
    }

    /// How many of these steps make up `span` (at least 1).
    pub fn periods_in(self, span: Step) -> usize {
        (span.0 / self.0).max(1) as usize
    }

    /// Lengths, in periods, of the seasons that a series of this step may have: a day and a week for anything
    /// finer than a day, a week for days, none for weeks and longer.
    pub fn seasons(self) -> &'static [Step] {
        match self.0 {
            s if s < Step::DAY.0 && Step::DAY.0 % s == 0 => &[Step::DAY, Step::WEEK],
            s if s == Step::DAY.0 => &[Step::WEEK],
            _ => &[],
        }
    }
}

/// A run of equal periods. The time stamp of a period is its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Start of period 0.
    pub start: Seconds,
    /// Length of a period.
    pub step: Step,
    /// Number of periods.
    pub len: usize,
}

impl Grid {
    /// The grid from the period that holds `first` to the one that holds `last`, both included.
    pub fn covering(first: Seconds, last: Seconds, step: Step) -> Grid {
        let start = step.floor(first);
        let len = if last < first { 0 } else { ((step.floor(last) - start) / step.seconds()) as usize + 1 };
        Grid { start, step, len }
    }

    /// Start of period `index` (which may lie past the end).
    pub fn time(&self, index: usize) -> Seconds {
        self.start + index as i64 * self.step.seconds()
    }

    /// The period that holds `time`, if it lies on the grid.
    ///
    /// ```
    /// # use floodmark::time::{Grid, Step};
    /// let grid = Grid { start: 0, step: Step::DAY, len: 3 };
    /// assert_eq!(grid.index_of(86_400 + 5), Some(1));
    /// assert_eq!(grid.index_of(-1), None);
    /// ```
    pub fn index_of(&self, time: Seconds) -> Option<usize> {
        let index = (time - self.start).div_euclid(self.step.seconds());
        (0..self.len as i64).contains(&index).then_some(index as usize)
    }

    /// End of the grid: start of the first period after it.
    pub fn end(&self) -> Seconds {
        self.time(self.len)
    }
}
