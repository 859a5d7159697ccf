//! The reference outlets of each country: controls of net lifts, and placebos in space.

use crate::alert::{ControlRow, ControlUse, Estimate, Window};
use crate::baseline::controls::Rows;
use crate::baseline::counterfactual::{Control, Counterfactual, NetLift, Standing};
use crate::baseline::offered::Offered;
use crate::baseline::single::Singles;
use crate::detect::surge::Episode;
use crate::measure::expected::{Expected, Setting};
use crate::measure::lift::{plain_event_lifts, window_range};
use crate::measure::selection::Selection;
use crate::pipeline::Options;
use crate::pipeline::alerts::Judged;
use crate::pipeline::baselines::{baseline_before, excluded, seasons, setting, since_new_level, telling};
use crate::pipeline::score::Scored;
use crate::series::{Key, Level, Role, Series};
use crate::time::Step;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// The counterfactual from reference outlets is fitted on so many days, where the data reach back that far.
const CONTROL_DAYS: f64 = 180.0;
/// So many controls are named in a note.
const MOST_NAMED: usize = 5;

/// A reference outlet in one country.
pub(crate) struct Reference<'a> {
    pub(crate) series: &'a Series,
    /// Its values on the grid of the series measured: all of the series, or a part.
    pub(crate) values: &'a [f64],
    /// Its episodes, on the same grid: no part of a baseline of its own.
    pub(crate) episodes: &'a [Episode],
    /// Outlet, or domain where these are watched one by one.
    name: Arc<str>,
}

impl<'a> Reference<'a> {
    pub(crate) fn new(series: &'a Series, values: &'a [f64], episodes: &'a [Episode]) -> Self {
        let Key { outlet, domain, .. } = &series.key;
        let name = if domain.is_empty() { outlet } else { domain };
        Reference { series, values, episodes, name: name.as_str().into() }
    }
}

/// Where net lifts are taken: fitted before this period; excluded periods are no baseline.
pub(super) struct Place<'a> {
    pub(super) before: usize,
    pub(super) excluded: &'a [bool],
    /// Whether the controls are told.
    pub(super) named: bool,
}

/// What a series is expected to do by its own past, and the periods that this was learnt in.
struct Own {
    baseline: Range<usize>,
    expected: Expected,
}

/// Lifts of several outlets in the four windows after an event.
type Lifts = Arc<Vec<[f64; 4]>>;

/// Counterfactuals by first and end period of the window, and draws.
type Shared = BTreeMap<(usize, usize, usize), Vec<Arc<Counterfactual>>>;

/// The reference outlets of each country.
pub(crate) struct References<'a> {
    by_country: BTreeMap<&'a str, Vec<Reference<'a>>>,
    /// Lifts of the reference outlets around a period, by country: many series ask for the same.
    known: Mutex<BTreeMap<(String, usize), Lifts>>,
    /// Counterfactuals of the windows after the dated event at hand: most series share one.
    shared: Mutex<Shared>,
    /// Those of the single periods after it, for states and for outlets.
    singles: Mutex<Vec<Arc<Singles>>>,
    /// The controls in the baselines before that event.
    offered: Mutex<Vec<Arc<Offered>>>,
}

/// So many counterfactuals are kept a window; series with gaps or alerts of their own need others.
const MOST_SHARED: usize = 4;

impl<'a> References<'a> {
    pub(crate) fn new(scored: &'a [Scored]) -> Self {
        let mut by_country: BTreeMap<&str, Vec<Reference<'a>>> = BTreeMap::new();
        for s in scored.iter().filter(|s| s.watched.series.role == Role::Reference && s.watched.level != Level::State) {
            let series = &s.watched.series;
            let reference = Reference::new(series, &series.values, &s.walk.episodes);
            by_country.entry(&series.key.country).or_default().push(reference);
        }
        References::of(by_country.into_iter())
    }

    /// From the references of each country.
    pub(crate) fn of(by_country: impl Iterator<Item = (&'a str, Vec<Reference<'a>>)>) -> Self {
        References {
            by_country: by_country.collect(),
            known: Mutex::default(),
            shared: Mutex::default(),
            singles: Mutex::default(),
            offered: Mutex::default(),
        }
    }

    /// The lift of an episode net of the references of its country; unknown without any.
    pub(crate) fn net(
        &self,
        series: &Scored,
        episode: &Episode,
        selection: &Selection,
        step: Step,
        options: &Options,
    ) -> NetLift {
        let excluded = excluded(series, Some(episode));
        let place = Place { before: episode.onset, excluded: &excluded, named: true };
        let seasons = seasons(step);
        let setting = setting(&seasons, series.watched.series.kind, &series.watched.series.values, step, options);
        let net = || {
            let own = self.own(series, &place, &setting, step, options)?;
            let (controls, rows) = self.rows(series, Some(&own), Some(episode.onset..episode.end + 1), &place)?;
            let offered = Offered::new(&controls, &rows, setting.offset()?);
            let counterfactual = Counterfactual::new(&controls, &offered, rows, &setting)?;
            counterfactual.net_lift(&series.watched.series.values, &own.expected, None, &setting, place.named)
        };
        match net() {
            Some(net) => NetLift { net: selection.widen(net.net), ..net },
            None => UNKNOWN_NET,
        }
    }

    /// The net lifts in windows after a dated event, with intervals from `draws` simulated courses.
    pub(super) fn nets_of_event(
        &self,
        series: &Scored,
        place: &Place<'_>,
        windows: &[(Window, Range<usize>)],
        draws: usize,
        step: Step,
        options: &Options,
    ) -> Vec<Option<NetLift>> {
        let source = &series.watched.series;
        let seasons = seasons(step);
        let setting = Setting { draws, ..setting(&seasons, source.kind, &source.values, step, options) };
        let own = self.own(series, place, &setting, step, options);
        // One baseline for all windows: its penalty is chosen once.
        let per_day = setting.per_day;
        let singles = self.rows(series, own.as_ref(), windows.first().map(|(_, range)| range.clone()), place).and_then(
            |(controls, rows)| {
                self.singles(&controls, &rows, window_range(Window::Month1, place.before, per_day), &setting)
            },
        );
        let penalty = singles.as_ref().map(|singles| singles.penalty(&source.values));
        let net = |(window, range): &(Window, Range<usize>)| {
            let own = own.as_ref()?;
            let (values, named) = (&source.values, place.named);
            if let (1, Some(singles), Some(penalty)) = (range.len(), &singles, penalty) {
                let period = (range.start, *window == Window::Peak);
                return singles.net_lift(values, &own.expected, period, penalty, &setting, named);
            }
            let (controls, rows) = self.rows(series, Some(own), Some(range.clone()), place)?;
            let shared = self.shared(range, &controls, rows, &setting)?;
            shared.net_lift(values, &own.expected, penalty, &setting, named)
        };
        windows.iter().map(net).collect()
    }

    /// The counterfactual of single periods `after` the event at hand, from another series where that has the same
    /// baseline.
    fn singles(
        &self,
        controls: &[&[f64]],
        rows: &Rows,
        after: Range<usize>,
        setting: &Setting<'_>,
    ) -> Option<Arc<Singles>> {
        let singles = || self.singles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = singles().iter().find(|singles| singles.serves(rows, setting)) {
            return Some(known.clone());
        }
        let offered = self.offered(controls, rows, setting.offset()?);
        let new = Arc::new(Singles::new(controls, &offered, rows, after, setting)?);
        let mut singles = singles();
        if singles.len() < 2 * MOST_SHARED {
            singles.push(new.clone());
        }
        Some(new)
    }

    /// The counterfactual of a window after the event at hand, from another series where that has the same rows.
    fn shared(
        &self,
        window: &Range<usize>,
        controls: &[&[f64]],
        rows: Rows,
        setting: &Setting<'_>,
    ) -> Option<Arc<Counterfactual>> {
        let key = (window.start, window.end, setting.draws);
        let shared = || self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let known = shared().get(&key).and_then(|all| all.iter().find(|c| c.serves(&rows, setting)).cloned());
        if known.is_some() {
            return known;
        }
        let offered = self.offered(controls, &rows, setting.offset()?);
        let new = Arc::new(Counterfactual::new(controls, &offered, rows, setting)?);
        let mut shared = shared();
        let all = shared.entry(key).or_default();
        if all.len() < MOST_SHARED {
            all.push(new.clone());
        }
        Some(new)
    }

    /// The controls in the baseline of `rows`, which most series and windows share.
    fn offered(&self, controls: &[&[f64]], rows: &Rows, offset: f64) -> Arc<Offered> {
        let all = || self.offered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all().iter().find(|offered| offered.serves(rows, offset)) {
            return known.clone();
        }
        let new = Arc::new(Offered::new(controls, rows, offset));
        let mut all = all();
        if all.len() < MOST_SHARED {
            all.push(new.clone());
        }
        new
    }

    /// To be called before another event, or another country.
    pub(super) fn next_event(&self) {
        self.offered.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.singles.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Learnt on what lies before the place, less the gap; `None` where the country has no references.
    fn own(
        &self,
        series: &Scored,
        place: &Place<'_>,
        setting: &Setting<'_>,
        step: Step,
        options: &Options,
    ) -> Option<Own> {
        let source = &series.watched.series;
        self.by_country.get(source.key.country.as_str()).filter(|_| source.kind.has_lift())?;
        let baseline = baseline_before(place.before, CONTROL_DAYS, step, options);
        let baseline = since_new_level(baseline, &series.walk.episodes, step);
        let expected = Expected::fit(&source.values, baseline.clone(), Some(place.excluded), setting)?;
        Some(Own { baseline, expected })
    }

    /// The controls of a series, and the periods in which it is compared with them over a window.
    fn rows(
        &self,
        series: &Scored,
        own: Option<&Own>,
        window: Option<Range<usize>>,
        place: &Place<'_>,
    ) -> Option<(Vec<&'a [f64]>, Rows)> {
        let source = &series.watched.series;
        let controls = self.by_country.get(source.key.country.as_str())?;
        let rows = Rows::of(&source.values, own?.baseline.clone(), window?, Some(place.excluded))?;
        Some((controls.iter().map(|reference| reference.values).collect(), rows))
    }

    /// The controls of a net lift in `country` by name.
    pub(super) fn uses(&self, country: &str, net: &NetLift) -> Vec<ControlUse> {
        let Some(controls) = self.by_country.get(country) else { return Vec::new() };
        let named = |control: &Control| ControlUse {
            control: controls[control.index].name.clone(),
            weight: control.weight,
            standing: control.standing,
            moved: control.shift.exp_m1(),
            spreads: control.spreads,
        };
        net.controls.iter().map(named).collect()
    }

    /// Lifts of the reference outlets of `country` in the four windows after period `at`; `NaN` where there is none.
    pub(super) fn lifts(
        &self,
        country: &str,
        at: usize,
        baseline: &Range<usize>,
        step: Step,
        options: &Options,
    ) -> Lifts {
        let key = (country.to_string(), at);
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let seasons = seasons(step);
        let of = |reference: &Reference<'_>| {
            let Reference { series, values, episodes, .. } = reference;
            let setting = setting(&seasons, series.kind, values, step, options);
            let mask = telling(values.len(), episodes, None);
            match series.kind.has_lift() {
                true => plain_event_lifts(values, at, baseline.clone(), Some(&mask), &setting),
                false => [f64::NAN; 4],
            }
        };
        let found = Arc::new(self.by_country.get(country).into_iter().flatten().map(of).collect::<Vec<_>>());
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found.clone());
        found
    }
}

const UNKNOWN_NET: NetLift =
    NetLift { reference_lift: f64::NAN, net: Estimate::UNKNOWN, p_value: f64::NAN, controls: Vec::new() };

/// What a reader must know of the controls: countries that have none, and those left out because they moved.
pub(crate) fn notes(scored: &[Scored], judged: &Judged, rows: &[ControlRow]) -> Vec<String> {
    let country = |s: &Scored| s.watched.series.key.country.clone();
    let of = |role: Role| scored.iter().filter(move |s| s.watched.series.role == role).map(country);
    let (watched, known): (BTreeSet<String>, BTreeSet<String>) =
        (of(Role::State).collect(), of(Role::Reference).collect());
    let bare: Vec<&str> = watched.difference(&known).filter(|code| !code.is_empty()).map(String::as_str).collect();
    let mut notes = Vec::new();
    if !known.is_empty() && !bare.is_empty() {
        notes.push(format!(
            "No reference outlets in {}: there a surge cannot be told from a surge of all news; net lifts are empty.",
            bare.join(", ")
        ));
    }
    let alerts = judged.alerts.iter().chain(&judged.drops).flat_map(|alert| &alert.controls);
    let mut moved: BTreeMap<&str, usize> = BTreeMap::new();
    for control in alerts.chain(rows.iter().map(|row| &row.control)).filter(|c| c.standing == Standing::Moved) {
        *moved.entry(&control.control).or_default() += 1;
    }
    let mut often: Vec<(&str, usize)> = moved.into_iter().collect();
    often.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    if !often.is_empty() {
        let named: Vec<String> = often.iter().take(MOST_NAMED).map(|(name, n)| format!("{name} ({n})")).collect();
        let more = if often.len() > MOST_NAMED { ", …" } else { "" };
        notes.push(format!(
            "Reference outlets left out of net lifts (how many) because they moved for their own reasons: {}{more}; \
             controls.csv names all.",
            named.join(", ")
        ));
    }
    notes
}
