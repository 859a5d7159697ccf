//! Words of `watch`.

use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;

/// `watch`.
#[derive(Args, Debug)]
pub struct Watch {
    /// TOML file: what is read, where the job remembers, whom it tells
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, default_value = "floodmark.toml")]
    pub config: PathBuf,
    /// Check the configuration, the inputs, the store and the ways to tell, without telling anybody anything
    #[arg(long, group = "instead")]
    pub check: bool,
    /// Print what the store knows of the job
    #[arg(long, group = "instead")]
    pub status: bool,
    /// Print what was told
    #[arg(long, group = "instead", num_args = 0..=1, default_missing_value = "table", value_name = "FORMAT")]
    pub history: Option<HistoryFormat>,
    /// Print all alerts as they stand
    #[arg(long, group = "instead", value_name = "FORMAT")]
    pub export: Option<ExportFormat>,
    /// Stop cleanly after so long (90s, 10m); the next run goes on
    #[arg(long, value_name = "SPAN")]
    pub deadline: Option<String>,
    /// The present moment: the period that holds it is incomplete [default: the clock]
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// Keep a damaged store aside and begin a new one
    #[arg(long)]
    pub new_store: bool,
    /// Exit with 1 if an alert of this severity or above is told [default: that of the configuration]
    #[arg(long)]
    pub fail_on: Option<crate::config::FailOn>,
    /// Form of the lines on standard error
    #[arg(long, default_value = "text")]
    pub log_format: LogForm,
    /// Say nothing but warnings and errors
    #[arg(short, long)]
    pub quiet: bool,
}

/// Form of `watch --history`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum HistoryFormat {
    /// For the eye
    Table,
    /// CSV
    Csv,
    /// One JSON object a line
    Jsonl,
}

/// Form of `watch --export`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum ExportFormat {
    /// The columns of alerts.csv
    Csv,
    /// One JSON object a line
    Jsonl,
}

/// Form of log lines.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum LogForm {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}
