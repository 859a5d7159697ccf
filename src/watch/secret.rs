//! Passwords, tokens and addresses that are passwords: where they come from, and that nobody sees them.
//!
//! A secret is named in the configuration, never written there: `{ env = "NAME" }` or `{ file = "path" }`. What is
//! read shows itself as `***` in every message, log and record; only [`Secret::reveal`] gives it out.

use crate::error::{Error, Result};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::path::{Path, PathBuf};

/// Longest secret accepted, in bytes: a larger file is the wrong file.
const LONGEST: u64 = 16 * 1024;

/// A secret. Printing it prints `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text that nobody must see.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The secret itself. For the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An environment variable.
    Env(String),
    /// A file; relative paths start at the folder of the configuration.
    File(PathBuf),
}

impl Source {
    /// Reads the secret, one line end cut. The second value is a warning, if there is reason for one.
    ///
    /// # Errors
    /// It is not there, empty, no text, or holds control characters. The error names the place, never the content.
    pub fn read(&self, folder: &Path) -> Result<(Secret, Option<String>)> {
        let (text, warning) = match self {
            Source::Env(name) => (from_environment(name)?, None),
            Source::File(path) => from_file(&folder.join(path))?,
        };
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.trim().is_empty() {
            return Err(Error::usage(format!("the secret in {self} is empty")));
        }
        if text.chars().any(char::is_control) {
            return Err(Error::usage(format!("the secret in {self} holds more than one line or control characters")));
        }
        Ok((Secret::new(text), warning))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Env(name) => write!(f, "the environment variable {name}"),
            Source::File(path) => write!(f, "the file {}", path.display()),
        }
    }
}

fn from_environment(name: &str) -> Result<String> {
    std::env::var(name).map_err(|error| match error {
        std::env::VarError::NotPresent => {
            Error::usage(format!("the environment variable {name}, which should hold a secret, is not set"))
        }
        std::env::VarError::NotUnicode(_) => Error::usage(format!("the environment variable {name} is no UTF-8 text")),
    })
}

fn from_file(path: &Path) -> Result<(String, Option<String>)> {
    let fail = |error| Error::io("cannot read the secret", error).in_file(path.display().to_string());
    let about = std::fs::metadata(path).map_err(fail)?;
    if about.len() > LONGEST {
        return Err(Error::usage(format!("too long for a secret: more than {LONGEST} bytes"))
            .in_file(path.display().to_string()));
    }
    let text = std::fs::read_to_string(path).map_err(fail)?;
    Ok((text, too_open(path, &about)))
}

#[cfg(unix)]
fn too_open(path: &Path, about: &std::fs::Metadata) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = about.permissions().mode() & 0o777;
    (mode & 0o004 != 0).then(|| {
        let path = path.display();
        format!("{path}: every user of this machine can read this secret (mode {mode:03o}); chmod 600 {path}")
    })
}

#[cfg(not(unix))]
fn too_open(_path: &Path, _about: &std::fs::Metadata) -> Option<String> {
    None
}

/// A text is refused without being repeated: serde's own messages would print it.
impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Source, D::Error> {
        deserializer.deserialize_any(SourceVisitor)
    }
}

struct SourceVisitor;

/// Why a secret is not taken from the configuration itself.
const NOT_HERE: &str = "a secret does not stand in the configuration, which is copied, committed and shown: \
    write { env = \"NAME\" } or { file = \"path\" }";

impl<'de> Visitor<'de> for SourceVisitor {
    type Value = Source;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{ env = \"NAME\" } or { file = \"path\" }")
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> std::result::Result<Source, E> {
        Err(E::custom(NOT_HERE))
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> std::result::Result<Source, E> {
        Err(E::custom(NOT_HERE))
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> std::result::Result<Source, E> {
        Err(E::custom(NOT_HERE))
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> std::result::Result<Source, E> {
        Err(E::custom(NOT_HERE))
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> std::result::Result<Source, E> {
        Err(E::custom(NOT_HERE))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Source, A::Error> {
        use serde::de::Error as _;
        let wanted = || A::Error::custom("a secret is exactly one of { env = \"NAME\" } and { file = \"path\" }");
        let source = match map.next_key::<String>()?.as_deref() {
            Some("env") => Source::Env(map.next_value()?),
            Some("file") => Source::File(map.next_value()?),
            _ => return Err(wanted()),
        };
        if map.next_key::<String>()?.is_some() {
            return Err(wanted());
        }
        Ok(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Holder {
        password: Source,
    }

    fn parse(text: &str) -> std::result::Result<Source, String> {
        toml::from_str::<Holder>(text).map(|holder| holder.password).map_err(|error| error.message().to_string())
    }

    #[test]
    fn a_secret_prints_as_stars_however_it_is_printed() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?} {secret:#?} {:?}", Some(&secret)), "*** *** *** Some(***)");
        assert_eq!(secret.reveal(), "hunter2");
    }

    #[test]
    fn a_secret_in_the_configuration_is_refused_and_not_repeated() {
        for text in ["password = 'hunter2'", "password = 4711", "password = 47.11", "password = { value = 'hunter2' }"]
        {
            let error = parse(text).expect_err("inline");
            assert!(error.contains("{ env = \"NAME\" }"), "{error}");
            assert!(!error.contains("hunter2") && !error.contains("47"), "{error}");
        }
        assert!(parse("password = { env = 'A', file = 'b' }").is_err());
        assert!(parse("password = {}").is_err());
        assert_eq!(parse("password = { env = 'A' }"), Ok(Source::Env("A".into())));
        assert_eq!(parse("password = { file = 'b' }"), Ok(Source::File("b".into())));
    }

    #[test]
    fn a_file_gives_its_line_and_errors_name_the_place_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let read = |content: &str| {
            std::fs::write(folder.path().join("s"), content).expect("written");
            Source::File("s".into()).read(folder.path())
        };
        assert_eq!(read("hunter2\r\n").expect("a secret").0.reveal(), "hunter2");
        for (content, word) in [("\n", "empty"), ("hunter2\nhunter3\n", "more than one line")] {
            let error = read(content).expect_err("no secret").to_string();
            assert!(error.contains(word) && !error.contains("hunter"), "{error}");
        }
        let error = read(&"x".repeat(20_000)).expect_err("too long").to_string();
        assert!(error.contains("too long"), "{error}");
        let missing = Source::File("none".into()).read(folder.path()).expect_err("missing").to_string();
        assert!(missing.contains("none"), "{missing}");
        let unset = Source::Env("NO_SUCH_VARIABLE_HERE".into()).read(folder.path()).expect_err("unset").to_string();
        assert!(unset.contains("NO_SUCH_VARIABLE_HERE"), "{unset}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_everybody_can_read_is_warned_about() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("s");
        std::fs::write(&path, "hunter2").expect("written");
        for (mode, warned) in [(0o600, false), (0o640, false), (0o644, true)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
            let (_, warning) = Source::File("s".into()).read(folder.path()).expect("a secret");
            assert_eq!(warning.is_some(), warned, "{mode:o}");
            assert!(!warning.unwrap_or_default().contains("hunter2"));
        }
    }
}
