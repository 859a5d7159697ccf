//! Who is told what: each channel's filter, and the times in which nothing new is told.

use super::config::{Delivery, severity};
use super::transition::{Change, Transition};
use crate::alert::{Alert, Event, Flag};
use crate::time::Step;

/// Whether a transition passes a channel's filter. `known`: the channel was told of this alert before, and so hears
/// how it goes on.
pub fn passes(delivery: &Delivery, transition: &Transition, alert: Option<&Alert>, known: bool) -> bool {
    let filter = &delivery.filter;
    if !filter.changes.is_empty() && !filter.changes.contains(&transition.change) {
        return false;
    }
    let Some(alert) = alert else { return true };
    if known && transition.change != Change::Opened {
        return true;
    }
    let strong = filter.severity.is_none_or(|least| alert.severity >= severity(least));
    let large = filter.min_lift_pct.is_none_or(|least| alert.lift.point.abs() * 100.0 >= least);
    strong && large && (filter.drops || !alert.flags.contains(&Flag::Drop))
}

/// The event during which an alert that began then is not told, if there is one.
pub fn muted<'a>(alert: &Alert, kinds: &[String], events: &'a [Event]) -> Option<&'a Event> {
    let listed = |list: &[String], one: &str| list.is_empty() || one.is_empty() || list.iter().any(|x| x == one);
    events.iter().find(|event| {
        let day = Step::DAY.seconds();
        kinds.contains(&event.kind.to_lowercase())
            && (event.date..event.end.unwrap_or(event.date) + day).contains(&alert.onset)
            && listed(&event.states, &alert.key.state)
            && listed(&event.countries, &alert.key.country)
    })
}
