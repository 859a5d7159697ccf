//! Net lifts around dated events: the series of a country that are compared in the same periods share a counterfactual,
//! which is forgotten after its event. Events come before series in what is done in parallel, so that nobody waits for, or
//! makes anew, what another thread is about to share.

use crate::alert::{ControlRow, ControlUse, Event, LiftRow, Window};
use crate::baseline::blocks::Blocks;
use crate::baseline::counterfactual::NetLift;
use crate::measure::expected::Setting;
use crate::measure::lift::window_range;
use crate::pipeline::baselines::{baseline_before, per_day, seasons, setting, since_new_level};
use crate::pipeline::lifts::{Around, Lifted, Tables, event_period, outside_window};
use crate::pipeline::references::CONTROL_DAYS;
use crate::pipeline::score::Scored;
use crate::pipeline::sharing::{Sharing, View};
use crate::pipeline::{in_parallel, part_shifts};
use crate::series::Level;
use crate::time::Step;
use std::ops::Range;
use std::sync::Arc;

/// Single periods of less than a day are compared with so many days of them.
const PERIOD_DAYS: f64 = 84.0;

impl Tables<'_> {
    /// Puts net lifts into the rows of series of one country.
    pub(super) fn add_net_lifts(&self, country: &[Around<'_>], all: &mut Lifted) {
        let jobs = self.options.jobs;
        let Lifted { visits, controls, .. } = all;
        let events = self.events.iter().collect();
        let of_event = |event: &Arc<Event>| {
            let shared = Shared::default();
            let concerned = country.iter().map(|around| (around, rows_of(event, around, visits)));
            let concerned = concerned.filter(|(_, rows)| !rows.is_empty()).collect();
            in_parallel(concerned, jobs, &|_, _| {}, |(around, rows)| {
                let nets = self.nets(around, event, &visits[rows.clone()], &shared);
                let named = |(row, net): (&LiftRow, Option<NetLift>)| {
                    let net = net?;
                    let uses = self.references.uses(&around.series.watched.series.key.country, &net);
                    Some((net.net, control_rows(row, uses)))
                };
                let nets: Vec<_> = visits[rows.clone()].iter().zip(nets).map(named).collect();
                (rows, nets)
            })
        };
        let found = in_parallel(events, jobs, &|_, _| {}, of_event);
        for (rows, nets) in found.into_iter().flatten() {
            for (row, net) in visits[rows].iter_mut().zip(nets) {
                let Some((net, used)) = net else { continue };
                row.net_lift = net;
                controls.extend(used);
            }
        }
    }

    /// Net lifts are dear: they are taken of states everywhere, and of outlets in all countries together.
    pub(super) fn is_netted(&self, s: &Scored) -> bool {
        s.watched.level == Level::State || s.watched.series.key.country.is_empty() || !self.together
    }

    /// The net lifts of the rows of one series around one event.
    fn nets(&self, around: &Around<'_>, event: &Event, rows: &[LiftRow], shared: &Shared) -> Vec<Option<NetLift>> {
        let Some(before) = event_period(event, self.grid, self.options) else { return Vec::new() };
        let outside = outside_window(&around.mask, before, self.grid);
        let index = |time| ((time - self.grid.start) / self.grid.step.seconds()) as usize;
        let windows: Vec<_> = rows.iter().map(|row| (row.window, index(row.from)..index(row.to) + 1)).collect();
        let settled = part_shifts::before(around.series, before, self.grid.step, self.options);
        let place = Place { series: &settled, before, excluded: &outside, draws: around.draws, shared };
        if self.grid.step.seconds() >= Step::DAY.seconds() {
            return self.by_period(&place, &windows, CONTROL_DAYS);
        }
        // Whole days are compared by the day, the largest period with others of its size.
        let (single, days): (Vec<_>, Vec<_>) = windows.iter().cloned().partition(|(_, range)| range.len() == 1);
        let mut single = self.by_period(&place, &single, PERIOD_DAYS).into_iter();
        let mut days = self.by_day(&place, &days).into_iter();
        let of =
            |(_, range): &(Window, Range<usize>)| if range.len() == 1 { single.next() } else { days.next() }.flatten();
        windows.iter().map(of).collect()
    }

    /// What has been learnt on so many days before the place, less the gap, and since the last new level.
    fn baseline(&self, place: &Place<'_>, days: f64) -> Range<usize> {
        let baseline = baseline_before(place.before, days, self.grid.step, self.options);
        since_new_level(baseline, &place.series.walk.episodes, self.grid.step)
    }

    fn by_period(&self, place: &Place<'_>, windows: &[(Window, Range<usize>)], days: f64) -> Vec<Option<NetLift>> {
        let Some(references) = self.references.of_country(place.series) else { return vec![None; windows.len()] };
        let source = &place.series.watched.series;
        let (seasons, step) = (seasons(self.grid.step), self.grid.step);
        let setting = setting(&seasons, source.kind, &source.values, step, self.options);
        let view = View {
            values: &source.values,
            controls: references.iter().map(|reference| reference.values).collect(),
            baseline: self.baseline(place, days),
            excluded: Some(place.excluded),
            after: window_range(Window::Month1, place.before, setting.per_day),
            setting: Setting { draws: place.draws, ..setting },
            named: place.named(),
        };
        place.shared.by_period.nets(&view, windows)
    }

    /// The same of windows of whole days, from the means of days that begin at the hour of the event.
    fn by_day(&self, place: &Place<'_>, windows: &[(Window, Range<usize>)]) -> Vec<Option<NetLift>> {
        let Some(references) = self.references.of_country(place.series) else { return vec![None; windows.len()] };
        let (source, sharing) = (&place.series.watched.series, &place.shared.by_day);
        let blocks = Blocks::around(place.before, per_day(self.grid.step).round() as usize);
        let controls = sharing.controls(|| references.iter().map(|one| blocks.means(one.values)).collect());
        let usable = source.values.iter().zip(place.excluded);
        let usable: Vec<f64> = usable.map(|(value, out)| if *out { f64::NAN } else { *value }).collect();
        let values = blocks.means(&usable);
        let seasons = seasons(Step::DAY);
        let setting = setting(&seasons, source.kind, &values, Step::DAY, self.options);
        let day = blocks.number(place.before);
        let view = View {
            values: &values,
            controls: controls.iter().map(Vec::as_slice).collect(),
            baseline: blocks.within(&self.baseline(place, CONTROL_DAYS)),
            excluded: None,
            after: window_range(Window::Month1, day, setting.per_day),
            setting: Setting { draws: place.draws, ..setting },
            named: place.named(),
        };
        let windows: Vec<_> = windows.iter().map(|(window, range)| (*window, blocks.within(range))).collect();
        sharing.nets(&view, &windows)
    }
}

/// What series of one country share around one event: on their own grid, and by the day.
#[derive(Default)]
struct Shared {
    by_period: Sharing,
    by_day: Sharing,
}

/// Where net lifts of a series are taken: learnt before this period, excluded ones left out.
struct Place<'a> {
    series: &'a Scored,
    before: usize,
    excluded: &'a [bool],
    draws: usize,
    shared: &'a Shared,
}

impl Place<'_> {
    /// The outlets of a state are compared with the same controls: what became of these is said once.
    fn named(&self) -> bool {
        self.series.watched.level == Level::State
    }
}

/// Which rows of a series are about an event: those of one event stand together.
fn rows_of(event: &Arc<Event>, around: &Around<'_>, visits: &[LiftRow]) -> Range<usize> {
    let mut own = around.rows.clone().filter(|&row| Arc::ptr_eq(&visits[row].event, event));
    let Some(first) = own.next() else { return 0..0 };
    first..own.next_back().unwrap_or(first) + 1
}

fn control_rows(row: &LiftRow, uses: Vec<ControlUse>) -> Vec<ControlRow> {
    let about = |control| ControlRow { event: row.event.clone(), key: row.key.clone(), window: row.window, control };
    uses.into_iter().map(about).collect()
}
