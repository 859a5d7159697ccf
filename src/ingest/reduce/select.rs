//! What is left of the names, and whether the periods fit the values.

use super::{By, Order, Unknown};
use crate::error::{Error, Result};
use crate::ingest::gather::TopList;
use crate::ingest::stamp::{Zone, show};
use crate::ingest::store::{Pair, Store};
use crate::registry::{Host, Registry, fold};
use crate::series::Kind;
use crate::time::{Seconds, Step};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What is not in a list of the most visited lies below its end.
pub(super) fn below_lists(store: &mut Store, lists: &[TopList]) {
    let pairs = if lists.is_empty() { Vec::new() } else { store.pairs() };
    for list in lists {
        let country = store.country(&list.country);
        for pair in pairs.iter().filter(|pair| pair.country == country) {
            if !store.has(list.time, *pair) {
                store.censor(list.time, *pair, list.bound);
            }
        }
    }
}

/// Values of longer periods cannot be put on a finer grid.
///
/// # Errors
/// They would be.
pub(super) fn check_step(store: &Store, every: Step, kind: Kind, zone: &Zone) -> Result<Option<String>> {
    let mut times: Vec<Seconds> = store.times().collect();
    times.sort_unstable();
    let walls: Vec<Seconds> =
        times.iter().map(|time| if every < Step::DAY { zone.wall(*time) } else { *time }).collect();
    if walls.len() < 3 {
        return Ok(None);
    }
    let all_on = |step: Step| walls.windows(2).all(|pair| (pair[1] - pair[0]) % step.seconds() == 0);
    let refuse = |unit: &str| {
        let every = every.name();
        Err(Error::usage(format!(
            "the values are one a {unit}: they cannot be spread over every {every}; use --every {unit}"
        )))
    };
    if kind.adds_up() && every < Step::WEEK && walls.iter().all(|wall| show(*wall).ends_with("-01")) {
        return Err(Error::input("the values are one a month; expected hours, days or weeks"));
    }
    if every < Step::DAY && walls.iter().all(|wall| wall.rem_euclid(Step::DAY.seconds()) == 0) {
        return refuse("day");
    }
    let weekly = every == Step::DAY && all_on(Step::WEEK);
    Ok(weekly.then(|| "the stamps lie whole weeks apart: if these are values of weeks, use --every week".to_string()))
}

/// Keeps the names asked for and puts domains in their outlets' place.
pub(super) fn select(mut store: Store, order: &Order<'_>, kind: Kind, skipped: &mut BTreeMap<String, u64>) -> Store {
    let unknown = order.unknown.unwrap_or(Unknown::All);
    if unknown == Unknown::All && order.by != By::Outlet {
        return store;
    }
    let (names, countries) = (store.names().to_vec(), store.countries().to_vec());
    let domains: Vec<Option<String>> = names.iter().map(|name| registered(name, order)).collect();
    let top = match unknown {
        Unknown::Top(count) => largest(&mut store, &domains, order.registry, kind, count),
        _ => HashSet::new(),
    };
    let mut kept = Store::default();
    let mut homes: HashMap<(String, Seconds), Option<String>> = HashMap::new();
    let mut skip = |reason: &str, rows: u64| *skipped.entry(reason.into()).or_default() += rows;
    for (time, pair, amount) in store.drain() {
        let name = &names[pair.name as usize];
        let entry = domains[pair.name as usize].as_deref().and_then(|domain| order.registry.lookup(domain, time));
        let wanted = match (entry, unknown) {
            (Some(_), _) | (None, Unknown::All) => true,
            (None, Unknown::Top(_)) => top.contains(&pair.name),
            (None, Unknown::None) => is_page(name),
        };
        if !wanted {
            let reason = match domains[pair.name as usize] {
                Some(_) => "outside the dates of its registry entry",
                None => "domain not in the registry",
            };
            skip(reason, amount.rows());
            continue;
        }
        let home = entry.filter(|_| order.by == By::Outlet).and_then(|entry| {
            let home = homes.entry((entry.outlet.clone(), time));
            home.or_insert_with(|| order.registry.home(&entry.outlet, time).map(|home| home.domain.clone())).clone()
        });
        let name = kept.name(home.as_deref().unwrap_or(name));
        let country = kept.country(&countries[pair.country as usize]);
        kept.add_amount(time, Pair { name, country }, &amount);
    }
    kept
}

/// Pages are in the table because they were asked for by name.
fn is_page(name: &str) -> bool {
    name.starts_with("article:")
}

/// The domain under which the registry knows a name.
fn registered(name: &str, order: &Order<'_>) -> Option<String> {
    let domain = match (order.by, fold(name)) {
        (By::Host, Host::Domain(domain)) => domain,
        _ => name.to_string(),
    };
    (!order.registry.entries(&domain).is_empty()).then_some(domain)
}

/// The unknown names with the most visits (the best rank), so many; equal ones by name.
fn largest(
    store: &mut Store,
    domains: &[Option<String>],
    registry: &Registry,
    kind: Kind,
    count: usize,
) -> HashSet<u32> {
    let mut sums: HashMap<u32, f64> = HashMap::new();
    let times: Vec<Seconds> = store.times().collect();
    for time in times {
        for (pair, amount) in store.sorted(time) {
            let known =
                domains[pair.name as usize].as_deref().is_some_and(|domain| registry.lookup(domain, time).is_some());
            if !known {
                let weight = if kind == Kind::Rank { 1.0 / amount.sum.max(1.0) } else { amount.sum };
                *sums.entry(pair.name).or_default() += weight;
            }
        }
    }
    let mut sums: Vec<(u32, f64)> = sums.into_iter().collect();
    let names = store.names();
    sums.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| names[a.0 as usize].cmp(&names[b.0 as usize])));
    sums.into_iter().take(count).map(|(name, _)| name).collect()
}
