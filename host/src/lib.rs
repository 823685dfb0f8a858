//! A single-instance lock on a data directory.
//!
//! One process at a time holds the directory. A second process is refused, and the error names the owner. A dead
//! owner's lock is taken over, and of any number of processes that start at once exactly one acquires it.
//!
//! One of two backends decides: a small sandboxed WASI component inside this crate, or the same machine as native code,
//! without wasmtime. Features choose it, and [`BACKEND`] names it. Both follow the same protocol, and each respects the
//! locks of the other.
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
//! A library has no use for the command line that comes by default, and chooses a backend. A program without wasmtime
//! takes the native one:
//!
//! ```toml
//! [dependencies]
//! lockhost = { path = "../lockhost/host", default-features = false, features = ["native"] }
//! ```
//!
//! [`acquire`] starts no thread and no runtime; only a [coordinator](Options::coordinator) takes a thread. It blocks as plain file operations do. It waits for seconds only where
//! another program may still be writing a file. [`acquire_async`] does not block then, under any executor.
//! [`Options::attempt`] is for callers that do their own waiting. [`inspect`] judges a lock without acquiring it.
//!
//! # Errors
//!
//! [`Error::kind`] distinguishes refusals from failures, and [`Error::holder`] returns the owner. It also recognises
//! this process:
//!
//! ```no_run
//! match lockhost::acquire("data") {
//!     Ok(lock) => println!("{} is ours", lock.path().display()),
//!     Err(error) if error.holder().is_some_and(|holder| holder.is_this_process()) => {
//!         println!("we have it already");
//!     }
//!     Err(error) if error.is_refusal() => println!("another process holds it: {error}"),
//!     Err(error) => println!("it failed: {error}"),
//! }
//! ```
//!
//! # Processes that you start, and descriptors that you close
//!
//! The kernel's evidence for a lock is an open file of this process. A program that closes descriptors it does not know
//! must acquire the lock after that. A child inherits the evidence only by [`Lock::evidence`]. With it, the child keeps
//! the directory in use even if this process is killed.
//!
//! A child made by fork(2) has no part in the lock, and releases nothing: [`Lock::verify`] and [`Lock::release`] return
//! [`ErrorKind::Inherited`] there. So a daemon acquires its lock after its last fork, and reports the outcome to the
//! process that started it, by a pipe. A lock cannot be handed to a child: its file and its claim name the process that
//! acquired it. To exchange them would leave a moment in which neither process holds the lock.
//!
//! # In your own engine and linker
//!
//! All of this needs the feature `component`. A plugin host may run the component in its own stores. [`add_to_linker`] gives a linker the one interface that the
//! component imports beside WASI. [`fit_filesystem`] makes the host's WASI fit, [`component()`] loads the component,
//! and [`bindings`] has its typed interface. The example `embedding` shows that with `InstancePre`, a pooling
//! allocator, fuel, epochs and memory limits. [`process`] answers questions about processes without a component. All of
//! this is for the version of wasmtime that is exported as [`wasmtime`]. [The page about embedding](embedding) explains
//! what that means. The example `own_bindings` is for a host with another version.
//!
//! # Features
//!
//! | feature | brings |
//! | --- | --- |
//! | `cli` (on by default) | the program `lockhost`, and its command line; a library has no use for it |
//! | `component` (on by default) | the component as the backend, [`wasmtime`], and all items about either; it decides where `native` is on too |
//! | `native` | native code as the backend; without `component`, no wasmtime is compiled |
//! | `coordinator-programs` | `coordinator::Program`: coordinators behind programs on PATH |
//! | `cranelift` | a compiler in [`wasmtime`], for plugins, and so that [`component()`] serves engines of any settings |
//! | `pulley` | the component interpreted: no memory is executed that was written before |
//! | `all-arch` | code generators for other machines in the build script: to build on x86-64 for aarch64, say |
//!
//! # More
//!
//! Topics around a lock: [upgrading from a plain PID lock](upgrading), [backups, copies, and files removed by
//! hand](backups), [containers and Kubernetes](containers), [file systems](filesystems), [several users](users), and
//! [Windows and macOS](platforms). For hosts of plugins: [plugins that lock](plugins).

#![deny(missing_docs)]
#![deny(unsafe_code)]

// Each module imports only from those above it in this list; `tests/tests/docs/layers.rs` checks it.
mod printable;
mod sys;

pub mod coordinator;
pub mod process;

#[cfg(any(feature = "component", feature = "native"))]
mod member;

mod outcome;

#[cfg(windows)]
mod handles;

#[cfg(feature = "component")]
pub mod bindings;

#[cfg(feature = "component")]
mod contract;

#[cfg(feature = "component")]
mod wasi;

#[cfg(feature = "component")]
mod process_host;

#[cfg(feature = "component")]
mod component;

#[cfg(any(feature = "component", feature = "native"))]
mod backend;

#[cfg(any(feature = "component", feature = "native"))]
mod lock;

#[cfg(feature = "component")]
pub mod plugin;

#[cfg(not(any(feature = "component", feature = "native")))]
compile_error!(
    "lockhost has two backends, and needs one of them: the feature `component` for the sandboxed component (hosts of \
     plugins, and the default), or the feature `native` for a program without wasmtime"
);

// Tests that need crate internals.
#[cfg(test)]
mod tests;

// Documentation pages only. Pages link to each other by references, such as `[users][users.md]`, which each page defines for the
// repository and the book. Here `links.md` defines them first, and of two definitions the first one counts.
#[cfg(doc)]
macro_rules! page {
    ($file:literal) => {
        concat!(
            include_str!("links.md"),
            include_str!(concat!("../docs/", $file))
        )
    };
}
#[cfg(doc)]
#[doc = page!("backups.md")]
pub mod backups {}
#[cfg(doc)]
#[doc = page!("containers.md")]
pub mod containers {}
#[cfg(doc)]
#[doc = page!("embedding.md")]
pub mod embedding {}
#[cfg(doc)]
#[doc = page!("filesystems.md")]
pub mod filesystems {}
#[cfg(doc)]
#[doc = page!("plugins.md")]
pub mod plugins {}
#[cfg(doc)]
#[doc = page!("platforms.md")]
pub mod platforms {}
#[cfg(doc)]
#[doc = page!("upgrading.md")]
pub mod upgrading {}
#[cfg(doc)]
#[doc = page!("users.md")]
pub mod users {}

#[cfg(all(feature = "component", feature = "native"))]
#[doc(hidden)]
pub use backend::comparison;
#[cfg(any(feature = "component", feature = "native"))]
pub use backend::{BACKEND, Backend};
#[cfg(feature = "component")]
pub use component::{COMPONENT, component, engine::configure};
#[cfg(any(feature = "component", feature = "native"))]
pub use lock::{
    acquire::{acquire, acquire_async},
    attempt::{Attempt, Progress},
    break_lock::break_lock,
    error::{Error, ErrorKind},
    held::{Lock, Restored},
    holder::Holder,
    inspect::{State, Status, inspect},
    name::DEFAULT_NAME,
    options::Options,
    process_info::ProcessInfo,
    replaced::{Replaced, ReplacedReason},
    waiting::{Awaited, Waiting},
    warning::Warning,
    watch::Watch,
};
#[cfg(any(feature = "component", feature = "native"))]
pub use member::{Confirmation, Confirms};
pub use printable::Printable;
pub use process::{
    keeper::Keeper,
    liveness::{AliveReason, DeadReason, Liveness, UnknownReason},
    mode::{InvalidMode, Mode},
};
#[cfg(feature = "component")]
pub use process_host::{
    ProcessCtx, ProcessCtxView, ProcessView, add_to_linker, add_view_to_linker,
};
pub use sys::poll::BorrowedDescriptor;
#[cfg(feature = "component")]
pub use wasi::{directory::open_directory, fit_filesystem};
#[cfg(feature = "component")]
pub use {wasmtime, wasmtime_wasi};
