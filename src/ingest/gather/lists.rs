//! Lists of the most visited: each ends somewhere, and places in one mean something only beside lists of the same kind.

use crate::error::{Error, Result};
use crate::ingest::stamp::show;
use crate::time::Seconds;

/// A list of the most visited, complete down to a bound: what is not in it lies below.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ingest) struct TopList {
    /// Period of the list.
    pub time: Seconds,
    /// Country of the list.
    pub country: String,
    /// The smallest value in it, or the last rank.
    pub bound: f64,
}

/// What the reader should know of lists that became one table.
pub(in crate::ingest) fn joined(lists: &[TopList]) -> Option<String> {
    let mut times: Vec<Seconds> = lists.iter().map(|list| list.time).collect();
    times.sort_unstable();
    times.dedup();
    let (first, last) = (show(*times.first()?), show(*times.last()?));
    let count = times.len();
    (count > 1).then(|| format!("lists of {count} periods are joined to one series a name, from {first} to {last}"))
}

/// Ranks are joined with those of the same publisher alone.
///
/// # Errors
/// Ranks of another one were read before, in the file that is named.
pub(in crate::ingest) fn same_origin(origin: Option<&String>, before: Option<&(String, String)>) -> Result<()> {
    match (origin, before) {
        (Some(origin), Some((other, file))) if origin != other => Err(Error::input(format!(
            "ranks of {origin} cannot be joined with those of {other} in {file}: a place in one is none in the other; read them apart"
        ))),
        _ => Ok(()),
    }
}

/// Of one period and country there is one list.
///
/// # Errors
/// There was one before.
pub(in crate::ingest) fn second_list(lists: &[TopList], before: &[TopList]) -> Result<()> {
    let twice = lists.iter().find(|list| before.iter().any(|b| (b.time, &b.country) == (list.time, &list.country)));
    match twice {
        None => Ok(()),
        Some(list) => Err(Error::input(format!(
            "a second list of {}: ranks cannot be added up; leave one out, or keep the lists' own step with --every",
            show(list.time)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(time: Seconds) -> TopList {
        TopList { time, country: String::new(), bound: 10.0 }
    }

    #[test]
    fn lists_of_several_periods_are_said_and_two_of_one_are_refused() {
        assert_eq!(joined(&[list(0)]), None);
        let said = joined(&[list(86_400), list(0), list(0)]).expect("several");
        assert_eq!(said, "lists of 2 periods are joined to one series a name, from 1970-01-01 to 1970-01-02");
        assert!(second_list(&[list(5)], &[list(4)]).is_ok() && second_list(&[list(5)], &[list(5)]).is_err());
    }

    #[test]
    fn two_publishers_are_not_one() {
        let (a, b) = ("A list".to_string(), ("B list".to_string(), "b.csv".to_string()));
        let said = same_origin(Some(&a), Some(&b)).expect_err("another one").to_string();
        assert!(said.contains("A list") && said.contains("b.csv"), "{said}");
        assert!(same_origin(None, Some(&b)).is_ok() && same_origin(Some(&b.0), Some(&b)).is_ok());
    }
}
