//! parse → run → exit code, nothing else.
use floodmark::cli;
use std::process::ExitCode;

/// Threads that free what others allocated wait for each other in the C library's allocator: an analysis on two threads
/// took up to a third longer.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match cli::args::parse() {
        Ok(arguments) => arguments,
        Err(usage) => {
            // clap words its own errors; help and version are no errors (code 0).
            let _ = usage.print();
            return ExitCode::from(usage.exit_code() as u8);
        }
    };
    match cli::run(arguments) {
        Ok(outcome) => outcome.into(),
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("floodmark: {error}");
            ExitCode::from(2)
        }
    }
}
