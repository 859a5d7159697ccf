//! Alerts in words: names, percentages, dates.

use super::dates::{civil, stamp};
use super::text;
use super::ticks::grouped;
use crate::alert::{Alert, Estimate, Flag, Status};
use crate::series::{Key, Kind, Level};
use crate::time::{Seconds, Step};

/// The name for a subject at its level, in letters the font has: the outlet, else its domain, else the state.
pub(super) fn name(level: Level, key: &Key) -> String {
    let names = match level {
        Level::Domain => [&key.domain, &key.outlet, &key.state],
        Level::Outlet => [&key.outlet, &key.domain, &key.state],
        Level::State => [&key.state, &key.outlet, &key.domain],
    };
    let shown = text::first_shown(names.into_iter().map(String::as_str));
    shown.map_or_else(|| "unnamed".into(), |name| text::isolated(&name))
}

/// The same with the country.
pub(super) fn label(level: Level, key: &Key) -> String {
    match text::shown(&key.country) {
        Some(country) => format!("{}, {}", name(level, key), text::isolated(&country)),
        None => name(level, key),
    }
}

/// `+42%`, `-3.5%`, `+1,240%`.
pub(super) fn percent(fraction: f64) -> String {
    let value = fraction * 100.0;
    if !value.is_finite() {
        return "unknown".into();
    }
    let decimals = usize::from(value.abs() < 9.95);
    let sign = if value >= 0.0 { "+" } else { "" };
    if value.abs() >= 1e9 { format!("{sign}{value:.1e}%") } else { format!("{sign}{}%", grouped(value, decimals)) }
}

/// `+42% [36, 49]`; without brackets if there is no interval.
pub(super) fn estimate(lift: Estimate) -> String {
    let bound = |bound: f64| percent(bound).trim_start_matches('+').trim_end_matches('%').to_string();
    if lift.low.is_finite() && lift.high.is_finite() && lift.point.is_finite() {
        format!("{} [{}, {}]", percent(lift.point), bound(lift.low), bound(lift.high))
    } else {
        percent(lift.point)
    }
}

/// `7 days`, `1 hour`.
pub(super) fn length(periods: usize, step: Step) -> String {
    let name = step.name();
    let name = if name.ends_with('s') { format!("period of {name}") } else { name };
    match periods {
        1 => format!("1 {name}"),
        n if name.starts_with("period") => format!("{} periods of {}", grouped(n as f64, 0), step.name()),
        n => format!("{} {name}s", grouped(n as f64, 0)),
    }
}

/// `q = 0.002`, `q < 0.001`; nothing if unknown.
fn chance(q: f64) -> String {
    match q {
        q if !q.is_finite() => String::new(),
        q if q < 0.001 => " (q < 0.001)".into(),
        q => format!(" (q = {})", format!("{q:.3}").trim_end_matches('0').trim_end_matches('.')),
    }
}

/// `+42% [36, 49] in 7 days from 2023-10-07 (q = 0.002)`.
pub(super) fn finding(alert: &Alert, kind: Kind) -> String {
    let when = format!("{} from {}", length(alert.periods, alert.step), stamp(alert.onset));
    let open = if alert.status == Status::Open { ", still open" } else { "" };
    let fell = alert.flags.contains(&Flag::Drop);
    let what = match (kind.has_lift() && alert.lift.point.is_finite(), fell) {
        (true, _) => format!("{} in {when}", estimate(alert.lift)),
        (false, true) => format!("drop of {when}"),
        (false, false) => format!("surge of {when}"),
    };
    format!("{what}{open}{}", chance(alert.q_value))
}

/// Net lift, severity, flags.
pub(super) fn context(alert: &Alert, kind: Kind) -> String {
    let mut parts = Vec::new();
    if kind.has_lift() {
        parts.push(match alert.net_lift.point.is_finite() {
            true => format!(
                "Net of reference outlets {} (they: {})",
                estimate(alert.net_lift),
                percent(alert.reference_lift)
            ),
            false => "No reference outlets to compare with".into(),
        });
    }
    parts.push(format!("severity {}", alert.severity.name()));
    parts.extend(alert.flags.iter().map(|flag| flag.name().replace('_', " ")));
    parts.join(" · ")
}

/// `2023-10-07 to 2024-01-31`, the last day included.
pub(super) fn period(from: Seconds, end: Seconds) -> String {
    format!("{} to {}", civil(from).date(), civil((end - 1).max(from)).date())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_carry_a_sign_and_few_digits() {
        let texts: Vec<String> = [0.42, 0.0351, -0.5, 12.4, f64::NAN, f64::INFINITY].map(percent).into();
        assert_eq!(texts, ["+42%", "+3.5%", "-50%", "+1,240%", "unknown", "unknown"]);
        assert_eq!(estimate(Estimate { point: 0.42, low: 0.36, high: 0.49 }), "+42% [36, 49]");
        assert_eq!(estimate(Estimate { point: 0.42, low: f64::NAN, high: f64::NAN }), "+42%");
    }

    #[test]
    fn a_name_the_font_lacks_gives_way_to_the_domain() {
        let key = Key {
            outlet: "ไทยรัฐ".into(), domain: "alalam.ir".into(), country: "GB".into(), ..Key::default()
        };
        assert_eq!(label(Level::Outlet, &key), "alalam.ir, GB");
        assert_eq!(label(Level::Outlet, &Key::default()), "unnamed");
    }
}
