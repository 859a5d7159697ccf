//! Proves, or refutes, the promises of the detector on simulated and real series and writes the tables of
//! `docs/validation.md`:
//!
//! `cargo run --release --no-default-features --features parallel,recipe --example validate -- docs/validation.md`
//!
//! `-- --quick` runs fewer replications, prints to the screen and fails when a promised figure is missed.
//! `--only PART` runs one of false-discoveries, mixed, power, lifts, real, labelled.
//! `--data DIR` says where the real series are (they are not part of the project); without them, their tables are left out.
mod cloud;
mod detection;
mod lifts;
mod oracle;
mod panels;
mod real;
mod tcpd;

use std::path::{Path, PathBuf};

/// The page being written, and what it had to say of the promises.
pub struct Report {
    text: String,
    quick: bool,
    missed: Vec<String>,
    goals_missed: Vec<String>,
    kept: usize,
}

impl Report {
    /// Replications of the full and of the quick version.
    pub fn runs(&self, full: u64, quick: u64) -> u64 {
        if self.quick { quick } else { full }
    }

    pub fn line(&mut self, line: &str) {
        println!("{line}");
        self.text += line;
        self.text.push('\n');
    }

    /// A goal that is wished for but not promised: named on the page where the figure itself falls short.
    pub fn goal(&mut self, kept: bool, what: &str) {
        if !kept {
            self.goals_missed.push(what.to_string());
        }
    }

    /// A figure that `--quick` guards, with two standard errors of slack.
    pub fn promise(&mut self, kept: bool, what: &str) {
        if kept { self.kept += 1 } else { self.missed.push(what.to_string()) }
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let (mut out, mut quick, mut only, mut data) = (None, false, None, PathBuf::from("../shared/data"));
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => quick = true,
            "--only" => only = args.next(),
            "--data" => data = PathBuf::from(args.next().expect("a folder after --data")),
            _ => out = Some(arg),
        }
    }
    let mut report = Report { text: String::new(), quick, missed: Vec::new(), goals_missed: Vec::new(), kept: 0 };
    report.line(include_str!("head.md").trim_end());
    let part = |name: &str| only.as_deref().is_none_or(|only| only == name);
    if part("false-discoveries") {
        detection::false_discoveries(&mut report);
    }
    if part("mixed") {
        detection::mixed(&mut report);
    }
    if part("power") && !quick {
        detection::power(&mut report);
    }
    if part("lifts") {
        lifts::raw(&mut report);
        lifts::news_cycle(&mut report);
        lifts::largest_day(&mut report);
    }
    if part("real") && !quick {
        real::tables(&mut report, &data);
    }
    if part("labelled") && !quick {
        tcpd::table(&mut report, &data);
        cloud::table(&mut report, &data);
    }
    summary(&mut report);
    if let Some(out) = out {
        std::fs::write(Path::new(&out), &report.text).expect("the page can be written");
    }
    if quick && !report.missed.is_empty() {
        std::process::exit(1);
    }
}

fn summary(report: &mut Report) {
    report.line("\n## Promises\n");
    report.line(&format!(
        "{} kept, {} missed (a figure counts as missed if it is beyond its goal by more than two standard errors).\n",
        report.kept,
        report.missed.len()
    ));
    for missed in report.missed.clone() {
        report.line(&format!("- missed: {missed}"));
    }
    report.line("\n## Goals missed\n");
    report.line("Figures of the tables above that fall short of the project's goals, without any slack:\n");
    for missed in report.goals_missed.clone() {
        report.line(&format!("- {missed}"));
    }
}
