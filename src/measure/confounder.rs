//! What else may explain a surge or a fall: blocks, outages, annotated events. Said with evidence: what was found near
//! the onset, what was looked at and not found, and what could not be looked at.
//!
//! A coincidence in time and place is told, never a cause. That nothing is known is told apart from that nothing was
//! looked at: measurements of blocking exist for few sites, in few countries, on some days.

use crate::time::{Seconds, Step};
use std::collections::{BTreeMap, BTreeSet};

/// What kind of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConfounderKind {
    /// A site was blocked in a country.
    Block,
    /// A country was offline, in whole or in part.
    Outage,
    /// Somebody noted something else about a country's traffic.
    Annotation,
}

impl ConfounderKind {
    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            ConfounderKind::Block => "block",
            ConfounderKind::Outage => "outage",
            ConfounderKind::Annotation => "annotation",
        }
    }

    /// How long after its end it still matters: readers come back after a block within days, after an outage at once.
    fn reach(self) -> i64 {
        match self {
            ConfounderKind::Block => 7,
            ConfounderKind::Outage | ConfounderKind::Annotation => 2,
        }
    }
}

/// A stretch of time in which something was so, somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// What.
    pub kind: ConfounderKind,
    /// First second.
    pub from: Seconds,
    /// First second after it.
    pub until: Seconds,
    /// Country; empty = everywhere.
    pub country: String,
    /// Registrable domain; empty = all.
    pub domain: String,
    /// Who says so.
    pub source: String,
    /// In what words, with numbers.
    pub evidence: String,
}

/// What is known from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// What was found.
    pub found: Vec<Span>,
    /// What was looked at, whatever was found.
    pub looks: Vec<Span>,
}

impl Context {
    /// Adds what another context knows.
    pub fn add(&mut self, other: Context) {
        self.found.extend(other.found);
        self.looks.extend(other.looks);
    }
}

/// How a confounder stands to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It was so near the onset.
    Found,
    /// It was looked at near the onset, and nothing was found.
    Absent,
    /// Nobody looked.
    Unchecked,
}

/// What is said of one alert and one kind of confounder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Which alert.
    pub alert_id: String,
    /// What.
    pub kind: ConfounderKind,
    /// How it stands.
    pub verdict: Verdict,
    /// First second of what was found or looked at; none if nobody looked.
    pub from: Option<Seconds>,
    /// First second after it.
    pub until: Option<Seconds>,
    /// Country.
    pub country: String,
    /// Domain.
    pub domain: String,
    /// In words.
    pub evidence: String,
    /// Who says so.
    pub source: String,
}

/// An episode as this module sees it.
#[derive(Clone, Copy, Debug)]
pub struct Episode<'a> {
    /// Which alert.
    pub alert_id: &'a str,
    /// Start of its first period.
    pub onset: Seconds,
    /// End of its last one.
    pub end: Seconds,
    /// Country of the readers; empty = all together.
    pub country: &'a str,
    /// Domains whose traffic it is.
    pub domains: &'a BTreeSet<&'a str>,
}

/// So near to the onset a look must be to count, in days.
const NEAR: i64 = 2;

/// What the judgements of one alert come to, in a sentence.
///
/// ```
/// # use floodmark::measure::confounder::{Context, Episode, in_words, judge};
/// let domains = std::collections::BTreeSet::from(["rt.com"]);
/// let episode = Episode { alert_id: "a", onset: 0, end: 86_400, country: "GB", domains: &domains };
/// let said = in_words(&judge(&Context::default(), &episode));
/// assert_eq!(said, "not checked: block (no measurement of the site in this country near the onset), \
///     outage (nobody looked at this country near the onset)");
/// ```
pub fn in_words(judgements: &[Judgement]) -> String {
    let parts = [
        (Verdict::Found, "coincides with"),
        (Verdict::Absent, "not explained by"),
        (Verdict::Unchecked, "not checked:"),
    ];
    let sentence = |(verdict, words): (Verdict, &str)| {
        let mut things: Vec<String> = Vec::new();
        for judgement in judgements.iter().filter(|judgement| judgement.verdict == verdict) {
            let thing = thing(judgement);
            if !things.contains(&thing) {
                things.push(thing);
            }
        }
        (!things.is_empty()).then(|| format!("{words} {}", things.join(", ")))
    };
    parts.into_iter().filter_map(sentence).collect::<Vec<_>>().join("; ")
}

/// `block of rt.com (OONI: …)`.
fn thing(judgement: &Judgement) -> String {
    let (_, evidence) = judgement.evidence.split_once(": ").unwrap_or(("", &judgement.evidence));
    let site = if judgement.domain.is_empty() { String::new() } else { format!(" of {}", judgement.domain) };
    format!("{}{site} ({evidence})", judgement.kind.name())
}

/// What the context says of an episode: a judgement for each thing found, and one each for blocks and outages where
/// nothing was.
pub fn judge(context: &Context, episode: &Episode<'_>) -> Vec<Judgement> {
    let day = Step::DAY.seconds();
    let found = grouped(context.found.iter().filter(|span| {
        let reach = span.until + span.kind.reach() * day;
        concerns(span, episode) && span.from < episode.end && reach > episode.onset
    }));
    let mut judgements: Vec<Judgement> =
        found.into_iter().map(|span| judgement(span, Verdict::Found, episode)).collect();
    for kind in [ConfounderKind::Block, ConfounderKind::Outage] {
        if judgements.iter().any(|j| j.kind == kind) {
            continue;
        }
        let near = |span: &&Span| span.from < episode.onset + NEAR * day && span.until > episode.onset - NEAR * day;
        let looks =
            grouped(context.looks.iter().filter(|span| span.kind == kind && concerns(span, episode)).filter(near));
        if looks.is_empty() {
            judgements.push(unchecked(kind, episode));
        }
        judgements.extend(looks.into_iter().map(|span| judgement(span, Verdict::Absent, episode)));
    }
    judgements
}

/// Whether a span is about the readers and sites of the episode. What is known of one country says nothing of all
/// countries together.
fn concerns(span: &Span, episode: &Episode<'_>) -> bool {
    (span.country.is_empty() || span.country == episode.country)
        && (span.domain.is_empty() || episode.domains.contains(span.domain.as_str()))
}

/// One span for each kind, country, domain and source: daily measurements are no hundred findings.
fn grouped<'a>(spans: impl Iterator<Item = &'a Span>) -> Vec<Span> {
    let mut groups: BTreeMap<(ConfounderKind, &str, &str, &str), Vec<&Span>> = BTreeMap::new();
    for span in spans {
        groups.entry((span.kind, &span.country, &span.domain, &span.source)).or_default().push(span);
    }
    let merge = |mut spans: Vec<&Span>| {
        spans.sort_by_key(|span| (span.from, span.until));
        let first = spans[0];
        let until = spans.iter().map(|span| span.until).max().unwrap_or(first.until);
        let evidence = match spans.len() {
            1 => first.evidence.clone(),
            n => format!("{n} reports; the first: {}", first.evidence),
        };
        Span { until, evidence, ..first.clone() }
    };
    groups.into_values().map(merge).collect()
}

fn judgement(span: Span, verdict: Verdict, episode: &Episode<'_>) -> Judgement {
    let evidence = match verdict {
        Verdict::Absent if span.evidence.is_empty() => "absent: looked at, none found".into(),
        Verdict::Absent => format!("absent: {}", span.evidence),
        _ => format!("found: {}", span.evidence),
    };
    Judgement {
        alert_id: episode.alert_id.into(),
        kind: span.kind,
        verdict,
        from: Some(span.from),
        until: Some(span.until),
        country: span.country,
        domain: span.domain,
        evidence,
        source: span.source,
    }
}

fn unchecked(kind: ConfounderKind, episode: &Episode<'_>) -> Judgement {
    let reason = if episode.country.is_empty() {
        "the traffic is that of all countries together"
    } else {
        match kind {
            ConfounderKind::Block => "no measurement of the site in this country near the onset",
            _ => "nobody looked at this country near the onset",
        }
    };
    Judgement {
        alert_id: episode.alert_id.into(),
        kind,
        verdict: Verdict::Unchecked,
        from: None,
        until: None,
        country: episode.country.into(),
        domain: String::new(),
        evidence: format!("unchecked: {reason}"),
        source: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn span(kind: ConfounderKind, from: i64, until: i64, country: &str, domain: &str) -> Span {
        let (country, domain) = (country.into(), domain.into());
        Span { kind, from: from * DAY, until: until * DAY, country, domain, source: "S".into(), evidence: "e".into() }
    }

    fn said(context: &Context, country: &str) -> Vec<(ConfounderKind, Verdict)> {
        let domains = BTreeSet::from(["rt.com", "swentr.site"]);
        let episode = Episode { alert_id: "a", onset: 100 * DAY, end: 110 * DAY, country, domains: &domains };
        judge(context, &episode).into_iter().map(|j| (j.kind, j.verdict)).collect()
    }

    use ConfounderKind::{Annotation, Block, Outage};
    use Verdict::{Absent, Found, Unchecked};

    #[test]
    fn nothing_known_is_not_nothing_there() {
        assert_eq!(said(&Context::default(), "GB"), [(Block, Unchecked), (Outage, Unchecked)]);
        let looks = vec![span(Block, 99, 100, "GB", "rt.com"), span(Outage, 0, 365, "GB", "")];
        let context = Context { found: Vec::new(), looks };
        assert_eq!(said(&context, "GB"), [(Block, Absent), (Outage, Absent)]);
        assert_eq!(said(&context, "US"), [(Block, Unchecked), (Outage, Unchecked)]);
        assert_eq!(said(&context, ""), [(Block, Unchecked), (Outage, Unchecked)]);
    }

    #[test]
    fn only_the_same_place_site_and_time_count() {
        let found = |found: Span| Context { found: vec![found], looks: Vec::new() };
        assert_eq!(said(&found(span(Block, 105, 106, "GB", "rt.com")), "GB")[0], (Block, Found));
        assert_eq!(said(&found(span(Block, 90, 94, "GB", "rt.com")), "GB")[0], (Block, Found));
        assert_eq!(said(&found(span(Outage, 90, 94, "GB", "")), "GB")[1], (Outage, Unchecked));
        for other in [
            span(Block, 110, 120, "GB", "rt.com"),
            span(Block, 80, 93, "GB", "rt.com"),
            span(Block, 105, 106, "US", "rt.com"),
            span(Block, 105, 106, "GB", "tass.com"),
        ] {
            assert_eq!(said(&found(other.clone()), "GB")[0], (Block, Unchecked), "{other:?}");
        }
        assert_eq!(said(&found(span(Annotation, 100, 101, "", "")), "")[0], (Annotation, Found));
    }

    #[test]
    fn daily_reports_are_one_finding() {
        let found = (100..108).map(|day| span(Block, day, day + 1, "GB", "rt.com")).collect();
        let domains = BTreeSet::from(["rt.com"]);
        let episode = Episode { alert_id: "a", onset: 100 * DAY, end: 110 * DAY, country: "GB", domains: &domains };
        let judged = judge(&Context { found, looks: Vec::new() }, &episode);
        assert_eq!((judged[0].from, judged[0].until), (Some(100 * DAY), Some(108 * DAY)));
        assert_eq!(judged[0].evidence, "found: 8 reports; the first: e");
        assert_eq!(judged.len(), 2);
    }
}
