//! Every format with a small made-up file: recognised by its content, its traps handled, its kind set.

use super::*;
use crate::ingest::header::Use;
use crate::ingest::rows::{Rules, Table};
use crate::ingest::stamp::{Zone, show};
use crate::ingest::{Hints, table};
use std::path::PathBuf;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/formats")).join(name)
}

fn rules() -> Rules {
    let (columns, hints) = (Columns::default(), Hints::default());
    Rules { columns, purpose: Use::Traffic, kind: None, zone: Zone::default(), hints, articles: None }
}

fn read(name: &str) -> Table {
    table::read(&fixture(name), &rules()).unwrap_or_else(|error| panic!("{error}"))
}

/// `time name country value` of every row, sorted.
fn rows(table: &Table) -> Vec<String> {
    let name = |index: u32| table.names[index as usize].as_str();
    let mut rows: Vec<String> = table
        .rows
        .iter()
        .map(|row| {
            let amount = row.seen.amount();
            let value = match (amount.numbers, amount.empty, amount.censored) {
                (_, 0, 0) => amount.sum.to_string(),
                (0, _, 0) => "gap".into(),
                _ => format!("<{}", amount.bound),
            };
            format!("{} {} {} {value}", show(row.time), name(row.domain), name(row.country)).replace("  ", " ")
        })
        .collect();
    rows.sort();
    rows
}

/// The file is of this kind and holds these rows among so many.
#[track_caller]
fn holds(name: &str, kind: Kind, count: usize, expected: &[&str]) -> Table {
    let table = read(name);
    let rows = rows(&table);
    assert_eq!((table.kind, rows.len()), (kind, count), "{name}: {rows:?}");
    for row in expected {
        assert!(rows.iter().any(|found| found == row), "{name}: no '{row}' in {rows:?}");
    }
    table
}

/// Reads bytes under a name.
fn read_as(name: &str, bytes: &[u8], change: impl FnOnce(&mut Rules)) -> Result<Table> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(name), bytes).expect("written");
    let mut rules = rules();
    change(&mut rules);
    table::read(&folder.path().join(name), &rules)
}

#[track_caller]
fn refused(name: &str, bytes: &[u8], words: &str) {
    let error = read_as(name, bytes, |_| {}).expect_err(name).to_string();
    assert!(error.contains(words) && error.contains(name), "{error}");
}

#[test]
fn every_fixture_is_recognised_by_its_content_alone() {
    for (name, format) in [
        ("wikimedia-article.json", "wikimedia"),
        ("wikimedia-aggregate.json", "wikimedia"),
        ("wikimedia-top.json", "wikimedia"),
        ("pageviews-20231007-010000.gz", "pageviews"),
        ("pageviews-20231007-user.bz2", "pageview-complete"),
        ("radar-series.json", "radar"),
        ("radar-top-2023-10-07.json", "radar"),
        ("ranking_top_1000_20231002.csv", "radar"),
        ("multiTimeline.csv", "trends"),
        ("timelinevolraw.csv", "gdelt"),
        ("timelinevol.csv", "gdelt"),
        ("userstats-relay-country.csv", "tor"),
        ("tranco_2023-10-07.csv", "tranco"),
        ("umbrella-top-1m-2023-10-07.csv", "umbrella"),
        ("majestic_million_20231007.csv", "majestic"),
        ("crux-gb-202310.csv", "crux"),
        ("presstv.ir_imported_visitors.csv", "plausible"),
        ("presstv.ir_imported_locations.csv", "plausible"),
        ("matomo_presstv.ir.csv", "matomo"),
        ("matomo.json", "matomo"),
        ("ga4.csv", "ga4"),
        ("ga4-report.json", "ga4"),
        ("similarweb.json", "similarweb"),
        ("ooni.json", "ooni"),
        ("ioda.json", "ioda"),
        ("ioda-alerts.json", "ioda"),
        ("access.log", "access-log"),
        ("vhost.log", "access-log"),
        ("http.log", "zeek"),
        ("dns.json.log", "zeek"),
        ("squid.log", "squid"),
        ("wide.csv", "wide"),
    ] {
        let title = named(format).expect("a format").title;
        let notes = read(name).notes.join("; ");
        assert!(notes.contains(&format!("read as {title}")), "{name}: {notes}");
        let mut forced = rules();
        forced.hints.format = Some(format.into());
        assert_eq!(rows(&table::read(&fixture(name), &forced).expect(name)), rows(&read(name)), "{name}");
    }
}

#[test]
fn page_views_of_the_rest_service_are_articles_projects_and_rounded_tops() {
    holds("wikimedia-article.json", Kind::Count, 40, &["2023-09-01 article:en.wikipedia/Press_TV 1000"]);
    holds("wikimedia-aggregate.json", Kind::Count, 40, &["2023-09-01 project:en.wikipedia 250001000"]);
    let top = holds("wikimedia-top.json", Kind::Rounded, 14, &["2023-09-01 article:en.wikipedia/Press_TV ZA 1200"]);
    let ends: Vec<f64> = top.lists.iter().map(|list| list.bound).collect();
    assert_eq!(ends, [700.0, 700.0, 900.0, 700.0, 700.0]);
}

#[test]
fn an_hourly_dump_is_of_the_hour_before_its_name_and_adds_mobile_and_desktop() {
    holds(
        "pageviews-20231007-010000.gz",
        Kind::Count,
        6,
        &["2023-10-07 article:en.wikipedia/Press_TV 200", "2023-10-07 article:fr.wiktionary/mot 2"],
    );
    refused("dump.txt", b"en A 5 0\nen B 6 0\n", "the name tells no hour");
}

#[test]
fn a_daily_dump_has_hours_that_must_add_up() {
    holds(
        "pageviews-20231007-user.bz2",
        Kind::Count,
        7,
        &[
            "2023-10-07 article:en.wikipedia/Press_TV 5",
            "2023-10-07T01:00:00Z article:en.wikipedia/Press_TV 2",
            "2023-10-07T12:00:00Z article:en.wikipedia/Press_TV 6",
            "2023-10-07T23:00:00Z article:en.wikipedia/Press_TV 3",
        ],
    );
    refused("pageviews-20231007-user", b"en.wikipedia A 1 desktop 7 A1B2\n", "do not add up");
}

#[test]
fn a_list_of_pages_keeps_those_and_files_them_under_outlets() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("pages.csv");
    std::fs::write(&list, "project,article,domain\nen.wikipedia,Press TV,presstv.ir\nen.wikipedia,RT_(TV_network),\n")
        .expect("written");
    let mut rules = rules();
    let registry = crate::registry::Registry::builtin().expect("sound");
    let articles = table::articles(Some(&list), &registry).expect("a list");
    (rules.hints.articles, rules.articles) = (Some(list), Some(articles.into()));
    let table = table::read(&fixture("pageviews-20231007-010000.gz"), &rules).expect("read");
    assert_eq!(rows(&table), ["2023-10-07 article:en.wikipedia/RT_(TV_network) 41", "2023-10-07 presstv.ir 200"]);
    assert!(table.skipped.contains(&("not among the pages asked for", 4)), "{:?}", table.skipped);
}

#[test]
fn radar_values_are_texts_scaled_in_one_request() {
    let table = holds("radar-series.json", Kind::Scaled, 40, &["2023-09-01 term:radar-series GB 0.5"]);
    assert!(table.skipped.contains(&("a series of the week before, for comparison", 40)));
    assert!(table.notes.iter().any(|note| note.contains("confidence of 3 of 5")));
    holds("radar-top-2023-10-07.json", Kind::Rank, 3, &["2023-10-07 presstv.ir 3"]);
    holds("ranking_top_1000_20231002.csv", Kind::Rank, 3, &["2023-10-02 presstv.ir 1000"]);
    refused("r.json", br#"{"success":false,"errors":[{"code":1}],"result":{"timestamps":[]}}"#, "the service answered");
}

#[test]
fn trends_tell_zero_from_below_one_and_know_regions() {
    holds(
        "multiTimeline.csv",
        Kind::Scaled,
        80,
        &["2023-09-01 term:Press TV 0", "2023-09-04 term:Press TV <1", "2023-09-06 presstv.ir GB 0"],
    );
    let text = "Category: All categories\n\nTime,RT: (Île-de-France)\n2026-09-26T00,12\n2026-09-26T01,<1\n";
    let table = read_as("t.csv", text.as_bytes(), |_| {}).expect("read");
    assert_eq!(rows(&table)[0], "2026-09-26 term:RT (Île-de-France) ZZ 12");
    refused("m.csv", b"Month,RT: (World)\n2023-01,5\n2023-02,6\n2023-03,7\n", "one value a month");
}

#[test]
fn raw_timelines_bring_their_denominator() {
    let table = holds("timelinevolraw.csv", Kind::Count, 40, &["2023-09-01 term:timelinevolraw 1000"]);
    assert_eq!((table.totals.len(), table.totals[0].2), (40, 151_000.0));
    holds("timelinevol.csv", Kind::Share, 40, &["2023-09-01 term:timelinevol 0.01"]);
    let json =
        br#"{"timeline":[{"series":"Article Count","data":[{"date":"20230901T001500Z","value":5,"norm":900}]}]}"#;
    let table = read_as("q.json", json, |rules| rules.hints.about = Some("presstv.ir".into())).expect("read");
    assert_eq!(rows(&table), ["2023-09-01T00:15:00Z presstv.ir 5"]);
    assert_eq!(table.totals[0].2, 900.0);
}

#[test]
fn tor_columns_come_in_any_order_and_no_country_is_all_of_them() {
    holds(
        "userstats-relay-country.csv",
        Kind::Count,
        120,
        &[
            "2023-09-01 tor:relay-users 2001000",
            "2023-09-01 tor:relay-users IR 1000",
            "2023-09-01 tor:relay-users ZZ 1",
        ],
    );
    refused("c.csv", b"date,country,transport,low,high,frac\n2023-09-01,ir,obfs4,5,9,70\n", "a range");
}

#[test]
fn lists_rank_domains_by_their_best_host_on_the_day_in_their_name() {
    let tranco = holds("tranco_2023-10-07.csv", Kind::Rank, 4, &["2023-10-07 rt.com 3"]);
    assert_eq!(tranco.lists[0].bound, 4.0);
    let umbrella = holds("umbrella-top-1m-2023-10-07.csv", Kind::Rank, 3, &["2023-10-07 rt.com 4"]);
    assert!(umbrella.skipped.contains(&("a bare ending of names", 2)));
    holds("majestic_million_20231007.csv", Kind::Rank, 3, &["2023-10-07 presstv.ir 3"]);
    holds("crux-gb-202310.csv", Kind::Rank, 3, &["2023-10-01 rt.com GB 5000"]);
    refused("top-1m.csv", b"1,google.com\n2,rt.com\n", "--date");
    let dated = read_as("top-1m.csv", b"1,google.com\n2,rt.com\n", |rules| rules.hints.date = Some(0)).expect("read");
    assert_eq!(rows(&dated)[1], "1970-01-01 rt.com 2");
    refused("r.json", br#"{"success":false,"errors":[{"message":"Invalid access token"}],"result":null}"#, "Invalid");
    refused("m.csv", b"Category: All\n\nDay,RT: (Worldwide)\n2023-10-01,5\n2023-10-02,101\n", "from 0 to 100");
    refused("t-2023-10-07.csv", b"1,google.com\n3,rt.com\n2,bbc.co.uk\n", "ranks that rise");
}

#[test]
fn exports_of_a_site_are_about_the_host_in_their_name() {
    holds("presstv.ir_imported_visitors.csv", Kind::Count, 40, &["2023-09-01 presstv.ir 2000"]);
    holds(
        "presstv.ir_imported_locations.csv",
        Kind::Count,
        80,
        &["2023-09-01 presstv.ir GB 1007", "2023-09-01 presstv.ir ZZ 3"],
    );
    holds("matomo_presstv.ir.csv", Kind::Count, 40, &["2023-09-01 presstv.ir 2000"]);
    holds("matomo.json", Kind::Count, 40, &["2023-09-05 term:matomo gap", "2023-09-01 term:matomo 2000"]);
    let ga4 = holds("ga4.csv", Kind::Count, 40, &["2023-09-01 term:ga4 1000", "2023-10-10 term:ga4 1158"]);
    assert!(ga4.skipped.contains(&("in a block without times", 4)), "{:?}", ga4.skipped);
    holds("ga4-report.json", Kind::Count, 40, &["2023-09-01 presstv.ir GB 1000"]);
    holds("similarweb.json", Kind::Count, 40, &["2023-09-01 presstv.ir GB 1000.123456"]);
    refused("p.csv", b"date,source,visitors,visits,bounces\n2023-09-01,X,5,6,1\n", "counted twice");
}

#[test]
fn blocks_and_outages_are_read_as_rows_and_as_records() {
    holds("ooni.json", Kind::Share, 40, &["2023-09-05 rt.com DE gap", "2023-09-03 rt.com DE 0.1"]);
    let document = |name| serde_json::from_slice(&std::fs::read(fixture(name)).expect("read")).expect("JSON");
    let measured = crate::observatory::ooni::parse(&document("ooni.json")).expect("rows");
    assert_eq!((measured.len(), measured[31].confirmed, measured[31].country.as_deref()), (40, 1.0, Some("DE")));
    let outage = ["2023-10-07 term:ioda-outage IR 60", "2023-10-07T01:00:00Z term:ioda-outage IR 30"];
    let table = holds("ioda.json", Kind::Count, 2, &outage);
    assert!(table.skipped.contains(&("an event of a region or network", 1)));
    let (alerts, _) = crate::observatory::ioda::parse(&document("ioda-alerts.json")).expect("rows");
    assert_eq!((alerts[0].country.as_str(), alerts[0].level.as_deref()), ("SY", Some("critical")));
    assert_eq!(alerts[0].until - alerts[0].from, 3_600);
    refused("o.json", br#"{"result":{"measurement_count":5,"anomaly_count":1},"v":0}"#, "axis_x");
    refused("i.json", br#"{"data":[{"location":"country/IR","start":5,"duration":-9}]}"#, "that cannot be");
}

#[test]
fn logs_are_requests_to_a_host_in_an_hour() {
    let access = holds("access.log", Kind::Count, 1, &["2023-10-06T22:00:00Z term:access 3"]);
    assert!(access.skipped.contains(&("a request of a declared bot", 1)));
    holds("vhost.log", Kind::Count, 4, &["2023-10-07T02:00:00Z presstv.ir 1"]);
    let http = holds("http.log", Kind::Count, 1, &["2023-10-07 presstv.ir 2"]);
    assert!(http.skipped.contains(&("no host in the request", 1)));
    holds("dns.json.log", Kind::Count, 1, &["2023-10-07 rt.com 2"]);
    let squid = holds("squid.log", Kind::Count, 2, &["2023-10-07 presstv.ir 1", "2023-10-07 rt.com 1"]);
    assert!(squid.skipped.contains(&("a request that was denied", 1)));
}

#[test]
fn a_wide_table_has_a_column_a_site_and_empty_cells_are_gaps() {
    holds("wide.csv", Kind::Count, 80, &["2023-09-01 rt.com 5000", "2023-09-04 rt.com gap"]);
    let by_country = read_as("presstv.ir.csv", b"date,US,GB\n2023-09-01,5,6\n2023-09-02,7,8\n", |_| {}).expect("read");
    assert_eq!(rows(&by_country)[0], "2023-09-01 presstv.ir GB 6");
    let chosen = read_as("w.csv", b"date,tone,war\n2023-09-01,-5,6\n", |rules| {
        rules.hints.format = Some("wide".into());
        rules.columns.value = Some("war".into());
        rules.kind = Some(Kind::Share);
    })
    .expect("read");
    assert_eq!((chosen.kind, rows(&chosen)), (Kind::Share, vec!["2023-09-01 term:war 6".to_string()]));
}

#[test]
fn a_truncated_or_wrong_answer_is_refused_with_its_place() {
    for name in ["wikimedia-article.json", "radar-series.json", "ooni.json", "similarweb.json", "matomo.json"] {
        let bytes = std::fs::read(fixture(name)).expect("read");
        let error = read_as(name, &bytes[..bytes.len() - 20], |_| {}).expect_err(name).to_string();
        assert!(error.contains("truncated"), "{name}: {error}");
    }
    refused("t.csv", b"date,rt.com\n2023-09-01,5\n2023-09-02,x\n", "t.csv:3: column 'rt.com': found 'x'");
    refused("t.csv", b"date,rt.com\n2023-09-01,5\nx,6\n", "t.csv:3: column 'date': found 'x'");
}
