//! The program: arguments → plan → one module a verb. Depends on everything; nothing depends on it.
//!
//! Standard output is data, standard error is talk.

pub mod args;

mod analyze;
mod charts;
mod detect;
mod domains;
mod evaluate;
mod fetch;
mod inputs;
mod interrupt;
mod plan;
mod plot;
mod reduce;
mod rows;
mod series;
mod shell;
mod simulate;
mod summary;
mod verify;
mod watch;

use crate::error::{Error, Result};
use args::{Arguments, Verb};
use std::io::{self, BufWriter, StdoutLock, Write};
use std::process::ExitCode;

/// How a run that did not break off ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is well.
    Done,
    /// An alert at or above `--fail-on` exists.
    Alarm,
    /// Some input could not be used; the rest was.
    Partial,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> ExitCode {
        match outcome {
            Outcome::Done => ExitCode::SUCCESS,
            Outcome::Alarm => ExitCode::from(1),
            Outcome::Partial => ExitCode::from(2),
        }
    }
}

/// Does what the arguments say.
///
/// # Errors
/// What the user must know; a reader of standard output that went away is [`Error::is_broken_pipe`].
pub fn run(arguments: Arguments) -> Result<Outcome> {
    interrupt::listen();
    for name in args::unknown_variables() {
        eprintln!("note: {name} in the environment is no option of floodmark and was ignored");
    }
    let result = match arguments.verb {
        Verb::Analyze(analyze) => analyze::run(*analyze),
        Verb::Watch(watch) => watch::run(&watch),
        Verb::Detect(detect) => detect::run(&detect),
        Verb::Reduce(reduce) => reduce::run(&reduce),
        Verb::Simulate(simulate) => simulate::run(&simulate),
        Verb::Evaluate(evaluate) => evaluate::run(&evaluate),
        Verb::Domains(domains) => domains::run(&domains),
        Verb::Fetch(arguments) => fetch::run(&arguments),
        Verb::Plot(plot) => plot::run(&plot),
        Verb::Verify(verify) => verify::run(&verify),
        Verb::Completions { shell } => shell::completions(shell),
        Verb::Man => shell::manual(),
    };
    interrupt::wait_if_stopping();
    result
}

/// Writes to standard output through a large buffer.
fn to_stdout(write: impl FnOnce(&mut BufWriter<StdoutLock<'static>>) -> io::Result<()>) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 17, io::stdout().lock());
    write(&mut out).and_then(|()| out.flush()).map_err(|error| Error::io("cannot write to standard output", error))
}
