//! Locks: the options that one is taken with, the attempt that takes it, what it is while it is held, and what is said where
//! there is none.
//!
//! Each of these modules imports from the groups above it in this list: `tests/tests/docs/layers.rs` holds it.

pub(crate) mod inherited;
pub(crate) mod name;
pub(crate) mod place;
pub(crate) mod watch;

pub(crate) mod holder;
pub(crate) mod options;

pub(crate) mod message;
pub(crate) mod process_info;
pub(crate) mod waiting;

pub(crate) mod error;

pub(crate) mod ancestor;
pub(crate) mod failure;
pub(crate) mod replaced;

pub(crate) mod refusal;
pub(crate) mod waiter;
pub(crate) mod warning;

pub(crate) mod held;

pub(crate) mod attempt;

pub(crate) mod acquire;
pub(crate) mod inspect;

pub(crate) mod break_lock;
pub(crate) mod cover;
