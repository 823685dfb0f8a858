//! The program: its commands, options, output, environment, and a command under the lock.

mod command;
mod doctor;
mod environment;
mod help;
mod json;
mod log;
mod messages;
mod program;
mod run;
mod service;
mod status;
