//! `simulate`: seeded traffic with known surges.

use super::args::Simulate;
use super::{Outcome, interrupt};
use crate::error::{Error, Result};
use crate::{recipe, simulate};

pub(crate) fn run(arguments: &Simulate) -> Result<Outcome> {
    let name = arguments.recipe.display().to_string();
    let text = std::fs::read_to_string(&arguments.recipe)
        .map_err(|error| Error::io("cannot read the recipe", error).in_file(&name))?;
    let mut recipe = recipe::parse(&text).map_err(|error| error.in_file(&name))?;
    if let Some(seed) = arguments.seed {
        recipe.seed = seed;
    }
    let folder = interrupt::open(&arguments.out, arguments.force, &ours)?;
    let simulation = simulate::simulate(&recipe).map_err(|error| error.in_file(&name))?;
    for (name, text) in recipe::files(&recipe, &simulation) {
        folder.write(&name, text.as_bytes())?;
    }
    interrupt::publish(folder)?;
    Ok(Outcome::Done)
}

/// What an older simulation may have left: its months, totals and truth.
fn ours(name: &str) -> bool {
    let traffic = name.starts_with("traffic-") && name.ends_with(".csv");
    traffic || ["total.csv", "_truth.csv"].contains(&name)
}
