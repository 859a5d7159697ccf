//! One error type for the whole library.
//!
//! An [`Error`] says what went wrong, where (file, line, column, series) and what to do about it, and carries the
//! chain of causes. Callers do not match on variants; they ask ([`Error::is_usage`], [`Error::is_input`]).

use std::fmt;

/// The result of every fallible function of the library.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, where, and why. One word wide.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    at: Location,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ErrorKind {
    /// The caller asked for something impossible: options, arguments.
    Usage,
    /// The data are not what they should be.
    Input,
    /// The operating system refused.
    Io,
}

/// Where in the input an error sits; every part is optional.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// File, as the user named it.
    pub file: Option<String>,
    /// Line, counted from 1, the header included.
    pub line: Option<u64>,
    /// Column name as it stands in the header.
    pub column: Option<String>,
    /// Series (domain, outlet, country).
    pub series: Option<String>,
}

impl Error {
    fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error(Box::new(Inner { kind, message: message.into(), at: Location::default(), cause: None }))
    }

    /// The caller asked for something impossible (bad option, bad combination).
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// The data are not what they should be. Say what was found and what was expected.
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Input, message)
    }

    /// The operating system refused; `cause` is its own word.
    pub fn io(message: impl Into<String>, cause: std::io::Error) -> Self {
        Self::new(ErrorKind::Io, message).because(cause)
    }

    /// Adds the underlying error.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Wraps this error as the cause of a new one that says what was being done.
    #[must_use]
    pub fn context(self, message: impl Into<String>) -> Self {
        let kind = self.0.kind;
        Self::new(kind, message).because(Box::new(self) as Box<dyn std::error::Error + Send + Sync>)
    }

    /// Names the file.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.0.at.file.get_or_insert(file.into());
        self
    }

    /// Names the line (from 1, header included).
    #[must_use]
    pub fn at_line(mut self, line: u64) -> Self {
        self.0.at.line.get_or_insert(line);
        self
    }

    /// Names the column.
    #[must_use]
    pub fn in_column(mut self, column: impl Into<String>) -> Self {
        self.0.at.column.get_or_insert(column.into());
        self
    }

    /// Names the series.
    #[must_use]
    pub fn in_series(mut self, series: impl Into<String>) -> Self {
        self.0.at.series.get_or_insert(series.into());
        self
    }

    /// Where the error sits.
    pub fn location(&self) -> &Location {
        &self.0.at
    }

    /// Whether the caller asked for something impossible.
    pub fn is_usage(&self) -> bool {
        self.0.kind == ErrorKind::Usage
    }

    /// Whether the data are at fault.
    pub fn is_input(&self) -> bool {
        self.0.kind == ErrorKind::Input
    }

    /// Whether the operating system refused.
    pub fn is_io(&self) -> bool {
        self.0.kind == ErrorKind::Io
    }

    /// Whether the error, or one of its causes, is a closed pipe: a reader that went away, no failure.
    pub fn is_broken_pipe(&self) -> bool {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(self);
        while let Some(error) = next {
            if let Some(io) = error.downcast_ref::<std::io::Error>()
                && io.kind() == std::io::ErrorKind::BrokenPipe
            {
                return true;
            }
            next = error.source();
        }
        false
    }
}

/// `file:line: column 'visits': series: message`, then the causes, joined by `: `.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Location { file, line, column, series } = &self.0.at;
        match (file, line) {
            (Some(file), Some(line)) => write!(f, "{file}:{line}: ")?,
            (Some(file), None) => write!(f, "{file}: ")?,
            (None, Some(line)) => write!(f, "line {line}: ")?,
            (None, None) => {}
        }
        if let Some(column) = column {
            write!(f, "column '{column}': ")?;
        }
        if let Some(series) = series {
            write!(f, "series {series}: ")?;
        }
        f.write_str(&self.0.message)?;
        if let Some(cause) = &self.0.cause {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({self})", self.0.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_ref().map(|cause| cause.as_ref() as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_place_the_fault_and_the_cause() {
        let error = Error::input("found 'x', expected a number")
            .because(std::io::Error::other("deep down"))
            .in_file("a.csv")
            .at_line(7)
            .in_column("visits");
        assert_eq!(error.to_string(), "a.csv:7: column 'visits': found 'x', expected a number: deep down");
        assert!(error.is_input() && !error.is_usage());
    }

    #[test]
    fn a_closed_pipe_is_recognised_through_the_chain() {
        let pipe = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert!(Error::io("cannot write", pipe).context("writing rows").is_broken_pipe());
        assert!(!Error::usage("no").is_broken_pipe());
    }
}
