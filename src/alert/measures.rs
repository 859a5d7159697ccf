//! Figures around dated events: the index, lifts, placebos, controls, contributions, ratios of countries.

use super::Estimate;
use crate::baseline::counterfactual::Standing;
use crate::time::Seconds;

/// One row of the index table.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexRow {
    /// Period.
    pub time: Seconds,
    /// State.
    pub state: String,
    /// Country, empty = all together.
    pub country: String,
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
    /// Name of the event.
    pub event: String,
    /// Its date.
    pub event_date: Seconds,
    /// State.
    pub state: String,
    /// Outlet, empty = the whole state.
    pub outlet: String,
    /// Country, empty = all together.
    pub country: String,
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
    /// Placebo p-value.
    pub p_value: f64,
    /// Number of placebos behind it.
    pub n_placebo: usize,
}

/// How unusual a lift is: among past dates of the same series, and among the reference outlets at the same date.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceboRow {
    /// Name of the event.
    pub event: String,
    /// Its date.
    pub event_date: Seconds,
    /// State.
    pub state: String,
    /// Outlet, empty = the whole state.
    pub outlet: String,
    /// Country, empty = all together.
    pub country: String,
    /// Window.
    pub window: Window,
    /// Lift of the visits, as a fraction.
    pub lift: f64,
    /// p-value in time: that of the lift row.
    pub p_time: f64,
    /// Past dates behind it.
    pub n_time: usize,
    /// (1 + reference outlets that rose as much) ÷ (1 + reference outlets); `NaN` without any.
    pub p_space: f64,
    /// Reference outlets behind it.
    pub n_space: usize,
}

/// What became of one reference outlet in one net lift.
#[derive(Clone, Debug, PartialEq)]
pub struct ControlUse {
    /// The reference outlet.
    pub control: String,
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
    /// Name of the event.
    pub event: String,
    /// Its date.
    pub event_date: Seconds,
    /// State.
    pub state: String,
    /// Outlet, empty = the whole state.
    pub outlet: String,
    /// Country, empty = all together.
    pub country: String,
    /// Window.
    pub window: Window,
    /// The reference outlet and what became of it.
    pub control: ControlUse,
}

/// What one outlet contributed to the lift of its state.
#[derive(Clone, Debug, PartialEq)]
pub struct ContributionRow {
    /// Name of the event.
    pub event: String,
    /// Its date.
    pub event_date: Seconds,
    /// State.
    pub state: String,
    /// Country, empty = all together.
    pub country: String,
    /// Window.
    pub window: Window,
    /// Outlet.
    pub outlet: String,
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
    /// Name of the event.
    pub event: String,
    /// Its date.
    pub event_date: Seconds,
    /// State.
    pub state: String,
    /// Country.
    pub country: String,
    /// The other country.
    pub against: String,
    /// Window.
    pub window: Window,
    /// Share in `country` ÷ share in `against`, as the baseline leads to expect it.
    pub before: f64,
    /// The same in the window, mean of its periods.
    pub after: f64,
    /// after ÷ before − 1.
    pub change: Estimate,
}
