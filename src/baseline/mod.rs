//! What was to be expected.

pub mod counterfactual;
