//! Scored series as bytes: little-endian, every number with all its bits. Not a format for keeping: both ends are of
//! one version.

use super::Scored;
use crate::aggregate::Watched;
use crate::alert::ChangePoint;
use crate::detect::surge::{Episode, Walk};
use crate::pipeline::part_shifts::PartShift;
use crate::series::{Key, Kind, Level, Role, Series};
use crate::stats::scale::Scale;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is left to read.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

/// Written to and read from bytes. `None` where the bytes are of something else.
pub(super) trait Wire: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn take(from: &mut Reader<'_>) -> Option<Self>;
}

impl Wire for u64 {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn take(from: &mut Reader<'_>) -> Option<u64> {
        let (number, rest) = from.0.split_first_chunk::<8>()?;
        from.0 = rest;
        Some(u64::from_le_bytes(*number))
    }
}

impl Wire for usize {
    fn put(&self, out: &mut Vec<u8>) {
        (*self as u64).put(out);
    }

    fn take(from: &mut Reader<'_>) -> Option<usize> {
        u64::take(from)?.try_into().ok()
    }
}

impl Wire for f64 {
    fn put(&self, out: &mut Vec<u8>) {
        self.to_bits().put(out);
    }

    fn take(from: &mut Reader<'_>) -> Option<f64> {
        u64::take(from).map(f64::from_bits)
    }
}

impl Wire for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn take(from: &mut Reader<'_>) -> Option<bool> {
        let (byte, rest) = from.0.split_first()?;
        from.0 = rest;
        [false, true].get(usize::from(*byte)).copied()
    }
}

impl Wire for String {
    fn put(&self, out: &mut Vec<u8>) {
        self.len().put(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn take(from: &mut Reader<'_>) -> Option<String> {
        let length = usize::take(from)?;
        let (text, rest) = from.0.split_at_checked(length)?;
        from.0 = rest;
        String::from_utf8(text.to_vec()).ok()
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.len().put(out);
        self.iter().for_each(|item| item.put(out));
    }

    fn take(from: &mut Reader<'_>) -> Option<Vec<T>> {
        let length = usize::take(from)?;
        // Each item has at least one byte: a length beyond what is left is no length.
        (length <= from.0.len()).then(|| (0..length).map(|_| T::take(from)).collect())?
    }
}

impl Wire for Arc<[f64]> {
    fn put(&self, out: &mut Vec<u8>) {
        self.len().put(out);
        self.iter().for_each(|value| value.put(out));
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        Vec::take(from).map(Arc::from)
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn take(from: &mut Reader<'_>) -> Option<(A, B)> {
        Some((A::take(from)?, B::take(from)?))
    }
}

impl<V: Wire + Copy> Wire for BTreeMap<usize, V> {
    fn put(&self, out: &mut Vec<u8>) {
        self.iter().map(|(key, value)| (*key, *value)).collect::<Vec<_>>().put(out);
    }

    fn take(from: &mut Reader<'_>) -> Option<Self> {
        Vec::take(from).map(|pairs: Vec<(usize, V)>| pairs.into_iter().collect())
    }
}

/// One of several cases, by its number.
macro_rules! cases {
    ($kind:ty: $($case:path),*) => {
        impl Wire for $kind {
            fn put(&self, out: &mut Vec<u8>) {
                let cases = [$($case),*];
                cases.iter().position(|case| case == self).unwrap_or(cases.len()).put(out);
            }

            fn take(from: &mut Reader<'_>) -> Option<Self> {
                [$($case),*].get(usize::take(from)?).copied()
            }
        }
    };
}

cases!(Level: Level::Domain, Level::Outlet, Level::State);
cases!(Role: Role::State, Role::Reference);
cases!(Kind: Kind::Count, Kind::Share, Kind::Scaled, Kind::Rank, Kind::Rounded);

/// The fields of a struct, one after the other. A field that is forgotten does not compile.
macro_rules! fields {
    ($kind:ident { $($field:ident),* $(,)? }) => {
        impl Wire for $kind {
            fn put(&self, out: &mut Vec<u8>) {
                let $kind { $($field),* } = self;
                $($field.put(out);)*
            }

            fn take(from: &mut Reader<'_>) -> Option<Self> {
                Some($kind { $($field: Wire::take(from)?),* })
            }
        }
    };
}

fields!(Key { state, outlet, domain, country });
fields!(Series { key, role, kind, values, censored });
fields!(Watched { level, series, filled, part, newcomers });
fields!(Episode { sign, onset, first_seen, detected, end, open, level_shift, peak, peak_z, p, window });
fields!(Walk { expected, spread, z, p, sign, episodes, judged, in_episode });
fields!(ChangePoint { index, low, high, before, after, p_value });
fields!(PartShift { since, values });
fields!(Scored { watched, walk, scale, change_points, hindsight, part_shifts });

impl Wire for Scale {
    fn put(&self, out: &mut Vec<u8>) {
        let (case, offset) = match self {
            Scale::Log { offset } => (0usize, *offset),
            Scale::ReversedLog => (1, 0.0),
            Scale::Identity => (2, 0.0),
        };
        (case, offset).put(out);
    }

    fn take(from: &mut Reader<'_>) -> Option<Scale> {
        match Wire::take(from)? {
            (0usize, offset) => Some(Scale::Log { offset }),
            (1, _) => Some(Scale::ReversedLog),
            (2, _) => Some(Scale::Identity),
            _ => None,
        }
    }
}
