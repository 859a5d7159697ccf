//! Detection: robust z of single periods and windows, change points, and the surges that both make up.

pub mod spike;
pub mod surge;
