//! A mail by SMTP, with the charts of its alerts attached.
//!
//! The connection is encrypted, from the start or by STARTTLS, which is then demanded and not merely hoped for; in
//! the clear only to this machine. SMTP knows no idempotency key: where a server takes a mail and the connection
//! breaks before it says so, the mail comes twice, both times with the same `Message-ID`, which is made from the key.

use super::message::{Message as Words, plain};
use super::{Channel, Context, Failure};
use crate::error::{Error, Result};
use crate::watch::secret::{Secret, Source};
use crate::watch::transition::Transition;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{SmtpTransport, Transport};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Charts attached to one mail at most: servers refuse large ones.
const CHARTS: usize = 12;

/// Keys of a `kind = "email"` table.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The mail server.
    pub host: String,
    /// Its port; usual ones are 587 for STARTTLS, 465 for TLS, 25 for a server on this machine.
    pub port: Option<u16>,
    /// How the connection is encrypted.
    #[serde(default)]
    pub encryption: Encryption,
    /// A certificate (PEM) to trust beside those of the web, for a server with one of its own.
    pub ca_file: Option<PathBuf>,
    /// Name to log in with.
    pub user: Option<String>,
    /// Password to log in with.
    pub password: Option<Source>,
    /// The sender: `floodmark <alerts@example.org>`.
    pub from: String,
    /// The receivers.
    pub to: Vec<String>,
    /// Before every subject.
    #[serde(default = "prefix")]
    pub subject_prefix: String,
    /// Attach charts.
    #[serde(default = "yes")]
    pub charts: bool,
    /// Seconds that the server may take for each answer.
    #[serde(default = "half_a_minute")]
    pub timeout: u64,
}

fn prefix() -> String {
    "[floodmark] ".into()
}

fn yes() -> bool {
    true
}

fn half_a_minute() -> u64 {
    30
}

/// How the connection is encrypted.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Encryption {
    /// In the clear first, then encrypted before anything is said; refused where the server cannot.
    #[default]
    Starttls,
    /// From the first byte.
    Tls,
    /// Never: only to this machine.
    None,
}

pub(super) struct Email {
    name: String,
    settings: Settings,
    tls: Tls,
    password: Option<Secret>,
    from: Mailbox,
    to: Vec<Mailbox>,
    warnings: Vec<String>,
}

impl Email {
    pub(super) fn new(name: String, settings: &Settings, folder: &Path) -> Result<Email> {
        let mailbox = |text: &String| {
            text.parse::<Mailbox>().map_err(|error| {
                Error::usage(format!("'{}' is no mail address; expected name@host or Name <name@host>", plain(text)))
                    .because(error)
            })
        };
        let from = mailbox(&settings.from)?;
        let to = settings.to.iter().map(mailbox).collect::<Result<Vec<_>>>()?;
        if to.is_empty() {
            return Err(Error::usage("to is empty; name at least one receiver"));
        }
        if settings.user.is_some() != settings.password.is_some() {
            return Err(Error::usage("user and password go together; give both or neither"));
        }
        if settings.timeout == 0 {
            return Err(Error::usage("timeout is in seconds, at least 1"));
        }
        let mut warnings = Vec::new();
        let password = match &settings.password {
            Some(source) => {
                let (secret, warning) = source.read(folder)?;
                warnings.extend(warning);
                Some(secret)
            }
            None => None,
        };
        let tls = encryption(settings, folder)?;
        Ok(Email { name, settings: settings.clone(), tls, password, from, to, warnings })
    }

    fn transport(&self, time: Duration) -> SmtpTransport {
        let Settings { host, port, encryption, .. } = &self.settings;
        let usual = match encryption {
            Encryption::Starttls => 587,
            Encryption::Tls => 465,
            Encryption::None => 25,
        };
        let builder = SmtpTransport::builder_dangerous(host)
            .port(port.unwrap_or(usual))
            .tls(self.tls.clone())
            .timeout(Some(time));
        let builder = match (&self.settings.user, &self.password) {
            (Some(user), Some(password)) => {
                builder.credentials(Credentials::new(user.clone(), password.reveal().to_string()))
            }
            _ => builder,
        };
        builder.build()
    }

    fn compose(&self, batch: &[Transition], context: &Context<'_>) -> Result<Message> {
        let words = Words::of(batch);
        let seconds = u64::try_from(context.now).unwrap_or(0);
        let mut builder = Message::builder()
            .from(self.from.clone())
            .message_id(Some(message_id(&words.key, self.from.email.domain())))
            .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
            .subject(format!("{}{}", plain(&self.settings.subject_prefix), words.title));
        for to in &self.to {
            builder = builder.to(to.clone());
        }
        let text = SinglePart::plain(text(&words));
        let failed = |error| Error::input("cannot write the mail").because(error);
        let charts = self.charts(batch, context);
        if charts.is_empty() {
            return builder.singlepart(text).map_err(failed);
        }
        let png = ContentType::parse("image/png").map_err(|error| Error::input("no image type").because(error))?;
        let parts = MultiPart::mixed().boundary(boundary(&words.key)).singlepart(text);
        let parts = charts
            .into_iter()
            .fold(parts, |parts, (name, bytes)| parts.singlepart(Attachment::new(name).body(bytes, png.clone())));
        builder.multipart(parts).map_err(failed)
    }

    /// Charts by file name. One that cannot be drawn is missing: the news matters more than its picture.
    fn charts(&self, batch: &[Transition], context: &Context<'_>) -> Vec<(String, Vec<u8>)> {
        let wanted = if self.settings.charts { CHARTS } else { 0 };
        let alerts = batch.iter().filter(|transition| transition.change.is_alert());
        let drawn = alerts.filter_map(|transition| {
            let chart = (context.chart)(transition).ok().flatten()?;
            Some((format!("surge-{}.png", safe(&transition.alert.alert_id)), chart))
        });
        drawn.take(wanted).collect()
    }
}

/// How the connection is encrypted, in the words of the library.
fn encryption(settings: &Settings, folder: &Path) -> Result<Tls> {
    if settings.encryption == Encryption::None {
        return match is_this_machine(&settings.host) {
            true => Ok(Tls::None),
            false => Err(Error::usage(format!(
                "mail to {} would go in the clear; encryption = \"starttls\" or \"tls\" (\"none\" is for servers on \
                 this machine)",
                plain(&settings.host)
            ))),
        };
    }
    let mut parameters = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.ca_file {
        let path = folder.join(path);
        let named = path.display().to_string();
        let pem =
            std::fs::read(&path).map_err(|error| Error::io("cannot read the certificate", error).in_file(&named))?;
        let certificate = Certificate::from_pem(&pem)
            .map_err(|error| Error::usage("no PEM certificate").because(error).in_file(&named))?;
        parameters = parameters.add_root_certificate(certificate);
    }
    let parameters = parameters.build().map_err(|error| Error::usage("cannot set up encryption").because(error))?;
    Ok(match settings.encryption {
        Encryption::Tls => Tls::Wrapper(parameters),
        _ => Tls::Required(parameters),
    })
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The text of a mail: each transition as on standard output.
fn text(words: &Words) -> String {
    let mut text = words.transitions.iter().map(super::stdout::table).collect::<Vec<_>>().join("\n");
    text.push_str(
        "\nLifts are measured against what was to be expected; an event near the onset is no proof of a cause.\n",
    );
    text
}

/// `<key@domain>`, of characters that need no quoting (RFC 5322, section 3.6.4).
fn message_id(key: &str, domain: &str) -> String {
    format!("<{}@{}>", safe(key), safe(domain))
}

fn boundary(key: &str) -> String {
    format!("=_floodmark_{}", safe(key).chars().take(40).collect::<String>())
}

fn safe(text: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    text.chars().take(80).map(keep).collect()
}

impl Channel for Email {
    fn name(&self) -> &str {
        &self.name
    }

    fn deliver(&self, batch: &[Transition], context: &Context<'_>) -> std::result::Result<(), Failure> {
        let mail = self.compose(batch, context).map_err(Failure::Permanent)?;
        let time = context.time_for_one(Duration::from_secs(self.settings.timeout));
        self.transport(time).send(&mail).map(|_| ()).map_err(|error| failure(&self.settings.host, error))
    }

    /// Connects, logs in and hangs up.
    fn check(&self) -> Result<()> {
        let transport = self.transport(Duration::from_secs(self.settings.timeout));
        match transport.test_connection() {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::input(format!("{} does not answer as a mail server", plain(&self.settings.host)))),
            Err(error) => Err(match failure(&self.settings.host, error) {
                Failure::Permanent(error) | Failure::Retry { error, .. } => error,
            }),
        }
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }
}

/// 5xx is the server's last word; 4xx, a broken connection and the like may pass (RFC 5321, section 4.2.1).
fn failure(host: &str, error: lettre::transport::smtp::Error) -> Failure {
    let lasting = error.is_permanent() || error.is_client();
    let text = plain(&error.to_string());
    let mut cause = std::error::Error::source(&error);
    let mut causes = String::new();
    while let Some(next) = cause {
        causes.push_str(": ");
        causes.push_str(&plain(&next.to_string()));
        cause = next.source();
    }
    // Some of the library's errors tell their cause themselves.
    let causes = if text.ends_with(causes.trim_start_matches(": ")) { String::new() } else { causes };
    let error = Error::input(format!("mail server {}: {text}{causes}", plain(host)));
    if lasting { Failure::Permanent(error) } else { Failure::retry(error) }
}
