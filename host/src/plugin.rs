//! The interface `lockhost:lockfile/lockfile` for plugins: guests that guard a directory of their own.
//!
//! [`add_to_linker`] links it. A plugin makes an `attempt` with a descriptor of its own, and gets a `lock` of its own.
//! For each of them the host runs the component inside, in a store that no plugin sees. So a plugin holds the lock by a
//! handle, and needs neither the import `process` nor a clock. It cannot name a lock that is another plugin's, and can
//! do in the directory only what its descriptor permits. Dropping the plugin's store, for instance after a trap, drops
//! its attempts and locks, which releases them at once and cleanly.
//!
//! ```
//! use lockhost::{
//!     plugin,
//!     wasmtime::{Engine, Result, component::{Linker, ResourceTable}},
//!     wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView, p2},
//! };
//!
//! struct Host {
//!     wasi: WasiCtx,
//!     table: ResourceTable,
//! }
//!
//! impl WasiView for Host {
//!     fn ctx(&mut self) -> WasiCtxView<'_> {
//!         WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
//!     }
//! }
//!
//! # fn main() -> Result<()> {
//! let mut linker = Linker::<Host>::new(&Engine::default());
//! p2::add_to_linker_async(&mut linker)?;
//! plugin::add_to_linker(&mut linker, |host| &mut host.table)?;
//! # Ok(())
//! # }
//! ```
//!
//! [Plugins that lock](crate::plugins) has the details, with a plugin, and the alternative: two components composed.

mod disclosure;
mod resource;

mod asking;

mod lock;

mod attempt;

mod link;

mod settings;

use wasmtime::{Result, component::Linker};

use self::link::Table;
pub use self::settings::Settings;

/// Adds `lockhost:lockfile/lockfile` to a linker, beside the host's own WASI. `table` returns the table that has the
/// plugin's descriptors.
///
/// The functions are synchronous, so this one function serves hosts that call their plugins synchronously and hosts
/// that do so asynchronously. The latter link WASI by `p2::add_to_linker_async`: what `p2::add_to_linker_sync` links
/// panics inside of a tokio runtime. The functions do some file operations on the calling thread and wait for no
/// process. A plugin gets the time after which to try again. The host measures how long that took, whatever the plugin
/// reports.
///
/// A plugin may have 16 attempts and locks at once, and learns which process holds a lock. [`Settings`] can change
/// both, and documents what an attempt costs.
///
/// The [module's documentation](self) has an example.
///
/// # Errors
/// If the linker has the interface already, and does not allow shadowing.
pub fn add_to_linker<T: 'static>(linker: &mut Linker<T>, table: Table<T>) -> Result<()> {
    Settings::new().add_to_linker(linker, table)
}

#[cfg(test)]
mod tests;
