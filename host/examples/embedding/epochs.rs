//! A lock that has to be acquired before a deadline: a thread of the host counts epochs.

use std::{
    path::Path,
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use lockhost::{
    bindings::LockhostPre,
    wasmtime::{Config, Engine, Result, Store},
};

use crate::host::{Host, acquire, block_on, linker, release};

/// The length of an epoch.
const EPOCH: Duration = Duration::from_millis(10);

/// How many epochs a call may take.
const DEADLINE: u64 = 100;

pub(crate) fn prepare() -> Result<LockhostPre<Host>> {
    let mut config = Config::new();
    config.epoch_interruption(true);
    let engine = Engine::new(&config)?;
    let component = lockhost::component(&engine)?;
    LockhostPre::new(linker(&engine)?.instantiate_pre(&component)?)
}

pub(crate) fn run(directory: &Path) -> Result<()> {
    let pre = prepare()?;
    let (done, stop) = channel::<()>();
    thread::scope(|scope| {
        let engine = pre.engine();
        scope.spawn(move || {
            while stop.recv_timeout(EPOCH) == Err(RecvTimeoutError::Timeout) {
                engine.increment_epoch();
            }
        });
        let taken = take(&pre, directory);
        drop(done);
        taken
    })
}

fn take(pre: &LockhostPre<Host>, directory: &Path) -> Result<()> {
    block_on(async {
        let mut store = Store::new(pre.engine(), Host::new());
        store.set_epoch_deadline(DEADLINE);
        let instance = pre.instantiate_async(&mut store).await?;
        // Past the deadline it traps. Then the store is dropped, with all that it had.
        let lock = acquire(&mut store, &instance, directory).await?;
        store.set_epoch_deadline(DEADLINE);
        release(&mut store, &instance, lock).await
    })?
}
