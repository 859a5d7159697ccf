//! Where the inputs of a run are now.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Mutex;

/// Finds inputs again: where the run found them, or below another folder.
pub(super) struct Places<'a> {
    base: Option<&'a Path>,
    known: Mutex<BTreeMap<String, String>>,
}

impl<'a> Places<'a> {
    pub(super) fn new(base: Option<&'a Path>) -> Places<'a> {
        Places { base, known: Mutex::default() }
    }

    /// The place of a file, folder or glob. Below another folder the longest tail of its path that is there counts;
    /// where none is, the folder itself stands for a folder that was moved whole.
    pub(super) fn of(&self, path: &str) -> String {
        let Some(base) = self.base else { return path.into() };
        let Ok(mut known) = self.known.lock() else { return path.into() };
        known.entry(path.into()).or_insert_with(|| find(path, base).display().to_string()).clone()
    }
}

fn find(path: &str, base: &Path) -> PathBuf {
    let names: Vec<Component<'_>> =
        Path::new(path).components().filter(|part| matches!(part, Component::Normal(_))).collect();
    let tails = (0..names.len()).map(|from| base.join(names[from..].iter().collect::<PathBuf>()));
    let there = |place: &PathBuf| {
        place.exists() || glob::glob(&place.display().to_string()).is_ok_and(|mut matches| matches.next().is_some())
    };
    match tails.into_iter().find(there) {
        Some(place) => place,
        // A name with an ending is a file: it is reported as missing where it was looked for.
        None if Path::new(path).extension().is_some() => base.join(names.last().map_or(Path::new(path), Path::new)),
        None => base.to_path_buf(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_tail_that_is_there_counts() {
        let base = tempfile::tempdir().expect("a folder");
        let at = |name: &str| base.path().join(name);
        std::fs::create_dir(at("data")).expect("made");
        for name in ["a.csv", "data/a.csv"] {
            std::fs::write(at(name), "x").expect("written");
        }
        let places = Places::new(Some(base.path()));
        assert_eq!(Path::new(&places.of("old/data/a.csv")), at("data/a.csv"));
        assert_eq!(Path::new(&places.of("/elsewhere/a.csv")), at("a.csv"));
        assert_eq!(Path::new(&places.of("old/*.csv")), at("*.csv"));
        assert_eq!(Path::new(&places.of("old/sample")), base.path());
        assert_eq!(Path::new(&places.of("../b.csv")), at("b.csv"));
        assert_eq!(Places::new(None).of("../b.csv"), "../b.csv");
    }
}
