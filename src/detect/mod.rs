//! Detection: robust z of single periods and windows, change points, and the surges that both make up.
//!
//! Change points are cost ([`cost`]) × exact penalised search ([`fpop`], [`pelt`]) × penalty ([`penalty`]);
//! [`changepoint`] puts them together and adds significance and location intervals.

pub mod changepoint;
pub mod cost;
pub mod fpop;
pub mod novelty;
pub mod online;
pub mod pelt;
pub mod penalty;
pub mod points;
pub mod spike;
pub mod surge;
pub mod surprise;
