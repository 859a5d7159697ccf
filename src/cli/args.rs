//! The words of the command line.

use crate::config::Settings;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueHint};
use std::path::PathBuf;

mod detect;
mod domains;
mod fetch;
mod plot;
mod reduce;
mod watch;

pub use detect::{Detect, Output};
pub use domains::{Domains, ListFormat, ListName, RoleName};
pub use fetch::{Fetch, RadarSet, SourceName, TorUsersName};
pub use plot::{Labels, Plot};
pub use reduce::Reduce;
pub use watch::{ExportFormat, HistoryFormat, LogForm, Watch};

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
