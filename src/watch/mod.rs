//! The scheduled job: what is new in the data, what that means for what was said before, and who is told.
//!
//! [`transition`] is what is told, [`notify`] are the ways to tell it.

pub mod config;
pub mod engine;
pub mod filter;
pub mod health;
mod memory;
pub mod notify;
pub mod secret;
pub mod store;
pub mod tail;
pub mod transition;
