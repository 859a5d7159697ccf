//! Bodies of webhooks: JSON templates (minijinja), those of the chat services shipped, others brought by the user.
//!
//! `{{ x }}` writes a whole JSON value, quotes included, so that no name in the data can break out of its text. What
//! chat services would read as markup or as a call to everybody is disarmed by the filters `slack` and `markdown`.

use super::message::Message;
use crate::error::{Error, Result};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use serde::Deserialize;

/// A template that was parsed.
#[derive(Debug)]
pub(super) struct Template {
    environment: Environment<'static>,
    /// As the user knows it: a file, or the name of a shipped body.
    named: String,
}

/// Bodies that come with the program.
pub(super) const SLACK: &str = include_str!("templates/slack.json");
pub(super) const MATTERMOST: &str = include_str!("templates/mattermost.json");
pub(super) const TEAMS: &str = include_str!("templates/teams.json");

impl Template {
    /// Parses a template.
    pub(super) fn new(named: impl Into<String>, text: &str) -> Result<Template> {
        let named = named.into();
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Json);
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.add_filter("slack", |text: String| slack(&text));
        environment.add_filter("markdown", |text: String| markdown(&text));
        environment.add_filter("short", |text: String, limit: usize| short(&text, limit));
        environment.add_filter("lines", lines);
        environment.add_template_owned("body", text.to_string()).map_err(|error| fault(&named, &error))?;
        Ok(Template { environment, named })
    }

    /// The body for a message, checked to be JSON.
    pub(super) fn render(&self, message: &Message) -> Result<String> {
        let template = self.environment.get_template("body").map_err(|error| fault(&self.named, &error))?;
        let text = template.render(Value::from(Serde(message))).map_err(|error| fault(&self.named, &error))?;
        match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
            Ok(_) => Ok(text),
            Err(error) => Err(Error::usage(
                "the template makes no JSON; write {{ value }} without quotes around it, they are part of the value",
            )
            .because(error)
            .in_file(&self.named)),
        }
    }
}

fn fault(named: &str, error: &minijinja::Error) -> Error {
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    let error_text = format!("the template does not work: {}{detail}", error.kind());
    let place = Error::usage(error_text).in_file(named);
    match error.line() {
        Some(line) => place.at_line(line as u64),
        None => place,
    }
}

/// `&`, `<` and `>` as entities: no links, no `<!channel>` (docs.slack.dev, "Formatting message text"). Asterisks and
/// the like are left: they cannot do more than embolden.
fn slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Characters that Markdown gives a meaning are escaped, and an `@` is kept from naming anybody by a zero-width space.
fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '<' | '>' | '~' => out.extend(['\\', c]),
            '@' => out.extend(['@', '\u{200b}']),
            c => out.push(c),
        }
    }
    out
}

/// The first `limit` characters.
fn short(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_string(),
    }
}

/// A [`super::message::Fact`] as it comes back from a template.
#[derive(Deserialize)]
struct Fact {
    name: String,
    value: String,
}

/// Facts as lines `name: value`, disarmed for the service.
fn lines(facts: Serde<Vec<Fact>>, service: String) -> String {
    let disarm = if service == "slack" { slack } else { markdown };
    facts.0.iter().map(|fact| format!("{}: {}\n", fact.name, disarm(&fact.value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::notify::testing::transition;
    use crate::watch::transition::{Change, Transition};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever a name holds, the body is JSON of the same shape, and the name does not speak to the service.
        #[test]
        fn no_name_changes_the_shape_of_a_body(name in "\\PC{0,40}[\"\\\\<>{}@*\u{7f}-\u{9f}\n]{0,8}", note in ".{0,40}") {
            let mut told = transition("a1-1");
            told.alert.outlet = Some(name.clone());
            told.alert.event = Some(note.clone());
            let message = Message::of(&[told]);
            let plain = Message::of(&[transition("a1-1")]);
            for text in [SLACK, MATTERMOST, TEAMS] {
                let template = Template::new("body", text).expect("parses");
                let body = template.render(&message).expect("JSON");
                let shape = |body: &str| {
                    let value: serde_json::Value = serde_json::from_str(body).expect("JSON");
                    value.as_object().map(|object| object.keys().cloned().collect::<Vec<_>>())
                };
                prop_assert_eq!(shape(&body), shape(&template.render(&plain).expect("JSON")));
                if text == SLACK {
                    prop_assert!(!body.contains('<') && !body.contains('>'), "{}", body);
                }
            }
        }
    }

    #[test]
    fn a_word_about_the_job_is_said_once_and_a_note_beside_an_alert_too() {
        let note = || Some("no new data for 3 days".to_string());
        let silent = Transition { change: Change::Silent, note: note(), ..transition("silent-1") };
        let noted = Transition { note: note(), ..transition("a1-1") };
        for (text, title) in [(SLACK, 1), (MATTERMOST, 2), (TEAMS, 1)] {
            let template = Template::new("body", text).expect("parses");
            let said = |told: &Transition| {
                let body = template.render(&Message::of(std::slice::from_ref(told))).expect("JSON");
                body.matches("no new data for 3 days").count()
            };
            // The title of a single message is its headline.
            assert_eq!((said(&silent), said(&noted)), (title + 1, 1), "{text}");
        }
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        assert_eq!((short("Größe", 3), short("Größe", 5)), ("Grö…".to_string(), "Größe".to_string()));
    }
}
