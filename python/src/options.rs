//! Options of the command line under their own names.

use crate::fault::Result;
use floodmark::ingest::{self, Columns, Request, Watch};
use floodmark::pipeline;
use floodmark::registry::Registry;
use floodmark::series::Kind;
use floodmark::time::{Seconds, Step};
use pyo3::prelude::*;

/// Options as Python gives them; `None` is the default of the command line.
#[derive(Clone, Debug, Default, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Given {
    state: Vec<String>,
    country: Vec<String>,
    from_: Option<String>,
    to: Option<String>,
    every: Option<String>,
    by: Option<String>,
    watch: Option<String>,
    baseline: Option<String>,
    gap: Option<String>,
    fdr: Option<f64>,
    interval: Option<f64>,
    min_visits: Option<f64>,
    persist: Option<String>,
    time_col: Option<String>,
    domain_col: Option<String>,
    country_col: Option<String>,
    value_col: Option<String>,
    value_kind: Option<String>,
    time_zone: Option<String>,
    seed: Option<u64>,
    jobs: Option<usize>,
    online: Option<bool>,
    now: Option<String>,
    clock: Seconds,
}

/// Options checked.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    given: Given,
    step: Option<Step>,
    kind: Option<Kind>,
    watch: Watch,
    to: Option<Seconds>,
    now: Seconds,
    pub(crate) states: Vec<String>,
    countries: Vec<String>,
    pub(crate) options: pipeline::Options,
}

fn usage(message: String) -> floodmark::error::Error {
    floodmark::error::Error::usage(message)
}

/// One of several words, each with its meaning.
fn word<T: Copy>(option: &str, text: Option<&str>, words: &[(&str, T)]) -> Result<Option<T>> {
    let Some(text) = text else { return Ok(None) };
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| Some(*meaning));
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    Ok(found.ok_or_else(|| usage(format!("--{option} '{text}': expected one of {}", known.join(", "))))?)
}

fn moment(option: &str, text: &Option<String>) -> Result<Option<(Seconds, Seconds)>> {
    let read = |text: &String| ingest::moment(text).map_err(|error| error.context(format!("--{option} '{text}'")));
    Ok(text.as_ref().map(read).transpose()?)
}

fn codes(option: &str, codes: &[String]) -> Result<Vec<String>> {
    let codes: Vec<String> = codes.iter().map(|code| code.trim().to_ascii_uppercase()).collect();
    ingest::check_codes(option, &codes)?;
    Ok(codes)
}

impl Given {
    /// Checks every option and fills in what was not said.
    pub(crate) fn plan(self) -> Result<Plan> {
        let steps = [("auto", None), ("hour", Some(Step::HOUR)), ("day", Some(Step::DAY)), ("week", Some(Step::WEEK))];
        let step = word("every", self.every.as_deref(), &steps)?.flatten();
        let kinds = ["count", "share", "scaled", "rank", "rounded"].map(|name| (name, Kind::from_name(name)));
        let kind = word("value-kind", self.value_kind.as_deref(), &kinds)?.flatten();
        let watch = [("registry", Watch::Registry), ("all", Watch::All)];
        let watch = word("watch", self.watch.as_deref(), &watch)?.unwrap_or_default();
        let by_domain = word("by", self.by.as_deref(), &[("outlet", false), ("domain", true)])?.unwrap_or(false);
        let (states, countries) = (codes("state", &self.state)?, codes("country", &self.country)?);
        let baseline_days = ingest::span_days("baseline", Some(self.baseline.as_deref().unwrap_or("8w")))?;
        let gap_days = ingest::span_days("gap", Some(self.gap.as_deref().unwrap_or("1w")))?;
        let (from, to) = (moment("from", &self.from_)?, moment("to", &self.to)?);
        if let (Some((from, _)), Some((_, to))) = (from, to)
            && to <= from
        {
            return Err(usage("--to lies before --from".into()).into());
        }
        let now = moment("now", &self.now)?.map_or(self.clock, |(now, _)| now);
        let defaults = pipeline::Options::default();
        let options = pipeline::Options {
            baseline_days,
            gap_days,
            fdr: self.fdr.unwrap_or(defaults.fdr),
            interval: self.interval.unwrap_or(defaults.interval),
            min_visits: self.min_visits.unwrap_or(defaults.min_visits),
            persist: self.persist.as_deref().map_or(Ok(defaults.persist), str::parse).map_err(usage)?,
            by_domain,
            seed: self.seed.unwrap_or(defaults.seed),
            jobs: self.jobs.unwrap_or(defaults.jobs),
            online: self.online.unwrap_or(defaults.online),
            judge_from: from.map(|(from, _)| from),
            ..defaults
        };
        options.check()?;
        let to = to.map(|(_, end)| end - 1);
        Ok(Plan { step, kind, watch, to, now, states, countries, options, given: self })
    }
}

impl Plan {
    /// What is to be loaded.
    pub(crate) fn request<'a>(&self, registry: &'a Registry) -> Request<'a> {
        let given = &self.given;
        Request {
            columns: Columns {
                time: given.time_col.clone(),
                domain: given.domain_col.clone(),
                country: given.country_col.clone(),
                value: given.value_col.clone(),
            },
            kind: self.kind,
            time_zone: given.time_zone.clone(),
            every: self.step,
            to: self.to,
            states: self.states.clone(),
            countries: self.countries.clone(),
            watch: self.watch,
            now: Some(self.now),
            ..Request::new(Vec::new(), registry)
        }
    }
}
