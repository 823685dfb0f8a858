//! What the tests share: the real program, directories as they may be found, contenders for them, and how the component
//! is built.

pub mod churn;
pub mod component;
pub mod contender;
pub mod dawdle;
pub mod files;
pub mod identity;
mod launch;
pub mod original;
pub mod pair;
pub mod plugin;
pub mod program;
pub mod running;
pub mod scene;
pub mod schema;
pub mod stepped;
pub mod under_lock;
pub mod witness;

// What strace(1) does to a program, namespaces, mounts, and the system calls that Linux alone has.
#[cfg(target_os = "linux")]
pub mod aftermath;
#[cfg(target_os = "linux")]
pub mod boxed;
#[cfg(target_os = "linux")]
pub mod mounted;
#[cfg(target_os = "linux")]
pub mod seccomp;
#[cfg(target_os = "linux")]
pub mod traced;
#[cfg(target_os = "linux")]
pub mod twin;

// Sessions, and terminals that are made.
#[cfg(unix)]
pub mod terminal;
