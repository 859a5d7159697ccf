//! Detection: robust z of single periods and windows, change points, and the surges that both make up.

pub(crate) mod novelty;
pub mod points;
pub mod spike;
pub mod surge;
pub mod surprise;
