//! Ticks of the time axis: the finest step of the calendar whose labels do not overlap.

use super::text;
use crate::time::Seconds;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

/// One tick: where, what it says, and what is written beneath it where the larger unit changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tick {
    pub(super) at: Seconds,
    pub(super) label: String,
    pub(super) context: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Seconds(i64),
    Days(i64),
    Months(i64),
    Years(i64),
}

const UNITS: [Unit; 28] = [
    Unit::Seconds(60),
    Unit::Seconds(300),
    Unit::Seconds(900),
    Unit::Seconds(1_800),
    Unit::Seconds(3_600),
    Unit::Seconds(7_200),
    Unit::Seconds(10_800),
    Unit::Seconds(21_600),
    Unit::Seconds(43_200),
    Unit::Days(1),
    Unit::Days(2),
    Unit::Days(7),
    Unit::Days(14),
    Unit::Months(1),
    Unit::Months(2),
    Unit::Months(3),
    Unit::Months(6),
    Unit::Years(1),
    Unit::Years(2),
    Unit::Years(5),
    Unit::Years(10),
    Unit::Years(20),
    Unit::Years(50),
    Unit::Years(100),
    Unit::Years(200),
    Unit::Years(500),
    Unit::Years(1_000),
    Unit::Years(5_000),
];

/// The civil time (UTC) of a moment; moments beyond the calendar are moved to its ends.
pub(super) fn civil(at: Seconds) -> DateTime {
    let at = at.clamp(Timestamp::MIN.as_second() + 172_800, Timestamp::MAX.as_second() - 172_800);
    Timestamp::from_second(at).map(|stamp| Offset::UTC.to_datetime(stamp)).unwrap_or_default()
}

/// `2023-10-07`, with `14:00` behind it if the moment is not midnight.
pub(super) fn stamp(at: Seconds) -> String {
    let time = civil(at);
    if at.rem_euclid(86_400) == 0 { time.date().to_string() } else { time.strftime("%Y-%m-%d %H:%M").to_string() }
}

fn start_of(year: i64, month: i64) -> Option<Seconds> {
    let date = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, 1).ok()?;
    Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok().map(|stamp| stamp.as_second())
}

impl Unit {
    /// A length no tick distance is much below.
    fn about(self) -> i64 {
        match self {
            Unit::Seconds(n) => n,
            Unit::Days(n) => n * 86_400,
            Unit::Months(n) => n * 28 * 86_400,
            Unit::Years(n) => n * 365 * 86_400,
        }
    }

    /// Moments of this unit within `from..=to`.
    fn moments(self, from: Seconds, to: Seconds) -> Vec<Seconds> {
        let stepped = |step: i64, origin: i64| {
            let first = (from - origin).div_euclid(step) * step + origin;
            (0..).map(move |i| first + i * step).skip_while(move |at| *at < from).take_while(move |at| *at <= to)
        };
        let year = i64::from(civil(from).year());
        let last = i64::from(civil(to).year());
        let inside = |at: &Seconds| (from..=to).contains(at);
        match self {
            Unit::Seconds(step) => stepped(step, 0).collect(),
            // Weeks begin on Monday; 1970-01-05 was one. Two days and less are counted from any day.
            Unit::Days(days) => stepped(days * 86_400, 4 * 86_400).collect(),
            Unit::Months(step) => (year..=last)
                .flat_map(|year| (1..=12).filter(|m| (m - 1) % step == 0).filter_map(move |m| start_of(year, m)))
                .filter(inside)
                .collect(),
            Unit::Years(step) => {
                (year..=last).filter(|y| y % step == 0).filter_map(|y| start_of(y, 1)).filter(inside).collect()
            }
        }
    }

    fn label(self, at: Seconds, digits: bool) -> String {
        let time = civil(at);
        match self {
            Unit::Days(_) if digits => time.strftime("%m-%d").to_string(),
            Unit::Months(_) if digits => time.strftime("%m").to_string(),
            Unit::Seconds(_) => time.strftime("%H:%M").to_string(),
            Unit::Days(_) => time.strftime("%-d %b").to_string(),
            Unit::Months(_) => time.strftime("%b").to_string(),
            Unit::Years(_) => time.year().to_string(),
        }
    }

    fn context(self, at: Seconds, digits: bool) -> Option<String> {
        let time = civil(at);
        match self {
            Unit::Seconds(_) if digits => Some(time.date().to_string()),
            Unit::Seconds(_) => Some(time.strftime("%-d %b %Y").to_string()),
            Unit::Days(_) | Unit::Months(_) => Some(time.year().to_string()),
            Unit::Years(_) => None,
        }
    }
}

/// Ticks for `from..=to` drawn `room` pixels wide in letters of `em` pixels; `digits` names months by their numbers.
pub(super) fn ticks(from: Seconds, to: Seconds, room: f64, em: f64, digits: bool) -> Vec<Tick> {
    let (from, to) = (civil_limit(from), civil_limit(to));
    if to <= from {
        return vec![Tick { at: from, label: stamp(from), context: None }];
    }
    let scale = room / (to - from) as f64;
    for unit in UNITS {
        if unit.about() as f64 * scale < 2.0 * em {
            continue;
        }
        let moments = unit.moments(from, to);
        let labels: Vec<String> = moments.iter().map(|at| unit.label(*at, digits)).collect();
        let half = |label: &String| text::width(label, em) / 2.0;
        let fits = moments
            .windows(2)
            .zip(labels.windows(2))
            .all(|(at, label)| (at[1] - at[0]) as f64 * scale >= half(&label[0]) + half(&label[1]) + 0.9 * em);
        if fits && !moments.is_empty() {
            let contexts = moments.iter().map(|at| unit.context(*at, digits)).collect();
            return with_context(&moments, labels, contexts, scale, em);
        }
    }
    vec![Tick { at: from, label: stamp(from), context: None }]
}

fn civil_limit(at: Seconds) -> Seconds {
    at.clamp(Timestamp::MIN.as_second() + 172_800, Timestamp::MAX.as_second() - 172_800)
}

/// Writes the larger unit beneath the first tick and wherever it changes, where there is room. The first gives way
/// to the second: the true change matters more than the ragged beginning.
fn with_context(
    moments: &[Seconds],
    labels: Vec<String>,
    contexts: Vec<Option<String>>,
    scale: f64,
    em: f64,
) -> Vec<Tick> {
    let mut changes: Vec<usize> = (0..moments.len()).filter(|i| *i == 0 || contexts[*i] != contexts[i - 1]).collect();
    let apart = |a: usize, b: usize| {
        let half = |i: usize| contexts[i].as_ref().map_or(0.0, |text| text::width(text, em) / 2.0);
        (moments[b] - moments[a]) as f64 * scale >= half(a) + half(b) + 0.9 * em
    };
    if changes.len() > 1 && !apart(changes[0], changes[1]) {
        changes.remove(0);
    }
    let mut kept: Vec<usize> = Vec::new();
    for change in changes {
        if kept.last().is_none_or(|last| apart(*last, change)) {
            kept.push(change);
        }
    }
    let tick = |(i, label): (usize, String)| {
        let context = if kept.contains(&i) { contexts[i].clone() } else { None };
        Tick { at: moments[i], label, context }
    };
    labels.into_iter().enumerate().map(tick).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: i64 = 86_400;
    const OCTOBER: i64 = 1_696_118_400; // 2023-10-01

    fn written(from: i64, to: i64) -> String {
        ticks(from, to, 1400.0, 16.0, false).into_iter().map(|tick| tick.label).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_step_follows_the_span() {
        assert_eq!(written(OCTOBER, OCTOBER + DAY).chars().take(11).collect::<String>(), "00:00 02:00");
        assert_eq!(written(OCTOBER, OCTOBER + 14 * DAY).chars().take(11).collect::<String>(), "1 Oct 2 Oct");
        assert_eq!(&written(OCTOBER, OCTOBER + 182 * DAY)[..13], "2 Oct 16 Oct ");
        assert_eq!(written(OCTOBER, OCTOBER + 730 * DAY).chars().take(15).collect::<String>(), "Oct Nov Dec Jan");
        assert_eq!(written(OCTOBER, OCTOBER + 3_652 * DAY).chars().take(14).collect::<String>(), "Jan Jul Jan Ju");
    }

    proptest! {
        #[test]
        fn labels_never_overlap(from in -60_000_000_000i64..60_000_000_000, span in 0i64..20_000_000_000, room in 150.0..2000.0f64) {
            let ticks = ticks(from, from + span, room, 16.0, span % 2 == 0);
            let x = |tick: &Tick| (tick.at - from) as f64 * room / span.max(1) as f64;
            for row in [true, false] {
                let texts: Vec<(f64, f64)> = ticks.iter().filter_map(|tick| {
                    let text = if row { Some(&tick.label) } else { tick.context.as_ref() };
                    text.map(|text| (x(tick), text::width(text, 16.0) / 2.0))
                }).collect();
                for pair in texts.windows(2) {
                    prop_assert!(pair[0].0 + pair[0].1 <= pair[1].0 - pair[1].1);
                }
            }
            prop_assert!(ticks.len() <= 200);
        }
    }
}
