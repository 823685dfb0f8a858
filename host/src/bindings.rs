//! Typed bindings of the contract in `wit/`, for a host that instantiates the component itself.
//!
//! [`Lockhost`] and [`LockhostPre`] are generated from the world `lockhost` by wasmtime's `bindgen!`, with calls that
//! are `async`; [`sync`] has them with calls that block. The host gives the component `wasi:filesystem/types` by
//! wasmtime-wasi, made fit by [`fit_filesystem`](crate::fit_filesystem), and `lockhost:lockfile/process` by
//! [`add_to_linker`](crate::add_to_linker). It passes a directory as a
//! [`Descriptor`](wasmtime_wasi::filesystem::Descriptor), which [`open_directory`](crate::open_directory) opens.
//!
//! ```
//! use lockhost::{
//!     ProcessCtx, ProcessCtxView,
//!     bindings::{LockhostPre, lockfile::Options},
//!     wasmtime::{Config, Engine, Error, Result, Store, component::{Linker, ResourceTable}},
//!     wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView, filesystem::WasiFilesystemView},
//! };
//!
//! /// What a store of the host holds.
//! struct Host {
//!     wasi: WasiCtx,
//!     process: ProcessCtx,
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
//! # let data = tempfile::tempdir()?;
//! # let directory = data.path();
//! // The settings that the component's ahead-of-time code was compiled with.
//! let mut config = Config::new();
//! lockhost::configure(&mut config);
//! let engine = Engine::new(&config)?;
//!
//! let mut linker = Linker::<Host>::new(&engine);
//! lockhost::wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
//! // Opens files without waiting, and makes them private; on Windows it also lets open files be removed.
//! lockhost::fit_filesystem(&mut linker, |host| host.filesystem())?;
//! lockhost::add_to_linker(&mut linker, |host| ProcessCtxView {
//!     ctx: &mut host.process,
//!     table: &mut host.table,
//! })?;
//! let pre = LockhostPre::new(linker.instantiate_pre(&lockhost::component(&engine)?)?)?;
//!
//! let locked = async {
//!     let mut store = Store::new(&engine, Host {
//!         // No file operation has to change to another thread: see `add_to_linker`.
//!         wasi: WasiCtx::builder().allow_blocking_current_thread(true).build(),
//!         process: ProcessCtx::new(),
//!         table: ResourceTable::new(),
//!     });
//!     let instance = pre.instantiate_async(&mut store).await?;
//!     let guest = instance.lockhost_lockfile_lockfile();
//!     let directory = lockhost::open_directory(directory)?;
//!     let directory = store.data_mut().table.push(directory)?;
//!     let options = Options { name: "plugin.lock".into(), assume_dead: None };
//!     let attempt = guest.attempt().call_constructor(&mut store, directory, &options).await?;
//!     let lock = guest.attempt().call_try(&mut store, attempt, 0).await?.expect("no process has it");
//!     assert!(guest.lock().call_still_held(&mut store, lock).await?.is_ok_and(|held| held));
//!     // Dropping a store runs nothing in the component: the files would stay, as those of a dead process.
//!     guest.lock().call_release(&mut store, lock).await?.expect("it is still ours");
//!     Ok::<_, Error>(())
//! };
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! runtime.block_on(locked)
//! # }
//! ```

// The documentation of the generated items is the contract's own, in `wit/lockfile.wit`.
#![allow(missing_docs, clippy::all, unused_qualifications)]

mod generated {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "lockhost",
        with: {
            "wasi": wasmtime_wasi::p2::bindings,
            "lockhost:lockfile/process.evidence": crate::process::Evidence,
        },
        imports: { default: trappable },
        exports: { default: async },
    });
}

pub(crate) use generated::lockhost;
pub use generated::{
    Lockhost, LockhostIndices, LockhostPre, exports::lockhost::lockfile::lockfile,
    lockhost::lockfile::process,
};

/// The same bindings with calls that block. Use them with [`wasmtime_wasi::p2::add_to_linker_sync`], as
/// [`wasmtime_wasi::p2::bindings::sync`].
///
/// wasmtime-wasi runs those on a tokio runtime of its own, and panics inside of another one ("Cannot start a runtime
/// from within a runtime"). A host in tokio uses the [asynchronous bindings](super), with
/// [`wasmtime_wasi::p2::add_to_linker_async`].
///
/// The [module](super) has an example; this is the same without `async`, `await` and a runtime:
///
/// ```
/// # use lockhost::{
/// #     ProcessCtx, ProcessCtxView,
/// #     bindings::sync::{LockhostPre, lockfile::Options},
/// #     wasmtime::{Config, Engine, Result, Store, component::{Linker, ResourceTable}},
/// #     wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView, filesystem::WasiFilesystemView},
/// # };
/// # struct Host { wasi: WasiCtx, process: ProcessCtx, table: ResourceTable }
/// # impl WasiView for Host {
/// #     fn ctx(&mut self) -> WasiCtxView<'_> {
/// #         WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
/// #     }
/// # }
/// # fn main() -> Result<()> {
/// # let data = tempfile::tempdir()?;
/// # let directory = data.path();
/// # let mut config = Config::new();
/// # lockhost::configure(&mut config);
/// # let engine = Engine::new(&config)?;
/// # let mut linker = Linker::<Host>::new(&engine);
/// lockhost::wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
/// # lockhost::fit_filesystem(&mut linker, |host| host.filesystem())?;
/// # lockhost::add_to_linker(&mut linker, |host| ProcessCtxView {
/// #     ctx: &mut host.process,
/// #     table: &mut host.table,
/// # })?;
/// let pre = LockhostPre::new(linker.instantiate_pre(&lockhost::component(&engine)?)?)?;
/// # let mut store = Store::new(&engine, Host {
/// #     wasi: WasiCtx::builder().allow_blocking_current_thread(true).build(),
/// #     process: ProcessCtx::new(),
/// #     table: ResourceTable::new(),
/// # });
/// let instance = pre.instantiate(&mut store)?;
/// let guest = instance.lockhost_lockfile_lockfile();
/// # let directory = store.data_mut().table.push(lockhost::open_directory(directory)?)?;
/// # let options = Options { name: "plugin.lock".into(), assume_dead: None };
/// let attempt = guest.attempt().call_constructor(&mut store, directory, &options)?;
/// let lock = guest.attempt().call_try(&mut store, attempt, 0)?.expect("no process has it");
/// guest.lock().call_release(&mut store, lock)?.expect("it is still ours");
/// # Ok(())
/// # }
/// ```
pub mod sync {
    mod generated {
        wasmtime::component::bindgen!({
            path: "wit",
            world: "lockhost",
            with: {
                "wasi": wasmtime_wasi::p2::bindings::sync,
                "lockhost:lockfile/process": crate::bindings::lockhost::lockfile::process,
            },
            imports: { default: trappable },
            require_store_data_send: true,
        });
    }

    pub use generated::{
        Lockhost, LockhostIndices, LockhostPre, exports::lockhost::lockfile::lockfile,
    };
}

/// The same bindings with calls that block, on this library's own file system, whose functions never wait.
pub(crate) mod direct {
    mod generated {
        wasmtime::component::bindgen!({
            path: "wit",
            world: "lockhost",
            with: {
                "wasi": wasmtime_wasi::p2::bindings,
                "lockhost:lockfile/process": crate::bindings::lockhost::lockfile::process,
            },
            imports: { default: trappable },
            require_store_data_send: true,
        });
    }

    pub(crate) use generated::{Lockhost, LockhostPre, exports::lockhost::lockfile::lockfile};
}
