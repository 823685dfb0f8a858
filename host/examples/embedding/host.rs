//! The common part of all five: the data of a store, a linker, and the calls that acquire and release a lock.

use std::path::Path;

use lockhost::{
    ProcessCtx, ProcessCtxView, ProcessView,
    bindings::{
        Lockhost,
        lockfile::{Cause, Options},
    },
    wasmtime::{
        Engine, Error, Result, Store, StoreLimits,
        component::{Linker, ResourceAny, ResourceTable},
    },
    wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView, filesystem::WasiFilesystemView, p2},
};

/// The data of a store.
pub(crate) struct Host {
    wasi: WasiCtx,
    process: ProcessCtx,
    table: ResourceTable,
    pub(crate) limits: StoreLimits,
}

impl Host {
    /// Its WASI blocks the thread for the few file operations that there are: so none of them has to change to another
    /// thread. What makes or removes files of the lock blocks in any case, so that nothing is under way when a call of the
    /// component is interrupted and its store dropped.
    pub(crate) fn new() -> Self {
        Self {
            wasi: WasiCtx::builder()
                .allow_blocking_current_thread(true)
                .build(),
            process: ProcessCtx::new(),
            table: ResourceTable::new(),
            limits: StoreLimits::default(),
        }
    }
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

/// Returns a linker with the host's WASI and the interface that the component asks.
pub(crate) fn linker<T: WasiView + ProcessView + 'static>(engine: &Engine) -> Result<Linker<T>> {
    let mut linker = Linker::new(engine);
    p2::add_to_linker_async(&mut linker)?;
    lockhost::fit_filesystem(&mut linker, T::filesystem)?;
    lockhost::add_view_to_linker(&mut linker)?;
    Ok(linker)
}

/// Acquires the lock. An error is a trap, or the reason why not.
pub(crate) async fn acquire(
    store: &mut Store<impl WasiView + 'static>,
    instance: &Lockhost,
    directory: &Path,
) -> Result<ResourceAny> {
    let guest = instance.lockhost_lockfile_lockfile();
    let directory = lockhost::open_directory(directory)?;
    let directory = store.data_mut().ctx().table.push(directory)?;
    let options = Options {
        name: "plugin.lock".into(),
        assume_dead: None,
    };
    let attempt = guest
        .attempt()
        .call_constructor(&mut *store, directory, &options)
        .await?;
    // A host that can wait calls again where the cause is `again`, and passes the milliseconds since the attempt was made.
    let outcome = guest.attempt().call_try(&mut *store, attempt, 0).await?;
    outcome.map_err(|error| match error.cause {
        Cause::Held(refusal) => Error::msg(format!("held by {:?}", refusal.holder.pid)),
        other => Error::msg(format!("{}: {other:?}", error.file)),
    })
}

/// Releases it. Dropping the store would run nothing in the component.
pub(crate) async fn release(
    store: &mut Store<impl WasiView + 'static>,
    instance: &Lockhost,
    lock: ResourceAny,
) -> Result<()> {
    let guest = instance.lockhost_lockfile_lockfile();
    let released = guest.lock().call_release(store, lock).await?;
    released.map_err(|error| Error::msg(format!("{error:?}")))
}

/// Runs the calls of this example, which all return at once. A host has a runtime of its own.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    Ok(runtime.block_on(future))
}
