//! A single-instance lock on a data directory.
//!
//! One process at a time has the directory; who starts beside it is refused and told who has it; a lock whose owner
//! died is taken over, and of any number of processes that start at once exactly one gets in. What decides is a small
//! sandboxed WASI component inside this crate; this crate answers its questions about processes, and never touches a
//! lock file itself.
//!
//! ```no_run
//! fn main() -> Result<(), lockhost::Error> {
//!     let lock = lockhost::acquire("data")?;
//!     println!("{} is ours", lock.path().display());
//!     // … use the directory …
//!     lock.release()
//! }
//! ```
//!
//! Nothing is set up and no thread or runtime is started: [`acquire`] blocks as plain file operations do, and waits
//! for seconds only where a file may be another program's that is not yet written. [`Options::attempt`] is for callers
//! that do their own waiting. [`inspect`] judges a lock without taking it.
//!
//! What comes up around a lock: [upgrading from a plain PID lock](upgrading), [backups, copies, and files removed by
//! hand](backups), [containers and Kubernetes](containers), [file systems](filesystems), and [several users](users).
//! For hosts of plugins: [plugins that lock](plugins).

#![deny(unsafe_code)]

mod attempt;
pub mod bindings;
mod break_lock;
mod component;
mod engine;
mod error;
mod evidence;
#[cfg(test)]
mod faults;
mod holder;
mod inspect;
mod lock;
mod pause;
mod phrase;
pub mod plugin;
pub mod process;
mod view;
mod vigil;
mod watch;

// Pages, and nothing else.
#[cfg(doc)]
#[doc = include_str!("../docs/backups.md")]
pub mod backups {}
#[cfg(doc)]
#[doc = include_str!("../docs/containers.md")]
pub mod containers {}
#[cfg(doc)]
#[doc = include_str!("../docs/filesystems.md")]
pub mod filesystems {}
#[cfg(doc)]
#[doc = include_str!("../docs/plugins.md")]
pub mod plugins {}
#[cfg(doc)]
#[doc = include_str!("../docs/upgrading.md")]
pub mod upgrading {}
#[cfg(doc)]
#[doc = include_str!("../docs/users.md")]
pub mod users {}

pub use attempt::{
    Attempt, Awaited, DEFAULT_NAME, Options, Progress, Waiting, acquire, acquire_async,
};
pub use break_lock::break_lock;
pub use component::{COMPONENT, component, open_directory};
pub use engine::configure;
pub use error::{Error, ErrorKind};
pub use holder::{AliveReason, DeadReason, Holder, Keeper, Liveness, UnknownReason};
pub use inspect::{State, Status, inspect};
pub use lock::{Lock, Replaced, ReplacedReason, Warning};
pub use view::{ProcessCtx, ProcessCtxView, ProcessView, add_to_linker, add_view_to_linker};
pub use watch::Watch;
pub use {wasmtime, wasmtime_wasi};
