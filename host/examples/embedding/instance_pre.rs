//! One engine, one linked component, and an instance for each plugin: no compiler, no signal handlers, and no address
//! space set aside.

use std::path::Path;

use lockhost::{
    bindings::LockhostPre,
    wasmtime::{Config, Engine, Result, Store},
};

use crate::host::{Host, acquire, block_on, linker, release};

/// All that is done once.
pub(crate) fn prepare() -> Result<LockhostPre<Host>> {
    let mut config = Config::new();
    lockhost::configure(&mut config);
    let engine = Engine::new(&config)?;
    let component = lockhost::component(&engine)?;
    LockhostPre::new(linker(&engine)?.instantiate_pre(&component)?)
}

pub(crate) fn run(directory: &Path) -> Result<()> {
    let pre = prepare()?;
    block_on(async {
        let mut store = Store::new(pre.engine(), Host::new());
        let instance = pre.instantiate_async(&mut store).await?;
        let lock = acquire(&mut store, &instance, directory).await?;
        // … the plugin runs …
        release(&mut store, &instance, lock).await
    })?
}
