//! GDELT: how many of the articles that it monitors match a query, a day.
//!
//! `GET /api/v2/doc/doc?query=…&mode=timelinevolraw&format=csv&startdatetime=YYYYMMDDHHMMSS&enddatetime=…` gives
//! `Date,Series,Value` with the series `Article Count` and `Total Monitored Articles`, often behind a byte order mark;
//! anything else is a message of an error (GDELT DOC 2.0 API; data from 2017-01-01). Short spans come by quarter hours
//! or hours: they are added up to days.

use super::Query;
use super::days::{self, Range};
use super::encoded;
use super::getter::{Call, Getter};
use super::table::{Form, Tables};
use crate::error::{Error, Result};
use crate::time::{Seconds, Step};
use std::collections::BTreeMap;

/// Between two calls: the source allows one in five seconds.
const PAUSE_MS: u64 = 5_500;

/// Articles that match, and all articles, of a day.
type Days = BTreeMap<Seconds, (f64, f64)>;

pub(super) fn fetch(queries: &[Query], range: Range, getter: &mut Getter<'_>, tables: &mut Tables) {
    for query in queries {
        for piece in range.years() {
            let url = format!(
                "https://api.gdeltproject.org/api/v2/doc/doc?query={}&mode=timelinevolraw&format=csv\
                 &startdatetime={}000000&enddatetime={}235959",
                encoded(&query.text),
                days::compact(piece.from),
                days::compact(piece.to)
            );
            let found = getter.get(&Call::new(url, PAUSE_MS, piece.to), read);
            for (day, (articles, all)) in found.unwrap_or_default().into_iter().filter(|(day, _)| piece.holds(*day)) {
                let date = days::dashed(day);
                let row = vec![date.clone(), query.name.clone(), String::new(), query.text.clone(), whole(articles)];
                tables.add("gdelt", Form::Visits, day, row);
                let row = vec![date, String::new(), "Total Monitored Articles".into(), whole(all)];
                tables.add_to("total.csv", Form::Total, row);
            }
        }
    }
}

fn whole(count: f64) -> String {
    format!("{count}")
}

fn read(body: &[u8]) -> Result<Days> {
    let text = std::str::from_utf8(body).map_err(|error| Error::input("not UTF-8").because(error))?;
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| Error::input("not CSV").because(error))?;
    if header.iter().ne(["Date", "Series", "Value"]) {
        return Err(Error::input("the header is not Date,Series,Value"));
    }
    let mut days = Days::new();
    for record in reader.records() {
        let record = record.map_err(|error| Error::input("not CSV").because(error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let fault = |what: &str, found: &str| Error::input(format!("found '{found}', expected {what}")).at_line(line);
        let time = days::parse(&record[0]).ok_or_else(|| fault("a date", &record[0]))?;
        let value: f64 = record[2].parse().map_err(|_| fault("a count", &record[2]))?;
        let (articles, all) = days.entry(Step::DAY.floor(time)).or_default();
        match &record[1] {
            "Article Count" => *articles += value,
            "Total Monitored Articles" => *all += value,
            other => return Err(fault("'Article Count' or 'Total Monitored Articles'", other)),
        }
    }
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarter_hours_add_up_to_days_and_messages_are_errors() {
        let text = "\u{feff}Date,Series,Value\n2026-06-01 00:00:00,Article Count,3\n2026-06-01 00:15:00,Article Count,4\n\
                    2026-06-01 00:00:00,Total Monitored Articles,100\n20260602T000000Z,Article Count,1\n";
        let days = read(text.as_bytes()).expect("sound");
        assert_eq!(days.values().copied().collect::<Vec<_>>(), [(7.0, 100.0), (1.0, 0.0)]);
        let message = "Your query was too short or too long.";
        assert!(read(message.as_bytes()).expect_err("a message").to_string().contains("header"));
        assert!(
            read(b"Date,Series,Value\nsoon,Article Count,3\n").expect_err("no date").to_string().contains("line 2")
        );
    }
}
