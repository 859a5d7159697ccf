//! A walk as bytes: what it has learnt, and no more of the past than it will look at again.

use super::{Current, Episode, Settings, Walk, Walker};
use crate::baseline::trailing::Trailing;
use crate::detect::windows::Errors;
use crate::stats::plain::{Plain, plain};
use std::ops::Range;

plain!(Episode { sign, onset, first_seen, detected, end, open, level_shift, peak, peak_z, p, window });
plain!(Current { episode, level, prior, season });

impl Episode {
    /// The same episode on a grid that begins `by` periods later (earlier if negative).
    pub(crate) fn shifted(&self, by: isize) -> Episode {
        let moved = |t: usize| t.saturating_add_signed(-by);
        Episode {
            onset: moved(self.onset),
            first_seen: moved(self.first_seen),
            detected: moved(self.detected),
            end: moved(self.end),
            peak: moved(self.peak),
            ..self.clone()
        }
    }
}

impl Walker {
    /// The walk as bytes. `base` is the number of periods before its first one on a grid that never moves; episodes
    /// that ended more than `memory` periods ago are forgotten.
    pub fn save(&self, base: usize, memory: usize) -> Vec<u8> {
        let (n, by) = (self.len(), -(base as isize));
        let keep = self.needed_from();
        let mut out = Vec::with_capacity(4096);
        (n + base).put(&mut out);
        self.begin.map(|t| t + base).put(&mut out);
        (self.calm_since + base).put(&mut out);
        (self.learnt + base).put(&mut out);
        self.current.as_ref().map(|current| current.shifted(by)).put(&mut out);
        self.trailing.put(&mut out);
        self.spread.put(&mut out);
        self.bias.put(&mut out);
        self.drift.put(&mut out);
        self.out.judged.put(&mut out);
        let remembered = self.out.episodes.iter().filter(|e| e.end + memory >= n);
        remembered.map(|e| e.shifted(by)).collect::<Vec<_>>().put(&mut out);
        let left_out: Vec<(usize, usize)> = runs(&self.out.in_episode)
            .filter(|run| run.end + memory >= n)
            .map(|r| (r.start + base, r.end + base))
            .collect();
        left_out.put(&mut out);
        (keep + base).put(&mut out);
        for values in self.arrays() {
            values[keep..].to_vec().put(&mut out);
        }
        out
    }

    /// Takes a walk up again, on a grid that begins `base` periods after the one that never moves. `base` must be a
    /// whole number of seasons. `None` if the bytes are none of [`Walker::save`].
    pub fn restore(settings: &Settings, mut bytes: &[u8], base: usize) -> Option<Walker> {
        let input = &mut bytes;
        let back = |t: usize| t.saturating_sub(base);
        let n = usize::read(input)?.checked_sub(base)?;
        let mut walker = Walker::new(settings);
        walker.begin = Option::<usize>::read(input)?.map(back);
        walker.calm_since = back(usize::read(input)?);
        walker.learnt = back(usize::read(input)?);
        walker.current = Option::<Current>::read(input)?.map(|current| current.shifted(base as isize));
        walker.trailing = Trailing::read(&settings.baseline, input)?;
        walker.spread = Plain::read(input)?;
        walker.spread.settle();
        walker.bias = Plain::read(input)?;
        walker.drift = Plain::read(input)?;
        walker.out.judged = Plain::read(input)?;
        let episodes = Vec::<Episode>::read(input)?;
        // An episode wholly before the new beginning would come to lie on it.
        walker.out.episodes = episodes.iter().filter(|e| e.end >= base).map(|e| e.shifted(base as isize)).collect();
        (0..n).for_each(|_| walker.make_room());
        for (start, end) in Vec::<(usize, usize)>::read(input)? {
            walker.out.in_episode.get_mut(back(start)..back(end))?.fill(true);
        }
        let keep = usize::read(input)?;
        for values in walker.arrays_mut() {
            let kept = Vec::<f64>::read(input)?;
            let kept = kept.get(base.saturating_sub(keep)..)?;
            let at = n.checked_sub(kept.len())?;
            values[at..].copy_from_slice(kept);
        }
        walker.look_back(walker.learnt);
        input.is_empty().then_some(walker)
    }

    /// First period whose residuals will be looked at again: by the windows of evidence, by what waits to be learnt
    /// from, by the episode going on.
    fn needed_from(&self) -> usize {
        let Settings { drift_gap, drift_length, .. } = self.settings;
        let reach = self.settings.windows.last().unwrap_or(&1) + drift_gap + drift_length + 1;
        let going_on = self.current().map_or(usize::MAX, |e| e.onset.min(e.first_seen));
        self.len().min(self.learnt).min(going_on).saturating_sub(reach)
    }

    fn arrays(&self) -> [&Vec<f64>; 9] {
        let Walk { expected, spread, z, .. } = &self.out;
        let Errors { residual, counted, sum, seen } = &self.errors;
        [residual, counted, sum, seen, &self.slow, &self.drifted, expected, spread, z]
    }

    fn arrays_mut(&mut self) -> [&mut Vec<f64>; 9] {
        let Walk { expected, spread, z, .. } = &mut self.out;
        let Errors { residual, counted, sum, seen } = &mut self.errors;
        [residual, counted, sum, seen, &mut self.slow, &mut self.drifted, expected, spread, z]
    }
}

impl Current {
    fn shifted(&self, by: isize) -> Current {
        Current { episode: self.episode.shifted(by), ..self.clone() }
    }
}

/// Stretches of `true`.
fn runs(flags: &[bool]) -> impl Iterator<Item = Range<usize>> {
    let mut t = 0;
    std::iter::from_fn(move || {
        let start = t + flags[t..].iter().position(|flag| *flag)?;
        t = flags[start..].iter().position(|flag| !*flag).map_or(flags.len(), |n| start + n);
        Some(start..t)
    })
}
