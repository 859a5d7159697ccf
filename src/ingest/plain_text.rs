//! One plain series as text: CSV with a header, or rows without one.

use super::header::{self, normal};
use super::plain::Plain;
use super::records::{Records, count_fields, fields, for_each_field};
use super::stamp::{self, Stamp};
use super::unpack::text_of;
use crate::error::{Error, Result};
use crate::time::Seconds;
use std::io::Read;

/// Which columns are read, and whether the first row is data already.
struct Layout {
    delimiter: u8,
    names: Vec<String>,
    has_header: bool,
    time: Option<usize>,
    value: usize,
    notes: Vec<String>,
}

/// Reads one series: CSV with a header (comment lines before it are passed over), or rows without one. `file` names
/// the source in errors. `time` and `value` name columns; `time = Some("none")` reads rows without time.
///
/// # Errors
/// No or several possible value columns (lists them); a row that is no number or no date, with its line.
pub fn read_plain(mut reader: impl Read, file: &str, time: Option<&str>, value: Option<&str>) -> Result<Plain> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).map_err(|e| Error::io("cannot read", e).in_file(file))?;
    text_of(bytes).and_then(|text| parse(&text, time, value)).map_err(|error| error.in_file(file))
}

fn parse(text: &[u8], time: Option<&str>, value: Option<&str>) -> Result<Plain> {
    let line_end = if text.contains(&b'\n') { b'\n' } else { b'\r' };
    let skipped = preamble(text, line_end);
    let start: usize = text.split_inclusive(|b| *b == line_end).take(skipped).map(<[u8]>::len).sum();
    let mut records = Records::new(&text[start..], line_end, skipped as u64 + 1);
    let mut layout = layout(&text[start..], line_end, time, value)?;
    let mut rows = Rows::default();
    let mut is_header = layout.has_header;
    while let Some(record) = records.next_record().map_err(|e| Error::io("cannot read", e))? {
        if std::mem::take(&mut is_header) {
            continue;
        }
        if record.unclosed {
            return Err(Error::input("found a quote that is never closed").at_line(record.line));
        }
        rows.push(record.bytes, &layout).map_err(|error| error.at_line(record.line))?;
    }
    if rows.values.is_empty() {
        return Err(Error::input("found a header but no rows"));
    }
    let mut notes = std::mem::take(&mut layout.notes);
    rows.note(&mut notes);
    Ok(Plain::new(layout.time.map(|_| rows.times), rows.raw_times, rows.values, notes))
}

/// Number of comment and empty lines before the header.
fn preamble(text: &[u8], line_end: u8) -> usize {
    let is_preamble = |line: &&[u8]| {
        let line = line.trim_ascii();
        line.is_empty() || line.starts_with(b"#") || line.starts_with(b"Category:")
    };
    text.split(|b| *b == line_end).take_while(is_preamble).count()
}

fn layout(text: &[u8], line_end: u8, time: Option<&str>, value: Option<&str>) -> Result<Layout> {
    let mut records = Records::new(text, line_end, 1);
    let mut next = || -> Result<Option<Vec<u8>>> {
        Ok(records.next_record().map_err(|e| Error::io("cannot read", e))?.map(|record| record.bytes.to_vec()))
    };
    let Some(first) = next()? else { return Err(Error::input("the file is empty")) };
    let delimiter = delimiter_of(&first);
    let split = |record: &[u8]| -> Vec<String> {
        fields(record, delimiter).into_iter().map(Option::unwrap_or_default).collect()
    };
    let top = split(&first);
    let has_header = !top.iter().any(|field| field.parse::<f64>().is_ok_and(f64::is_finite));
    let (names, sample) = if has_header {
        let mut sample = Vec::new();
        while sample.len() < 20
            && let Some(record) = next()?
        {
            sample.push(split(&record));
        }
        (top, sample)
    } else {
        ((1..=top.len()).map(|number| format!("column {number}")).collect(), vec![top])
    };
    let mut layout = Layout { delimiter, names, has_header, time: None, value: 0, notes: Vec::new() };
    layout.time = time_column(&layout.names, &sample, time)?;
    layout.value = value_column(&layout.names, &sample, layout.time, value)?;
    let time = layout.time.map_or("none".into(), |index| format!("'{}'", layout.names[index]));
    layout.notes.push(format!("time column {time}, value column '{}'", layout.names[layout.value]));
    Ok(layout)
}

fn delimiter_of(record: &[u8]) -> u8 {
    *b"|\t;,".iter().max_by_key(|delimiter| count_fields(record, **delimiter)).unwrap_or(&b',')
}

fn time_column(names: &[String], sample: &[Vec<String>], asked: Option<&str>) -> Result<Option<usize>> {
    let is_time = |index: &usize| {
        let mut cells = sample.iter().filter_map(|row| row.get(*index)).filter(|cell| !cell.is_empty()).peekable();
        cells.peek().is_some() && cells.all(|cell| stamp::parse(cell).is_some())
    };
    match asked {
        Some(name) if normal(name) == "none" => Ok(None),
        Some(name) => position(names, name).map(Some),
        None if sample.is_empty() => Ok(header::time_candidates(names).first().copied()),
        None => {
            let known = header::time_candidates(names).into_iter().find(is_time);
            Ok(known.or_else(|| (0..names.len()).find(|index| names.len() > 1 && is_time(index))))
        }
    }
}

fn value_column(names: &[String], sample: &[Vec<String>], time: Option<usize>, asked: Option<&str>) -> Result<usize> {
    if let Some(name) = asked {
        return position(names, name);
    }
    let is_value = |index: &usize| {
        let mut cells = sample.iter().filter_map(|row| row.get(*index));
        Some(*index) != time && cells.all(|cell| number(cell).is_ok())
    };
    if let Some(index) = header::value_candidates(names).into_iter().find(is_value) {
        return Ok(index);
    }
    let candidates: Vec<usize> = (0..names.len()).filter(is_value).collect();
    match candidates.as_slice() {
        [only] => Ok(*only),
        [] => {
            Err(Error::input(format!("found no column of numbers among {}; name one with --value-col", listed(names))))
        }
        several => {
            let names: Vec<String> = several.iter().map(|index| names[*index].clone()).collect();
            Err(Error::usage(format!(
                "several columns may be the value: {}; name one with --value-col",
                listed(&names)
            )))
        }
    }
}

fn position(names: &[String], name: &str) -> Result<usize> {
    let exact = names.iter().position(|found| found == name);
    exact
        .or_else(|| names.iter().position(|found| normal(found) == normal(name)))
        .ok_or_else(|| Error::usage(format!("no column '{name}': found {}", listed(names))))
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

/// A value; `NaN` for a gap and for what is known only below a bound.
fn number(text: &str) -> Result<f64> {
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(value) if value.is_infinite() => Err(Error::input(format!("found '{text}', expected a finite number"))),
        Ok(value) => Ok(value),
        Err(_) if text.is_empty() || matches!(text, "NA" | "N/A" | "null" | "None") => Ok(f64::NAN),
        Err(_) if text.strip_prefix('<').is_some_and(|bound| bound.trim().parse::<f64>().is_ok()) => Ok(f64::NAN),
        Err(_) => Err(Error::input(format!("found '{text}', expected a number"))),
    }
}

#[derive(Default)]
struct Rows {
    times: Vec<Seconds>,
    raw_times: Vec<String>,
    values: Vec<f64>,
    /// Whether the first stamp carried a zone.
    zoned: Option<bool>,
    gaps: usize,
    censored: usize,
}

impl Rows {
    fn push(&mut self, record: &[u8], layout: &Layout) -> Result<()> {
        let (mut time, mut value, mut count) = (None, None, 0);
        for_each_field(record, layout.delimiter, |index, field| {
            count = index + 1;
            if Some(index) == layout.time {
                time = Some(field);
            } else if index == layout.value {
                value = Some(field);
            }
        });
        if count != layout.names.len() {
            return Err(Error::input(format!("found {count} fields, expected {}", layout.names.len())));
        }
        let utf8 = |field: Option<std::borrow::Cow<'_, [u8]>>, column: usize| match field {
            None => Ok(String::new()),
            Some(field) => String::from_utf8(field.into_owned())
                .map_err(|_| Error::input("found bytes that are not UTF-8").in_column(&layout.names[column])),
        };
        let value = utf8(value, layout.value)?;
        let parsed = number(&value).map_err(|error| error.in_column(&layout.names[layout.value]))?;
        self.gaps += usize::from(parsed.is_nan());
        self.censored += usize::from(value.starts_with('<'));
        let raw = match layout.time {
            None => String::new(),
            Some(column) => {
                let raw = utf8(time, column)?;
                let time = self.time(&raw).map_err(|error| error.in_column(&layout.names[column]))?;
                self.times.push(time);
                raw
            }
        };
        self.values.push(parsed);
        self.raw_times.push(raw);
        Ok(())
    }

    fn time(&mut self, raw: &str) -> Result<Seconds> {
        let (time, zoned) = match stamp::parse(raw) {
            Some(Stamp::Instant(time)) => (time, true),
            Some(Stamp::Civil { wall, .. }) => (wall, false),
            None => return Err(Error::input(format!("found '{raw}', expected {}", stamp::EXPECTED))),
        };
        if *self.zoned.get_or_insert(zoned) != zoned {
            return Err(Error::input(format!("found '{raw}': time stamps with and without a time zone in one file")));
        }
        Ok(time)
    }

    fn note(&self, notes: &mut Vec<String>) {
        if self.gaps > self.censored {
            notes.push(format!("{} rows without a value: gaps", self.gaps - self.censored));
        }
        if self.censored > 0 {
            notes.push(format!("{} values known only below a bound: gaps", self.censored));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Grid, Step};

    fn plain(text: &str) -> Result<Plain> {
        read_plain(text.as_bytes(), "a.csv", None, None)
    }

    const DAY: i64 = 86_400;

    #[test]
    fn a_lone_column_of_numbers_needs_no_header() {
        for text in ["1\n2\n3\n", "value\n1\n2\n3\n", "x\n1\n2\n3"] {
            let series = plain(text).unwrap();
            assert_eq!(series.values, [1.0, 2.0, 3.0], "{text}");
            assert_eq!((series.times, series.grid.len), (None, 3));
        }
    }

    #[test]
    fn rows_keep_their_order_and_know_their_period() {
        let series = plain("ds,y\n1970-01-04,4\n1970-01-01,1\n1970-01-02,2\n1970-01-02,9\n").unwrap();
        assert_eq!(series.values, [4.0, 1.0, 2.0, 9.0]);
        assert_eq!(series.row_to_index, [Some(3), Some(0), Some(1), None]);
        assert_eq!(series.grid, Grid { start: 0, step: Step::DAY, len: 4 });
        let on_grid = series.on_grid();
        assert!(on_grid[2].is_nan() && on_grid[1] == 2.0);
        let notes = series.notes.join("; ");
        for word in ["1 rows stand before", "1 rows repeat", "1 of 4 periods missing (first 1970-01-03)"] {
            assert!(notes.contains(word), "{notes}");
        }
    }

    #[test]
    fn any_step_is_found_and_stamps_a_little_off_are_forgiven() {
        let step = |times: &[i64]| {
            let rows: String = times.iter().map(|time| format!("{},1\n", 1_600_000_000 + time)).collect();
            let series = plain(&format!("t,v\n{rows}")).unwrap();
            (series.grid.step.seconds(), series.row_to_index.into_iter().flatten().collect::<Vec<_>>())
        };
        assert_eq!(step(&[0, 1, 2, 4]), (1, vec![0, 1, 2, 4]));
        assert_eq!(step(&[0, 900, 1_800, 2_705, 3_600]), (900, vec![0, 1, 2, 3, 4]));
        assert_eq!(step(&[0, 7 * DAY, 14 * DAY]), (7 * DAY, vec![0, 1, 2]));
        // Without a common step: equally spaced.
        assert_eq!(step(&[0, 1, 50_000_000, 90_000_000]), (1, vec![0, 1, 2, 3]));
    }

    #[test]
    fn gaps_are_gaps_and_what_is_no_number_is_named() {
        let series = plain("date,value\n2023-10-01,\n2023-10-02,NaN\n2023-10-03,<1\n2023-10-04,-2.5\n").unwrap();
        assert!(series.values[..3].iter().all(|value| value.is_nan()) && series.values[3] == -2.5);
        let message = |text: &str| plain(text).unwrap_err().to_string();
        let many: String = (0..30).map(|n| format!("{n},5\n")).collect();
        assert_eq!(message(&format!("n,value\n{many}7,x\n")), "a.csv:32: column 'value': found 'x', expected a number");
        assert!(message("date,value\n2023-10-01,inf\n").contains("found no column of numbers"));
        assert_eq!(message("date,value\n2023-10-01,1,2\n"), "a.csv:2: found 3 fields, expected 2");
        assert_eq!(message(""), "a.csv: the input is empty");
        assert_eq!(message("date,value\n"), "a.csv: found a header but no rows");
        let dates: String = (1..30).map(|n| format!("2023-09-{n:02},5\n")).collect();
        let text = format!("date,value\n{dates}2023-13-01,5\n");
        assert!(message(&text).starts_with("a.csv:31: column 'date': found '2023-13-01', expected a date"));
    }

    #[test]
    fn several_columns_of_numbers_must_be_chosen_from() {
        let text = "date,alpha,beta\n2023-10-01,1,2\n";
        let error = plain(text).unwrap_err();
        assert!(error.is_usage());
        assert_eq!(
            error.to_string(),
            "a.csv: several columns may be the value: 'alpha', 'beta'; name one with --value-col"
        );
        let series = read_plain(text.as_bytes(), "a.csv", Some("none"), Some("beta")).unwrap();
        assert_eq!((series.values, series.times), (vec![2.0], None));
        assert!(read_plain(text.as_bytes(), "a.csv", None, Some("gamma")).unwrap_err().is_usage());
    }

    #[test]
    fn rows_without_a_header_are_recognised() {
        let series = plain("2023-10-01,5\n2023-10-02,6\n").unwrap();
        assert_eq!((series.values.as_slice(), series.grid.step), (&[5.0, 6.0][..], Step::DAY));
    }

    /// Real files beside the project, where they are at hand.
    #[test]
    fn real_files_are_read() {
        let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data"));
        let cases: [(&str, Option<&str>, i64); 6] = [
            ("gpr_daily/gpr_daily.csv", Some("GPRD"), DAY),
            ("gdelt_timelinevol/gdelt_daily.csv", Some("trade_geo_vol"), DAY),
            ("wikipediatrend_cache/wikipediatrend_cache.csv", None, DAY),
            ("prophet_wiki_log/example_wp_log_peyton_manning.csv", None, DAY),
            ("ms_cloud/ecommerce-api-incoming-rps/api-01.csv", None, 3_600),
            ("tor_users/userstats-relay-country.csv", None, DAY),
        ];
        for (name, value, step) in cases {
            let Ok(file) = std::fs::File::open(folder.join(name)) else { continue };
            let series = read_plain(file, name, None, value).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(series.grid.step.seconds(), step, "{name}: {:?}", series.notes);
            assert_eq!(series.values.len(), series.row_to_index.len(), "{name}");
        }
    }
}
