//! Figures against those of other programs, computed once and stored beside their scripts.

mod changepoint;
mod statistics;
