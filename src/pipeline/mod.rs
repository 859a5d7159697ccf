//! From a panel of traffic to alerts, lifts and the index: the one function that every front end calls.
//!
//! load → **expect → detect → measure** → report

mod alerts;
mod baselines;
mod bytes;
mod candidates;
mod context;
mod lifts;
mod nets;
mod notes;
pub mod online;
mod part;
mod part_shifts;
mod parts;
mod references;
mod score;
mod shares;
mod sharing;
mod surge_lift;

pub use context::{coincide, explain};
pub use part::Part;
pub use score::Scored;

use crate::aggregate::{self, Watched};
use crate::alert::{Analysis, Counts, Event};
use crate::baseline::holiday::Holiday;
use crate::detect::persistence::Persistence;
use crate::error::{Error, Result};
use crate::series::{Panel, Role};
use crate::time::{Grid, Seconds, Step};

/// How to analyse.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Length of the baseline, in days (56 = eight weeks).
    pub baseline_days: f64,
    /// Gap between the baseline and the period judged, in days (7 = one week).
    pub gap_days: f64,
    /// False-discovery rate of the alerts.
    pub fdr: f64,
    /// Coverage of the intervals (0.9).
    pub interval: f64,
    /// Smallest mean observed value per period for an alert of a count.
    pub min_visits: f64,
    /// How many periods of how many in a row an alert must have stayed raised.
    pub persist: Persistence,
    /// Watch domains instead of outlets.
    pub by_domain: bool,
    /// Seed of everything that is resampled.
    pub seed: u64,
    /// Worker threads; 0 = as many as there are cores.
    pub jobs: usize,
    /// First moment to judge: earlier periods serve as history only.
    pub judge_from: Option<Seconds>,
    /// Whether the data end in an incomplete period that was left out: a surge still open then is known in part.
    pub cut_short: bool,
    /// Public holidays: what they usually do is learnt from earlier years (not in the online mode, which only flags
    /// them).
    pub holidays: Vec<Holiday>,
    /// Decide period by period from the past alone, as a scheduled job does, instead of once over all of it.
    pub online: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            baseline_days: 56.0,
            gap_days: 7.0,
            fdr: 0.05,
            interval: 0.9,
            min_visits: 20.0,
            persist: Persistence::default(),
            by_domain: false,
            seed: 1,
            jobs: 0,
            judge_from: None,
            cut_short: false,
            holidays: Vec::new(),
            online: false,
        }
    }
}

/// More threads than this are a slip of the pen.
const MOST_JOBS: usize = 1024;

impl Options {
    /// Refuses impossible values, naming the option of the command line.
    pub fn check(&self) -> Result<()> {
        let within = |name: &str, value: f64, low: f64, high: f64| {
            if value.is_finite() && value > low && value < high {
                Ok(())
            } else {
                Err(Error::usage(format!("--{name} is {value}, expected a number between {low} and {high}")))
            }
        };
        within("fdr", self.fdr, 0.0, 1.0)?;
        within("interval", self.interval, 0.0, 1.0)?;
        if !(14.0..=36_500.0).contains(&self.baseline_days) {
            let days = self.baseline_days;
            return Err(Error::usage(format!("--baseline is {days} days, expected two weeks (2w) or more")));
        }
        if self.jobs > MOST_JOBS {
            return Err(Error::usage(format!("--jobs is {}, expected at most {MOST_JOBS}", self.jobs)));
        }
        if !(self.gap_days >= 0.0 && self.gap_days.is_finite()) {
            return Err(Error::usage(format!("--gap is {} days, expected 0 or more", self.gap_days)));
        }
        if !(self.min_visits >= 0.0 && self.min_visits.is_finite()) {
            return Err(Error::usage(format!("--min-visits is {}, expected 0 or more", self.min_visits)));
        }
        Ok(())
    }
}

/// Called as series are finished: (done, all). May be called from several threads.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// Analyses a panel: scores every series at every level, decides over all of them which surges are alerts, measures
/// lifts around dated events, and builds the index.
///
/// # Errors
/// If an option is impossible, or if the panel has no series.
pub fn analyze(panel: &Panel, events: &[Event], options: &Options, progress: Progress<'_>) -> Result<Analysis> {
    check(panel, options)?;
    on_threads(options.jobs, || {
        let watched = aggregate::watched(panel, options.by_domain, season(panel.grid.step));
        let scored = in_parallel(watched, options.jobs, progress, |w| score_one(w, &panel.grid, options));
        finish(panel, scored, events, options, progress)
    })
}

fn check(panel: &Panel, options: &Options) -> Result<()> {
    options.check()?;
    match panel.series.is_empty() || panel.grid.len == 0 {
        true => Err(Error::input("no series to analyse")),
        false => Ok(()),
    }
}

/// The shortest season, in periods.
fn season(step: Step) -> usize {
    step.seasons().last().map_or(1, |season| step.periods_in(*season))
}

/// What can be said of one series by itself: the half of the work that may be done anywhere.
pub fn score_one(watched: Watched, grid: &Grid, options: &Options) -> Scored {
    score::score(watched, grid, options)
}

/// What can only be said over all series of a panel: which surges are alerts, lifts, the index, groups. `scored` are
/// the series of [`aggregate::watched`], in that order.
fn finish(
    panel: &Panel,
    scored: Vec<Scored>,
    events: &[Event],
    options: &Options,
    progress: Progress<'_>,
) -> Result<Analysis> {
    let scored = part_shifts::tell(scored, aggregate::several_countries(panel));
    let mut counts = count(panel, &scored);
    let (judged, told) = match options.online {
        false => (alerts::judge(&scored, panel, events, options, &mut counts), Vec::new()),
        true => {
            let passed = online::pass(panel, events, options, progress)?;
            (alerts::Judged::of(passed.alerts.into_values(), &scored, panel), passed.told)
        }
    };
    let index = shares::index_table(&scored, panel, options);
    let lifted = lifts::lift_tables(&scored, &judged, panel, events, options);
    let groups = alerts::groups(&judged.alerts, panel, options);
    let mut notes = notes::notes(panel, &scored, &counts, options);
    notes.extend(references::notes(&scored, &judged, &lifted.controls));
    // What is known of a series only here is given up as its description is made.
    let stretches = judged.surges.iter().zip(&judged.falls);
    let describe = |(s, (surges, falls)): (Scored, (&Vec<_>, &Vec<_>))| s.describe(surges, falls, options.interval);
    let mut series = Vec::with_capacity(scored.len());
    series.extend(scored.into_iter().zip(stretches).map(describe));
    Ok(Analysis {
        grid: panel.grid,
        alerts: judged.alerts,
        drops: judged.drops,
        told,
        series,
        index,
        lifts: lifted.visits,
        index_lifts: lifted.index,
        controls: lifted.controls,
        contributions: lifted.contributions,
        ratios: lifted.ratios,
        groups,
        confounders: Vec::new(),
        counts,
        notes,
    })
}

fn count(panel: &Panel, scored: &[Scored]) -> Counts {
    let watched = || scored.iter().filter(|s| s.watched.series.role == Role::State);
    Counts {
        series_tested: watched().filter(|s| s.walk.judged > 0).count(),
        series_too_short: watched().filter(|s| s.walk.judged == 0).count(),
        gaps: aggregate::gaps(panel),
        censored: panel.series.iter().map(|s| s.censored.len()).sum(),
        filled: scored.iter().map(|s| s.watched.filled.iter().filter(|f| **f).count()).sum(),
        ..Counts::default()
    }
}

/// Does `work` on `jobs` threads (0 = one a core): what is done in parallel meanwhile is done on these.
fn on_threads<R: Send>(jobs: usize, work: impl FnOnce() -> R + Send) -> R {
    #[cfg(feature = "parallel")]
    if jobs != 1
        && rayon::current_thread_index().is_none()
        && let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(jobs).build()
    {
        return pool.install(work);
    }
    let _ = jobs;
    work()
}

/// Applies `work` to every item, in order, on `jobs` threads (0 = one a core), or on those that this is called on.
fn in_parallel<T: Send, R: Send>(
    items: Vec<T>,
    jobs: usize,
    progress: Progress<'_>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let all = items.len();
    let done = std::sync::atomic::AtomicUsize::new(0);
    let counted = |item| {
        let result = work(item);
        progress(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1, all);
        result
    };
    #[cfg(feature = "parallel")]
    if jobs != 1 && all > 1 {
        use rayon::prelude::*;
        return on_threads(jobs, || items.into_par_iter().map(counted).collect());
    }
    let _ = jobs;
    items.into_iter().map(counted).collect()
}

/// Days as a whole number of periods.
pub fn periods(days: f64, step: Step) -> usize {
    (days * Step::DAY.seconds() as f64 / step.seconds() as f64).round() as usize
}
