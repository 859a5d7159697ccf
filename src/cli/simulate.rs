//! `simulate`: seeded traffic with known surges.

use super::Outcome;
use super::args::Simulate;
use crate::error::{Error, Result};

pub(crate) fn run(_arguments: &Simulate) -> Result<Outcome> {
    Err(Error::usage("not yet"))
}
