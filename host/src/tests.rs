//! Tests that need the inside of several modules.

mod hostile_host;
#[cfg(not(windows))]
mod messages;
mod resource_limits;
// A trap's leftovers are judged by evidence, which Windows does not have.
#[cfg(not(windows))]
pub(crate) mod traps;
