//! What may explain a surge or a fall, from outside: OONI measurements, IODA outages, Radar annotations, or a table.
//!
//! [`read`] knows them apart by their content. All become [`Context`]: plain spans of time for the core.

pub mod ioda;
pub mod ooni;
pub mod radar;
mod table;

pub use table::COLUMNS;

use crate::error::{Error, Result};
use crate::measure::confounder::Context;
use crate::registry::fold;
use crate::time::Seconds;
use serde_json::Value;
use std::path::Path;

/// Reads a file of context.
///
/// # Errors
/// The file cannot be read, is none of the known shapes, or is wrong: with line and column where there are such.
pub fn read(path: &Path) -> Result<Context> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|e| Error::io("cannot read the context", e).in_file(&name))?;
    let text = std::str::from_utf8(&bytes).map_err(|e| Error::input("not UTF-8").because(e).in_file(&name))?;
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') {
        let value: Value =
            serde_json::from_str(text).map_err(|e| Error::input("not JSON").because(e).in_file(&name))?;
        return json(&value, path).map_err(|error| error.in_file(name));
    }
    table::parse(text, &name)
}

/// Reads each file; what they say is put together.
///
/// # Errors
/// As [`read`], at the first file that cannot be used.
pub fn read_all<'a>(paths: impl Iterator<Item = &'a Path>) -> Result<Context> {
    let mut all = Context::default();
    for path in paths {
        all.add(read(path)?);
    }
    Ok(all)
}

fn json(value: &Value, path: &Path) -> Result<Context> {
    let result = &value["result"];
    if value["type"].as_str().is_some_and(|kind| kind.starts_with("outages.")) {
        Ok(ioda::context(&ioda::parse(value)?.0, ioda::window(value)))
    } else if result["annotations"].is_array() {
        Ok(radar::context(radar::parse(value)?))
    } else if !result.is_null() && (value["v"].is_number() || result.is_array()) {
        let (domain, country) = named(path);
        ooni::context(&ooni::parse(value)?, domain.as_deref(), country.as_deref())
    } else {
        Err(Error::input(
            "not a known kind of context: expected the answer of OONI's aggregation, of IODA's outage events or of \
             Radar's annotations, or a table with the columns from, until, country, domain, kind, source",
        ))
    }
}

/// A domain and a country in the name of a file (`ooni_rt.com_GB.json`): an answer of OONI does not repeat what it was
/// asked for.
fn named(path: &Path) -> (Option<String>, Option<String>) {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let part = |wanted: &dyn Fn(&str) -> bool| {
        // A hyphen may part words or belong to a domain: where `_` parts words, whole ones come first.
        let words = stem.split('_').filter(|_| stem.contains('_')).chain(stem.split(['_', '-', ' ']));
        words.into_iter().find(|word| wanted(word)).map(String::from)
    };
    let domain = part(&|word| {
        let labels: Vec<&str> = word.split('.').collect();
        labels.len() > 1
            && labels.iter().all(|l| !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
    });
    (domain.and_then(|domain| site(&domain)), part(&crate::calendar::is_code))
}

/// A host as the registry and the tables of traffic have it.
pub(crate) fn site(host: &str) -> Option<String> {
    fold(host).name().map(String::from)
}

/// A time stamp as text.
pub(crate) fn stamp(text: &str) -> Option<Seconds> {
    let text = text.trim();
    match text.parse::<jiff::Timestamp>() {
        Ok(stamp) => Some(stamp.as_second()),
        // Radar leaves the zone away and means UTC.
        Err(_) => format!("{text}Z").parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_tell_what_was_asked() {
        let named = |name: &str| {
            let (domain, country) = named(Path::new(name));
            (domain.unwrap_or_default(), country.unwrap_or_default())
        };
        assert_eq!(named("/x/ooni-rt.com-GB.json"), ("rt.com".into(), "GB".into()));
        assert_eq!(named("ooni_al-alam.ir_IR.json"), ("al-alam.ir".into(), "IR".into()));
        assert_eq!(named("answer.json"), (String::new(), String::new()));
    }

    proptest::proptest! {
        #[test]
        fn no_file_makes_the_reader_panic(
            text in "\\PC*",
            start in proptest::num::f64::ANY,
            field in "[a-z_]{0,12}|location|start|probe_cc|startDate",
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("ooni_rt.com_GB.json");
            let row = serde_json::json!({"location": "country/IR", "start": start, "duration": start, "score": 1,
                "measurement_start_day": text, "probe_cc": "GB", field: text});
            for document in [
                text.clone(),
                serde_json::json!({"type": "outages.events", "data": [row]}).to_string(),
                serde_json::json!({"v": 0, "result": [row]}).to_string(),
                serde_json::json!({"success": true, "result": {"annotations": [row]}}).to_string(),
                format!("from,until,country,domain,kind,source\n{text},,GB,,block,{start}\n"),
            ] {
                std::fs::write(&path, document).expect("written");
                let _ = read(&path);
            }
        }
    }

    #[test]
    fn what_is_no_context_is_refused_with_what_is_expected() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.json");
        for (text, reason) in
            [("{", "not JSON"), ("{\"a\":1}", "not a known kind"), ("when,what\n", "no column 'from'")]
        {
            std::fs::write(&path, text).expect("written");
            let said = read(&path).expect_err(text).to_string();
            assert!(said.contains(reason) && said.contains("a.json"), "{said}");
        }
    }
}
