//! Who counts as alive, who as dead, by what evidence, and what a person may decide.

mod break_lock;
mod evidence;
mod owners;
