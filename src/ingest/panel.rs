//! From the rows of all files to series on one grid.

use super::gather::{TopList, joined, same_origin, second_list};
use super::grid::{Found, Stamps};
use super::rows::{Amount, Row, Seen, Table};
use super::stamp::{Zone, show};
use super::totals::with_all_together;
use super::{LoadReport, Request, Watch};
use crate::error::{Error, Result};
use crate::registry::Entry;
use crate::series::{Key, Kind, Role, Series};
use crate::time::Seconds;
// Millions of rows are looked up by keys of our own: hashing that withstands chosen keys would take a third of the time.
use foldhash::{HashMap, HashSet};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Collects rows under their series before the grid is known.
pub(super) struct Collector<'a> {
    request: &'a Request<'a>,
    kind: Option<(Kind, String)>,
    /// Whose ranks these are, and the first file of them.
    origin: Option<(String, String)>,
    series: HashMap<(Key, Role), u32>,
    rows: Vec<(u32, Seconds, Seen)>,
    all: HashMap<(String, Seconds), f64>,
    pub(super) stamps: Stamps,
    /// Denominators that came with the values.
    pub(super) totals: Vec<(Seconds, String, f64)>,
    /// Lists that end somewhere.
    lists: Vec<TopList>,
    /// Name and country → the download that its scale belongs to.
    scales: HashMap<(String, String), String>,
    /// Whether any table tells countries apart.
    pub(super) has_country: bool,
}

/// What becomes of the rows of one domain and country: one fate a registry entry, chosen by date.
enum Fate {
    Series(u32),
    Skip(&'static str),
}

impl<'a> Collector<'a> {
    pub(super) fn new(request: &'a Request<'a>) -> Self {
        Collector {
            request,
            kind: None,
            origin: None,
            series: HashMap::default(),
            rows: Vec::new(),
            all: HashMap::default(),
            stamps: Stamps::default(),
            totals: Vec::new(),
            lists: Vec::new(),
            scales: HashMap::default(),
            has_country: false,
        }
    }

    /// Kind of all files read so far.
    pub(super) fn kind(&self) -> Kind {
        self.request.kind.or(self.kind.as_ref().map(|(kind, _)| *kind)).unwrap_or_default()
    }

    /// Takes a table in; counts in `report` what is left out.
    ///
    /// # Errors
    /// Its numbers are of another kind than those before.
    pub(super) fn add(&mut self, mut table: Table, zone: &Zone, report: &mut LoadReport) -> Result<()> {
        if table.lines > 0 {
            self.check_kind(&table).map_err(|error| error.in_file(&table.name))?;
        }
        self.check_scales(&table)?;
        self.totals.append(&mut table.totals);
        self.lists.append(&mut table.lists);
        let (from, to) = (self.request.from, self.request.to);
        let before = table.rows.len();
        table.rows.retain(|row| from.is_none_or(|from| from <= row.time) && to.is_none_or(|to| row.time <= to));
        report.skip("outside the dates asked for", (before - table.rows.len()) as u64);
        self.stamps.add(&table, zone);
        self.has_country |= table.has_country;
        let entries: Vec<&[Entry]> = table.names.iter().map(|name| self.request.registry.entries(name)).collect();
        let mut fates: HashMap<(u32, u32, usize), Fate> = HashMap::default();
        let mut all: HashMap<(u32, Seconds), f64> = HashMap::default();
        let mut kept = |Row { domain, country, time, seen }: Row| {
            *all.entry((country, time)).or_default() += seen.amount().sum;
            let entries = entries[domain as usize];
            let entry = entries.iter().position(|entry| entry.holds_at(time)).unwrap_or(usize::MAX);
            let names = (&table.names[domain as usize], &table.names[country as usize]);
            match fates.entry((domain, country, entry)).or_insert_with(|| self.fate(names.0, names.1, entries, entry)) {
                Fate::Series(series) => return Some((*series, time, seen)),
                Fate::Skip(reason) => report.skip(reason, seen.amount().rows()),
            }
            None
        };
        // In the place of the table's: rows of the first file, mostly the only one, are not there twice.
        let mut rows: Vec<_> = table.rows.into_iter().filter_map(&mut kept).collect();
        if self.rows.is_empty() {
            rows.shrink_to_fit();
            self.rows = rows;
        } else {
            self.rows.append(&mut rows);
        }
        for ((country, time), sum) in all {
            *self.all.entry((table.names[country as usize].clone(), time)).or_default() += sum;
        }
        Ok(())
    }

    /// Numbers of two kinds do not make one panel, nor do ranks of two publishers or two lists of one period.
    fn check_kind(&mut self, table: &Table) -> Result<()> {
        if let Some((kind, file)) = self.kind.as_ref().filter(|(kind, _)| *kind != table.kind) {
            let (this, other) = (table.kind.name(), kind.name());
            return Err(Error::input(format!("values are of kind '{this}', but of kind '{other}' in {file}")));
        }
        if table.kind == Kind::Rank {
            same_origin(table.origin.as_ref(), self.origin.as_ref())?;
            second_list(&table.lists, &self.lists)?;
        }
        if let (None, Some(origin)) = (&self.origin, &table.origin) {
            self.origin = Some((origin.clone(), table.name.clone()));
        }
        self.kind = Some((table.kind, table.name.clone()));
        Ok(())
    }

    /// Scaled numbers can be compared within their own download alone.
    fn check_scales(&mut self, table: &Table) -> Result<()> {
        if table.kind != Kind::Scaled {
            return Ok(());
        }
        let pairs: HashSet<(u32, u32)> = table.rows.iter().map(|row| (row.domain, row.country)).collect();
        let name = |index: u32| table.names[index as usize].clone();
        let keys: Vec<(String, String)> =
            pairs.into_iter().map(|(domain, country)| (name(domain), name(country))).collect();
        if let Some((key, earlier)) = keys.iter().filter_map(|key| Some((key, self.scales.get(key)?))).min() {
            let message = format!(
                "'{}' is in {earlier} too, and each download is scaled by itself: the two cannot be joined; download the whole time at once",
                key.0
            );
            return Err(Error::input(message).in_file(&table.name));
        }
        self.scales.extend(keys.into_iter().map(|key| (key, table.name.clone())));
        Ok(())
    }

    fn fate(&mut self, domain: &str, country: &str, entries: &[Entry], entry: usize) -> Fate {
        let request = self.request;
        if !request.countries.is_empty() && !request.countries.iter().any(|wanted| wanted == country) {
            return Fate::Skip("other country than asked for");
        }
        let (state, outlet, role) = match (entries.get(entry), request.watch) {
            (Some(entry), Watch::Registry) => (entry.state.as_str(), entry.outlet.as_str(), entry.role),
            (Some(entry), Watch::All) if entry.role == Role::State => {
                (entry.state.as_str(), entry.outlet.as_str(), Role::State)
            }
            // Every series is watched: a reference outlet too, without a state.
            (Some(entry), Watch::All) => ("", entry.outlet.as_str(), Role::State),
            (None, Watch::All) => ("", domain, Role::State),
            (None, Watch::Registry) if entries.is_empty() => return Fate::Skip("domain not in the registry"),
            (None, Watch::Registry) => return Fate::Skip("outside the dates of its registry entry"),
        };
        if role == Role::State && !request.states.is_empty() && !request.states.iter().any(|wanted| wanted == state) {
            return Fate::Skip("other state than asked for");
        }
        let key = Key { state: state.into(), outlet: outlet.into(), domain: domain.into(), country: country.into() };
        let next = self.series.len() as u32;
        Fate::Series(*self.series.entry((key, role)).or_insert(next))
    }

    /// Whether any series is watched.
    pub(super) fn watches(&self) -> bool {
        self.series.keys().any(|(_, role)| *role == Role::State)
    }

    /// Lays the rows on the grid: series sorted by key.
    ///
    /// # Errors
    /// Several rows of one key and period, and a kind that does not add up.
    pub(super) fn finish(mut self, found: &Found, report: &mut LoadReport) -> Result<Vec<Series>> {
        let kind = self.kind();
        let mut keys: Vec<((Key, Role), u32)> = std::mem::take(&mut self.series).into_iter().collect();
        keys.sort();
        let mut rank = vec![0u32; keys.len()];
        for (position, (_, id)) in keys.iter().enumerate() {
            rank[*id as usize] = position as u32;
        }
        let mut series: Vec<Series> = keys
            .into_iter()
            .map(|((key, role), _)| Series {
                key,
                role,
                kind,
                values: vec![f64::NAN; found.grid.len].into(),
                censored: BTreeMap::new(),
            })
            .collect();
        put_all(std::mem::take(&mut self.rows), &rank, &mut series, found, report)?;
        report.notes.extend(joined(&self.lists));
        self.below_lists(&mut series, found);
        let by_country: HashSet<String> =
            series.iter().filter(|one| !one.key.country.is_empty()).map(|one| one.key.domain.clone()).collect();
        let is_sum =
            |one: &Series| kind.adds_up() && one.key.country.is_empty() && by_country.contains(&one.key.domain);
        for sum in series.iter().filter(|one| is_sum(one)) {
            let rows = sum.values.iter().filter(|value| !value.is_nan()).count() as u64;
            report.skip("all countries together, beside rows by country", rows);
        }
        series.retain(|one| !is_sum(one) && one.observed_span().is_some());
        if kind.adds_up() || kind == Kind::Share {
            report.all_traffic = self.all_traffic(found);
        }
        Ok(series)
    }

    /// What is not in a list of the most visited lies below its end.
    fn below_lists(&self, series: &mut [Series], found: &Found) {
        let index = index_of(self.lists.iter().map(|list| list.time), found);
        for list in &self.lists {
            let Some(period) = index[&list.time] else { continue };
            for one in series.iter_mut().filter(|one| one.key.country == list.country) {
                if one.values[period].is_nan() {
                    one.censored.entry(period).or_insert(list.bound);
                }
            }
        }
    }

    /// Traffic of every domain in the input, watched or not, by country: what a share may be taken of.
    fn all_traffic(&self, found: &Found) -> BTreeMap<String, Vec<f64>> {
        let index = index_of(self.all.keys().map(|(_, time)| *time), found);
        let mut ordered: Vec<(&(String, Seconds), &f64)> = self.all.iter().collect();
        ordered.sort_by(|a, b| a.0.cmp(b.0));
        let mut totals: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for ((country, time), sum) in ordered {
            let Some(period) = index[time] else { continue };
            let total = totals.entry(country.clone()).or_insert_with(|| vec![f64::NAN; found.grid.len]);
            total[period] = if total[period].is_nan() { *sum } else { total[period] + sum };
        }
        with_all_together(totals, found.grid.len)
    }
}

/// Puts every row into its period; the series of number i stands at `rank[i]`. Nearly all rows are a number, and the only one
/// of their series and period: only the others are brought together, where the first comes first.
fn put_all(
    rows: Vec<(u32, Seconds, Seen)>,
    rank: &[u32],
    series: &mut [Series],
    found: &Found,
    report: &mut LoadReport,
) -> Result<()> {
    let index = index_of(rows.iter().map(|row| row.1), found);
    // Rows of one moment mostly stand together.
    let runs = || rows.chunk_by(|a, b| a.1 == b.1).map(|run| (index[&run[0].1], run));
    let cell = |id: u32, period: usize| rank[id as usize] as usize * found.grid.len + period;
    let mut counts = vec![0u8; series.len() * found.grid.len];
    for (period, run) in runs() {
        match period {
            Some(period) => run.iter().for_each(|row| {
                let count = &mut counts[cell(row.0, period)];
                *count = count.saturating_add(1);
            }),
            None => {
                let rows = run.iter().map(|row| row.2.amount().rows()).sum();
                report.skip("in a period left out as incomplete", rows);
            }
        }
    }
    let mut values: Vec<&mut [f64]> = series.iter_mut().map(|one| Arc::make_mut(&mut one.values)).collect();
    let mut several: Vec<(u32, u32, u32)> = Vec::new();
    let mut order = 0..;
    for (period, run) in runs() {
        for ((id, _, seen), order) in run.iter().zip(&mut order) {
            let Some(period) = period else { continue };
            match (seen, counts[cell(*id, period)]) {
                (Seen::Numbers(number, 1), 1) => values[rank[*id as usize] as usize][period] = *number,
                _ => several.push((rank[*id as usize], period as u32, order)),
            }
        }
    }
    drop(values);
    several.sort_unstable();
    let amount = |(.., order): &(u32, u32, u32)| rows[*order as usize].2.amount();
    for run in several.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let mut all = amount(&run[0]);
        run[1..].iter().for_each(|one| all.add(&amount(one)));
        put(&mut series[run[0].0 as usize], run[0].1 as usize, &all, found)?;
    }
    Ok(())
}

/// Period of every distinct moment; `None` off the grid.
pub(super) fn index_of(times: impl Iterator<Item = Seconds>, found: &Found) -> HashMap<Seconds, Option<usize>> {
    let mut index = HashMap::default();
    let mut last = None;
    for time in times.filter(|time| last.replace(*time) != Some(*time)) {
        index.entry(time).or_insert_with(|| found.grid.index_of(found.periods.start(time)));
    }
    index
}

/// A sum of which a part was not observed is not observed. A part below a bound makes it lie below a bound, unless
/// that is within a hundredth of what was counted.
fn put(series: &mut Series, period: usize, amount: &Amount, found: &Found) -> Result<()> {
    if !series.kind.adds_up() && amount.rows() > 1 {
        let message = format!(
            "{} rows in the period {}; values of kind '{}' cannot be added up",
            amount.rows(),
            show(found.grid.time(period)),
            series.kind.name()
        );
        return Err(Error::input(message).in_series(series.key.label()));
    }
    if amount.empty > 0 {
        return Ok(());
    }
    if amount.censored > 0 && amount.bound > amount.sum * 0.01 {
        series.censored.insert(period, amount.sum + amount.bound);
        return Ok(());
    }
    Arc::make_mut(&mut series.values)[period] = steady(amount);
    Ok(())
}

/// The sum without the digits that depend on the order in which broken numbers were added.
pub(super) fn steady(amount: &Amount) -> f64 {
    if amount.numbers < 2 || amount.sum.fract() == 0.0 {
        return amount.sum;
    }
    format!("{:.12e}", amount.sum).parse().unwrap_or(amount.sum)
}
