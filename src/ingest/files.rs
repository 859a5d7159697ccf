//! From named files to a panel.

use super::assembly::{Assembly, Remarks};
use super::header::Use;
use super::rows::Rules;
use super::stamp::Zone;
use super::{Loaded, Request, inputs, table};
use crate::error::{Error, Result};
use crate::series::Kind;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The files of traffic behind inputs, in order, and an error for each input that leads nowhere. Totals are left out.
pub fn named(inputs: &[String]) -> (Vec<PathBuf>, Vec<Error>) {
    let mut failures = Vec::new();
    let found = inputs::expand(inputs, &mut failures);
    (found.files, failures)
}

/// Reads all inputs into one panel.
///
/// # Errors
/// Nothing could be read (the first failure, the others counted), nothing is left to watch, the options do not fit
/// the data, or the total is wrong. A single bad input is no error if others can be read: see
/// [`LoadReport::failures`](super::LoadReport::failures).
pub fn load(request: &Request<'_>) -> Result<Loaded> {
    let zone = Zone::named(request.time_zone.as_deref())?;
    let mut assembly = Assembly::new(request, zone.clone());
    let mut inputs = inputs::expand(&request.inputs, &mut assembly.report.failures);
    choose_totals(request, &mut inputs, &mut assembly.remarks);
    let columns = request.columns.clone();
    let hints = request.hints.clone();
    let articles = Some(Arc::new(table::articles(hints.articles.as_deref(), request.registry)?));
    let mut rules = Rules { columns, purpose: Use::Traffic, kind: request.kind, zone, hints, articles };
    let mut by_hash: HashMap<String, String> = HashMap::new();
    for path in &inputs.files {
        let taken = table::read(path, &rules).and_then(|table| {
            if let Some(first) = by_hash.get(&table.identity) {
                assembly.remarks.add(&table.name, format!("the same bytes as {first}, read once"));
                return Ok(());
            }
            let (hash, name) = (table.identity.clone(), table.name.clone());
            assembly.add(table)?;
            by_hash.insert(hash, name);
            Ok(())
        });
        if let Err(error) = taken {
            assembly.report.failures.push(error);
        }
    }
    (rules.purpose, rules.kind) = (Use::Total, Some(Kind::Count));
    let totals = inputs.totals.iter().map(|path| table::read(path, &rules));
    let mut loaded = assembly.finish(totals)?;
    loaded.report.totals = inputs.totals.clone();
    Ok(loaded)
}

/// The total asked for, or those found in folders; a total is no traffic.
fn choose_totals(request: &Request<'_>, inputs: &mut inputs::Inputs, remarks: &mut Remarks) {
    let Some(asked) = &request.total else {
        for total in &inputs.totals {
            remarks.add(&total.display().to_string(), "taken as the total".into());
        }
        return;
    };
    let same = |path: &Path| {
        path == asked || path.canonicalize().is_ok_and(|path| asked.canonicalize().is_ok_and(|a| a == path))
    };
    for total in inputs.totals.iter().filter(|total| !same(total)) {
        remarks.add(&total.display().to_string(), "left aside, another total is given".into());
    }
    inputs.totals = vec![asked.clone()];
    inputs.files.retain(|file| !same(file));
}
