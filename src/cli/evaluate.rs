//! `evaluate`: alerts against known surges.

use super::args::Evaluate;
use super::rows::{estimate, key, level, percent, rows, time};
use super::{Outcome, to_stdout};
use crate::alert::Flag;
use crate::calendar::Row;
use crate::error::Result;
use crate::evaluate::{Change, Evaluation, Finding, LiftScore, Rule, evaluate, table};
use crate::simulate::{Planted, PlantedKind};
use crate::stats::robust::{median, quantile};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

pub(crate) fn run(arguments: &Evaluate) -> Result<Outcome> {
    let mut findings = Vec::new();
    for file in tables(&arguments.alerts) {
        findings.extend(rows(&file, &["level", "onset", "end"], finding)?);
    }
    let truth = rows(&arguments.truth, &["onset", "end", "kind"], planted)?;
    let evaluation = evaluate(&findings, &truth, &Rule::default());
    let text = match arguments.json {
        true => format!("{:#}\n", as_json(&evaluation)),
        false => table(&evaluation),
    };
    to_stdout(|out| out.write_all(text.as_bytes()))?;
    Ok(Outcome::Done)
}

/// The alerts and drops of a result folder, or the one file named.
fn tables(path: &Path) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_path_buf()];
    }
    let drops = path.join("drops.csv");
    let mut files = vec![path.join("alerts.csv")];
    files.extend(drops.exists().then_some(drops));
    files
}

fn finding(row: &Row<'_>) -> Result<Finding> {
    let drop = Flag::Drop.is_in(row.text("flags"));
    Ok(Finding {
        level: level(row)?.ok_or_else(|| row.fault("level", "found nothing, expected domain, outlet or state"))?,
        key: key(row),
        onset: time(row, "onset")?,
        end: time(row, "end")?,
        lift: estimate(row, ["lift_pct", "lift_low_pct", "lift_high_pct"])?,
        net_lift: estimate(row, ["net_lift_pct", "net_low_pct", "net_high_pct"])?,
        change: if drop { Change::Drop } else { Change::Surge },
        flagged: None,
    })
}

fn planted(row: &Row<'_>) -> Result<Planted> {
    let kind = PlantedKind::from_name(row.text("kind"))
        .ok_or_else(|| row.fault("kind", format!("found '{}', expected a kind such as surge", row.text("kind"))))?;
    Ok(Planted {
        level: level(row)?,
        key: key(row),
        onset: time(row, "onset")?,
        end: time(row, "end")?,
        kind,
        lift: percent(row, "lift_pct")?,
        net_lift: percent(row, "net_lift_pct")?,
        index_lift: percent(row, "index_lift_pct")?,
        index_week1: percent(row, "index_week1_pct")?,
        index_week4: percent(row, "index_week4_pct")?,
    })
}

/// The figures of the table, for programs. `NaN` becomes null.
fn as_json(evaluation: &Evaluation) -> Value {
    let absolute = |errors: &[f64]| errors.iter().map(|error| error.abs()).collect::<Vec<_>>();
    let spread = |errors: &[f64]| {
        json!({
            "n": errors.len(),
            "median": median(errors),
            "p05": quantile(errors, 0.05),
            "p95": quantile(errors, 0.95),
            "median_absolute": median(&absolute(errors)),
        })
    };
    let lift = |score: &LiftScore| json!({ "error": spread(&score.errors), "coverage": score.coverage(), "with_interval": score.with_interval });
    json!({
        "alerts": evaluation.verdicts.len(),
        "planted": evaluation.found.len(),
        "found": evaluation.found.iter().filter(|row| row.1).count(),
        "recall": evaluation.recall(),
        "recall_alike": evaluation.recall_alike(),
        "false_alerts": evaluation.false_alerts(),
        "false_share": evaluation.false_share(),
        "explained": evaluation.explained(),
        "onset_error_days": spread(&evaluation.onset_errors),
        "delay_days": spread(&evaluation.delays),
        "lift": lift(&evaluation.lift),
        "net_lift": lift(&evaluation.net_lift),
    })
}
