//! Benchmarks of floodmark; see benches/.
