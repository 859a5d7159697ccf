//! Detection: robust z of single periods and windows, change points, and the surges that both make up.
//!
//! Change points are cost ([`cost`]) × exact penalised search ([`fpop`], [`pelt`]) × penalty ([`penalty`]);
//! [`changepoint`] puts them together and adds significance and location intervals, [`raw`] brings a series of unknown
//! nature to the scale on which they are looked for.

pub mod changepoint;
pub mod cost;
pub mod extent;
pub mod fpop;
pub mod heaviness;
pub mod hindsight;
mod jump;
pub mod novelty;
pub mod online;
pub mod pelt;
pub mod penalty;
pub mod persistence;
pub mod points;
pub mod prepare;
pub mod raw;
mod scores;
pub mod spike;
pub mod succession;
pub mod surge;
pub mod surprise;
mod windows;
