//! Detection: change points of the level of a series.
//!
//! Change points are cost ([`cost`]) × exact penalised search ([`fpop`], [`pelt`]) × penalty ([`penalty`]);
//! [`changepoint`] puts them together and adds significance and location intervals.

pub mod changepoint;
pub mod cost;
pub mod fpop;
pub mod online;
pub mod pelt;
pub mod penalty;
