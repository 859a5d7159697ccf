#![doc = include_str!("../README.md")]
//!
//! # The library
//!
//! load → expect → detect → measure → report. The core works on plain slices and a grid and knows no file, frame, chart
//! or clock; `default-features = false` is the core alone.
//!
//! | module | what it does |
//! |---|---|
//! | [`time`], [`series`] | the grid; values, gaps, censored values, kinds; a panel of many series |
//! | [`stats`] | robust location and scale, tails, false-discovery control, seeded random numbers |
//! | [`aggregate`] | sums over domains, outlets, countries that a missing member does not bend |
//! | [`baseline`] | what was to be expected: season, trailing level, counterfactual from reference outlets |
//! | [`detect`] | robust z and episodes, change points, scores of one plain series |
//! | [`measure`] | lifts with intervals, placebos, the index, events near an onset, outlets that rise together |
//! | [`pipeline`] | all of it over a panel; what it finds is in [`alert`] |
//! | [`simulate`], [`evaluate`] | traffic with known surges, and alerts judged against them |
//! | `context`, `fetch` | blocks and outages that may explain a surge; public sources, downloaded (feature `fetch`) |
//! | `ingest`, `registry`, `calendar` | tables of traffic, known outlets, dated events (feature `registry`; files: `ingest`) |
//! | `chart`, `report`, `config`, `cli` | charts, the result folder, settings, the program (features `chart`, `cli`) |
//! | `watch` | the scheduled job: its store, its decisions, its deliveries (feature `cli`) |
//!
//! ```
//! use floodmark::{pipeline, simulate, simulate::Recipe, time::{Grid, Step}};
//!
//! // Half a year of quiet traffic to three watched and two reference outlets in one country: nothing to report.
//! let grid = Grid { start: 1_688_169_600, step: Step::DAY, len: 184 };
//! let quiet = simulate::simulate(&Recipe::plain(7, grid, 3, 2, &["GB"]))?;
//! let found = pipeline::analyze(&quiet.panel, &[], &pipeline::Options::default(), &|_, _| {})?;
//! assert!(found.alerts.is_empty());
//! # Ok::<(), floodmark::error::Error>(())
//! ```
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

#[cfg(feature = "registry")]
pub mod calendar;
#[cfg(feature = "chart")]
pub mod chart;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod config;
#[cfg(feature = "fetch")]
pub mod context;
#[cfg(feature = "fetch")]
pub mod fetch;
#[cfg(feature = "registry")]
pub mod ingest;
#[cfg(feature = "registry")]
pub mod observatory;
#[cfg(feature = "recipe")]
pub mod recipe;
#[cfg(feature = "registry")]
pub mod registry;
#[cfg(feature = "registry")]
pub mod report;
#[cfg(feature = "cli")]
pub mod watch;
