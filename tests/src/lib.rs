//! The tests' shared parts: the real program, directories as they may be found, contenders for them, and the build of
//! the component.

mod built;
pub mod churn;
#[cfg(feature = "component")]
pub mod component;
pub mod contender;
pub mod exclusion_oracle;
pub mod files;
pub mod fixture;
pub mod identity;
pub mod jitter;
mod launch;
pub mod memory_coordinator;
pub mod original;
pub mod pair;
#[cfg(feature = "component")]
pub mod plugin;
pub mod program;
pub mod running;
pub mod schema;
pub mod single_step;
pub mod under_lock;
mod workspace;

pub use workspace::workspace;

// Effects of strace(1) on a program, namespaces, mounts, and system calls that only Linux has.
#[cfg(target_os = "linux")]
pub mod leftovers;
#[cfg(target_os = "linux")]
pub mod mounted;
#[cfg(target_os = "linux")]
pub mod namespaces;
#[cfg(target_os = "linux")]
pub mod seccomp;
#[cfg(target_os = "linux")]
pub mod strace;

// Sessions, and pseudo terminals.
#[cfg(unix)]
pub mod terminal;
