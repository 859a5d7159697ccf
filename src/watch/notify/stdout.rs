//! Standard output: a sentence and a few figures for people, or one JSON object a line for programs.

use super::message::{Item, Message};
use super::{Channel, Context, Failure};
use crate::error::{Error, Result};
use crate::watch::transition::Transition;
use serde::Deserialize;
use std::io::{self, Write};

/// Keys of a `kind = "stdout"` table.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// For whom.
    pub format: Format,
}

/// For whom the output is.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// People.
    #[default]
    Table,
    /// Programs: one JSON object a line.
    Jsonl,
}

#[derive(Debug)]
pub(super) struct Stdout {
    name: String,
    format: Format,
}

impl Stdout {
    pub(super) fn new(name: String, settings: &Settings) -> Stdout {
        Stdout { name, format: settings.format }
    }
}

impl Channel for Stdout {
    fn name(&self) -> &str {
        &self.name
    }

    fn deliver(&self, batch: &[Transition], _context: &Context<'_>) -> std::result::Result<(), Failure> {
        // The whole batch is made first and written at once: a broken pipe leaves no half message behind.
        let text = render(&Message::of(batch), self.format).map_err(Failure::Permanent)?;
        let mut out = io::stdout().lock();
        out.write_all(&text)
            .and_then(|()| out.flush())
            .map_err(|error| Failure::retry(Error::io("cannot write to standard output", error)))
    }

    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// The message as it stands on standard output.
fn render(message: &Message, format: Format) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for item in &message.transitions {
        match format {
            Format::Jsonl => {
                serde_json::to_writer(&mut out, item)
                    .map_err(|error| Error::input("cannot write a transition as JSON").because(error))?;
                out.push(b'\n');
            }
            Format::Table => out.extend_from_slice(table(item).as_bytes()),
        }
    }
    Ok(out)
}

/// A sentence, then the figures, their names aligned.
pub(super) fn table(item: &Item) -> String {
    let mut text = format!("{}\n", item.headline);
    for fact in &item.facts {
        text.push_str(&format!("  {:<26}{}\n", fact.name, fact.value));
    }
    if let Some(note) = item.note.as_ref().filter(|note| **note != item.headline) {
        text.push_str(&format!("  {:<26}{note}\n", "Note"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::notify::testing::transition;

    #[test]
    fn people_get_a_sentence_and_figures_and_no_terminal_codes() {
        let mut told = transition("a1-1");
        told.alert.outlet = Some("Evil\u{1b}[2J\nTV".into());
        let text = String::from_utf8(render(&Message::of(&[told]), Format::Table).expect("text")).expect("UTF-8");
        assert!(text.starts_with("New surge: Evil [2J TV, GB: +42 % since 2023-10-07 (high)\n"), "{text}");
        assert!(text.contains("  Lift                      +42 % (+31 % to +55 %)\n"), "{text}");
        assert!(text.contains("  Observed                  14,200\n"), "{text}");
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn programs_get_one_object_a_line_with_the_columns_of_the_file() {
        let batch = [transition("a1-1"), transition("a2-1")];
        let text = String::from_utf8(render(&Message::of(&batch), Format::Jsonl).expect("text")).expect("UTF-8");
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!((&lines[1]["key"], &lines[1]["change"]), (&"a2-1".into(), &"opened".into()));
        assert_eq!(lines[0]["alert"]["lift_pct"], 42.0);
        assert!(lines[0]["before"].is_null());
    }
}
