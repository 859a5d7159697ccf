//! What people really have on disk: the reason is said with its place, nothing panics, nothing is left behind.

use crate::workdir::{Ran, Workdir, date, traffic};
use std::fmt::Write as _;
use std::io::Write as _;

const OPTIONS: &str = "--charts none --now 2030-01-01 --force";

fn analyze(dir: &Workdir, what: &str) -> Ran {
    dir.run(&format!("analyze {what} {OPTIONS}"))
}

/// Must fail with code 2, name the file and say all of `words`.
#[track_caller]
fn refused(bytes: impl AsRef<[u8]>, words: &[&str]) {
    let dir = Workdir::new();
    dir.write("bad.csv", bytes);
    let mut ran = analyze(&dir, "bad.csv").code(2).says("bad.csv");
    for word in words {
        ran = ran.says(word);
    }
    assert!(!dir.exists("floodmark-out"), "{}", ran.stderr);
    assert_eq!(dir.entries("."), ["bad.csv"]);
}

/// Must be read without complaint.
#[track_caller]
fn accepted(bytes: impl AsRef<[u8]>) -> (Workdir, Ran) {
    let dir = Workdir::new();
    dir.write("a.csv", bytes);
    let ran = analyze(&dir, "a.csv").code(0);
    (dir, ran)
}

fn with_row(row: &str) -> String {
    traffic(100) + row + "\n"
}

#[test]
fn files_without_data_are_refused() {
    refused("", &[]);
    refused("timestamp,domain,country,visits\n", &[]);
    refused("\n\n\n", &[]);
}

#[test]
fn wrong_columns_are_listed() {
    refused("a,b,c\n1,2,3\n", &["'a'", "'b'", "'c'"]);
    refused("date,domain\n2023-01-01,rt.com\n", &["value"]);
}

#[test]
fn a_wrong_date_far_down_is_found_by_line() {
    let mut text = traffic(1200);
    let at = text.match_indices('\n').nth(6998).expect("long enough").0 + 1;
    let end = at + text[at..].find(',').expect("a comma");
    text.replace_range(at..end, "2023-13-45");
    refused(text, &["bad.csv:7000", "2023-13-45"]);
}

#[test]
fn values_that_are_no_counts_are_refused_with_line_and_column() {
    for value in ["-5", "NaN", "inf", "-inf", "many", "1e999"] {
        refused(with_row(&format!("2023-09-30,rt.com,GB,{value}")), &["bad.csv:602", "visits"]);
    }
}

#[test]
fn ragged_rows_are_refused_with_their_line() {
    refused(with_row("2023-09-30,rt.com"), &["bad.csv:602"]);
    refused(with_row("2023-09-30,rt.com,GB,5,6,7"), &["bad.csv:602"]);
}

#[test]
fn repeated_keys_add_up() {
    let once = traffic(100);
    let (dir, _) = accepted(&once);
    let whole = dir.read("floodmark-out/index.csv");
    let halves: String = once
        .lines()
        .enumerate()
        .map(|(i, line)| match line.rsplit_once(',') {
            Some((key, visits)) if i > 0 => {
                let visits: u64 = visits.parse().expect("a count");
                format!("{key},{}\n{key},{}\n", visits / 2, visits - visits / 2)
            }
            _ => format!("{line}\n"),
        })
        .collect();
    let (dir, _) = accepted(halves);
    assert_eq!(dir.read("floodmark-out/index.csv"), whole);
}

#[test]
fn line_ends_and_byte_order_marks_do_not_matter() {
    let (dir, _) = accepted(traffic(100));
    let plain = dir.read("floodmark-out/index.csv");
    let utf16: Vec<u8> =
        "\u{feff}".chars().chain(traffic(100).chars()).collect::<String>().encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [traffic(100).replace('\n', "\r\n").into_bytes(), format!("\u{feff}{}", traffic(100)).into_bytes(), utf16] {
        let (dir, _) = accepted(bytes);
        assert_eq!(dir.read("floodmark-out/index.csv"), plain);
    }
}

#[test]
fn time_zones_in_stamps_name_the_same_moment() {
    let mixed: String = traffic(100)
        .lines()
        .enumerate()
        .map(|(i, line)| match line.split_once(',') {
            Some((day, rest)) if i > 0 && i % 2 == 0 => format!("{day}T02:00:00+02:00,{rest}\n"),
            Some((day, rest)) if i > 0 => format!("{day}T00:00:00Z,{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let (dir, _) = accepted(traffic(100));
    let plain = dir.read("floodmark-out/index.csv");
    let (dir, _) = accepted(mixed);
    assert_eq!(dir.read("floodmark-out/index.csv"), plain);
}

#[test]
fn hours_across_a_change_of_clocks_are_read() {
    let mut text = String::from("timestamp,domain,visits\n");
    for hour in 0..24 * 40 {
        let (day, hour) = (hour / 24, hour % 24);
        // 26 March 2023 has no 02:00 in Berlin.
        let (month, day) = if day < 31 { (3, day + 1) } else { (4, day - 30) };
        if (month, day, hour) != (3, 26, 2) {
            writeln!(text, "2023-{month:02}-{day:02}T{hour:02}:00:00,rt.com,{}", 900 + hour * 10).expect("memory");
        }
    }
    let dir = Workdir::new();
    dir.write("a.csv", text);
    analyze(&dir, "a.csv --time-zone Europe/Berlin").code(0);
    analyze(&dir, "a.csv --time-zone Mars/Olympus").code(2).says("Mars/Olympus");
}

#[test]
fn series_without_information_have_defined_answers() {
    let series = |value: &dyn Fn(usize) -> String, days: usize| {
        let rows: String = (0..days).map(|day| format!("{},rt.com,{}\n", date(day), value(day))).collect();
        format!("date,domain,visits\n{rows}")
    };
    for (name, text) in [
        ("one row", series(&|_| "5".into(), 1)),
        ("constant", series(&|_| "1000".into(), 150)),
        ("all zeros", series(&|_| "0".into(), 150)),
        ("huge", series(&|day| format!("{}", 1e15 + day as f64), 150)),
        ("mostly missing", series(&|day| if day % 9 == 0 { "50".into() } else { String::new() }, 150)),
    ] {
        let dir = Workdir::new();
        dir.write("a.csv", text);
        let ran = analyze(&dir, "a.csv").code(0);
        assert!(!ran.stderr.contains("panicked"), "{name}: {}", ran.stderr);
        assert_eq!(dir.read("floodmark-out/alerts.csv").lines().count(), 1, "{name}");
    }
}

#[test]
fn packed_files_are_read_and_cut_ones_refused() {
    let pack = |text: &str| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(text.as_bytes()).expect("memory");
        packer.finish().expect("memory")
    };
    let dir = Workdir::new();
    let bytes = pack(&traffic(100));
    dir.write("a.csv.gz", &bytes).write("cut.csv.gz", &bytes[..bytes.len() / 2]);
    analyze(&dir, "a.csv.gz").code(0);
    std::fs::remove_dir_all(dir.path("floodmark-out")).expect("removed");
    analyze(&dir, "cut.csv.gz").code(2).says("cut.csv.gz");
    assert!(!dir.exists("floodmark-out"));
}

#[test]
fn places_without_data_are_named() {
    let dir = Workdir::new();
    dir.write("folder/readme.md", "nothing here");
    analyze(&dir, "folder").code(2).says("folder");
    analyze(&dir, "absent.csv").code(2).says("absent.csv");
    analyze(&dir, "*.nothing").code(2).says("*.nothing");
}

#[test]
fn one_bad_file_is_reported_and_the_others_go_on() {
    let dir = Workdir::new();
    dir.write("in/a.csv", traffic(100)).write("in/b.csv", "when,what\n1,2\n");
    let ran = analyze(&dir, "in").code(2);
    assert!(ran.stderr.lines().any(|line| line.starts_with("in/b.csv: ") || line.starts_with("in/b.csv:1: ")), "{}", ran.stderr);
    assert!(dir.exists("floodmark-out/alerts.csv"));
    assert!(dir.read("floodmark-out/run.json").contains("in/b.csv"));
}

#[test]
fn no_garbage_makes_the_program_panic() {
    let mut noise = 1u64;
    for length in [1, 7, 100, 5_000] {
        let bytes: Vec<u8> = (0..length)
            .map(|_| {
                noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (noise >> 56) as u8
            })
            .collect();
        for name in ["x.csv", "x.csv.gz", "x.csv.zst", "x.parquet", "x.ndjson"] {
            let dir = Workdir::new();
            dir.write(name, &bytes);
            analyze(&dir, name).code(2).says(name);
            assert!(!dir.pipe("detect", &bytes).stderr.contains("panicked"));
        }
    }
}
