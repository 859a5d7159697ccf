//! From settings to a plan: defaults filled in, every value checked, before anything is read or written.

use crate::config::{By, Charts, Every, FailOn, Format, SeriesFormat, Settings, ValueKind, Watch};
use crate::detect::persistence::Persistence;
use crate::error::{Error, Result};
use crate::series::Kind;
use crate::time::{Seconds, Step};
use crate::{ingest, pipeline};
use std::path::PathBuf;

/// A checked order for an analysis.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Every option with its default filled in, for `run.json`.
    pub settings: Settings,
    pub out: PathBuf,
    pub step: Option<Step>,
    pub kind: Option<Kind>,
    /// Last moment that is read.
    pub to: Option<Seconds>,
    pub now: Seconds,
    pub options: pipeline::Options,
    /// What the user knows about the files.
    pub hints: ingest::Hints,
}

impl Plan {
    pub(crate) fn charts(&self) -> Charts {
        self.settings.charts.unwrap_or_default()
    }

    pub(crate) fn series(&self) -> SeriesFormat {
        self.settings.series.unwrap_or_default()
    }

    pub(crate) fn force(&self) -> bool {
        self.settings.force == Some(true)
    }

    pub(crate) fn quiet(&self) -> bool {
        self.settings.quiet == Some(true)
    }

    pub(crate) fn verbose(&self) -> bool {
        self.settings.verbose == Some(true)
    }

    /// Checks the settings; `clock` is the present moment where `--now` names none.
    pub(crate) fn new(settings: Settings, clock: Seconds) -> Result<Plan> {
        let settings = with_defaults(settings);
        if settings.input.is_empty() {
            return Err(Error::usage("no input: name files, folders or globs, or - for standard input"));
        }
        ingest::check_codes("state", &settings.state)?;
        ingest::check_codes("country", &settings.country)?;
        let baseline_days = ingest::span_days("baseline", settings.baseline.as_deref())?;
        let gap_days = ingest::span_days("gap", settings.gap.as_deref())?;
        let from = settings.from.as_deref().map(|text| moment("from", text)).transpose()?;
        let to = settings.to.as_deref().map(|text| moment("to", text)).transpose()?;
        if let (Some((from, _)), Some((_, to))) = (from, to)
            && to <= from
        {
            return Err(Error::usage("--to lies before --from"));
        }
        let now = settings.now.as_deref().map(|text| moment("now", text)).transpose()?.map_or(clock, |(now, _)| now);
        let defaults = pipeline::Options::default();
        let options = pipeline::Options {
            baseline_days,
            gap_days,
            fdr: settings.fdr.unwrap_or(defaults.fdr),
            interval: settings.interval.unwrap_or(defaults.interval),
            min_visits: settings.min_visits.unwrap_or(defaults.min_visits),
            persist: persist(settings.persist.as_deref())?,
            by_domain: settings.by == Some(By::Domain),
            seed: settings.seed.unwrap_or(defaults.seed),
            jobs: settings.jobs.unwrap_or(defaults.jobs),
            judge_from: from.map(|(from, _)| from),
            // Known when the data have been read.
            cut_short: false,
            // Read with the other lists.
            holidays: Vec::new(),
            online: settings.online == Some(true),
        };
        options.check()?;
        let step = settings.every.and_then(step_of);
        let kind = settings.value_kind.map(kind_of);
        let hints = hints(&settings)?;
        let out = settings.out.clone().unwrap_or_default();
        Ok(Plan { out, step, kind, to: to.map(|(_, end)| end - 1), now, options, hints, settings })
    }
}

fn persist(text: Option<&str>) -> Result<Persistence> {
    let of = |text: &str| text.parse().map_err(|error| Error::usage(format!("--persist: {error}")));
    text.map_or(Ok(Persistence::default()), of)
}

fn with_defaults(settings: Settings) -> Settings {
    let defaults = pipeline::Options::default();
    let upper = |codes: Vec<String>| codes.into_iter().map(|code| code.trim().to_ascii_uppercase()).collect();
    let mut settings = settings.or(Settings {
        out: Some("floodmark-out".into()),
        force: Some(false),
        series: Some(SeriesFormat::default()),
        charts: Some(Charts::default()),
        quiet: Some(false),
        verbose: Some(false),
        format: Some(Format::Auto),
        every: Some(Every::Auto),
        watch: Some(Watch::Registry),
        no_builtin_events: Some(false),
        by: Some(By::Outlet),
        online: Some(false),
        baseline: Some("8w".into()),
        gap: Some("1w".into()),
        fdr: Some(defaults.fdr),
        interval: Some(defaults.interval),
        min_visits: Some(defaults.min_visits),
        persist: Some(defaults.persist.to_string()),
        seed: Some(defaults.seed),
        jobs: Some(defaults.jobs),
        ..Settings::default()
    });
    settings.state = upper(settings.state);
    settings.country = upper(settings.country);
    settings
}

fn hints(settings: &Settings) -> Result<ingest::Hints> {
    Ok(ingest::Hints {
        format: format(settings.format.unwrap_or_default(), &settings.domain_col),
        about: settings.name.clone(),
        date: settings.date.as_deref().map(|text| moment("date", text)).transpose()?.map(|(day, _)| day),
        articles: settings.articles.clone(),
    })
}

/// The format asked for. Who names the column of the domains has a table.
pub(super) fn format(asked: Format, domain_col: &Option<String>) -> Option<String> {
    match asked {
        Format::Auto => domain_col.as_ref().map(|_| ingest::TABLE.into()),
        format => Some(format.name()),
    }
}

/// A severity by its option.
pub(crate) fn severity(fail_on: FailOn) -> crate::alert::Severity {
    use crate::alert::Severity;
    match fail_on {
        FailOn::Low => Severity::Low,
        FailOn::Medium => Severity::Medium,
        FailOn::High => Severity::High,
    }
}

pub(crate) fn step_of(every: Every) -> Option<Step> {
    match every {
        Every::Auto => None,
        Every::Hour => Some(Step::HOUR),
        Every::Day => Some(Step::DAY),
        Every::Week => Some(Step::WEEK),
    }
}

pub(crate) fn kind_of(kind: ValueKind) -> Kind {
    match kind {
        ValueKind::Count => Kind::Count,
        ValueKind::Share => Kind::Share,
        ValueKind::Scaled => Kind::Scaled,
        ValueKind::Rank => Kind::Rank,
        ValueKind::Rounded => Kind::Rounded,
    }
}

/// A date or a time → its first second and the first one after it.
pub(crate) fn moment(option: &str, text: &str) -> Result<(Seconds, Seconds)> {
    ingest::moment(text).map_err(|error| error.context(format!("--{option} '{text}'")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(change: impl FnOnce(&mut Settings)) -> Result<Plan> {
        let mut settings = Settings { input: vec!["x.csv".into()], ..Settings::default() };
        change(&mut settings);
        Plan::new(settings, 1_700_000_000)
    }

    #[test]
    fn nothing_said_gives_the_documented_defaults() {
        let plan = plan(|_| {}).expect("sound");
        assert_eq!(plan.options, pipeline::Options::default());
        assert_eq!(plan.out, PathBuf::from("floodmark-out"));
        assert_eq!(plan.now, 1_700_000_000);
    }

    #[test]
    fn dates_are_whole_days_and_times_are_moments() {
        let plan = plan(|s| {
            s.from = Some("2023-10-07".into());
            s.to = Some("2023-10-08".into());
            s.now = Some("2023-10-09T05:00:00+02:00".into());
        })
        .expect("sound");
        assert_eq!(plan.options.judge_from, Some(1_696_636_800));
        assert_eq!(plan.to, Some(1_696_636_800 + 2 * 86_400 - 1));
        assert_eq!(plan.now, 1_696_636_800 + 2 * 86_400 + 3 * 3_600);
    }

    #[test]
    fn impossible_values_are_refused_with_the_name_of_the_option() {
        type Change = fn(&mut Settings);
        let cases: [(&str, Change); 10] = [
            ("--persist", |s| s.persist = Some("3/2".into())),
            ("--fdr", |s| s.fdr = Some(1.5)),
            ("--fdr", |s| s.fdr = Some(f64::NAN)),
            ("--interval", |s| s.interval = Some(90.0)),
            ("--min-visits", |s| s.min_visits = Some(-1.0)),
            ("--state", |s| s.state = vec!["Iran".into()]),
            ("--baseline", |s| s.baseline = Some("8 parsecs".into())),
            ("--gap", |s| s.gap = Some("é".into())),
            ("--from", |s| s.from = Some("07/10/2023".into())),
            ("--to", |s| (s.from, s.to) = (Some("2023-02-01".into()), Some("2023-01-01".into()))),
        ];
        for (option, change) in cases {
            let error = plan(change).expect_err(option);
            assert!(error.is_usage() && error.to_string().contains(option), "{error}");
        }
        assert!(plan(|s| s.input.clear()).expect_err("no input").is_usage());
    }

    #[test]
    fn spans_are_weeks_days_or_hours() {
        assert_eq!(plan(|s| s.baseline = Some("4w".into())).expect("sound").options.baseline_days, 28.0);
        assert_eq!(plan(|s| s.gap = Some("36h".into())).expect("sound").options.gap_days, 1.5);
    }
}
