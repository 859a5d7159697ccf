//! Tail probabilities.
