//! Words of `plot`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// `plot`.
#[derive(Args, Debug)]
pub struct Plot {
    /// Result folder of analyze, or files of traffic that are analysed with the options' defaults
    #[arg(required = true, value_name = "INPUT")]
    pub input: Vec<String>,
    /// Picture: a name that ends in .png or .svg
    #[arg(short, long, value_name = "FILE")]
    pub out: PathBuf,
    /// Outlet
    #[arg(long, value_name = "NAME")]
    pub outlet: Option<String>,
    /// Domain
    #[arg(long, value_name = "DOMAIN", conflicts_with = "outlet")]
    pub domain: Option<String>,
    /// Affiliated state: all its outlets together
    #[arg(long, value_name = "CODE")]
    pub state: Option<String>,
    /// Country of the readers [default: all together, or the only one there is]
    #[arg(long, value_name = "CODE")]
    pub country: Option<String>,
    /// The state's share of all traffic, 100 = mean of the baseline, instead of visits
    #[arg(long, requires = "state", conflicts_with_all = ["outlet", "domain"])]
    pub index: bool,
    /// First date shown [default: half a year around the largest surge]
    #[arg(long, value_name = "DATE")]
    pub from: Option<String>,
    /// Last date shown, included
    #[arg(long, value_name = "DATE")]
    pub to: Option<String>,
    /// Calendars of events to flag instead of the built-in one, or none (repeatable)
    #[arg(long, value_name = "FILE|none", value_delimiter = ',')]
    pub events: Vec<String>,
    /// Pixels across and down
    #[arg(long, value_name = "WxH", default_value = "1600x900")]
    pub size: String,
    /// Dots per inch, written into a PNG: with 1600 pixels and 300 dpi the picture is 13.5 cm wide
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub dpi: Option<u32>,
    /// Words in the picture, or names, numbers and dates in digits alone
    #[arg(long, default_value = "words")]
    pub labels: Labels,
    /// Title, instead of whose traffic it is and what was found
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// Denominator of the index, where traffic is analysed
    #[arg(long, value_name = "FILE")]
    pub total: Option<PathBuf>,
    /// Registry of outlets, where traffic is analysed (repeatable)
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    pub domains: Vec<String>,
}

/// What is written into a picture.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Labels {
    /// English
    Words,
    /// No word of any language
    None,
}
