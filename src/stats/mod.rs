//! Statistics on plain slices: robust location and scale, working scales, tails, false-discovery control, random
//! numbers. `NaN` is a missing value everywhere and is left out.

pub mod autoregression;
pub mod elementary;
pub mod fdr;
mod kept;
pub mod lanes;
pub mod longrun;
pub mod luck;
pub(crate) mod plain;
pub mod ranked;
pub mod resample;
pub mod robust;
pub mod scale;
pub mod tail;
