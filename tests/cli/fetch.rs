//! `fetch` as a user runs it, against a server on this machine. Faults of sources are tested beside the code.

use crate::workdir::{Ran, Workdir};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

/// A server that answers each path; gives its address.
fn server(answer: impl Fn(&str) -> String + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut lines = BufReader::new(stream.try_clone().expect("a reader"));
            let mut head = String::new();
            while lines.read_line(&mut head).is_ok_and(|read| read > 2) {}
            let _ = stream.write_all(answer(head.split(' ').nth(1).unwrap_or("")).as_bytes());
        }
    });
    base
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn run(dir: &Workdir, base: &str, arguments: &str) -> Ran {
    let mut command = dir.command(&format!("fetch {arguments} --cache cache --now 2024-02-01"));
    command.env("FLOODMARK_FETCH_BASE_URL", base).env("FLOODMARK_FETCH_PACE", "0");
    command.env("FLOODMARK_RADAR_TOKEN", "s3cret");
    command.output().expect("the program starts").into()
}

/// Views of every day from 2023-06-01 on, as Wikimedia tells them: raised for ten days from 2023-10-07.
fn views(path: &str) -> String {
    let level = if path.contains("aggregate") { 1_000_000 } else { 3_000 };
    let mut noise = 7u64;
    let items: Vec<String> = (0..214)
        .map(|day| {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let surge = if path.contains("Press_TV") && (128..138).contains(&day) { 3 } else { 1 };
            let views = surge * (level + level * (noise >> 60) / 100);
            let date = crate::workdir::date(day).replace('-', "");
            format!(r#"{{"timestamp":"{date}00","views":{views}}}"#)
        })
        .collect();
    ok(&format!(r#"{{"items":[{}]}}"#, items.join(",")))
}

#[test]
fn page_views_of_outlets_are_fetched_and_analysed() {
    let dir = Workdir::new();
    let base = server(views);
    let asked = "wikimedia --from 2023-06-01 --to 2023-12-31 --out pages --contact me@example.org";
    let args = format!("{asked} --project en.wikipedia --article en.wikipedia:CNN --article en.wikipedia:Press_TV");
    let ran = run(&dir, &base, &args).code(0).says("3 calls, 0 of them answered from the cache");
    assert_eq!(ran.stdout.lines().count(), 8, "{}", ran.stdout);
    assert!(ran.stdout.contains("pages/wikimedia-2023-10.csv") && ran.stdout.contains("pages/total.csv"));
    // The same days by their number: the last ones up to 2023-12-31.
    let last = args.replace("--from 2023-06-01", "--from 1d").replace("--out pages", "--out last");
    run(&dir, &base, &last).code(0);
    assert_eq!(dir.read("last/wikimedia-2023-12.csv").lines().count(), 3);
    // Nothing new: nothing on standard output, nobody asked.
    let again = run(&dir, &base, &args).code(0).says("3 calls, 3 of them answered from the cache");
    assert_eq!(again.stdout, "");
    dir.run("analyze pages --out out --charts none --now 2024-02-01").code(0).says("total.csv: taken as the total");
    let alerts = dir.read("out/alerts.csv");
    assert!(alerts.lines().any(|row| row.contains(",Press TV,") && row.contains(",2023-10-07,")), "{alerts}");
    // By outlet, the article column of the registry is used: the same page.
    run(&dir, &base, "wikimedia --from 2023-06-01 --to 2023-12-31 --out by --outlet CNN")
        .code(0)
        .says("1 calls, 1 of them");
    assert!(dir.read("by/wikimedia-2023-06.csv").contains(",en.wikipedia:CNN,"));
}

#[test]
fn what_a_call_could_not_get_is_told_and_is_code_2() {
    let dir = Workdir::new();
    let base = server(|path| match path {
        path if path.contains("CNN") => "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}".into(),
        path => views(path),
    });
    let pages = "--article en.wikipedia:CNN --article en.wikipedia:TASS";
    run(&dir, &base, &format!("wikimedia --from 2023-06-01 --to 2023-06-30 --out pages {pages}"))
        .code(2)
        .says("/CNN/")
        .says("the source answered 400");
    assert!(dir.exists("pages/wikimedia-2023-06.csv"));
    let record = dir.read("pages/_fetch.json");
    assert!(record.contains("the source answered 400") && record.contains("\"source\": \"wikimedia\""), "{record}");
}

#[test]
fn options_that_make_no_sense_are_refused_before_anybody_is_asked() {
    let dir = Workdir::new();
    let nobody = "http://127.0.0.1:9";
    let from = "--from 2023-10-01";
    run(&dir, nobody, &format!("wikimedia {from}")).code(2).says("--article");
    run(&dir, nobody, &format!("wikimedia {from} --country IR")).code(2).says("--country does not go");
    run(&dir, nobody, &format!("wikimedia {from} --outlet Nobody")).code(2).says("not in the registry");
    run(&dir, nobody, &format!("tranco {from}")).code(2).says("--domain");
    run(&dir, nobody, &format!("ioda {from} --country Iran")).code(2).says("ISO 3166-1");
    run(&dir, nobody, &format!("gdelt {from} --query x")).code(2).says("NAME=QUERY");
    run(&dir, nobody, "tor --from 2024-03-01").code(2).says("--to lies before --from");
    run(&dir, nobody, "tor --from 2023-10-01 --to 2023-13-01").code(2).says("--to '2023-13-01'");
    run(&dir, "http://mirror.example", &format!("tor {from}")).code(2).says("only https");
    let mut command = dir.command("fetch radar --from 2023-10-01 --domain rt.com");
    command.env("FLOODMARK_FETCH_BASE_URL", nobody);
    Ran::from(command.output().expect("the program starts")).code(2).says("FLOODMARK_RADAR_TOKEN");
    assert!(!dir.exists("floodmark-data"));
}

#[test]
fn a_token_never_appears() {
    let dir = Workdir::new();
    let base = server(|_| "HTTP/1.1 403 Forbidden\r\nContent-Length: 17\r\n\r\n{\"success\":false}".into());
    let ran = run(&dir, &base, "radar --from 2023-10-01 --domain rt.com --out out").code(2).says("the token");
    assert!(!ran.stderr.contains("s3cret") && !ran.stdout.contains("s3cret"), "{}", ran.stderr);
}

#[test]
fn a_job_fetches_what_it_watches() {
    let dir = Workdir::new();
    let base = server(views);
    let pages = "'--article', 'en.wikipedia:CNN', '--article', 'en.wikipedia:Press_TV'";
    let source = format!("fetch = ['wikimedia', {pages}, '--contact', 'me@example.org', '--cache', 'cache']");
    let config =
        format!("[[source]]\n{source}\nsince = '2023-06-01'\n[[deliver]]\nkind = 'stdout'\nformat = 'jsonl'\n");
    dir.write("floodmark.toml", config);
    let watch = |now: &str| -> Ran {
        let mut command = dir.command(&format!("watch --now {now}"));
        command.env("FLOODMARK_FETCH_BASE_URL", &base).env("FLOODMARK_FETCH_PACE", "0");
        command.output().expect("the program starts").into()
    };
    let first = watch("2023-10-12T06:00:00Z").code(0);
    assert!(first.stdout.contains("\"opened\"") && first.stdout.contains("Press TV"), "{}", first.stdout);
    let later = watch("2023-10-25T06:00:00Z").code(0);
    assert!(later.stdout.contains("\"closed\""), "{}", later.stdout);
    dir.write("floodmark.toml", "[[source]]\nfetch = ['wikimedia', '--from', '2023-01-01']\n");
    watch("2023-10-26T06:00:00Z").code(2).says("[[source]] fetch:");
}
