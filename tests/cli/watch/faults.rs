//! What goes wrong around the job. The table in docs/reliability.md names these tests.

use super::{Job, Receiver};
use crate::workdir::date;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const STDOUT: &str = "[[deliver]]\nkind = 'stdout'\nformat = 'jsonl'";

#[test]
fn a_store_that_another_program_writes_to_is_waited_for_and_then_told() {
    let job = Job::new(101, STDOUT);
    job.arrive(0..100).run(99).code(0);
    let other = rusqlite::Connection::open(job.dir.path("floodmark.db")).expect("a store");
    other.execute_batch("BEGIN EXCLUSIVE").expect("locked");
    job.arrive(100..101).run(100).code(2).says("in use by another program");
    drop(other);
    job.run(100).code(0);
}

#[test]
fn of_two_runs_at_once_the_second_says_who_is_at_work() {
    let receiver = Receiver::start(3000);
    let job = Job::new(131, &receiver.config());
    job.arrive(0..131);
    let mut first = job.dir.command(&Job::after(130)).stderr(Stdio::null()).spawn().expect("started");
    while !job.dir.exists("floodmark.db.lock") || job.dir.read("floodmark.db.lock").is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let second = job.run(130).code(2).says("another run is at work on this store: process");
    assert!(second.stderr.contains(&format!("process {}", first.id())) && second.stderr.contains("since 20"));
    assert_eq!(first.wait().expect("ended").code(), Some(0));
    job.run(130).code(0);
}

#[test]
fn a_damaged_store_is_told_left_alone_and_kept_aside_when_asked() {
    for fault in ["no database at all, but words ".repeat(200).into_bytes(), Vec::new()] {
        let job = Job::new(131, STDOUT);
        job.arrive(0..131).run(130).code(0);
        let path = job.dir.path("floodmark.db");
        let mut bytes = fs::read(&path).expect("a store");
        if fault.is_empty() {
            // Pages in the middle go bad; the first is as it was.
            let middle = bytes.len() / 3;
            bytes[4096..middle].fill(0xa5);
        } else {
            bytes = fault;
        }
        fs::write(&path, &bytes).expect("damaged");
        job.run(130).code(2).says("the store is damaged; nothing was changed").says("--new-store");
        assert!(fs::read(&path).expect("still there") == bytes, "the damaged store was changed");
        job.dir.run(&format!("{} --new-store", Job::after(130))).code(0).says("is kept as");
        assert!(fs::read(job.dir.path("floodmark.db.damaged-1")).expect("aside") == bytes);
        job.dir.run("watch --check").code(0);
    }
}

/// A file system of its own, of `kilobytes`; `None` (said) where this user may not make one.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn new(path: &'a Path, options: &str) -> Option<Mounted<'a>> {
        fs::create_dir_all(path).expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(path).stderr(Stdio::null());
        let done = mount.status().is_ok_and(|status| status.success());
        if !done {
            eprintln!("skipped: this user may not mount a tmpfs");
        }
        done.then_some(Mounted(path))
    }

    fn again(&self, options: &str) {
        let options = format!("remount,{options}");
        let done = Command::new("mount").args(["-o", &options]).arg(self.0).status().expect("mount");
        assert!(done.success(), "{options}");
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_loses_nothing_and_the_next_run_goes_on() {
    let undisturbed = Job::new(131, STDOUT);
    undisturbed.arrive(0..130).run(129).code(0);
    let whole = undisturbed.arrive(130..131).run(130).code(0).stdout;
    let job = Job::new(131, &format!("[store]\npath = 'small/floodmark.db'\n{STDOUT}"));
    let place = job.dir.path("small");
    let Some(mounted) = Mounted::new(&place, "size=8m") else { return };
    job.arrive(0..130).run(129).code(0);
    let used = job.dir.path("small/filling");
    let mut file = fs::File::create(&used).expect("a file");
    while std::io::Write::write_all(&mut file, &[0; 1024]).is_ok() {}
    drop(file);
    let ran = job.arrive(130..131).run(130).code(2);
    let ran = ran.says("no room left for the store");
    assert_eq!(ran.stdout, "", "told before it was written down");
    fs::remove_file(&used).expect("removed");
    assert_eq!(job.run(130).code(0).stdout, whole);
    job.dir.run("watch --check").code(0);
    drop(mounted);
}

#[test]
fn a_read_only_folder_is_told_and_no_harm() {
    let job = Job::new(131, &format!("[store]\npath = 'small/floodmark.db'\n{STDOUT}"));
    let place = job.dir.path("small");
    let Some(mounted) = Mounted::new(&place, "size=8m") else { return };
    job.arrive(0..130).run(129).code(0);
    mounted.again("ro");
    job.arrive(130..131).run(130).code(2).says("writable?");
    mounted.again("rw");
    job.run(130).code(0);
}

#[test]
fn a_clock_that_went_back_is_told_and_changes_nothing() {
    let job = Job::new(131, STDOUT);
    job.arrive(0..131).run(130).code(0);
    let before = job.alerts();
    job.run(100).code(0).says("the clock went back: the last run was at 2023-10-10");
    assert_eq!(job.alerts(), before);
    assert_eq!(job.run(130).code(0).stdout, "", "told again");
}

#[test]
fn a_file_that_shrank_or_came_twice_is_told_and_changes_nothing() {
    let job = Job::new(101, STDOUT);
    job.arrive(0..100).run(99).code(0);
    let short: String = job.rows(99).lines().take(2).map(|line| format!("{line}\n")).collect();
    job.write(99, &short);
    job.run(99).code(0).says("2 rows, 6 when it was last read");
    job.dir.write("daily/copy.csv", job.dir.read(&format!("daily/{}.csv", date(50))));
    job.run(99).code(0).says("the same bytes as");
    let out = job.run(99).code(0);
    assert!(!out.stderr.contains("same bytes"), "told again: {}", out.stderr);
}

#[test]
fn days_that_arrive_out_of_order_end_as_those_in_order() {
    let config = "[watch]\nlookback = '14d'\n[[deliver]]\nkind = 'stdout'";
    let (late, straight) = (Job::new(133, config), Job::new(133, config));
    straight.arrive(0..131).run(130).code(0);
    straight.arrive(131..133).run(132).code(0);
    late.arrive(0..127).arrive(129..131).run(130).code(0);
    late.arrive(127..129).run(131).code(0).says("values of periods judged without them");
    late.arrive(131..133).run(132).code(0);
    let names = |job: &Job| job.alerts().into_iter().map(|row| (row[0].clone(), row[7].clone())).collect::<Vec<_>>();
    assert!(!names(&straight).is_empty());
    assert_eq!(names(&late), names(&straight), "which surges, since when");
}

#[test]
fn what_is_older_than_the_lookback_is_not_judged_again() {
    let job = Job::new(131, STDOUT);
    job.arrive(0..131).run(130).code(0);
    job.write(40, &job.rows(40).replace(",GB,", ",GB,9"));
    job.run(130).code(0).says("older than the lookback");
}

#[test]
fn a_bad_file_is_told_at_every_run_and_the_others_go_on() {
    let job = Job::new(131, STDOUT);
    job.arrive(0..130).dir.write("daily/bad.csv", "timestamp,domain,country,visits\n2023-10-09,rt.com,GB,many\n");
    job.run(129).code(2).says("bad.csv:2").says("visits");
    let ran = job.arrive(130..131).run(130).code(2).says("bad.csv:2");
    assert!(ran.stdout.contains("opened"), "{}", ran.stdout);
}

#[test]
fn a_deadline_stops_the_run_and_the_next_one_goes_on() {
    let job = Job::new(131, STDOUT);
    job.arrive(0..131);
    job.dir.run(&format!("{} --deadline 0s", Job::after(130))).code(2).says("the time was up");
    assert!(job.run(130).code(0).stdout.contains("opened"));
}

#[test]
fn a_delivery_that_fails_waits_for_the_next_run() {
    // Nobody listens there.
    let config = "[[deliver]]\nkind = 'csv'\nname = 'file'\npath = 'deep/told.csv'\n";
    let job = Job::new(131, config);
    job.arrive(0..131).run(130).code(2).says("told.csv");
    let status = job.dir.run("watch --status").code(0).stdout;
    assert!(status.contains("for file since"), "{status}");
    job.dir.write("deep/.keep", "");
    job.run(130).code(0);
    assert!(super::table(&job.dir.read("deep/told.csv")).len() > 2);
    assert!(!job.dir.run("watch --status").code(0).stdout.contains("waiting"));
}

#[test]
fn a_store_of_a_later_version_is_left_alone() {
    let job = Job::new(101, STDOUT);
    job.arrive(0..100).run(99).code(0);
    let store = rusqlite::Connection::open(job.dir.path("floodmark.db")).expect("a store");
    store.execute("UPDATE meta SET value = x'3939' WHERE name = 'version'", []).expect("written");
    drop(store);
    job.run(99).code(2).says("the store has version 99");
}

#[test]
fn walks_of_another_version_are_made_anew_and_nothing_is_told_twice() {
    let (job, other) = (Job::new(131, STDOUT), Job::new(131, STDOUT));
    for job in [&job, &other] {
        job.arrive(0..100).run(99).code(0);
        job.live(100..120);
    }
    let store = rusqlite::Connection::open(other.dir.path("floodmark.db")).expect("a store");
    // As an earlier version would have left them: of another name and of another form.
    let changed = store.execute("UPDATE meta SET value = x'31203536' WHERE name = 'walks-of'", []).expect("written");
    let walks = store.execute("UPDATE walks SET body = x'0102'", []).expect("written");
    assert!(changed == 1 && walks > 0);
    drop(store);
    other.arrive(120..121).run(120).code(0).says("walked anew from what is kept");
    job.live(120..131);
    other.live(121..131);
    assert!(!job.told().is_empty());
    assert_eq!((job.told(), job.alerts()), (other.told(), other.alerts()));
}
