//! Tests that need the inside of several rooms.

mod hostile_host;
#[cfg(not(windows))]
mod messages;
mod resource_limits;
// What a trap leaves goes by evidence, which Windows does not have.
#[cfg(not(windows))]
pub(crate) mod traps;
