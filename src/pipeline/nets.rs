//! Net lifts around dated events, one event after the other: the series of a country that are compared in the same
//! periods share a counterfactual, which is forgotten after its event.

use crate::alert::{ControlRow, ControlUse, Event, LiftRow};
use crate::baseline::counterfactual::NetLift;
use crate::pipeline::lifts::{Around, Lifted, Tables, event_period, outside_window};
use crate::pipeline::references::Place;
use crate::pipeline::score::Scored;
use crate::pipeline::{in_parallel, part_shifts};
use crate::series::Level;
use std::ops::Range;
use std::sync::Arc;

impl Tables<'_> {
    /// Puts net lifts into the rows of series of one country.
    pub(super) fn add_net_lifts(&self, country: &[Around<'_>], all: &mut Lifted) {
        for event in self.events {
            let visits = &all.visits;
            let concerned = country.iter().map(|around| (around, rows_of(event, around, visits)));
            let concerned = concerned.filter(|(_, rows)| !rows.is_empty()).collect();
            let found = in_parallel(concerned, self.options.jobs, &|_, _| {}, |(around, rows)| {
                let nets = self.nets(around, event, &visits[rows.clone()]);
                (around.series, rows, nets)
            });
            for (series, rows, nets) in found {
                for (row, net) in all.visits[rows].iter_mut().zip(nets) {
                    let Some(net) = net else { continue };
                    row.net_lift = net.net;
                    let uses = self.references.uses(&series.watched.series.key.country, &net);
                    all.controls.extend(control_rows(row, uses));
                }
            }
            self.references.next_event();
        }
    }

    /// Net lifts are dear: they are taken of states everywhere, and of outlets in all countries together.
    pub(super) fn is_netted(&self, s: &Scored) -> bool {
        s.watched.level == Level::State || s.watched.series.key.country.is_empty() || !self.together
    }

    /// The net lifts of the rows of one series around one event.
    fn nets(&self, around: &Around<'_>, event: &Event, rows: &[LiftRow]) -> Vec<Option<NetLift>> {
        let Some(before) = event_period(event, self.grid, self.options) else { return Vec::new() };
        let outside = outside_window(&around.mask, before, self.grid);
        let index = |time| ((time - self.grid.start) / self.grid.step.seconds()) as usize;
        let windows: Vec<_> = rows.iter().map(|row| (row.window, index(row.from)..index(row.to) + 1)).collect();
        // The outlets of a state are compared with the same controls: what became of these is said once.
        let named = around.series.watched.level == Level::State;
        let place = Place { before, excluded: &outside, named };
        let (references, step) = (&self.references, self.grid.step);
        let settled = part_shifts::before(around.series, before, step, self.options);
        references.nets_of_event(&settled, &place, &windows, around.draws, step, self.options)
    }
}

/// Which rows of a series are about an event: those of one event stand together.
fn rows_of(event: &Arc<Event>, around: &Around<'_>, visits: &[LiftRow]) -> Range<usize> {
    let mut own = around.rows.clone().filter(|&row| Arc::ptr_eq(&visits[row].event, event));
    let Some(first) = own.next() else { return 0..0 };
    first..own.next_back().unwrap_or(first) + 1
}

fn control_rows(row: &LiftRow, uses: Vec<ControlUse>) -> impl Iterator<Item = ControlRow> + '_ {
    uses.into_iter().map(|control| ControlRow {
        event: row.event.clone(),
        key: row.key.clone(),
        window: row.window,
        control,
    })
}
