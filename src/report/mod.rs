//! What an analysis leaves behind: tables as CSV and JSON, the record of the run, and the folder that holds them.
//!
//! Serialising is pure ([`tables`], [`run`]); only [`folder`] touches the file system.

pub mod cell;
#[cfg(feature = "cli")]
pub mod folder;
#[cfg(feature = "cli")]
pub mod html;
#[cfg(feature = "cli")]
pub mod run;
pub mod table;
pub mod tables;
