//! The reference outlets of each country: controls of net lifts, and placebos in space.

use crate::alert::{ControlRow, ControlUse, Estimate};
use crate::baseline::controls::Rows;
use crate::baseline::counterfactual::{Control, Counterfactual, NetLift, Standing};
use crate::baseline::offered::Offered;
use crate::detect::surge::Episode;
use crate::measure::expected::Expected;
use crate::measure::lift::plain_event_lifts;
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
pub(super) const CONTROL_DAYS: f64 = 180.0;
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

/// Lifts of the reference outlets in the four windows after an event.
pub(super) type BesideLifts = Arc<Vec<[f64; 4]>>;

/// The reference outlets of each country.
pub(crate) struct References<'a> {
    by_country: BTreeMap<&'a str, Vec<Reference<'a>>>,
    /// Lifts of the reference outlets around a period, by country: many series ask for the same.
    known: Mutex<BTreeMap<(String, usize), BesideLifts>>,
}

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
        References { by_country: by_country.collect(), known: Mutex::default() }
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
        let (excluded, seasons) = (excluded(series, Some(episode)), seasons(step));
        let values = &series.watched.series.values;
        let setting = setting(&seasons, series.watched.series.kind, values, step, options);
        let net = || {
            let controls: Vec<&[f64]> = self.of_country(series)?.iter().map(|reference| reference.values).collect();
            let baseline = baseline_before(episode.onset, CONTROL_DAYS, step, options);
            let baseline = since_new_level(baseline, &series.walk.episodes, step);
            let own = Expected::fit(values, baseline.clone(), Some(&excluded), &setting)?;
            let rows = Rows::of(values, baseline, episode.onset..episode.end + 1, Some(&excluded))?;
            let offered = Offered::new(&controls, &rows, setting.offset()?);
            Counterfactual::new(&controls, &offered, rows, &setting)?.net_lift(values, &own, None, &setting, true)
        };
        match net() {
            Some(net) => NetLift { net: selection.widen(net.net), ..net },
            None => UNKNOWN_NET,
        }
    }

    /// The reference outlets of the country of `series`; `None` where it has none, or no lifts.
    pub(super) fn of_country(&self, series: &Scored) -> Option<&[Reference<'a>]> {
        let source = &series.watched.series;
        self.by_country.get(source.key.country.as_str()).filter(|_| source.kind.has_lift()).map(Vec::as_slice)
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
    ) -> BesideLifts {
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
