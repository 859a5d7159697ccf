//! Stretches of days and how sources want them written.

use crate::time::{Seconds, Step};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// From the start of a day to the start of another one, both days included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) from: Seconds,
    pub(super) to: Seconds,
}

impl Range {
    /// The first second after the range.
    pub(super) fn end(self) -> Seconds {
        self.to + Step::DAY.seconds()
    }

    /// Whether a moment lies in the range.
    pub(super) fn holds(self, time: Seconds) -> bool {
        (self.from..self.end()).contains(&time)
    }

    /// The days, in order.
    pub(super) fn days(self) -> impl Iterator<Item = Seconds> {
        (self.from..=self.to).step_by(Step::DAY.seconds() as usize)
    }

    /// Cut at the ends of calendar years: pieces that are the same whichever day is asked for, so that the cache
    /// knows those that are over.
    pub(super) fn years(self) -> Vec<Range> {
        self.cut(|date| Date::new(date.year(), 12, 31).ok())
    }

    /// Cut at the ends of calendar quarters.
    pub(super) fn quarters(self) -> Vec<Range> {
        self.cut(|date| {
            let month = (date.month() - 1) / 3 * 3 + 3;
            Date::new(date.year(), month, 1).ok().map(Date::last_of_month)
        })
    }

    fn cut(self, last: impl Fn(Date) -> Option<Date>) -> Vec<Range> {
        let mut pieces = Vec::new();
        let mut from = self.from;
        while from <= self.to {
            let end = date(from).and_then(&last).and_then(midnight);
            let to = end.unwrap_or(self.to).clamp(from, self.to);
            pieces.push(Range { from, to });
            from = to + Step::DAY.seconds();
        }
        pieces
    }
}

fn date(time: Seconds) -> Option<Date> {
    Some(Timestamp::from_second(time).ok()?.to_zoned(TimeZone::UTC).date())
}

fn midnight(date: Date) -> Option<Seconds> {
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

/// `2023-10-07`.
pub(super) fn dashed(time: Seconds) -> String {
    written(time, "%Y-%m-%d")
}

/// `20231007`.
pub(super) fn compact(time: Seconds) -> String {
    written(time, "%Y%m%d")
}

/// `2023-10`.
pub(super) fn month(time: Seconds) -> String {
    written(time, "%Y-%m")
}

/// `2023-10-07T05:00:00Z`.
pub(super) fn stamp(time: Seconds) -> String {
    written(time, "%Y-%m-%dT%H:%M:%SZ")
}

fn written(time: Seconds, form: &str) -> String {
    Timestamp::from_second(time).map_or(String::new(), |stamp| stamp.strftime(form).to_string())
}

/// Reads `20231007`, `2023100705`, `20231007T050000Z`, `2023-10-07` or a full time stamp.
pub(super) fn parse(text: &str) -> Option<Seconds> {
    let text = text.trim();
    if let Ok(stamp) = text.parse::<Timestamp>() {
        return Some(stamp.as_second());
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let part = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<i16>().ok());
    let day = Date::new(part(0, 4)?, part(4, 6)? as i8, part(6, 8)? as i8).ok()?;
    let (hour, minute) = (part(8, 10).unwrap_or(0), part(10, 12).unwrap_or(0));
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || digits.len() > 14 {
        return None;
    }
    midnight(day).map(|start| start + i64::from(hour) * 3600 + i64::from(minute) * 60)
}

/// Seconds until an HTTP date (`Wed, 21 Oct 2015 07:28:00 GMT`).
pub(super) fn until(http_date: &str, now: Seconds) -> Option<u64> {
    let stamp = jiff::fmt::rfc2822::parse(http_date).ok()?.timestamp();
    Some(stamp.as_second().saturating_sub(now).max(0) as u64)
}

/// The start of the day so many days before.
pub(super) fn before(time: Seconds, days: i64) -> Seconds {
    Timestamp::from_second(time)
        .and_then(|t| t.checked_sub(Span::new().hours(24 * days)))
        .map_or(time, Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: &str, to: &str) -> Range {
        Range { from: parse(from).expect("a day"), to: parse(to).expect("a day") }
    }

    #[test]
    fn pieces_join_up_to_the_whole() {
        let whole = range("2022-11-30", "2024-02-29");
        let pieces = whole.years();
        assert_eq!(
            pieces,
            [range("2022-11-30", "2022-12-31"), range("2023-01-01", "2023-12-31"), range("2024-01-01", "2024-02-29")]
        );
        let quarters = whole.quarters();
        assert_eq!(quarters.len(), 6);
        assert_eq!(quarters.iter().map(|q| q.days().count()).sum::<usize>(), whole.days().count());
    }

    #[test]
    fn stamps_of_every_source_are_read() {
        for text in ["20231007", "2023-10-07", "2023100700", "20231007T000000Z", "2023-10-07T00:00:00Z"] {
            assert_eq!(parse(text), Some(1_696_636_800), "{text}");
        }
        assert_eq!(parse("2023100705"), Some(1_696_636_800 + 5 * 3600));
        for text in ["", "2023", "20231307", "2023100725", "soon"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(until("Sat, 07 Oct 2023 00:00:30 GMT", 1_696_636_800), Some(30));
        assert_eq!(until("Fri, 06 Oct 2023 00:00:30 GMT", 1_696_636_800), Some(0));
    }
}
