//! Tor Metrics: estimated users of the network, a day and country.
//!
//! `GET /userstats-{relay,bridge}-country.csv?start=…&end=…[&country=ir]` gives comment lines, a header and
//! `date,country,users,…`; the columns may come in any order; an empty country is the world, `??` is unknown; the last
//! days are revised (Tor Metrics, Statistics).

use super::TorUsers;
use super::days::{self, Range};
use super::getter::{Call, Getter};
use super::table::{Form, Tables};
use crate::error::{Error, Result};
use crate::time::Seconds;

const PAUSE_MS: u64 = 1_000;
/// Days until figures are no longer revised.
const SETTLES: i64 = 7;

pub(super) fn fetch(users: TorUsers, countries: &[String], range: Range, getter: &mut Getter<'_>, tables: &mut Tables) {
    let name = if users == TorUsers::Relay { "relay" } else { "bridge" };
    let world = [String::new()];
    let asked = if countries.is_empty() { &world[..] } else { countries };
    for country in asked {
        for piece in range.years() {
            let (from, to) = (days::dashed(piece.from), days::dashed(piece.to));
            let filter = if country.is_empty() { "all".to_string() } else { country.to_lowercase() };
            let url = format!(
                "https://metrics.torproject.org/userstats-{name}-country.csv?start={from}&end={to}&country={filter}"
            );
            let call = Call { settles: SETTLES, ..Call::new(url, PAUSE_MS, piece.to) };
            let rows = getter.get(&call, |body| read(body, country)).unwrap_or_default();
            // The world and single countries stand in files of their own: they do not add up.
            let stem = if country.is_empty() { format!("tor-{name}-world") } else { format!("tor-{name}") };
            for (day, users) in rows.into_iter().filter(|(day, _)| piece.holds(*day)) {
                let site = format!("tor-{name}");
                let row = vec![days::dashed(day), site.clone(), country.clone(), site, users];
                tables.add(&stem, Form::Visits, day, row);
            }
        }
    }
}

fn read(body: &[u8], country: &str) -> Result<Vec<(Seconds, String)>> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).trim(csv::Trim::All).from_reader(body);
    let broken = |error| Error::input("not CSV").because(error);
    let header = reader.headers().map_err(broken)?.clone();
    let column = |name: &str| {
        header.iter().position(|column| column == name).ok_or_else(|| Error::input(format!("no column '{name}'")))
    };
    let (date, place, users) = (column("date")?, column("country")?, column("users")?);
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(0, csv::Position::line);
        if !record[place].eq_ignore_ascii_case(country) {
            continue;
        }
        let day = days::parse(&record[date])
            .ok_or_else(|| Error::input(format!("found '{}', expected a date", &record[date])).at_line(line))?;
        match &record[users] {
            // Not estimated: a gap.
            "" => {}
            text if text.parse::<f64>().is_ok_and(|n| n.is_finite() && n >= 0.0) => rows.push((day, text.into())),
            text => return Err(Error::input(format!("found '{text}', expected a count")).at_line(line)),
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name_and_the_world_is_told_from_countries() {
        let text =
            b"#\n# Tor users\ncountry,date,frac,users\n,2023-10-07,90,1000\nir,2023-10-07,90,50\nir,2023-10-08,90,\n";
        assert_eq!(read(text, "").expect("sound"), [(1_696_636_800, "1000".to_string())]);
        assert_eq!(read(text, "IR").expect("sound"), [(1_696_636_800, "50".to_string())]);
        assert!(read(b"date,users\n", "").expect_err("no country").to_string().contains("country"));
    }
}
