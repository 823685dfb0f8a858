//! The component's side, in an engine of this program, so that no time has to pass.

use std::{fmt::Write, path::Path};

use lockhost::{
    ProcessCtx, ProcessCtxView,
    bindings::{
        LockhostPre,
        lockfile::{Cause, Error, Options},
    },
    wasmtime::{
        Config, Engine, Result, Store,
        component::{Linker, Resource, ResourceTable},
    },
    wasmtime_wasi::{
        WasiCtx, WasiCtxView, WasiView,
        filesystem::{WasiFilesystem, WasiFilesystemView},
        p2::bindings::filesystem::types,
    },
};
use pollster::block_on;

use super::{TRIES, Task};

/// The data of a store.
pub(crate) struct Host {
    wasi: WasiCtx,
    process: ProcessCtx,
    table: ResourceTable,
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// Prepares the component, linked.
pub(crate) fn prepare() -> Result<LockhostPre<Host>> {
    let mut config = Config::new();
    lockhost::configure(&mut config);
    let engine = Engine::new(&config)?;
    let mut linker = Linker::<Host>::new(&engine);
    types::add_to_linker::<Host, WasiFilesystem>(&mut linker, |host| host.filesystem())?;
    lockhost::fit_filesystem(&mut linker, |host| host.filesystem())?;
    lockhost::add_to_linker(&mut linker, |host| ProcessCtxView {
        ctx: &mut host.process,
        table: &mut host.table,
    })?;
    LockhostPre::new(linker.instantiate_pre(&lockhost::component(&engine)?)?)
}

/// Inspects, and then tries for the lock, and skips the waits that it asks for. Returns the result as a line.
pub(crate) fn run(pre: &LockhostPre<Host>, task: &Task, directory: &Path) -> Result<String> {
    let mut store = Store::new(
        pre.engine(),
        Host {
            wasi: WasiCtx::builder()
                .allow_blocking_current_thread(true)
                .build(),
            process: ProcessCtx::of_blocking_files(),
            table: ResourceTable::new(),
        },
    );
    let directory = lockhost::open_directory(directory)?;
    let directory = store.data_mut().table.push(directory)?;
    block_on(async {
        let instance = pre.instantiate_async(&mut store).await?;
        let guest = instance.lockhost_lockfile_lockfile();
        let lent = Resource::new_borrow(directory.rep());
        let inspected = guest.call_inspect(&mut store, lent, &task.name).await?;
        let mut told = format!("{inspected:?}");
        let options = Options {
            name: task.name.clone(),
            assume_dead: task.assume_dead.clone(),
        };
        let attempts = guest.attempt();
        let attempt = attempts
            .call_constructor(&mut store, directory, &options)
            .await?;
        let mut lock = None;
        let mut elapsed = 0;
        for _ in 0..TRIES {
            match attempts.call_try(&mut store, attempt, elapsed).await? {
                Ok(taken) => {
                    let report = guest.lock().call_report(&mut store, taken).await?;
                    let held = guest.lock().call_still_held(&mut store, taken).await?;
                    let _ = write!(told, " {report:?} {held:?}");
                    lock = Some(taken);
                    break;
                }
                Err(error) => {
                    let _ = write!(told, " {error:?}");
                    let Error {
                        cause: Cause::Again(waiting),
                        ..
                    } = error
                    else {
                        break;
                    };
                    elapsed += u64::from(waiting.retry_ms);
                }
            }
        }
        match lock {
            Some(lock) if task.release => {
                let released = guest.lock().call_release(&mut store, lock).await?;
                let _ = write!(told, " {released:?}");
            }
            Some(lock) => lock.resource_drop_async(&mut store).await?,
            None => {}
        }
        attempt.resource_drop_async(&mut store).await?;
        Ok(told)
    })
}
