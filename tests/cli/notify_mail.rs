//! Mail, against a small server on this machine that accepts, refuses, or goes away.

use super::notify::{channel, context, transition};
use super::workdir::Workdir;
use floodmark::watch::notify::{Channel, Context, Failure};
use floodmark::watch::transition::Transition;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel as pipe};
use std::time::Duration;

/// How the server behaves.
#[derive(Clone, Copy, PartialEq)]
pub enum Mood {
    Accepts,
    /// Answers this to every receiver.
    Refuses(&'static str),
    /// Refuses the password.
    Locked,
    /// Takes the mail and hangs up without a word.
    Drops,
    /// Never speaks.
    Mute,
}

/// How the server encrypts.
#[derive(Clone, Copy, PartialEq)]
pub enum Wire {
    Clear,
    StartTls,
    Tls,
}

/// What a server heard: its lines, the mail among them.
pub struct Server {
    pub port: u16,
    heard: Receiver<String>,
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/tls").join(name)
}

fn encrypted(stream: TcpStream) -> Box<dyn Stream> {
    let chain = vec![CertificateDer::from_pem_file(fixture("server.pem")).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_file(fixture("server.key")).expect("a key");
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).expect("they match");
    Box::new(StreamOwned::new(ServerConnection::new(Arc::new(config)).expect("a connection"), stream))
}

impl Server {
    pub fn start(mood: Mood, wire: Wire) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (tell, heard) = pipe();
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let _ = tell.send(talk(stream, mood, wire));
            }
        });
        Server { port, heard }
    }

    #[track_caller]
    pub fn heard(&self) -> String {
        self.heard.recv_timeout(Duration::from_secs(10)).expect("a connection")
    }

    fn channel(&self, wire: Wire, more: &str) -> Box<dyn Channel> {
        let encryption = match wire {
            Wire::Clear => "none",
            Wire::StartTls => "starttls",
            Wire::Tls => "tls",
        };
        let ca = fixture("ca.pem");
        let text = format!(
            "kind = 'email'\nhost = 'localhost'\nport = {}\nencryption = '{encryption}'\nca-file = '{}'\n\
             from = 'floodmark <alerts@example.org>'\nto = ['a@example.org', 'B <b@example.org>']\ntimeout = 2\n{more}",
            self.port,
            ca.display()
        );
        channel(Path::new("/"), &text).expect("a channel")
    }
}

/// One SMTP conversation (RFC 5321); returns what the client said.
fn talk(stream: TcpStream, mood: Mood, wire: Wire) -> String {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    if mood == Mood::Mute {
        let mut said = String::new();
        let _ = BufReader::new(stream).read_line(&mut said);
        return said;
    }
    let plain: Box<dyn Stream> = match wire {
        Wire::Tls => encrypted(stream.try_clone().expect("a stream")),
        _ => Box::new(stream.try_clone().expect("a stream")),
    };
    let mut reader = BufReader::new(plain);
    let mut heard = String::new();
    let mut secure = wire != Wire::StartTls;
    let say = |reader: &mut BufReader<Box<dyn Stream>>, text: &str| {
        let _ = reader.get_mut().write_all(text.as_bytes()).and_then(|()| reader.get_mut().flush());
    };
    say(&mut reader, "220 localhost ready\r\n");
    loop {
        let mut line = String::new();
        if !matches!(reader.read_line(&mut line), Ok(1..)) {
            return heard;
        }
        heard.push_str(&line);
        match line.split([' ', '\r']).next().unwrap_or_default() {
            "EHLO" if !secure => say(&mut reader, "250-localhost\r\n250 STARTTLS\r\n"),
            "EHLO" => say(&mut reader, "250-localhost\r\n250 AUTH PLAIN LOGIN\r\n"),
            "STARTTLS" => {
                say(&mut reader, "220 go ahead\r\n");
                reader = BufReader::new(encrypted(stream.try_clone().expect("a stream")));
                secure = true;
            }
            "AUTH" if mood == Mood::Locked => say(&mut reader, "535 5.7.8 wrong password\r\n"),
            "AUTH" => say(&mut reader, "235 welcome\r\n"),
            "RCPT" => match mood {
                Mood::Refuses(answer) => say(&mut reader, answer),
                _ => say(&mut reader, "250 ok\r\n"),
            },
            "DATA" => {
                say(&mut reader, "354 go on\r\n");
                let mut mail = String::new();
                while !mail.ends_with("\r\n.\r\n") && matches!(reader.read_line(&mut mail), Ok(1..)) {}
                heard.push_str(&mail);
                if mood == Mood::Drops {
                    return heard;
                }
                say(&mut reader, "250 taken\r\n");
            }
            "QUIT" => {
                say(&mut reader, "221 bye\r\n");
                return heard;
            }
            _ => say(&mut reader, "250 ok\r\n"),
        }
    }
}

fn one(channel: &dyn Channel) -> Result<(), Failure> {
    channel.deliver(&[transition("a1-1")], &context(Path::new(".")))
}

#[test]
fn a_mail_has_its_words_its_charts_and_an_identity_made_from_the_key() {
    let server = Server::start(Mood::Accepts, Wire::Clear);
    let chart = |t: &Transition| Ok((t.key != "a3-1").then(|| b"\x89PNG\r\n\x1a\n".to_vec()));
    let context = Context { chart: &chart, ..context(Path::new(".")) };
    let mut told = transition("a1/1 x");
    told.alert.outlet = Some("Evil\r\nBcc: all@example.org\r\n\r\nTV".into());
    server.channel(Wire::Clear, "").deliver(std::slice::from_ref(&told), &context).expect("sent");
    let mail = server.heard();
    for line in [
        "MAIL FROM:<alerts@example.org>",
        "RCPT TO:<a@example.org>",
        "RCPT TO:<b@example.org>",
        "Message-ID: <a1-1-x@example.org>",
        "Date: Fri, 13 Oct 2023 00:00:00 +0000",
        "Content-Disposition: attachment; filename=\"surge-a1.png\"",
        "iVBORw0KGgo=",
    ] {
        assert!(mail.lines().any(|found| found.starts_with(line)), "no '{line}' in\n{mail}");
    }
    assert!(mail.contains("Subject: [floodmark] New surge: Evil  Bcc: all@example.org"), "{mail}");
    assert!(!mail.lines().any(|line| line.starts_with("Bcc:")), "{mail}");

    // The same batch again is the same mail, byte for byte.
    server.channel(Wire::Clear, "").deliver(&[told], &context).expect("sent");
    assert_eq!(server.heard(), mail);
    server.channel(Wire::Clear, "charts = false").deliver(&[transition("a1-1")], &context).expect("sent");
    assert!(!server.heard().contains("attachment"));
}

#[test]
fn encryption_is_demanded_and_the_password_goes_through_it_alone() {
    let folder = Workdir::new();
    folder.write("password", "s3cret");
    let login = format!("user = 'me'\npassword = {{ file = '{}' }}", folder.path("password").display());
    for wire in [Wire::StartTls, Wire::Tls] {
        let server = Server::start(Mood::Accepts, wire);
        one(&*server.channel(wire, &login)).expect("sent");
        let heard = server.heard();
        assert!(heard.contains("AUTH PLAIN AG1lAHMzY3JldA=="), "{heard}");
        server.channel(wire, &login).check().expect("reachable");
        let heard = server.heard();
        assert!(heard.contains("AUTH") && !heard.contains("MAIL"), "a check sends nothing: {heard}");
    }
    // A server that cannot encrypt gets neither the mail nor the password.
    let server = Server::start(Mood::Accepts, Wire::Clear);
    let failure = one(&*server.channel(Wire::StartTls, &login)).expect_err("not encrypted");
    assert!(!server.heard().contains("AUTH"), "{failure:?}");
    // Nor does one whose certificate nobody vouches for.
    let server = Server::start(Mood::Accepts, Wire::Tls);
    let text = format!(
        "kind = 'email'\nhost = 'localhost'\nport = {}\nencryption = 'tls'\nfrom = 'a@b.org'\nto = ['c@d.org']",
        server.port
    );
    let failure = one(&*channel(Path::new("."), &text).expect("a channel")).expect_err("not trusted");
    assert!(failure.error().to_string().contains("ertificate"), "{failure:?}");
}

#[test]
fn a_refusal_is_the_last_word_and_everything_else_may_pass() {
    for (mood, lasting, word) in [
        (Mood::Refuses("550 5.1.1 no such user\r\n"), true, "no such user"),
        (Mood::Refuses("451 4.7.1 come back later\r\n"), false, "come back later"),
        (Mood::Drops, false, "localhost"),
    ] {
        let server = Server::start(mood, Wire::Clear);
        let failure = one(&*server.channel(Wire::Clear, "")).expect_err("not sent");
        assert_eq!(failure.is_permanent(), lasting, "{failure:?}");
        assert!(failure.error().to_string().contains(word), "{failure:?}");
    }
    let server = Server::start(Mood::Mute, Wire::Clear);
    let failure = one(&*server.channel(Wire::Clear, "")).expect_err("no answer");
    assert!(!failure.is_permanent(), "{failure:?}");
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let gone = Server { port, heard: pipe().1 };
    assert!(!one(&*gone.channel(Wire::Clear, "")).expect_err("nobody there").is_permanent());
    assert!(gone.channel(Wire::Clear, "").check().is_err());
}

#[test]
fn a_wrong_password_is_told_without_the_password() {
    let folder = Workdir::new();
    folder.write("password", "s3cret");
    let login = format!("user = 'me'\npassword = {{ file = '{}' }}", folder.path("password").display());
    let server = Server::start(Mood::Locked, Wire::StartTls);
    let channel = server.channel(Wire::StartTls, &login);
    let failure = one(&*channel).expect_err("locked out");
    let said = format!("{failure:?} {} {:?}", failure.error(), channel.check());
    assert!(failure.is_permanent() && said.contains("wrong password"), "{said}");
    assert!(!said.contains("s3cret") && !said.contains("AG1lAHMzY3JldA"), "{said}");
}

#[test]
fn settings_that_would_leak_or_cannot_work_are_refused() {
    let mail = |more: &str| channel(Path::new("."), &format!("kind = 'email'\n{more}"));
    let known = "host = 'mail.example.org'\nfrom = 'a@b.org'\n";
    for (bad, word) in [
        ("to = ['c@d.org']\nencryption = 'none'", "in the clear"),
        ("to = []", "at least one receiver"),
        ("to = ['nobody']", "no mail address"),
        ("to = ['c@d.org']\nuser = 'me'", "go together"),
        ("to = ['c@d.org']\nuser = 'me'\npassword = 's3cret'", "does not stand in the configuration"),
        ("to = ['c@d.org']\nca-file = 'none.pem'", "cannot read the certificate"),
        ("to = ['c@d.org']\ntls = true", "unknown field `tls`"),
    ] {
        let error = mail(&format!("{known}{bad}")).err().unwrap_or_else(|| panic!("{bad} was accepted"));
        assert!(error.contains(word) && !error.contains("s3cret"), "{bad}: {error}");
    }
}
