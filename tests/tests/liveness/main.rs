//! Owners that count as alive or as dead, the evidence for that, and what a user may decide.

mod break_lock;
mod evidence;
mod owners;
