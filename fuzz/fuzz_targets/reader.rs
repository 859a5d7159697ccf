//! Every reader of a source: the first byte chooses it, the rest is the file.
#![no_main]

use floodmark::ingest::formats::{names, read_bytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((choice, bytes)) = data.split_first() else { return };
    let names: Vec<&str> = names().collect();
    let format = names.get(usize::from(*choice)).copied();
    if let Ok((_, rows)) = read_bytes(format, "pageviews-20231007-010000", bytes) {
        for row in rows {
            assert!(row.value.is_none_or(|value| value.is_finite() && value >= 0.0), "{row:?}");
        }
    }
});
