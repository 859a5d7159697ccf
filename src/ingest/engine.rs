//! Keeping the data-frame engine's failures to the file they are of.

use super::source::Source;
use crate::error::{Error, Result};
use polars::prelude::PolarsResult;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many calls of the engine are under way, in all threads.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// Runs the engine; its errors, and panics, become errors that name the file.
pub(super) fn guarded<T>(source: &Source, run: impl FnOnce() -> PolarsResult<T>) -> Result<T> {
    quiet();
    let fault = |reason: String| {
        let reason = reason.lines().next().unwrap_or("unknown reason").to_string();
        Error::input("cannot read the table").because(reason).in_file(&source.name)
    };
    UNDER_WAY.fetch_add(1, Ordering::SeqCst);
    let result = catch_unwind(AssertUnwindSafe(run));
    UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
    match result {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(fault(error.to_string())),
        Err(panic) => Err(fault(format!("the engine gave up on this file: {}", words(panic.as_ref())))),
    }
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a word")
}

/// A panic of the engine on a rotten file is told as an error of the file, so its own message is not shown. All other
/// panics are.
fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            let engine = info.location().is_some_and(|place| place.file().contains("polars"));
            if !engine || UNDER_WAY.load(Ordering::SeqCst) == 0 {
                before(info);
            }
        }));
    });
}
