//! Figures in words, exactly as the tables have them.

use super::places;
use crate::alert::{Alert, Attribution, Estimate, Flag, Status};
use crate::report::cell::moment;
use crate::series::{Key, Level};
use crate::time::Step;

/// A number with commas between thousands: whole from 100 on, three digits below, `unknown` if it is.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return "unknown".into();
    }
    if size >= 1e15 || (size > 0.0 && size < 1e-4) {
        return format!("{value:.2e}");
    }
    let decimals = match size {
        s if s >= 99.95 || s.fract() == 0.0 => 0,
        s if s >= 9.995 => 1,
        s if s >= 0.9995 => 2,
        s => (2.0 - s.log10().floor()) as usize,
    };
    grouped(&format!("{value:.decimals$}"))
}

fn grouped(text: &str) -> String {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("−", rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, ""), |(whole, fraction)| (whole, fraction));
    let mut out = String::from(sign);
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if fraction.is_empty() { out } else { out + "." + fraction }
}

/// `42`, `3.5`, `1,240`, with a minus sign where it is one.
pub(super) fn percent(fraction: f64) -> String {
    let value = 100.0 * fraction;
    let decimals = usize::from(value.abs() < 9.95);
    let text = format!("{value:.decimals$}");
    let zero = text.trim_start_matches('-').chars().all(|c| c == '0' || c == '.');
    grouped(if zero { "0" } else { &text })
}

/// `+42% [36, 49]`; without brackets if there is no interval, `unknown` if there is no figure.
pub(super) fn estimate(lift: Estimate) -> String {
    let Estimate { point, low, high } = lift;
    match (point.is_finite(), low.is_finite() && high.is_finite()) {
        (false, _) => "unknown".into(),
        (true, false) => format!("{}%", signed(point)),
        (true, true) => format!("{}% [{}, {}]", signed(point), percent(low), percent(high)),
    }
}

/// `+42`, `−3.5`, `0`.
pub(super) fn signed(fraction: f64) -> String {
    let text = percent(fraction);
    if text.starts_with('−') || text == "0" { text } else { format!("+{text}") }
}

/// `52% [46, 58] above expected`, `99% [99, 99] below expected`.
pub(super) fn against_expected(lift: Estimate) -> String {
    let side = if lift.point < 0.0 { "below" } else { "above" };
    let turned = |x: f64| if lift.point < 0.0 { -x } else { x };
    let (low, high) = if lift.point < 0.0 { (lift.high, lift.low) } else { (lift.low, lift.high) };
    let size = estimate(Estimate { point: turned(lift.point), low: turned(low), high: turned(high) });
    format!("{} {side} expected", size.trim_start_matches('+'))
}

/// `q = 0.002`, `q < 0.001`; nothing if unknown.
pub(super) fn chance(name: &str, value: f64) -> String {
    match value {
        v if !v.is_finite() => String::new(),
        v if v < 0.001 => format!("{name} < 0.001"),
        v => {
            let text = number(v);
            let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
            format!("{name} = {short}")
        }
    }
}

/// A name from the data within a sentence: letters that run from right to left stay within it.
pub(super) fn isolated(name: &str) -> String {
    if name.is_ascii() { name.into() } else { format!("\u{2068}{name}\u{2069}") }
}

/// The outlet, domain or state of an alert.
pub(super) fn subject(level: Level, key: &Key) -> String {
    let names = match level {
        Level::Domain => [&key.domain, &key.outlet, &key.state],
        Level::Outlet => [&key.outlet, &key.domain, &key.state],
        Level::State => [&key.state, &key.outlet, &key.domain],
    };
    match names.into_iter().find(|name| !name.is_empty()) {
        Some(code) if level == Level::State && *code == key.state => outlets_of(code),
        Some(name) => isolated(name),
        None => "unnamed".into(),
    }
}

/// `outlets affiliated with Iran`.
pub(super) fn outlets_of(state: &str) -> String {
    format!("outlets affiliated with {}", places::name(state))
}

/// `from the United Kingdom`; `from all countries together` if none is told apart.
pub(super) fn from_country(country: &str) -> String {
    match country {
        "" => "from all countries together".into(),
        "ZZ" => "from unknown countries".into(),
        code => format!("from {}", places::name(code)),
    }
}

/// `Press TV, United Kingdom`.
pub(super) fn label(level: Level, key: &Key) -> String {
    let subject = subject(level, key);
    let mut letters = subject.chars();
    let subject = match letters.next() {
        Some(first) if level == Level::State => first.to_uppercase().collect::<String>() + letters.as_str(),
        _ => subject,
    };
    match key.country.as_str() {
        "" => subject,
        code => format!("{subject}, {}", places::plain(code)),
    }
}

/// `in the 7 days from 2023-10-07 to 2023-10-13`.
pub(super) fn stretch(alert: &Alert) -> String {
    let (from, to) = (moment(alert.onset, alert.step), moment(alert.end, alert.step));
    match (alert.periods, alert.step) {
        (1, Step::DAY) => format!("on {from}"),
        (1, step) => format!("in the {} of {from}", unit(step)),
        (n, step) => format!("in the {} {}s from {from} to {to}", number(n as f64), unit(step)),
    }
}

fn unit(step: Step) -> String {
    let name = step.name();
    if name.ends_with('s') { format!("period of {name}") } else { name }
}

/// Net of the reference outlets, in words.
pub(super) fn net(alert: &Alert) -> String {
    if !alert.net_lift.point.is_finite() {
        return "No reference outlets to compare with: it cannot be told from a rush to all news".into();
    }
    let moved = match alert.reference_lift {
        lift if !lift.is_finite() => String::new(),
        lift if lift < 0.0 => format!(", which fell {}%", percent(-lift)),
        lift => format!(", which rose {}%", percent(lift)),
    };
    let Estimate { low, high, .. } = alert.net_lift;
    let told = match alert.flags.contains(&Flag::NetIncludesZero) {
        true if low <= 0.0 && high >= 0.0 => {
            "; the interval holds zero, so it cannot be told from the rush to all news"
        }
        true => "; less than all news, so nothing of its own",
        false => "",
    };
    format!("Net of the reference outlets{moved}: {}{told}", estimate(alert.net_lift))
}

/// `on the day of`, `3 days after`, `1 to 3 days before`: words that an event follows.
pub(super) fn lag(first: i64, last: i64) -> String {
    let days = |n: i64| if n == 1 { "one day".to_string() } else { format!("{n} days") };
    match (first, last) {
        (0, 0) => "on the day of".into(),
        (a, b) if a == b && a > 0 => format!("{} after", days(a)),
        (a, b) if a == b => format!("{} before", days(-a)),
        (a, b) if a >= 0 => format!("{a} to {b} days after"),
        (a, b) if b <= 0 => format!("{} to {} days before", -b, -a),
        (a, b) => format!("from {} before to {} after", days(-a), days(b)),
    }
}

/// ` (text)`, or nothing for nothing.
pub(super) fn in_brackets(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" ({text})") }
}

/// An event near the onset. Never a cause.
pub(super) fn event(event: &Attribution) -> String {
    let chance = match event.coincidence {
        c if !c.is_finite() => String::new(),
        c => format!(" (a random date finds one as near {}% of the time)", percent(c)),
    };
    format!(
        "It began {} {}, {}{chance}",
        lag(event.lag_days, event.lag_days),
        isolated(&event.event),
        moment(event.date, Step::DAY)
    )
}

/// `still open`, or nothing.
pub(super) fn status(alert: &Alert) -> &'static str {
    if alert.status == Status::Open { "still open at the end of the data" } else { "" }
}

/// What a flag means to a reader.
pub(super) fn flag(name: &str, drop: bool) -> String {
    let meaning = match name {
        "displacement" if drop => "another domain of the outlet rose as this one fell away",
        "new_domain" => "no history to compare with",
        "partial_data" => "some periods are missing, filled or incomplete",
        "low_base" => "little traffic: a large percentage of a small number",
        "reference_moved" => "the reference outlets rose at the same time",
        "net_includes_zero" => "cannot be told from the rush to all news",
        "level_shift" => "the new level lasted and became normal",
        "single_period" => "one period only: as likely a bot as a campaign",
        "displacement" => "another domain of the outlet fell away as this one rose",
        "holiday" => "a public holiday in the readers' country",
        "blocked_in_country" => "one of its sites was blocked in the readers' country at the time",
        "outage" => "the readers' country was offline, in whole or in part, at the time",
        "drop" => "traffic fell",
        other => return other.replace('_', " "),
    };
    format!("{} ({meaning})", name.replace('_', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_few_digits_and_their_sign() {
        let of = |point, low, high| estimate(Estimate { point, low, high });
        assert_eq!(of(0.4215, 0.386, 0.463), "+42% [39, 46]");
        assert_eq!(of(0.0351, -0.012, 0.08), "+3.5% [−1.2, 8.0]");
        assert_eq!(of(12.4, f64::NAN, 14.0), "+1,240%");
        assert_eq!(of(-0.0001, -0.0001, 0.0), "0% [0, 0]");
        assert_eq!(of(f64::NAN, 0.0, 1.0), "unknown");
        assert_eq!(against_expected(Estimate { point: -0.5, low: -0.6, high: -0.4 }), "50% [40, 60] below expected");
        assert_eq!(against_expected(Estimate { point: 0.5, low: 0.4, high: 0.6 }), "50% [40, 60] above expected");
    }

    #[test]
    fn numbers_are_grouped() {
        let texts: Vec<String> = [1234567.0, 1234.5678, 12.345, 0.01234, 0.0, -5.0, f64::NAN].map(number).into();
        assert_eq!(texts, ["1,234,567", "1,235", "12.3", "0.0123", "0", "−5", "unknown"]);
    }

    #[test]
    fn lags_are_days_before_or_after() {
        let texts = [(0, 0), (1, 1), (-3, -3), (0, 2), (-4, -1), (-1, 3)].map(|(a, b)| lag(a, b));
        assert_eq!(
            texts,
            [
                "on the day of",
                "one day after",
                "3 days before",
                "0 to 2 days after",
                "1 to 4 days before",
                "from one day before to 3 days after"
            ]
        );
    }

    #[test]
    fn a_chance_is_never_rounded_to_nothing() {
        assert_eq!(chance("q", 0.0004), "q < 0.001");
        assert_eq!(chance("q", 0.0021), "q = 0.0021");
        assert_eq!(chance("q", f64::NAN), "");
    }
}
