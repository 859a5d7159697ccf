//! Words of `reduce`.

use crate::config::{Format, ValueKind};
use clap::{Args, ValueHint};
use std::path::PathBuf;

/// `reduce`.
#[derive(Args, Debug)]
pub struct Reduce {
    /// Files, folders, globs, or - for standard input, in any of the formats
    #[arg(value_name = "INPUT", required = true)]
    pub input: Vec<String>,
    /// Where to: a name that ends in .parquet or .csv; - is CSV on standard output
    #[arg(short, long, value_name = "FILE", default_value = "-", value_hint = ValueHint::FilePath)]
    pub out: String,
    /// Length of a period
    #[arg(long, default_value = "day", value_parser = ["hour", "day", "week"])]
    pub every: String,
    /// What names become: an outlet's domain on that day, a registrable domain, or the host as it is
    #[arg(long, default_value = "domain", value_parser = ["outlet", "domain", "host"])]
    pub by: String,
    /// Names that the registry does not know: all, none, or top:N with the most visits [default: all; for dumps of
    /// Wikipedia the pages of --articles]
    #[arg(long, value_name = "WHICH")]
    pub keep_unknown: Option<String>,
    /// Registry of outlets, added to the built-in one (repeatable)
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    pub domains: Vec<PathBuf>,
    /// Pages of Wikipedia that are kept: one a line, or a table of project, article, domain
    #[arg(long, value_name = "FILE")]
    pub articles: Option<PathBuf>,
    /// Format of the input
    #[arg(long, default_value = "auto")]
    pub format: Format,
    /// What files without names of their own are about: a host or a term [default: the file's name]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Day of lists that name none
    #[arg(long, value_name = "DATE")]
    pub date: Option<String>,
    /// Name of the column with the time
    #[arg(long, value_name = "NAME")]
    pub time_col: Option<String>,
    /// Name of the column with the domain
    #[arg(long, value_name = "NAME")]
    pub domain_col: Option<String>,
    /// Name of the column with the readers' country, or none
    #[arg(long, value_name = "NAME")]
    pub country_col: Option<String>,
    /// Name of the column with the visits
    #[arg(long, value_name = "NAME")]
    pub value_col: Option<String>,
    /// What the values are [default: told by the source]
    #[arg(long, value_name = "KIND")]
    pub value_kind: Option<ValueKind>,
    /// Time zone of stamps that name none, and of days, such as Europe/Berlin [default: UTC]
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// Where progress is kept: a run that was killed goes on from there
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// How the table came about, as JSON (in Parquet it is in the metadata too)
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Worker threads; 0 = one a core
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub jobs: usize,
    /// Say nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
}
