//! Ticks of the small charts, and numbers and dates as a reader likes them.

use crate::time::{Seconds, Step};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

/// Round values from 0 to `high`, about five: steps of 1, 2 or 5 times a power of ten.
pub(super) fn values(high: f64) -> Vec<f64> {
    let raw = high / 5.0;
    if !(raw.is_finite() && raw > 0.0) {
        return vec![0.0];
    }
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|step| *step >= raw).unwrap_or(power * 10.0);
    (0..=8).map(|i| f64::from(i) * step).take_while(|value| *value <= high * (1.0 + 1e-9)).collect()
}

/// A number in few letters: `950`, `12.5k`, `3M`, `0.05`.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    let (unit, name) = match size {
        s if s >= 1e15 => return format!("{value:.0e}"),
        s if s >= 1e12 => (1e12, "T"),
        s if s >= 1e9 => (1e9, "bn"),
        s if s >= 1e6 => (1e6, "M"),
        s if s >= 1e4 => (1e3, "k"),
        s if s >= 1e-4 || s == 0.0 => (1.0, ""),
        _ => return format!("{value:.0e}"),
    };
    let scaled = value / unit;
    let decimals = match scaled.abs() {
        s if s >= 100.0 || s.fract() == 0.0 => 0,
        s if s >= 1.0 => 1,
        s if s > 0.0 => (1.0 - s.log10().floor()).clamp(1.0, 6.0) as usize,
        _ => 0,
    };
    let text = format!("{scaled:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{name}")
}

fn civil(at: Seconds) -> DateTime {
    Timestamp::from_second(at).map(|stamp| Offset::UTC.to_datetime(stamp)).unwrap_or_default()
}

/// At most about `most` moments within `from..to` with their labels: years, months, weeks or hours.
pub(super) fn dates(from: Seconds, to: Seconds, most: i64) -> Vec<(Seconds, String)> {
    let span = (to - from).max(1);
    let day = Step::DAY.seconds();
    let months = [1, 2, 3, 6, 12, 24, 60, 120, 1200].into_iter().find(|m| span / (m * 30 * day) <= most);
    let seconds = [3_600, 10_800, 21_600, 43_200, day, 2 * day, 7 * day, 14 * day].into_iter();
    match seconds.into_iter().find(|step| span / step <= most) {
        Some(step) => {
            // Weeks begin on Monday; 1970-01-05 was one.
            let origin = if step >= 7 * day { 4 * day } else { 0 };
            let first = (from - origin).div_euclid(step) * step + origin;
            let moments = (0..=most + 2).map(|i| first + i * step).filter(|at| (from..to).contains(at));
            let format = if step < day { "%-d %b %H:%M" } else { "%-d %b" };
            moments.map(|at| (at, civil(at).strftime(format).to_string())).collect()
        }
        None => months_between(from, to, months.unwrap_or(1200)),
    }
}

fn months_between(from: Seconds, to: Seconds, step: i64) -> Vec<(Seconds, String)> {
    let (first, last) = (i64::from(civil(from).year()), i64::from(civil(to).year()));
    let every = if step >= 12 { step / 12 } else { 1 };
    let years = (first..=last).filter(|year| year.rem_euclid(every) == 0);
    let starts = years.flat_map(|year| (1..=12).filter(|m| (m - 1) % step.min(12) == 0).map(move |m| (year, m)));
    let moment = |(year, month): (i64, i64)| {
        let date = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, 1).ok()?;
        let at = Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?.as_second();
        let format = if month == 1 { "%Y" } else { "%b" };
        (from..to).contains(&at).then(|| (at, date.strftime(format).to_string()))
    };
    starts.filter_map(moment).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OCTOBER: i64 = 1_696_118_400; // 2023-10-01
    const DAY: i64 = 86_400;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(values(430.0), [0.0, 100.0, 200.0, 300.0, 400.0]);
        assert_eq!(values(140.0), [0.0, 50.0, 100.0]);
        for high in [0.0, f64::NAN, f64::INFINITY, -1.0] {
            assert_eq!(values(high), [0.0]);
        }
    }

    #[test]
    fn numbers_are_short() {
        let texts: Vec<String> = [0.0, 950.0, 12_500.0, 3e6, 0.05, 0.125, -1_234.0, 1e-9].map(short).into();
        assert_eq!(texts, ["0", "950", "12.5k", "3M", "0.05", "0.12", "-1234", "1e-9"]);
    }

    #[test]
    fn dates_follow_the_span() {
        let labels = |days: i64| dates(OCTOBER, OCTOBER + days * DAY, 6).into_iter().map(|t| t.1).collect::<Vec<_>>();
        assert_eq!(labels(2)[..2], ["1 Oct 00:00", "1 Oct 12:00"]);
        assert_eq!(labels(30), ["2 Oct", "9 Oct", "16 Oct", "23 Oct", "30 Oct"]);
        assert_eq!(labels(182), ["Oct", "Nov", "Dec", "2024", "Feb", "Mar"]);
        assert_eq!(labels(3_652), ["2024", "2026", "2028", "2030", "2032"]);
        assert!(labels(400_000).len() <= 12);
    }
}
