//! Net lifts around dated events, one event after the other: the series of a country that are compared in the same
//! periods share a counterfactual, which is forgotten after its event.

use crate::alert::{ControlRow, ControlUse, LiftRow};
use crate::baseline::counterfactual::NetLift;
use crate::pipeline::in_parallel;
use crate::pipeline::lifts::{Around, Stand, Tables, outside_window};
use crate::pipeline::references::Place;
use crate::pipeline::score::Scored;
use crate::series::Level;

impl Tables<'_> {
    /// Puts net lifts into the rows of all series of one country.
    pub(super) fn add_net_lifts(&self, country: &mut [Around<'_>]) {
        for event in 0..self.events.len() {
            let concerns = |around: &Around<'_>| around.places.iter().any(|place| place.event == event);
            let netted = |k: &usize| self.is_netted(country[*k].series) && concerns(&country[*k]);
            let netted: Vec<usize> = (0..country.len()).filter(netted).collect();
            let found = in_parallel(netted, self.options.jobs, &|_, _| {}, |k| (k, self.nets(&country[k], event)));
            for (k, nets) in found {
                let Around { series, rows, .. } = &mut country[k];
                for (row, net) in nets {
                    let row = &mut rows.visits[row];
                    row.net_lift = net.net;
                    let uses = self.references.uses(&series.watched.series.key.country, &net);
                    rows.controls.extend(control_rows(row, uses));
                }
            }
            self.references.next_event();
        }
    }

    /// Net lifts are dear: they are taken of states everywhere, and of outlets in all countries together.
    fn is_netted(&self, s: &Scored) -> bool {
        s.watched.level == Level::State || s.watched.series.key.country.is_empty() || !self.together
    }

    /// The net lifts of one series around one event, with the number of their rows.
    fn nets(&self, around: &Around<'_>, event: usize) -> Vec<(usize, NetLift)> {
        let (rows, places): (Vec<usize>, Vec<_>) =
            around.places.iter().enumerate().filter(|(_, place)| place.event == event).unzip();
        let Some(before) = places.first().map(|place| place.at) else { return Vec::new() };
        let outside = outside_window(&around.mask, before, self.grid);
        let window = |(row, place): (&usize, &&Stand)| (around.rows.visits[*row].window, place.range.clone());
        let windows: Vec<_> = rows.iter().zip(&places).map(window).collect();
        // The outlets of a state are compared with the same controls: what became of these is said once.
        let named = around.series.watched.level == Level::State;
        let place = Place { before, excluded: &outside, named };
        let (references, step) = (&self.references, self.grid.step);
        let nets = references.nets_of_event(around.series, &place, &windows, around.draws, step, self.options);
        rows.into_iter().zip(nets).filter_map(|(row, net)| Some((row, net?))).collect()
    }
}

fn control_rows(row: &LiftRow, uses: Vec<ControlUse>) -> impl Iterator<Item = ControlRow> + '_ {
    uses.into_iter().map(|control| ControlRow {
        event: row.event.clone(),
        event_date: row.event_date,
        state: row.state.clone(),
        outlet: row.outlet.clone(),
        country: row.country.clone(),
        window: row.window,
        control,
    })
}
