//! Alerts held against what was planted: what was found, what is false, how far off onset and lift are.
//!
//! The rule that joins an alert to a planted row is written out at [`evaluate`] and in `docs/methods/evaluate.md`.

use crate::alert::{Alert, Estimate, Flag};
use crate::series::{Key, Level};
use crate::simulate::{Planted, PlantedKind};
use crate::stats::robust::{median, quantile};
use crate::time::{Seconds, Step};
use std::fmt::Write;

/// Up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// More traffic than expected.
    Surge,
    /// Less.
    Drop,
}

/// What of an alert is judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Domain, outlet or state.
    pub level: Level,
    /// Whose traffic; empty = not told apart.
    pub key: Key,
    /// First raised period.
    pub onset: Seconds,
    /// Last raised period.
    pub end: Seconds,
    /// Lift of the visits, as a fraction.
    pub lift: Estimate,
    /// Lift net of the reference outlets, as a fraction.
    pub net_lift: Estimate,
    /// Up or down.
    pub change: Change,
    /// When it was first reported, if that is known.
    pub flagged: Option<Seconds>,
}

impl From<&Alert> for Finding {
    fn from(alert: &Alert) -> Finding {
        Finding {
            level: alert.level,
            key: alert.key.clone(),
            onset: alert.onset,
            end: alert.end,
            lift: alert.lift,
            net_lift: alert.net_lift,
            change: if alert.flags.contains(&Flag::Drop) { Change::Drop } else { Change::Surge },
            flagged: None,
        }
    }
}

/// How near in time an alert and a planted row must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Alert and planted row may miss each other by this much.
    pub tolerance: Seconds,
    /// What lasts longer is the new normal: a planted row counts as over this long after its onset.
    pub normal_after: Seconds,
}

impl Default for Rule {
    /// Two days; four weeks.
    fn default() -> Self {
        Rule { tolerance: 2 * Step::DAY.seconds(), normal_after: 4 * Step::WEEK.seconds() }
    }
}

/// What an alert turned out to be; the number is that of the planted row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A planted surge, or a planted drop.
    Found(usize),
    /// No surge, but something planted: the news cycle, a displacement, a bot, a new domain.
    Explained(usize),
    /// Nothing was there.
    False,
}

/// Lifts of alerts against planted lifts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiftScore {
    /// Alert − planted, as fractions, one for each alert that can be compared.
    pub errors: Vec<f64>,
    /// How many of the alerts with an interval hold the planted lift in it.
    pub covered: usize,
    /// Alerts with an interval.
    pub with_interval: usize,
}

/// How well the alerts fit the truth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// One for each alert, in the order given.
    pub verdicts: Vec<Verdict>,
    /// For each planted surge and drop (by number of its row): whether an alert found it, and whether one with the
    /// very same level and key did.
    pub found: Vec<(usize, bool, bool)>,
    /// Days from the planted onset to the onset of the alert, for each planted row found.
    pub onset_errors: Vec<f64>,
    /// Days from the planted onset to the first report, where it is known.
    pub delays: Vec<f64>,
    /// Lift of the visits.
    pub lift: LiftScore,
    /// Net lift.
    pub net_lift: LiftScore,
}

impl Evaluation {
    /// Share of the planted surges and drops that were found; `NaN` if none was planted.
    pub fn recall(&self) -> f64 {
        share(self.found.iter().filter(|row| row.1).count(), self.found.len())
    }

    /// Share that was found at its own level and with its own key.
    pub fn recall_alike(&self) -> f64 {
        share(self.found.iter().filter(|row| row.2).count(), self.found.len())
    }

    /// Number of alerts where nothing was planted.
    pub fn false_alerts(&self) -> usize {
        self.verdicts.iter().filter(|verdict| **verdict == Verdict::False).count()
    }

    /// Number of alerts explained by something that is no surge.
    pub fn explained(&self) -> usize {
        self.verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Explained(_))).count()
    }

    /// Share of false ones among all alerts; 0 without alerts.
    pub fn false_share(&self) -> f64 {
        self.false_alerts() as f64 / self.verdicts.len().max(1) as f64
    }
}

impl LiftScore {
    /// Share of the intervals that hold the planted lift; `NaN` without intervals.
    pub fn coverage(&self) -> f64 {
        share(self.covered, self.with_interval)
    }

    fn add(&mut self, found: Estimate, planted: f64) {
        if found.point.is_finite() && planted.is_finite() {
            self.errors.push(found.point - planted);
            if found.low.is_finite() && found.high.is_finite() {
                self.with_interval += 1;
                self.covered += usize::from((found.low..=found.high).contains(&planted));
            }
        }
    }
}

/// Holds alerts against the truth.
///
/// - **Whose.** Alert and planted row fit when their states, outlets, domains and countries are equal or one of the
///   two does not tell them apart: a surge planted in a state fits an alert of one of its outlets, and the other way round.
/// - **When.** The two stretches overlap or miss each other by at most `tolerance`. A planted row is over after
///   `normal_after`.
/// - **What.** A drop fits only a drop; a surge fits anything planted that raises traffic.
/// - An alert that fits a planted surge or drop is *found*; one that fits only the news cycle, a displacement, a bot
///   or a new domain is *explained*; any other is *false*.
/// - Onset, delay and lift are compared only where the planted row holds for the whole of the alert's traffic (an
///   outlet of a state that surged as a whole; not the sum over countries of which one surged).
///
/// ```
/// use floodmark::evaluate::{Rule, evaluate, table};
/// let nothing = evaluate(&[], &[], &Rule::default());
/// assert_eq!(nothing.false_share(), 0.0);
/// assert!(table(&nothing).contains("alerts"));
/// ```
pub fn evaluate(findings: &[Finding], truth: &[Planted], rule: &Rule) -> Evaluation {
    let mut evaluation = Evaluation::default();
    for finding in findings {
        let (verdict, holds) = judge(finding, truth, rule);
        if let (Verdict::Found(row), true) = (verdict, holds) {
            evaluation.lift.add(finding.lift, truth[row].lift);
            evaluation.net_lift.add(finding.net_lift, truth[row].net_lift);
        }
        evaluation.verdicts.push(verdict);
    }
    for (number, row) in truth.iter().enumerate().filter(|(_, row)| is_sought(row.kind)) {
        let fitting: Vec<&Finding> = findings.iter().filter(|finding| fits(finding, row, rule)).collect();
        let alike = |f: &&&Finding| Some(f.level) == row.level && f.key == row.key;
        evaluation.found.push((number, !fitting.is_empty(), fitting.iter().any(|f| alike(&f))));
        let comparable: Vec<&&Finding> = fitting.iter().filter(|f| covers(&row.key, &f.key)).collect();
        let nearest = |f: &&&&Finding| (!alike(f), (f.onset - row.onset).abs());
        if let Some(best) = comparable.iter().min_by_key(nearest) {
            evaluation.onset_errors.push(days(best.onset - row.onset));
        }
        if let Some(first) = comparable.iter().filter_map(|f| f.flagged).min() {
            evaluation.delays.push(days(first - row.onset));
        }
    }
    evaluation
}

/// The verdict, and whether the planted row holds for the whole of the alert's traffic.
fn judge(finding: &Finding, truth: &[Planted], rule: &Rule) -> (Verdict, bool) {
    // A row that is sought before one that explains, one that holds for the whole before one that holds for a part,
    // and then the nearest in time.
    let rank =
        |row: &Planted| (!is_sought(row.kind), !covers(&row.key, &finding.key), (finding.onset - row.onset).abs());
    let fitting = truth.iter().enumerate().filter(|(_, row)| fits(finding, row, rule));
    match fitting.min_by_key(|(_, row)| rank(row)) {
        Some((number, row)) if is_sought(row.kind) => (Verdict::Found(number), covers(&row.key, &finding.key)),
        Some((number, _)) => (Verdict::Explained(number), false),
        None => (Verdict::False, false),
    }
}

fn is_sought(kind: PlantedKind) -> bool {
    matches!(kind, PlantedKind::Surge | PlantedKind::Drop)
}

fn fits(finding: &Finding, row: &Planted, rule: &Rule) -> bool {
    let same_way = (finding.change == Change::Drop) == (row.kind == PlantedKind::Drop);
    let alike = |a: &str, b: &str| a.is_empty() || b.is_empty() || a == b;
    let (a, b) = (&finding.key, &row.key);
    let whose = alike(&a.state, &b.state) && alike(&a.outlet, &b.outlet);
    let whose = whose && alike(&a.domain, &b.domain) && alike(&a.country, &b.country);
    let end = row.end.min(row.onset + rule.normal_after);
    let when = finding.onset <= end + rule.tolerance && row.onset <= finding.end + rule.tolerance;
    same_way && whose && when
}

/// Whether all the traffic of `part` belongs to `whole`.
fn covers(whole: &Key, part: &Key) -> bool {
    let holds = |whole: &str, part: &str| whole.is_empty() || whole == part;
    holds(&whole.state, &part.state)
        && holds(&whole.outlet, &part.outlet)
        && holds(&whole.domain, &part.domain)
        && holds(&whole.country, &part.country)
}

fn days(seconds: Seconds) -> f64 {
    seconds as f64 / Step::DAY.seconds() as f64
}

fn share(part: usize, all: usize) -> f64 {
    if all == 0 { f64::NAN } else { part as f64 / all as f64 }
}

/// The evaluation as a table for people. What cannot be told is `-`.
pub fn table(evaluation: &Evaluation) -> String {
    let e = evaluation;
    let percent = |v: f64| if v.is_finite() { format!("{:.1}%", 100.0 * v) } else { "-".into() };
    let found = |alike: bool| e.found.iter().filter(|row| if alike { row.2 } else { row.1 }).count();
    let of = |part: usize, all: usize| format!("{part} of {all}");
    let mut rows: Vec<(&str, String, String)> = vec![
        ("planted surges and drops found", of(found(false), e.found.len()), percent(e.recall())),
        ("  at their own level and key", of(found(true), e.found.len()), percent(e.recall_alike())),
        ("false alerts", of(e.false_alerts(), e.verdicts.len()), percent(e.false_share())),
        ("explained by news, mirrors, bots", of(e.explained(), e.verdicts.len()), String::new()),
    ];
    let near = e.onset_errors.iter().filter(|error| error.abs() <= 1.0).count();
    rows.push(("onset within a day", of(near, e.onset_errors.len()), percent(share(near, e.onset_errors.len()))));
    rows.push(("onset error, days (5/50/95%)", spread(&e.onset_errors, 1.0), String::new()));
    rows.push(("delay of the report, days (5/50/95%)", spread(&e.delays, 1.0), String::new()));
    for (name, interval, score) in [
        ("lift error, points (5/50/95%)", "lift intervals that hold the truth", &e.lift),
        ("net lift error, points (5/50/95%)", "net intervals that hold the truth", &e.net_lift),
    ] {
        let absolute: Vec<f64> = score.errors.iter().map(|error| error.abs()).collect();
        let typical = if absolute.is_empty() { String::new() } else { format!("|.| {:.1}", 100.0 * median(&absolute)) };
        rows.push((name, spread(&score.errors, 100.0), typical));
        rows.push((interval, of(score.covered, score.with_interval), percent(score.coverage())));
    }
    let mut text = String::new();
    for (name, value, more) in rows {
        let line = format!("{name:<37}{value:>24}{more:>10}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn spread(values: &[f64], unit: f64) -> String {
    if values.is_empty() {
        return "-".into();
    }
    [0.05, 0.5, 0.95].map(|p| format!("{:+.1}", unit * quantile(values, p))).join(" ")
}

#[cfg(test)]
mod tests;
