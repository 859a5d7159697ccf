//! The words of the command line.

use crate::config::{Format, Settings, ValueKind};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

/// Find, measure and explain surges of traffic to state-affiliated news sites.
#[derive(Debug, Parser)]
#[command(name = "floodmark", version, about, propagate_version = true, max_term_width = 110)]
#[command(after_help = "Every option can be set in the environment: FLOODMARK_BASELINE=4w is --baseline 4w.\n\
    Exit codes: 0 ran; 1 ran, and an alert at or above --fail-on exists; 2 something failed; 130 interrupted.")]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Load, detect, measure, and write a result folder
    Analyze(Box<Analyze>),
    /// One scheduled check: new data in, only new or changed alerts out
    Watch(Watch),
    /// One series in, scores and change points out
    Detect(Detect),
    /// Raw or foreign formats to the canonical table, mergeable, Parquet or CSV
    Reduce(Box<Reduce>),
    /// Make seeded traffic with known surges
    Simulate(Simulate),
    /// Compare alerts with known surges
    Evaluate(Evaluate),
    /// Look at the registry of outlets, or check one
    #[command(subcommand)]
    Domains(Domains),
    /// Download a public source into canonical files
    Fetch(Box<Fetch>),
    /// One chart for a paper, from a result folder or from traffic
    Plot(Plot),
    /// Recompute a result folder from its run.json and compare
    Verify(Verify),
    /// Print completions for a shell
    Completions {
        /// Shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// `analyze`.
#[derive(Args, Debug)]
pub struct Analyze {
    /// TOML file with options; the environment and flags override it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// All the rest.
    #[command(flatten)]
    pub settings: Settings,
}

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

/// `simulate`.
#[derive(Args, Debug)]
pub struct Simulate {
    /// Recipe (TOML)
    pub recipe: PathBuf,
    /// Folder for the traffic, its total and its truth
    #[arg(short, long, value_name = "DIR")]
    pub out: PathBuf,
    /// Seed, instead of the one in the recipe
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Replace an older result
    #[arg(long)]
    pub force: bool,
}

/// `evaluate`.
#[derive(Args, Debug)]
pub struct Evaluate {
    /// alerts.csv, or the result folder that holds it
    pub alerts: PathBuf,
    /// Known surges, as written by simulate
    pub truth: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

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

/// `verify`.
#[derive(Args, Debug)]
pub struct Verify {
    /// Result folder of analyze
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,
    /// Where the inputs are now, if not where the run found them
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub inputs: Option<PathBuf>,
    /// Say nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
}

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

/// `domains`.
#[derive(Debug, Subcommand)]
pub enum Domains {
    /// List outlets and their domains
    List {
        /// Affiliated states, such as IR,RU
        #[arg(long, value_name = "CODES", value_delimiter = ',')]
        state: Vec<String>,
        /// Only outlets of this role
        #[arg(long)]
        role: Option<RoleName>,
        /// Form of the list
        #[arg(long, default_value = "table")]
        format: ListFormat,
        /// Registry of outlets, added to the built-in one (repeatable)
        #[arg(long, value_name = "FILE", value_delimiter = ',')]
        domains: Vec<PathBuf>,
    },
    /// Tell what is known of a host on a day
    Lookup {
        /// Host, address or domain
        host: String,
        /// Day [default: today]
        #[arg(long, value_name = "DATE")]
        on: Option<String>,
        /// Registry of outlets, added to the built-in one (repeatable)
        #[arg(long, value_name = "FILE", value_delimiter = ',')]
        domains: Vec<PathBuf>,
    },
    /// Compare two registries: rows added, removed, changed
    Diff {
        /// Registry (CSV), or builtin
        old: PathBuf,
        /// Registry (CSV), or builtin
        new: PathBuf,
    },
    /// Turn a published list into a registry
    Import {
        /// The list (CSV), as it was published
        file: PathBuf,
        /// The registry to write
        #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        out: PathBuf,
        /// Which list it is
        #[arg(long, default_value = "auto", value_name = "LIST")]
        format: ListName,
        /// Rows that could not be mapped, with the reason (CSV)
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        unmapped: Option<PathBuf>,
        /// Leave out domains that the built-in registry knows
        #[arg(long)]
        new_only: bool,
        /// Replace an older file
        #[arg(long)]
        force: bool,
    },
    /// Check registries: the built-in one, with files added
    Check {
        /// Registries of outlets (CSV)
        files: Vec<PathBuf>,
    },
}

/// A published list.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum ListName {
    /// By its header
    Auto,
    /// State Media Matrix
    StateMediaMatrix,
    /// Sites of Concern (EUvsDisinfo and others)
    SitesOfConcern,
    /// Domains of named operations
    Operations,
}

/// Role of an outlet.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum RoleName {
    /// Affiliated with a state
    State,
    /// Ordinary news, used as a control
    Reference,
}

/// Form of a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum ListFormat {
    /// Columns for the eye
    Table,
    /// CSV
    Csv,
}

/// The command with every option tied to its variable in the environment.
pub fn command() -> clap::Command {
    with_environment(Arguments::command())
}

/// Reads the arguments of the process.
///
/// # Errors
/// Bad usage, or a request for help or the version, which clap words itself.
pub fn parse() -> Result<Arguments, clap::Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    Arguments::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Variables of the environment that begin like an option and are none: a slip of the pen that would otherwise change
/// nothing and say nothing.
pub fn unknown_variables() -> Vec<String> {
    fn collect(command: &clap::Command, known: &mut Vec<String>) {
        known.extend(command.get_arguments().filter_map(|arg| arg.get_env()).map(|name| name.to_string_lossy().into()));
        command.get_subcommands().for_each(|verb| collect(verb, known));
    }
    let mut known = ["FLOODMARK_REVISION", "FLOODMARK_RADAR_TOKEN", super::fetch::BASE_URL, super::fetch::PACE]
        .map(String::from)
        .to_vec();
    collect(&command(), &mut known);
    let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("FLOODMARK_") && !known.contains(name)).collect()
}

fn with_environment(command: clap::Command) -> clap::Command {
    let names: Vec<_> = command.get_subcommands().map(|verb| verb.get_name().to_string()).collect();
    let command = command.mut_args(|arg| match arg.get_long() {
        Some(long) => {
            let variable = format!("FLOODMARK_{}", long.to_uppercase().replace('-', "_"));
            arg.env(variable).hide_env(true)
        }
        None => arg,
    });
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, with_environment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }
}
