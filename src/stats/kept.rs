//! The last few things that were dear to make, shared by whoever asks for them next.

use std::sync::{Arc, Mutex, PoisonError};

/// Things by key, the oldest first. What is made depends on its key alone, so that whether it was kept tells nothing.
pub(super) struct Kept<K, V> {
    most: usize,
    known: Mutex<Vec<(K, Arc<V>)>>,
}

impl<K: PartialEq, V> Kept<K, V> {
    /// Keeps at most so many.
    pub(super) const fn new(most: usize) -> Kept<K, V> {
        Kept { most, known: Mutex::new(Vec::new()) }
    }

    /// The thing of this key, made if it is not there.
    pub(super) fn get(&self, key: K, make: impl FnOnce() -> V) -> Arc<V> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, thing)) = known().iter().find(|(other, _)| *other == key) {
            return thing.clone();
        }
        // Others need not wait while it is made.
        let new = Arc::new(make());
        let mut known = known();
        if known.len() == self.most {
            known.remove(0);
        }
        known.push((key, new.clone()));
        new
    }
}
