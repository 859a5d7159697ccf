//! Ctrl-C: the unfinished result goes away, the older one stays, the exit code is 130.

use crate::error::Result;
use crate::report::folder::Folder;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What an unfinished result has left on disk: the temporary folder first, then parents made for it.
static TRACES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
static STOPPING: AtomicBool = AtomicBool::new(false);

fn traces() -> MutexGuard<'static, Vec<PathBuf>> {
    TRACES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Listens for SIGINT, SIGTERM and SIGHUP. Without a handler (a second call, an odd system) the system's own stays.
pub(crate) fn listen() {
    let _ = ctrlc::set_handler(|| {
        STOPPING.store(true, Ordering::SeqCst);
        // Waits for a result that is just being put in place.
        let traces = traces();
        if let Some((temporary, parents)) = traces.split_first() {
            // Other threads may still be writing into it.
            for _ in 0..100 {
                let _ = std::fs::remove_dir_all(temporary);
                if !temporary.exists() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            for parent in parents.iter().rev() {
                let _ = std::fs::remove_dir(parent);
            }
            eprintln!("floodmark: interrupted; nothing was written");
        }
        std::process::exit(130);
    });
}

/// Opens a result folder: from its first trace on disk an interruption removes what was begun.
pub(crate) fn open(target: &Path, force: bool, ours: &dyn Fn(&str) -> bool) -> Result<Folder> {
    let mut traces = traces();
    let folder = Folder::open(target, force, ours)?;
    *traces = folder.traces();
    Ok(folder)
}

/// Puts a finished result in place; an interruption waits until that is done.
pub(crate) fn publish(folder: Folder) -> Result<()> {
    let mut traces = traces();
    let result = folder.publish();
    traces.clear();
    result
}

/// Never returns once an interruption has begun: what the main thread then says (a file that vanished) is no news.
pub(crate) fn wait_if_stopping() {
    while STOPPING.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(50));
    }
}
