//! An HTTP POST with an `Idempotency-Key`: generic JSON, a body that a chat service understands, or a template.
//!
//! https, or http to this machine alone; redirects are not followed; connecting, waiting and the whole exchange have
//! their limits; no more than [`LISTEN`] bytes of an answer are read. The address may be a secret: messages show its
//! scheme and host only.

use super::message::Message;
use super::template::{self, Template};
use super::{Channel, Context, Failure};
use crate::error::{Error, Result};
use crate::time::Seconds;
use crate::watch::secret::{Secret, Source};
use crate::watch::transition::Transition;
use serde::Deserialize;
use std::io::Read;
use std::net::{IpAddr, TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;
use ureq::http::{Response, Uri, header};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

/// Bytes of an answer that are read, for the sake of its error message.
const LISTEN: u64 = 4 * 1024;
/// Bytes of an answer's head that are read.
const HEAD: usize = 32 * 1024;
const CONNECT: Duration = Duration::from_secs(10);

/// Keys of a `kind = "webhook"` table.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Where to post.
    pub url: Address,
    /// The form of the body.
    #[serde(default)]
    pub body: Body,
    /// A template of one's own instead; relative paths start at the folder of the configuration.
    pub template: Option<PathBuf>,
    /// Sent as `Authorization: Bearer …`.
    pub token: Option<Source>,
    /// Certificates (PEM) to trust instead of those of the web, for a server with one of its own.
    pub ca_file: Option<PathBuf>,
    /// Seconds that one attempt may take.
    #[serde(default = "half_a_minute")]
    pub timeout: u64,
    /// http to other machines too: whoever is on the way can read and change what is sent.
    #[serde(default)]
    pub allow_http: bool,
}

fn half_a_minute() -> u64 {
    30
}

/// An address that may be known, or one that is a secret.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged, expecting = "expected an address, { env = \"NAME\" } or { file = \"path\" }")]
pub enum Address {
    /// Written in the configuration.
    Open(String),
    /// Kept elsewhere.
    Kept(Source),
}

/// The form of the body.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// Everything, as JSON.
    #[default]
    Json,
    /// Slack.
    Slack,
    /// Mattermost.
    Mattermost,
    /// Microsoft Teams.
    Teams,
}

pub(super) struct Webhook {
    name: String,
    url: Secret,
    token: Option<Secret>,
    /// `None`: the message itself.
    template: Option<Template>,
    /// `None`: the authorities of the web.
    trusted: Option<RootCerts>,
    timeout: Duration,
    loopback: bool,
    warnings: Vec<String>,
}

impl Webhook {
    pub(super) fn new(name: String, settings: &Settings, folder: &Path) -> Result<Webhook> {
        let mut warnings = Vec::new();
        let mut read = |source: &Source| -> Result<Secret> {
            let (secret, warning) = source.read(folder)?;
            warnings.extend(warning);
            Ok(secret)
        };
        let url = match &settings.url {
            Address::Open(text) => Secret::new(text),
            Address::Kept(source) => read(source)?,
        };
        let token = settings.token.as_ref().map(&mut read).transpose()?;
        let uri = checked(url.reveal())?;
        let loopback = uri.host().is_some_and(is_loopback);
        if matches!(settings.url, Address::Open(_)) && settings.body != Body::Json && !loopback {
            return Err(Error::usage(
                "whoever knows the address of a chat hook can write there, so it is a secret: \
                 url = { env = \"NAME\" } or { file = \"path\" }",
            ));
        }
        if uri.scheme_str() == Some("http") && !loopback && !settings.allow_http {
            return Err(Error::usage(format!(
                "{} is not encrypted; use https (or allow-http = true, where the network in between is trusted)",
                shown(&uri)
            )));
        }
        if settings.timeout == 0 {
            return Err(Error::usage("timeout is in seconds, at least 1"));
        }
        Ok(Webhook {
            name,
            url,
            token,
            template: body(settings, folder)?,
            trusted: settings.ca_file.as_ref().map(|path| certificates(&folder.join(path))).transpose()?,
            timeout: Duration::from_secs(settings.timeout),
            loopback,
            warnings,
        })
    }

    fn render(&self, message: &Message) -> Result<String> {
        match &self.template {
            Some(template) => template.render(message),
            None => serde_json::to_string(message)
                .map_err(|error| Error::input("cannot write the message as JSON").because(error)),
        }
    }

    fn shown(&self) -> String {
        self.url.reveal().parse().map_or("the address".into(), |uri| shown(&uri))
    }

    fn agent(&self, time: Duration) -> ureq::Agent {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(HEAD)
            .accept_encoding("identity")
            .user_agent(concat!("floodmark/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(time))
            .timeout_connect(Some(CONNECT.min(time)));
        let config = match &self.trusted {
            Some(trusted) => config.tls_config(TlsConfig::builder().root_certs(trusted.clone()).build()),
            None => config,
        };
        // What is meant for this machine does not go by way of another.
        let config = if self.loopback { config.proxy(None) } else { config };
        config.build().new_agent()
    }

    fn connect(&self) -> Result<()> {
        let uri = checked(self.url.reveal())?;
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let usual = if uri.scheme_str() == Some("http") { 80 } else { 443 };
        let failed = |error| Error::io(format!("cannot connect to {}", shown(&uri)), error);
        let mut last = std::io::Error::other("the name has no address");
        for address in (host, uri.port_u16().unwrap_or(usual)).to_socket_addrs().map_err(failed)? {
            match TcpStream::connect_timeout(&address, CONNECT.min(self.timeout)) {
                Ok(_) => return Ok(()),
                Err(error) => last = error,
            }
        }
        Err(failed(last))
    }

    /// What an answer means.
    fn judge(&self, mut response: Response<ureq::Body>, now: Seconds) -> std::result::Result<(), Failure> {
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let place = self.shown();
        if status.is_redirection() {
            let target = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()?.parse::<Uri>().ok());
            let to =
                target.filter(|uri| uri.host().is_some()).map(|uri| format!(" to {}", shown(&uri))).unwrap_or_default();
            return Err(Failure::Permanent(Error::input(format!(
                "{place} redirects{to} ({status}); redirects are not followed, give the final address"
            ))));
        }
        let after =
            response.headers().get(header::RETRY_AFTER).and_then(|value| retry_after(value.to_str().ok()?, now));
        let error = Error::input(format!("{place} answered {status}{}", self.excerpt(&mut response)));
        match status.as_u16() {
            408 | 425 | 429 | 500..=599 => Err(Failure::Retry { error, after }),
            _ => Err(Failure::Permanent(error)),
        }
    }

    /// The beginning of an answer, without what steers a terminal, and without our secrets should it repeat them.
    fn excerpt(&self, response: &mut Response<ureq::Body>) -> String {
        let mut bytes = Vec::new();
        let _ = response.body_mut().as_reader().take(LISTEN).read_to_end(&mut bytes);
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        for secret in std::iter::once(&self.url).chain(&self.token) {
            text = text.replace(secret.reveal(), "***");
        }
        if let Some(path) =
            self.url.reveal().parse::<Uri>().ok().and_then(|uri| Some(uri.path_and_query()?.to_string()))
            && path.len() > 1
        {
            text = text.replace(&path, "***");
        }
        let text = super::message::plain(text.trim());
        if text.is_empty() { String::new() } else { format!(": {text}") }
    }
}

/// The template that the settings name, if any.
fn body(settings: &Settings, folder: &Path) -> Result<Option<Template>> {
    let shipped = match (&settings.template, settings.body) {
        (Some(_), body) if body != Body::Json => return Err(Error::usage("give body or template, not both")),
        (Some(path), _) => {
            let path = folder.join(path);
            let named = path.display().to_string();
            let text = std::fs::read_to_string(&path)
                .map_err(|error| Error::io("cannot read the template", error).in_file(&named))?;
            return Template::new(named, &text).map(Some);
        }
        (None, Body::Json) => return Ok(None),
        (None, Body::Slack) => ("slack", template::SLACK),
        (None, Body::Mattermost) => ("mattermost", template::MATTERMOST),
        (None, Body::Teams) => ("teams", template::TEAMS),
    };
    Template::new(shipped.0, shipped.1).map(Some)
}

/// The certificates in a PEM file.
fn certificates(path: &Path) -> Result<RootCerts> {
    let named = path.display().to_string();
    let pem = std::fs::read(path).map_err(|error| Error::io("cannot read the certificates", error).in_file(&named))?;
    let found: Vec<_> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        return Err(Error::usage("no PEM certificate in it").in_file(named));
    }
    Ok(RootCerts::new_with_certs(&found))
}

/// An address that can be posted to. Errors do not repeat it.
fn checked(url: &str) -> Result<Uri> {
    let uri: Uri = url.parse().map_err(|_| Error::usage("url is no address; expected https://host/path"))?;
    let https = matches!(uri.scheme_str(), Some("https" | "http"));
    if !https || uri.host().is_none_or(str::is_empty) {
        return Err(Error::usage("url is no web address; expected https://host/path"));
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(Error::usage("url holds a name or password; give token = { env = \"NAME\" } instead"));
    }
    Ok(uri)
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Scheme, host and port: the rest may be a secret.
fn shown(uri: &Uri) -> String {
    let port = uri.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", uri.scheme_str().unwrap_or("https"), uri.host().unwrap_or("?"))
}

/// `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.
fn retry_after(value: &str, now: Seconds) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(value.trim()).ok()?.timestamp().as_second();
    u64::try_from(date - now).ok().map(Duration::from_secs)
}

/// What went wrong, without the address.
fn describe(place: &str, error: ureq::Error) -> Failure {
    use ureq::Error as E;
    let fault = |what: &str| Error::input(format!("{place}: {what}"));
    match error {
        E::Timeout(phase) => Failure::retry(fault(&format!("no answer in time ({phase})"))),
        E::Io(error) => Failure::retry(Error::io(format!("{place}: the connection failed"), error)),
        E::HostNotFound => Failure::retry(fault("no such host, or no name server")),
        E::Rustls(error) => Failure::retry(fault("no trusted connection").because(error)),
        E::Tls(what) => Failure::retry(fault(&format!("no trusted connection: {what}"))),
        E::Protocol(error) => Failure::retry(fault("the answer is no HTTP").because(error)),
        E::LargeResponseHeader(..) => Failure::Permanent(fault("the head of the answer is too long")),
        E::ConnectionFailed | E::ConnectProxyFailed(_) => Failure::retry(fault("the connection failed")),
        E::InvalidProxyUrl => Failure::Permanent(fault("the proxy in the environment is no address")),
        E::Http(_) | E::BadUri(_) => Failure::Permanent(fault("the address or the token cannot be sent")),
        _ => Failure::retry(fault("the request failed")),
    }
}

impl Channel for Webhook {
    fn name(&self) -> &str {
        &self.name
    }

    fn deliver(&self, batch: &[Transition], context: &Context<'_>) -> std::result::Result<(), Failure> {
        let message = Message::of(batch);
        let body = self.render(&message).map_err(Failure::Permanent)?;
        let mut request = self
            .agent(context.time_for_one(self.timeout))
            .post(self.url.reveal())
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .header("Idempotency-Key", &message.key);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.reveal()));
        }
        let response = request.send(&body).map_err(|error| describe(&self.shown(), error))?;
        self.judge(response, context.now)
    }

    /// Writes a message about an alert that never was, and connects without sending it.
    fn check(&self) -> Result<()> {
        self.render(&super::sample_message())?;
        // By way of a proxy, the host may have no address here.
        let proxied = !self.loopback && ureq::Proxy::try_from_env().is_some();
        if proxied { Ok(()) } else { self.connect() }
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }
}
