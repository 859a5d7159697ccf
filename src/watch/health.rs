//! How the job itself is doing, for those who watch the watcher: a record of the last run (JSON), a file for
//! Prometheus by way of the `node_exporter` textfile collector, and log lines.
//!
//! A job that died writes nothing. That is why both files carry the moment of the last run and of the last good one:
//! an alert on their age finds what no message can tell.

use crate::error::{Error, Result};
use crate::report::cell::moment;
use crate::time::{Seconds, Step};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

/// One run in figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Name of the job: tells several apart that report to one place.
    pub job: String,
    /// Version of the program.
    pub version: String,
    /// Identity of the run.
    pub run: String,
    /// When it began, by the clock.
    #[serde(serialize_with = "time")]
    pub started: Seconds,
    /// Seconds that it took.
    pub duration_seconds: f64,
    /// The code it exits with.
    pub exit_code: u8,
    /// What went wrong, if anything did.
    pub error: Option<String>,
    /// When the last run that went well began, this one included.
    #[serde(serialize_with = "maybe_time")]
    pub last_success: Option<Seconds>,
    /// Runs since the store was made.
    pub runs_total: u64,
    /// Those of them that failed.
    pub failed_runs_total: u64,
    /// Series scored.
    pub series: u64,
    /// The newest period in the data.
    #[serde(serialize_with = "maybe_time")]
    pub newest_data: Option<Seconds>,
    /// Seconds from the end of the newest period to this run.
    pub data_delay_seconds: Option<f64>,
    /// No new data for longer than expected.
    pub silent: bool,
    /// What this run had to tell: number by change, then by severity.
    pub transitions: BTreeMap<String, BTreeMap<String, u64>>,
    /// Alerts that are open now, by severity.
    pub open_alerts: BTreeMap<String, u64>,
    /// How the deliveries went, by channel.
    pub channels: BTreeMap<String, Deliveries>,
}

/// How the deliveries of one channel went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Deliveries {
    /// Messages delivered in this run.
    pub delivered: u64,
    /// Messages that this run could not deliver.
    pub failed: u64,
    /// Messages that wait for the next run.
    pub waiting: u64,
    /// Why the last one failed.
    pub error: Option<String>,
}

fn text(time: Seconds) -> String {
    moment(time, Step::HOUR)
}

fn time<S: Serializer>(time: &Seconds, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(&text(*time))
}

fn maybe_time<S: Serializer>(time: &Option<Seconds>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    time.map(text).serialize(serializer)
}

impl Report {
    /// The record of the last run, as indented JSON.
    ///
    /// # Errors
    /// Never, unless a figure is no number.
    pub fn json(&self) -> Result<String> {
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|error| Error::input("cannot write the record of the run").because(error))?;
        text.push('\n');
        Ok(text)
    }

    /// The figures in the Prometheus text format, version 0.0.4: HELP, TYPE, then samples, every one with the label
    /// `watch`, because the collector refuses two jobs that report the same sample.
    ///
    /// ```
    /// let report = floodmark::watch::health::Report { job: "daily".into(), runs_total: 3, ..Default::default() };
    /// assert!(report.prometheus().contains("\nfloodmark_runs_total{watch=\"daily\"} 3\n"));
    /// ```
    pub fn prometheus(&self) -> String {
        let mut out = Metrics { job: &self.job, text: String::new() };
        out.one("build_info", "gauge", "Version of the program.", &[("version", &self.version)], 1.0);
        out.one("runs_total", "counter", "Runs since the store was made.", &[], self.runs_total as f64);
        out.one("failed_runs_total", "counter", "Runs that failed.", &[], self.failed_runs_total as f64);
        out.one("last_run_timestamp_seconds", "gauge", "When the last run began.", &[], self.started as f64);
        if let Some(success) = self.last_success {
            out.one("last_success_timestamp_seconds", "gauge", "When the last good run began.", &[], success as f64);
        }
        out.one("last_run_exit_code", "gauge", "Exit code of the last run.", &[], f64::from(self.exit_code));
        out.one("last_run_duration_seconds", "gauge", "How long the last run took.", &[], self.duration_seconds);
        out.one("series", "gauge", "Series scored by the last run.", &[], self.series as f64);
        if let Some(newest) = self.newest_data {
            out.one("newest_data_timestamp_seconds", "gauge", "Start of the newest period.", &[], newest as f64);
        }
        if let Some(delay) = self.data_delay_seconds {
            out.one("data_delay_seconds", "gauge", "From the end of the newest period to the last run.", &[], delay);
        }
        let silent = f64::from(u8::from(self.silent));
        out.one("data_silent", "gauge", "1: no new data for longer than expected.", &[], silent);
        out.alerts(self);
        out.deliveries(self);
        out.text
    }
}

/// Text of metrics under construction.
struct Metrics<'a> {
    job: &'a str,
    text: String,
}

impl Metrics<'_> {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP floodmark_{name} {help}\n# TYPE floodmark_{name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let _ = write!(self.text, "floodmark_{name}{{watch=\"{}\"", escaped(self.job));
        for (label, value) in labels {
            let _ = write!(self.text, ",{label}=\"{}\"", escaped(value));
        }
        let _ = writeln!(self.text, "}} {value}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, labels: &[(&str, &str)], value: f64) {
        self.head(name, kind, help);
        self.sample(name, labels, value);
    }

    fn alerts(&mut self, report: &Report) {
        self.head("last_run_transitions", "gauge", "What the last run had to tell.");
        for (change, by_severity) in &report.transitions {
            for (severity, count) in by_severity {
                self.sample("last_run_transitions", &[("change", change), ("severity", severity)], *count as f64);
            }
        }
        self.head("open_alerts", "gauge", "Alerts that are open.");
        for severity in ["low", "medium", "high"] {
            let count = report.open_alerts.get(severity).copied().unwrap_or(0);
            self.sample("open_alerts", &[("severity", severity)], count as f64);
        }
    }

    fn deliveries(&mut self, report: &Report) {
        type Pick = fn(&Deliveries) -> u64;
        let figures: [(&str, &str, Pick); 3] = [
            ("last_run_delivered", "Messages that the last run delivered.", |one| one.delivered),
            ("last_run_delivery_failures", "Messages that the last run could not deliver.", |one| one.failed),
            ("outbox_messages", "Messages that wait for the next run.", |one| one.waiting),
        ];
        for (name, help, pick) in figures {
            self.head(name, "gauge", help);
            for (channel, deliveries) in &report.channels {
                self.sample(name, &[("channel", channel)], pick(deliveries) as f64);
            }
        }
    }
}

/// A label's value: backslash, quote and line end are escaped.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Writes a file whole or not at all, readable for others as any new file: collectors run as users of their own.
///
/// # Errors
/// The folder is not there or cannot be written.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let put = || -> std::io::Result<()> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".floodmark-");
        readable(&mut builder);
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_data()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    put().map_err(|error| Error::io("cannot write", error).in_file(path.display().to_string()))
}

#[cfg(unix)]
fn readable(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(std::fs::Permissions::from_mode(0o644));
}

#[cfg(not(unix))]
fn readable(_builder: &mut tempfile::Builder<'_, '_>) {}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// As it should be.
    Info,
    /// Works, but somebody should look.
    Warning,
    /// Did not work.
    Error,
}

impl LogLevel {
    fn name(self) -> &'static str {
        match self {
            LogLevel::Info => "info",
            LogLevel::Warning => "warning",
            LogLevel::Error => "error",
        }
    }
}

/// One line of a log, without its line end. `event` is a fixed word to search for; `fields` are its figures.
///
/// ```
/// use floodmark::watch::health::{LogFormat, LogLevel, log_line};
/// let fields = [("channel", "team".into()), ("attempts", 2.into())];
/// let line = |format| log_line(format, LogLevel::Warning, 0, "delivery-failed", "not delivered", &fields);
/// assert_eq!(line(LogFormat::Text), "warning: not delivered (channel: team, attempts: 2)");
/// assert!(line(LogFormat::Json).contains(r#""event":"delivery-failed""#));
/// ```
pub fn log_line(
    format: LogFormat,
    level: LogLevel,
    now: Seconds,
    event: &str,
    message: &str,
    fields: &[(&str, Value)],
) -> String {
    if format == LogFormat::Json {
        let mut line = Map::new();
        line.extend(fields.iter().map(|(name, value)| ((*name).to_string(), value.clone())));
        // Afterwards, so that no field can take their place.
        line.insert("time".into(), text(now).into());
        line.insert("level".into(), level.name().into());
        line.insert("event".into(), event.into());
        line.insert("message".into(), message.into());
        return Value::Object(line).to_string();
    }
    let mut line = match level {
        LogLevel::Info => String::new(),
        other => format!("{}: ", other.name()),
    };
    line.push_str(message);
    let figures: Vec<String> = fields.iter().map(|(name, value)| format!("{name}: {}", bare(value))).collect();
    if !figures.is_empty() {
        let _ = write!(line, " ({})", figures.join(", "));
    }
    line
}

/// A value without the quotes of JSON.
fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), super::notify::message::plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let deliveries = Deliveries { delivered: 2, failed: 1, waiting: 1, error: Some("refused".into()) };
        Report {
            job: "daily \"news\"\\\n".into(),
            version: "0.1.0".into(),
            run: "7".into(),
            started: 1_697_155_200,
            duration_seconds: 1.25,
            last_success: Some(1_697_068_800),
            runs_total: 12,
            failed_runs_total: 1,
            series: 310,
            newest_data: Some(1_697_068_800),
            data_delay_seconds: Some(3600.0),
            transitions: BTreeMap::from([("opened".into(), BTreeMap::from([("high".into(), 2)]))]),
            open_alerts: BTreeMap::from([("high".into(), 2)]),
            channels: BTreeMap::from([("team".into(), deliveries), ("mail".into(), Deliveries::default())]),
            ..Report::default()
        }
    }

    /// A parser of the text format as the documentation of Prometheus has it ("Exposition formats", text-based
    /// format): every sample belongs to the last TYPE, a family comes once, no sample comes twice.
    fn parse(text: &str) -> BTreeMap<String, f64> {
        assert!(text.ends_with('\n'), "the last line ends with a line end");
        let name_is_fine = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        let (mut samples, mut families) = (BTreeMap::new(), Vec::<String>::new());
        let mut helped = String::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').expect("a help text");
                assert!(name_is_fine(name) && !help.is_empty() && !help.contains('\\'), "{line}");
                helped = name.into();
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("a type");
                assert_eq!(name, helped);
                assert!(["counter", "gauge"].contains(&kind) && !families.contains(&name.to_string()), "{line}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
                families.push(name.into());
            } else {
                let (series, value) = line.rsplit_once(' ').expect("a value");
                let (name, labels) = series.split_once('{').expect("labels");
                assert_eq!(Some(&name.to_string()), families.last(), "{line}");
                check_labels(labels.strip_suffix('}').expect("closed labels"));
                let value = value.parse().expect("a number");
                assert!(samples.insert(series.to_string(), value).is_none(), "twice: {series}");
            }
        }
        samples
    }

    /// `name="value",…` with the three escapes and no other.
    fn check_labels(mut labels: &str) {
        while !labels.is_empty() {
            let (name, rest) = labels.split_once("=\"").expect("a label");
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
            let mut chars = rest.char_indices();
            let end = loop {
                match chars.next().expect("a closing quote") {
                    (_, '\\') => assert!(matches!(chars.next(), Some((_, '\\' | '"' | 'n')))),
                    (at, '"') => break at,
                    (_, c) => assert_ne!(c, '\n'),
                }
            };
            labels = rest[end + 1..].strip_prefix(',').unwrap_or(&rest[end + 1..]);
        }
    }

    #[test]
    fn the_text_for_prometheus_follows_its_grammar_and_has_the_figures() {
        let samples = parse(&report().prometheus());
        let job = r#"watch="daily \"news\"\\\n""#;
        assert_eq!(samples[&format!("floodmark_runs_total{{{job}}}")], 12.0);
        assert_eq!(
            samples[&format!("floodmark_last_run_transitions{{{job},change=\"opened\",severity=\"high\"}}")],
            2.0
        );
        assert_eq!(samples[&format!("floodmark_outbox_messages{{{job},channel=\"team\"}}")], 1.0);
        assert_eq!(samples[&format!("floodmark_open_alerts{{{job},severity=\"low\"}}")], 0.0);
        assert_eq!(samples[&format!("floodmark_last_success_timestamp_seconds{{{job}}}")], 1_697_068_800.0);
        parse(&Report::default().prometheus());
    }

    #[test]
    fn the_record_of_the_last_run_is_json_with_moments_as_text() {
        let value: Value = serde_json::from_str(&report().json().expect("text")).expect("JSON");
        assert_eq!(value["started"], "2023-10-13T00:00:00Z");
        assert_eq!(value["channels"]["team"]["failed"], 1);
        assert_eq!(value["transitions"]["opened"]["high"], 2);
        assert!(value["error"].is_null());
    }

    #[test]
    fn a_file_is_replaced_whole_and_others_can_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("floodmark.prom");
        for text in ["a long first text\n", "short\n"] {
            write(&path, text).expect("written");
            assert_eq!(std::fs::read_to_string(&path).expect("a file"), text);
        }
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing else is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
            assert_ne!(mode & 0o040, 0, "{mode:o}");
        }
        let error = write(&folder.path().join("none/x.prom"), "x").expect_err("no folder").to_string();
        assert!(error.contains("x.prom"), "{error}");
    }

    #[test]
    fn a_log_line_is_one_line_and_its_fixed_fields_cannot_be_replaced() {
        let fields = [("level", "none".into()), ("outlet", "Evil\nTV\u{1b}[2J".into())];
        let json = log_line(LogFormat::Json, LogLevel::Error, 0, "x", "it\nbroke", &fields);
        let value: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!((&value["level"], &value["time"]), (&"error".into(), &"1970-01-01T00:00:00Z".into()));
        assert!(!json.contains('\n'));
        let text = log_line(LogFormat::Text, LogLevel::Info, 0, "x", "read", &fields);
        assert_eq!(text, "read (level: none, outlet: Evil TV [2J)");
    }
}
