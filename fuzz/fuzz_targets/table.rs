//! Long tables and plain series: whatever the bytes, an answer or an error.
#![no_main]

use floodmark::ingest::read_plain;
use floodmark::ingest::reduce::reduce_bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = read_plain(data, "fuzz", None, None);
    // Of a result without rows there is nothing to read again, and that is said.
    if let Ok(rows) = reduce_bytes(data)
        && rows.lines().count() > 1
    {
        let again = reduce_bytes(rows.as_bytes());
        assert_eq!(again.ok().as_deref(), Some(rows.as_str()), "a result reduced again is itself");
    }
});
