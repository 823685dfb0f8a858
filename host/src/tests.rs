//! Tests that need the inside of several modules.

#[cfg(feature = "component")]
mod hostile_host;
// The list has the text of a trap.
#[cfg(all(not(windows), feature = "component"))]
mod messages;
#[cfg(feature = "component")]
mod resource_limits;
// A trap's leftovers are judged by evidence, which Windows does not have.
#[cfg(all(not(windows), feature = "component"))]
pub(crate) mod traps;
