//! Trying again within a run: exponential backoff with jitter (Brooker, "Exponential Backoff and Jitter", AWS
//! Architecture Blog 2015, the "equal jitter" form), the receiver's `Retry-After` honoured, the deadline kept. What
//! still fails stays in the outbox for the next run.

use super::{Channel, Context, Failure};
use crate::stats::resample::generator;
use crate::watch::transition::Transition;
use rand::RngExt;
use std::fmt;
use std::time::{Duration, Instant};

/// Time as the retries see it. Tests bring one that does not wait.
pub trait Clock {
    /// The present moment.
    fn now(&self) -> Instant;

    /// Lets time pass.
    fn sleep(&self, time: Duration);
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// How often and how long a delivery is tried within one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// Longest pause after the first failure; doubles with each further one.
    pub first: Duration,
    /// Longest pause at all. A receiver that asks for a longer one gets it with the next run.
    pub longest: Duration,
}

impl Default for Policy {
    /// Four attempts within about ten seconds: a receiver that restarts is waited for, one that is down is not.
    fn default() -> Policy {
        Policy { attempts: 4, first: Duration::from_secs(1), longest: Duration::from_secs(60) }
    }
}

impl Policy {
    /// The pause after failure number `failures` (from 1): between half of the bound and the bound, so that the many
    /// jobs that a broken receiver has made wait do not all come back at once. The same for the same message.
    pub fn pause(&self, failures: u32, key: &str) -> Duration {
        let doubled = self.first.saturating_mul(1 << (failures.saturating_sub(1)).min(16));
        let bound = doubled.min(self.longest);
        let jitter: f64 = generator(seed(key), u64::from(failures)).random();
        bound.mul_f64(0.5 + 0.5 * jitter)
    }
}

/// FNV-1a: the jitter of a message comes from its key.
fn seed(key: &str) -> u64 {
    key.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Delivers a batch, trying again as `policy` says. Returns the number of attempts it took.
///
/// # Errors
/// The last [`Failure`] with the number of attempts: a permanent one at once; one that may pass when the attempts,
/// or the time, are used up.
pub fn send(
    channel: &dyn Channel,
    batch: &[Transition],
    context: &Context<'_>,
    policy: &Policy,
    clock: &dyn Clock,
) -> std::result::Result<u32, Unsent> {
    let key = super::message::batch_key(batch);
    let mut attempts = 0;
    loop {
        attempts += 1;
        let failure = match channel.deliver(batch, context) {
            Ok(()) => return Ok(attempts),
            Err(failure) => failure,
        };
        let Failure::Retry { after, .. } = &failure else { return Err(Unsent { failure, attempts }) };
        let pause = policy.pause(attempts, &key).max(after.unwrap_or_default());
        let in_time = context.deadline.is_none_or(|deadline| clock.now() + pause < deadline);
        if attempts >= policy.attempts || pause > policy.longest || !in_time {
            return Err(Unsent { failure, attempts });
        }
        clock.sleep(pause);
    }
}

/// A batch that was not delivered in this run.
#[derive(Debug)]
pub struct Unsent {
    /// Why the last attempt failed.
    pub failure: Failure,
    /// How many attempts were made.
    pub attempts: u32,
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.attempts == 1 { "" } else { "s" };
        write!(f, "{} ({} attempt{plural})", self.failure.error(), self.attempts)
    }
}
