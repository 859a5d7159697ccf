//! Sources that answer as documented, and as they should not. No call leaves the machine.

use super::*;
use std::cell::{Cell, RefCell};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Time that passes only where somebody waits.
#[derive(Default)]
struct Patience {
    now: Cell<Duration>,
    waits: RefCell<Vec<f64>>,
}

impl Clock for Patience {
    fn elapsed(&self) -> Duration {
        self.now.get()
    }

    fn sleep(&self, pause: Duration) {
        self.waits.borrow_mut().push(pause.as_secs_f64());
        self.now.set(self.now.get() + pause);
    }
}

/// A server on this machine: what it was asked, and where it is.
struct Server {
    base: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers the nth call with what `answer` says of its path and n.
    fn new(answer: impl Fn(&str, usize) -> String + Send + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let heads = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&heads);
        std::thread::spawn(move || {
            for (n, stream) in listener.incoming().enumerate() {
                let mut stream = stream.expect("a connection");
                let mut head = String::new();
                let mut lines = BufReader::new(stream.try_clone().expect("a reader"));
                while lines.read_line(&mut head).is_ok_and(|read| read > 2) {}
                let path = head.split(' ').nth(1).unwrap_or("").to_string();
                log.lock().expect("a log").push(head);
                let _ = stream.write_all(answer(&path, n).as_bytes());
            }
        });
        Server { base, heads }
    }

    fn asked(&self) -> Vec<String> {
        let heads = self.heads.lock().expect("a log");
        heads.iter().map(|head| head.split(' ').nth(1).unwrap_or("").to_string()).collect()
    }
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}", body.len())
}

fn ok(body: &str) -> String {
    answer("200 OK", "", body)
}

const VIEWS: &str = r#"{"items":[
    {"project":"en.wikipedia","article":"Press_TV","granularity":"daily","timestamp":"2023100700","views":4069},
    {"project":"en.wikipedia","article":"Press_TV","granularity":"daily","timestamp":"2023100900","views":12}]}"#;

fn day(text: &str) -> Seconds {
    days::parse(text).expect("a day")
}

fn page() -> Source {
    let article = Article { project: "en.wikipedia".into(), title: "RT_(TV)/é".into(), name: "rt.com".into() };
    Source::Wikimedia { articles: vec![article], projects: Vec::new() }
}

struct Asked {
    folder: tempfile::TempDir,
    request: Request,
}

/// A request for 2023-10-06 to 10-09 that a server answers, asked a month later.
fn asked(source: Source, base: &str) -> Asked {
    let folder = tempfile::tempdir().expect("a folder");
    let manners = Manners { base_url: Some(base.into()), contact: Some("me@example.org".into()), ..Manners::default() };
    let request = Request {
        source,
        from: day("2023-10-06"),
        to: day("2023-10-09"),
        now: day("2023-11-09"),
        out: folder.path().join("out"),
        cache: Some(folder.path().join("cache")),
        manners,
    };
    Asked { folder, request }
}

impl Asked {
    fn run(&self) -> Result<Report> {
        run(&self.request, &Patience::default())
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.request.out.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

#[test]
fn page_views_become_a_table_and_a_second_run_asks_nobody() {
    let server = Server::new(|_, _| ok(VIEWS));
    let asked = asked(page(), &server.base);
    let report = asked.run().expect("fetched");
    assert!(report.is_news() && report.failures.is_empty());
    let expected = "timestamp,domain,country,series,visits\n\
                    2023-10-07,rt.com,,en.wikipedia:RT_(TV)/é,4069\n2023-10-09,rt.com,,en.wikipedia:RT_(TV)/é,12\n";
    assert_eq!(asked.file("wikimedia-2023-10.csv"), expected);
    let path = "/api/rest_v1/metrics/pageviews/per-article/en.wikipedia/all-access/user/RT_%28TV%29%2F%C3%A9/daily/\
                2023100600/2023100900";
    assert_eq!(server.asked(), [path]);
    let head = server.heads.lock().expect("a log")[0].to_lowercase();
    assert!(head.contains(concat!("user-agent: floodmark/", env!("CARGO_PKG_VERSION"), " (me@example.org)")), "{head}");
    let again = asked.run().expect("fetched");
    assert!(!again.is_news());
    assert_eq!((again.calls[0].attempts, server.asked().len()), (0, 1));
    let record: serde_json::Value = serde_json::from_str(&asked.file("_fetch.json")).expect("JSON");
    assert_eq!((&record["calls"][0]["from_cache"], &record["files"][0]["rows"]), (&true.into(), &2.into()));
}

#[test]
fn told_to_wait_it_waits_as_long_and_no_call_comes_too_soon() {
    let server = Server::new(|_, n| match n {
        0 => answer("429 Too Many Requests", "Retry-After: 7\r\n", "slow down"),
        1 => answer("503 Service Unavailable", "Retry-After: Thu, 09 Nov 2023 00:00:27 GMT\r\n", ""),
        2 => answer("500 Internal Server Error", "", "oops"),
        _ => ok(VIEWS),
    });
    let asked = asked(page(), &server.base);
    let clock = Patience::default();
    let report = run(&asked.request, &clock).expect("fetched");
    assert_eq!(report.calls[0].attempts, 4);
    // Seven seconds as asked; then until 00:00:27, twenty seconds later; then what doubling from one gives.
    assert_eq!(*clock.waits.borrow(), [7.0, 20.0, 4.0]);
}

#[test]
fn patience_ends_with_the_time_and_with_the_attempts() {
    let server = Server::new(|_, _| answer("429 Too Many Requests", "Retry-After: 86400\r\n", ""));
    let said = asked(page(), &server.base).run().expect_err("a day is too long").to_string();
    assert!(said.contains("86400 s to wait") && said.contains("429"), "{said}");
    let server = Server::new(|_, _| answer("502 Bad Gateway", "", ""));
    let said = asked(page(), &server.base).run().expect_err("never").to_string();
    assert!(said.contains("given up after 5 attempts") && server.asked().len() == 5, "{said}");
}

#[test]
fn a_broken_answer_is_asked_for_again_and_never_kept() {
    // Cut off in the middle: the length says more than there is.
    let cut = format!("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nConnection: close\r\n\r\n{VIEWS}");
    let server = Server::new(move |_, n| if n == 0 { cut.clone() } else { ok(VIEWS) });
    let asked_ = asked(page(), &server.base);
    assert_eq!(asked_.run().expect("fetched").calls[0].attempts, 2);

    let server = Server::new(|_, n| if n == 0 { ok("{\"items\":[{\"views\":\"many\"}]}") } else { ok(VIEWS) });
    let asked_ = asked(page(), &server.base);
    let said = asked_.run().expect_err("not the documented shape").to_string();
    assert!(said.contains("not the answer that is documented") && said.contains("many"), "{said}");
    assert!(!asked_.request.out.join("wikimedia-2023-10.csv").exists());
    asked_.run().expect("the next run asks again");
}

#[test]
fn a_source_that_is_silent_is_given_up() {
    let server = Server::new(|_, _| {
        std::thread::sleep(Duration::from_millis(900));
        ok(VIEWS)
    });
    let mut asked = asked(page(), &server.base);
    asked.request.manners.call_time = Duration::from_millis(150);
    asked.request.manners.attempts = 2;
    let said = asked.run().expect_err("too slow").to_string();
    assert!(said.contains("after 2 attempts") && said.contains("timeout"), "{said}");
}

#[test]
fn another_host_is_never_followed() {
    let server = Server::new(|_, _| answer("302 Found", "Location: https://evil.example/steal\r\n", ""));
    let said = asked(page(), &server.base).run().expect_err("refused").to_string();
    assert!(said.contains("evil.example") && said.contains("refused"), "{said}");
    assert_eq!(server.asked().len(), 1);
    let server = Server::new(|path, _| match path {
        "/moved" => ok(VIEWS),
        _ => answer("301 Moved Permanently", "Location: /moved\r\n", ""),
    });
    asked(page(), &server.base).run().expect("the same host is followed");
    let server = Server::new(|_, _| answer("301 Moved Permanently", "Location: /round\r\n", ""));
    assert!(asked(page(), &server.base).run().expect_err("a loop").to_string().contains("too many redirects"));
}

#[test]
fn an_answer_larger_than_the_bound_is_refused() {
    let server = Server::new(|_, _| ok(&"x".repeat(5000)));
    let mut asked = asked(page(), &server.base);
    asked.request.manners.most_bytes = 1000;
    assert!(asked.run().expect_err("too large").to_string().contains("larger than 1000 bytes"));
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn no_data_is_a_gap_and_one_failure_does_not_stop_the_others() {
    let server = Server::new(|path, _| match path {
        path if path.contains("Nobody") => answer("404 Not Found", "", "{}"),
        path if path.contains("Broken") => answer("400 Bad Request", "", "{\"detail\":\"no\"}"),
        path if path.contains("aggregate") => ok(VIEWS),
        _ => ok(VIEWS),
    });
    let article = |title: &str| Article { project: "en.wikipedia".into(), title: title.into(), name: "x.org".into() };
    let articles = ["Nobody", "Broken", "Press_TV"].map(article).to_vec();
    let asked = asked(Source::Wikimedia { articles, projects: vec!["en.wikipedia".into()] }, &server.base);
    let report = asked.run().expect("fetched");
    assert_eq!(report.failures.len(), 1);
    assert!(report.failures[0].to_string().contains("400"), "{}", report.failures[0]);
    assert!(report.notes[0].contains("Nobody") && report.notes[0].contains("gaps"), "{:?}", report.notes);
    assert!(!asked.file("wikimedia-2023-10.csv").contains(",0\n"));
    let total = asked.file("total.csv");
    assert_eq!(total, "timestamp,country,series,visits\n2023-10-07,,en.wikipedia,4069\n2023-10-09,,en.wikipedia,12\n");
}

#[test]
fn rows_of_an_earlier_run_are_kept_and_revised_ones_replaced() {
    let server = Server::new(|_, n| ok(&VIEWS.replace("4069", if n == 0 { "4069" } else { "5000" })));
    let mut asked = asked(page(), &server.base);
    asked.request.now = day("2023-10-10");
    asked.run().expect("fetched");
    // A day later the source has changed its mind, and the answer of yesterday is not final.
    asked.request.now = day("2023-10-11");
    let report = asked.run().expect("fetched");
    assert_eq!((report.written[0].new, report.written[0].changed, report.written[0].rows), (0, 1, 2));
    assert!(asked.file("wikimedia-2023-10.csv").contains("5000"));
}

#[test]
fn the_token_goes_into_the_header_and_nowhere_else() {
    let body = r#"{"success":true,"errors":[],"result":{"serie_0":{"timestamps":["2023-10-07T00:00:00Z"],"rt.com":["1203"]}}}"#;
    let server = Server::new(move |_, _| ok(body));
    let set = Radar::Ranking { domains: vec!["rt.com".into()], countries: vec!["DE".into()] };
    let asked = asked(Source::Radar { set, token: Secret::new("s3cret\n") }, &server.base);
    let report = asked.run().expect("fetched");
    assert!(server.heads.lock().expect("a log")[0].to_lowercase().contains("authorization: bearer s3cret"));
    assert!(!format!("{report:?} {:?}", asked.request).contains("s3cret"));
    let mut folders = vec![asked.folder.path().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => folders.push(path),
                false => assert!(!String::from_utf8_lossy(&std::fs::read(&path).expect("a file")).contains("s3cret")),
            }
        }
    }
    assert_eq!(
        asked.file("radar-ranking-2023-10.csv"),
        "timestamp,domain,country,series,rank\n2023-10-07,rt.com,DE,radar,1203\n"
    );
    let server = Server::new(|_, _| answer("403 Forbidden", "", r#"{"success":false,"you":"s3cret"}"#));
    let set = Radar::Traffic { countries: vec!["DE".into()] };
    let refused = self::asked(Source::Radar { set, token: Secret::new("s3cret") }, &server.base).run();
    let said = refused.expect_err("refused").to_string();
    assert!(said.contains("token") && !said.contains("s3cret"), "{said}");
}

#[test]
fn gdelt_brings_its_own_denominator() {
    let text = "\u{feff}Date,Series,Value\n2023-10-07,Article Count,1317\n2023-10-07,Total Monitored Articles,159665\n";
    let server = Server::new(move |_, _| ok(text));
    let query = Query { name: "presstv.ir".into(), text: "domainis:presstv.ir".into() };
    let asked = asked(Source::Gdelt(vec![query]), &server.base);
    asked.run().expect("fetched");
    assert!(asked.file("gdelt-2023-10.csv").ends_with("2023-10-07,presstv.ir,,domainis:presstv.ir,1317\n"));
    assert!(asked.file("total.csv").ends_with(",159665\n"));
    assert!(
        server.asked()[0]
            .contains("query=domainis%3Apresstv.ir&mode=timelinevolraw&format=csv&startdatetime=20231006000000")
    );
}

#[test]
fn two_calls_to_one_host_keep_their_distance() {
    let text = "Date,Series,Value\n2023-10-07,Article Count,1\n2023-10-07,Total Monitored Articles,9\n";
    let server = Server::new(move |_, _| ok(text));
    let query = |name: &str| Query { name: name.into(), text: format!("domainis:{name}") };
    let asked = asked(Source::Gdelt(vec![query("a.ir"), query("b.ir")]), &server.base);
    let clock = Patience::default();
    run(&asked.request, &clock).expect("fetched");
    assert_eq!(*clock.waits.borrow(), [5.5]);
}

#[test]
fn tranco_goes_the_short_way_for_recent_days_and_the_long_one_for_others() {
    let server = Server::new(|path, _| match path {
        path if path.starts_with("/api/ranks") => {
            ok(r#"{"ranks":[{"date":"2023-10-07","rank":512},{"date":"2020-01-01","rank":1}]}"#)
        }
        path if path.ends_with("2023-10-06") => answer("404 Not Found", "", ""),
        path if path.starts_with("/api/lists") => ok(r#"{"available":true,"list_id":"6XWX"}"#),
        _ => ok("1,google.com\r\n2,rt.com\r\n"),
    });
    let mut asked = asked(Source::Tranco(vec!["rt.com".into()]), &server.base);
    asked.request.now = day("2023-10-20");
    asked.run().expect("fetched");
    assert!(asked.file("tranco-2023-10.csv").ends_with("\n2023-10-07,rt.com,,tranco,512\n"));
    asked.request.now = day("2024-10-20");
    let report = asked.run().expect("fetched");
    assert!(asked.file("tranco-2023-10.csv").contains("2023-10-08,rt.com,,6XWX,2\n"));
    assert!(report.notes[0].contains("2023-10-06"), "{:?}", report.notes);
    // What is kept of a list is small, and a later run needs no list again.
    let calls = server.asked().len();
    asked.run().expect("fetched");
    assert_eq!(server.asked().len(), calls);
}

#[test]
fn blocks_and_outages_become_context_with_what_was_looked_at() {
    let ooni = r#"{"v":0,"result":[
        {"measurement_start_day":"2023-10-07","probe_cc":"IR","measurement_count":20,"anomaly_count":15,"confirmed_count":2,"failure_count":2},
        {"measurement_start_day":"2023-10-08","probe_cc":"IR","measurement_count":9,"anomaly_count":0,"confirmed_count":0,"failure_count":0},
        {"measurement_start_day":"2023-10-08","probe_cc":"GB","measurement_count":9,"anomaly_count":0,"confirmed_count":0,"failure_count":0}]}"#;
    let server = Server::new(move |_, _| ok(ooni));
    let source = Source::Ooni { domains: vec!["bbc.com".into()], countries: vec!["IR".into()] };
    let asked_ = asked(source, &server.base);
    asked_.run().expect("fetched");
    let context = crate::context::read(&asked_.request.out.join("_context.csv")).expect("context");
    assert_eq!((context.found.len(), context.looks.len()), (1, 2));
    assert_eq!(context.found[0].evidence, "OONI: of 18 usable measurements 2 confirmed as blocked, 15 anomalous");
    assert!(
        server.asked()[0]
            .contains("domain=bbc.com%2Cwww.bbc.com&test_name=web_connectivity&since=2023-10-06&until=2023-10-10")
            && server.asked()[0].contains("probe_cc=IR")
    );

    let ioda = r#"{"type":"outages.events","error":null,"data":[
        {"location":"country/IR","start":1696636800,"duration":7200,"datasource":"bgp","score":4711.5}]}"#;
    let server = Server::new(move |_, _| ok(ioda));
    let asked_ = asked(Source::Ioda(vec!["IR".into()]), &server.base);
    asked_.run().expect("fetched");
    let text = asked_.file("_context.csv");
    assert!(text.contains("2023-10-07T00:00:00Z,2023-10-07T02:00:00Z,IR,,IODA bgp,outage,"), "{text}");
    assert!(text.contains("2023-10-06,2023-10-09,IR,,IODA,checked_outage,"), "{text}");
}

#[test]
fn tor_tells_the_world_from_countries() {
    let text = "# users\ndate,country,users\n2023-10-07,,1000\n2023-10-07,ir,50\n";
    let server = Server::new(move |_, _| ok(text));
    let asked_ = asked(Source::Tor { users: TorUsers::Bridge, countries: vec!["IR".into()] }, &server.base);
    asked_.run().expect("fetched");
    assert!(asked_.file("tor-bridge-2023-10.csv").ends_with("2023-10-07,tor-bridge,IR,tor-bridge,50\n"));
    let asked_ = asked(Source::Tor { users: TorUsers::Relay, countries: Vec::new() }, &server.base);
    asked_.run().expect("fetched");
    assert!(asked_.file("tor-relay-world-2023-10.csv").ends_with("2023-10-07,tor-relay,,tor-relay,1000\n"));
}

#[test]
fn impossible_dates_are_refused_before_anybody_is_asked() {
    let mut asked = asked(page(), "http://127.0.0.1:9");
    asked.request.to = day("2023-10-01");
    assert!(asked.run().expect_err("backwards").is_usage());
    asked.request.to = day("2024-10-01");
    assert!(asked.run().expect_err("the future").is_usage());
}
