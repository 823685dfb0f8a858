//! Locks: the options, the attempt that acquires one, the lock while it is held, and the errors.
//!
//! Each of these modules imports only from the groups above it in this list; `tests/tests/docs/layers.rs` checks it.

pub(crate) mod inherited;
pub(crate) mod name;
pub(crate) mod place;
pub(crate) mod watch;

pub(crate) mod holder;
pub(crate) mod options;

pub(crate) mod message;
pub(crate) mod process_info;
pub(crate) mod waiting;

pub(crate) mod hint;

pub(crate) mod error;

pub(crate) mod ancestor;
pub(crate) mod failure;
pub(crate) mod replaced;

pub(crate) mod refusal;
pub(crate) mod waiter;
pub(crate) mod warning;

pub(crate) mod held;

pub(crate) mod joining;

pub(crate) mod attempt;

pub(crate) mod acquire;
pub(crate) mod inspect;

pub(crate) mod break_lock;
pub(crate) mod cover;
