//! Dated events: `date,end,name,states,countries,kind,source`, lists joined by `+`.
//!
//! The calendar that ships with the program is `datasets/events.csv`; more files may be added. Days are given as
//! `YYYY-MM-DD` and mean the start of that day, UTC.

use crate::alert::Event;
use crate::baseline::holiday::Holiday;
use crate::error::{Error, Result};
use crate::time::{Seconds, Step};
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use std::path::Path;

/// The events that ship with the program.
const BUILTIN: &str = include_str!("../datasets/events.csv");

/// The events that ship with the program, sorted by date and name.
pub fn builtin() -> Result<Vec<Event>> {
    parse(BUILTIN, "datasets/events.csv")
}

/// First twelve hexadecimal digits of the SHA-256 of the calendar that ships with the program.
pub fn builtin_version() -> String {
    Sha256::digest(BUILTIN).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a file of events.
///
/// # Errors
/// The file cannot be read; a column is missing; a date, code or name is wrong: with line and column.
pub fn read(path: &Path) -> Result<Vec<Event>> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| Error::io("cannot read the events", e).in_file(&name))?;
    parse(&text, &name)
}

/// The events of a text, sorted by date and name; `file` names it in errors.
pub fn parse(text: &str, file: &str) -> Result<Vec<Event>> {
    let mut events: Vec<Event> = Vec::new();
    let table = Records::new(text, file, &["date", "name"])?;
    for record in table.rows() {
        events.push(event(&record?)?);
    }
    sort(&mut events);
    Ok(events)
}

/// Reads a file of public holidays: `date,country,name` (or `holiday` for `name`); an empty country is everywhere.
///
/// # Errors
/// The file cannot be read; a column is missing; a date, code or name is wrong: with line and column.
pub fn holidays(path: &Path) -> Result<Vec<Holiday>> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| Error::io("cannot read the holidays", e).in_file(&name))?;
    parse_holidays(&text, &name)
}

/// The holidays of a text, sorted, each once; `file` names it in errors.
pub fn parse_holidays(text: &str, file: &str) -> Result<Vec<Holiday>> {
    let table = Records::new(text, file, &["date", "country"])?;
    let Some(column) = ["name", "holiday"].into_iter().find(|name| table.header.iter().any(|h| h == name)) else {
        let message = format!("no column 'name' (or 'holiday'); found: {}", table.header.join(", "));
        return Err(Error::input(message).in_file(file).at_line(1));
    };
    let mut holidays = Vec::new();
    for row in table.rows() {
        let row = row?;
        let date = row.day("date")?.ok_or_else(|| row.fault("date", "found nothing, expected YYYY-MM-DD"))?;
        let (country, name) = (row.text("country"), row.text(column));
        if !country.is_empty() && !is_code(country) {
            return Err(row.fault("country", format!("found '{country}', expected a code such as US, or nothing")));
        }
        if name.is_empty() {
            return Err(row.fault(column, "found nothing, expected the name of the holiday"));
        }
        holidays.push(Holiday { date, country: country.into(), name: name.into() });
    }
    holidays.sort();
    holidays.dedup();
    Ok(holidays)
}

/// Sorts by date, then name, and drops exact repetitions: the order every consumer expects.
pub fn sort(events: &mut Vec<Event>) {
    events.sort_by(|a, b| (a.date, &a.name, a.end).cmp(&(b.date, &b.name, b.end)));
    events.dedup();
}

fn event(row: &Row<'_>) -> Result<Event> {
    let date = row.day("date")?.ok_or_else(|| row.fault("date", "found nothing, expected YYYY-MM-DD"))?;
    let end = row.day("end")?;
    if end.is_some_and(|end| end < date) {
        return Err(row.fault("end", "the event ends before it begins"));
    }
    let name = row.text("name");
    if name.is_empty() {
        return Err(row.fault("name", "found nothing, expected the name of the event"));
    }
    Ok(Event {
        date,
        end,
        name: name.into(),
        states: row.codes("states")?,
        countries: row.codes("countries")?,
        kind: row.text("kind").into(),
    })
}

/// First and last-but-exclusive second of a day, month or year written `YYYY[-MM[-DD]]`, UTC.
///
/// ```
/// # use floodmark::calendar::span;
/// assert_eq!(span("1970-01-02"), Some((86_400, 172_800)));
/// assert_eq!(span("1970"), Some((0, 365 * 86_400)));
/// assert_eq!(span("1970-13"), None);
/// ```
pub fn span(text: &str) -> Option<(Seconds, Seconds)> {
    let digits = |part: &str, width: usize| {
        (part.len() == width && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<i16>().ok()).flatten()
    };
    let mut parts = text.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = parts.next().map(|part| digits(part, 2));
    let day = parts.next().map(|part| digits(part, 2));
    if parts.next().is_some() {
        return None;
    }
    let first = |year: i16, month: i16, day: i16| Date::new(year, month as i8, day as i8).ok().map(midnight);
    match (month, day) {
        (None, _) => Some((first(year, 1, 1)?, first(year + 1, 1, 1)?)),
        (Some(month), None) => {
            let month = month?;
            let next = if month == 12 { first(year + 1, 1, 1) } else { first(year, month + 1, 1) };
            Some((first(year, month, 1)?, next?))
        }
        (Some(month), Some(day)) => first(year, month?, day?).map(|start| (start, start + Step::DAY.seconds())),
    }
}

/// Start of a civil day in seconds, as if it were a day of UTC.
pub(crate) fn midnight(date: Date) -> Seconds {
    let epoch = Date::constant(1970, 1, 1);
    date.since(epoch).map_or(0, |span| i64::from(span.get_days()) * Step::DAY.seconds())
}

/// A small table with a header, read by column name; faults carry file, line and column.
pub(crate) struct Records<'a> {
    file: &'a str,
    header: Vec<String>,
    records: Vec<csv::Result<csv::StringRecord>>,
}

/// One row of [`Records`].
pub(crate) struct Row<'a> {
    table: &'a Records<'a>,
    record: &'a csv::StringRecord,
}

impl<'a> Records<'a> {
    /// Reads the header; every column of `required` must be there.
    pub(crate) fn new(text: &str, file: &'a str, required: &[&str]) -> Result<Self> {
        let text = text.trim_start_matches('\u{feff}');
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|e| Error::input("cannot read the header").because(e).in_file(file))?;
        let header: Vec<String> = header.iter().map(str::to_lowercase).collect();
        if let Some(missing) = required.iter().find(|name| !header.iter().any(|h| h == *name)) {
            let message = format!("no column '{missing}'; found: {}", header.join(", "));
            return Err(Error::input(message).in_file(file).at_line(1));
        }
        Ok(Records { file, header, records: reader.into_records().collect() })
    }

    /// The rows in order; a row of the wrong width or encoding is an error.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Result<Row<'_>>> {
        self.records.iter().map(|record| match record {
            Ok(record) => Ok(Row { table: self, record }),
            Err(fault) => Err(self.broken(fault)),
        })
    }

    fn broken(&self, fault: &csv::Error) -> Error {
        let line = fault.position().map(csv::Position::line);
        let message = match fault.kind() {
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!("found {len} fields, expected {expected_len}")
            }
            csv::ErrorKind::Utf8 { .. } => "found bytes that are not UTF-8".into(),
            _ => format!("not a row of CSV: {fault}"),
        };
        let error = Error::input(message).in_file(self.file);
        match line {
            Some(line) => error.at_line(line),
            None => error,
        }
    }
}

impl Row<'_> {
    /// The field of that column, trimmed; empty if there is no such column.
    pub(crate) fn text(&self, column: &str) -> &str {
        let index = self.table.header.iter().position(|name| name == column);
        index.and_then(|index| self.record.get(index)).unwrap_or("")
    }

    /// Line in the file, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.record.position().map_or(0, csv::Position::line)
    }

    /// An error at this row and column.
    pub(crate) fn fault(&self, column: &str, message: impl Into<String>) -> Error {
        Error::input(message).in_file(self.table.file).at_line(self.line()).in_column(column)
    }

    fn day(&self, column: &str) -> Result<Option<Seconds>> {
        let text = self.text(column);
        match (text.is_empty(), text.len() == 10, span(text)) {
            (true, ..) => Ok(None),
            (_, true, Some((start, _))) => Ok(Some(start)),
            _ => Err(self.fault(column, format!("found '{text}', expected YYYY-MM-DD"))),
        }
    }

    fn codes(&self, column: &str) -> Result<Vec<String>> {
        let codes = self.text(column).split('+').map(str::trim).filter(|code| !code.is_empty());
        codes
            .map(|code| match is_code(code) {
                true => Ok(code.to_string()),
                false => Err(self.fault(column, format!("found '{code}', expected codes such as IR or US+GB"))),
            })
            .collect()
    }
}

/// Whether a text has the form of an ISO 3166-1 alpha-2 code.
pub(crate) fn is_code(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "date,end,name,states,countries,kind,source\n";

    #[test]
    fn the_shipped_calendar_is_clean_and_sorted() {
        let events = builtin().unwrap();
        assert!(events.windows(2).all(|pair| pair[0].date <= pair[1].date));
    }

    #[test]
    fn lists_are_split_and_events_sorted() {
        let text = format!("{HEADER}2023-10-07,,Attack,IR+RU,IL,war,x\n2022-02-24,2022-03-01,Invasion,,,war,y\n");
        let events = parse(&text, "e.csv").unwrap();
        assert_eq!(events[0].name, "Invasion");
        assert_eq!(events[0].end, Some(1_646_092_800));
        assert_eq!((events[1].date, events[1].states.join(" ")), (1_696_636_800, "IR RU".into()));
    }

    #[test]
    fn a_defect_is_named_by_line_and_column() {
        for (row, expected) in [
            ("7.10.2023,,A,,,,", "e.csv:2: column 'date': found '7.10.2023', expected YYYY-MM-DD"),
            ("2023-10-07,2023-10-01,A,,,,", "e.csv:2: column 'end': the event ends before it begins"),
            ("2023-10-07,,A,Iran,,,", "e.csv:2: column 'states': found 'Iran', expected codes such as IR or US+GB"),
            ("2023-10-07,,,,,,", "e.csv:2: column 'name': found nothing, expected the name of the event"),
            ("2023-10-07,A", "e.csv:2: found 2 fields, expected 7"),
        ] {
            let error = parse(&format!("{HEADER}{row}\n"), "e.csv").unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        assert!(parse("when,what\n", "e.csv").unwrap_err().to_string().contains("no column 'date'"));
    }

    #[test]
    fn holidays_have_a_date_a_country_and_a_name() {
        let text =
            "date,country,holiday\n2023-12-25,US,Christmas Day\n2023-04-09,,Easter\n2023-12-25,US,Christmas Day\n";
        let found = parse_holidays(text, "h.csv").unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].country.as_str(), found[1].name.as_str()), ("", "Christmas Day"));
        for (text, expected) in [
            ("date,country\n", "h.csv:1: no column 'name' (or 'holiday'); found: date, country"),
            (
                "date,country,name\n2023-12-25,usa,X\n",
                "h.csv:2: column 'country': found 'usa', expected a code such as US, or nothing",
            ),
            (
                "date,country,name\n2023-12-25,US,\n",
                "h.csv:2: column 'name': found nothing, expected the name of the holiday",
            ),
        ] {
            assert_eq!(parse_holidays(text, "h.csv").unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn spans_cover_days_months_and_years() {
        assert_eq!(span("2023-12").map(|(a, b)| (b - a) / 86_400), Some(31));
        assert_eq!(span("2024-02").map(|(a, b)| (b - a) / 86_400), Some(29));
        assert_eq!(span("2023-02-30"), None);
        assert_eq!(span("23-02-03"), None);
    }
}
