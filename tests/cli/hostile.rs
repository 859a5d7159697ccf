//! Inputs that lead astray: nothing in them, two publishers, two values for one day, types that no number fits in.

use crate::workdir::Workdir;
use std::path::Path;

fn reduced(file: &str, text: &str) -> crate::workdir::Ran {
    let dir = Workdir::new();
    dir.write(file, text);
    dir.run_words(&["reduce", file])
}

const HEADER: &str = "timestamp,domain,country,visits\n";

#[test]
fn a_source_that_found_nothing_is_read_as_nothing() {
    let radar = r#"{"success":true,"errors":[],"result":{"serie_0":{"timestamps":[],"values":[]},"meta":{"normalization":"MIN0_MAX"}}}"#;
    for (file, text) in [
        ("a.csv", HEADER),
        ("views.json", "{\"items\": []}"),
        ("radar.json", radar),
        ("multiTimeline.csv", "Category: All categories\n\nDay,Press TV: (Worldwide)\n"),
        ("volume.csv", "Date,Series,Value\n"),
        ("volume.json", "{\"timeline\": [ ]}"),
        ("userstats.csv", "date,country,users,lower,upper,frac\n"),
    ] {
        let ran = reduced(file, text).code(0).says(&format!("{file}: no rows: nothing was counted"));
        assert_eq!(ran.stdout, HEADER, "{file}");
    }
    reduced("a.csv", "").code(2).says("the file is empty");
}

#[test]
fn parts_without_rows_do_not_change_the_whole() {
    let dir = Workdir::new();
    dir.write("rank.csv", "timestamp,domain,country,visits,kind\n2023-10-07,rt.com,,7,rank\n");
    dir.write("count.csv", "timestamp,domain,country,visits\n2023-10-07,example.org,,7\n");
    dir.run("reduce count.csv --keep-unknown none -o part.csv").code(0);
    dir.run("reduce count.csv --keep-unknown none -o part.parquet").code(0);
    assert_eq!(dir.read("part.csv"), HEADER);
    // Nothing is of no kind.
    for part in ["part.csv", "part.parquet"] {
        let both = dir.run(&format!("reduce {part} rank.csv")).code(0);
        assert_eq!(both.stdout, dir.read("rank.csv"), "{part}");
    }
    dir.write("traffic.csv", crate::workdir::traffic(100));
    dir.run("analyze part.csv traffic.csv --charts none -o out").code(0).says("part.csv: no rows");
    dir.run("analyze part.csv --charts none -o none").code(2).says("part.csv: no rows");
    dir.write("total.csv", "timestamp,visits\n");
    dir.run("analyze traffic.csv --total total.csv --charts none -o none")
        .code(2)
        .says("total.csv: the file has no rows");
}

#[test]
fn lists_of_ranks_are_joined_within_one_publisher_alone() {
    let dir = Workdir::new();
    dir.write("tranco_2023-10-07.csv", "1,google.com\n2,rt.com\n");
    dir.write("tranco_2023-10-08.csv", "1,rt.com\n2,google.com\n");
    dir.write("again/tranco_2023-10-07.csv", "1,google.com\n3,rt.com\n");
    dir.write("copy/tranco_2023-10-07 (1).csv", "1,google.com\n2,rt.com\n");
    dir.write("umbrella-2023-10-09.csv", "1,com\n2,www.google.com\n9,www.rt.com\n");
    dir.write("ranking_top_1000_20231010.csv", "domain\nrt.com\n");
    dir.write("ranking_top_5000_20231017.csv", "domain\nrt.com\n");
    let said = "lists of 2 periods are joined to one series a name, from 2023-10-07 to 2023-10-08";
    let two = "tranco_2023-10-07.csv tranco_2023-10-08.csv";
    for verb in ["reduce", "analyze --watch all --charts none --force"] {
        dir.run(&format!("{verb} {two}")).code(0).says(said);
        dir.run(&format!("{verb} {two} again"))
            .code(2)
            .says("again/tranco_2023-10-07.csv: a second list of 2023-10-07");
        dir.run(&format!("{verb} {two} copy")).code(0).says("the same bytes as tranco_2023-10-07.csv");
        let ran = dir.run(&format!("{verb} {two} umbrella-2023-10-09.csv")).code(2);
        let ran =
            ran.says("umbrella-2023-10-09.csv: ranks of Cisco Umbrella list cannot be joined with those of Tranco");
        assert!(!ran.stderr.contains("bare ending"), "a file that is left out is not counted: {}", ran.stderr);
        let sizes = "ranking_top_1000_20231010.csv ranking_top_5000_20231017.csv";
        dir.run(&format!("{verb} {sizes}")).code(2).says("top 5000 cannot be joined").says("top 1000 in");
    }
}

#[test]
fn a_column_named_twice_is_not_guessed() {
    reduced("a.csv", "date,domain,visits,Visits\n2023-10-07,rt.com,1,2\n").code(2).says("2 columns named 'visits'");
    reduced("a.csv", "date,rt.com,rt.com\n2023-10-07,1,2\n").code(2).says("2 columns named 'rt.com'");
    let ran = reduced("a.csv", "date,domain,visits,note,note\n2023-10-07,rt.com,1,2,3\n").code(0);
    assert!(ran.stdout.ends_with("2023-10-07,rt.com,,1\n"), "{}", ran.stdout);
}

#[test]
fn numbers_that_cannot_be_added_are_refused() {
    let text = format!("{HEADER}2023-10-07,rt.com,,1e308\n2023-10-07,rt.com,,1e308\n");
    reduced("a.csv", &text).code(2).says("a.csv:2: column 'visits': found '1e308', expected a number below 1e100");
}

#[test]
fn analytics_exports_do_not_count_a_day_twice() {
    let day = "# Start date: 20231001\nNth day,Active users\n0000,10\n0001,20\n";
    // A segment beside all users.
    reduced("a.csv", &format!("{day}\n{day}")).code(2).says("a.csv:8: column 'Nth day': a second value for this time");
    let total = reduced("a.csv", &format!("{day}Grand total,30\n")).code(0).says("1 rows: a total of the rows");
    assert!(total.stdout.ends_with("2023-10-01,term:a,,10\n2023-10-02,term:a,,20\n"), "{}", total.stdout);
    let zone = reduced("a.csv", &format!("# Time zone: America/New_York\n{day}")).code(0);
    zone.says("are those of America/New_York, but are read as those of UTC: give --time-zone America/New_York");
    reduced("a.csv", "date,nb_visits\n2023-10-01,5\nTotals,5\n").code(0).says("1 rows: a total of the rows");
}

#[test]
fn rows_that_the_service_lumped_together_are_counted_apart() {
    let report = |dimension: &str, rows: &[[&str; 3]]| {
        let row = |[date, place, value]: &[&str; 3]| {
            format!(
                r#"{{"dimensionValues":[{{"value":"{date}"}},{{"value":"{place}"}}],"metricValues":[{{"value":"{value}"}}]}}"#
            )
        };
        let rows: Vec<String> = rows.iter().map(row).collect();
        format!(
            r#"{{"dimensionHeaders":[{{"name":"date"}},{{"name":"{dimension}"}}],"metricHeaders":[{{"name":"sessions"}}],"rows":[{}],"metadata":{{"timeZone":"Asia/Tehran"}}}}"#,
            rows.join(",")
        )
    };
    let codes =
        report("countryId", &[["20231001", "GB", "5"], ["20231001", "(other)", "6"], ["(other)", "(other)", "7"]]);
    let ran = reduced("a.json", &codes).code(0).says("1 rows: in the row '(other)', without a day").says("Asia/Tehran");
    assert!(ran.stdout.ends_with("2023-10-01,term:a,GB,5\n2023-10-01,term:a,ZZ,6\n"), "{}", ran.stdout);
    let names = report("country", &[["20231001", "Germany", "5"], ["20231001", "Deutschland", "6"]]);
    let ran = reduced("a.json", &names).code(0).says("1 rows of countries not known by their name");
    assert!(ran.stdout.ends_with("2023-10-01,term:a,DE,5\n2023-10-01,term:a,ZZ,6\n"), "{}", ran.stdout);
}

#[test]
fn translated_regions_are_said_and_counted() {
    let text = "Kategorie: Alle\n\nTag,Press TV: (Deutschland),RT: (Deutschland)\n2023-10-01,5,<1\n2023-10-02,6,3\n";
    reduced("a.csv", text).code(0).says("note: a.csv: 'Deutschland' (2 columns) is no country known by that name");
    let places = "Category: All categories\n\nCountry,Press TV: (10/1/23 - 10/31/23)\nIran,100\n";
    reduced("geoMap.csv", places).code(2).says("one number a place, without times");
}

#[test]
fn parquet_of_types_that_hold_no_visits_is_told_by_column() {
    let dir = Workdir::new();
    for (file, words) in [
        ("decimal", "column 'visits': the column is of type Decimal(18, 2), which is not read"),
        ("list", "column 'visits': found values of type 'list[i64]', expected numbers"),
        ("rotten", "cannot read the table"),
    ] {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/parquet/{file}.parquet"));
        let name = format!("{file}.parquet");
        dir.write(&name, std::fs::read(fixture).expect("a fixture"));
        for verb in ["reduce", "analyze --charts none"] {
            let ran = dir.run(&format!("{verb} {name}")).code(2).says(&name).says(words);
            assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        }
        dir.run(&format!("detect {name}")).code(2).says("found Parquet, expected CSV of one series");
    }
}

#[test]
fn utf_32_is_named() {
    let text: Vec<u8> =
        std::iter::once('\u{feff}').chain(HEADER.chars()).flat_map(|c| (c as u32).to_le_bytes()).collect();
    let dir = Workdir::new();
    dir.write("a.csv", text);
    dir.run("reduce a.csv").code(2).says("a.csv: found UTF-32");
}
