//! The program as a user runs it: every test has a folder of its own and starts the real binary.

mod architecture;
mod bad_input;
mod context;
mod detect;
mod domains;
mod fetch;
mod formats;
mod hostile;
mod notify;
mod notify_mail;
mod notify_watch;
mod options;
mod plot;
mod real;
mod reduce;
mod report;
mod result;
mod server;
mod verbs;
mod verify;
mod watch;
mod workdir;
