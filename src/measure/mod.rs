//! How large a surge is: lifts with honest intervals, the share index, events near an onset, outlets that move
//! together.

pub mod attribution;
pub mod comovement;
pub mod confounder;
mod errors;
pub mod expected;
pub mod index;
pub mod lift;
pub mod noise;
mod past;
pub mod placebo;
mod refit;
mod season;
pub mod selection;
mod target;

pub use crate::baseline::counterfactual::{NetLift, net_lift};
pub use expected::Setting;
pub use lift::{Lift, event_lifts, lift};
