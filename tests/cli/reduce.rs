//! `reduce`: any files to the canonical table, whole or not at all, whatever happens meanwhile.

use crate::workdir::{Workdir, date, traffic};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

fn gzip(text: &str) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(text.as_bytes()).expect("memory");
    packer.finish().expect("memory")
}

/// Hourly rows of some hosts for some days from 2023-06-01; visits are whole numbers.
fn hourly(days: std::ops::Range<usize>) -> String {
    let mut text = String::from("timestamp,domain,country,visits\n");
    for day in days {
        for hour in 0..24 {
            for (host, level) in [("www.presstv.ir", 7), ("de.rt.com", 11), ("example.org", 3), ("rt.com", 5)] {
                for country in ["GB", "us", "??"] {
                    let visits = level * (day + 1) + hour + country.len();
                    writeln!(text, "{}T{hour:02}:00:00Z,{host},{country},{visits}", date(day)).expect("memory");
                }
            }
        }
    }
    text
}

#[test]
fn rows_add_up_under_the_canonical_header() {
    let dir = Workdir::new();
    dir.write(
        "a.csv",
        "date;site;geo;hits\n2023-10-07T01:00Z;www.rt.com;gb;5\n2023-10-07T23:00Z;RT.com.;UK;7\n2023-10-08T00:00Z;rt.com;;0\n\
         2023-10-08T05:00Z;rt.com;US;\n2023-10-08T06:00Z;rt.com;US;<3\n2023-10-08T06:00Z;rt.com;US;1.5\n",
    );
    let days = dir.run("reduce a.csv").code(0).stdout;
    assert_eq!(
        days,
        "timestamp,domain,country,visits\n2023-10-07,rt.com,GB,12\n2023-10-08,rt.com,,0\n2023-10-08,rt.com,US,1.5\n\
         2023-10-08,rt.com,US,<3\n2023-10-08,rt.com,US,\n"
    );
    let hours = dir.run("reduce a.csv --every hour --by host -o out.csv").code(0);
    assert!(hours.stdout.is_empty());
    let text = dir.read("out.csv");
    assert!(text.contains("\n2023-10-07T01:00:00Z,www.rt.com,GB,5\n"), "{text}");
    let weeks = dir.run("reduce a.csv --every week").code(0).stdout;
    assert!(weeks.contains("\n2023-10-02,rt.com,GB,12\n"), "{weeks}");
}

#[test]
fn parts_reduced_and_reduced_again_are_the_whole() {
    let dir = Workdir::new();
    dir.write("in/a.csv", hourly(0..9)).write("in/b.csv.gz", gzip(&hourly(5..20))).write("in/c.csv", hourly(20..31));
    let whole = dir.run("reduce in").code(0).stdout;
    for end in ["csv", "parquet"] {
        for part in ["a.csv", "b.csv.gz", "c.csv"] {
            dir.run(&format!("reduce in/{part} -o part-{part}.{end}")).code(0);
        }
        let parts = dir.run(&format!("reduce part-a.csv.{end} part-b.csv.gz.{end} part-c.csv.{end}")).code(0).stdout;
        assert_eq!(parts, whole, "{end}");
    }
    for jobs in [1, 2, 7] {
        assert_eq!(dir.run(&format!("reduce in --jobs {jobs}")).code(0).stdout, whole);
    }
    dir.run("reduce in/c.csv --every hour -o hours.parquet").code(0);
    dir.run("reduce in/c.csv --every hour -o hours.csv").code(0);
    for every in ["hour", "day", "week"] {
        let of = |file: &str| dir.run(&format!("reduce {file} --every {every}")).code(0).stdout;
        assert_eq!(of("hours.parquet"), of("in/c.csv"), "{every}");
        assert_eq!(of("hours.csv"), of("in/c.csv"), "{every}");
    }
    let polars = dir.run("reduce part-a.csv.parquet --every week").code(0).stdout;
    assert_eq!(polars, dir.run("reduce part-a.csv.csv --every week").code(0).stdout);
}

#[test]
fn unknown_names_are_kept_as_asked_and_counted() {
    let dir = Workdir::new();
    dir.write("a.csv", hourly(0..3));
    let all = dir.run("reduce a.csv").code(0).stdout;
    assert!(all.contains("example.org"));
    let none = dir.run("reduce a.csv --keep-unknown none").code(0).says("216 rows: not among the names").stdout;
    assert!(!none.contains("example.org") && none.contains("presstv.ir"));
    dir.write("b.csv", "date,domain,visits\n2023-06-01,a.com,5\n2023-06-01,b.com,9\n2023-06-01,rt.com,1\n");
    let top = dir.run("reduce b.csv --keep-unknown top:1").code(0).stdout;
    assert!(top.contains("b.com") && top.contains("rt.com") && !top.contains("a.com"), "{top}");
    dir.run("reduce b.csv --keep-unknown some").code(2).says("top:N");
}

#[test]
fn domains_become_their_outlets_domain_of_that_day() {
    let dir = Workdir::new();
    dir.write("d.csv", "domain,outlet,state,role,from,until\nold.com,One,IR,state,,2021-06-22\nnew.ir,One,IR,state,2021-06-23,\nmirror.ir,One,IR,state,,\n");
    dir.write(
        "a.csv",
        "date,domain,visits\n2021-06-22,old.com,5\n2021-06-22,mirror.ir,2\n2021-06-23,new.ir,7\n2021-06-23,mirror.ir,1\n2021-06-23,old.com,9\n",
    );
    let text = dir.run("reduce a.csv --by outlet --keep-unknown none --domains d.csv").code(0);
    assert_eq!(text.stdout, "timestamp,domain,country,visits\n2021-06-22,old.com,,7\n2021-06-23,new.ir,,8\n");
    assert!(text.stderr.contains("1 rows: outside the dates of its registry entry"), "{}", text.stderr);
}

#[test]
fn a_damaged_file_is_left_out_whole_and_told() {
    let dir = Workdir::new();
    let text = hourly(0..40);
    let packed = gzip(&text);
    let mut rotten = packed.clone();
    let middle = rotten.len() / 2;
    rotten[middle..middle + 6].fill(0xaa);
    dir.write("in/a.csv", hourly(40..50))
        .write("in/cut.csv.gz", &packed[..packed.len() / 2])
        .write("in/rotten.csv.gz", rotten)
        .write("in/wrong.csv", format!("{}2023-07-01T00:00:00Z,rt.com,GB,-5\n", hourly(0..2)));
    let ran = dir.run("reduce in -o out.parquet --record run.json").code(2);
    for start in [
        "in/cut.csv.gz: the packed file is truncated",
        "in/rotten.csv.gz: the packed file is",
        "in/wrong.csv:578: column 'visits': found '-5'",
    ] {
        assert!(ran.stderr.lines().any(|line| line.starts_with(start)), "no '{start}' in {}", ran.stderr);
    }
    let record: serde_json::Value = serde_json::from_str(&dir.read("run.json")).expect("JSON");
    assert_eq!(record["skipped_files"], 3);
    assert_eq!(record["inputs"].as_array().map(Vec::len), Some(1));
    assert_eq!(record["inputs"][0]["sha256"].as_str().map(str::len), Some(64));
    let alone = dir.run("reduce in/a.csv").code(0).stdout;
    assert_eq!(dir.run("reduce out.parquet").code(0).stdout, alone);
    let bytes = std::fs::read(dir.path("out.parquet")).expect("read");
    let metadata = bytes.windows(14).any(|window| window == b"\"skipped_files");
    assert!(metadata, "no metadata");
}

#[test]
fn a_killed_run_goes_on_and_counts_no_file_twice() {
    let dir = Workdir::new();
    for part in 0..6 {
        dir.write(&format!("in/{part}.csv"), hourly(part * 3..part * 3 + 5));
    }
    let clean = dir.run("reduce in").code(0).stdout;
    // A pipe that nobody writes to holds the run up at the last file.
    let (pipe, last) = (dir.path("in/9.csv"), hourly(30..33));
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let inputs = "in/0.csv in/1.csv in/2.csv in/3.csv in/4.csv in/5.csv in/9.csv";
    let command = format!("reduce {inputs} --jobs 1 --checkpoint state -o out.csv");
    let mut child = dir.command(&command).stderr(Stdio::null()).spawn().expect("the program starts");
    let begun = std::time::Instant::now();
    while !dir.exists("state") {
        assert!(begun.elapsed().as_secs() < 60, "no checkpoint");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    child.kill().expect("SIGKILL");
    child.wait().expect("ended");
    assert!(!dir.exists("out.csv"));
    std::fs::remove_file(&pipe).expect("removed");
    dir.write("in/9.csv", &last);
    dir.run(&command).code(0);
    dir.run(&format!("reduce {inputs} -o clean.csv")).code(0);
    assert_eq!(dir.read("out.csv"), dir.read("clean.csv"));
    assert_ne!(dir.read("out.csv"), clean);
    // Nothing is left to be done, and the result is the same.
    dir.run(&command.replace("out.csv", "again.csv")).code(0);
    assert_eq!(dir.read("again.csv"), dir.read("clean.csv"));
    // What has changed, or was asked otherwise, is not taken for done.
    dir.run(&command.replace("--jobs 1", "--every week")).code(2).says("other options");
    dir.write("in/3.csv", hourly(0..1));
    dir.run(&command).code(2).says("in/3.csv: the file has changed");
}

#[test]
fn values_that_do_not_add_up_are_refused_on_a_coarser_grid_and_keep_their_kind() {
    let dir = Workdir::new();
    dir.write("t.csv", "Category: All categories\n\nDay,RT: (Worldwide)\n2023-10-02,5\n2023-10-03,<1\n2023-10-04,0\n");
    let text = dir.run("reduce t.csv -o kept.csv").code(0).says("read as Google Trends");
    assert!(text.stderr.contains("kind 'scaled'"));
    assert_eq!(
        dir.read("kept.csv"),
        "timestamp,domain,country,visits,kind\n2023-10-02,term:RT,,5,scaled\n2023-10-03,term:RT,,<1,scaled\n2023-10-04,term:RT,,0,scaled\n"
    );
    dir.run("reduce t.csv -o kept.parquet").code(0);
    for again in ["kept.csv", "kept.parquet"] {
        assert_eq!(dir.run(&format!("reduce {again}")).code(0).stdout, dir.read("kept.csv"), "{again}");
    }
    dir.run("reduce t.csv --every week").code(2).says("values of kind 'scaled' cannot be added up");
    dir.write("u.csv", "Category: All categories\n\nDay,RT: (Worldwide)\n2023-11-02,5\n2023-11-03,7\n");
    dir.run("reduce t.csv u.csv").code(2).says("each download is scaled by itself");
    dir.write("days.csv", "date,domain,visits\n2023-10-02,rt.com,5\n2023-10-03,rt.com,5\n2023-10-04,rt.com,5\n");
    dir.run("reduce days.csv --every hour").code(2).says("they cannot be spread");
    dir.run("reduce days.csv t.csv").code(2).says("of kind 'scaled', but of kind 'count'");
}

#[test]
fn weeks_of_trends_begin_on_sunday_and_lie_under_the_monday_after() {
    let dir = Workdir::new();
    let rows = "2023-10-01,5\n2023-10-08,<1\n2023-10-15,100\n";
    dir.write("t.csv", format!("Kategorie: Alle Kategorien\n\nWoche,RT: (Weltweit)\n{rows}"));
    let ran = dir.run("reduce t.csv --every week").code(0).says("share six days");
    let days: Vec<&str> = ran.stdout.lines().skip(1).map(|row| &row[..10]).collect();
    assert_eq!(days, ["2023-10-02", "2023-10-09", "2023-10-16"]);
}

#[test]
fn ranks_beyond_the_end_of_a_list_are_written_as_they_are_read() {
    let dir = Workdir::new();
    dir.write("tranco_2023-10-07.csv", "1,google.com\n2,rt.com\n3,presstv.ir\n");
    dir.write("tranco_2023-10-08.csv", "1,google.com\n2,rt.com\n");
    dir.run("reduce tranco_2023-10-07.csv tranco_2023-10-08.csv -o kept.csv").code(0);
    assert!(dir.read("kept.csv").contains("2023-10-08,presstv.ir,,>2,rank\n"), "{}", dir.read("kept.csv"));
    dir.run("reduce tranco_2023-10-07.csv tranco_2023-10-08.csv -o kept.parquet").code(0);
    for again in ["kept.csv", "kept.parquet"] {
        assert_eq!(dir.run(&format!("reduce {again}")).code(0).stdout, dir.read("kept.csv"), "{again}");
    }
    dir.write("bad.csv", "date,domain,rank\n2023-10-07,rt.com,<5\n2023-10-08,rt.com,7\n");
    dir.run("reduce bad.csv").code(2).says("bad.csv:2: column 'rank'").says(">1000");
    dir.write("count.csv", "date,domain,visits\n2023-10-07,rt.com,>5\n");
    dir.run("reduce count.csv").code(2).says("count.csv:2: column 'visits'");
}

#[test]
fn a_dump_is_filtered_while_it_is_read() {
    let dir = Workdir::new();
    let hour =
        |views: u32| gzip(&format!("en Press_TV {views} 0\nen.m Press_TV 1 0\nen Other 99 0\nfa Press_TV 5 0\n"));
    dir.write("in/pageviews-20231007-010000.gz", hour(10)).write("in/pageviews-20231007-020000.gz", hour(10));
    dir.write("pages.csv", "project,article,domain\nen.wikipedia,Press TV,presstv.ir\n");
    // Without a list: the pages about known outlets.
    let known = dir.run("reduce in").code(0).says("pages about known outlets are kept").stdout;
    assert!(known.contains(",presstv.ir,,") && !known.contains("Other"), "{known}");
    // Two hours of the same bytes are two hours.
    let text = dir.run("reduce in --articles pages.csv").code(0).stdout;
    assert_eq!(text, "timestamp,domain,country,visits\n2023-10-07,presstv.ir,,22\n");
    let all = dir.run("reduce in --keep-unknown all --every hour").code(0).stdout;
    assert!(all.contains("2023-10-07T01:00:00Z,article:fa.wikipedia/Press_TV,,5"), "{all}");
}

#[test]
fn the_result_of_an_analysis_does_not_depend_on_a_reduction_before() {
    let dir = Workdir::new();
    dir.write("a.csv", traffic(150));
    dir.run("reduce a.csv -o a.parquet").code(0);
    let analyze = |input: &str| {
        dir.run(&format!("analyze {input} --charts none --now 2030-01-01 --force")).code(0);
        dir.read("floodmark-out/alerts.csv")
    };
    assert_eq!(analyze("a.csv"), analyze("a.parquet"));
}

#[test]
fn what_cannot_be_is_said_before_anything_is_read() {
    let dir = Workdir::new();
    dir.write("a.csv", hourly(0..1));
    dir.run("reduce a.csv -o out.xlsx").code(2).says(".parquet or .csv");
    dir.run("reduce a.csv --format nonsense").code(2).says("access-log");
    dir.run("reduce absent.csv").code(2).says("absent.csv: no such file");
    dir.run("reduce a.csv --format squid").code(2).says("not lines of a Squid log");
    assert_eq!(dir.entries("."), ["a.csv"]);
}
