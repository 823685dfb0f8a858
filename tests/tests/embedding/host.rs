//! A host as somebody else would write it: its own store data, its own WASI, and the lock's import beside it.

use std::path::Path;

use lockhost::{
    ProcessCtx, ProcessCtxView, ProcessView,
    bindings::{
        Lockhost,
        lockfile::{Cause, Options},
    },
    wasmtime::{
        Config, Engine, Result, Store,
        component::{Linker, ResourceAny, ResourceTable},
    },
    wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView, p2},
};

/// What a store of it holds.
#[derive(Default)]
pub(crate) struct Host {
    wasi: WasiCtx,
    process: ProcessCtx,
    pub(crate) table: ResourceTable,
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl ProcessView for Host {
    fn process(&mut self) -> ProcessCtxView<'_> {
        ProcessCtxView {
            ctx: &mut self.process,
            table: &mut self.table,
        }
    }
}

impl Host {
    /// One whose WASI blocks the thread, which needs no runtime.
    pub(crate) fn that_blocks() -> Self {
        Self {
            wasi: WasiCtx::builder()
                .allow_blocking_current_thread(true)
                .build(),
            ..Self::default()
        }
    }
}

/// The engine that the ahead-of-time code is for.
pub(crate) fn engine() -> Result<Engine> {
    let mut config = Config::new();
    lockhost::configure(&mut config);
    Engine::new(&config)
}

/// All of WASI, asynchronous, and the import.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    p2::add_to_linker_async(&mut linker)?;
    lockhost::add_to_linker(&mut linker, Host::process)?;
    Ok(linker)
}

/// The lock `plugin.lock`.
pub(crate) fn options() -> Options {
    Options {
        name: "plugin.lock".into(),
        assume_dead: None,
    }
}

/// Tries once for the lock on a directory. The outer error is a trap.
pub(crate) async fn acquire(
    store: &mut Store<Host>,
    instance: &Lockhost,
    directory: &Path,
) -> Result<std::result::Result<ResourceAny, Cause>> {
    let guest = instance.lockhost_lockfile_lockfile();
    let directory = lockhost::open_directory(directory)?;
    let directory = store.data_mut().table.push(directory)?;
    let attempt = guest
        .attempt()
        .call_constructor(&mut *store, directory, &options())
        .await?;
    let outcome = guest.attempt().call_try(&mut *store, attempt, 0).await?;
    Ok(outcome.map_err(|error| error.cause))
}

/// Gives a lock up.
pub(crate) async fn release(
    store: &mut Store<Host>,
    instance: &Lockhost,
    lock: ResourceAny,
) -> Result<()> {
    let guest = instance.lockhost_lockfile_lockfile();
    let released = guest.lock().call_release(&mut *store, lock).await?;
    assert!(released.is_ok(), "{released:?}");
    Ok(())
}
