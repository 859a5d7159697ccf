//! Outlets whose surges start together more often than chance. See `docs/methods/comovement.md`.

use crate::alert::Group;
use crate::stats::fdr::q_values;
use crate::time::Grid;
use std::collections::{BTreeMap, BTreeSet};

/// Onsets of one outlet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Onsets {
    /// Its name.
    pub outlet: String,
    /// Its state.
    pub state: String,
    /// Periods of the grid in which its surges start.
    pub at: Vec<usize>,
}

/// Groups of outlets bound by pairs whose onsets fall within `tolerance` periods of each other more often than when
/// one of the two is shifted around the circle of the grid, by every possible shift (an exact permutation test:
/// how often each outlet surges, and in what rhythm, stays as it is). Pairs pass at false-discovery rate `fdr` over
/// all pairs (Benjamini & Hochberg); a group is what they connect. Its p- and q-value are those of the weakest link
/// it cannot do without (a minimum spanning tree). Sorted by first onset, then by the first outlet's name.
pub fn groups(outlets: &[Onsets], grid: &Grid, tolerance: usize, fdr: f64) -> Vec<Group> {
    let mut links = Vec::new();
    for a in 0..outlets.len() {
        for b in a + 1..outlets.len() {
            if !outlets[a].at.is_empty() && !outlets[b].at.is_empty() {
                links.push((pair_p_value(&outlets[a].at, &outlets[b].at, grid.len, tolerance), a, b));
            }
        }
    }
    let q = q_values(&links.iter().map(|l| l.0).collect::<Vec<_>>());
    let mut links: Vec<(f64, f64, usize, usize)> =
        links.iter().zip(q).filter(|(_, q)| *q <= fdr).map(|(&(p, a, b), q)| (p, q, a, b)).collect();
    links.sort_by(|x, y| x.0.total_cmp(&y.0));
    // Kruskal: the last link that joins two parts of a group is its weakest necessary one.
    let mut part: Vec<usize> = (0..outlets.len()).collect();
    let mut weakest: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for &(p, q, a, b) in &links {
        let (a, b) = (part[a], part[b]);
        if a != b {
            part.iter_mut().filter(|x| **x == b).for_each(|x| *x = a);
            weakest.insert(a, (p, q));
        }
    }
    let mut groups: Vec<Group> = weakest
        .iter()
        .filter(|(root, _)| part[**root] == **root)
        .map(|(&root, &(p_value, q_value))| {
            let members: Vec<&Onsets> = (0..outlets.len()).filter(|&i| part[i] == root).map(|i| &outlets[i]).collect();
            let (from, to) = together(&members, tolerance);
            let unique = |names: Vec<&String>| -> Vec<String> {
                names.into_iter().cloned().collect::<BTreeSet<_>>().into_iter().collect()
            };
            Group {
                id: 0,
                outlets: unique(members.iter().map(|m| &m.outlet).collect()),
                states: unique(members.iter().map(|m| &m.state).collect()),
                onset_from: grid.time(from),
                onset_to: grid.time(to),
                p_value,
                q_value,
            }
        })
        .collect();
    groups.sort_by(|a, b| (a.onset_from, &a.outlets).cmp(&(b.onset_from, &b.outlets)));
    groups.iter_mut().enumerate().for_each(|(i, group)| group.id = i + 1);
    groups
}

/// Share of all circular shifts of `b` against `a` that bring together at least as many onsets as were observed.
///
/// ```
/// # use floodmark::measure::comovement::pair_p_value;
/// assert_eq!(pair_p_value(&[10], &[10], 100, 1), 0.03); // any of three days would have done
/// assert_eq!(pair_p_value(&[10], &[50], 100, 1), 1.0);
/// ```
pub fn pair_p_value(a: &[usize], b: &[usize], len: usize, tolerance: usize) -> f64 {
    if len == 0 || a.is_empty() || b.is_empty() {
        return 1.0;
    }
    let mut near = vec![false; len];
    for &onset in a {
        for step in 0..=2 * tolerance.min(len) {
            near[(onset % len + len + step - tolerance.min(len)) % len] = true;
        }
    }
    let meetings = |shift: usize| b.iter().filter(|&&onset| near[(onset + shift) % len]).count();
    let observed = meetings(0);
    (0..len).filter(|&shift| meetings(shift) >= observed).count() as f64 / len as f64
}

/// First and last of the members' onsets that have another member's onset near.
fn together(members: &[&Onsets], tolerance: usize) -> (usize, usize) {
    let mut shared = Vec::new();
    for (i, one) in members.iter().enumerate() {
        for &onset in &one.at {
            let near = |other: &&Onsets| other.at.iter().any(|&x| x.abs_diff(onset) <= tolerance);
            if members.iter().enumerate().any(|(j, other)| j != i && near(other)) {
                shared.push(onset);
            }
        }
    }
    let first = shared.iter().copied().min().unwrap_or(0);
    (first, shared.iter().copied().max().unwrap_or(first))
}
