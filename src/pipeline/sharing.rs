//! Counterfactuals around one dated event: series that are compared with the same controls in the same periods share them.

use crate::alert::Window;
use crate::baseline::controls::Rows;
use crate::baseline::counterfactual::{Counterfactual, NetLift};
use crate::baseline::offered::Offered;
use crate::baseline::single::Singles;
use crate::measure::expected::{Expected, Setting};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// So many counterfactuals are kept a window; series with gaps or alerts of their own need others.
const MOST_SHARED: usize = 4;

/// Counterfactuals by first and end period of the window, and by draws.
type ByWindow = BTreeMap<(usize, usize, usize), Vec<Arc<Counterfactual>>>;

/// A series beside its controls, all on one grid.
pub(super) struct View<'v> {
    pub(super) values: &'v [f64],
    pub(super) controls: Vec<&'v [f64]>,
    pub(super) baseline: Range<usize>,
    pub(super) excluded: Option<&'v [bool]>,
    /// The periods after the event from which the largest is chosen.
    pub(super) after: Range<usize>,
    pub(super) setting: Setting<'v>,
    /// Whether the controls are told.
    pub(super) named: bool,
}

/// What is shared on one grid.
#[derive(Default)]
pub(super) struct Sharing {
    windows: Mutex<ByWindow>,
    /// Of single periods, for states and for outlets.
    singles: Mutex<Vec<Arc<Singles>>>,
    /// The controls in the baselines before the event.
    offered: Mutex<Vec<Arc<Offered>>>,
    /// The controls themselves, where they had to be brought to this grid.
    controls: Mutex<Option<Arc<Vec<Vec<f64>>>>>,
}

fn open<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sharing {
    /// The controls on this grid, as `bring` brings them to it.
    pub(super) fn controls(&self, bring: impl Fn() -> Vec<Vec<f64>>) -> Arc<Vec<Vec<f64>>> {
        open(&self.controls).get_or_insert_with(|| Arc::new(bring())).clone()
    }

    /// The net lifts of a series in some windows after the event.
    pub(super) fn nets(&self, view: &View<'_>, windows: &[(Window, Range<usize>)]) -> Vec<Option<NetLift>> {
        let View { values, baseline, excluded, setting, named, .. } = view;
        let own = Expected::fit(values, baseline.clone(), *excluded, setting);
        // One baseline for all windows: its penalty is chosen once.
        let rows = |range: &Range<usize>| Rows::of(values, baseline.clone(), range.clone(), *excluded);
        let singles = windows.first().and_then(|(_, range)| self.singles(view, &rows(range)?));
        let penalty = singles.as_ref().map(|singles| singles.penalty(values));
        let net = |(window, range): &(Window, Range<usize>)| {
            let own = own.as_ref()?;
            if let (1, Some(singles), Some(penalty)) = (range.len(), &singles, penalty) {
                let period = (range.start, *window == Window::Peak);
                return singles.net_lift(values, own, period, penalty, setting, *named);
            }
            self.window(view, range, rows(range)?)?.net_lift(values, own, penalty, setting, *named)
        };
        windows.iter().map(net).collect()
    }

    /// The counterfactual of single periods after the event, from another series where that has the same baseline.
    fn singles(&self, view: &View<'_>, rows: &Rows) -> Option<Arc<Singles>> {
        let View { controls, baseline, after, setting, .. } = view;
        if let Some(known) = open(&self.singles).iter().find(|singles| singles.serves(rows, setting)) {
            return Some(known.clone());
        }
        let offered = self.offered(controls, rows, setting.offset()?);
        let mut new = Singles::new(controls, &offered, rows, after.clone(), setting)?;
        let (past, whole) = (rows.with_window(0..0), Rows::whole(baseline.clone(), 0..0));
        if past != whole && past.is_most_of(&whole) {
            new = new.like(self.singles(view, &whole)?);
        }
        let new = Arc::new(new);
        let mut singles = open(&self.singles);
        if singles.len() < 2 * MOST_SHARED {
            singles.push(new.clone());
        }
        Some(new)
    }

    /// The counterfactual of a window after the event, from another series where that has the same rows.
    fn window(&self, view: &View<'_>, window: &Range<usize>, rows: Rows) -> Option<Arc<Counterfactual>> {
        let View { controls, baseline, setting, .. } = view;
        let key = (window.start, window.end, setting.draws);
        let known =
            open(&self.windows).get(&key).and_then(|all| all.iter().find(|c| c.serves(&rows, setting)).cloned());
        if known.is_some() {
            return known;
        }
        let offered = self.offered(controls, &rows, setting.offset()?);
        let whole = Rows::whole(baseline.clone(), window.clone());
        let like = if rows != whole && rows.is_most_of(&whole) { self.window(view, window, whole) } else { None };
        let mut new = Counterfactual::new(controls, &offered, rows, setting)?;
        if let Some(whole) = like {
            new = new.like(whole);
        }
        let new = Arc::new(new);
        let mut windows = open(&self.windows);
        let all = windows.entry(key).or_default();
        if all.len() < MOST_SHARED {
            all.push(new.clone());
        }
        Some(new)
    }

    /// The controls in the baseline of `rows`, which most series and windows share.
    fn offered(&self, controls: &[&[f64]], rows: &Rows, offset: f64) -> Arc<Offered> {
        if let Some(known) = open(&self.offered).iter().find(|offered| offered.serves(rows, offset)) {
            return known.clone();
        }
        let new = Arc::new(Offered::new(controls, rows, offset));
        let mut offered = open(&self.offered);
        if offered.len() < MOST_SHARED {
            offered.push(new.clone());
        }
        new
    }
}
