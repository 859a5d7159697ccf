//! floodmark finds surges of traffic to state-affiliated news sites, says how large they are and how sure that is.
//!
//! load → expect → detect → measure → report
#![forbid(unsafe_code)]
#![warn(missing_docs, missing_debug_implementations, unreachable_pub)]

pub mod error;
pub mod series;
pub mod time;

pub mod aggregate;
pub mod alert;
pub mod baseline;
pub mod detect;
pub mod evaluate;
pub mod measure;
pub mod pipeline;
pub mod simulate;
pub mod stats;

#[cfg(feature = "ingest")]
pub mod calendar;
#[cfg(feature = "chart")]
pub mod chart;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod config;
#[cfg(feature = "ingest")]
pub mod ingest;
#[cfg(feature = "recipe")]
pub mod recipe;
#[cfg(feature = "ingest")]
pub mod registry;
#[cfg(feature = "cli")]
pub mod report;
