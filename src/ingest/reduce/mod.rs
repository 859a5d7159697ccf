//! Any number of files in any format to one canonical table on one grid: streaming, several files at once, in memory
//! that grows with distinct keys and periods, not with rows.
//!
//! A file counts whole or not at all. Results can be reduced again: reducing parts and then their results gives what
//! reducing everything at once gives. Files are merged in the order of the inputs, so the result does not depend on
//! threads.

mod checkpoint;
mod one;
mod output;
mod select;
mod stream;

pub use output::{Canonical, Record};

use super::gather::{Folding, Keep, Ways, joined, same_origin, second_list};
use super::stamp::Zone;
use super::store::{Pair, Store};
use super::{Columns, FileReport, Hints, inputs};
use crate::error::{Error, Result};
use crate::registry::Registry;
use crate::series::Kind;
use crate::time::Step;
use checkpoint::{Checkpoint, Seen, look};
use one::One;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

/// What names become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// All domains of an outlet become the one that it has on that day.
    Outlet,
    /// Registrable domains.
    #[default]
    Domain,
    /// Hosts as they are.
    Host,
}

/// Which names that the registry does not know are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// All.
    All,
    /// None.
    None,
    /// So many: those with the most visits.
    Top(usize),
}

/// What to reduce and how.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// Files, folders, globs, or `-` for standard input.
    pub inputs: Vec<String>,
    /// Length of a period.
    pub every: Step,
    /// What names become.
    pub by: By,
    /// Which unknown names are kept; `None` = all, except of sources that hold far more than anybody asks for.
    pub unknown: Option<Unknown>,
    /// Who owns which domain.
    pub registry: &'a Registry,
    /// Columns named by the user.
    pub columns: Columns,
    /// What the numbers are; `None` = told by the source.
    pub kind: Option<Kind>,
    /// IANA name of the zone of stamps that carry none, and of days; `None` = UTC.
    pub time_zone: Option<String>,
    /// What the user knows about the files.
    pub hints: Hints,
    /// Where progress is kept.
    pub checkpoint: Option<PathBuf>,
    /// Threads.
    pub jobs: usize,
}

/// A canonical table and how it came about.
#[derive(Debug)]
pub struct Reduced {
    pub(super) every: Step,
    pub(super) kind: Kind,
    pub(super) store: Store,
    /// Files counted, in the order of the inputs.
    pub files: Vec<FileReport>,
    /// One error for each input that was left out.
    pub failures: Vec<Error>,
    /// Sentences for the reader.
    pub notes: Vec<String>,
    /// Reason → number of rows left out.
    pub skipped: BTreeMap<String, u64>,
}

/// What has been merged so far.
#[derive(Debug, Default)]
struct Merged {
    store: Store,
    kind: Option<(Kind, String)>,
    /// Whose ranks these are, and the first file of them.
    origin: Option<(String, String)>,
    files: Vec<FileReport>,
    /// What these looked like before they were read.
    seen: HashMap<String, Seen>,
    /// What makes two files one: their bytes and, where a name tells the time, that.
    identities: HashMap<String, String>,
    /// Keys whose numbers are scaled within one file.
    scales: HashMap<(String, String), String>,
    lists: Vec<super::gather::TopList>,
    skipped: BTreeMap<String, u64>,
    notes: BTreeMap<String, (String, u64)>,
    failures: Vec<Error>,
}

/// Reduces all inputs.
///
/// # Errors
/// No input could be read (the first failure), the options do not fit, or the checkpoint belongs to another order. A
/// bad input among others is no error: see [`Reduced::failures`].
pub fn reduce(order: &Order<'_>) -> Result<Reduced> {
    let zone = Zone::named(order.time_zone.as_deref())?;
    let articles = super::table::articles(order.hints.articles.as_deref(), order.registry)?;
    // Pages that come through are those asked for by name.
    let known = |name: &str| order.knows(name) || name.starts_with("article:");
    let keep: Option<Keep<'_>> = if order.unknown == Some(Unknown::None) { Some(&known) } else { None };
    let folding = if order.by == By::Host { Folding::Host } else { Folding::Domain };
    let ways = Ways { zone: &zone, step: Some(order.every), folding, keep };
    let mut merged = Merged::default();
    let mut found = inputs::expand(&order.inputs, &mut merged.failures);
    for total in found.totals.drain(..) {
        merged.note(&total.display().to_string(), "a total by its name: no traffic, left aside".into());
    }
    let mut checkpoint = Checkpoint::open(order, &mut merged)?;
    let todo = checkpoint.left(found.files)?;
    let threads = (order.jobs / todo.len().max(1)).max(1);
    let read = |path: &PathBuf| {
        let seen = look(path);
        one::read(path, order, ways, &articles, threads).map(|one| One { seen, ..one })
    };
    each_in_order(&todo, order.jobs, &read, |path, result| {
        merged.take(path.display().to_string(), result);
        checkpoint.save(&merged, false)
    })?;
    checkpoint.save(&merged, true)?;
    merged.finish(order, &zone)
}

/// Reduces a long table in memory to days, as CSV: what [`reduce`] makes of a file of these bytes.
///
/// # Errors
/// The first defect of the table.
pub fn reduce_bytes(bytes: &[u8]) -> Result<String> {
    let file = super::unpack::spool(bytes)?;
    let registry = Registry::empty();
    let order = Order {
        inputs: vec![file.display().to_string()],
        every: Step::DAY,
        by: By::Domain,
        unknown: None,
        registry: &registry,
        columns: Columns::default(),
        kind: None,
        time_zone: None,
        hints: Hints { format: Some("csv".into()), ..Hints::default() },
        checkpoint: None,
        jobs: 1,
    };
    let mut text = Vec::new();
    let reduced = reduce(&order)?;
    reduced.write_csv(&mut text).map_err(|e| Error::io("cannot write", e))?;
    String::from_utf8(text).map_err(|e| Error::input("found bytes that are not UTF-8").because(e))
}

/// Reads several files at once and takes the results in the order of the files.
fn each_in_order<'a>(
    files: &[PathBuf],
    jobs: usize,
    read: &(impl Fn(&PathBuf) -> Result<One<'a>> + Sync),
    mut take: impl FnMut(&PathBuf, Result<One<'a>>) -> Result<()> + Send,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    // Whose turn it is, and the first error of taking.
    let turn = Mutex::new((0usize, &mut take, Ok(())));
    let moved = Condvar::new();
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = files.get(index) else { return };
            let result = read(path);
            let mut state = turn.lock().unwrap_or_else(PoisonError::into_inner);
            while state.0 != index {
                state = moved.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if state.2.is_ok() {
                state.2 = (state.1)(path, result);
            }
            if state.2.is_err() {
                // Nothing more is begun.
                next.store(files.len(), Ordering::Relaxed);
            }
            state.0 += 1;
            moved.notify_all();
        }
    };
    std::thread::scope(|scope| {
        let workers = jobs.min(files.len()).max(1);
        (1..workers).for_each(|_| drop(scope.spawn(work)));
        work();
    });
    turn.into_inner().unwrap_or_else(PoisonError::into_inner).2
}

impl Order<'_> {
    /// Whether the registry knows a name, at any time.
    fn knows(&self, name: &str) -> bool {
        match (self.by, crate::registry::fold(name)) {
            (By::Host, crate::registry::Host::Domain(domain)) => !self.registry.entries(&domain).is_empty(),
            _ => !self.registry.entries(name).is_empty(),
        }
    }
}

impl Merged {
    fn note(&mut self, file: &str, note: String) {
        self.notes.entry(note).or_insert_with(|| (file.to_string(), 0)).1 += 1;
    }

    /// Takes a file in, whole, or what is wrong with it.
    fn take(&mut self, path: String, result: Result<One<'_>>) {
        if let Err(error) = result.and_then(|one| self.add(one)) {
            self.failures.push(error.in_file(path));
        }
    }

    fn add(&mut self, one: One<'_>) -> Result<()> {
        if let Some(first) = self.identities.get(&one.identity) {
            let note = format!("the same bytes as {first}, counted once");
            self.note(&one.file.path, note);
            return Ok(());
        }
        if one.gather.tally.rows > 0 {
            self.check_kind(&one)?;
        }
        self.check_single(&one)?;
        for note in one.notes.iter().cloned().chain(one.gather.remarks()) {
            self.note(&one.file.path, note);
        }
        for (reason, rows) in one.gather.skipped() {
            *self.skipped.entry(reason.into()).or_default() += rows;
        }
        if !one.gather.totals.is_empty() {
            let rows = one.gather.totals.len() as u64;
            *self.skipped.entry("the total beside the values".into()).or_default() += rows;
        }
        self.identities.insert(one.identity, one.file.path.clone());
        self.lists.extend(one.gather.lists);
        self.store.absorb(one.gather.store);
        if let Some(seen) = one.seen {
            self.seen.insert(one.file.path.clone(), seen);
        }
        self.files.push(one.file);
        Ok(())
    }

    /// Numbers of two kinds do not make one table, nor do ranks of two publishers.
    fn check_kind(&mut self, one: &One<'_>) -> Result<()> {
        let (kind, file) = (one.gather.kind, &one.file.path);
        if let Some((other, first)) = self.kind.as_ref().filter(|(other, _)| *other != kind) {
            let (this, other) = (kind.name(), other.name());
            return Err(Error::input(format!("values are of kind '{this}', but of kind '{other}' in {first}")));
        }
        if kind == Kind::Rank {
            same_origin(one.origin.as_ref(), self.origin.as_ref())?;
            second_list(&one.gather.lists, &self.lists)?;
        }
        if let (None, Some(origin)) = (&self.origin, &one.origin) {
            self.origin = Some((origin.clone(), file.clone()));
        }
        self.kind.get_or_insert_with(|| (kind, file.clone()));
        Ok(())
    }

    /// What does not add up may stand once under a key and period, and what is scaled in one file only.
    fn check_single(&mut self, one: &One<'_>) -> Result<()> {
        let gather = &one.gather;
        if gather.kind.adds_up() {
            return Ok(());
        }
        let kind = gather.kind.name();
        let (names, countries) = (gather.store.names(), gather.store.countries());
        for time in gather.store.times() {
            for (pair, amount) in gather.store.sorted(time) {
                let (name, country) = (&names[pair.name as usize], &countries[pair.country as usize]);
                let mine = self.store.known_name(name).zip(self.store.known_country(country));
                let there = mine.is_some_and(|(name, country)| self.store.has(time, Pair { name, country }));
                if amount.rows() > 1 || there {
                    let period = super::stamp::show(time);
                    let message = format!(
                        "several values of '{name}' in the period {period}; values of kind '{kind}' cannot be added up; reduce them at their own step with --every"
                    );
                    return Err(Error::input(message));
                }
            }
        }
        if gather.kind == Kind::Scaled {
            let pairs = gather.store.pairs();
            let keys: HashSet<(String, String)> = pairs
                .into_iter()
                .map(|pair| (names[pair.name as usize].clone(), countries[pair.country as usize].clone()))
                .collect();
            if let Some((key, file)) = keys.iter().filter_map(|key| Some((key, self.scales.get(key)?))).min() {
                let message = format!(
                    "'{}' is in {file} too, and each download is scaled by itself: the two cannot be joined",
                    key.0
                );
                return Err(Error::input(message));
            }
            self.scales.extend(keys.into_iter().map(|key| (key, one.file.path.clone())));
        }
        Ok(())
    }

    fn finish(mut self, order: &Order<'_>, zone: &Zone) -> Result<Reduced> {
        if self.files.is_empty() {
            let others = self.failures.len().saturating_sub(1);
            return Err(match (self.failures.is_empty(), others) {
                (true, _) => Error::usage("no input given"),
                (false, 0) => self.failures.remove(0),
                (false, others) => {
                    self.failures.remove(0).context(format!("no input could be read ({others} more failed)"))
                }
            });
        }
        let kind = self.kind.as_ref().map_or(Kind::Count, |(kind, _)| *kind);
        select::below_lists(&mut self.store, &self.lists);
        let mut notes: Vec<String> = std::mem::take(&mut self.notes)
            .into_iter()
            .map(|(note, (file, count))| match count {
                1 => format!("{file}: {note}"),
                count => format!("{file} and {} more: {note}", count - 1),
            })
            .collect();
        notes.extend(joined(&self.lists));
        notes.extend(select::check_step(&self.store, order.every, kind, zone)?);
        let store = select::select(self.store, order, kind, &mut self.skipped);
        let Merged { files, failures, skipped, .. } = self;
        Ok(Reduced { every: order.every, kind, store, files, failures, notes, skipped })
    }
}
