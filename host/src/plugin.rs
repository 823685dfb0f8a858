//! The interface `lockhost:lockfile/lockfile` for plugins: guests that guard a directory which they were given.
//!
//! [`add_to_linker`] links it. A plugin makes an `attempt` with a descriptor of its own, and gets a `lock` of its own; for
//! each of them the host runs the component inside, in a store that nobody else sees. So a plugin has the lock by a
//! handle, and nothing else: it needs neither the import `process` nor a clock, cannot name a lock that is another's, and
//! does in the directory what its descriptor lets it do, no more. Dropping the plugin's store, after a trap say, drops
//! what it had, which releases its locks at once and cleanly.
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
//! [Plugins that lock](crate::plugins) has the whole of it, with a plugin, and the other way: two components composed.

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

/// Adds `lockhost:lockfile/lockfile` to a linker, beside the host's own WASI. `table` is where that keeps the plugin's
/// descriptors.
///
/// The functions are synchronous, so this one serves hosts that call their plugins synchronously and hosts that do so
/// asynchronously. The latter link WASI by `p2::add_to_linker_async`: what `p2::add_to_linker_sync` links panics inside of a
/// tokio runtime. They do some file operations on the calling thread and wait for nobody: a plugin is told when to try
/// again. How long that took is measured here, whatever the plugin says.
///
/// A plugin may have 16 attempts and locks at once, and learns who has a lock: [`Settings`] has both otherwise, and says
/// what an attempt costs.
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
