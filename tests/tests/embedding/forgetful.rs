//! A host whose WASI does not block, and that drops a call in the middle: no operation goes on without it.

use std::{
    fs::File,
    future::{Future, poll_fn},
    path::Path,
    task::Poll,
};

use lockhost::{
    ProcessCtx, ProcessCtxView, ProcessView,
    bindings::{Lockhost, LockhostPre, lockfile::Options},
    wasmtime::{Result, Store, component::ResourceTable},
    wasmtime_wasi::{
        WasiCtx, WasiCtxView, WasiView,
        filesystem::{Descriptor, Dir, FsPerms, OpenMode},
    },
};
use lockhost_tests::fixture::{Fixture, NO_PROCESS};

use crate::{
    fuel,
    host::{block_on, linker},
};

/// The data of its store.
pub(crate) struct Forgetful {
    wasi: WasiCtx,
    process: ProcessCtx,
    table: ResourceTable,
}

impl Forgetful {
    pub(crate) fn new() -> Self {
        Self {
            wasi: WasiCtx::builder().build(),
            process: ProcessCtx::new(),
            table: ResourceTable::new(),
        }
    }
}

impl WasiView for Forgetful {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl ProcessView for Forgetful {
    fn process(&mut self) -> ProcessCtxView<'_> {
        ProcessCtxView {
            ctx: &mut self.process,
            table: &mut self.table,
        }
    }
}

/// Acquires the lock and releases it, by a descriptor as the host's WASI gives it to its guests.
async fn cycle(store: &mut Store<Forgetful>, instance: &Lockhost, directory: &Path) -> Result<()> {
    let guest = instance.lockhost_lockfile_lockfile();
    let mode = OpenMode::READ | OpenMode::WRITE;
    let directory = Dir::new(File::open(directory)?, FsPerms::ReadWrite, mode, false);
    let directory = store.data_mut().table.push(Descriptor::Dir(directory))?;
    let options = Options {
        name: "plugin.lock".into(),
        assume_dead: None,
    };
    let attempt = guest.attempt();
    let made = attempt
        .call_constructor(&mut *store, directory, &options)
        .await?;
    let lock = attempt
        .call_try(&mut *store, made, 0)
        .await?
        .expect("no process has it");
    guest
        .lock()
        .call_release(&mut *store, lock)
        .await?
        .expect("it is held");
    Ok(())
}

/// Leaves a future when it waits again after this many waits. Returns whether it was done before.
pub(crate) async fn left_after(waits: usize, future: impl Future) -> bool {
    let mut future = Box::pin(future);
    let mut left = waits;
    poll_fn(|context| match (future.as_mut().poll(context), left) {
        (Poll::Ready(_), _) => Poll::Ready(true),
        (Poll::Pending, 0) => Poll::Ready(false),
        (Poll::Pending, _) => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

#[test]
fn a_dropped_call_changes_nothing_afterwards() -> Result<()> {
    let engine = fuel::prepare()?.engine().clone();
    let component = lockhost::component(&engine)?;
    let pre = LockhostPre::new(linker::<Forgetful>(&engine)?.instantiate_pre(&component)?)?;
    for stale in [false, true] {
        let (mut waits, mut without_a_wait) = (0, 0);
        loop {
            let fixture = match stale {
                false => Fixture::free(),
                true => Fixture::free().with("plugin.lock", NO_PROCESS),
            };
            let before = fixture.files();
            let done = block_on(async {
                let mut store = Store::new(&engine, Forgetful::new());
                store.set_fuel(u64::MAX)?;
                let instance = pre.instantiate_async(&mut store).await?;
                let cycle = cycle(&mut store, &instance, fixture.path());
                Ok::<_, lockhost::wasmtime::Error>(left_after(waits, cycle).await)
            })??;
            // The end of the runtime has waited for its working threads.
            if done {
                assert!(fixture.files().is_empty(), "{:?}", fixture.files());
                if waits > 0 {
                    break;
                }
                // On a busy machine, each operation may be done before its result is asked for.
                without_a_wait += 1;
                let shows_something = without_a_wait < 100;
                assert!(
                    shows_something,
                    "the host blocks, and the test shows nothing"
                );
                continue;
            }
            assert_eq!(fixture.files(), before, "left at wait {waits}");
            waits += 1;
        }
    }
    Ok(())
}
