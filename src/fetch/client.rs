//! One call over HTTPS: who asks, how long, how much, and which redirects are followed.

use super::Secret;
use crate::error::{Error, Result};
use std::io::Read;
use std::time::Duration;
use ureq::http::{Response, Uri};
use ureq::{Agent, Body};

/// How to behave towards the sources.
#[derive(Clone, Debug, PartialEq)]
pub struct Manners {
    /// Where the operator can be reached: an address or a page, sent in the User-Agent as the sources ask for.
    pub contact: Option<String>,
    /// Longest time for one call.
    pub call_time: Duration,
    /// Longest time for everything.
    pub whole_time: Duration,
    /// Largest answer, unpacked.
    pub most_bytes: u64,
    /// Attempts at one call, the first included.
    pub attempts: u32,
    /// Scheme, host and port that stand in for those of the source: a mirror.
    pub base_url: Option<String>,
}

impl Default for Manners {
    fn default() -> Manners {
        Manners {
            contact: None,
            call_time: Duration::from_secs(60),
            whole_time: Duration::from_secs(3600),
            most_bytes: 64 << 20,
            attempts: 5,
            base_url: None,
        }
    }
}

/// An answer.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) retry_after: Option<String>,
    pub(super) body: Vec<u8>,
}

/// Why there is no answer.
pub(super) enum Fault {
    /// The network: it may be better the next time.
    Passing(Error),
    /// It will not be.
    Final(Error),
}

pub(super) struct Client {
    agent: Agent,
    most_bytes: u64,
    base_url: Option<String>,
}

/// Redirects that are followed within a host.
const MOST_REDIRECTS: usize = 5;

impl Client {
    /// A client. The proxy comes from the environment (`HTTPS_PROXY`, `NO_PROXY`), as ureq reads it.
    pub(super) fn new(manners: &Manners) -> Result<Client> {
        let config = Agent::config_builder()
            .user_agent(user_agent(manners.contact.as_deref())?)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false);
        // A mirror on the own machine is not reached through a proxy.
        let own = manners.base_url.as_deref().and_then(|base| base.parse::<Uri>().ok());
        let config = match own.as_ref().and_then(Uri::host) {
            Some(host) if is_loopback(host) => config.proxy(None),
            _ => config,
        };
        let agent = config.build().new_agent();
        Ok(Client { agent, most_bytes: manners.most_bytes, base_url: manners.base_url.clone() })
    }

    /// Asks once, and waits no longer than `most`.
    pub(super) fn get(&self, url: &str, token: Option<&Secret>, most: Duration) -> std::result::Result<Reply, Fault> {
        let mut uri = self.address(url).map_err(Fault::Final)?;
        for _ in 0..=MOST_REDIRECTS {
            let mut call = self.agent.get(uri.clone()).config().timeout_global(Some(most)).build();
            if let Some(Secret(token)) = token {
                call = call.header("Authorization", format!("Bearer {token}"));
            }
            let response = call.call().map_err(failed)?;
            match response.status().as_u16() {
                301 | 302 | 303 | 307 | 308 => uri = redirected(&uri, &response).map_err(Fault::Final)?,
                _ => return self.reply(response),
            }
        }
        Err(Fault::Final(Error::input("too many redirects")))
    }

    /// The address to call: of the source, or of the mirror that stands in for it.
    fn address(&self, url: &str) -> Result<Uri> {
        let parse =
            |text: &str| text.parse::<Uri>().map_err(|e| Error::usage("not an address").because(e).in_file(text));
        let uri = match &self.base_url {
            None => parse(url)?,
            Some(base) => {
                let path = parse(url)?.path_and_query().map_or("/".into(), ToString::to_string);
                parse(&format!("{}{path}", base.trim_end_matches('/')))?
            }
        };
        let host = uri.host().unwrap_or("");
        if uri.scheme_str() != Some("https") && !is_loopback(host) {
            return Err(Error::usage(format!("'{host}' would be called without encryption; only https is allowed")));
        }
        Ok(uri)
    }

    fn reply(&self, mut response: Response<Body>) -> std::result::Result<Reply, Fault> {
        let retry_after = response.headers().get("retry-after").and_then(|v| v.to_str().ok()).map(String::from);
        let status = response.status().as_u16();
        let mut body = Vec::new();
        let reader = response.body_mut().with_config().limit(u64::MAX).reader();
        reader
            .take(self.most_bytes + 1)
            .read_to_end(&mut body)
            .map_err(|error| passing("the answer broke off", error))?;
        if body.len() as u64 > self.most_bytes {
            let message = format!("the answer is larger than {} bytes", self.most_bytes);
            return Err(Fault::Final(Error::input(message)));
        }
        Ok(Reply { status, retry_after, body })
    }
}

/// Whether asking again may help.
fn failed(error: ureq::Error) -> Fault {
    use ureq::Error as E;
    let hopeless =
        matches!(error, E::Tls(_) | E::Rustls(_) | E::BadUri(_) | E::Http(_) | E::InvalidProxyUrl | E::TlsRequired);
    match passing("the call failed", error) {
        Fault::Passing(error) if hopeless => Fault::Final(error),
        fault => fault,
    }
}

fn passing(what: &str, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Fault {
    Fault::Passing(Error::input(what).because(cause))
}

/// The address that an answer points to, if it lies on the same host.
fn redirected(from: &Uri, response: &Response<Body>) -> Result<Uri> {
    let target = response.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or("");
    let origin = format!("{}://{}", from.scheme_str().unwrap_or("https"), from.authority().map_or("", |a| a.as_str()));
    let text =
        if target.starts_with('/') && !target.starts_with("//") { format!("{origin}{target}") } else { target.into() };
    let uri: Uri =
        text.parse().map_err(|e| Error::input(format!("redirected to '{target}', no address")).because(e))?;
    if uri.scheme_str() != from.scheme_str() || uri.authority() != from.authority() {
        return Err(Error::input(format!(
            "redirected to another host, {}: refused, because what is asked of one source is told to no other",
            uri.authority().map_or("?", |a| a.as_str())
        )));
    }
    Ok(uri)
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `floodmark/0.1.0 (contact)`, as the sources ask for.
fn user_agent(contact: Option<&str>) -> Result<String> {
    let name = concat!("floodmark/", env!("CARGO_PKG_VERSION"));
    match contact {
        None => Ok(format!("{name} (no contact given)")),
        Some(contact) if contact.chars().all(|c| c.is_ascii_graphic() || c == ' ') => Ok(format!("{name} ({contact})")),
        Some(contact) => {
            Err(Error::usage(format!("--contact '{contact}': expected plain ASCII, such as you@example.org")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_is_called_but_for_the_own_machine() {
        let client = |base: Option<&str>| {
            let manners = Manners { base_url: base.map(String::from), ..Manners::default() };
            Client::new(&manners).expect("a client")
        };
        assert!(client(None).address("https://wikimedia.org/x?y=1").is_ok());
        assert!(client(None).address("http://wikimedia.org/x").is_err());
        let mirrored = client(Some("http://127.0.0.1:8080/")).address("https://wikimedia.org/x?y=1").expect("sound");
        assert_eq!(mirrored.to_string(), "http://127.0.0.1:8080/x?y=1");
        assert!(client(Some("http://[::1]:1")).address("https://a/").is_ok());
        assert!(client(Some("http://mirror.example")).address("https://a/").is_err());
        assert!(client(Some("https://mirror.example")).address("https://a/").is_ok());
    }

    #[test]
    fn the_contact_is_part_of_the_name() {
        assert!(user_agent(Some("me@example.org")).expect("sound").ends_with("(me@example.org)"));
        assert!(user_agent(Some("a\r\nX: y")).is_err());
    }
}
