//! Deliveries: one file a kind of channel.

use super::transition::{Change, Transition};
use crate::error::{Error, Result};
use crate::time::Seconds;
use serde::Deserialize;
use std::fmt;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

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

/// Why a delivery did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// May succeed later: the outbox keeps it for the next run.
    Retry(Error),
    /// Will never succeed as it is: told, and not tried again.
    Permanent(Error),
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
}

/// Settings of one channel: the keys of a `[[deliver]]` table that are not common to all kinds.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ChannelSettings {
    /// Standard output.
    Stdout {},
}

/// Builds the channels under their names, in the order of the configuration. Secrets are read here.
///
/// # Errors
/// Settings that cannot work.
pub fn build(settings: &[(String, ChannelSettings)], _folder: &Path) -> Result<Vec<Box<dyn Channel>>> {
    let channel = |(name, settings): &(String, ChannelSettings)| match settings {
        ChannelSettings::Stdout {} => Ok(Box::new(Stdout(name.clone())) as Box<dyn Channel>),
    };
    settings.iter().map(channel).collect()
}

#[derive(Debug)]
struct Stdout(String);

impl Channel for Stdout {
    fn name(&self) -> &str {
        &self.0
    }

    fn deliver(&self, batch: &[Transition], _context: &Context<'_>) -> std::result::Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        for transition in batch.iter().filter(|t| t.change != Change::Silent) {
            let line = serde_json::to_string(transition)
                .map_err(|error| Failure::Permanent(Error::input("cannot write JSON").because(error)))?;
            writeln!(out, "{line}").map_err(|error| Failure::Retry(Error::io("cannot write", error)))?;
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        Ok(())
    }
}
