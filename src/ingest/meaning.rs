//! What the distinct texts of a file mean; each is decided once.

use super::cell::{self, Value};
use super::groups::{Group, Grouped, TimeCoding};
use super::rows::Amount;
use super::stamp::{self, Place, Stamp, Zone};
use crate::registry::{Host, fold};
use std::collections::HashMap;

/// What stands in a domain column.
pub(super) enum Domain {
    Missing,
    Named(u32),
    Invalid,
}

/// What distinct texts mean; each is decided once.
pub(super) struct Meaning<'a> {
    grouped: &'a Grouped,
    zone: &'a Zone,
    places: HashMap<u32, Option<Place>>,
    domains: HashMap<u32, Option<u32>>,
    countries: HashMap<u32, Option<u32>>,
    /// Domains and countries that occur.
    pub(super) names: Vec<String>,
    known: HashMap<String, u32>,
    instants: bool,
    civil: bool,
    others: std::collections::HashSet<u32>,
}

impl<'a> Meaning<'a> {
    pub(super) fn new(grouped: &'a Grouped, zone: &'a Zone) -> Self {
        Meaning {
            grouped,
            zone,
            places: HashMap::new(),
            domains: HashMap::new(),
            countries: HashMap::new(),
            names: Vec::new(),
            known: HashMap::new(),
            instants: false,
            civil: false,
            others: Default::default(),
        }
    }

    fn text(&self, index: u32) -> &'a str {
        &self.grouped.texts[index as usize]
    }

    pub(super) fn name(&mut self, name: String) -> u32 {
        let next = self.names.len() as u32;
        *self.known.entry(name).or_insert_with_key(|name| {
            self.names.push(name.clone());
            next
        })
    }

    pub(super) fn place(&mut self, time: Option<u32>) -> Option<Place> {
        let index = time?;
        if let Some(place) = self.places.get(&index) {
            return *place;
        }
        let stamp = coded(self.text(index), self.grouped.coding);
        match stamp {
            Some(Stamp::Instant(_)) => self.instants = true,
            Some(Stamp::Civil { .. }) => self.civil = true,
            None => {}
        }
        let place = stamp.map(|stamp| self.zone.place(stamp));
        self.places.insert(index, place);
        place
    }

    /// Whether some stamps carry a zone and others do not.
    pub(super) fn mixed(&self) -> bool {
        self.instants && self.civil
    }

    /// How many names have no registrable domain.
    pub(super) fn others(&self) -> usize {
        self.others.len()
    }

    pub(super) fn country(&mut self, country: Option<u32>) -> Option<u32> {
        let Some(index) = country else { return Some(self.name(String::new())) };
        if let Some(known) = self.countries.get(&index) {
            return *known;
        }
        let code = cell::country(self.text(index)).ok().map(|code| self.name(code));
        self.countries.insert(index, code);
        code
    }

    pub(super) fn domain(&mut self, domain: Option<u32>) -> Domain {
        let Some(index) = domain else { return Domain::Missing };
        if cell::unquoted(self.text(index)).is_empty() {
            return Domain::Missing;
        }
        if !self.domains.contains_key(&index) {
            let host = fold(cell::unquoted(self.text(index)));
            let name = host.name().map(|name| self.name(name.to_string()));
            if let (Host::Other(_), Some(name)) = (&host, name) {
                self.others.insert(name);
            }
            self.domains.insert(index, name);
        }
        self.domains[&index].map_or(Domain::Invalid, Domain::Named)
    }

    pub(super) fn amount(&self, group: &Group) -> Option<Amount> {
        let rows = group.rows as f64;
        let Some(odd) = group.odd else {
            return Some(Amount { sum: group.sum, numbers: group.rows, ..Amount::default() });
        };
        Some(match cell::value(self.text(odd)).ok()? {
            Value::Empty => Amount { empty: group.rows, ..Amount::default() },
            Value::Below(bound) => Amount { censored: group.rows, bound: bound * rows, ..Amount::default() },
            Value::Number(number) => Amount { sum: number * rows, numbers: group.rows, ..Amount::default() },
        })
    }
}

/// A time as the engine gives it.
pub(super) fn coded(text: &str, coding: TimeCoding) -> Option<Stamp> {
    let count = || text.parse::<i64>().ok();
    match coding {
        TimeCoding::Text => stamp::parse(cell::unquoted(text)),
        TimeCoding::Days => count().map(|days| Stamp::Civil { wall: days * 86_400, date_only: true }),
        TimeCoding::Wall(unit) => {
            let wall = count()?.div_euclid(unit);
            Some(Stamp::Civil { wall, date_only: false })
        }
        TimeCoding::Instant(unit) => count().map(|units| Stamp::Instant(units.div_euclid(unit))),
    }
}
