//! What the terminal is told at the end: the strongest alerts, and what was left out and why.

use crate::alert::{Alert, Analysis};
use crate::measure::confounder::in_words;
use crate::report::cell::moment;
use std::io::{self, Write};

/// How many alerts are shown.
const SHOWN: usize = 10;

/// Writes the table of alerts and one line of counts.
pub(crate) fn write(out: &mut impl Write, analysis: &Analysis) -> io::Result<()> {
    let mut strongest: Vec<&Alert> = analysis.alerts.iter().collect();
    strongest.sort_by(|a, b| {
        b.severity.cmp(&a.severity).then(b.peak_z.abs().total_cmp(&a.peak_z.abs())).then(a.onset.cmp(&b.onset))
    });
    let rows: Vec<_> = strongest.iter().take(SHOWN).map(|alert| row(alert)).collect();
    if !rows.is_empty() {
        columns(out, &["SEVERITY", "ONSET", "PERIODS", "STATE", "WHO", "LIFT %", "NET %", "Q", "EVENT"], &rows)?;
    }
    if analysis.alerts.len() > SHOWN {
        writeln!(out, "… and {} more in alerts.csv", analysis.alerts.len() - SHOWN)?;
    }
    for alert in strongest.iter().take(SHOWN) {
        explanation(out, alert, analysis)?;
    }
    let counts = &analysis.counts;
    writeln!(
        out,
        "{} in {} series ({} surges tested); {}",
        number(analysis.alerts.len(), "alert"),
        counts.series_tested,
        counts.surges_tested,
        number(analysis.drops.len(), "drop"),
    )?;
    let skipped = [
        (counts.series_too_short, "series too short to judge"),
        (counts.below_floor, "surges below --min-visits"),
        (counts.not_persistent, "surges shorter than --persist"),
        (counts.not_significant, "surges not significant at --fdr"),
        (counts.lift_uncertain, "surges whose lift may be zero"),
        (counts.gaps, "gaps"),
        (counts.censored, "values known only below a bound"),
    ];
    let skipped: Vec<_> = skipped.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    if !skipped.is_empty() {
        writeln!(out, "left out or missing: {}", skipped.join(", "))?;
    }
    Ok(())
}

/// What the context says of an alert, if there is one.
fn explanation(out: &mut impl Write, alert: &Alert, analysis: &Analysis) -> io::Result<()> {
    let own: Vec<_> = analysis.confounders.iter().filter(|judgement| judgement.alert_id == alert.id).cloned().collect();
    if own.is_empty() {
        return Ok(());
    }
    let words: String = in_words(&own).chars().filter(|c| !c.is_control()).collect();
    writeln!(out, "{} {}: {words}", moment(alert.onset, alert.step), alert.key.label())
}

fn number(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn row(alert: &Alert) -> [String; 9] {
    let percent = |x: f64| if x.is_nan() { String::new() } else { format!("{:+.0}", 100.0 * x) };
    [
        alert.severity.name().into(),
        moment(alert.onset, alert.step),
        alert.periods.to_string(),
        alert.key.state.clone(),
        alert.key.label(),
        percent(alert.lift.point),
        percent(alert.net_lift.point),
        if alert.q_value < 1e-4 { "<0.0001".into() } else { format!("{:.4}", alert.q_value) },
        alert.events.first().map_or(String::new(), |event| event.event.clone()),
    ]
}

/// Writes left-aligned columns, as wide as they need be. Control characters in names do not reach the terminal.
pub(crate) fn columns<const N: usize>(
    out: &mut impl Write,
    header: &[&str; N],
    rows: &[[String; N]],
) -> io::Result<()> {
    let plain = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
    let mut widths = header.map(|name| name.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(plain(cell).chars().count());
        }
    }
    let mut line = |cells: [String; N]| {
        let padded: Vec<_> = cells.iter().zip(widths).map(|(cell, width)| format!("{:width$}", plain(cell))).collect();
        writeln!(out, "{}", padded.join("  ").trim_end())
    };
    line(header.map(String::from))?;
    rows.iter().try_for_each(|row| line(row.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_control_characters_vanish() {
        let mut out = Vec::new();
        columns(&mut out, &["A", "B"], &[["é".into(), "x".into()], ["long\u{1b}[31m".into(), "y".into()]])
            .expect("memory");
        assert_eq!(String::from_utf8(out).expect("text"), "A         B\né         x\nlong[31m  y\n");
    }
}
