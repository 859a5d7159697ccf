//! The values that scoring needs, in memory: the last stretch of every series, and what a new file changes in it.

use super::store::{Name, Period};
use crate::error::{Error, Result};
use crate::series::{Key, Panel, Series};
use crate::time::{Grid, Seconds, Step};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The last stretch of every series.
#[derive(Debug)]
pub struct Tail {
    step: Step,
    /// Start of the first period in memory.
    start: Seconds,
    names: Vec<Name>,
    numbers: HashMap<Name, usize>,
    /// By number of the series, then by period.
    values: Vec<Vec<f64>>,
    bounds: Vec<BTreeMap<usize, f64>>,
    /// Number of series that the store knows.
    stored: usize,
    /// Periods whose values are not yet in the store.
    changed: BTreeSet<usize>,
    /// Series with a value that was another before.
    revised: BTreeSet<usize>,
}

/// Series and periods that the store does not have yet.
pub type Unstored = (Vec<(u32, Name)>, Vec<(Seconds, Period)>);

/// What a file brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Values where none were.
    pub new: u64,
    /// Values of periods that had been judged without them.
    pub late: u64,
    /// Values that were others before.
    pub revised: u64,
    /// Values as they were known already.
    pub same: u64,
    /// Values that differ from what is known, of periods too old to be judged again: not taken.
    pub too_old: u64,
    /// Series seen for the first time.
    pub series: u64,
}

impl Taken {
    /// Adds another file's.
    pub fn add(&mut self, other: Taken) {
        self.new += other.new;
        self.late += other.late;
        self.revised += other.revised;
        self.same += other.same;
        self.too_old += other.too_old;
        self.series += other.series;
    }
}

impl Tail {
    /// The tail as the store has it, from `start` on.
    pub fn new(step: Step, start: Seconds, names: Vec<Name>, periods: Vec<(Seconds, Period)>) -> Result<Tail> {
        let numbers = names.iter().cloned().enumerate().map(|(i, name)| (name, i)).collect();
        let mut tail = Tail {
            step,
            start,
            stored: names.len(),
            values: vec![Vec::new(); names.len()],
            bounds: vec![BTreeMap::new(); names.len()],
            names,
            numbers,
            changed: BTreeSet::new(),
            revised: BTreeSet::new(),
        };
        for (time, period) in periods {
            let t = tail.index(time)?;
            tail.reach(t);
            if period.values.len() > tail.names.len() {
                return Err(Error::input("the store has values of series that it does not name: it is damaged"));
            }
            for (series, value) in period.values.into_iter().enumerate() {
                tail.values[series][t] = value;
            }
            for (series, bound) in period.bounds {
                if let Some(bounds) = tail.bounds.get_mut(series as usize) {
                    bounds.insert(t, bound);
                }
            }
        }
        Ok(tail)
    }

    fn index(&self, time: Seconds) -> Result<usize> {
        let (span, step) = (time - self.start, self.step.seconds());
        match span.rem_euclid(step) {
            0 => usize::try_from(span / step).map_err(|_| Error::input("a period before the first")),
            _ => Err(Error::input(format!(
                "the periods of the input begin at other moments than those in the store (every {}): another time \
                 zone or another step than before? A new store takes them",
                self.step.name()
            ))),
        }
    }

    /// Makes room up to period `t`.
    fn reach(&mut self, t: usize) {
        if t >= self.len() {
            self.values.iter_mut().for_each(|values| values.resize(t + 1, f64::NAN));
        }
    }

    /// Number of periods.
    pub fn len(&self) -> usize {
        self.values.first().map_or(0, Vec::len)
    }

    /// Whether there is no period.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Grid of the tail.
    pub fn grid(&self) -> Grid {
        Grid { start: self.start, step: self.step, len: self.len() }
    }

    /// Takes a file in. Values before `frozen` have been judged for good; those before `judged` will be judged again.
    ///
    /// # Errors
    /// A grid that does not fit, or a series of another kind than before.
    pub fn take(&mut self, panel: &Panel, frozen: Seconds, judged: Seconds) -> Result<Taken> {
        if panel.grid.step != self.step {
            let (found, expected) = (panel.grid.step.name(), self.step.name());
            let message = format!("one value a {found}; the store has one a {expected}");
            return Err(Error::input(message));
        }
        let mut taken = Taken::default();
        for series in &panel.series {
            self.take_series(series, &panel.grid, (frozen, judged), &mut taken)?;
        }
        Ok(taken)
    }

    fn take_series(
        &mut self,
        series: &Series,
        grid: &Grid,
        (frozen, judged): (Seconds, Seconds),
        taken: &mut Taken,
    ) -> Result<()> {
        let name = (series.key.clone(), series.role, series.kind);
        let known = self.numbers.get(&name).copied();
        for t in 0..grid.len {
            let (value, bound) = (series.values[t], series.censored.get(&t).copied());
            if value.is_nan() && bound.is_none() {
                continue;
            }
            let time = grid.time(t);
            let before = known.filter(|_| time >= self.start).and_then(|i| Some((i, self.index(time).ok()?)));
            let (old, old_bound) = before.map_or((f64::NAN, None), |(i, t)| {
                (self.values[i].get(t).copied().unwrap_or(f64::NAN), self.bounds[i].get(&t).copied())
            });
            if (old == value || (old.is_nan() && value.is_nan())) && old_bound == bound {
                taken.same += 1;
            } else if time < frozen || time < self.start {
                taken.too_old += 1;
            } else {
                let was_gap = old.is_nan() && old_bound.is_none();
                let count = match (was_gap, time < judged) {
                    (false, _) => &mut taken.revised,
                    (true, true) => &mut taken.late,
                    (true, false) => &mut taken.new,
                };
                *count += 1;
                let (i, fresh) = self.number(name.clone());
                taken.series += u64::from(fresh);
                if !was_gap || time < judged {
                    self.revised.insert(i);
                }
                let t = self.index(time)?;
                self.reach(t);
                self.values[i][t] = value;
                match bound {
                    Some(bound) => self.bounds[i].insert(t, bound),
                    None => self.bounds[i].remove(&t),
                };
                self.changed.insert(t);
            }
        }
        Ok(())
    }

    /// Number of a series; a new one gets the next.
    fn number(&mut self, name: Name) -> (usize, bool) {
        if let Some(&i) = self.numbers.get(&name) {
            return (i, false);
        }
        let (i, len) = (self.names.len(), self.len());
        self.numbers.insert(name.clone(), i);
        self.names.push(name);
        self.values.push(vec![f64::NAN; len]);
        self.bounds.push(BTreeMap::new());
        (i, true)
    }

    /// Makes room for periods from `start` on, before the first: a file of an earlier time in the first run.
    pub fn extend_back(&mut self, start: Seconds) -> Result<()> {
        let shift = (self.start - start) / self.step.seconds();
        self.start = start;
        let shift = usize::try_from(shift).map_err(|_| Error::input("a period before the first"))?;
        for values in &mut self.values {
            values.splice(0..0, std::iter::repeat_n(f64::NAN, shift));
        }
        for bounds in &mut self.bounds {
            *bounds = std::mem::take(bounds).into_iter().map(|(t, bound)| (t + shift, bound)).collect();
        }
        self.changed = self.changed.iter().map(|t| t + shift).collect();
        Ok(())
    }

    /// Forgets the periods before `start`, which lies on the grid, without touching the store.
    pub fn cut(&mut self, start: Seconds) -> Result<()> {
        if start <= self.start {
            return Ok(());
        }
        let shift = self.index(start)?.min(self.len());
        self.values.iter_mut().for_each(|values| drop(values.drain(..shift)));
        for bounds in &mut self.bounds {
            *bounds = bounds.split_off(&shift).into_iter().map(|(t, bound)| (t - shift, bound)).collect();
        }
        self.changed = self.changed.split_off(&shift).into_iter().map(|t| t - shift).collect();
        self.start = start;
        Ok(())
    }

    /// The series as a panel, sorted by key: those with a value in memory.
    pub fn panel(&self) -> Panel {
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        order.sort_by(|a, b| self.names[*a].0.cmp(&self.names[*b].0).then(self.names[*a].1.cmp(&self.names[*b].1)));
        let series = order.into_iter().map(|i| {
            let (key, role, kind) = self.names[i].clone();
            Series { key, role, kind, values: self.values[i].clone().into(), censored: self.bounds[i].clone() }
        });
        let series = series.filter(|one| one.observed_span().is_some()).collect();
        Panel { grid: self.grid(), series, totals: BTreeMap::new() }
    }

    /// The keys of all series.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.names.iter().map(|name| &name.0)
    }

    /// The keys of the series with values that were others before, or that came late.
    pub fn revised(&self) -> impl Iterator<Item = &Name> {
        self.revised.iter().map(|i| &self.names[*i])
    }

    /// Whether anything is not yet in the store.
    pub fn is_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// What is not yet in the store: series, periods.
    pub fn changes(&self) -> Unstored {
        let series = (self.stored..self.names.len()).map(|i| (i as u32, self.names[i].clone())).collect();
        let period = |&t: &usize| {
            let values = self.values.iter().map(|values| values[t]).collect();
            let bounds = self.bounds.iter().enumerate();
            let bounds = bounds.filter_map(|(i, b)| Some((i as u32, *b.get(&t)?))).collect();
            (self.grid().time(t), Period { values, bounds })
        };
        (series, self.changed.iter().map(period).collect())
    }

    /// The store has it all.
    pub fn settle(&mut self) {
        self.stored = self.names.len();
        self.changed.clear();
    }
}
