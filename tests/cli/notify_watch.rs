//! Deliveries as the scheduled job makes them: what leaves the program when names in the data are hostile, and what a
//! receiver gets that was down when there was news.

use super::notify_mail::{Mood, Server as MailServer, Wire};
use super::server::{OK, Reply, Server};
use super::workdir::{Workdir, traffic};

/// A folder with traffic up to two days into a surge of an outlet of this name, and a configuration.
fn job(outlet: &str, deliveries: &str) -> Workdir {
    let folder = Workdir::new();
    folder.write("data/a.csv", traffic(131));
    let quoted = outlet.replace('"', "\"\"");
    folder.write(
        "mine.csv",
        format!(
            "domain,outlet,state,role,control,language,from,until,source\n\
             presstv.ir,\"{quoted}\",IR,state,state-owned,en,,,https://example.org/\n"
        ),
    );
    folder.write(
        "floodmark.toml",
        format!(
            "[analysis]\ndomains = 'mine.csv'\n\n[health]\nlast-run = 'last.json'\nprometheus = 'floodmark.prom'\n\n\
             [[source]]\ninput = 'data/*.csv'\n\n{deliveries}"
        ),
    );
    folder
}

const RUN: &str = "watch --now 2023-10-10 --log-format json";

#[test]
fn hostile_names_are_disarmed_on_every_way_out() {
    let name = "=HYPERLINK(\"http://x\",\"<script>alert(1)</script>\") @channel";
    let server = Server::start(vec![OK]);
    let folder = job(
        name,
        &format!(
            "[[deliver]]\nkind = 'csv'\npath = 'alerts.csv'\n\n[[deliver]]\nkind = 'stdout'\nformat = 'jsonl'\n\n\
             [[deliver]]\nkind = 'webhook'\nbody = 'mattermost'\nurl = '{}'\n",
            server.url("/s3cret")
        ),
    );
    let ran = folder.run(RUN).code(0);
    let csv = folder.read("alerts.csv");
    assert!(csv.contains("\"'=HYPERLINK(\"\"http://x\"\""), "{csv}");
    assert!(
        csv.lines().all(|line| !line.split(',').any(|cell| cell.trim_start_matches('"').starts_with('='))),
        "{csv}"
    );
    for line in ran.stdout.lines() {
        let told: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let outlet = &told["alert"]["outlet"];
        assert!(outlet.is_null() || outlet == name, "JSON has names as they are: {line}");
    }
    let body = server.request().body;
    serde_json::from_str::<serde_json::Value>(&body).expect("JSON");
    assert!(body.contains("\\\\<script\\\\>") && !body.contains("@channel"), "{body}");
}

#[test]
fn what_a_receiver_refused_comes_with_the_next_run_once_and_no_secret_is_told() {
    let refused = Reply::Say("HTTP/1.1 401 No\r\nContent-Length: 11\r\n\r\nbad /s3cret");
    let server = Server::start(vec![refused, OK, OK]);
    let url = server.url("/s3cret");
    let folder = job("Press TV", "[[deliver]]\nkind = 'webhook'\nname = 'team'\nurl = { file = 'url' }\n");
    folder.write("url", url);
    let ran = folder.run(RUN).code(2).says("answered 401").says("chmod 600");
    for line in ran.stderr.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        assert!(line["level"].is_string() && line["event"].is_string(), "{line}");
    }
    let first = server.request();
    assert!(
        folder
            .read("floodmark.prom")
            .contains("floodmark_last_run_delivery_failures{watch=\"floodmark\",channel=\"team\"} 1")
    );
    let failed: serde_json::Value = serde_json::from_str(&folder.read("last.json")).expect("JSON");
    assert_eq!((&failed["exit_code"], failed["channels"]["team"]["waiting"].as_u64()), (&2.into(), Some(6)));

    folder.run(RUN).code(0);
    let again = server.request();
    assert_eq!((again.header("idempotency-key"), &again.body), (first.header("idempotency-key"), &first.body));
    folder.run(RUN).code(0);
    assert!(server.is_untouched(), "told twice");

    for name in folder.entries("") {
        let told = std::fs::read(folder.path(&name)).unwrap_or_default();
        let told = String::from_utf8_lossy(&told);
        assert!(name == "url" || !told.contains("s3cret"), "{name} holds the secret");
    }
    assert!(!ran.stderr.contains("s3cret") && !ran.stdout.contains("s3cret"));
}

#[test]
fn a_mail_brings_the_charts_of_its_alerts() {
    let server = MailServer::start(Mood::Accepts, Wire::Clear);
    let folder = job(
        "Press TV",
        &format!(
            "[[deliver]]\nkind = 'email'\nhost = '127.0.0.1'\nport = {}\nencryption = 'none'\n\
             from = 'floodmark@example.org'\nto = ['desk@example.org']\n",
            server.port
        ),
    );
    folder.run(RUN).code(0);
    let mail = server.heard();
    assert!(mail.contains("Subject: [floodmark] Surges of traffic: 6 opened"), "{}", &mail[..2000]);
    let charts: Vec<_> = mail.split("Content-Type: image/png").skip(1).collect();
    assert_eq!(charts.len(), 6);
    for chart in charts {
        assert!(chart.contains("iVBORw0KGgo") && chart.len() > 5_000, "a chart of {} bytes", chart.len());
    }
}

#[test]
fn a_message_that_is_refused_does_not_hold_up_the_next() {
    let no = || Reply::Say("HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n");
    let server = Server::start(vec![no(), no(), OK, OK]);
    let folder = job("Press TV", &format!("[[deliver]]\nkind = 'webhook'\nurl = '{}'\n", server.url("/")));
    folder.run(RUN).code(2);
    folder.write("data/a.csv", traffic(145));
    folder.run("watch --now 2023-10-24").code(2);
    folder.run("watch --now 2023-10-24").code(0);
    let keys: Vec<_> = (0..4).map(|_| server.request().header("idempotency-key").map(str::to_string)).collect();
    assert!(keys[0] == keys[1] && keys[0] != keys[2] && keys[0] == keys[3], "{keys:?}");
    assert!(server.is_untouched());
}

#[test]
fn a_check_finds_a_secret_that_is_missing_and_a_receiver_that_is_not_there() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let folder = job("Press TV", &format!("[[deliver]]\nkind = 'webhook'\nurl = 'http://127.0.0.1:{port}/s3cret'\n"));
    let ran = folder.run("watch --check --now 2023-10-10").code(2).says("cannot connect to http://127.0.0.1");
    assert!(!ran.stderr.contains("s3cret"), "{}", ran.stderr);
    let folder = job("Press TV", "[[deliver]]\nkind = 'webhook'\nurl = { env = 'NO_SUCH_SECRET' }\n");
    folder.run("watch --check --now 2023-10-10").code(2).says("NO_SUCH_SECRET, which should hold a secret, is not set");
    folder.run(RUN).code(2).says("NO_SUCH_SECRET");
}
