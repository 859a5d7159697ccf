//! What a row is before it is gathered, and how rows are taken in.

use crate::ingest::cell::Value;
use crate::ingest::stamp::{Stamp, Zone};
use crate::time::Step;

/// Whether a name of a folded domain or topic is kept.
pub(in crate::ingest) type Keep<'a> = &'a (dyn Fn(&str) -> bool + Sync);

/// What names become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::ingest) enum Folding {
    /// Hosts fold to registrable domains.
    #[default]
    Domain,
    /// Hosts stay hosts.
    Host,
}

/// How rows are taken in.
#[derive(Clone, Copy)]
pub(in crate::ingest) struct Ways<'a> {
    /// Zone of stamps that carry none.
    pub zone: &'a Zone,
    /// Length of the periods that rows are added up to; `None` = as written.
    pub step: Option<Step>,
    /// What hosts become.
    pub folding: Folding,
    /// Names that are kept; `None` = all.
    pub keep: Option<Keep<'a>>,
}

impl<'a> Ways<'a> {
    /// Everything as it is written.
    pub(in crate::ingest) fn plain(zone: &'a Zone) -> Ways<'a> {
        Ways { zone, step: None, folding: Folding::Domain, keep: None }
    }
}

impl std::fmt::Debug for Ways<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ways").field("step", &self.step).field("folding", &self.folding).finish_non_exhaustive()
    }
}

/// What stands in a column of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ingest) enum Named {
    /// Nothing.
    Missing,
    /// A name with its index.
    As(u32),
    /// No host name.
    Invalid,
    /// A name that is not kept.
    Other,
}

/// A name in a row of a source whose columns are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ingest) enum Name<'a> {
    /// A host, address or origin: folds to its registrable domain.
    Host(&'a str),
    /// Something else, with one of the beginnings of [`TOPICS`].
    Topic(&'a str),
}

/// A row of a source whose columns are known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::ingest) struct Row<'a> {
    /// Start of the period.
    pub time: Stamp,
    /// Whose traffic.
    pub name: Name<'a>,
    /// Where the readers are; empty = all countries together.
    pub country: &'a str,
    /// What was observed.
    pub value: Value,
}
