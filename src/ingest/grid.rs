//! The grid that the stamps of all files lie on: its step, its first and last whole period.

use super::rows::{Row, Table};
use super::stamp::{Zone, show};
use crate::error::{Error, Result};
use crate::time::{Grid, Seconds, Step};
use foldhash::HashSet;

/// Distinct stamps of all files, and how fine those of each file are.
#[derive(Debug, Default)]
pub(super) struct Stamps {
    all: HashSet<Seconds>,
    /// A file whose stamps are all midnights, enough of them not to be chance.
    daily_file: Option<String>,
}

impl Stamps {
    /// Takes the stamps of a file in.
    pub(super) fn add(&mut self, table: &Table, zone: &Zone) {
        // Rows of one moment mostly stand together.
        let runs = table.rows.chunk_by(|a: &Row, b: &Row| a.time == b.time);
        let distinct: HashSet<Seconds> = runs.map(|run| run[0].time).collect();
        if distinct.len() > 2 && distinct.iter().all(|time| is_midnight(zone.wall(*time))) {
            self.daily_file.get_or_insert_with(|| table.name.clone());
        }
        self.all.extend(distinct);
    }

    /// Whether no row was kept.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    fn has_hours(&self, zone: &Zone) -> bool {
        self.all.iter().any(|time| !is_midnight(zone.wall(*time)))
    }

    fn walls(&self, zone: &Zone) -> Vec<Seconds> {
        let mut walls: Vec<Seconds> = self.all.iter().map(|time| zone.wall(*time)).collect();
        walls.sort_unstable();
        walls.dedup();
        walls
    }
}

fn is_midnight(wall: Seconds) -> bool {
    wall.rem_euclid(Step::DAY.seconds()) == 0
}

/// How moments are put into periods. From days on, periods are those of the wall clock, written as if it were UTC:
/// a day of 23 or 25 hours is one period.
#[derive(Clone, Debug)]
pub(super) struct Periods {
    pub(super) step: Step,
    /// Start of some period: weeks may begin on any weekday.
    pub(super) anchor: Seconds,
    pub(super) zone: Zone,
}

impl Periods {
    /// Start of the period that holds a moment.
    pub(super) fn start(&self, time: Seconds) -> Seconds {
        let time = self.label(time);
        time - (time - self.anchor).rem_euclid(self.step.seconds())
    }

    /// The moment as the grid counts it.
    pub(super) fn label(&self, time: Seconds) -> Seconds {
        if self.step >= Step::DAY { self.zone.wall(time) } else { time }
    }
}

/// The grid, and what was left out at its ends.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) periods: Periods,
    pub(super) grid: Grid,
    pub(super) partial_last: Option<Seconds>,
    pub(super) notes: Vec<String>,
}

/// Finds the step: the coarsest that one of the files needs, of week, day, hour; or checks the one asked for.
pub(super) fn periods(stamps: &Stamps, every: Option<Step>, zone: &Zone) -> Result<Periods> {
    let walls = stamps.walls(zone);
    let daily = stamps.daily_file.is_some() || walls.iter().all(|wall| is_midnight(*wall));
    let weekly =
        daily && walls.len() > 2 && walls.windows(2).all(|pair| (pair[1] - pair[0]) % Step::WEEK.seconds() == 0);
    if daily && walls.len() > 2 && walls.iter().all(|wall| show(*wall).ends_with("-01")) {
        return Err(Error::input("the stamps are monthly; expected hours, days or weeks"));
    }
    let native = if weekly {
        Step::WEEK
    } else if daily {
        Step::DAY
    } else {
        Step::HOUR
    };
    let step = every.unwrap_or(native);
    if step < native && native > Step::HOUR {
        let (is, asked) = (native.name(), step.name());
        let file = stamps.daily_file.clone().map_or(String::new(), |file| format!(" ({file})"));
        return Err(Error::usage(format!("the stamps are one a {is}{file}: they cannot be spread over every {asked}")));
    }
    let monday = Step::WEEK.floor(0);
    let anchor = match walls.first() {
        Some(first) if step == Step::WEEK && weekly => *first,
        _ if step.seconds() % Step::WEEK.seconds() == 0 => monday,
        // Hours of a zone with half an hour of offset.
        Some(_) if step < Step::DAY => common_remainder(&stamps.all, step).unwrap_or(0),
        _ => 0,
    };
    Ok(Periods { step, anchor, zone: zone.clone() })
}

/// What all moments leave when divided by the step, if that is the same for all.
fn common_remainder(times: &HashSet<Seconds>, step: Step) -> Option<Seconds> {
    let mut remainders = times.iter().map(|time| time.rem_euclid(step.seconds()));
    let first = remainders.next()?;
    remainders.all(|remainder| remainder == first).then_some(first)
}

/// Lays the grid over the stamps, and takes periods off its ends that the data do not fill.
pub(super) fn lay(stamps: &Stamps, periods: Periods, now: Option<Seconds>) -> Result<Found> {
    let mut labels: Vec<Seconds> = stamps.all.iter().map(|time| periods.label(*time)).collect();
    labels.sort_unstable();
    labels.dedup();
    let mut notes = Vec::new();
    if let (Some(file), true) = (&stamps.daily_file, stamps.has_hours(&periods.zone)) {
        notes.push(format!("{file} has one value a day, so the hours of other files are summed to days"));
    }
    let (Some(first), Some(last)) = (labels.first().copied(), labels.last().copied()) else {
        return Err(Error::input(super::NOTHING_IN_TIME));
    };
    let step = periods.step.seconds();
    let floor = |label: Seconds| label - (label - periods.anchor).rem_euclid(step);
    let (mut start, mut end) = (floor(first), floor(last) + step);
    let mut partial_last = None;
    let name = |start: Seconds| format!("{} {}", periods.step.name(), show(start));
    if let Some(tolerance) = tolerance(&labels, &periods) {
        if first > start + tolerance {
            notes.push(format!("first {} incomplete (data begin at {}), left out", name(start), show(first)));
            start += step;
        }
        if last + tolerance < end {
            end -= step;
            partial_last = Some(end);
            notes.push(format!("last {} incomplete (data stop at {}), left out", name(end), show(last)));
        }
    }
    if let Some(now) = now.map(|now| periods.label(now)) {
        let whole = floor(now);
        if whole < end {
            partial_last = Some(whole);
            notes.push(format!("{} is not over at {}, left out", name(whole), show(now)));
            end = whole;
        }
    }
    if end <= start {
        return Err(Error::input(format!(
            "no whole {} of data between {} and {}",
            periods.step.name(),
            show(first),
            show(last)
        )));
    }
    let filled: HashSet<Seconds> = labels.iter().map(|label| floor(*label)).collect();
    let len = (end - start) / step;
    if len > 10_000 && len / 20 > filled.len() as i64 {
        return Err(Error::input(format!(
            "the data stretch from {} to {} with rows in {} of {len} periods: is a date wrong? choose with --from and --to",
            show(first),
            show(last),
            filled.len()
        )));
    }
    let grid = Grid { start, step: periods.step, len: len as usize };
    Ok(Found { periods, grid, partial_last, notes })
}

/// How far short of a period's end data may stop and still fill it; `None` if the stamps are no finer than the grid.
/// Stamps of single requests have no step of their own: half an hour of a day without any is taken as filled.
fn tolerance(labels: &[Seconds], periods: &Periods) -> Option<Seconds> {
    let step = periods.step.seconds();
    let native = labels.iter().fold(0, |divisor, label| gcd(divisor, (label - periods.anchor).rem_euclid(step)));
    (native != 0).then(|| gcd(native, step).max(step / 48))
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(times: &[Seconds], every: Option<Step>, zone: Option<&str>, now: Option<Seconds>) -> Result<Found> {
        let zone = Zone::named(zone)?;
        let stamps = Stamps { all: times.iter().copied().collect(), daily_file: None };
        lay(&stamps, periods(&stamps, every, &zone)?, now)
    }

    const DAY: i64 = 86_400;

    #[test]
    fn the_step_is_the_finest_that_the_stamps_need() {
        let step = |times: &[i64]| found(times, None, None, None).unwrap().grid.step;
        assert_eq!(step(&[0, DAY, 5 * DAY]), Step::DAY);
        assert_eq!(step(&[0, 7 * DAY, 21 * DAY]), Step::WEEK);
        assert_eq!(step(&[0, 3_600, 7_200]), Step::HOUR);
        assert_eq!(step(&[0]), Step::DAY);
    }

    #[test]
    fn weeks_begin_where_the_data_say() {
        let sundays = found(&[3 * DAY, 10 * DAY, 17 * DAY], None, None, None).unwrap();
        assert_eq!((sundays.grid.start, sundays.grid.len), (3 * DAY, 3));
        // 1970-01-05 was a Monday.
        let days: Vec<i64> = (4..18).map(|day| day * DAY).collect();
        let weeks = found(&days, Some(Step::WEEK), None, None).unwrap();
        assert_eq!((weeks.grid.start, weeks.grid.len, weeks.partial_last), (4 * DAY, 2, None));
    }

    #[test]
    fn periods_that_the_data_do_not_fill_are_left_out_and_noted() {
        let hours: Vec<i64> = (5..60).map(|hour| hour * 3_600).collect();
        let days = found(&hours, Some(Step::DAY), None, None).unwrap();
        assert_eq!((days.grid.start, days.grid.len), (DAY, 1));
        assert_eq!(days.partial_last, Some(2 * DAY));
        assert_eq!(days.notes[1], "last day 1970-01-03 incomplete (data stop at 1970-01-03T11:00:00Z), left out");
        let whole: Vec<i64> = (0..48).map(|hour| hour * 3_600).collect();
        let days = found(&whole, Some(Step::DAY), None, None).unwrap();
        assert_eq!((days.grid.len, days.partial_last), (2, None));
        assert!(found(&hours[..3], Some(Step::DAY), None, None).is_err());
    }

    #[test]
    fn the_period_that_holds_now_is_left_out() {
        let days = [0, DAY, 2 * DAY];
        let before = found(&days, None, None, Some(2 * DAY + 5)).unwrap();
        assert_eq!((before.grid.len, before.partial_last), (2, Some(2 * DAY)));
        assert_eq!(found(&days, None, None, Some(3 * DAY)).unwrap().grid.len, 3);
    }

    #[test]
    fn days_of_23_and_25_hours_are_one_period_each() {
        for (date, hours) in [("2023-03-26", 23), ("2023-10-29", 25)] {
            let zone = Zone::named(Some("Europe/Berlin")).unwrap();
            let super::super::stamp::Place::Once(start) = zone.place(super::super::stamp::parse(date).unwrap()) else {
                panic!()
            };
            let times: Vec<i64> = (0..hours).map(|hour| start + hour * 3_600).collect();
            let found = found(&times, Some(Step::DAY), Some("Europe/Berlin"), None).unwrap();
            assert_eq!((found.grid.len, show(found.grid.start)), (1, date.into()));
        }
    }

    #[test]
    fn hours_of_a_zone_with_half_an_hour_keep_their_start() {
        let times: Vec<i64> = (0..30).map(|hour| hour * 3_600 + 1_800).collect();
        let hours = found(&times, None, Some("Asia/Tehran"), None).unwrap();
        assert_eq!((hours.grid.start, hours.grid.len, hours.notes.len()), (1_800, 30, 0));
    }

    #[test]
    fn days_cannot_be_spread_over_hours_and_months_are_refused() {
        assert!(found(&[0, DAY], Some(Step::HOUR), None, None).unwrap_err().is_usage());
        assert!(found(&[0, 31 * DAY, 59 * DAY], None, None, None).unwrap_err().to_string().contains("monthly"));
    }
}
