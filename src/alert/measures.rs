//! Figures around dated events: the index, lifts, controls, contributions, ratios of countries. There may be millions of
//! rows: they share the event and the name of the series they are about.

use super::{Estimate, Event};
use crate::baseline::counterfactual::Standing;
use crate::series::Key;
use crate::time::Seconds;
use std::sync::Arc;

/// One row of the index table.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexRow {
    /// Period.
    pub time: Seconds,
    /// A state in a country, or in all together.
    pub key: Arc<Key>,
    /// Visits to the state's outlets, `NaN` if unknown.
    pub visits: f64,
    /// Total traffic, `NaN` if unknown.
    pub total: f64,
    /// visits ÷ total.
    pub share: f64,
    /// Share, 100 = baseline mean.
    pub index: f64,
}

/// Which part of the time after an event a lift is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// The largest single period within 28 days.
    Peak,
    /// Days 0–6.
    Week1,
    /// Days 21–27.
    Week4,
    /// Days 0–27.
    Month1,
}

impl Window {
    /// All of them, in the order of the tables.
    pub const ALL: [Window; 4] = [Window::Peak, Window::Week1, Window::Week4, Window::Month1];

    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            Window::Peak => "peak",
            Window::Week1 => "week1",
            Window::Week4 => "week4",
            Window::Month1 => "month1",
        }
    }

    /// First and last day after the event, both included.
    pub fn days(self) -> (i64, i64) {
        match self {
            Window::Peak | Window::Month1 => (0, 27),
            Window::Week1 => (0, 6),
            Window::Week4 => (21, 27),
        }
    }
}

/// The lift of one state or outlet in one country in one window after one event.
#[derive(Clone, Debug, PartialEq)]
pub struct LiftRow {
    /// The event.
    pub event: Arc<Event>,
    /// Whose traffic: a state's or an outlet's, in a country or in all together.
    pub key: Arc<Key>,
    /// Window.
    pub window: Window,
    /// First and last period of the window.
    pub from: Seconds,
    /// Last period, included.
    pub to: Seconds,
    /// First period of the baseline.
    pub baseline_from: Seconds,
    /// Last period of the baseline, included.
    pub baseline_to: Seconds,
    /// Mean value per period in the baseline.
    pub base_level: f64,
    /// Σ observed.
    pub observed: f64,
    /// Σ expected.
    pub expected: f64,
    /// Lift of the visits.
    pub lift: Estimate,
    /// Change of the share of all traffic, in percentage points; `NaN` without a total.
    pub pp_change: f64,
    /// Lift net of the reference outlets.
    pub net_lift: Estimate,
    /// Placebo p-value: how unusual the lift is among past dates of the same series.
    pub p_value: f64,
    /// Number of placebos behind it.
    pub n_placebo: usize,
    /// (1 + reference outlets that rose as much) ÷ (1 + reference outlets); `NaN` without any, and for the index.
    pub p_space: f64,
    /// Reference outlets behind it.
    pub n_space: usize,
}

/// What became of one reference outlet in one net lift.
#[derive(Clone, Debug, PartialEq)]
pub struct ControlUse {
    /// The reference outlet.
    pub control: Arc<str>,
    /// Its share in the expected course.
    pub weight: f64,
    /// Used, down-weighted or left out.
    pub standing: Standing,
    /// How far it moved against the other controls, as a fraction; `NaN` where that was not looked at.
    pub moved: f64,
    /// The same in units of its own noise and the scatter among controls.
    pub spreads: f64,
}

/// One reference outlet behind the net lift of one state or outlet after one event.
#[derive(Clone, Debug, PartialEq)]
pub struct ControlRow {
    /// The event.
    pub event: Arc<Event>,
    /// Whose traffic: a state's or an outlet's, in a country or in all together.
    pub key: Arc<Key>,
    /// Window.
    pub window: Window,
    /// The reference outlet and what became of it.
    pub control: ControlUse,
}

/// What one outlet contributed to the lift of its state.
#[derive(Clone, Debug, PartialEq)]
pub struct ContributionRow {
    /// The event.
    pub event: Arc<Event>,
    /// The outlet: in the country, or in all together, that the lift of its state is of.
    pub key: Arc<Key>,
    /// Window.
    pub window: Window,
    /// Σ observed over the periods in which the state is observed; a gap of the outlet counts as it was filled.
    pub observed: f64,
    /// Σ expected over the same periods; these add up to what was expected of the state.
    pub expected: f64,
    /// (observed − expected) ÷ expected of the state: these add up to the lift of the state.
    pub contribution: f64,
}

/// The index of one country against that of another, before and after an event.
#[derive(Clone, Debug, PartialEq)]
pub struct RatioRow {
    /// The event.
    pub event: Arc<Event>,
    /// The state in one country.
    pub key: Arc<Key>,
    /// The same state in the other.
    pub against: Arc<Key>,
    /// Window.
    pub window: Window,
    /// Share of `key` ÷ share of `against`, as the baseline leads to expect it.
    pub before: f64,
    /// The same in the window, mean of its periods.
    pub after: f64,
    /// after ÷ before − 1.
    pub change: Estimate,
}
