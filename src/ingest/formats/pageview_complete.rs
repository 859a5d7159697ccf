//! Daily dumps of page views, `pageviews-YYYYMMDD-user.bz2` (`pageview_complete`): `wiki title page-id access total
//! hours`, where hours are a letter for the hour (A = 0 … X = 23) and a count each: `A1B2` is one view in the first hour of
//! the day and two in the second.
//!
//! Shape: <https://dumps.wikimedia.org/other/pageview_complete/readme.html>. Access methods of one page add up. The
//! hours must add up to the total.

use super::pageviews::for_each_line;
use super::subject::{article, day, normal_title};
use super::{Head, Input, project};
use crate::error::{Error, Result};
use crate::ingest::cell::Value;
use crate::ingest::gather::{Gather, Row};
use crate::ingest::stamp::Stamp;
use crate::series::Kind;

pub(super) fn is(head: &Head<'_>) -> bool {
    let mut lines = head.text.lines().filter(|line| !line.is_empty());
    lines.next().is_some_and(|line| split(line).is_some())
}

struct Line<'a> {
    wiki: &'a str,
    title: &'a str,
    total: u64,
    hours: Vec<(i64, u64)>,
}

fn split(line: &str) -> Option<Line<'_>> {
    let fields: Vec<&str> = line.split(' ').collect();
    // The page id is missing where the page is unknown.
    let (wiki, title, access, total, hours) = match fields.as_slice() {
        [wiki, title, _, access, total, hours] | [wiki, title, access, total, hours] => {
            (wiki, title, access, total, hours)
        }
        _ => return None,
    };
    let known = matches!(*access, "desktop" | "mobile-web" | "mobile-app" | "mobile");
    let total: u64 = total.parse().ok().filter(|_| known)?;
    Some(Line { wiki, title, total, hours: hours_of(hours)? })
}

/// Hours and their counts.
fn hours_of(text: &str) -> Option<Vec<(i64, u64)>> {
    let mut hours = Vec::new();
    let mut rest = text;
    while let Some(letter) = rest.bytes().next() {
        let hour = letter.checked_sub(b'A').filter(|hour| *hour < 24)?;
        let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
        hours.push((i64::from(hour), rest[1..=digits].parse().ok()?));
        rest = &rest[1 + digits..];
    }
    (!hours.is_empty()).then_some(hours)
}

pub(super) fn read(input: &mut Input<'_>, gather: &mut Gather<'_>) -> Result<()> {
    let date = day(input)?;
    let Stamp::Civil { wall, .. } = date else { return Err(Error::input("the name tells no day")) };
    gather.kind = input.hints.kind.unwrap_or(Kind::Count);
    let articles = input.hints.articles;
    let (mut passed, mut wrong) = (0, 0);
    let odd = for_each_line(input.reader, |bytes| {
        let Some(line) = std::str::from_utf8(bytes).ok().and_then(split) else { return Ok(false) };
        let project = if line.wiki.contains('.') { project::of_host(line.wiki) } else { project::of_code(line.wiki) };
        let name = match articles {
            Some(articles) => articles.find(&project, line.title, date),
            None => Some(super::subject::Subject::Term(article(&project, &normal_title(line.title)))),
        };
        let Some(name) = name else {
            passed += 1;
            return Ok(true);
        };
        wrong += u64::from(line.hours.iter().map(|(_, views)| views).sum::<u64>() != line.total);
        for (hour, views) in line.hours {
            let time = Stamp::Civil { wall: wall + hour * 3_600, date_only: false };
            gather.row(Row { time, name: name.name(), country: "", value: Value::Number(views as f64) })?;
        }
        Ok(true)
    })?;
    if wrong > 0 {
        return Err(Error::input(format!("{wrong} lines have hours that do not add up to the total of the day")));
    }
    gather.skip("not among the pages asked for", passed);
    gather.skip("no line of page views", odd);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_hours() {
        assert_eq!(hours_of("A1B22X3"), Some(vec![(0, 1), (1, 22), (23, 3)]));
        for text in ["", "1", "Y1", "A", "AB1", "A-1", "É1"] {
            assert_eq!(hours_of(text), None, "{text}");
        }
    }
}
