//! A lock that may spend so much fuel and no more.

use std::path::Path;

use lockhost::{
    bindings::LockhostPre,
    wasmtime::{Config, Engine, Result, Store},
};

use crate::host::{Host, acquire, block_on, linker, release};

/// Many times what a lock takes: a free one some thousands, a reclaim ten times that.
const FUEL: u64 = 10_000_000;

pub(crate) fn prepare() -> Result<LockhostPre<Host>> {
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config)?;
    let component = lockhost::component(&engine)?;
    LockhostPre::new(linker(&engine)?.instantiate_pre(&component)?)
}

pub(crate) fn run(directory: &Path) -> Result<()> {
    let pre = prepare()?;
    block_on(async {
        let mut store = Store::new(pre.engine(), Host::new());
        store.set_fuel(FUEL)?;
        let instance = pre.instantiate_async(&mut store).await?;
        // Out of fuel it traps. Then the store is dropped, and with it goes whatever it had.
        let lock = acquire(&mut store, &instance, directory).await?;
        println!("it took {} of fuel", FUEL - store.get_fuel()?);
        // What a release takes must not be missing.
        store.set_fuel(FUEL)?;
        release(&mut store, &instance, lock).await
    })?
}
