//! False-discovery control over many tests.
