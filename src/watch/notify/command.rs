//! A program of the user's: the message as JSON on its standard input.
//!
//! It is started without a shell, with a reduced environment and a time limit. Exit code 0 means delivered; anything
//! else, and being stopped for taking too long, is tried again.

use super::message::Message;
use super::{Channel, Context, Failure};
use crate::error::{Error, Result};
use crate::watch::transition::Transition;
use serde::Deserialize;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Bytes of the program's words that are kept for an error message.
const LISTEN: usize = 4 * 1024;
/// Variables that a program needs to find its way; no other is passed on unasked.
const PASSED_ON: [&str; 9] = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SYSTEMROOT"];

/// Keys of a `kind = "command"` table.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The program and its arguments, each as it is: no shell sees them. A relative path with a `/` starts at the
    /// folder of the configuration, which is also where the program runs.
    pub command: Vec<String>,
    /// Variables of the environment that the program gets too.
    #[serde(default)]
    pub env: Vec<String>,
    /// Seconds that it may take.
    #[serde(default = "a_minute")]
    pub timeout: u64,
}

fn a_minute() -> u64 {
    60
}

#[derive(Debug)]
pub(super) struct Command {
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
    env: Vec<String>,
    timeout: Duration,
    folder: PathBuf,
}

impl Command {
    pub(super) fn new(name: String, settings: &Settings, folder: &Path) -> Result<Command> {
        let Some((program, arguments)) = settings.command.split_first().filter(|(program, _)| !program.is_empty())
        else {
            return Err(Error::usage("command is empty; expected [\"program\", \"argument\", …]"));
        };
        if settings.timeout == 0 {
            return Err(Error::usage("timeout is in seconds, at least 1"));
        }
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
        let program = if program.contains('/') { folder.join(program) } else { PathBuf::from(program) };
        Ok(Command {
            name,
            program,
            arguments: arguments.to_vec(),
            env: settings.env.clone(),
            timeout: Duration::from_secs(settings.timeout),
            folder,
        })
    }

    fn start(&self, key: &str) -> std::io::Result<Child> {
        let mut process = Process::new(&self.program);
        process.args(&self.arguments).env_clear().current_dir(&self.folder);
        for name in PASSED_ON.iter().copied().chain(self.env.iter().map(String::as_str)) {
            if let Some(value) = std::env::var_os(name) {
                process.env(name, value);
            }
        }
        process.env("IDEMPOTENCY_KEY", key);
        process.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        own_group(&mut process);
        process.spawn()
    }

    fn named(&self) -> String {
        self.program.display().to_string()
    }
}

/// The program gets a process group of its own, so that those it starts can be stopped with it.
#[cfg(unix)]
fn own_group(process: &mut Process) {
    use std::os::unix::process::CommandExt;
    process.process_group(0);
}

#[cfg(not(unix))]
fn own_group(_process: &mut Process) {}

/// Stops the program and, where the system's `kill` is at hand, everything it started.
fn stop(child: &mut Child) {
    #[cfg(unix)]
    let _ = Process::new("kill")
        .args(["-KILL", "--", &format!("-{}", child.id())])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let _ = child.kill();
    let _ = child.wait();
}

/// Waits for the end of the program; `None` if it was stopped for taking too long.
fn wait(child: &mut Child, time: Duration) -> std::io::Result<Option<ExitStatus>> {
    let end = Instant::now() + time;
    let mut pause = Duration::from_millis(2);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            stop(child);
            return Ok(None);
        }
        std::thread::sleep(pause.min(left));
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// Reads what a program says on its standard error, to the end so that it never blocks, and keeps the beginning.
fn listen(mut pipe: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let (mut kept, mut buffer) = (Vec::new(), [0; 4096]);
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            let room = LISTEN.saturating_sub(kept.len()).min(count);
            kept.extend_from_slice(&buffer[..room]);
        }
        let _ = sender.send(super::message::plain(String::from_utf8_lossy(&kept).trim()));
    });
    receiver
}

impl Channel for Command {
    fn name(&self) -> &str {
        &self.name
    }

    fn deliver(&self, batch: &[Transition], context: &Context<'_>) -> std::result::Result<(), Failure> {
        let message = Message::of(batch);
        let body = serde_json::to_vec(&message)
            .map_err(|error| Failure::Permanent(Error::input("cannot write the message as JSON").because(error)))?;
        let mut child = self.start(&message.key).map_err(|error| {
            let lasting = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied);
            let error = Error::io(format!("cannot start {}", self.named()), error);
            if lasting { Failure::Permanent(error) } else { Failure::retry(error) }
        })?;
        let words = child.stderr.take().map(listen);
        if let Some(mut stdin) = child.stdin.take() {
            // In a thread of its own, for a program that does not read. One that ends without reading decides itself
            // whether that is a success.
            std::thread::spawn(move || {
                let _ = stdin.write_all(&body);
            });
        }
        let time = context.time_for_one(self.timeout);
        let ended = wait(&mut child, time)
            .map_err(|error| Failure::retry(Error::io(format!("cannot wait for {}", self.named()), error)))?;
        let said = || {
            // A process left behind may hold the pipe open.
            let text = words.and_then(|words| words.recv_timeout(Duration::from_millis(500)).ok());
            text.filter(|text| !text.is_empty()).map(|text| format!(": {text}")).unwrap_or_default()
        };
        match ended {
            Some(status) if status.success() => Ok(()),
            Some(status) => {
                Err(Failure::retry(Error::input(format!("{} ended with {status}{}", self.named(), said()))))
            }
            None => Err(Failure::retry(Error::input(format!(
                "{} was stopped after {:.0} s{}",
                self.named(),
                time.as_secs_f64(),
                said()
            )))),
        }
    }

    /// The program is there and can be run; it is not started.
    fn check(&self) -> Result<()> {
        let found = if self.program.components().count() > 1 {
            runnable(&self.program)
        } else {
            let path = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&path).any(|folder| runnable(&folder.join(&self.program)))
        };
        match found {
            true => Ok(()),
            false => Err(Error::usage(format!("{} is no program that can be run", self.named()))),
        }
    }
}

#[cfg(unix)]
fn runnable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn runnable(path: &Path) -> bool {
    path.is_file()
}
