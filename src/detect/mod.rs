//! Detection: robust z of single periods and windows, change points, and the surges that both make up; scores of the
//! rows of any one series.
//!
//! Change points are cost ([`cost`]) × exact penalised search ([`fpop`], [`pelt`]) × penalty ([`penalty`]);
//! [`changepoint`] puts them together and adds significance and location intervals, [`mod@online`] does so from past
//! values alone, [`raw`] for series of unknown nature. [`points`] scores a series row by row.

pub mod changepoint;
pub mod cost;
pub mod fpop;
pub(crate) mod novelty;
pub mod online;
pub mod pelt;
pub mod penalty;
pub mod points;
pub mod prepare;
pub mod raw;
pub mod spike;
pub mod surge;
pub mod surprise;
