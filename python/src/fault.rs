//! Errors of the core as Python exceptions, with the same text.

use pyo3::exceptions::PyValueError;
use pyo3::{PyErr, create_exception};

create_exception!(floodmark, FloodmarkError, PyValueError, "Options, data or a file are not what they should be.");

/// An error on its way to Python.
#[derive(Debug)]
pub(crate) struct Fault(floodmark::error::Error);

pub(crate) type Result<T> = std::result::Result<T, Fault>;

impl Fault {
    pub(crate) fn input(message: impl Into<String>) -> Fault {
        Fault(floodmark::error::Error::input(message))
    }

    pub(crate) fn usage(message: impl Into<String>) -> Fault {
        Fault(floodmark::error::Error::usage(message))
    }

    /// The text that Python shows.
    pub(crate) fn text(&self) -> String {
        self.0.to_string()
    }
}

impl From<floodmark::error::Error> for Fault {
    fn from(error: floodmark::error::Error) -> Fault {
        Fault(error)
    }
}

impl From<Fault> for PyErr {
    fn from(fault: Fault) -> PyErr {
        FloodmarkError::new_err(fault.text())
    }
}
