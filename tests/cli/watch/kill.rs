//! `kill -9` at random moments, a seeded number of times: WATCH_KILLS in the environment, 40 otherwise.

use super::{Job, Receiver};
use floodmark::watch::store::schema::MIGRATIONS;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A sequence of numbers that looks random and is always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn wanted() -> usize {
    std::env::var("WATCH_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(40)
}

/// Starts the run of a day and kills it after `pause`, if it has not ended by then. Whether it was killed.
fn kill(job: &Job, day: usize, pause: Duration) -> bool {
    let mut child =
        job.dir.command(&Job::after(day)).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started");
    std::thread::sleep(pause);
    let killed = child.try_wait().expect("a child").is_none();
    let _ = child.kill();
    let _ = child.wait();
    killed
}

fn integrity(job: &Job) -> String {
    let store = rusqlite::Connection::open(job.dir.path("floodmark.db")).expect("a store");
    store.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("an answer")
}

#[test]
fn a_job_killed_again_and_again_says_what_an_undisturbed_one_says_and_each_thing_once() {
    let days = 120..146;
    let calm = Receiver::start(0);
    let undisturbed = Job::new(146, &calm.config());
    undisturbed.arrive(0..days.start).run(days.start - 1).code(0);
    let started = Instant::now();
    undisturbed.live(days.clone());
    let typical = started.elapsed() / days.len() as u32;

    let receiver = Receiver::start(40);
    let job = Job::new(146, &receiver.config());
    let mut dice = Dice(20231007);
    let mut killed = 0;
    job.arrive(0..days.start);
    for day in std::iter::once(days.start - 1).chain(days.clone()) {
        job.arrive(day..day + 1);
        let share = wanted().div_ceil(days.len() + 1);
        let before = killed;
        // A run that ended before its time was up does not count.
        for _ in 0..20 * share {
            if killed - before < share {
                killed += usize::from(kill(&job, day, typical.mul_f64(dice.roll())));
            }
        }
        job.run(day).code(0);
    }
    assert!(killed >= wanted(), "{killed} kills of {}", wanted());
    assert_eq!(integrity(&job), "ok");
    assert_eq!(job.alerts(), undisturbed.alerts(), "the alerts as they stand");
    assert_eq!(job.told(), undisturbed.told(), "what was told, when, in which order");
    let ((received, again), (expected, _)) = (receiver.received(), calm.received());
    eprintln!("{killed} kills; {} transitions received, {again} messages came again and counted once", received.len());
    assert!(received.windows(2).all(|pair| pair[0] != pair[1]), "told twice to one who honours the key");
    assert_eq!(received, expected);
    assert!(!expected.is_empty());
}

#[test]
fn a_migration_that_is_killed_goes_on_where_it_stopped() {
    let job = Job::new(131, "[[deliver]]\nkind = 'csv'\npath = 'told.csv'");
    job.arrive(0..130).run(129).code(0);
    let (alerts, told) = (job.alerts(), job.told());
    let mut dice = Dice(7);
    for _ in 0..wanted() / 4 {
        // Back to the first version: what later migrations made goes away.
        let store = rusqlite::Connection::open(job.dir.path("floodmark.db")).expect("a store");
        for statement in MIGRATIONS[1].split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
            let name = statement.split_whitespace().nth(2).expect("a name");
            store.execute_batch(&format!("DROP INDEX IF EXISTS {name}")).expect("dropped");
        }
        store.execute("UPDATE meta SET value = x'31' WHERE name = 'version'", []).expect("written");
        drop(store);
        kill(&job, 129, Duration::from_millis(60).mul_f64(dice.roll()));
        assert_eq!(integrity(&job), "ok");
    }
    job.run(129).code(0);
    assert_eq!((job.alerts(), job.told()), (alerts, told));
    let status = job.dir.run("watch --status").code(0).stdout;
    assert!(status.contains(&format!("version {}", MIGRATIONS.len())), "{status}");
}
