//! Values as bytes and back, to the last bit: what a walk through time has learnt outlives the process. No format for
//! strangers: whoever keeps such bytes keeps the version of the program beside them.

/// A value that can be written as bytes and read back.
pub(crate) trait Plain: Sized {
    /// Appends the value.
    fn put(&self, out: &mut Vec<u8>);
    /// Takes the value off the front; `None` where the bytes are none.
    fn read(input: &mut &[u8]) -> Option<Self>;
}

/// The fields of a structure, one after another.
macro_rules! plain {
    ($name:ident { $($field:ident),+ $(,)? }) => {
        impl $crate::stats::plain::Plain for $name {
            fn put(&self, out: &mut Vec<u8>) {
                $($crate::stats::plain::Plain::put(&self.$field, out);)+
            }
            fn read(input: &mut &[u8]) -> Option<Self> {
                $(let $field = $crate::stats::plain::Plain::read(input)?;)+
                Some($name { $($field),+ })
            }
        }
    };
}
pub(crate) use plain;

macro_rules! number {
    ($($name:ty),+) => { $(
        impl Plain for $name {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            fn read(input: &mut &[u8]) -> Option<Self> {
                let (head, rest) = input.split_first_chunk()?;
                *input = rest;
                Some(<$name>::from_le_bytes(*head))
            }
        }
    )+ };
}
number!(f64, u8, u32, u64, i64);

impl Plain for usize {
    fn put(&self, out: &mut Vec<u8>) {
        (*self as u64).put(out);
    }
    fn read(input: &mut &[u8]) -> Option<Self> {
        u64::read(input).and_then(|n| n.try_into().ok())
    }
}

impl Plain for bool {
    fn put(&self, out: &mut Vec<u8>) {
        u8::from(*self).put(out);
    }
    fn read(input: &mut &[u8]) -> Option<Self> {
        match u8::read(input)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl<T: Plain> Plain for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }
    fn read(input: &mut &[u8]) -> Option<Self> {
        if bool::read(input)? { T::read(input).map(Some) } else { Some(None) }
    }
}

impl<const N: usize> Plain for [f64; N] {
    fn put(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|value| value.put(out));
    }
    fn read(input: &mut &[u8]) -> Option<Self> {
        let mut values = [0.0; N];
        for value in &mut values {
            *value = f64::read(input)?;
        }
        Some(values)
    }
}

impl<T: Plain> Plain for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u32).put(out);
        self.iter().for_each(|value| value.put(out));
    }
    fn read(input: &mut &[u8]) -> Option<Self> {
        let n = u32::read(input)? as usize;
        // Every value takes at least a byte: a length beyond that is no length, and no reason to ask for memory.
        if n > input.len() {
            return None;
        }
        (0..n).map(|_| T::read(input)).collect()
    }
}

impl<A: Plain, B: Plain> Plain for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }
    fn read(input: &mut &[u8]) -> Option<Self> {
        Some((A::read(input)?, B::read(input)?))
    }
}

impl Plain for String {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u32).put(out);
        out.extend_from_slice(self.as_bytes());
    }
    fn read(input: &mut &[u8]) -> Option<Self> {
        String::from_utf8(Vec::read(input)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back_and_no_bytes_make_it_panic(
            values: Vec<(f64, Option<String>)>, noise: Vec<u8>
        ) {
            let mut bytes = Vec::new();
            values.put(&mut bytes);
            let mut rest = bytes.as_slice();
            let back = Vec::<(f64, Option<String>)>::read(&mut rest).expect("what was written");
            prop_assert!(rest.is_empty());
            prop_assert_eq!(format!("{values:?}"), format!("{back:?}"));
            let _ = Vec::<(f64, Option<String>)>::read(&mut noise.as_slice());
        }
    }
}
