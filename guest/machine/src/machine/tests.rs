//! The machine turn by turn: what it asks for next, and its outcome, reply by reply.
//!
//! For what the model checker cannot see: which file an error names, how long exactly an attempt waits, and steps that
//! could be left out or repeated without harm.

mod attempt;
mod cached;
mod denied;
mod leftovers;
mod numbers;
mod scenes;
mod searching;
mod session;
mod sweeping;
mod telling;
mod turning_back;
mod unread;
mod vanished;
mod waiting;
