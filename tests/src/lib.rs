//! What the tests share: the real program, directories as they may be found, contenders for them, and how the component
//! is built.

pub mod churn;
pub mod component;
pub mod contender;
pub mod exclusion_oracle;
pub mod files;
pub mod fixture;
pub mod identity;
pub mod jitter;
mod launch;
pub mod original;
pub mod pair;
pub mod plugin;
pub mod program;
pub mod running;
pub mod schema;
pub mod single_step;
pub mod under_lock;

// What strace(1) does to a program, namespaces, mounts, and the system calls that Linux alone has.
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
#[cfg(target_os = "linux")]
pub mod twin;

// Sessions, and terminals that are made.
#[cfg(unix)]
pub mod terminal;
