//! Lines on standard error, for people or for machines.

use crate::cli::analyze::clock;
use crate::cli::args::{LogForm, Watch};
use crate::watch::health::{LogFormat, LogLevel, log_line};
use serde_json::Value;

/// Where the talk of a run goes.
#[derive(Debug)]
pub(super) struct Log {
    format: LogFormat,
    quiet: bool,
}

impl Log {
    pub(super) fn new(arguments: &Watch) -> Log {
        let format = match arguments.log_format {
            LogForm::Text => LogFormat::Text,
            LogForm::Json => LogFormat::Json,
        };
        Log { format, quiet: arguments.quiet }
    }

    fn line(&self, level: LogLevel, event: &str, message: &str, fields: &[(&str, Value)]) {
        eprintln!("{}", log_line(self.format, level, clock(), event, message, fields));
    }

    pub(super) fn info(&self, event: &str, message: &str, fields: &[(&str, Value)]) {
        if !self.quiet {
            self.line(LogLevel::Info, event, message, fields);
        }
    }

    pub(super) fn warn(&self, event: &str, message: &str, fields: &[(&str, Value)]) {
        self.line(LogLevel::Warning, event, message, fields);
    }

    pub(super) fn error(&self, event: &str, message: &str, fields: &[(&str, Value)]) {
        self.line(LogLevel::Error, event, message, fields);
    }
}
