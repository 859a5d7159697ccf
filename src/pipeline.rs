//! From a panel of traffic to alerts, lifts and the index: the one function that every front end calls.

use crate::alert::{Analysis, Event};
use crate::error::Result;
use crate::series::Panel;

/// How to analyse. All lengths are in periods of the panel's grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Length of the baseline, in days (56 = eight weeks).
    pub baseline_days: f64,
    /// Gap between the baseline and the period judged, in days (7 = one week).
    pub gap_days: f64,
    /// False-discovery rate of the alerts.
    pub fdr: f64,
    /// Coverage of the intervals (0.9).
    pub interval: f64,
    /// Smallest mean expected-or-observed value per period for an alert.
    pub min_visits: f64,
    /// Watch domains instead of outlets.
    pub by_domain: bool,
    /// Seed of everything that is resampled.
    pub seed: u64,
    /// Worker threads; 0 = as many as there are cores.
    pub jobs: usize,
    /// First moment to judge: earlier periods serve as history only.
    pub judge_from: Option<i64>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            baseline_days: 56.0,
            gap_days: 7.0,
            fdr: 0.05,
            interval: 0.9,
            min_visits: 20.0,
            by_domain: false,
            seed: 1,
            jobs: 0,
            judge_from: None,
        }
    }
}

/// Called as series are finished: (done, all).
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// Analyses a panel.
pub fn analyze(_panel: &Panel, _events: &[Event], _options: &Options, _progress: Progress<'_>) -> Result<Analysis> {
    todo!()
}
