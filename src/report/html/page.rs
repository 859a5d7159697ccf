//! Everything the template needs, ready to be shown.

use super::card::{self, Card};
use super::picture::{self, Picture, Points};
use super::table::{self, View};
use super::{Report, embedded, places, summary, words};
use crate::alert::{Alert, Analysis, Event, IndexRow};
use crate::error::{Error, Result};
use crate::report::cell::moment;
use crate::report::run::{InputFile, ListFile};
use crate::series::Level;
use crate::time::{Seconds, Step};
use minijinja::Value;
use serde::Serialize;
use std::collections::BTreeMap;

/// Cards open at first; the others are folded away.
const OPEN_CARDS: usize = 12;
/// Charts of the index for one state, and states with charts: the largest.
const MOST_COUNTRIES: usize = 12;
const MOST_STATES: usize = 12;
const MOST_EVENTS: usize = 8;
/// Options that say where the result went and how fast, not what it is; the present moment, which differs from run to
/// run; and the inputs, which have a table of their own.
const NOT_SHOWN: [&str; 10] =
    ["out", "force", "quiet", "verbose", "jobs", "fail-on", "charts", "series", "now", "input"];
/// Options that name files.
const FILES: [&str; 4] = ["total", "domains", "events", "context"];

/// The page.
#[derive(Debug, Serialize)]
pub(super) struct Page<'a> {
    job: Option<&'a str>,
    /// What has the rows that the page does not carry, and the verb.
    whole: &'static str,
    policy: String,
    style: Value,
    script: Value,
    period: String,
    alerts: usize,
    drops: usize,
    counts: Vec<(&'static str, String)>,
    nothing: Option<String>,
    states: Vec<State>,
    states_left_out: usize,
    cards: Vec<Card>,
    more_cards: Vec<Card>,
    cards_left_out: usize,
    tables: Vec<View>,
    /// Text of each table, and values of each chart, for the script.
    table_data: Vec<(String, Value)>,
    chart_data: Value,
    interval: String,
    fdr: String,
    baseline: String,
    gap: String,
    total: &'static str,
    notes: Vec<String>,
    failures: Vec<String>,
    skipped: Vec<(&'a str, String)>,
    left_out: Vec<(&'static str, String)>,
    version: String,
    seed: u64,
    registry: &'a str,
    calendar: &'a str,
    suffixes: &'a str,
    inputs: Vec<(&'a str, String, String, &'a str)>,
    lists: Vec<(&'a str, &'static str, String, &'a str)>,
    options: Vec<(String, String)>,
}

/// One state: words, charts of its index, the events marked in them.
#[derive(Debug, Serialize)]
struct State {
    code: String,
    name: String,
    sentences: Vec<String>,
    near: Vec<String>,
    more: usize,
    pictures: Vec<Picture>,
    pictures_left_out: usize,
    events: Vec<(usize, String)>,
}

impl<'a> Page<'a> {
    pub(super) fn new<Options: Serialize>(report: &Report<'a, Options>, policy: String) -> Result<Page<'a>> {
        let (analysis, run) = (report.analysis, report.run);
        let options = serde_json::to_value(&run.options)
            .map_err(|error| Error::input("cannot write the options into the report").because(error))?;
        let text = |name: &str| options.get(name).map(plain).unwrap_or_default();
        let fdr = options.get("fdr").and_then(serde_json::Value::as_f64);
        let percent = |name: &str| {
            options.get(name).and_then(serde_json::Value::as_f64).map(|x| words::number((1e4 * x).round() / 1e2))
        };
        let total = match options.get("total") {
            Some(serde_json::Value::String(_)) => "the total",
            _ => "all traffic in the input",
        };
        let (states, states_left_out) = states(analysis, report.events, total);
        let (mut cards, cards_left_out) = card::cards(analysis);
        let more_cards = cards.split_off(cards.len().min(OPEN_CARDS));
        let tables = table::views(report.tables);
        let mut paths: Vec<&str> = run.inputs.iter().map(|file| file.path.as_str()).collect();
        paths.extend(run.lists.iter().map(|file| file.path.as_str()));
        paths.extend(
            options.get("input").and_then(serde_json::Value::as_array).into_iter().flatten().filter_map(|v| v.as_str()),
        );
        // A path may begin another one: the longest first.
        paths.sort_by_key(|path| std::cmp::Reverse(path.len()));
        let shown = states.iter().flat_map(|state| &state.pictures);
        let shown = shown.chain(cards.iter().chain(&more_cards).map(|card| &card.picture));
        let points: BTreeMap<&str, &Points> = shown.map(|picture| (picture.id.as_str(), &picture.points)).collect();
        let table_data =
            tables.iter().map(|view| Ok((view.id.clone(), embedded(&view.csv)?))).collect::<Result<_>>()?;
        let job = report.job;
        Ok(Page {
            job,
            whole: match job {
                Some(_) => "floodmark watch --export and --history have",
                None => "the files in the result folder have",
            },
            policy,
            style: Value::from_safe_string(super::STYLE.into()),
            script: Value::from_safe_string(super::SCRIPT.into()),
            period: if job.is_some() { newest(analysis) } else { period(analysis) },
            alerts: analysis.alerts.len(),
            drops: analysis.drops.len(),
            counts: counts(analysis, job.is_some()),
            nothing: summary::nothing(analysis, fdr, job.is_some()),
            chart_data: embedded(&points)?,
            table_data,
            states,
            states_left_out,
            cards,
            more_cards,
            cards_left_out,
            tables,
            interval: percent("interval").unwrap_or_else(|| "90".into()),
            fdr: percent("fdr").unwrap_or_else(|| "5".into()),
            baseline: text("baseline"),
            gap: text("gap"),
            total,
            notes: run.notes.iter().map(|note| without_folders(note, &paths)).collect(),
            failures: run.failures.iter().map(|failure| without_folders(failure, &paths)).collect(),
            skipped: run.skipped_rows.iter().map(|(reason, n)| (reason.as_str(), words::number(*n as f64))).collect(),
            left_out: if job.is_some() { not_told(analysis) } else { left_out(analysis) },
            version: run
                .revision
                .map_or_else(|| run.version.into(), |revision| format!("{} ({revision})", run.version)),
            seed: run.seed,
            registry: &run.registry_version,
            calendar: &run.calendar_version,
            suffixes: &run.public_suffix_list_version,
            inputs: run.inputs.iter().map(input).collect(),
            lists: run.lists.iter().map(list).collect(),
            options: shown_options(&options),
        })
    }
}

/// The name of a file without its folders: a page that is passed on tells nobody how a disk is arranged.
fn file_name(path: &str) -> &str {
    path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or(path)
}

/// A sentence with the names of files instead of their paths.
fn without_folders(text: &str, paths: &[&str]) -> String {
    let long = paths.iter().filter(|path| file_name(path).len() < path.len());
    long.fold(text.to_string(), |text, path| text.replace(path, file_name(path)))
}

fn input(file: &InputFile) -> (&str, String, String, &str) {
    (file_name(&file.path), words::number(file.rows as f64), words::number(file.bytes as f64), &file.sha256)
}

fn list(file: &ListFile) -> (&str, &'static str, String, &str) {
    (file_name(&file.path), file.option, words::number(file.bytes as f64), &file.sha256)
}

/// A JSON value as a reader would write it.
fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn shown_options(options: &serde_json::Value) -> Vec<(String, String)> {
    let all = options.as_object().into_iter().flatten();
    let shown = all.filter(|(name, _)| !NOT_SHOWN.contains(&name.as_str()));
    let value = |(name, value): (&String, &serde_json::Value)| {
        let text = plain(value);
        let files = || text.split(", ").map(file_name).collect::<Vec<_>>().join(", ");
        (name.clone(), if FILES.contains(&name.as_str()) { files() } else { text })
    };
    shown.map(value).filter(|(_, value)| !value.is_empty()).collect()
}

fn period(analysis: &Analysis) -> String {
    let grid = &analysis.grid;
    match grid.len {
        0 => "no data".into(),
        n => format!("{} to {}", moment(grid.time(0), grid.step), moment(grid.time(n - 1), grid.step)),
    }
}

/// How far the data of a job have come.
fn newest(analysis: &Analysis) -> String {
    let grid = &analysis.grid;
    match grid.len {
        0 => "no data yet".into(),
        n => format!("data up to {}", moment(grid.time(n - 1), grid.step)),
    }
}

fn counts(analysis: &Analysis, job: bool) -> Vec<(&'static str, String)> {
    let counts = &analysis.counts;
    let names = match job {
        true => ["series watched", "episodes tested so far", "open alerts", "open drops"],
        false => ["series judged", "surges tested", "alerts", "drops"],
    };
    let figures = [counts.series_tested, counts.surges_tested, analysis.alerts.len(), analysis.drops.len()];
    names.into_iter().zip(figures.map(|n| words::number(n as f64))).collect()
}

/// What a job has tested and not told.
fn not_told(analysis: &Analysis) -> Vec<(&'static str, String)> {
    vec![("episodes tested that were no discoveries", words::number(analysis.counts.not_significant as f64))]
}

/// What was missing, filled or set aside, and how often.
fn left_out(analysis: &Analysis) -> Vec<(&'static str, String)> {
    let counts = &analysis.counts;
    [
        ("series too short to be judged", counts.series_too_short),
        ("surges not significant at the false-discovery rate", counts.not_significant),
        ("surges below the floor of visits", counts.below_floor),
        ("surges that did not stay raised as long as asked", counts.not_persistent),
        ("surges whose lift may be zero", counts.lift_uncertain),
        ("periods not observed (gaps)", counts.gaps),
        ("periods known only below a bound (censored)", counts.censored),
        ("periods filled from their own past when summing", counts.filled),
    ]
    .into_iter()
    .map(|(name, n)| (name, words::number(n as f64)))
    .collect()
}

/// States with something to tell or to draw, most alerts first, and how many are left out.
fn states(analysis: &Analysis, events: &[Event], total: &str) -> (Vec<State>, usize) {
    let mut told = summary::told(analysis, total);
    let mut rows: BTreeMap<&str, Vec<&IndexRow>> = BTreeMap::new();
    for row in &analysis.index {
        rows.entry(&row.key.state).or_default().push(row);
    }
    let mut codes: Vec<&str> = rows.keys().chain(told.keys()).copied().collect();
    codes.sort_unstable();
    codes.dedup();
    let alerts = |code: &str| analysis.alerts.iter().filter(|alert| alert.key.state == code).count();
    codes.sort_by_key(|code| std::cmp::Reverse(alerts(code)));
    let left_out = codes.len().saturating_sub(MOST_STATES);
    codes.truncate(MOST_STATES);
    let state = |code: &str| {
        let told = told.remove(code).unwrap_or_default();
        let (pictures, pictures_left_out, events) =
            pictures(analysis, code, rows.get(code).map_or(&[], Vec::as_slice), events);
        State {
            code: code.into(),
            name: if code.is_empty() { "No state known".into() } else { places::plain(code) },
            sentences: told.sentences,
            near: told.near,
            more: told.more,
            pictures,
            pictures_left_out,
            events,
        }
    };
    (codes.into_iter().map(state).collect(), left_out)
}

/// The index of a state, country by country: all together first, then by visits.
fn pictures(
    analysis: &Analysis,
    code: &str,
    rows: &[&IndexRow],
    events: &[Event],
) -> (Vec<Picture>, usize, Vec<(usize, String)>) {
    let mut countries: Vec<&[&IndexRow]> = rows.chunk_by(|a, b| a.key.country == b.key.country).collect();
    let visits = |rows: &[&IndexRow]| rows.iter().map(|row| row.visits).filter(|v| v.is_finite()).sum::<f64>();
    countries.sort_by(|a, b| {
        (!a[0].key.country.is_empty()).cmp(&!b[0].key.country.is_empty()).then(visits(b).total_cmp(&visits(a)))
    });
    let left_out = countries.len().saturating_sub(MOST_COUNTRIES);
    let own = |alert: &&Alert| alert.level == Level::State && alert.key.state == code;
    let surges: Vec<&Alert> = analysis.alerts.iter().filter(own).collect();
    let grid = &analysis.grid;
    let centre = surges.first().map_or(grid.time(grid.len / 2), |alert| alert.onset);
    let near = picture::nearest(events, code, grid, centre, MOST_EVENTS);
    let numbered: Vec<(usize, Seconds)> = near.iter().enumerate().map(|(i, event)| (i + 1, event.date)).collect();
    let picture = |(i, rows): (usize, &&[&IndexRow])| {
        let country = rows[0].key.country.as_str();
        let name = if country.is_empty() { "All countries together".into() } else { places::plain(country) };
        let here = surges.iter().filter(|alert| alert.key.country == country);
        let spans: Vec<_> = here.map(|alert| (alert.onset, alert.end.saturating_add(grid.step.seconds()))).collect();
        let letters: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
        let id = format!("index-{letters}-{i}");
        picture::index(id, name, rows, grid, &spans, &numbered)
    };
    let drawn: Vec<Picture> = countries.iter().take(MOST_COUNTRIES).enumerate().filter_map(picture).collect();
    let told = |(number, event): (usize, &&Event)| {
        (number + 1, format!("{} {}", moment(event.date, Step::DAY), words::isolated(&event.name)))
    };
    let key = if drawn.is_empty() { Vec::new() } else { near.iter().enumerate().map(told).collect() };
    (drawn, left_out, key)
}
