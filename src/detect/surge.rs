//! Episodes: when a series leaves what was to be expected, and when it comes back. A walk forward through time that
//! knows only the past: baseline, spread and state at period t come from periods before t (method.md sections 1–4).

use crate::baseline::drift::{Bias, Drift};
use crate::baseline::trailing::Trailing;
use crate::detect::spike::Spread;
use crate::detect::windows::Errors;
use crate::stats::lanes::sum_of_observed;

mod episode;
mod settings;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use episode::note_peak;
pub use episode::{Episode, Walk};
pub use settings::{OPEN_P, SHIFT_DAYS, Settings};

/// A level that has settled stands at least at this part of the episode's mean distance from the old one.
const SETTLED: f64 = 0.75;
/// The onset is looked for again when the evidence has become so many times stronger.
const REFINE: f64 = 0.1;
/// The lag behind growth is learnt over so many years.
const BIAS_YEARS: f64 = 0.33;

/// Walks through `x` (working scale, `NaN` = gap) and finds its episodes.
pub fn walk(x: &[f64], settings: &Settings) -> Walk {
    let mut walker = Walker::new(settings);
    walker.advance(x, &mut |_, _| {});
    walker.finish()
}

/// A walk that can be interrupted: what is known of a series after some periods, ready for the next ones. The values
/// themselves stay with the caller. `state` turns it into bytes and back.
#[derive(Clone, Debug)]
pub struct Walker {
    settings: Settings,
    trailing: Trailing,
    spread: Spread,
    errors: Errors,
    /// Baselines begin here: the onset of the last level shift, or the first observation; `None` before it.
    begin: Option<usize>,
    calm_since: usize,
    /// Errors before this period have been learnt from.
    learnt: usize,
    current: Option<Current>,
    bias: Bias,
    drift: Drift,
    /// Residuals without the drift, `NaN` within episodes, and the drift in each period.
    slow: Vec<f64>,
    drifted: Vec<f64>,
    /// Mean slow residual of the recent stretch of each period.
    stretches: Vec<f64>,
    out: Walk,
}

/// The episode going on, with the baseline frozen at its onset.
#[derive(Clone, Debug)]
struct Current {
    episode: Episode,
    level: f64,
    prior: f64,
    season: crate::baseline::seasonal::Season,
}

impl Walker {
    /// A walk that has not begun.
    pub fn new(settings: &Settings) -> Walker {
        Walker {
            trailing: Trailing::new(&settings.baseline),
            spread: Spread::new(&settings.windows, settings.per_year),
            errors: Errors::default(),
            begin: None,
            calm_since: 0,
            learnt: 0,
            current: None,
            bias: Bias::new(BIAS_YEARS * settings.per_year, settings.lag()),
            drift: Drift::new(settings.per_year),
            slow: Vec::new(),
            drifted: Vec::new(),
            stretches: Vec::new(),
            out: Walk {
                expected: Vec::new(),
                spread: Vec::new(),
                z: Vec::new(),
                p: Vec::new(),
                sign: Vec::new(),
                episodes: Vec::new(),
                judged: 0,
                in_episode: Vec::new(),
            },
            settings: settings.clone(),
        }
    }

    /// Number of periods walked so far.
    pub fn len(&self) -> usize {
        self.errors.len()
    }

    /// Whether the walk has not begun.
    pub fn is_empty(&self) -> bool {
        self.errors.len() == 0
    }

    /// What is known so far; the episode going on, if any, is not in it: see [`Walker::current`].
    pub fn known(&self) -> &Walk {
        &self.out
    }

    /// The episode going on.
    pub fn current(&self) -> Option<&Episode> {
        self.current.as_ref().map(|current| &current.episode)
    }

    /// Walks on to the end of `x`, which holds the periods walked so far and the new ones. After every observed
    /// period that belongs to an episode `seen` hears of the period and of the episode as it then stands.
    pub fn advance(&mut self, x: &[f64], seen: &mut impl FnMut(usize, &Episode)) {
        // At once what it takes: thousands of walks are kept, and what grows is copied and leaves gaps between them.
        let more = x.len() - self.len();
        let Walk { expected, spread, z, p, sign, in_episode, .. } = &mut self.out;
        let Walker { slow, stretches, drifted, errors, .. } = self;
        for values in [expected, spread, z, p, sign, slow, stretches, drifted].into_iter().chain(errors.parts()) {
            values.reserve(more);
        }
        in_episode.reserve(more);
        for t in self.len()..x.len() {
            self.make_room();
            let closed = self.out.episodes.len();
            self.step(&x[..=t], t);
            let episode = self.out.episodes.get(closed).or(self.current());
            if let (Some(episode), false) = (episode, x[t].is_nan()) {
                seen(t, episode);
            }
        }
    }

    /// The walk as it stands at its end.
    pub fn finish(mut self) -> Walk {
        if let Some(current) = self.current.take() {
            self.out.episodes.push(current.episode);
        }
        self.out
    }

    fn make_room(&mut self) {
        let Walk { expected, spread, z, p, sign, in_episode, .. } = &mut self.out;
        for values in [&mut self.slow, &mut self.stretches, expected, spread, z, p] {
            values.push(f64::NAN);
        }
        self.errors.make_room();
        self.drifted.push(0.0);
        sign.push(0.0);
        in_episode.push(false);
    }

    fn step(&mut self, x: &[f64], t: usize) {
        if self.begin.is_none() && !x[t].is_nan() {
            self.begin = Some(t);
        }
        let Some(begin) = self.begin else { return };
        let stretch = self.stretch(t);
        self.stretches[t] = stretch;
        self.drifted[t] = if stretch.is_nan() { 0.0 } else { self.drift.part() * stretch };
        let (level, prior, season) = match &self.current {
            Some(current) => (current.level, current.prior, current.season.at(t)),
            None => match self.trailing.at(x, &self.out.in_episode, begin, t) {
                Some((level, season)) => {
                    self.spread.stand_on(level.observed, self.bias.error());
                    let slow = level.level + self.bias.correction();
                    self.slow[t] = x[t] - slow - season.at(t);
                    let known = (slow + self.drifted[t], level.spread, season.at(t));
                    // Once: a gap is not judged, and the next period would learn the same again.
                    if self.out.judged == 0 && !x[t].is_nan() {
                        self.spread.begin_with(self.trailing.residuals(), known.1);
                    }
                    known
                }
                None => return,
            },
        };
        let expected = level + season;
        self.judge(x, expected, prior);
    }

    /// Learns from the errors made a while ago. Not from today's: a surge in its first days, not yet seen to be one,
    /// would widen the spread that it is to be judged by. For the same reason an episode that is going on waits until
    /// it has closed and has shown what it was.
    fn learn(&mut self, t: usize, prior: f64, floor: f64) {
        let lag = self.settings.baseline.gap.max(1);
        let going_on = self.current.as_ref().map_or(usize::MAX, |current| current.episode.first_seen);
        while self.learnt + lag <= t && self.learnt < going_on {
            let u = self.learnt;
            self.learnt += 1;
            let residual = self.errors.residual[u];
            if !self.in_telling_episode(u) && !residual.is_nan() {
                let calm_since = self.calm_before(u);
                self.spread.learn(&self.errors, u, calm_since, prior, floor);
                self.bias.learn(residual, self.out.spread[t]);
                let scale = self.out.spread[t];
                self.drift.learn(self.stretches[u] / scale, self.slow[u] / scale);
            }
        }
    }

    /// Mean slow residual of a recent stretch, `NaN` where less than half of it is known. A short gap stands between
    /// it and `t`: the first days of a surge do not hide the next.
    fn stretch(&self, t: usize) -> f64 {
        let Settings { drift_gap, drift_length, .. } = self.settings;
        let end = t.saturating_sub(drift_gap);
        let start = end.saturating_sub(drift_length);
        let (sum, n) = sum_of_observed(&self.slow[start..end], |slow| slow);
        if n == 0 || 2 * n < drift_length { f64::NAN } else { sum / n as f64 }
    }

    /// Takes the means of the stretches anew from period `from` on: what they were made of has changed.
    fn look_back(&mut self, from: usize) {
        for u in from..self.len() {
            self.stretches[u] = self.stretch(u);
        }
    }

    /// Whether `u` lies in an episode that chance hardly made. One that chance may well have made must be learnt from:
    /// leaving out whatever is large would make the spread too small.
    fn in_telling_episode(&self, u: usize) -> bool {
        let telling = |e: &Episode| e.onset <= u && u <= e.end && (e.level_shift || e.p <= self.settings.telling_p);
        self.current.as_ref().is_some_and(|c| c.episode.onset <= u && telling(&c.episode))
            || self.out.episodes.iter().rev().take_while(|e| e.end >= u).any(telling)
    }

    /// First period after the last telling episode before `u`.
    fn calm_before(&self, u: usize) -> usize {
        let last = self.out.episodes.iter().rev().find(|e| e.end < u && e.p <= self.settings.telling_p);
        last.map_or(0, |e| e.end + 1)
    }

    fn judge(&mut self, x: &[f64], expected: f64, prior: f64) {
        let t = x.len() - 1;
        let floor = settings::floor(self.settings.scale, expected);
        self.out.expected[t] = expected;
        self.out.spread[t] = self.spread.single(prior, floor);
        let residual = x[t] - expected;
        self.errors.set(t, residual, self.spread.counts_for(residual, self.out.spread[t]));
        let evidence = self.spread.evidence(&self.errors, t, self.calm_since, prior, floor);
        self.out.z[t] = evidence.z;
        self.learn(t, prior, floor);
        if x[t].is_nan() {
            return;
        }
        self.out.judged += 1;
        self.out.p[t] = evidence.p;
        self.out.sign[t] = evidence.sign;
        match self.current.take() {
            None if evidence.p <= self.settings.open_p => self.open(x, evidence.sign, evidence.p, evidence.window),
            None => {}
            Some(current) => self.carry_on(t, current, evidence.p, evidence.sign, evidence.window),
        }
    }

    /// Opens an episode at `t`: finds its most likely onset and freezes the baseline there.
    fn open(&mut self, x: &[f64], sign: f64, p: f64, window: usize) {
        let (t, begin) = (x.len() - 1, self.begin.unwrap_or(0));
        let onset = self.onset(t, sign, window);
        let bias = self.bias.correction() + self.drifted[onset];
        let Some((level, season)) = self.trailing.at(x, &self.out.in_episode, begin, t) else { return };
        let (level, prior, season) = (level.level + bias, level.spread, season.clone());
        let mut episode = Episode {
            sign,
            onset,
            first_seen: onset,
            detected: t,
            end: t,
            open: true,
            level_shift: false,
            peak: t,
            peak_z: f64::NEG_INFINITY,
            p,
            window,
        };
        for (u, &value) in x.iter().enumerate().take(t + 1).skip(onset) {
            // Windows see the whole episode against the baseline of the day of detection; what was said of a period on
            // its day, its z and what was expected of it, stays.
            let residual = value - level - season.at(u);
            self.errors.set(u, residual, self.spread.counts_for(residual, self.out.spread[u]));
            note_peak(&mut episode, u, self.out.z[u]);
            (self.out.in_episode[u], self.slow[u]) = (true, f64::NAN);
        }
        self.look_back(onset);
        self.current = Some(Current { episode, level, prior, season });
    }

    /// The most likely onset of a shift that is visible at `t`: it maximises the likelihood ratio of "raised since"
    /// for a shift of the size seen (Page 1954), not before the last episode nor further back than the longest window.
    fn onset(&self, t: usize, sign: f64, window: usize) -> usize {
        let reach = *self.settings.windows.last().unwrap_or(&1);
        let first = t.saturating_sub(reach.saturating_sub(1)).max(self.calm_since);
        let seen: Vec<f64> =
            self.errors.residual[t + 1 - window..=t].iter().filter(|r| !r.is_nan()).map(|r| r * sign).collect();
        let size = crate::stats::robust::median(&seen).max(2.0 * self.out.spread[t]).min(10.0 * self.out.spread[t]);
        let (mut onset, mut best, mut sum) = (t, f64::NEG_INFINITY, 0.0);
        for u in (first..=t).rev() {
            let r = self.errors.residual[u] * sign;
            if r.is_nan() {
                continue;
            }
            sum += r.min(2.0 * size) - size / 2.0;
            if sum > best {
                (best, onset) = (sum, u);
            }
        }
        onset
    }

    /// Continues an episode, closes it when calm has returned, or declares a level shift.
    fn carry_on(&mut self, t: usize, mut current: Current, p: f64, sign: f64, window: usize) {
        let episode = &mut current.episode;
        self.out.in_episode[t] = true;
        let r = self.errors.residual[t] * episode.sign;
        let raised = r > self.raised_threshold(t, episode.sign);
        if raised {
            episode.end = t;
        }
        if sign == episode.sign && p < episode.p {
            let surer = p < REFINE * episode.p;
            (episode.p, episode.window) = (p, window);
            if surer && window > 1 {
                // What chance had begun, the surge itself has overtaken: its own size now tells where it began.
                let onset = self.onset(t, sign, window).clamp(episode.first_seen, episode.end);
                self.out.in_episode[episode.first_seen..onset].fill(false);
                self.out.in_episode[onset..=t].fill(true);
                episode.onset = onset;
                if onset > episode.detected {
                    // What was seen before it began was not this surge.
                    episode.detected = t;
                }
                episode.peak_z = f64::NEG_INFINITY;
                (onset..t).for_each(|u| note_peak(episode, u, self.out.z[u]));
            }
        }
        note_peak(episode, t, self.out.z[t]);
        let (onset, end) = (episode.onset, episode.end);
        if raised && self.has_settled(&current.episode, t) {
            current.episode.level_shift = true;
            self.close(t, current.episode);
            self.restart(onset, t);
        } else if self.is_calm(t, end) {
            self.close(end, current.episode);
        } else {
            self.current = Some(current);
        }
    }

    /// A period counts as raised above one and a half spreads, or half of that while its neighbours carry it.
    fn raised_threshold(&self, t: usize, sign: f64) -> f64 {
        let before = t.checked_sub(1).map_or(f64::NAN, |u| self.errors.residual[u] * sign);
        let carried = before > 1.5 * self.out.spread[t];
        self.out.spread[t] * if carried { 0.75 } else { 1.5 }
    }

    /// Calm: for the last `calm` observed periods nothing was raised.
    fn is_calm(&self, t: usize, end: usize) -> bool {
        let quiet = self.errors.residual[end + 1..=t].iter().filter(|r| !r.is_nan()).count();
        quiet >= self.settings.calm
    }

    fn close(&mut self, end: usize, mut episode: Episode) {
        episode.open = false;
        for flag in &mut self.out.in_episode[end + 1..] {
            *flag = false;
        }
        self.calm_since = end + 1;
        self.out.episodes.push(episode);
        self.trailing.expire_level();
    }

    /// Whether an episode has become the new level: it has lasted, and in its last quarter the series stood three quarters as far
    /// from its baseline as it did on the whole. A surge that fades away is none, however long it takes.
    fn has_settled(&self, episode: &Episode, t: usize) -> bool {
        let lasted = self.settings.shift_after;
        let since = |from: usize| {
            let (sum, n) = sum_of_observed(&self.errors.residual[from..=t], |r| r * episode.sign);
            sum / n as f64
        };
        t + 1 - episode.onset >= lasted && since(t + 1 - (lasted / 4).max(1)) >= SETTLED * since(episode.onset)
    }

    /// After a level shift the shifted periods are the new baseline: the least that makes one, so that what led up to
    /// the new level has no part in it.
    fn restart(&mut self, onset: usize, t: usize) {
        let least = self.settings.baseline.gap + self.settings.baseline.min_observed;
        let begin = onset.max((t + 1).saturating_sub(least));
        self.begin = Some(begin);
        self.out.in_episode[onset..=t].fill(false);
        self.calm_since = t + 1;
        self.trailing.expire();
    }
}
