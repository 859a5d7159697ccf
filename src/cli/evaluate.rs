//! `evaluate`: alerts against known surges.

use super::Outcome;
use super::args::Evaluate;
use crate::error::{Error, Result};

pub(crate) fn run(_arguments: &Evaluate) -> Result<Outcome> {
    Err(Error::usage("not yet"))
}
