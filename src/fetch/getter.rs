//! Calls with patience: cache, pauses between calls, retries, a bound on the whole.

use super::cache::{Cache, Kept, hex};
use super::client::{Client, Fault, Reply};
use super::record::Called;
use super::{Clock, Request, Secret, days};
use crate::error::{Error, Result};
use crate::time::{Seconds, Step};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;

/// One thing to ask for.
pub(super) struct Call<'a> {
    pub(super) url: String,
    /// Shortest time between two calls to the host.
    pub(super) pause: Duration,
    /// Last day that the answer is about.
    pub(super) last: Seconds,
    /// Days until the source no longer revises a day.
    pub(super) settles: i64,
    pub(super) token: Option<&'a Secret>,
    /// Whether 404 means that there are no data.
    pub(super) none_is_404: bool,
    /// What is kept of the answer, with a name for it; `None` = all.
    #[allow(clippy::type_complexity)]
    pub(super) trim: Option<(String, &'a dyn Fn(&[u8]) -> Result<Vec<u8>>)>,
}

impl Call<'_> {
    pub(super) fn new(url: String, pause_ms: u64, last: Seconds) -> Call<'static> {
        let pause = Duration::from_millis(pause_ms);
        Call { url, pause, last, settles: 3, token: None, none_is_404: false, trim: None }
    }
}

pub(super) struct Getter<'a> {
    request: &'a Request,
    client: Client,
    cache: Cache,
    clock: &'a dyn Clock,
    /// Host → when it was last called.
    called: BTreeMap<String, Duration>,
    log: Vec<Called>,
    failures: Vec<Error>,
}

/// First pause before a repetition; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Longest pause that is not asked for by the source.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

impl<'a> Getter<'a> {
    pub(super) fn new(request: &'a Request, clock: &'a dyn Clock) -> Result<Getter<'a>> {
        let client = Client::new(&request.manners)?;
        let cache = Cache::new(request.cache.as_deref());
        Ok(Getter { request, client, cache, clock, called: BTreeMap::new(), log: Vec::new(), failures: Vec::new() })
    }

    pub(super) fn finish(self) -> (Vec<Called>, Vec<Error>) {
        (self.log, self.failures)
    }

    /// Failures so far.
    pub(super) fn failures(&self) -> usize {
        self.failures.len()
    }

    /// Asks, and reads the answer; a failure is noted and gives `None`, as does an answer that there are no data.
    pub(super) fn get<T>(&mut self, call: &Call<'_>, read: impl Fn(&[u8]) -> Result<T>) -> Option<T> {
        match self.ask(call, &read) {
            Ok(found) => found,
            Err(error) => {
                self.failures.push(error.in_file(&call.url));
                None
            }
        }
    }

    fn ask<T>(&mut self, call: &Call<'_>, read: &impl Fn(&[u8]) -> Result<T>) -> Result<Option<T>> {
        let settled = call.last.saturating_add((call.settles + 1) * Step::DAY.seconds()) <= self.request.now;
        let day = (!settled).then_some(self.request.now);
        let key = Cache::key(&call.url, call.trim.as_ref().map_or("", |(name, _)| name), day);
        if let Some(kept) = self.cache.read(&key) {
            match understood(call, &kept, read) {
                Ok(found) => {
                    self.note(call, &kept, 0);
                    return Ok(found);
                }
                // What an older version could read, this one cannot, or the reverse: ask again.
                Err(_) => self.cache.forget(&key),
            }
        }
        let mut attempts = 0;
        let answer = self.patiently(call, &mut attempts).and_then(|mut kept| {
            let found = understood_fresh(call, &mut kept, read)?;
            Ok((kept, found))
        });
        match answer {
            Ok((kept, found)) => {
                self.cache.write(&key, &kept)?;
                self.note(call, &kept, attempts);
                Ok(found)
            }
            Err(error) => {
                self.note(call, &Kept { status: 0, body: Vec::new() }, attempts);
                Err(error)
            }
        }
    }

    fn note(&mut self, call: &Call<'_>, kept: &Kept, attempts: u32) {
        self.log.push(Called {
            url: call.url.clone(),
            status: kept.status,
            bytes: kept.body.len() as u64,
            sha256: hex(&Sha256::digest(&kept.body)),
            attempts,
        });
    }

    /// Asks until there is an answer, the attempts are used up, or the time is.
    fn patiently(&mut self, call: &Call<'_>, attempts: &mut u32) -> Result<Kept> {
        let manners = &self.request.manners;
        let mut wait = FIRST_WAIT;
        loop {
            self.pause(call)?;
            *attempts += 1;
            let left = manners.whole_time.saturating_sub(self.clock.elapsed());
            let most = manners.call_time.min(left.max(Duration::from_millis(1)));
            let (trouble, asked_to_wait) = match self.client.get(&call.url, call.token, most) {
                Ok(Reply { status: 200, body, .. }) => return Ok(Kept { status: 200, body }),
                Ok(Reply { status: 404, .. }) if call.none_is_404 => return Ok(Kept { status: 404, body: Vec::new() }),
                Ok(reply) if matches!(reply.status, 429 | 500 | 502 | 503 | 504) => {
                    let asked = reply.retry_after.as_deref().and_then(|text| self.seconds(text));
                    (refused(&reply, call.token), asked)
                }
                Ok(reply) => return Err(refused(&reply, call.token)),
                Err(Fault::Final(error)) => return Err(error),
                Err(Fault::Passing(error)) => (error, None),
            };
            if *attempts >= manners.attempts {
                return Err(trouble.context(format!("given up after {attempts} attempts")));
            }
            let pause = asked_to_wait.map_or(wait, |asked| asked.max(wait));
            if self.clock.elapsed() + pause > manners.whole_time {
                let left = manners.whole_time.saturating_sub(self.clock.elapsed()).as_secs();
                let words = format!("{} s to wait and {left} s left of --time-limit", pause.as_secs());
                return Err(trouble.context(words));
            }
            self.clock.sleep(pause);
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Lets the time pass that the host wants between two calls.
    fn pause(&mut self, call: &Call<'_>) -> Result<()> {
        let host = call.url.split('/').nth(2).unwrap_or("").to_string();
        if let Some(last) = self.called.get(&host) {
            let since = self.clock.elapsed().saturating_sub(*last);
            if since < call.pause {
                self.clock.sleep(call.pause - since);
            }
        }
        let now = self.clock.elapsed();
        if now > self.request.manners.whole_time {
            return Err(Error::input("the time is used up (--time-limit); a new run goes on from the cache"));
        }
        self.called.insert(host, now);
        Ok(())
    }

    /// `Retry-After`: seconds, or a date.
    fn seconds(&self, text: &str) -> Option<Duration> {
        let now = self.request.now + self.clock.elapsed().as_secs() as i64;
        let seconds: Option<u64> = text.trim().parse().ok().or_else(|| days::until(text, now));
        // Longer than anybody waits, and short enough to reckon with.
        seconds.map(|seconds| Duration::from_secs(seconds.min(1 << 32)))
    }
}

fn understood<T>(call: &Call<'_>, kept: &Kept, read: &impl Fn(&[u8]) -> Result<T>) -> Result<Option<T>> {
    if kept.status == 404 && call.none_is_404 { Ok(None) } else { read(&kept.body).map(Some) }
}

/// Cuts the answer to what is kept of it, and reads that: what cannot be read is not kept.
fn understood_fresh<T>(call: &Call<'_>, kept: &mut Kept, read: &impl Fn(&[u8]) -> Result<T>) -> Result<Option<T>> {
    if let (200, Some((_, trim))) = (kept.status, &call.trim) {
        kept.body = trim(&kept.body)?;
    }
    understood(call, kept, read).map_err(|error| {
        let start = beginning(&kept.body, call.token);
        error.context(format!("not the answer that is documented; it begins with '{start}'"))
    })
}

fn refused(reply: &Reply, token: Option<&Secret>) -> Error {
    let advice = match reply.status {
        401 | 403 => ": the token is missing, wrong or has no right to this",
        404 => ": there is no such thing",
        429 => ": too many calls",
        _ => "",
    };
    let start = beginning(&reply.body, token);
    Error::input(format!("the source answered {}{advice}; it says '{start}'", reply.status))
}

/// How an answer begins, fit for a terminal, and without the token if the source repeats it.
fn beginning(body: &[u8], token: Option<&Secret>) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4096)]);
    let text = match token {
        Some(Secret(token)) if !token.is_empty() => text.replace(token.as_str(), "…"),
        _ => text.into_owned(),
    };
    text.chars().filter(|c| !c.is_control()).take(160).collect()
}
