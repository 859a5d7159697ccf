//! The configuration of the job: `floodmark.toml`.

use super::health;
use super::notify::ChannelSettings;
use super::secret;
use super::transition::Change;
use crate::alert::Severity;
use crate::config::{FailOn, Settings, ValueKind};
use crate::error::{Error, Result};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Everything the job is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// Folder of the file: relative paths start here.
    pub folder: PathBuf,
    /// The job.
    pub watch: Watch,
    /// Where it remembers.
    pub store: StoreSettings,
    /// Where it says how it is doing.
    pub health: health::Settings,
    /// Options as of `analyze`.
    pub analysis: Settings,
    /// What it reads.
    pub sources: Vec<Source>,
    /// Whom it tells.
    pub deliveries: Vec<Delivery>,
}

/// `[watch]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Watch {
    /// Name of the job, for those who have several.
    pub name: String,
    /// Late data and revisions of so long ago are scored again.
    pub lookback: String,
    /// So much of the past is kept.
    pub keep: String,
    /// No new data for so many periods is told.
    pub silent_after: u32,
    /// Exit with 1 if this run tells of an alert of this severity or above.
    pub fail_on: Option<FailOn>,
    /// Where the page of open alerts goes: a file whose name ends in `.html`.
    pub report: Option<PathBuf>,
    /// Kinds of events in the calendar (`holiday`, `election`, …) during which nothing new is told.
    pub mute: Vec<String>,
}

impl Default for Watch {
    fn default() -> Watch {
        Watch {
            name: "floodmark".into(),
            lookback: "14d".into(),
            keep: "104w".into(),
            silent_after: 3,
            fail_on: None,
            report: None,
            mute: Vec::new(),
        }
    }
}

/// `[store]`: a file, or a PostgreSQL database.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct StoreSettings {
    /// SQLite file [default: `floodmark.db` beside the configuration].
    pub path: Option<PathBuf>,
    /// PostgreSQL, without the password: `postgres://user@host/database`.
    pub url: Option<String>,
    /// Password for `url`.
    pub password: Option<secret::Source>,
    /// Certificate authority of the server (PEM), for hosts other than this one.
    pub ca_file: Option<PathBuf>,
}

/// `[[source]]`: files as `analyze` takes them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Source {
    /// Files, folders, globs.
    #[serde(deserialize_with = "one_or_many")]
    pub input: Vec<String>,
    /// Instead: the arguments of `floodmark fetch`, without the dates and the folder, which are the job's.
    #[serde(deserialize_with = "one_or_many")]
    pub fetch: Vec<String>,
    /// First day that is fetched for a new store [default: a year ago].
    pub since: Option<String>,
    /// Name of the column with the time.
    pub time_col: Option<String>,
    /// Name of the column with the domain.
    pub domain_col: Option<String>,
    /// Name of the column with the readers' country.
    pub country_col: Option<String>,
    /// Name of the column with the visits.
    pub value_col: Option<String>,
    /// What the values are.
    pub value_kind: Option<ValueKind>,
    /// Time zone of stamps that name none.
    pub time_zone: Option<String>,
}

/// `[[deliver]]`: the keys that all kinds of channels share, and the channel's own.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Name of the channel.
    pub name: String,
    /// Which transitions it tells.
    pub filter: Filter,
    /// One message a day instead of one a run.
    pub digest: bool,
    /// How it tells them.
    pub channel: ChannelSettings,
}

/// Which transitions a channel tells.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Least severity.
    pub severity: Option<FailOn>,
    /// Least lift, in percent, up or down.
    pub min_lift_pct: Option<f64>,
    /// Kinds of change; empty = all.
    pub changes: Vec<Change>,
    /// Whether drops are told.
    pub drops: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    #[serde(default)]
    watch: Watch,
    #[serde(default)]
    store: StoreSettings,
    #[serde(default)]
    health: health::Settings,
    #[serde(default)]
    analysis: Settings,
    #[serde(default)]
    source: Vec<Source>,
    #[serde(default)]
    deliver: Vec<toml::Table>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Common {
    name: Option<String>,
    severity: Option<FailOn>,
    min_lift_pct: Option<f64>,
    #[serde(default)]
    changes: Vec<Change>,
    drops: Option<bool>,
    digest: Option<Digest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Digest {
    Daily,
}

/// Keys of `[[deliver]]` that are not the channel's own.
const COMMON: [&str; 6] = ["name", "severity", "min-lift-pct", "changes", "drops", "digest"];
/// Options of `analyze` that have another place here, or none.
const ELSEWHERE: &str = "stands in [[source]], on the command line or nowhere: it is no option of the analysis here";

impl Config {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, is no TOML, or has a key or value that makes no sense: with the line where that is known.
    pub fn read(path: &Path) -> Result<Config> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::io("cannot read the configuration", error).in_file(&name))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Config::parse(&text, folder).map_err(|error| error.in_file(&name))
    }

    /// Reads TOML; relative paths start at `folder`.
    ///
    /// # Errors
    /// As [`Config::read`].
    ///
    /// ```
    /// use floodmark::watch::config::Config;
    /// let text = "[[source]]\ninput = 'daily/*.csv'\n\n[[deliver]]\nkind = 'stdout'\nseverity = 'medium'";
    /// let config = Config::parse(text, ".".as_ref()).unwrap();
    /// assert_eq!(config.deliveries[0].name, "stdout");
    /// let error = Config::parse("[watch]\nlookbak = '14d'", ".".as_ref()).unwrap_err();
    /// assert!(error.to_string().starts_with("line 2: unknown field `lookbak`"));
    /// ```
    pub fn parse(text: &str, folder: &Path) -> Result<Config> {
        let file: File = toml::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() as u64 + 1);
            Error::usage(error.message().replace('\n', "; ")).at_line(line)
        })?;
        if file.source.iter().all(|source| source.input.is_empty() && source.fetch.is_empty()) {
            return Err(Error::usage(
                "no [[source]] with an input, or with something to fetch: there is nothing to watch",
            ));
        }
        if file.store.path.is_some() && file.store.url.is_some() {
            return Err(Error::usage("[store] has a path and a url: a store is in one place"));
        }
        if let Some(page) = file.watch.report.as_ref().filter(|page| page.extension().is_none_or(|end| end != "html")) {
            return Err(Error::usage(format!(
                "[watch] report = '{}': expected a file whose name ends in .html",
                page.display()
            )));
        }
        let own = &file.analysis;
        let misplaced = [
            ("input", !own.input.is_empty()),
            ("out", own.out.is_some()),
            ("total", own.total.is_some()),
            ("now", own.now.is_some()),
            ("to", own.to.is_some()),
            ("force", own.force.is_some()),
            ("fail-on", own.fail_on.is_some()),
        ];
        if let Some((key, _)) = misplaced.iter().find(|(_, there)| *there) {
            return Err(Error::usage(format!("[analysis] {key}: {ELSEWHERE}")));
        }
        let mut deliveries: Vec<Delivery> = Vec::new();
        for (i, table) in file.deliver.into_iter().enumerate() {
            let one =
                delivery(table, &deliveries).map_err(|error| error.context(format!("[[deliver]] number {}", i + 1)))?;
            deliveries.push(one);
        }
        let Watch { mut mute, .. } = file.watch.clone();
        mute.iter_mut().for_each(|kind| *kind = kind.trim().to_lowercase());
        let watch = Watch { mute, ..file.watch };
        Ok(Config {
            folder: folder.into(),
            watch,
            store: file.store,
            health: file.health,
            analysis: file.analysis,
            sources: file.source,
            deliveries,
        })
    }

    /// A path of the configuration.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.join(path)
    }
}

fn delivery(mut table: toml::Table, before: &[Delivery]) -> Result<Delivery> {
    let fault = |error: toml::de::Error| Error::usage(error.message().replace('\n', "; "));
    let common: toml::Table = COMMON.iter().filter_map(|key| Some(((*key).to_string(), table.remove(*key)?))).collect();
    let common: Common = common.try_into().map_err(fault)?;
    let kind = table.get("kind").and_then(toml::Value::as_str).unwrap_or("channel").to_string();
    let channel: ChannelSettings = table.try_into().map_err(fault)?;
    let taken = |name: &str| before.iter().any(|one| one.name == name);
    let name = match common.name {
        Some(name) if taken(&name) => return Err(Error::usage(format!("the name '{name}' stands twice"))),
        Some(name) if name.is_empty() || name.starts_with('~') => {
            return Err(Error::usage(format!("'{name}' is no name for a channel")));
        }
        Some(name) => name,
        None => (1..)
            .map(|n| if n == 1 { kind.clone() } else { format!("{kind}-{n}") })
            .find(|name| !taken(name))
            .unwrap_or(kind),
    };
    let filter = Filter {
        severity: common.severity,
        min_lift_pct: common.min_lift_pct,
        changes: common.changes,
        drops: common.drops.unwrap_or(true),
    };
    Ok(Delivery { name, filter, digest: common.digest.is_some(), channel })
}

/// The severity of an option.
pub fn severity(option: FailOn) -> Severity {
    match option {
        FailOn::Low => Severity::Low,
        FailOn::Medium => Severity::Medium,
        FailOn::High => Severity::High,
    }
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text or a list of texts")]
    enum Texts {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Texts::deserialize(deserializer)? {
        Texts::One(text) => vec![text],
        Texts::Many(texts) => texts,
    })
}
