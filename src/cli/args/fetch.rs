//! Words of `fetch`.

use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;

/// `fetch`.
#[derive(Args, Debug)]
#[command(
    after_help = "Tokens come from the environment (FLOODMARK_RADAR_TOKEN) or --token-file, never from the command \
    line. The proxy is that of the environment (HTTPS_PROXY, NO_PROXY)."
)]
pub struct Fetch {
    /// Whom to ask
    pub source: SourceName,
    /// First day, or how long up to the last one (60d, 8w)
    #[arg(long, value_name = "DATE")]
    pub from: String,
    /// Last day, included [default: yesterday]
    #[arg(long, value_name = "DATE")]
    pub to: Option<String>,
    /// Folder for the tables [default: floodmark-data/SOURCE]
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// Outlets by name, as domains list spells them (repeatable)
    #[arg(long, value_name = "NAME", help_heading = "What")]
    pub outlet: Vec<String>,
    /// All outlets of these states, such as IR,RU
    #[arg(long, value_name = "CODES", value_delimiter = ',', help_heading = "What")]
    pub state: Vec<String>,
    /// Domains (repeatable)
    #[arg(long, value_name = "DOMAIN", value_delimiter = ',', help_heading = "What")]
    pub domain: Vec<String>,
    /// wikimedia: pages, such as en.wikipedia:Black_hole (repeatable)
    #[arg(long, value_name = "PROJECT:TITLE", help_heading = "What")]
    pub article: Vec<String>,
    /// wikimedia: all pages of these projects, as the total
    #[arg(long, value_name = "PROJECTS", value_delimiter = ',', help_heading = "What")]
    pub project: Vec<String>,
    /// gdelt: a query by a name of its own (repeatable)
    #[arg(long, value_name = "NAME=QUERY", help_heading = "What")]
    pub query: Vec<String>,
    /// Countries of the readers, such as US,GB
    #[arg(long, value_name = "CODES", value_delimiter = ',', help_heading = "What")]
    pub country: Vec<String>,
    /// radar: what is asked for [default: ranking]
    #[arg(long, value_name = "SET", help_heading = "What")]
    pub set: Option<RadarSet>,
    /// tor: which users [default: relay]
    #[arg(long, value_name = "USERS", help_heading = "What")]
    pub users: Option<TorUsersName>,
    /// Registry of outlets, added to the built-in one (repeatable)
    #[arg(long, value_name = "FILE", value_delimiter = ',', help_heading = "What")]
    pub domains: Vec<PathBuf>,
    /// wikimedia: pages of outlets (outlet,project,article), added to the built-in ones (repeatable)
    #[arg(long, value_name = "FILE", value_delimiter = ',', help_heading = "What")]
    pub articles: Vec<PathBuf>,
    /// Where you can be reached: sent to the sources, which ask for it
    #[arg(long, value_name = "ADDRESS", help_heading = "Manners")]
    pub contact: Option<String>,
    /// radar: file that holds the token
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Manners")]
    pub token_file: Option<PathBuf>,
    /// Folder of answers that were got before [default: that of the system]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Manners")]
    pub cache: Option<PathBuf>,
    /// Ask anew, and keep nothing
    #[arg(long, help_heading = "Manners")]
    pub no_cache: bool,
    /// Longest time for everything, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "3600", help_heading = "Manners",
          value_parser = clap::value_parser!(u64).range(1..=864_000))]
    pub time_limit: u64,
    /// Longest time for one call, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", help_heading = "Manners",
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub call_limit: u64,
    /// The present moment [default: the clock]
    #[arg(long, value_name = "TIME", help_heading = "Manners")]
    pub now: Option<String>,
    /// Say nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
}

/// A public source.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum SourceName {
    /// Page views of Wikipedia and its sisters
    Wikimedia,
    /// Cloudflare Radar: ranks, traffic, outages (needs a token)
    Radar,
    /// Share of the world's news that matches a query
    Gdelt,
    /// Daily ranks of domains
    Tranco,
    /// Users of the Tor network
    Tor,
    /// Measurements of blocking
    Ooni,
    /// Outages of countries
    Ioda,
}

/// What Cloudflare Radar is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum RadarSet {
    /// Ranks of domains
    Ranking,
    /// Traffic of countries, scaled
    Traffic,
    /// Outages noted by its editors
    Outages,
}

/// Users of Tor.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum TorUsersName {
    /// Directly connecting ones
    Relay,
    /// Over bridges
    Bridge,
}
