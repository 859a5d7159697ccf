//! What was to be expected: season, level and their error, learnt from a stretch of the past.

pub(crate) mod blocks;
mod conformal;
pub(crate) mod controls;
pub mod counterfactual;
pub mod drift;
pub mod holiday;
pub mod local;
pub(crate) mod offered;
mod ridge;
pub mod seasonal;
pub(crate) mod single;
pub mod trailing;
