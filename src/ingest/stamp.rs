//! Time stamps as they are found in tables, and the time zone that those without one are read in.

use crate::error::{Error, Result};
use crate::time::Seconds;
use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, TimeZone};

const DAY: i64 = 86_400;

/// A time stamp as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stamp {
    /// With a zone or offset, or counted from 1970: one moment.
    Instant(Seconds),
    /// What clocks on the wall showed, in seconds as if the wall were in UTC.
    Civil {
        /// Seconds since 1970-01-01T00:00:00 on the wall.
        wall: Seconds,
        /// Whether only a day (or a week) was written.
        date_only: bool,
    },
}

/// What a stamp must look like, for error messages.
pub const EXPECTED: &str = "a date such as 2023-10-07 or 2023-10-07T13:00:00Z";

/// Reads ISO dates and date-times (with or without zone), `YYYYMMDD`, `YYYYMMDDHH[MM[SS]]`, `YYYY/MM/DD`, ISO weeks
/// (`2023-W40`, its Monday) and seconds, milliseconds or microseconds since 1970.
///
/// ```
/// # use floodmark::ingest::stamp::{parse, Stamp};
/// assert_eq!(parse("1970-01-02"), Some(Stamp::Civil { wall: 86_400, date_only: true }));
/// assert_eq!(parse("1970-01-01T02:00+01:00"), Some(Stamp::Instant(3_600)));
/// assert_eq!(parse("1980010101"), Some(Stamp::Civil { wall: 315_536_400, date_only: false }));
/// assert_eq!(parse("2023-02-30"), None);
/// ```
pub fn parse(text: &str) -> Option<Stamp> {
    let text = text.trim();
    let bytes = text.as_bytes();
    if bytes.is_empty() || !text.is_ascii() {
        return None;
    }
    if bytes.iter().all(|b| b.is_ascii_digit() || *b == b'.') {
        return counted(text);
    }
    if let Some(stamp) = iso_week(text) {
        return Some(stamp);
    }
    let (days, rest) = date(bytes)?;
    match rest.split_first() {
        None => Some(Stamp::Civil { wall: days * DAY, date_only: true }),
        Some((b'T' | b't' | b' ', rest)) => clock_time(days * DAY, rest),
        Some(_) => None,
    }
}

/// Digits alone: a date without hyphens, or a count from 1970.
fn counted(text: &str) -> Option<Stamp> {
    let whole = text.strip_suffix(".0").unwrap_or(text);
    let bytes = whole.as_bytes();
    if let (8 | 10 | 12 | 14, Some(wall)) = (bytes.len(), compact(bytes)) {
        return Some(Stamp::Civil { wall, date_only: bytes.len() == 8 });
    }
    let (seconds, fraction) = whole.split_once('.').unwrap_or((whole, ""));
    let number: i64 = seconds.parse().ok()?;
    match (seconds.len(), fraction.is_empty()) {
        (9 | 10, _) => Some(Stamp::Instant(number)),
        (12 | 13, true) => Some(Stamp::Instant(number.div_euclid(1_000))),
        (15 | 16, true) => Some(Stamp::Instant(number.div_euclid(1_000_000))),
        _ => None,
    }
}

/// `YYYYMMDD[HH[MM[SS]]]` between 1980 and 2099.
fn compact(bytes: &[u8]) -> Option<Seconds> {
    let part = |from: usize| bytes.get(from..from + 2).map_or(Some(0), number);
    let year = number(bytes.get(0..4)?)?;
    if !(1980..2100).contains(&year) {
        return None;
    }
    let days = days(year, part(4)?, part(6)?)?;
    Some(days * DAY + seconds_of_day(part(8)?, part(10)?, part(12)?)?)
}

/// `2023-W40`, `2023W40`, `2023-W40-3`.
fn iso_week(text: &str) -> Option<Stamp> {
    let (year, rest) = text.split_once(['W', 'w'])?;
    let year = number(year.strip_suffix('-').unwrap_or(year).as_bytes())?;
    let (week, weekday) = rest.split_once('-').unwrap_or((rest, "1"));
    if week.len() != 2 || weekday.len() != 1 {
        return None;
    }
    let (week, weekday) = (number(week.as_bytes())?, number(weekday.as_bytes())?);
    let january_4 = days(year, 1, 4)?;
    let monday = january_4 - (january_4 + 3).rem_euclid(7);
    let day = monday + (week - 1) * 7;
    // The week belongs to the year that holds its Thursday.
    let thursday_in_year = (days(year, 1, 1)?..days(year + 1, 1, 1)?).contains(&(day + 3));
    ((1..=7).contains(&weekday) && week >= 1 && thursday_in_year)
        .then_some(Stamp::Civil { wall: (day + weekday - 1) * DAY, date_only: true })
}

/// `YYYY-MM-DD`, `YYYY/MM/DD` or `YYYYMMDD` at the front: days since 1970 and what follows.
fn date(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let year = number(bytes.get(0..4)?)?;
    let separator = *bytes.get(4)?;
    if separator == b'-' || separator == b'/' {
        let (month, day) = (number(bytes.get(5..7)?)?, number(bytes.get(8..10)?)?);
        return (bytes[7] == separator).then_some((days(year, month, day)?, &bytes[10..]));
    }
    Some((days(year, number(bytes.get(4..6)?)?, number(bytes.get(6..8)?)?)?, &bytes[8..]))
}

/// `HH[:MM[:SS[.fraction]]]` and a zone, after a midnight.
fn clock_time(midnight: Seconds, bytes: &[u8]) -> Option<Stamp> {
    let hour = number(bytes.get(0..2)?)?;
    let mut rest = &bytes[2..];
    let mut next = || -> Option<i64> {
        match rest {
            // `T001500Z`, without colons.
            [a @ b'0'..=b'9', b @ b'0'..=b'9', tail @ ..] => {
                rest = tail;
                number(&[*a, *b])
            }
            [b':', a, b, tail @ ..] => {
                rest = tail;
                number(&[*a, *b])
            }
            [b':', ..] => None,
            _ => Some(0),
        }
    };
    let (minute, second) = (next()?, next()?);
    if let [b'.' | b',', tail @ ..] = rest {
        let digits = tail.iter().take_while(|b| b.is_ascii_digit()).count();
        rest = if digits == 0 { return None } else { &tail[digits..] };
    }
    let wall = midnight + seconds_of_day(hour, minute, second.min(59))?;
    let zone = rest.trim_ascii_start();
    if zone.is_empty() {
        return Some(Stamp::Civil { wall, date_only: false });
    }
    offset(zone).map(|offset| Stamp::Instant(wall - offset))
}

/// `Z`, `UTC`, `GMT`, `+HH`, `+HHMM`, `+HH:MM` in seconds east of Greenwich.
fn offset(zone: &[u8]) -> Option<i64> {
    let (sign, digits) = match zone {
        b"Z" | b"z" | b"UTC" | b"GMT" => return Some(0),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits {
        [a, b] => (number(&[*a, *b])?, 0),
        [a, b, c, d] | [a, b, b':', c, d] => (number(&[*a, *b])?, number(&[*c, *d])?),
        _ => return None,
    };
    (hours <= 15 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// No part of a stamp has more than four digits.
fn number(digits: &[u8]) -> Option<i64> {
    let more = |n: i64, b: &u8| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0'));
    if digits.len() > 4 { None } else { digits.iter().try_fold(0, more) }
}

fn seconds_of_day(hour: i64, minute: i64, second: i64) -> Option<i64> {
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3_600 + minute * 60 + second)
}

/// Days since 1970-01-01 of a date of the Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms").
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// `2023-10-07` or `2023-10-07T13:00:00Z`: the short form of a moment for messages.
pub fn show(time: Seconds) -> String {
    match Timestamp::from_second(time) {
        Ok(moment) if time.rem_euclid(DAY) == 0 => moment.strftime("%Y-%m-%d").to_string(),
        Ok(moment) => moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Err(_) => time.to_string(),
    }
}

/// First and last-but-exclusive second of what a user named: a day, an hour, a moment. For `--from`, `--to`, `--now`.
///
/// # Errors
/// Not a date.
pub fn moment(text: &str) -> Result<(Seconds, Seconds)> {
    if let Some(span) = crate::calendar::span(text.trim()) {
        return Ok(span);
    }
    match parse(text) {
        Some(Stamp::Civil { wall, date_only: true }) => Ok((wall, wall + DAY)),
        Some(Stamp::Instant(time) | Stamp::Civil { wall: time, .. }) => Ok((time, time + 1)),
        None => Err(Error::usage(format!("found '{text}', expected {EXPECTED}"))),
    }
}

/// Where a stamp lies on the axis of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At one moment.
    Once(Seconds),
    /// The clocks were set back: the hour came twice.
    Twice(Seconds, Seconds),
    /// The clocks were set forward and never showed this hour: the moment as if they had not been.
    Never(Seconds),
}

/// The zone of stamps that carry none; UTC unless told otherwise.
#[derive(Clone, Debug, Default)]
pub struct Zone(Option<TimeZone>);

impl Zone {
    /// The zone of an IANA name (`Europe/Berlin`); `None` and `UTC` are UTC.
    ///
    /// # Errors
    /// No such zone.
    pub fn named(name: Option<&str>) -> Result<Zone> {
        match name {
            None | Some("UTC") => Ok(Zone(None)),
            Some(name) => TimeZone::get(name)
                .map(|zone| Zone(Some(zone)))
                .map_err(|_| Error::usage(format!("no time zone '{name}'; expected a name such as Europe/Berlin"))),
        }
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        self.0.as_ref().and_then(TimeZone::iana_name).unwrap_or("UTC")
    }

    /// Puts a stamp on the axis of time.
    pub fn place(&self, stamp: Stamp) -> Place {
        let (wall, date_only) = match stamp {
            Stamp::Instant(time) => return Place::Once(time),
            Stamp::Civil { wall, date_only } => (wall, date_only),
        };
        let Some(zone) = &self.0 else { return Place::Once(wall) };
        let Ok(moment) = Timestamp::from_second(wall) else { return Place::Once(wall) };
        let civil = moment.to_zoned(TimeZone::UTC).datetime();
        match zone.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => Place::Once(wall - i64::from(offset.seconds())),
            AmbiguousOffset::Gap { before, .. } if date_only => Place::Once(wall - i64::from(before.seconds())),
            AmbiguousOffset::Gap { before, .. } => Place::Never(wall - i64::from(before.seconds())),
            AmbiguousOffset::Fold { before, .. } if date_only => Place::Once(wall - i64::from(before.seconds())),
            AmbiguousOffset::Fold { before, after } => {
                Place::Twice(wall - i64::from(before.seconds()), wall - i64::from(after.seconds()))
            }
        }
    }

    /// What the clocks on the wall showed at a moment, in seconds as if the wall were in UTC.
    pub fn wall(&self, time: Seconds) -> Seconds {
        match (&self.0, Timestamp::from_second(time)) {
            (Some(zone), Ok(moment)) => time + i64::from(zone.to_offset(moment).seconds()),
            _ => time,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_of_twenty_digits_is_no_week() {
        assert_eq!(parse("20169777777777777777777-W17"), None);
        assert_eq!(parse("20169777777777777777777w17"), None);
        assert!(civil("2023-W17").is_some());
    }

    fn civil(text: &str) -> Option<i64> {
        match parse(text) {
            Some(Stamp::Civil { wall, .. }) => Some(wall),
            _ => None,
        }
    }

    fn instant(text: &str) -> Option<i64> {
        match parse(text) {
            Some(Stamp::Instant(time)) => Some(time),
            _ => None,
        }
    }

    // 2023-10-07T00:00:00Z = 1696636800 by `date -d`.
    const OCTOBER_7: i64 = 1_696_636_800;

    #[test]
    fn every_common_way_to_write_a_day_is_read() {
        for text in [
            "2023-10-07",
            "2023/10/07",
            "20231007",
            " 2023-10-07 ",
            "2023-10-07 00:00:00",
            "2023-10-07T00",
            "20231007T0000",
        ] {
            assert_eq!(civil(text), Some(OCTOBER_7), "{text}");
        }
        assert_eq!(civil("2023100713"), Some(OCTOBER_7 + 13 * 3_600));
        assert_eq!(civil("2023-10-07 13:05:09.250"), Some(OCTOBER_7 + 13 * 3_600 + 309));
        assert_eq!(civil("2023-W40"), Some(OCTOBER_7 - 5 * DAY));
        assert_eq!(civil("2020-W53"), civil("2020-12-28"));
    }

    #[test]
    fn moments_with_a_zone_and_counts_from_1970_are_read() {
        for text in [
            "20231007T000000Z",
            "2023-10-07T00:00:00Z",
            "2023-10-07 00:00 UTC",
            "2023-10-07T03:30:00+03:30",
            "2023-10-06T20:00-0400",
            "1696636800",
            "1696636800000",
            "1696636800000000",
            "1696636800.0",
            "1696636800.25",
        ] {
            assert_eq!(instant(text), Some(OCTOBER_7), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "x",
            "2023-02-29",
            "2023-13-01",
            "07.10.2023",
            "10/07/2023",
            "2023-10",
            "2023-10-07T25:00",
            "2023-10-07x",
            "2023-10-07T1:00",
            "12",
            "2021-W53",
            "2023-W00",
            "2023-10-07T10:00:00+99",
            "٢٠٢٣-10-07",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn days_agree_with_another_calendar_over_a_century() {
        let mut date = jiff::civil::date(1969, 12, 31);
        for expected in -1..40_000 {
            let text = date.to_string();
            assert_eq!(civil(&text), Some(expected * DAY), "{text}");
            date = date.tomorrow().unwrap();
        }
    }

    #[test]
    fn hours_that_come_twice_or_never_are_told_apart() {
        let berlin = Zone::named(Some("Europe/Berlin")).unwrap();
        let place = |text: &str| berlin.place(parse(text).unwrap());
        assert_eq!(place("2023-07-01T12:00"), Place::Once(instant("2023-07-01T10:00Z").unwrap()));
        let twice = Place::Twice(instant("2023-10-29T00:30Z").unwrap(), instant("2023-10-29T01:30Z").unwrap());
        assert_eq!(place("2023-10-29T02:30"), twice);
        assert_eq!(place("2023-03-26T02:30"), Place::Never(instant("2023-03-26T01:30Z").unwrap()));
        assert_eq!(place("2023-10-29T02:30Z"), Place::Once(instant("2023-10-29T02:30Z").unwrap()));
        assert!(Zone::named(Some("Mars/Olympus")).unwrap_err().is_usage());
    }

    #[test]
    fn the_wall_shows_local_time() {
        let tehran = Zone::named(Some("Asia/Tehran")).unwrap();
        assert_eq!(tehran.wall(OCTOBER_7), OCTOBER_7 + 12_600);
        assert_eq!(Zone::default().wall(OCTOBER_7), OCTOBER_7);
    }

    #[test]
    fn a_moment_of_the_user_is_a_span() {
        assert_eq!(moment("2023-10-07").unwrap(), (OCTOBER_7, OCTOBER_7 + DAY));
        assert_eq!(moment("2023-10-07T06:00Z").unwrap().0, OCTOBER_7 + 21_600);
        assert!(moment("yesterday").unwrap_err().is_usage());
        assert_eq!((show(OCTOBER_7), show(OCTOBER_7 + 1)), ("2023-10-07".into(), "2023-10-07T00:00:01Z".into()));
    }
}
