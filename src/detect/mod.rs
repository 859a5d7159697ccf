//! Detection: change points of the level of a series.
//!
//! Change points are cost ([`cost`]) × exact penalised search ([`fpop`], [`pelt`]) × penalty ([`penalty`]);
//! [`changepoint`] puts them together and adds significance and location intervals, [`mod@online`] does so from past
//! values alone, [`raw`] for series of unknown nature.

pub mod changepoint;
pub mod cost;
pub mod fpop;
pub mod online;
pub mod pelt;
pub mod penalty;
pub mod prepare;
pub mod raw;
