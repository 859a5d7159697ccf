//! Telling what the store says is to be told.

use super::{Job, Went};
use crate::alert::Event;
use crate::chart;
use crate::error::Result;
use crate::time::Step;
use crate::watch::config::Config;
use crate::watch::engine::Engine;
use crate::watch::health::Deliveries;
use crate::watch::notify::retry::{self, Policy, SystemClock};
use crate::watch::notify::{self, Channel, Context};
use crate::watch::transition::Transition;
use std::cell::RefCell;

/// The channels of the configuration.
pub(super) fn channels(config: &Config) -> Result<Vec<Box<dyn Channel>>> {
    let settings: Vec<_> = config.deliveries.iter().map(|one| (one.name.clone(), one.channel.clone())).collect();
    notify::build(&settings, &config.folder)
}

/// Delivers everything that waits, channel by channel. What fails waits for the next run.
pub(super) fn all(
    job: &Job<'_>,
    engine: &mut Engine<'_>,
    channels: &[Box<dyn Channel>],
    went: &mut Went,
    events: &[Event],
) -> Result<()> {
    let run = engine.run();
    for channel in channels {
        let name = channel.name();
        if job.config.deliveries.iter().any(|one| one.name == name && one.digest) {
            // A digest is of whole days: what was told today waits for tomorrow.
            engine.store().release(name, Step::DAY.floor(job.plan.now), run)?;
        }
        let mut deliveries = Deliveries::default();
        let due = engine.store().due(name)?;
        for message in due {
            if job.is_late() {
                went.late = true;
                break;
            }
            let sent = send(job, engine, channel.as_ref(), &message.transitions, events);
            match sent {
                Ok(attempts) => {
                    engine.store().sent(name, message.batch, attempts, job.plan.now)?;
                    deliveries.delivered += 1;
                }
                Err(unsent) => {
                    let error = unsent.to_string();
                    engine.store().not_sent(name, message.batch, unsent.attempts, &error)?;
                    job.log.error("delivery-failed", &format!("{name}: {error}"), &[("channel", name.into())]);
                    went.failures.push(format!("delivery '{name}': {error}"));
                    deliveries.failed += 1;
                    deliveries.error = Some(error);
                    // The receiver is down: the rest keeps its order and waits too. One that refuses a message may
                    // well take the next.
                    if !unsent.failure.is_permanent() {
                        break;
                    }
                }
            }
        }
        went.channels.insert(name.into(), deliveries);
    }
    for waiting in engine.store().waiting()? {
        let entry = went.channels.entry(waiting.channel).or_default();
        entry.waiting = waiting.transitions as u64;
    }
    Ok(())
}

fn send(
    job: &Job<'_>,
    engine: &mut Engine<'_>,
    channel: &dyn Channel,
    batch: &[Transition],
    events: &[Event],
) -> std::result::Result<u32, retry::Unsent> {
    let run = engine.run().to_string();
    let engine = RefCell::new(engine);
    let chart = |transition: &Transition| -> Result<Option<Vec<u8>>> {
        let Some((series, grid, alert)) = engine.borrow_mut().picture(transition)? else { return Ok(None) };
        chart::series(&series, &grid, &alert, events).png().map(Some)
    };
    let context =
        Context { run: &run, now: job.plan.now, folder: &job.config.folder, chart: &chart, deadline: job.deadline };
    retry::send(channel, batch, &context, &Policy::default(), &SystemClock)
}
