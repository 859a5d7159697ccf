//! The seeds of the fuzz targets, the fixtures of all formats, and damaged copies of both: an answer or an error, never
//! a panic, and no number that was not there.

use floodmark::ingest::formats::{names, read_bytes};
use floodmark::ingest::read_plain;
use floodmark::ingest::reduce::reduce_bytes;
use floodmark::registry::{fold, host};
use proptest::prelude::*;
use std::io::Read;
use std::path::Path;

fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry"))
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).expect("a file")))
        .collect();
    files.sort();
    assert!(files.len() > 5, "{}", folder.display());
    files
}

fn check_reader(format: Option<&str>, name: &str, bytes: &[u8]) -> bool {
    let Ok((_, rows)) = read_bytes(format, name, bytes) else { return false };
    for row in &rows {
        assert!(row.value.is_none_or(|value| value.is_finite() && value >= 0.0), "{name}: {row:?}");
        assert!(row.country.is_empty() || row.country.len() == 2, "{name}: {row:?}");
    }
    !rows.is_empty()
}

fn check_table(bytes: &[u8]) {
    let _ = read_plain(bytes, "corpus", None, None);
    if let Ok(rows) = reduce_bytes(bytes) {
        assert_eq!(reduce_bytes(rows.as_bytes()).ok().as_deref(), Some(rows.as_str()));
    }
}

fn check_host(text: &str) {
    let once = fold(text);
    if let Some(name) = once.name() {
        assert_eq!(fold(name), once, "{text:?}");
        assert!(name.is_ascii(), "{text:?}");
    }
    let _ = host(text);
}

fn unpacked(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    if name.ends_with(".gz") {
        flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).expect("gzip");
    } else if name.ends_with(".bz2") {
        bzip2::read::BzDecoder::new(bytes).read_to_end(&mut out).expect("bzip2");
    } else if bytes.starts_with(&[0xff, 0xfe]) {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        out = String::from_utf16(&units).expect("UTF-16").into_bytes();
    } else {
        out = bytes.to_vec();
    }
    out
}

#[test]
fn seeds_are_answered_or_refused() {
    let formats: Vec<&str> = names().collect();
    let mut read = 0;
    for (name, bytes) in files("fuzz/corpus/reader") {
        let (choice, rest) = bytes.split_first().expect("a choice");
        read += usize::from(check_reader(
            formats.get(usize::from(*choice)).copied(),
            &format!("{name}-20231007-010000"),
            rest,
        ));
    }
    assert!(read > 5, "{read}");
    files("fuzz/corpus/table").iter().for_each(|(_, bytes)| check_table(bytes));
    files("fuzz/corpus/host").iter().for_each(|(_, bytes)| check_host(&String::from_utf8_lossy(bytes)));
}

#[test]
fn every_reader_stands_every_other_readers_files() {
    let fixtures: Vec<(String, Vec<u8>)> = files("tests/fixtures/formats")
        .into_iter()
        .map(|(name, bytes)| (name.clone(), unpacked(&name, &bytes)))
        .collect();
    for (name, bytes) in &fixtures {
        assert!(check_reader(None, name, bytes), "{name} is not read");
        for format in names() {
            check_reader(Some(format), name, bytes);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_files_are_answered_or_refused(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        for (name, bytes) in files("tests/fixtures/formats") {
            let mut bytes = unpacked(&name, &bytes);
            bytes.truncate(bytes.len().min(3_000));
            for (place, value) in &flips {
                let place = place.index(bytes.len());
                bytes[place] = *value;
            }
            check_reader(None, &name, &bytes);
            bytes.truncate(cut.index(bytes.len()));
            check_reader(None, &name, &bytes);
            check_table(&bytes);
        }
    }

    #[test]
    fn any_text_folds_to_itself_or_to_a_name(text in "\\PC{0,40}") {
        check_host(&text);
    }
}
