//! Webhooks and commands, against servers and programs on this machine that behave well and badly.

use super::server::{BROKEN, OK, Reply, Server};
use super::workdir::Workdir;
use floodmark::watch::notify::retry::{Clock, Policy, Unsent, send};
use floodmark::watch::notify::{Channel, ChannelSettings, Context, build};
use floodmark::watch::transition::{Change, Record, Transition};
use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant};

/// A channel from the text of its table.
pub fn channel(folder: &Path, text: &str) -> Result<Box<dyn Channel>, String> {
    let settings: ChannelSettings = toml::from_str(text).map_err(|error| error.message().to_string())?;
    let mut built = build(&[("team".into(), settings)], folder).map_err(|error| format!("{error} {error:?}"))?;
    Ok(built.remove(0))
}

pub fn transition(key: &str) -> Transition {
    let alert = Record {
        alert_id: "a1".into(),
        level: "outlet".into(),
        state: Some("IR".into()),
        outlet: Some("Press TV".into()),
        country: Some("GB".into()),
        onset: "2023-10-07".into(),
        lift_pct: Some(42.0),
        severity: "high".into(),
        ..Record::default()
    };
    Transition { key: key.into(), change: Change::Opened, at: 1_697_155_200, alert, before: None, note: None }
}

pub fn context(folder: &Path) -> Context<'_> {
    Context { run: "test", now: 1_697_155_200, folder, chart: &|_| Ok(None), deadline: None }
}

/// A clock that does not wait and remembers how long it should have.
#[derive(Default)]
struct Patient(RefCell<Vec<Duration>>);

impl Clock for Patient {
    fn now(&self) -> Instant {
        Instant::now() + self.0.borrow().iter().sum::<Duration>()
    }

    fn sleep(&self, time: Duration) {
        self.0.borrow_mut().push(time);
    }
}

/// What a delivery came to, and the pauses it made.
fn deliver(channel: &dyn Channel, batch: &[Transition], context: &Context<'_>) -> (Result<u32, Unsent>, Vec<Duration>) {
    let clock = Patient::default();
    let result = send(channel, batch, context, &Policy::default(), &clock);
    (result, clock.0.into_inner())
}

fn hook(server: &Server, more: &str) -> Box<dyn Channel> {
    let url = server.url("/hook/s3cret");
    channel(Path::new("."), &format!("kind = 'webhook'\nurl = '{url}'\n{more}")).expect("a channel")
}

fn one_try(replies: Vec<Reply>) -> (Unsent, Vec<Duration>, Server) {
    let server = Server::start(replies);
    let (result, pauses) = deliver(&*hook(&server, ""), &[transition("a1-1")], &context(Path::new(".")));
    (result.expect_err("not delivered"), pauses, server)
}

#[test]
fn a_webhook_gets_json_and_the_idempotency_key() {
    let server = Server::start(vec![OK, OK]);
    let hook = hook(&server, "");
    assert_eq!(deliver(&*hook, &[transition("a1-1")], &context(Path::new("."))).0.expect("delivered"), 1);
    let request = server.request();
    assert_eq!(request.head[0], "POST /hook/s3cret HTTP/1.1");
    assert_eq!(request.header("idempotency-key"), Some("a1-1"));
    assert_eq!(request.header("content-type"), Some("application/json; charset=utf-8"));
    let body: serde_json::Value = serde_json::from_str(&request.body).expect("JSON");
    assert_eq!(body["transitions"][0]["alert"]["lift_pct"], 42.0);
    assert_eq!(body["title"], "New surge: Press TV, GB: +42 % since 2023-10-07 (high)");

    let both = [transition("a1-1"), transition("a2-1")];
    deliver(&*hook, &both, &context(Path::new("."))).0.expect("delivered");
    let key = server.request().header("idempotency-key").map(str::to_string).expect("a key");
    assert!(key != "a1-1" && key != "a2-1" && key.len() == 32, "{key}");
}

#[test]
fn a_server_that_recovers_gets_the_same_message_again_after_growing_pauses() {
    let server = Server::start(vec![BROKEN, Reply::Close, BROKEN, OK]);
    let (result, pauses) = deliver(&*hook(&server, ""), &[transition("a1-1")], &context(Path::new(".")));
    assert_eq!(result.expect("delivered"), 4);
    let first = server.request();
    for _ in 0..3 {
        let again = server.request();
        assert_eq!((&again.body, again.header("idempotency-key")), (&first.body, Some("a1-1")));
    }
    for (pause, bound) in pauses.iter().zip([1.0, 2.0, 4.0]) {
        assert!((bound / 2.0..=bound).contains(&pause.as_secs_f64()), "{pauses:?}");
    }
}

#[test]
fn a_server_that_stays_broken_is_left_for_the_next_run() {
    let (unsent, pauses, _) = one_try(vec![BROKEN, BROKEN, BROKEN, BROKEN]);
    assert!(!unsent.failure.is_permanent());
    assert_eq!((unsent.attempts, pauses.len()), (4, 3));
    assert!(unsent.to_string().contains("answered 500 Internal Server Error: ouch (4 attempts)"), "{unsent}");
}

#[test]
fn a_server_that_asks_for_time_gets_it_and_too_long_a_time_ends_the_run() {
    let busy = |after| Reply::Say(after);
    let server = Server::start(vec![
        busy("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"),
        busy("HTTP/1.1 503 Down\r\nRetry-After: Fri, 13 Oct 2023 00:00:09 GMT\r\nContent-Length: 0\r\n\r\n"),
        OK,
    ]);
    let (result, pauses) = deliver(&*hook(&server, ""), &[transition("a1-1")], &context(Path::new(".")));
    assert_eq!(result.expect("delivered"), 3);
    assert_eq!(pauses, [Duration::from_secs(7), Duration::from_secs(9)]);

    let (unsent, pauses, _) =
        one_try(vec![busy("HTTP/1.1 429 Too Many\r\nRetry-After: 86400\r\nContent-Length: 0\r\n\r\n")]);
    assert!(!unsent.failure.is_permanent() && unsent.attempts == 1 && pauses.is_empty());
}

#[test]
fn the_deadline_of_the_run_ends_an_attempt_and_forbids_the_next() {
    let server = Server::start(vec![Reply::Hang]);
    let began = Instant::now();
    let context = Context { deadline: Some(began + Duration::from_millis(300)), ..context(Path::new(".")) };
    let (result, pauses) = deliver(&*hook(&server, ""), &[transition("a1-1")], &context);
    let unsent = result.expect_err("no answer");
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(!unsent.failure.is_permanent() && pauses.is_empty());
    assert!(unsent.to_string().contains("no answer in time"), "{unsent}");
}

#[test]
fn a_server_that_never_answers_is_given_up_after_the_time_limit() {
    let server = Server::start(vec![Reply::Hang]);
    let began = Instant::now();
    let hook = hook(&server, "timeout = 1");
    let failure = hook.deliver(&[transition("a1-1")], &context(Path::new("."))).expect_err("no answer");
    assert!(!failure.is_permanent() && began.elapsed() < Duration::from_secs(10), "{failure:?}");
}

#[test]
fn redirects_are_told_and_not_followed() {
    let other = Server::start(vec![OK]);
    let text = format!("HTTP/1.1 307 Go\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", other.url("/t0ken"));
    let (unsent, pauses, _server) = one_try(vec![Reply::Say(text.leak())]);
    assert!(unsent.failure.is_permanent() && pauses.is_empty());
    assert!(unsent.to_string().contains(&format!("redirects to http://{} (307", other.address)), "{unsent}");
    assert!(!unsent.to_string().contains("t0ken"));
    assert!(other.is_untouched());
}

#[test]
fn a_gigabyte_of_answer_is_cut_off() {
    const LIMIT: u64 = 32 << 20; // What the buffers of the system take, at most.
    let server = Server::start(vec![Reply::Flood("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")]);
    deliver(&*hook(&server, ""), &[transition("a1-1")], &context(Path::new("."))).0.expect("delivered");
    assert!(server.sent() < LIMIT);

    let (unsent, _, server) = one_try(vec![Reply::Flood("HTTP/1.1 400 No\r\nContent-Length: 1073741824\r\n\r\n")]);
    assert!(unsent.failure.is_permanent() && unsent.to_string().len() < 1000);
    assert!(server.sent() < LIMIT);

    let (unsent, _, server) = one_try(vec![Reply::Flood("HTTP/1.1 200 OK\r\nX-Long: ")]);
    assert!(unsent.to_string().contains("head of the answer is too long"), "{unsent}");
    assert!(server.sent() < LIMIT);
}

#[test]
fn a_refusal_is_not_repeated_and_shows_no_secret() {
    let folder = Workdir::new();
    folder.write("token", "t0ken\n");
    let echo = "HTTP/1.1 403 No\r\nContent-Length: 40\r\n\r\nt0ken is bad for /hook/s3cret\u{1b}[2J ABCDE";
    let server = Server::start(vec![Reply::Say(echo)]);
    let text = format!("kind = 'webhook'\nurl = '{}'\ntoken = {{ file = 'token' }}", server.url("/hook/s3cret"));
    let hook = channel(&folder.path(""), &text).expect("a channel");
    assert!(hook.warnings()[0].contains("chmod 600"), "{:?}", hook.warnings());
    let (result, pauses) = deliver(&*hook, &[transition("a1-1")], &context(Path::new(".")));
    let unsent = result.expect_err("refused");
    assert!(unsent.failure.is_permanent() && pauses.is_empty());
    assert_eq!(server.request().header("authorization"), Some("Bearer t0ken"));
    let said = format!("{unsent} {unsent:?} {:?}", hook.warnings());
    assert!(said.contains(&format!("http://{} answered 403", server.address)), "{said}");
    assert!(!said.contains("t0ken") && !said.contains("s3cret") && !said.contains('\u{1b}'), "{said}");
}

#[test]
fn addresses_are_encrypted_or_on_this_machine_and_secret_ones_stand_elsewhere() {
    let folder = Workdir::new();
    folder.write("url", "https://hooks.example.org/services/s3cret");
    let hook = |text: &str| channel(&folder.path(""), &format!("kind = 'webhook'\n{text}"));
    for fine in [
        "url = 'https://example.org/x'",
        "url = 'http://localhost:1/x'",
        "url = 'http://[::1]:1/x'",
        "url = 'http://example.org/x'\nallow-http = true",
        "url = { file = 'url' }\nbody = 'slack'",
        "url = 'http://127.0.0.1:1/x'\nbody = 'teams'",
    ] {
        assert!(hook(fine).is_ok(), "{fine}: {:?}", hook(fine).err());
    }
    for (bad, word) in [
        ("url = 'http://example.org/s3cret'", "not encrypted"),
        ("url = 'http://127.0.0.1.example.org/s3cret'", "not encrypted"),
        ("url = 'https://me:s3cret@example.org/'", "name or password"),
        ("url = 's3cret'", "no web address"),
        ("url = 'ftp://example.org/s3cret'", "no web address"),
        ("url = 'https://hooks.example.org/s3cret'\nbody = 'slack'", "so it is a secret"),
        ("url = 'https://example.org/'\ntoken = 's3cret'", "does not stand in the configuration"),
        ("url = 'https://example.org/'\nurll = 's3cret'", "unknown field `urll`"),
        ("url = { file = 'none' }", "cannot read the secret"),
        ("url = 'https://example.org/'\ntimeout = 0", "at least 1"),
        ("url = 'https://example.org/'\ntemplate = 'none.json'", "cannot read the template"),
    ] {
        let error = hook(bad).err().unwrap_or_else(|| panic!("{bad} was accepted"));
        assert!(error.contains(word), "{bad}: {error}");
        assert!(!error.contains("s3cret"), "{bad}: {error}");
    }
}

#[test]
fn bodies_for_chat_services_are_json_that_no_name_breaks_out_of() {
    let mut told = transition("a1-1");
    told.alert.outlet = Some("\"}],<!channel> @all [x](http://y) \\ \n*TV*".into());
    told.alert.event = Some("<script>".into());
    told.note = Some("\"note\" <@U1>".into());
    for body in ["slack", "mattermost", "teams"] {
        let server = Server::start(vec![OK, OK]);
        let hook = hook(&server, &format!("body = '{body}'"));
        let many: Vec<_> = (0..30).map(|i| Transition { key: format!("a{i}"), ..told.clone() }).collect();
        for batch in [&many[..1], &many[..]] {
            deliver(&*hook, batch, &context(Path::new("."))).0.expect("delivered");
            let text = server.request().body;
            let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            let top = value.as_object().expect("an object").len();
            assert_eq!(top, 2, "{body} has two members: {text}");
            assert!(text.len() < 28_000, "{body}: {} bytes", text.len());
            if body == "slack" {
                assert!(!text.contains('<') && text.contains("&lt;!channel&gt;"), "{text}");
                assert!(value["blocks"].as_array().expect("blocks").len() <= 50);
            } else {
                assert!(!text.contains("@all") && !text.contains("[x](") && text.contains("@\u{200b}all"), "{text}");
            }
        }
    }
}

#[test]
fn a_template_of_ones_own_is_tried_before_it_is_needed() {
    let folder = Workdir::new();
    folder.write("mine.json", "{\"what\": {{ transitions[0].alert.outlet }}, \"n\": {{ transitions | length }}}");
    folder.write("quoted.json", "{\"what\": \"{{ title }}\"}");
    folder.write("broken.json", "{\n{% for %}\n}");
    folder.write("unknown.json", "{\"a\": {{ titel }}}");
    let server = Server::start(vec![OK, OK]);
    let hook = |name| {
        let text = format!("kind = 'webhook'\nurl = '{}'\ntemplate = '{name}'", server.url("/"));
        channel(&folder.path(""), &text)
    };
    let mine = hook("mine.json").expect("a channel");
    deliver(&*mine, &[transition("a1-1")], &context(Path::new("."))).0.expect("delivered");
    assert_eq!(server.request().body, "{\"what\": \"Press TV\", \"n\": 1}");
    let broken = hook("broken.json").err().expect("no template");
    assert!(broken.contains("broken.json:2: "), "{broken}");
    for (name, word) in [("quoted.json", "without quotes around it"), ("unknown.json", "unknown.json:1: ")] {
        let error = hook(name).expect("parses").check().expect_err("does not work").to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn a_check_connects_and_sends_nothing() {
    let server = Server::start(vec![OK]);
    hook(&server, "").check().expect("reachable");
    assert!(server.is_untouched());
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let text = format!("kind = 'webhook'\nurl = 'http://127.0.0.1:{port}/s3cret'");
    let error = channel(Path::new("."), &text).expect("a channel").check().expect_err("nobody there").to_string();
    assert!(error.contains("cannot connect to") && !error.contains("s3cret"), "{error}");
}

#[cfg(unix)]
mod command {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn script(folder: &Workdir, text: &str, more: &str) -> Box<dyn Channel> {
        folder.write("hook", format!("#!/bin/sh\n{text}\n"));
        let path = folder.path("hook");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("set");
        let text = format!("kind = 'command'\ncommand = ['./hook', '$(touch pwned); `touch pwned`', 'b c']\n{more}");
        channel(&folder.path(""), &text).expect("a channel")
    }

    #[test]
    fn a_command_gets_the_message_and_its_arguments_as_they_are_and_little_else() {
        let folder = Workdir::new();
        let hook = script(&folder, "cat >in; printf '%s|' \"$@\" >args; env >env", "env = ['CARGO_PKG_NAME']");
        hook.check().expect("can be run");
        deliver(&*hook, &[transition("a1-1")], &context(Path::new("."))).0.expect("delivered");
        let message: serde_json::Value = serde_json::from_str(&folder.read("in")).expect("JSON");
        assert_eq!(message["transitions"][0]["alert"]["outlet"], "Press TV");
        assert_eq!(folder.read("args"), "$(touch pwned); `touch pwned`|b c|");
        assert!(!folder.exists("pwned"));
        let env = folder.read("env");
        assert!(env.contains("IDEMPOTENCY_KEY=a1-1") && env.contains("CARGO_PKG_NAME=") && env.contains("PATH="));
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some() && !env.contains("CARGO_MANIFEST_DIR"), "{env}");
    }

    #[test]
    fn a_command_that_fails_is_tried_again_and_its_words_are_told() {
        let folder = Workdir::new();
        let hook = script(&folder, "echo x >>tries; echo 'no luck' >&2; exit 3", "");
        let (result, pauses) = deliver(&*hook, &[transition("a1-1")], &context(Path::new(".")));
        let unsent = result.expect_err("fails");
        assert!(unsent.to_string().contains("exit status: 3: no luck (4 attempts)"), "{unsent}");
        assert_eq!((folder.read("tries").lines().count(), pauses.len()), (4, 3));
    }

    #[test]
    fn a_command_that_does_not_end_is_stopped_with_what_it_started() {
        let folder = Workdir::new();
        let hook = script(&folder, "(sleep 3; touch late) & sleep 60", "timeout = 1");
        let began = Instant::now();
        let failure = hook.deliver(&[transition("a1-1")], &context(Path::new("."))).expect_err("stopped");
        assert!(failure.error().to_string().contains("stopped after 1 s"), "{failure:?}");
        assert!(began.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(3500));
        assert!(!folder.exists("late"), "what the command started went on");
    }

    #[test]
    fn a_command_may_ignore_its_input_and_one_that_is_not_there_is_no_matter_of_patience() {
        let folder = Workdir::new();
        let many: Vec<_> = (0..2000).map(|i| transition(&format!("a{i}"))).collect();
        deliver(&*script(&folder, "exit 0", ""), &many, &context(Path::new("."))).0.expect("delivered");
        let none = channel(&folder.path(""), "kind = 'command'\ncommand = ['./none']").expect("a channel");
        assert!(none.check().is_err());
        let (result, pauses) = deliver(&*none, &[transition("a1-1")], &context(Path::new(".")));
        assert!(result.expect_err("not there").failure.is_permanent() && pauses.is_empty());
    }
}
