//! Whole files through [`load`](super::load): what is read, what is refused, and in which words.

use super::*;
use crate::error::Result;
use crate::series::{Role, Series};
use std::io::Write;
use std::path::Path;

const DAY: i64 = 86_400;
const OCTOBER_1: i64 = 1_696_118_400;

struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &[u8])]) -> Folder {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        Folder(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn load(&self, change: impl FnOnce(&mut Request<'_>)) -> Result<Loaded> {
        let mut registry = Registry::empty();
        registry
            .add(
                "domain,outlet,state,role,from,until\nrt.com,RT,RU,state,,\npresstv.com,Press TV,IR,state,,2023-10-02\n\
                 presstv.ir,Press TV,IR,state,,\nbbc.co.uk,BBC,,reference,,\n",
                "d.csv",
            )
            .unwrap();
        let mut request = Request::new(vec![self.0.path().display().to_string()], &registry);
        change(&mut request);
        load(&request)
    }
}

fn one(name: &str, bytes: &[u8]) -> Result<Loaded> {
    Folder::with(&[(name, bytes)]).load(|_| {})
}

fn csv(text: &str) -> Result<Loaded> {
    one("a.csv", text.as_bytes())
}

/// The message without the folder.
fn fault(text: &str) -> String {
    shortened(csv(text).unwrap_err())
}

fn shortened(error: Error) -> String {
    let text = error.to_string();
    text.find("a.csv").map_or(text.clone(), |at| text[at..].to_string())
}

fn find<'a>(loaded: &'a Loaded, domain: &str, country: &str) -> &'a Series {
    let found = loaded.panel.series.iter().find(|s| s.key.domain == domain && s.key.country == country);
    found.unwrap_or_else(|| panic!("no {domain} {country} in {:?}", loaded.panel.series))
}

fn rows(days: impl IntoIterator<Item = i64>) -> String {
    let mut text = String::from("timestamp,domain,country,visits\n");
    for day in days {
        text += &format!("{},rt.com,US,{}\n", stamp::show(OCTOBER_1 + day * DAY), 100 + day);
    }
    text
}

#[test]
fn hosts_fold_and_rows_of_one_key_and_day_add_up() {
    let loaded = csv(
        "Date;Site;Geo;Views\n2023-10-01;https://www.rt.com/x;us;5\n2023-10-01;de.RT.com;US;7\n2023-10-02;rt.com;US;1\n\
         2023-10-02;rt.com;uk;2\n2023-10-03;rt.com;US;0\n",
    )
    .unwrap();
    assert_eq!(*find(&loaded, "rt.com", "US").values, [12.0, 1.0, 0.0]);
    let british = &find(&loaded, "rt.com", "GB").values;
    assert!(british[0].is_nan() && british[1] == 2.0 && british[2].is_nan(), "{british:?}");
    assert_eq!(loaded.panel.grid, crate::time::Grid { start: OCTOBER_1, step: Step::DAY, len: 3 });
    assert!(loaded.report.notes[0].contains("column 'Date' as timestamp, 'Site' as domain, 'Geo' as country"));
    assert_eq!(loaded.report.files[0].rows, 5);
}

#[test]
fn the_same_rows_in_every_format_give_the_same_panel() {
    let text = rows(0..40);
    let expected = csv(&text).unwrap().panel;
    let lines = |from: &str| -> Vec<Vec<String>> {
        from.lines().skip(1).map(|line| line.split(',').map(String::from).collect()).collect()
    };
    let json: String = lines(&text)
        .iter()
        .map(|r| {
            format!(
                "{{\"timestamp\":\"{}\",\"domain\":\"{}\",\"country\":\"{}\",\"visits\":{}}}\n",
                r[0], r[1], r[2], r[3]
            )
        })
        .collect();
    let utf16: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    let quoted: String = text.lines().map(|line| format!("\"{}\"\n", line.replace(',', "\",\""))).collect();
    for (name, bytes) in [
        ("crlf.csv", text.replace('\n', "\r\n").into_bytes()),
        ("cr.csv", text.replace('\n', "\r").into_bytes()),
        ("bom.csv", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ("comments.csv", format!("# a\n#\n\n{text}").into_bytes()),
        ("blank.csv", text.replace("rt.com,US,120\n", "rt.com,US,120\n\n\n").into_bytes()),
        (
            "crlf_blank.csv",
            text.replace('\n', "\r\n").replace("rt.com,US,120\r\n", "rt.com,US,120\r\n\r\n").into_bytes(),
        ),
        ("no_end.csv", text.trim_end().as_bytes().to_vec()),
        ("tab.tsv", text.replace(',', "\t").into_bytes()),
        ("bar.txt", text.replace(',', "|").into_bytes()),
        ("quoted.csv", quoted.clone().into_bytes()),
        ("spaced.csv", quoted.replace("\",\"", "\" , \"").into_bytes()),
        ("a.ndjson", json.clone().into_bytes()),
        ("blank.ndjson", json.replacen('\n', "\n\n", 2).into_bytes()),
        ("utf16.csv", utf16),
        ("a.csv.gz", gzip.finish().unwrap()),
        ("a.csv.zst", zstd::encode_all(text.as_bytes(), 3).unwrap()),
    ] {
        let loaded = one(name, &bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(loaded.panel, expected, "{name}");
        assert_eq!(loaded.report.files[0].rows, 40, "{name}");
    }
}

#[test]
fn parquet_with_dates_moments_texts_and_numbers_gives_the_same_panel() {
    let expected = csv(&rows(0..40)).unwrap().panel;
    for coding in ["text", "date", "milliseconds", "microseconds utc", "seconds"] {
        let folder = Folder::with(&[]);
        scan::write_sample(&folder.path("a.parquet"), OCTOBER_1, 40, coding);
        let loaded = folder.load(|_| {}).unwrap_or_else(|error| panic!("{coding}: {error}"));
        assert_eq!(loaded.panel, expected, "{coding}");
    }
}

#[test]
fn the_first_defect_is_named_by_file_line_and_column() {
    let good = rows(0..3);
    for (row, expected) in [
        ("x,rt.com,US,5", "a.csv:5: column 'timestamp': found 'x', expected a date such as 2023-10-07"),
        ("2023-02-30,rt.com,US,5", "a.csv:5: column 'timestamp': found '2023-02-30'"),
        (",rt.com,US,5", "a.csv:5: column 'timestamp': found nothing"),
        ("2023-10-07,,US,5", "a.csv:5: column 'domain': found nothing, expected a domain or host"),
        ("2023-10-07,\"\",US,5", "a.csv:5: column 'domain': found nothing, expected a domain or host"),
        ("2023-10-07,rt.com,USA,5", "a.csv:5: column 'country': found 'USA', expected an ISO 3166-1 code"),
        ("2023-10-07,rt.com,US,-5", "a.csv:5: column 'visits': found '-5', expected a number that is not negative"),
        ("2023-10-07,rt.com,US,NaN", "a.csv:5: column 'visits': found 'NaN', expected a finite number"),
        ("2023-10-07,rt.com,US,inf", "a.csv:5: column 'visits': found 'inf', expected a finite number"),
        ("2023-10-07,rt.com,US,\"1,234\"", "a.csv:5: column 'visits': found '1,234', expected a number such as"),
        ("2023-10-07,rt.com,US", "a.csv:5: found 3 fields, expected 4 as in the header"),
        ("2023-10-07,rt.com,US,5,6", "a.csv:5: found 5 fields, expected 4 as in the header"),
        ("2023-10-07,rt.com,US,5,", "a.csv:5: found 5 fields, expected 4 as in the header"),
        ("2023-10-07,\"rt.com,US,5", "a.csv:5: found a quote that is never closed"),
        (
            "2023-10-07T00:00:00Z,rt.com,US,5",
            "a.csv:5: column 'timestamp': found '2023-10-07T00:00:00Z', expected a time stamp without a time zone",
        ),
    ] {
        let found = fault(&format!("{good}{row}\n2023-10-08,rt.com,US,-1\n"));
        assert!(found.starts_with(expected), "{row}: {found}");
    }
    let latin = [good.as_bytes(), b"2023-10-07,rt\xe9.com,US,5\n"].concat();
    let found = shortened(one("a.csv", &latin).unwrap_err());
    assert_eq!(found, "a.csv:5: column 'domain': found bytes that are not UTF-8");
}

#[test]
fn a_wrong_date_on_line_7000_is_found_there() {
    let mut lines: Vec<String> = (0..9_000).map(|n| format!("2023-10-0{},d{n}.com,5", 1 + n % 9)).collect();
    lines[6_998] = "2023-13-01,rt.com,5".into();
    let text = format!("date,site,hits\n{}\n", lines.join("\n"));
    let found = fault(&text);
    assert!(found.starts_with("a.csv:7000: column 'date': found '2023-13-01', expected a date"), "{found}");
}

#[test]
fn defects_in_json_and_parquet_are_placed_too() {
    let json = "{\"date\":\"2023-10-01\",\"site\":\"rt.com\",\"visits\":5}\n{\"date\":\"2023-10-02\",\"site\":\"rt.com\",\"visits\":-5}\n";
    let error = one("a.ndjson", json.as_bytes()).unwrap_err().to_string();
    assert!(
        error.ends_with("a.ndjson:2: column 'visits': found '-5', expected a number that is not negative"),
        "{error}"
    );
    let error = one("a.ndjson", json.replace("-5}", "5").as_bytes()).unwrap_err().to_string();
    assert!(error.contains("a.ndjson:2: found no JSON object"), "{error}");
    let error = one("a.ndjson", json.replace("-5}", "[5]}").as_bytes()).unwrap_err().to_string();
    assert!(error.contains("a.ndjson:2: column 'visits': found [5], expected text or a number"), "{error}");
    let folder = Folder::with(&[("a.parquet", b"PAR1 but not really PAR1")]);
    let error = folder.load(|_| {}).unwrap_err().to_string();
    assert!(error.contains("a.parquet: cannot read the table"), "{error}");
    let folder = Folder::with(&[]);
    scan::write_sample(&folder.path("a.parquet"), OCTOBER_1, 40, "negative in row 7");
    let error = folder.load(|_| {}).unwrap_err().to_string();
    assert!(error.contains("a.parquet:7: column 'visits': found '-1.0'"), "{error}");
}

#[test]
fn files_without_rows_or_with_other_columns_are_refused() {
    assert_eq!(fault(""), "a.csv: the file is empty");
    assert_eq!(fault("timestamp,domain,visits\n"), "a.csv: no rows");
    assert!(fault("when,who,many\n1,2,3\n").starts_with("a.csv: no time column: found 'when', 'who', 'many'"));
    assert!(fault("date,visits\n2023-10-01,3\n").contains("no domain column"));
}

#[test]
fn one_bad_file_is_reported_and_the_others_go_on() {
    let folder = Folder::with(&[("a.csv", b"date,site,visits\nx,rt.com,1\n"), ("b.csv", rows(0..3).as_bytes())]);
    let loaded = folder.load(|_| {}).unwrap();
    assert_eq!(loaded.report.failures.len(), 1);
    assert!(loaded.report.failures[0].to_string().contains("a.csv:2: column 'date'"));
    assert_eq!(*find(&loaded, "rt.com", "US").values, [100.0, 101.0, 102.0]);
    let none = Folder::with(&[("a.csv", b""), ("b.csv", b"")]);
    assert!(none.load(|_| {}).unwrap_err().to_string().starts_with("no input could be read (1 more failed): "));
    assert!(Folder::with(&[]).load(|_| {}).unwrap_err().to_string().contains("a folder without data"));
}

#[test]
fn gaps_zeros_and_bounds_stay_three_things() {
    let loaded =
        csv("date,site,users\n2023-10-01,rt.com,0\n2023-10-02,rt.com,\n2023-10-04,rt.com,<1\n2023-10-05,rt.com,3\n")
            .unwrap();
    let series = find(&loaded, "rt.com", "");
    assert_eq!(series.values[0], 0.0);
    assert!(series.values[1].is_nan() && series.values[2].is_nan() && series.values[3].is_nan());
    assert_eq!(series.censored, BTreeMap::from([(3, 1.0)]));
    assert_eq!(loaded.report.skipped["no value"], 1);
}

#[test]
fn short_constant_and_empty_looking_series_are_series() {
    assert_eq!(*csv("date,site,visits\n2023-10-01,rt.com,5\n").unwrap().panel.series[0].values, [5.0]);
    let zeros: String = (1..10).map(|d| format!("2023-10-0{d},rt.com,0\n")).collect();
    assert_eq!(*csv(&format!("date,site,visits\n{zeros}")).unwrap().panel.series[0].values, [0.0; 9]);
}

#[test]
fn counts_above_2_to_the_53_are_kept_and_noted() {
    let loaded = csv("date,site,visits\n2023-10-01,rt.com,9007199254740993\n2023-10-02,rt.com,1e99\n").unwrap();
    assert_eq!(*loaded.panel.series[0].values, [9_007_199_254_740_992.0, 1e99]);
    assert!(
        loaded.report.notes.iter().any(|note| note.contains("2 values of 2^53 or more")),
        "{:?}",
        loaded.report.notes
    );
}

#[test]
fn repeated_keys_are_an_error_for_what_does_not_add_up() {
    let text = "date,site,rank\n2023-10-01,rt.com,5\n2023-10-01,bbc.co.uk,6\n2023-10-01,www.rt.com,7\n";
    let found = fault(text);
    assert!(
        found.starts_with("a.csv:4: column 'rank': found a second row for this key and period (first on line 2)"),
        "{found}"
    );
    let loaded = Folder::with(&[("a.csv", text.as_bytes())]).load(|r| r.kind = Some(Kind::Count)).unwrap();
    assert_eq!(*find(&loaded, "rt.com", "").values, [12.0]);
    let hourly = "time,site,share\n2023-10-01T00,rt.com,5\n2023-10-01T23,rt.com,6\n";
    let folder = Folder::with(&[("a.csv", hourly.as_bytes())]);
    assert_eq!(folder.load(|_| {}).unwrap().panel.series[0].kind, Kind::Share);
    let error = folder.load(|r| r.every = Some(Step::DAY)).unwrap_err().to_string();
    assert!(error.starts_with("series rt.com: 2 rows in the period 2023-10-01; values of kind 'share'"), "{error}");
}

#[test]
fn hours_are_summed_to_days_and_an_incomplete_last_day_left_out() {
    let mut text = String::from("time,site,visits\n");
    for hour in 0..60 {
        text += &format!("{},rt.com,1\n", stamp::show(OCTOBER_1 + hour * 3_600 + 1).replace(":01Z", ":00Z"));
    }
    let folder = Folder::with(&[("a.csv", text.as_bytes())]);
    let days = folder.load(|r| r.every = Some(Step::DAY)).unwrap();
    assert_eq!(*days.panel.series[0].values, [24.0, 24.0]);
    assert_eq!(days.report.partial_last, Some(OCTOBER_1 + 2 * DAY));
    assert_eq!(days.report.skipped["in a period left out as incomplete"], 12);
    let hours = folder.load(|_| {}).unwrap();
    assert_eq!((hours.panel.grid.step, hours.panel.grid.len), (Step::HOUR, 60));
}

#[test]
fn single_requests_are_counted_into_hours() {
    let text = "ts,host,country,count\n2023-10-01T00:00:05Z,rt.com,US,1\n2023-10-01T00:59:59Z,rt.com,US,1\n2023-10-01T01:59:59Z,rt.com,US,1\n";
    assert_eq!(*csv(text).unwrap().panel.series[0].values, [2.0, 1.0]);
}

#[test]
fn local_hours_that_come_twice_or_never_lose_nothing() {
    let mut text = String::from("time,site,visits\n");
    for day in [28, 29, 30] {
        for hour in 0..24 {
            text += &format!("2023-10-{day} {hour:02}:00,rt.com,{}\n", if (day, hour) == (29, 2) { 20 } else { 10 });
        }
    }
    let folder = Folder::with(&[("a.csv", text.as_bytes())]);
    let berlin = |request: &mut Request<'_>| request.time_zone = Some("Europe/Berlin".into());
    let hours = folder.load(berlin).unwrap();
    assert_eq!(*hours.panel.series[0].values, vec![10.0; 73]);
    assert!(hours.report.notes.iter().any(|note| note.contains("came twice")));
    let days = folder
        .load(|request| {
            berlin(request);
            request.every = Some(Step::DAY);
        })
        .unwrap();
    assert_eq!(*days.panel.series[0].values, [240.0, 250.0, 240.0]);
    assert_eq!(stamp::show(days.panel.grid.start), "2023-10-28");
    let never = "time,site,visits\n2023-03-26 01:00,rt.com,1\n2023-03-26 02:00,rt.com,2\n2023-03-26 04:00,rt.com,4\n";
    let loaded = Folder::with(&[("a.csv", never.as_bytes())]).load(berlin).unwrap();
    assert_eq!(*loaded.panel.series[0].values, [1.0, 2.0, 4.0]);
    assert!(loaded.report.notes.iter().any(|note| note.contains("clocks skipped")));
}

#[test]
fn the_registry_decides_by_date_and_the_rest_is_counted() {
    let text = "date,site,visits\n2023-10-01,presstv.com,1\n2023-10-05,presstv.com,2\n2023-10-01,bbc.co.uk,3\n2023-10-01,example.org,4\n2023-10-05,presstv.ir,6\n2023-10-01,(not set),9\n";
    let loaded = csv(text).unwrap();
    let keys: Vec<(&str, Role)> = loaded.panel.series.iter().map(|s| (s.key.domain.as_str(), s.role)).collect();
    assert_eq!(keys, [("bbc.co.uk", Role::Reference), ("presstv.com", Role::State), ("presstv.ir", Role::State)]);
    assert_eq!(find(&loaded, "presstv.com", "").observed_span(), Some((0, 0)));
    assert_eq!(loaded.report.skipped["domain not in the registry"], 1);
    assert_eq!(loaded.report.skipped["outside the dates of its registry entry"], 1);
    assert_eq!(loaded.report.skipped["not a host name"], 1);
    assert_eq!(loaded.report.all_traffic[""][0], 8.0);
    let all = Folder::with(&[("a.csv", text.as_bytes())]).load(|request| request.watch = Watch::All).unwrap();
    assert!(all.panel.series.iter().all(|series| series.role == Role::State));
    assert_eq!(find(&all, "example.org", "").key.outlet, "example.org");
    let error = csv("date,site,visits\n2023-10-01,example.org,4\n").unwrap_err().to_string();
    assert!(error.contains("--watch all") && error.contains("--domains"), "{error}");
}

#[test]
fn states_countries_and_dates_are_filtered_and_counted() {
    let text = "date,site,country,visits\n2023-10-01,rt.com,US,1\n2023-10-02,rt.com,US,2\n2023-10-02,rt.com,GB,3\n2023-10-02,presstv.ir,US,4\n";
    let folder = Folder::with(&[("a.csv", text.as_bytes())]);
    let loaded = folder
        .load(|r| {
            (r.states, r.countries) = (vec!["RU".into()], vec!["US".into()]);
            r.from = Some(OCTOBER_1 + DAY);
        })
        .unwrap();
    assert_eq!(loaded.panel.series.len(), 1);
    assert_eq!(*loaded.panel.series[0].values, [2.0]);
    let skipped: Vec<u64> = loaded.report.skipped.values().copied().collect();
    assert_eq!(skipped, [1, 1, 1]);
    let error = folder.load(|r| r.to = Some(0)).unwrap_err().to_string();
    assert!(error.contains("no row lies between the dates"), "{error}");
    let plain = Folder::with(&[("a.csv", b"date,site,visits\n2023-10-01,rt.com,4\n")]);
    assert!(plain.load(|r| r.countries = vec!["US".into()]).unwrap_err().is_usage());
}

#[test]
fn totals_lie_on_the_grid_of_the_traffic() {
    let total = "date,country,visits\n2023-09-30,US,1\n2023-10-01,US,1000\n2023-10-02,US,1001\n2023-10-02,GB,7\n\
                 2023-10-01,GB,500\n2023-10-03,GB,500\n";
    let folder = Folder::with(&[("a.csv", rows(0..3).as_bytes()), ("total.csv", total.as_bytes())]);
    let loaded = folder.load(|_| {}).unwrap();
    let us = &loaded.panel.totals["US"];
    assert!(us[0] == 1000.0 && us[1] == 1001.0 && us[2].is_nan());
    let together = &loaded.panel.totals[""];
    assert!(together[0] == 1500.0 && together[1] == 1008.0 && together[2].is_nan(), "{together:?}");
    assert_eq!(loaded.report.all_traffic[""], [100.0, 101.0, 102.0]);
    assert!(loaded.report.notes.iter().any(|note| note.ends_with("taken as the total")));
    let hourly = "time,site,visits\n2023-10-01T00,rt.com,1\n2023-10-01T01,rt.com,1\n";
    let folder = Folder::with(&[("a.csv", hourly.as_bytes()), ("total.csv", total.as_bytes())]);
    let error = folder.load(|_| {}).unwrap_err().to_string();
    assert!(error.contains("the total has one value a day, the traffic one a hour"), "{error}");
}

#[test]
fn the_same_file_twice_is_read_once() {
    let text = rows(0..3);
    let loaded = Folder::with(&[("a.csv", text.as_bytes()), ("b.csv", text.as_bytes())]).load(|_| {}).unwrap();
    assert_eq!(*loaded.panel.series[0].values, [100.0, 101.0, 102.0]);
    assert!(loaded.report.notes.iter().any(|note| note.contains("the same bytes as")));
}

#[test]
fn shards_add_up_to_the_whole() {
    let whole = csv(&rows(0..30)).unwrap().panel;
    let (first, second) = (rows((0..30).step_by(2)), rows((1..30).step_by(2)));
    let shards = Folder::with(&[("a.csv", first.as_bytes()), ("b.csv", second.as_bytes())]).load(|_| {}).unwrap();
    assert_eq!(shards.panel, whole);
}

#[test]
fn a_truncated_gzip_is_an_error_that_names_the_file() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(rows(0..400).as_bytes()).unwrap();
    let bytes = gzip.finish().unwrap();
    let error = one("a.csv.gz", &bytes[..bytes.len() / 2]).unwrap_err().to_string();
    assert!(error.ends_with("a.csv.gz: the packed file is truncated: it ends before its data do"), "{error}");
}

#[test]
fn a_daily_file_beside_an_hourly_one_sets_the_grid_and_says_so() {
    let mut hourly = String::from("time,site,visits\n");
    for hour in 0..72 {
        hourly += &format!("{},presstv.ir,1\n", OCTOBER_1 + hour * 3_600);
    }
    let loaded = Folder::with(&[("a.csv", rows(0..3).as_bytes()), ("b.csv", hourly.as_bytes())]).load(|_| {}).unwrap();
    assert_eq!(*find(&loaded, "presstv.ir", "").values, [24.0; 3]);
    assert!(loaded.report.notes.iter().any(|note| note.contains("has one value a day")));
}

#[test]
fn json_may_leave_keys_out_and_write_numbers_as_texts() {
    let text = "{\"date\":\"2023-10-01\",\"site\":\"rt.com\",\"geo\":null,\"visits\":\"5\",\"x\":{\"y\":[1]}}\n\
                {\"site\":\"rt.com\",\"date\":\"2023-10-02\"}\n{\"date\":\"2023-10-03\",\"site\":\"rt.com\",\"visits\":7.5}\n";
    let loaded = one("a.ndjson", text.as_bytes()).unwrap();
    let values = &find(&loaded, "rt.com", "").values;
    assert!(values[0] == 5.0 && values[1].is_nan() && values[2] == 7.5, "{values:?}");
}

#[test]
fn quotes_in_odd_places_lose_no_row() {
    for row in ["2023-10-03,rt.com,US,\"5\"", "2023-10-03,\"rt.com\",US,5", "2023-10-03,rt.com,\"US\" ,5"] {
        let loaded = csv(&format!("{}{row}\n2023-10-04,rt.com,US,6\n", rows(0..2))).unwrap();
        assert_eq!(*find(&loaded, "rt.com", "US").values, [100.0, 101.0, 5.0, 6.0], "{row}");
    }
    let stray = fault(&format!("{}2023-10-03,rt\".com,US,5\n2023-10-04,rt.com,US,6\n", rows(0..2)));
    assert!(stray.starts_with("a.csv:4: "), "{stray}");
}

#[test]
fn a_real_wide_table_is_read_with_every_project_watched() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/wiki_projectviews/projectviews_daily.csv");
    if !Path::new(path).exists() {
        return;
    }
    let registry = Registry::empty();
    let request = Request { watch: Watch::All, ..Request::new(vec![path.into()], &registry) };
    let loaded = load(&request).unwrap();
    assert_eq!(loaded.panel.series.len(), 188);
    assert_eq!(loaded.panel.grid.step, Step::DAY);
}

#[test]
fn totals_in_several_folders_add_up_and_one_asked_for_sets_them_aside() {
    let total = |us: u32| format!("date,country,visits\n2023-10-01,US,{us}\n");
    let folder = |us: u32, start: i64| {
        Folder::with(&[("a.csv", rows(start..start + 3).as_bytes()), ("total.csv", total(us).as_bytes())])
    };
    let (first, second) = (folder(1_000, 0), folder(1, 1));
    let both = first.load(|request| request.inputs.push(second.path(""))).unwrap();
    assert_eq!(both.panel.totals["US"][0], 1_001.0);
    assert_eq!(both.report.totals.len(), 2);
    let asked = first.load(|request| request.total = Some(second.path("total.csv").into())).unwrap();
    assert_eq!(asked.panel.totals["US"][0], 1.0);
    assert!(asked.report.notes.iter().any(|note| note.ends_with("total.csv: left aside, another total is given")));
    // A pattern that matches the total itself does not make it traffic.
    let pattern = first.load(|request| {
        request.total = Some(first.path("total.csv").into());
        request.inputs = vec![first.path("*.csv")];
    });
    assert_eq!(pattern.unwrap().report.failures.len(), 0);
}

#[test]
fn rows_without_a_country_are_not_counted_beside_rows_with_one() {
    let text = "date,country,site,users\n2023-10-01,,rt.com,10\n2023-10-01,us,rt.com,4\n2023-10-01,??,rt.com,5\n\
                2023-10-01,,presstv.ir,3\n";
    let loaded = csv(text).unwrap();
    let keys: Vec<String> = loaded.panel.series.iter().map(|series| series.key.label()).collect();
    assert_eq!(keys, ["presstv.ir", "rt.com, US", "rt.com, ZZ"]);
    assert_eq!(loaded.report.skipped["all countries together, beside rows by country"], 1);
}

#[test]
fn a_date_far_away_is_told_and_fills_no_memory() {
    let error = csv(&format!("{}1023-10-01,rt.com,US,5\n", rows(0..30))).unwrap_err().to_string();
    assert!(error.starts_with("the data stretch from 1023-10-01 to 2023-10-30"), "{error}");
}

#[test]
fn the_same_remark_on_many_files_is_made_once() {
    let file = |day: i64| rows(day..day + 1).replace("visits", "views");
    let (a, b, c) = (file(0), file(1), file(2));
    let files = [("a.csv", a.as_bytes()), ("b.csv", b.as_bytes()), ("c.csv", c.as_bytes())];
    let loaded = Folder::with(&files).load(|_| {}).unwrap();
    assert_eq!(loaded.report.notes.len(), 1);
    assert!(loaded.report.notes[0].ends_with("a.csv and 2 more: column 'views' as visits read"));
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        /// The engine against a loop: no row is lost, whatever the order and repetition of keys.
        #[test]
        fn the_panel_holds_the_sum_of_all_rows(
            rows in proptest::collection::vec((0i64..20, 0usize..4, 0usize..3, 0u32..1_000_000), 1..200)
        ) {
            let hosts = ["rt.com", "www.rt.com", "presstv.ir", "https://arabic.rt.com/x"];
            let (countries, codes) = (["US", "gb", "??"], ["US", "GB", "ZZ"]);
            let mut text = String::from("date,url,country,views\n");
            let mut expected: BTreeMap<(&str, String, i64), f64> = BTreeMap::new();
            for (day, host, country, views) in &rows {
                text += &format!("{},{},{},{views}\n", stamp::show(OCTOBER_1 + day * DAY), hosts[*host], countries[*country]);
                let domain = if *host == 2 { "presstv.ir" } else { "rt.com" };
                *expected.entry((domain, codes[*country].to_string(), *day)).or_default() += f64::from(*views);
            }
            let folder = Folder::with(&[("a.csv", text.as_bytes())]);
            let loaded = folder.load(|request| request.every = Some(Step::DAY));
            let monthly_or_weekly = matches!(&loaded, Err(error) if error.is_usage());
            prop_assume!(!monthly_or_weekly);
            let loaded = loaded.unwrap();
            let mut seen = BTreeMap::new();
            for series in &loaded.panel.series {
                for (period, value) in series.values.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
                    let day = (loaded.panel.grid.time(period) - OCTOBER_1) / DAY;
                    seen.insert((series.key.domain.as_str(), series.key.country.clone(), day), *value);
                }
            }
            prop_assert_eq!(seen, expected);
        }

        /// Whatever is broken in a file, a reader hears of a row or a column, not of the engine.
        #[test]
        fn a_broken_file_is_an_error_about_the_file(
            changes in proptest::collection::vec((0usize..300, proptest::sample::select(&b"\",;\n\r\t<-x 0#\xe9"[..])), 1..4)
        ) {
            let mut bytes = rows(0..10).into_bytes();
            for (at, byte) in changes {
                let length = bytes.len();
                bytes[at % length] = byte;
            }
            if let Err(error) = one("a.csv", &bytes) {
                let text = error.to_string();
                prop_assert!(!text.contains("engine") && !text.contains("cannot read the table"), "{}", text);
                prop_assert!(!text.contains("inconsistent"), "{}", text);
            }
        }

        #[test]
        fn a_plain_series_is_read_or_refused_whatever_the_bytes(
            bytes in proptest::collection::vec(proptest::sample::select(&b"\",;\n\r\t<-.e 0123456789TZ:#\xe9a"[..]), 0..80)
        ) {
            if let Ok(plain) = read_plain(&bytes[..], "a", None, None) {
                prop_assert_eq!(plain.values.len(), plain.row_to_index.len());
                prop_assert!(plain.row_to_index.iter().flatten().all(|index| *index < plain.grid.len));
            }
        }
    }
}
