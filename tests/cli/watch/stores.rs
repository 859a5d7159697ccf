//! The same job on SQLite and on PostgreSQL. The server is one that WATCH_POSTGRES names, as a URL of a database that
//! may be emptied; without it these tests are skipped, which they say.

use super::{Job, Receiver};

fn server() -> Option<String> {
    let url = std::env::var("WATCH_POSTGRES").ok().filter(|url| !url.is_empty());
    if url.is_none() {
        eprintln!("skipped: WATCH_POSTGRES names no PostgreSQL server");
    }
    url
}

/// A schema of its own for one test, so that tests do not share a store.
fn fresh(url: &str, name: &str) -> String {
    let mut client = postgres::Client::connect(url, postgres::NoTls).expect("the server of WATCH_POSTGRES");
    client.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).expect("dropped");
    client.batch_execute(&format!("CREATE DATABASE {name}")).expect("made");
    let (server, _) = url.rsplit_once('/').expect("a database in the URL");
    format!("{server}/{name}")
}

#[test]
fn a_job_on_a_server_says_what_a_job_on_a_file_says() {
    let Some(url) = server() else { return };
    let url = fresh(&url, "floodmark_same");
    let (near, far) = (Receiver::start(0), Receiver::start(0));
    let file = Job::new(142, &near.config());
    let remote = Job::new(142, &format!("[store]\nurl = '{url}'\n{}", far.config()));
    for job in [&file, &remote] {
        job.arrive(0..127).run(126).code(0);
        job.live(127..142);
        job.dir.run("watch --check").code(0);
    }
    assert_eq!(remote.alerts(), file.alerts());
    assert_eq!(remote.told(), file.told());
    assert_eq!(far.received(), near.received());
    assert!(!remote.told().is_empty());
    assert!(remote.dir.run("watch --status").code(0).stdout.contains("postgres://"));
    assert!(!remote.dir.exists("floodmark.db"));
}

#[test]
fn of_two_runs_on_one_server_the_second_says_who_is_at_work() {
    let Some(url) = server() else { return };
    let url = fresh(&url, "floodmark_lock");
    let receiver = Receiver::start(4000);
    let job = Job::new(131, &format!("[store]\nurl = '{url}'\n{}", receiver.config()));
    job.arrive(0..131);
    let mut first = job.dir.command(&Job::after(130)).spawn().expect("started");
    while receiver.received().0.is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    job.run(130).code(2).says(&format!("process {}", first.id()));
    assert_eq!(first.wait().expect("ended").code(), Some(0));
}

#[test]
fn a_server_that_is_not_there_or_a_password_in_the_configuration_is_told() {
    let job = Job::new(100, "[store]\nurl = 'postgres://nobody@127.0.0.1:9/none'\n[[deliver]]\nkind = 'stdout'");
    job.arrive(0..100).run(99).code(2).says("cannot connect to the store").says("postgres://127.0.0.1/none");
    let job = Job::new(100, "[store]\nurl = 'postgres://a:s3cret@127.0.0.1:9/none'\n[[deliver]]\nkind = 'stdout'");
    let ran = job.run(99).code(2).says("holds a password");
    assert!(!ran.stderr.contains("s3cret"), "{}", ran.stderr);
    let job = Job::new(100, "[store]\nurl = 'postgres://a@db.example.org/none'\n[[deliver]]\nkind = 'stdout'");
    job.run(99).code(2).says("must be encrypted");
}
