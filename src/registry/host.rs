//! From a host, address or origin to the registrable domain (eTLD+1) of the Public Suffix List.

use std::borrow::Cow;

/// Crate and version of the Public Suffix List that is compiled in.
pub const PUBLIC_SUFFIX_LIST: &str = "psl 2.1.247";

/// What a host name folded to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A registrable domain: lower case, ASCII.
    Domain(String),
    /// An address, a single label or a bare public suffix: kept as it is, there is nothing to fold to.
    Other(String),
    /// Not a host name at all.
    Invalid,
}

impl Host {
    /// The name to file the traffic under.
    pub fn name(&self) -> Option<&str> {
        match self {
            Host::Domain(name) | Host::Other(name) => Some(name),
            Host::Invalid => None,
        }
    }
}

/// Folds a host to its registrable domain. Scheme, user, port, path, trailing dots, `www.` and other subdomains go;
/// international names become ASCII (IDNA, UTS 46).
///
/// ```
/// # use floodmark::registry::{fold, Host};
/// assert_eq!(fold("https://www.PressTV.ir:443/Detail?x=1"), Host::Domain("presstv.ir".into()));
/// assert_eq!(fold("m.news.bbc.co.uk."), Host::Domain("bbc.co.uk".into()));
/// assert_eq!(fold("192.0.2.7:8080"), Host::Other("192.0.2.7".into()));
/// assert_eq!(fold("not a host"), Host::Invalid);
/// ```
pub fn fold(text: &str) -> Host {
    let host = bare_host(text.trim());
    if let Some(address) = address(host) {
        return Host::Other(address);
    }
    let Some(ascii) = to_ascii(host.trim_end_matches('.')) else { return Host::Invalid };
    if !is_host(&ascii) {
        return Host::Invalid;
    }
    if !ascii.contains('.') {
        return Host::Other(ascii.into_owned());
    }
    match psl::domain(ascii.as_bytes()).and_then(|domain| std::str::from_utf8(domain.as_bytes()).ok()) {
        Some(domain) => Host::Domain(domain.to_string()),
        None => Host::Other(ascii.into_owned()),
    }
}

/// A host as it is: scheme, user, port, path and trailing dots go, subdomains stay.
///
/// ```
/// # use floodmark::registry::{host, Host};
/// assert_eq!(host("https://DE.RT.com/x"), Host::Other("de.rt.com".into()));
/// ```
pub fn host(text: &str) -> Host {
    let host = bare_host(text.trim());
    match address(host).or_else(|| to_ascii(host.trim_end_matches('.')).map(Cow::into_owned)) {
        Some(name) if is_host(&name) || address(&name).is_some() => Host::Other(name),
        _ => Host::Invalid,
    }
}

/// Whether the ending of a domain is in the Public Suffix List, rather than taken for one because nothing is known.
pub fn is_listed(domain: &str) -> bool {
    psl::suffix(domain.as_bytes()).is_some_and(|suffix| suffix.is_known())
}

/// Cuts scheme, user, path, query and port away.
fn bare_host(text: &str) -> &str {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let text = text.strip_prefix("//").unwrap_or(text);
    let text = text.split(['/', '?', '#']).next().unwrap_or("");
    let text = text.rsplit_once('@').map_or(text, |(_, host)| host);
    if text.starts_with('[') {
        return text.split_once(']').map_or(text, |(host, _)| &host[1..]);
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => text,
    }
}

fn address(host: &str) -> Option<String> {
    host.parse::<std::net::IpAddr>().ok().map(|address| address.to_string())
}

fn to_ascii(host: &str) -> Option<Cow<'_, str>> {
    if host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_')) {
        return Some(Cow::Borrowed(host));
    }
    idna::domain_to_ascii_cow(host.as_bytes(), idna::AsciiDenyList::EMPTY)
        .ok()
        .map(|name| Cow::Owned(name.into_owned()))
}

/// Letters, digits, hyphens and underscores in labels of 1 to 63 bytes.
fn is_host(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    (1..=253).contains(&name.len()) && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_fold_to_registrable_domains() {
        for (host, domain) in [
            ("rt.com", "rt.com"),
            ("WWW.RT.COM", "rt.com"),
            ("de.rt.com.", "rt.com"),
            ("http://user:pw@m.sputniknews.cn:8080/a/b#c", "sputniknews.cn"),
            ("//amp.cnn.com/x", "cnn.com"),
            ("news.xinhuanet.com.cn", "xinhuanet.com.cn"),
            ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
            ("en.wikipedia", "en.wikipedia"),
            ("foo.blogspot.com", "foo.blogspot.com"),
        ] {
            assert_eq!(fold(host), Host::Domain(domain.into()), "{host}");
        }
    }

    #[test]
    fn what_has_no_registrable_domain_is_kept_and_what_is_no_host_refused() {
        for (host, kept) in [("localhost", "localhost"), ("afwiki", "afwiki"), ("[2001:db8::1]:443", "2001:db8::1")] {
            assert_eq!(fold(host), Host::Other(kept.into()), "{host}");
        }
        assert_eq!(fold("co.uk"), Host::Other("co.uk".into()));
        for host in ["", "(not set)", "a..b", "=cmd()", "rt.com,presstv.ir"] {
            assert_eq!(fold(host), Host::Invalid, "{host}");
        }
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for host in ["www.rt.com", "a.b.c.co.uk", "пример.рф", "192.0.2.1", "x"] {
            let once = fold(host);
            assert_eq!(fold(once.name().unwrap()), once);
        }
    }

    #[test]
    fn the_version_of_the_suffix_list_is_the_one_that_is_locked() {
        let lock = include_str!("../../Cargo.lock");
        let version = PUBLIC_SUFFIX_LIST.trim_start_matches("psl ");
        assert!(lock.contains(&format!("name = \"psl\"\nversion = \"{version}\"")));
    }
}
