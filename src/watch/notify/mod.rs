//! Deliveries: one file a kind of channel.
//!
//! A batch is one message: one request, one mail, one row block. Its idempotency key ([`message::batch_key`]) is the
//! same at every attempt, so that a receiver that honours keys sees each message once.

mod command;
mod csv;
mod email;
pub mod message;
pub mod retry;
mod stdout;
mod template;
mod webhook;

pub use command::Settings as CommandSettings;
pub use csv::Settings as CsvSettings;
pub use email::Settings as EmailSettings;
pub use stdout::Settings as StdoutSettings;
pub use webhook::Settings as WebhookSettings;

use super::transition::Transition;
use crate::error::{Error, Result};
use crate::time::Seconds;
use serde::Deserialize;
use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

/// What a channel may need beside the transitions.
pub struct Context<'a> {
    /// Identity of the run.
    pub run: &'a str,
    /// The run's present moment.
    pub now: Seconds,
    /// Folder of the configuration: relative paths start here.
    pub folder: &'a Path,
    /// Draws the chart of an alert as PNG; `None` if there is none.
    pub chart: &'a dyn Fn(&Transition) -> Result<Option<Vec<u8>>>,
    /// Moment at which the run must have stopped.
    pub deadline: Option<Instant>,
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("run", &self.run).field("now", &self.now).finish_non_exhaustive()
    }
}

impl Context<'_> {
    /// The time that one attempt may take: what the channel allows, cut at the deadline of the run.
    fn time_for_one(&self, allowed: Duration) -> Duration {
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        // Zero would mean "no limit" to some clients.
        left.map_or(allowed, |left| left.min(allowed)).max(Duration::from_millis(1))
    }
}

/// Why a delivery did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// May succeed later: within this run, or in the next one, for which the outbox keeps it.
    Retry {
        /// What happened.
        error: Error,
        /// How long the receiver asked to be left alone.
        after: Option<Duration>,
    },
    /// Will not succeed until somebody changes something: not tried again in this run.
    Permanent(Error),
}

impl Failure {
    /// May succeed later.
    pub fn retry(error: Error) -> Failure {
        Failure::Retry { error, after: None }
    }

    /// What happened.
    pub fn error(&self) -> &Error {
        match self {
            Failure::Retry { error, .. } | Failure::Permanent(error) => error,
        }
    }

    /// Whether somebody has to change something first.
    pub fn is_permanent(&self) -> bool {
        matches!(self, Failure::Permanent(_))
    }
}

/// A way to tell.
pub trait Channel {
    /// Name of the channel in the store, in messages and in the health files.
    fn name(&self) -> &str;

    /// Delivers a batch, oldest first; all of it or an error. May be called again with the same keys after a crash
    /// or an error: receivers that honour [`Transition::key`] see each once.
    ///
    /// # Errors
    /// See [`Failure`].
    fn deliver(&self, batch: &[Transition], context: &Context<'_>) -> std::result::Result<(), Failure>;

    /// Checks the settings without telling anybody anything.
    ///
    /// # Errors
    /// What is wrong.
    fn check(&self) -> Result<()>;

    /// What works but should not stay as it is.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Settings of one channel: the keys of a `[[deliver]]` table that are not common to all kinds.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ChannelSettings {
    /// Standard output.
    Stdout(StdoutSettings),
    /// Rows appended to a CSV file.
    Csv(CsvSettings),
    /// An HTTP POST.
    Webhook(Box<WebhookSettings>),
    /// A mail.
    Email(Box<EmailSettings>),
    /// A program that gets the message on its standard input.
    Command(CommandSettings),
}

/// Builds the channels under their names, in the order of the configuration. Secrets are read here.
///
/// # Errors
/// Settings that cannot work, with the name of the channel.
pub fn build(settings: &[(String, ChannelSettings)], folder: &Path) -> Result<Vec<Box<dyn Channel>>> {
    let channel = |(name, settings): &(String, ChannelSettings)| -> Result<Box<dyn Channel>> {
        let name = name.clone();
        Ok(match settings {
            ChannelSettings::Stdout(settings) => Box::new(stdout::Stdout::new(name, settings)),
            ChannelSettings::Csv(settings) => Box::new(csv::Csv::new(name, settings, folder)?),
            ChannelSettings::Webhook(settings) => Box::new(webhook::Webhook::new(name, settings, folder)?),
            ChannelSettings::Email(settings) => Box::new(email::Email::new(name, settings, folder)?),
            ChannelSettings::Command(settings) => Box::new(command::Command::new(name, settings, folder)?),
        })
    };
    let named =
        |one: &(String, ChannelSettings)| channel(one).map_err(|error| error.context(format!("delivery '{}'", one.0)));
    settings.iter().map(named).collect()
}

/// An alert that never was, for trying templates.
fn sample_message() -> message::Message {
    let alert = super::transition::Record {
        alert_id: "sample".into(),
        level: "outlet".into(),
        state: Some("IR".into()),
        outlet: Some("Sample \"Outlet\" & <Co>".into()),
        country: Some("GB".into()),
        granularity: "day".into(),
        onset: "2023-10-07".into(),
        peak: "2023-10-08".into(),
        end: "2023-10-13".into(),
        status: "open".into(),
        periods: 7,
        observed: Some(14_200.0),
        expected: Some(10_000.0),
        lift_pct: Some(42.0),
        lift_low_pct: Some(31.0),
        lift_high_pct: Some(55.0),
        severity: "high".into(),
        ..Default::default()
    };
    let transition = |change| Transition {
        key: "sample-1".into(),
        change,
        at: 1_697_155_200,
        alert: alert.clone(),
        before: None,
        note: None,
    };
    use super::transition::Change;
    message::Message::of(&[transition(Change::Opened), transition(Change::Closed)])
}

#[cfg(test)]
mod testing {
    //! Transitions and a context for the tests of the channels.
    use super::super::transition::{Change, Record, Transition};
    use super::Context;

    pub(crate) fn transition(key: &str) -> Transition {
        let alert = super::sample_message().transitions[0].alert.clone().expect("an alert");
        let alert = Record { alert_id: "a1".into(), outlet: Some("Press TV".into()), ..alert };
        Transition { key: key.into(), change: Change::Opened, at: 1_697_155_200, alert, before: None, note: None }
    }

    pub(crate) fn quiet_context() -> Context<'static> {
        Context {
            run: "test",
            now: 1_697_155_200,
            folder: std::path::Path::new("."),
            chart: &|_| Ok(None),
            deadline: None,
        }
    }
}
