//! The figures of a run in the Prometheus text format.

use super::{Deliveries, Report};
use std::fmt::Write as _;

impl Report {
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
        if let Some(bytes) = self.store_bytes {
            out.one("store_bytes", "gauge", "Size of the store.", &[], bytes as f64);
        }
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

#[cfg(test)]
mod tests {
    use super::super::testing::report;
    use super::*;
    use std::collections::BTreeMap;

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
}
