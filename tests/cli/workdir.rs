//! A folder of one's own, and the program in it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A temporary folder that goes away with the test.
pub struct Workdir(tempfile::TempDir);

/// What a run said and how it ended.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ran {
    /// The run ended with this code; shows what it said otherwise.
    #[track_caller]
    pub fn code(self, code: i32) -> Ran {
        assert_eq!(self.code, Some(code), "\nstdout: {}\nstderr: {}", head(&self.stdout), self.stderr);
        self
    }

    /// Standard error holds the text.
    #[track_caller]
    pub fn says(self, text: &str) -> Ran {
        assert!(self.stderr.contains(text), "no '{text}' in:\n{}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }
}

fn head(text: &str) -> String {
    text.chars().take(2000).collect()
}

impl Workdir {
    pub fn new() -> Workdir {
        Workdir(tempfile::tempdir().expect("a temporary folder"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Workdir {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, bytes).expect("a file written");
        self
    }

    #[track_caller]
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// Names in a folder, hidden ones too, sorted.
    pub fn entries(&self, name: &str) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.path(name))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The program with arguments split at spaces, in this folder, in a clean environment.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_floodmark"));
        command.args(arguments.split_whitespace()).current_dir(self.0.path());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("FLOODMARK_")) {
            command.env_remove(name);
        }
        command
    }

    pub fn run(&self, arguments: &str) -> Ran {
        self.command(arguments).stdin(Stdio::null()).output().expect("the program starts").into()
    }

    /// Runs with arguments that may hold spaces.
    pub fn run_words(&self, arguments: &[&str]) -> Ran {
        self.command("").args(arguments).stdin(Stdio::null()).output().expect("the program starts").into()
    }

    /// Runs with something on standard input.
    pub fn pipe(&self, arguments: &str, input: impl AsRef<[u8]>) -> Ran {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = input.as_ref().to_vec();
        let writer = std::thread::spawn(move || {
            let _ = stdin.write_all(&input);
        });
        let output = child.wait_with_output().expect("the program ends");
        writer.join().expect("written");
        output.into()
    }
}

/// Rows of `timestamp,domain,country,visits` for some days from 2023-06-01: a week's rhythm, noise, and presstv.ir
/// tripled for ten days from day 128 on (2023-10-07). The same for the same arguments.
pub fn traffic(days: usize) -> String {
    let mut text = String::from("timestamp,domain,country,visits\n");
    let mut noise = 12_345u64;
    for day in 0..days {
        for (domain, level) in [("presstv.ir", 4_000.0), ("rt.com", 20_000.0), ("bbc.co.uk", 90_000.0)] {
            for (country, part) in [("GB", 0.6), ("US", 0.4)] {
                noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let wobble = 0.94 + 0.12 * ((noise >> 40) as f64 / f64::from(1u32 << 24));
                let weekend = if day % 7 >= 5 { 0.8 } else { 1.0 };
                let surge = if domain == "presstv.ir" && (128..138).contains(&day) { 3.0 } else { 1.0 };
                let visits = (level * part * wobble * weekend * surge).round();
                writeln!(text, "{},{domain},{country},{visits}", date(day)).expect("memory");
            }
        }
    }
    text
}

/// The date that many days after 2023-06-01.
pub fn date(day: usize) -> String {
    let (mut year, mut month, mut left) = (2023, 6, day);
    loop {
        let days = match month {
            2 if year % 4 == 0 => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        if left < days {
            return format!("{year}-{month:02}-{:02}", left + 1);
        }
        left -= days;
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    }
}

/// Every file below a folder with its bytes, `run.json` left out: what must not differ between two runs.
pub fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != "run.json") {
                let name = path.strip_prefix(folder).expect("below").display().to_string();
                found.push((name, std::fs::read(&path).expect("a file")));
            }
        }
    }
    found.sort();
    found
}
