//! Folding of hosts: no panic, and folding twice changes nothing.
#![no_main]

use floodmark::registry::{fold, host};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let once = fold(text);
    if let Some(name) = once.name() {
        assert_eq!(fold(name), once, "{text:?}");
        assert!(name.is_ascii() && !name.contains([',', '"', '\n']), "{text:?}");
    }
    let _ = host(text);
});
