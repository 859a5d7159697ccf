//! A batch in words and figures: what every channel says, however it says it.

use crate::alert::Flag;
use crate::report::cell::{Cell, push_csv_row};
use crate::report::tables::ALERTS;
use crate::watch::transition::{Change, Record, Transition};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Columns of the CSV channel: what happened, then those of `alerts.csv`.
pub const LEADING: &str = "transition,change,at,note";

/// A batch, ready to be told. This is also what a template sees.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    /// Version of this form: grows when a field changes its meaning.
    pub version: u32,
    /// Idempotency key of the whole message.
    pub key: String,
    /// One line that names all.
    pub title: String,
    /// What happened, oldest first.
    pub transitions: Vec<Item>,
}

/// One transition in words and figures.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    /// Its own idempotency key.
    pub key: String,
    /// `opened`, `updated`, `closed`, `retracted`, `silent`, `resumed`.
    pub change: &'static str,
    /// The run's present moment, RFC 3339.
    pub at: String,
    /// One sentence.
    pub headline: String,
    /// Figures for people, in reading order.
    pub facts: Vec<Fact>,
    /// `low`, `medium`, `high`; empty where it is not about an alert.
    pub severity: String,
    /// What else must be known.
    pub note: Option<String>,
    /// The alert in the columns of `alerts.csv`; none where it is not about an alert.
    pub alert: Option<Record>,
    /// The alert as it was last told.
    pub before: Option<Record>,
}

/// A name and a value, both for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is.
    pub name: &'static str,
    /// The figure with its unit.
    pub value: String,
}

impl Message {
    /// Words for a batch.
    pub fn of(batch: &[Transition]) -> Message {
        let transitions: Vec<Item> = batch.iter().map(Item::of).collect();
        let title = match transitions.as_slice() {
            [one] => one.headline.clone(),
            many => format!("{} of traffic: {}", kinds(batch), counts(many)),
        };
        Message { version: 1, key: batch_key(batch), title, transitions }
    }
}

impl Item {
    fn of(transition: &Transition) -> Item {
        let alert = transition.change.is_alert().then(|| transition.alert.clone());
        Item {
            key: transition.key.clone(),
            change: transition.change.name(),
            at: crate::report::cell::moment(transition.at, crate::time::Step::HOUR),
            headline: headline(transition),
            facts: alert.as_ref().map(facts).unwrap_or_default(),
            severity: alert.as_ref().map(|alert| alert.severity.clone()).unwrap_or_default(),
            note: transition.note.as_deref().map(plain),
            before: transition.before.clone(),
            alert,
        }
    }
}

/// The idempotency key of a message: that of its transition, or one made from all of theirs. The same batch has the
/// same key at every attempt.
pub fn batch_key(batch: &[Transition]) -> String {
    if let [one] = batch {
        return one.key.clone();
    }
    let mut hash = Sha256::new();
    for transition in batch {
        hash.update(transition.key.as_bytes());
        hash.update(b"\n");
    }
    let digest = hash.finalize();
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// `2 opened, 1 closed`, in the order of a life.
fn counts(items: &[Item]) -> String {
    let order = ["opened", "updated", "closed", "retracted", "silent", "resumed"];
    let parts = order.iter().filter_map(|change| {
        let count = items.iter().filter(|item| item.change == *change).count();
        (count > 0).then(|| format!("{count} {change}"))
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// What the alerts of a batch are, for its title.
fn kinds(batch: &[Transition]) -> &'static str {
    let drops = batch.iter().filter(|transition| transition.alert.has(Flag::Drop)).count();
    match drops {
        0 => "Surges",
        drops if drops == batch.len() => "Drops",
        _ => "Surges and drops",
    }
}

/// One sentence. Never a cause, never more than was measured.
pub fn headline(transition: &Transition) -> String {
    let Transition { alert, before, note, .. } = transition;
    let who = plain(&alert.label());
    let lift = |record: &Record| record.lift_pct.map_or("lift unknown".to_string(), |lift| format!("{lift:+.0} %"));
    let severity = &alert.severity;
    let (new, what) = if alert.has(Flag::Drop) { ("New drop", "Drop") } else { ("New surge", "Surge") };
    match transition.change {
        Change::Opened => format!("{new}: {who}: {} since {} ({severity})", lift(alert), alert.onset),
        Change::Updated => {
            let was = before.as_ref().map(|before| format!(", was {}", lift(before))).unwrap_or_default();
            format!("{what} goes on: {who}: {} since {}{was} ({severity})", lift(alert), alert.onset)
        }
        Change::Closed => {
            format!("{what} over: {who}: {} from {} to {} ({severity})", lift(alert), alert.onset, alert.end)
        }
        Change::Retracted => {
            let told = before.as_ref().unwrap_or(alert);
            format!("{what} withdrawn: {who}: {} since {} no longer stands in the data", lift(told), told.onset)
        }
        Change::Silent => note.as_deref().map_or("No new data".into(), plain),
        Change::Resumed => note.as_deref().map_or("Data came again".into(), plain),
    }
}

/// The figures of an alert for people.
pub fn facts(alert: &Record) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut fact = |name, value: Option<String>| {
        facts.extend(value.filter(|value| !value.is_empty()).map(|value| Fact { name, value }));
    };
    fact("Lift", interval(alert.lift_pct, alert.lift_low_pct, alert.lift_high_pct));
    fact("Net of reference outlets", interval(alert.net_lift_pct, alert.net_low_pct, alert.net_high_pct));
    fact("From", Some(alert.onset.clone()));
    fact("Peak", Some(alert.peak.clone()));
    fact("To", Some(format!("{} ({}, {} × {})", alert.end, alert.status, alert.periods, alert.granularity)));
    fact("Observed", alert.observed.map(count));
    fact("Expected", alert.expected.map(count));
    fact("False-discovery rate", alert.q_value.map(|q| format!("{q:.2e}")));
    let lag = alert.event_lag.map(|lag| format!(", {lag:+} days")).unwrap_or_default();
    fact(
        "Event near the onset",
        alert.event.as_ref().map(|event| format!("{}{lag} (no proof of a cause)", plain(event))),
    );
    fact("Flags", alert.flags.as_deref().filter(|flags| !flags.is_empty()).map(|flags| flags.replace('+', ", ")));
    fact("Alert", Some(alert.alert_id.clone()));
    facts
}

fn interval(point: Option<f64>, low: Option<f64>, high: Option<f64>) -> Option<String> {
    let point = point?;
    Some(match (low, high) {
        (Some(low), Some(high)) => format!("{point:+.0} % ({low:+.0} % to {high:+.0} %)"),
        _ => format!("{point:+.0} %"),
    })
}

/// `12,345,678`; small quantities keep two decimals.
fn count(value: f64) -> String {
    if value.abs() < 100.0 && value.fract() != 0.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::from(if value < 0.0 { "-" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Names come from data that others write: characters that steer a terminal, break a line or turn the reading
/// direction become spaces, and a name ends after 200 characters.
pub fn plain(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().take(200).map(|c| if steers(c) { ' ' } else { c }).collect()
}

/// One row of the CSV channel, disarmed for spreadsheets as every table of floodmark. Control characters in names
/// become spaces, so that a row is a line.
pub fn csv_row(transition: &Transition) -> Vec<u8> {
    let time = crate::time::Step::HOUR;
    let alert = transition.change.is_alert().then_some(&transition.alert);
    let mut cells = vec![
        Cell::text(transition.key.as_str()),
        Cell::text(transition.change.name()),
        Cell::Time(transition.at, time),
        transition.note.as_deref().map_or(Cell::Empty, |note| Cell::text(plain(note))),
    ];
    cells.extend(alert_cells(alert));
    let mut row = Vec::new();
    push_csv_row(&mut row, &cells);
    row
}

/// The row of `alerts.csv`, disarmed in the same way.
pub fn alert_row(alert: &Record) -> Vec<u8> {
    let mut row = Vec::new();
    push_csv_row(&mut row, &alert_cells(Some(alert)));
    row
}

fn alert_cells(alert: Option<&Record>) -> Vec<Cell<'static>> {
    let values = serde_json::to_value(alert).unwrap_or(Value::Null);
    let cell = |column| match &values[column] {
        Value::String(text) => Cell::text(plain(text)),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| Cell::Number(number.as_f64().unwrap_or(f64::NAN)), Cell::Integer)
        }
        _ => Cell::Empty,
    };
    ALERTS.split(',').map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::notify::testing::transition;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever a name holds, a row is one line with a cell for each column, and none is a formula.
        #[test]
        fn a_row_is_a_line_and_no_cell_a_formula(name in "[=+@\t\r\n\",-]{0,4}.{0,30}", note in "(?s).{0,30}") {
            let mut told = transition("a1-1");
            told.alert.outlet = Some(name);
            told.note = Some(note);
            let row = csv_row(&told);
            prop_assert_eq!(row.iter().filter(|&&byte| byte == b'\n').count(), 1);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(row.as_slice());
            let cells = reader.records().next().expect("a row").expect("CSV");
            prop_assert_eq!(cells.len(), LEADING.split(',').count() + ALERTS.split(',').count());
            for i in [3, 7] {
                prop_assert!(!cells[i].starts_with(['=', '+', '-', '@', '\t', '\r']), "{:?}", &cells[i]);
            }
        }
    }

    #[test]
    fn a_key_belongs_to_a_batch_and_its_order() {
        let [a, b] = [transition("a-1"), transition("b-1")];
        let both = batch_key(&[a.clone(), b.clone()]);
        assert_eq!(batch_key(std::slice::from_ref(&a)), "a-1");
        assert_eq!(both, batch_key(&[a.clone(), b.clone()]));
        assert_ne!(both, batch_key(&[b, a]));
    }

    #[test]
    fn a_headline_says_what_happened_and_no_more() {
        let mut told = transition("a1-2");
        told.before = Some(Record { lift_pct: Some(30.0), onset: "2023-10-05".into(), ..told.alert.clone() });
        for (change, words) in [
            (Change::Updated, "Surge goes on: Press TV, GB: +42 % since 2023-10-07, was +30 % (high)"),
            (Change::Closed, "Surge over: Press TV, GB: +42 % from 2023-10-07 to 2023-10-13 (high)"),
            (Change::Retracted, "Surge withdrawn: Press TV, GB: +30 % since 2023-10-05 no longer stands in the data"),
        ] {
            assert_eq!(headline(&Transition { change, ..told.clone() }), words);
        }
        let fallen = Record { flags: Some("low_base+drop".into()), lift_pct: Some(-60.0), ..told.alert.clone() };
        let fallen = Transition { alert: fallen, change: Change::Opened, ..told.clone() };
        assert_eq!(headline(&fallen), "New drop: Press TV, GB: -60 % since 2023-10-07 (high)");
        assert_eq!(Message::of(&[fallen, told.clone()]).title, "Surges and drops of traffic: 2 opened");
        let silent = Transition { change: Change::Silent, note: Some("no new data for 3 days".into()), ..told };
        assert_eq!(headline(&silent), "no new data for 3 days");
        assert_eq!(csv_row(&silent).iter().filter(|&&byte| byte == b',').count(), 38, "no cell but the note");
    }

    #[test]
    fn quantities_are_grouped_and_small_ones_keep_decimals() {
        let texts: Vec<_> = [0.0, 12.5, 999.0, 1000.0, 1_234_567.8, -1000.0].into_iter().map(count).collect();
        assert_eq!(texts, ["0", "12.50", "999", "1,000", "1,234,568", "-1,000"]);
    }
}
