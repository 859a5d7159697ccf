//! Names of Wikimedia projects: `en.wikipedia`, from hosts and from the codes of the dumps.
//!
//! Codes: <https://wikitech.wikimedia.org/wiki/Analytics/Data_Lake/Traffic/Pageviews>.

/// Families by the last part of a code.
const FAMILIES: [(&str, &str); 12] = [
    ("b", "wikibooks"),
    ("d", "wiktionary"),
    ("f", "wikimediafoundation"),
    ("m", "wikimedia"),
    ("n", "wikinews"),
    ("q", "wikiquote"),
    ("s", "wikisource"),
    ("v", "wikiversity"),
    ("voy", "wikivoyage"),
    ("w", "mediawiki"),
    ("wd", "wikidata"),
    ("z", "wikipedia"),
];

/// Sites of the family `wikimedia`: for these a last `m` is the family, for languages it is the mobile site.
const WIKIMEDIA: [&str; 12] = [
    "commons",
    "meta",
    "incubator",
    "species",
    "strategy",
    "outreach",
    "usability",
    "quality",
    "wikimania",
    "planet",
    "blog",
    "foundation",
];

/// The project of a code in an hourly dump; desktop, mobile and zero together.
pub(super) fn of_code(code: &str) -> String {
    let code = code.to_ascii_lowercase();
    let mut parts = code.split('.');
    let site = parts.next().unwrap_or("");
    let rest: Vec<&str> = parts.filter(|part| *part != "zero").collect();
    let family = match rest.as_slice() {
        ["m"] if !WIKIMEDIA.contains(&site) => None,
        ["m", family] | [family] => Some(*family),
        _ => None,
    };
    match family {
        None => format!("{site}.wikipedia"),
        Some(family) => {
            let name = FAMILIES.iter().find(|(code, _)| *code == family).map_or(family, |(_, name)| *name);
            format!("{site}.{name}")
        }
    }
}

/// The project of a host or a name: `https://EN.m.wikipedia.org` is `en.wikipedia`.
pub(super) fn of_host(host: &str) -> String {
    let host = host.trim().to_ascii_lowercase();
    let host = host.split_once("://").map_or(host.as_str(), |(_, rest)| rest);
    let host = host.trim_end_matches('/');
    let host = host.strip_suffix(".org").unwrap_or(host);
    host.split('.').filter(|part| !matches!(*part, "m" | "www" | "zero")).collect::<Vec<_>>().join(".")
}

/// Whether a text names a project such as `en.wikipedia`.
pub(super) fn is_project(text: &str) -> bool {
    let project = of_host(text);
    let family = project.rsplit('.').next().unwrap_or("");
    FAMILIES.iter().any(|(_, name)| *name == family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_the_dumps_name_projects() {
        for (code, project) in [
            ("en", "en.wikipedia"),
            ("en.m", "en.wikipedia"),
            ("en.zero", "en.wikipedia"),
            ("fr.d", "fr.wiktionary"),
            ("fr.m.d", "fr.wiktionary"),
            ("commons.m", "commons.wikimedia"),
            ("commons.m.m", "commons.wikimedia"),
            ("www.wd", "www.wikidata"),
            ("zh-min-nan.m", "zh-min-nan.wikipedia"),
            ("de.voy", "de.wikivoyage"),
            ("en.z", "en.wikipedia"),
        ] {
            assert_eq!(of_code(code), project, "{code}");
        }
    }

    #[test]
    fn hosts_name_projects() {
        for host in ["en.wikipedia", "en.wikipedia.org", "https://en.m.wikipedia.org/", "EN.wikipedia"] {
            assert_eq!(of_host(host), "en.wikipedia");
        }
        assert!(is_project("fa.wikipedia") && is_project("commons.wikimedia.org") && !is_project("presstv.ir"));
    }
}
