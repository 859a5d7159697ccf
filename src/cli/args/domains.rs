//! Words of `domains`.

use clap::{Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

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
