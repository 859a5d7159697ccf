//! The options of an analysis: one structure for the command line, the environment and a TOML file.
//!
//! A file is the weakest word, then the environment (`FLOODMARK_BASELINE` for `--baseline`), then the flags.
//! Values are checked later, all in one place, so that a wrong one is reported in the same words wherever it stands.

mod files;

use crate::error::{Error, Result};
use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Deserializer, Serialize};
use std::path::{Path, PathBuf};

/// Options of `analyze`. Every one may be missing.
#[derive(Args, Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Files, folders, globs, or - for standard input: timestamp, domain, country, visits
    #[arg(value_name = "INPUT")]
    #[serde(deserialize_with = "one_or_many")]
    pub input: Vec<String>,

    /// Result folder [default: floodmark-out]
    #[arg(short, long, value_name = "DIR", help_heading = "Output")]
    pub out: Option<PathBuf>,

    /// Replace an older result
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL",
          value_parser = BoolishValueParser::new(), hide_possible_values = true, help_heading = "Output")]
    pub force: Option<bool>,

    /// Format of the scored series [default: parquet]
    #[arg(long, help_heading = "Output")]
    pub series: Option<SeriesFormat>,

    /// Format of the charts [default: png]
    #[arg(long, help_heading = "Output")]
    pub charts: Option<Charts>,

    /// Exit with 1 if there is an alert of this severity or above
    #[arg(long, help_heading = "Output")]
    pub fail_on: Option<FailOn>,

    /// Say nothing but errors
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL",
          value_parser = BoolishValueParser::new(), hide_possible_values = true, help_heading = "Output")]
    pub quiet: Option<bool>,

    /// Say more
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL",
          value_parser = BoolishValueParser::new(), hide_possible_values = true, help_heading = "Output")]
    pub verbose: Option<bool>,

    /// Denominator of the index: a table of timestamp, visits and, where told apart, country. Without it, all
    /// traffic in the input
    #[arg(long, value_name = "FILE", help_heading = "Data")]
    pub total: Option<PathBuf>,

    /// Format of the input [default: auto, by the content]
    #[arg(long, help_heading = "Data")]
    pub format: Option<Format>,

    /// What files without names of their own are about: a host or a term [default: the file's name]
    #[arg(long, value_name = "NAME", help_heading = "Data")]
    pub name: Option<String>,

    /// Day of lists that name none
    #[arg(long, value_name = "DATE", help_heading = "Data")]
    pub date: Option<String>,

    /// Pages of Wikipedia that are kept: one a line, or a table of project, article, domain
    #[arg(long, value_name = "FILE", help_heading = "Data")]
    pub articles: Option<PathBuf>,

    /// Name of the column with the time
    #[arg(long, value_name = "NAME", help_heading = "Data")]
    pub time_col: Option<String>,

    /// Name of the column with the domain
    #[arg(long, value_name = "NAME", help_heading = "Data")]
    pub domain_col: Option<String>,

    /// Name of the column with the readers' country
    #[arg(long, value_name = "NAME", help_heading = "Data")]
    pub country_col: Option<String>,

    /// Name of the column with the visits
    #[arg(long, value_name = "NAME", help_heading = "Data")]
    pub value_col: Option<String>,

    /// What the values are [default: told by the column]
    #[arg(long, value_name = "KIND", help_heading = "Data")]
    pub value_kind: Option<ValueKind>,

    /// Time zone of stamps that name none, such as Europe/Berlin [default: UTC]
    #[arg(long, value_name = "ZONE", help_heading = "Data")]
    pub time_zone: Option<String>,

    /// Length of a period [default: auto, as in the data]
    #[arg(long, help_heading = "Data")]
    pub every: Option<Every>,

    /// First date judged (a surge under way then is told with its own onset); earlier data serve as history
    #[arg(long, value_name = "DATE", help_heading = "Selection")]
    pub from: Option<String>,

    /// Last date, included
    #[arg(long, value_name = "DATE", help_heading = "Selection")]
    pub to: Option<String>,

    /// Affiliated states to watch, such as IR,RU [default: all]
    #[arg(long, value_name = "CODES", value_delimiter = ',', help_heading = "Selection")]
    #[serde(deserialize_with = "one_or_many")]
    pub state: Vec<String>,

    /// Countries of the readers, such as US,GB [default: all]
    #[arg(long, value_name = "CODES", value_delimiter = ',', help_heading = "Selection")]
    #[serde(deserialize_with = "one_or_many")]
    pub country: Vec<String>,

    /// Which series are watched: known outlets, or every series [default: registry]
    #[arg(long, help_heading = "Selection")]
    pub watch: Option<Watch>,

    /// Registry of outlets, added to the built-in one (repeatable)
    #[arg(long, value_name = "FILE", value_delimiter = ',', help_heading = "Selection")]
    #[serde(deserialize_with = "one_or_many")]
    pub domains: Vec<String>,

    /// Calendar of events, added to the built-in one (repeatable)
    #[arg(long, value_name = "FILE", value_delimiter = ',', help_heading = "Selection")]
    #[serde(deserialize_with = "one_or_many")]
    pub events: Vec<String>,

    /// What else may explain a surge: OONI, IODA or Radar answers (JSON), or a table from,until,country,domain,kind,source
    /// (repeatable)
    #[arg(long, value_name = "FILE", value_delimiter = ',', help_heading = "Selection")]
    #[serde(deserialize_with = "one_or_many")]
    pub context: Vec<String>,

    /// Public holidays (date,country,name), whose usual effect is learnt from earlier years (repeatable)
    #[arg(long, value_name = "FILE", value_delimiter = ',', help_heading = "Selection")]
    #[serde(deserialize_with = "one_or_many")]
    pub holidays: Vec<String>,

    /// Leave out the built-in events
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL",
          value_parser = BoolishValueParser::new(), hide_possible_values = true, help_heading = "Selection")]
    pub no_builtin_events: Option<bool>,

    /// Watch outlets or single domains [default: outlet]
    #[arg(long, help_heading = "Method")]
    pub by: Option<By>,

    /// Decide period by period, from the past alone, as a daily watch does
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL",
          value_parser = BoolishValueParser::new(), hide_possible_values = true, help_heading = "Method")]
    pub online: Option<bool>,

    /// Length of the baseline [default: 8w]
    #[arg(long, value_name = "SPAN", help_heading = "Method")]
    pub baseline: Option<String>,

    /// Gap between the baseline and the period judged [default: 1w]
    #[arg(long, value_name = "SPAN", help_heading = "Method")]
    pub gap: Option<String>,

    /// False-discovery rate of the alerts [default: 0.05]
    #[arg(long, value_name = "RATE", help_heading = "Method")]
    pub fdr: Option<f64>,

    /// Coverage of the intervals [default: 0.9]
    #[arg(long, value_name = "LEVEL", help_heading = "Method")]
    pub interval: Option<f64>,

    /// Smallest mean number of visits per period for an alert [default: 20]
    #[arg(long, value_name = "N", help_heading = "Method", allow_negative_numbers = true)]
    pub min_visits: Option<f64>,

    /// Periods that an alert must have stayed raised, m of n in a row [default: 1/1]
    #[arg(long, value_name = "M/N", help_heading = "Method")]
    pub persist: Option<String>,

    /// Seed of everything that is drawn at random [default: 1]
    #[arg(long, value_name = "N", help_heading = "Method")]
    pub seed: Option<u64>,

    /// The present moment: the period that holds it is incomplete [default: the clock]
    #[arg(long, value_name = "TIME", help_heading = "Method")]
    pub now: Option<String>,

    /// Worker threads; 0 = one a core [default: 0]
    #[arg(long, value_name = "N", help_heading = "Method")]
    pub jobs: Option<usize>,
}

macro_rules! choice {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ValueEnum)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$vmeta])* $variant),+ }
    };
}

choice!(
    /// Format of the scored series.
    SeriesFormat {
        /// Apache Parquet
        #[default]
        Parquet,
        /// Comma-separated text
        Csv,
    }
);

choice!(
    /// Format of the charts.
    Charts {
        /// Pixels
        #[default]
        Png,
        /// Lines
        Svg,
        /// No charts
        None,
    }
);

choice!(
    /// Severity from which on an alert makes the program exit with 1.
    FailOn {
        /// Any alert
        #[default]
        Low,
        /// Worth a report
        Medium,
        /// Worth waking somebody
        High,
    }
);

choice!(
    /// Format of the input.
    Format {
        /// By the content
        #[default]
        Auto,
        /// Long table: timestamp, domain, country, visits
        Csv,
        /// The same as Parquet
        Parquet,
        /// The same as JSON, one object a line
        Ndjson,
        /// One column a domain, country or term
        Wide,
        /// Page views of Wikimedia: per article, aggregate, top by country
        Wikimedia,
        /// Hourly dump of page views
        Pageviews,
        /// Daily dump of page views (pageview_complete)
        PageviewComplete,
        /// Cloudflare Radar: series and rankings
        Radar,
        /// Google Trends, multiTimeline.csv
        Trends,
        /// GDELT timelinevol, timelinevolraw
        Gdelt,
        /// Tor Metrics, userstats
        Tor,
        /// Tranco list
        Tranco,
        /// Cisco Umbrella list
        Umbrella,
        /// Majestic Million
        Majestic,
        /// CrUX top list
        Crux,
        /// Plausible export
        Plausible,
        /// Matomo export
        Matomo,
        /// Google Analytics 4 export
        Ga4,
        /// Similarweb API
        Similarweb,
        /// OONI aggregation
        Ooni,
        /// IODA outage events
        Ioda,
        /// Apache or nginx access log
        AccessLog,
        /// Zeek http.log or dns.log
        Zeek,
        /// Squid access.log
        Squid,
    }
);

impl Format {
    /// The name used in options.
    pub fn name(self) -> String {
        self.to_possible_value().map_or(String::new(), |value| value.get_name().to_string())
    }
}

choice!(
    /// What the values are.
    ValueKind {
        /// Visits, page views, users
        #[default]
        Count,
        /// Part of a total
        Share,
        /// 0–100 within one download
        Scaled,
        /// Position in a list
        Rank,
        /// Counts rounded by their publisher
        Rounded,
    }
);

choice!(
    /// Length of a period.
    Every {
        /// As in the data
        #[default]
        Auto,
        /// Hours
        Hour,
        /// Days
        Day,
        /// Weeks from Monday
        Week,
    }
);

choice!(
    /// Which series are watched.
    Watch {
        /// Outlets known to be affiliated with a state, with known reference outlets as controls
        #[default]
        Registry,
        /// Every series
        All,
    }
);

choice!(
    /// What is watched.
    By {
        /// Outlets, all their domains together
        #[default]
        Outlet,
        /// Single domains
        Domain,
    }
);

impl Settings {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// The file cannot be read, is no TOML, has a key that is no option or a value of the wrong type: with the line.
    pub fn read(path: &Path) -> Result<Settings> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::io("cannot read the configuration", error).in_file(&name))?;
        Settings::parse(&text).map_err(|error| error.in_file(&name))
    }

    /// Reads TOML.
    ///
    /// ```
    /// # use floodmark::config::Settings;
    /// let settings = Settings::parse("baseline = '4w'\nstate = ['IR', 'RU']").unwrap();
    /// assert_eq!(settings.state, ["IR", "RU"]);
    /// let error = Settings::parse("fdr = 0.1\nbase-line = '4w'").unwrap_err();
    /// assert!(error.to_string().starts_with("line 2: unknown field `base-line`"));
    /// ```
    pub fn parse(text: &str) -> Result<Settings> {
        toml::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() as u64 + 1);
            Error::usage(error.message().replace('\n', "; ")).at_line(line)
        })
    }

    /// These settings where they say something, `weaker` elsewhere.
    #[must_use]
    pub fn or(self, weaker: Settings) -> Settings {
        let many = |strong: Vec<String>, weak| if strong.is_empty() { weak } else { strong };
        Settings {
            input: many(self.input, weaker.input),
            out: self.out.or(weaker.out),
            force: self.force.or(weaker.force),
            series: self.series.or(weaker.series),
            charts: self.charts.or(weaker.charts),
            fail_on: self.fail_on.or(weaker.fail_on),
            quiet: self.quiet.or(weaker.quiet),
            verbose: self.verbose.or(weaker.verbose),
            total: self.total.or(weaker.total),
            format: self.format.or(weaker.format),
            name: self.name.or(weaker.name),
            date: self.date.or(weaker.date),
            articles: self.articles.or(weaker.articles),
            time_col: self.time_col.or(weaker.time_col),
            domain_col: self.domain_col.or(weaker.domain_col),
            country_col: self.country_col.or(weaker.country_col),
            value_col: self.value_col.or(weaker.value_col),
            value_kind: self.value_kind.or(weaker.value_kind),
            time_zone: self.time_zone.or(weaker.time_zone),
            every: self.every.or(weaker.every),
            from: self.from.or(weaker.from),
            to: self.to.or(weaker.to),
            state: many(self.state, weaker.state),
            country: many(self.country, weaker.country),
            watch: self.watch.or(weaker.watch),
            domains: many(self.domains, weaker.domains),
            events: many(self.events, weaker.events),
            holidays: many(self.holidays, weaker.holidays),
            context: many(self.context, weaker.context),
            no_builtin_events: self.no_builtin_events.or(weaker.no_builtin_events),
            by: self.by.or(weaker.by),
            online: self.online.or(weaker.online),
            baseline: self.baseline.or(weaker.baseline),
            gap: self.gap.or(weaker.gap),
            fdr: self.fdr.or(weaker.fdr),
            interval: self.interval.or(weaker.interval),
            min_visits: self.min_visits.or(weaker.min_visits),
            persist: self.persist.or(weaker.persist),
            seed: self.seed.or(weaker.seed),
            now: self.now.or(weaker.now),
            jobs: self.jobs.or(weaker.jobs),
        }
    }
}

/// A list, or one text whose parts are joined by commas.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text or a list of texts")]
    enum Texts {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Texts::deserialize(deserializer)? {
        Texts::One(text) => text.split(',').map(|part| part.trim().to_string()).collect(),
        Texts::Many(texts) => texts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stronger_word_wins_and_the_weaker_fills_the_rest() {
        let strong = Settings { fdr: Some(0.1), state: vec!["IR".into()], ..Settings::default() };
        let weak = Settings { fdr: Some(0.2), jobs: Some(3), state: vec!["RU".into()], ..Settings::default() };
        let both = strong.or(weak);
        assert_eq!((both.fdr, both.jobs, both.state), (Some(0.1), Some(3), vec!["IR".to_string()]));
    }

    #[test]
    fn a_value_of_the_wrong_type_is_reported_with_its_line() {
        let error = Settings::parse("# comment\n\nseed = 'x'\n").expect_err("a text is no seed");
        assert_eq!(error.location().line, Some(3));
        assert!(Settings::parse("charts = 'gif'").expect_err("no such format").is_usage());
    }

    #[test]
    fn every_option_can_stand_in_a_file() {
        let command = Settings::augment_args(clap::Command::new("x"));
        let text: String = command
            .get_arguments()
            .map(|arg| {
                let key = arg.get_long().unwrap_or("input");
                let value = match key {
                    "force" | "quiet" | "verbose" | "no-builtin-events" | "online" => "true",
                    "fdr" | "interval" | "min-visits" => "0.5",
                    "seed" | "jobs" => "1",
                    "series" => "'csv'",
                    "charts" => "'svg'",
                    "fail-on" => "'high'",
                    "format" => "'trends'",
                    "value-kind" => "'rank'",
                    "every" => "'day'",
                    "watch" => "'all'",
                    "by" => "'domain'",
                    _ => "'x'",
                };
                format!("{key} = {value}\n")
            })
            .collect();
        Settings::parse(&text).expect("all keys are known");
    }
}
