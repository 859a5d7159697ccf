//! Words of `detect`.

use crate::config::Format;
use clap::{Args, ValueEnum};

/// `detect`.
#[derive(Args, Debug)]
pub struct Detect {
    /// CSV with a header, a lone column of numbers, or a file of a known source; - is standard input
    #[arg(default_value = "-", hide_default_value = true)]
    pub file: String,
    /// Name of the column with the time, or none for rows without time
    #[arg(long, value_name = "NAME")]
    pub time_col: Option<String>,
    /// Name of the column with the values
    #[arg(long, value_name = "NAME")]
    pub value_col: Option<String>,
    /// Format of the file
    #[arg(long, default_value = "auto")]
    pub format: Format,
    /// Which series of a file that holds several: its name, or name,country
    #[arg(long, value_name = "NAME")]
    pub series: Option<String>,
    /// Judge each row by the rows up to it alone
    #[arg(long)]
    pub online: bool,
    /// Seasons: auto, none, or periods in samples such as 24,168
    #[arg(long, default_value = "auto", value_name = "PERIODS")]
    pub season: String,
    /// What to write
    #[arg(long, default_value = "points", value_name = "WHAT")]
    pub output: Output,
    /// Say nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
}

/// What `detect` writes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Output {
    /// One row for each input row
    Points,
    /// One row for each change point
    Changepoints,
}
