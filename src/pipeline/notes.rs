//! What a reader must know before believing the tables.

use super::{Options, Scored, periods};
use crate::alert::Counts;
use crate::series::{Level, Panel, Role};
use std::collections::BTreeMap;

/// Below so many periods a baseline says little about what is usual.
const FEW_PERIODS: usize = 20;
/// Domains that begin so many days after the data do are named as new.
const NEW_DAYS: f64 = 28.0;
/// So many of them by name.
const NAMED: usize = 5;

/// What a reader must know before believing the tables.
pub(super) fn notes(panel: &Panel, scored: &[Scored], counts: &Counts, options: &Options) -> Vec<String> {
    let mut notes = Vec::new();
    if !scored.iter().any(|s| s.watched.series.role == Role::Reference) {
        notes.push(
            "No reference outlets in the data: a surge of these outlets cannot be told from a surge of all news; net \
             lifts are empty."
                .to_string(),
        );
    }
    if panel.series.iter().any(|s| !s.kind.has_lift()) {
        notes.push(
            "Lifts of ranks are refused: a rank is a place in a list, and twice as high is not twice as much.".into(),
        );
    }
    let baseline = periods(options.baseline_days, panel.grid.step);
    if baseline < FEW_PERIODS {
        notes.push(format!(
            "The baseline holds only {baseline} periods: only very large surges can be told from chance; a longer \
             --baseline sees smaller ones."
        ));
    }
    if counts.series_tested == 0 {
        notes.push(format!(
            "No series is long enough to be judged: {} have less than four weeks of history before the gap.",
            counts.series_too_short
        ));
    }
    notes.extend(newcomers(panel));
    if scored.iter().all(|s| s.watched.level != Level::State) && panel.series.iter().any(|s| s.role == Role::State) {
        let reason = match panel.series.iter().any(|s| !s.key.state.is_empty()) {
            true => "Values of this kind do not add up over outlets: no index was computed.",
            false => "No outlet has a known state: no index was computed.",
        };
        notes.push(reason.to_string());
    }
    notes
}

/// The domains of state outlets that were not there when the data begin: sums rise by what they bring.
fn newcomers(panel: &Panel) -> Option<String> {
    let mut since: BTreeMap<&str, usize> = BTreeMap::new();
    for series in panel.series.iter().filter(|s| s.role == Role::State && !s.key.domain.is_empty()) {
        if let Some((first, _)) = series.observed_span() {
            let earliest = since.entry(&series.key.domain).or_insert(first);
            *earliest = first.min(*earliest);
        }
    }
    let begin = since.values().min().copied().unwrap_or(0) + periods(NEW_DAYS, panel.grid.step);
    let new: Vec<&str> = since.iter().filter(|(_, first)| **first > begin).map(|(domain, _)| *domain).collect();
    let more = new.len().saturating_sub(NAMED);
    let named = new[..new.len() - more].join(", ");
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!new.is_empty()).then(|| {
        format!(
            "Domains that were not there when the data begin: {named}{rest}. Outlets and states rise by what they bring; an \
             alert that is mostly theirs has the flag new_domain."
        )
    })
}
