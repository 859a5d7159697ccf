//! What was to be expected.

mod conformal;
pub mod counterfactual;
