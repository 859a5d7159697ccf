//! Lifts of surges and around dated events, and the index: which series, which baseline, which controls.

use crate::alert::{Attribution, Estimate, Event, IndexRow, LiftRow};
use crate::pipeline::Options;
use crate::pipeline::score::Scored;
use crate::series::{Key, Panel};
use crate::time::{Grid, Seconds, Step};

pub(crate) struct StretchLift {
    pub(crate) observed: f64,
    pub(crate) expected: f64,
    pub(crate) lift: Estimate,
}

pub(crate) fn of_stretch(series: &Scored, onset: usize, end: usize, _step: Step, _options: &Options) -> StretchLift {
    let (mut observed, mut expected) = (0.0, 0.0);
    for t in onset..=end {
        let value = series.watched.series.values[t];
        if !value.is_nan() && !series.walk.expected[t].is_nan() {
            observed += value;
            expected += series.scale.inverse(series.walk.expected[t]);
        }
    }
    StretchLift { observed, expected, lift: Estimate { point: observed / expected - 1.0, ..Estimate::UNKNOWN } }
}

pub(crate) struct NetLift {
    pub(crate) reference_lift: f64,
    pub(crate) reference_moved: bool,
    pub(crate) net: Estimate,
}

pub(crate) struct References<'a> {
    _scored: &'a [Scored],
}

impl<'a> References<'a> {
    pub(crate) fn new(scored: &'a [Scored]) -> Self {
        References { _scored: scored }
    }

    pub(crate) fn net(&self, _s: &Scored, _onset: usize, _end: usize, _step: Step, _options: &Options) -> NetLift {
        NetLift { reference_lift: f64::NAN, reference_moved: false, net: Estimate::UNKNOWN }
    }
}

pub(crate) fn events_near(_events: &[Event], _key: &Key, _span: (Seconds, Seconds), _grid: &Grid) -> Vec<Attribution> {
    Vec::new()
}

pub(crate) fn index_table(_scored: &[Scored], _panel: &Panel, _options: &Options) -> Vec<IndexRow> {
    Vec::new()
}

pub(crate) fn lift_table(_scored: &[Scored], _panel: &Panel, _events: &[Event], _options: &Options) -> Vec<LiftRow> {
    Vec::new()
}
