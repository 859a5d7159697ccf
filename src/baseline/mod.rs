//! What was to be expected: season, level and their error, learnt from a stretch of the past.

mod conformal;
pub mod counterfactual;
pub mod drift;
pub mod holiday;
pub mod local;
pub mod seasonal;
pub mod trailing;
