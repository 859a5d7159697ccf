//! Log lines: for people, or one JSON object each.

use crate::time::Seconds;
use crate::watch::notify::message::plain;
use serde_json::{Map, Value};
use std::fmt::Write as _;

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
        line.insert("time".into(), super::text(now).into());
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
    value.as_str().map_or_else(|| value.to_string(), plain)
}

#[cfg(test)]
mod tests {
    use super::*;

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
