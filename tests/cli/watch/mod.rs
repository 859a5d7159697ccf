//! The scheduled job, run after run.

mod faults;
mod kill;
mod life;
mod page;
mod stores;

use super::workdir::{Ran, Workdir, date, traffic};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A job in a folder of its own, with a file a day.
pub struct Job {
    pub dir: Workdir,
    /// Rows of each day.
    days: Vec<String>,
}

const HEADER: &str = "timestamp,domain,country,visits\n";

impl Job {
    /// A job on `days` of the traffic of [`traffic`], with these lines in its configuration beside the source.
    pub fn new(days: usize, config: &str) -> Job {
        let mut rows = vec![String::new(); days];
        for line in traffic(days).lines().skip(1) {
            let day = (0..days).find(|day| line.starts_with(&date(*day))).expect("a day");
            rows[day].push_str(line);
            rows[day].push('\n');
        }
        let job = Job { dir: Workdir::new(), days: rows };
        job.dir.write("floodmark.toml", format!("[[source]]\ninput = 'daily'\n\n{config}\n"));
        job
    }

    /// The rows of a day.
    pub fn rows(&self, day: usize) -> &str {
        &self.days[day]
    }

    /// Writes the file of a day.
    pub fn write(&self, day: usize, rows: &str) {
        self.dir.write(&format!("daily/{}.csv", date(day)), format!("{HEADER}{rows}"));
    }

    /// The files of these days arrive.
    pub fn arrive(&self, days: std::ops::Range<usize>) -> &Job {
        days.for_each(|day| self.write(day, &self.days[day]));
        self
    }

    /// Six in the morning after a day.
    pub fn after(day: usize) -> String {
        format!("watch --now {}T06:00:00Z", date(day + 1))
    }

    /// The run of the morning after a day.
    pub fn run(&self, day: usize) -> Ran {
        self.dir.run(&Job::after(day))
    }

    /// The file of each day arrives, and the job runs the morning after.
    pub fn live(&self, days: std::ops::Range<usize>) {
        for day in days {
            self.arrive(day..day + 1).run(day).code(0);
        }
    }

    /// Everything told so far: (key, change, the rest of the row).
    pub fn told(&self) -> Vec<Vec<String>> {
        table(&self.dir.run("watch --history=csv").code(0).stdout)
    }

    /// The alerts as they stand, one row each, sorted.
    pub fn alerts(&self) -> Vec<Vec<String>> {
        let mut rows = table(&self.dir.run("watch --export csv").code(0).stdout);
        rows.sort();
        rows
    }
}

/// The rows of a CSV text without its header.
pub fn table(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.records().map(|row| row.expect("a row").iter().map(str::to_string).collect()).collect()
}

/// Message key → keys of its transitions, and how often it came.
type Seen = Arc<Mutex<BTreeMap<String, (Vec<String>, usize)>>>;

/// A receiver of webhooks that honours the idempotency key: the same message twice counts once.
pub struct Receiver {
    pub url: String,
    seen: Seen,
}

impl Receiver {
    /// Answers after up to `slow` milliseconds, differently each time.
    pub fn start(slow: u64) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/alerts", listener.local_addr().expect("an address"));
        let seen = Seen::default();
        let kept = Arc::clone(&seen);
        std::thread::spawn(move || {
            for (n, stream) in listener.incoming().flatten().enumerate() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(&stream);
                    let (mut key, mut length) = (String::new(), 0);
                    loop {
                        let mut line = String::new();
                        if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim_end().is_empty() {
                            break;
                        }
                        let (name, value) = line.trim_end().split_once(": ").unwrap_or_default();
                        match name.to_ascii_lowercase().as_str() {
                            "idempotency-key" => key = value.into(),
                            "content-length" => length = value.parse().unwrap_or(0),
                            _ => {}
                        }
                    }
                    let mut body = vec![0; length];
                    // A sender that died half way has sent nothing.
                    if reader.read_exact(&mut body).is_err() {
                        return;
                    }
                    let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
                    let keys = body["transitions"].as_array().expect("a list").iter();
                    let keys = keys.map(|one| one["key"].as_str().expect("a key").to_string()).collect();
                    kept.lock().expect("no panic").entry(key).or_insert((keys, 0)).1 += 1;
                    std::thread::sleep(Duration::from_millis((n as u64 + 1) * 7919 % (slow + 1)));
                    let _ = (&stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                });
            }
        });
        Receiver { url, seen }
    }

    /// Keys of the transitions of all messages, each message once; and how many messages came again.
    pub fn received(&self) -> (Vec<String>, usize) {
        let seen = self.seen.lock().expect("no panic");
        let mut keys: Vec<String> = seen.values().flat_map(|(keys, _)| keys.clone()).collect();
        keys.sort();
        (keys, seen.values().map(|(_, times)| times - 1).sum())
    }

    /// The lines of a configuration that tell this receiver.
    pub fn config(&self) -> String {
        format!("[[deliver]]\nkind = 'webhook'\nname = 'receiver'\nurl = '{}'\nallow-http = true\n", self.url)
    }
}
