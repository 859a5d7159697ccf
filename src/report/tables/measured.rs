//! Rows of the tables around dated events, cell by cell.

use crate::alert::{Alert, ContributionRow, ControlRow, ControlUse, LiftRow, RatioRow};
use crate::baseline::counterfactual::Standing;
use crate::report::cell::Cell;
use crate::time::Step;

pub(in crate::report) fn placebo_cells(row: &LiftRow) -> [Cell<'_>; 11] {
    [
        Cell::text(&row.event.name),
        Cell::Time(row.event.date, Step::DAY),
        Cell::text(&row.key.state),
        Cell::text(&row.key.outlet),
        Cell::text(&row.key.country),
        Cell::text(row.window.name()),
        Cell::Percent(row.lift.point),
        Cell::Number(row.p_value),
        Cell::Integer(row.n_placebo as i64),
        Cell::Number(row.p_space),
        Cell::Integer(row.n_space as i64),
    ]
}

/// The controls of alerts and drops, then those of lifts around dated events.
pub(in crate::report) fn each_control<'a>(
    alerts: &'a [&'a [Alert]],
    rows: &'a [ControlRow],
) -> impl Iterator<Item = [Cell<'a>; 13]> {
    let alerts = alerts.iter().copied().flatten();
    let of_alerts = alerts.flat_map(|alert| alert.controls.iter().map(move |c| alert_control_cells(alert, c)));
    of_alerts.chain(rows.iter().map(control_cells))
}

fn alert_control_cells<'a>(alert: &'a Alert, control: &'a ControlUse) -> [Cell<'a>; 13] {
    let key = &alert.key;
    let place = [
        Cell::text(&alert.id),
        Cell::Empty,
        Cell::Empty,
        Cell::text(&key.state),
        Cell::text(if key.domain.is_empty() { &key.outlet } else { &key.domain }),
        Cell::text(&key.country),
        Cell::Empty,
    ];
    with_control(place, control)
}

fn control_cells(row: &ControlRow) -> [Cell<'_>; 13] {
    let place = [
        Cell::Empty,
        Cell::text(&row.event.name),
        Cell::Time(row.event.date, Step::DAY),
        Cell::text(&row.key.state),
        Cell::text(&row.key.outlet),
        Cell::text(&row.key.country),
        Cell::text(row.window.name()),
    ];
    with_control(place, &row.control)
}

fn with_control<'a>(place: [Cell<'a>; 7], control: &'a ControlUse) -> [Cell<'a>; 13] {
    let [a, b, c, d, e, f, g] = place;
    let (status, reason) = standing(control.standing);
    let weight = Cell::Number(control.weight);
    let (moved, spreads) = (Cell::Percent(control.moved), Cell::Number(control.spreads));
    [a, b, c, d, e, f, g, Cell::text(&*control.control), weight, Cell::text(status), moved, spreads, Cell::text(reason)]
}

/// Status and reason of a control.
fn standing(standing: Standing) -> (&'static str, &'static str) {
    match standing {
        Standing::Used => ("used", ""),
        Standing::DownWeighted => ("down-weighted", "moved somewhat against the other controls"),
        Standing::Moved => ("left_out", "moved against the other controls for its own reasons"),
        Standing::Unobserved => ("left_out", "observed in too little of the baseline or the window"),
    }
}

pub(in crate::report) fn contribution_cells(row: &ContributionRow) -> [Cell<'_>; 9] {
    [
        Cell::text(&row.event.name),
        Cell::Time(row.event.date, Step::DAY),
        Cell::text(&row.key.state),
        Cell::text(&row.key.country),
        Cell::text(row.window.name()),
        Cell::text(&row.key.outlet),
        Cell::Number(row.observed),
        Cell::Number(row.expected),
        Cell::Percent(row.contribution),
    ]
}

pub(in crate::report) fn ratio_cells(row: &RatioRow) -> [Cell<'_>; 11] {
    [
        Cell::text(&row.event.name),
        Cell::Time(row.event.date, Step::DAY),
        Cell::text(&row.key.state),
        Cell::text(&row.key.country),
        Cell::text(&row.against.country),
        Cell::text(row.window.name()),
        Cell::Number(row.before),
        Cell::Number(row.after),
        Cell::Percent(row.change.point),
        Cell::Percent(row.change.low),
        Cell::Percent(row.change.high),
    ]
}
