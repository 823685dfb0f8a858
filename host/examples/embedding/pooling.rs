//! An engine whose instances come from a pool: what a host that starts thousands of them a second has.

use std::path::Path;

use lockhost::{
    bindings::LockhostPre,
    wasmtime::{Config, Engine, PoolingAllocationConfig, Result, Store},
};

use crate::host::{Host, acquire, block_on, linker, release};

/// How many locks are held at once: an instance each.
pub(crate) const LOCKS: u32 = 4;

pub(crate) fn prepare() -> Result<LockhostPre<Host>> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(LOCKS)
        .total_core_instances(4 * LOCKS)
        .total_memories(LOCKS)
        .total_tables(4 * LOCKS)
        .total_stacks(LOCKS)
        .max_memory_size(1 << 20);
    let mut config = Config::new();
    config.allocation_strategy(pool).memory_reservation(1 << 20);
    let engine = Engine::new(&config)?;
    // These are not the settings of the ahead-of-time code: with its feature `cranelift` lockhost compiles the component.
    let component = lockhost::component(&engine)?;
    LockhostPre::new(linker(&engine)?.instantiate_pre(&component)?)
}

pub(crate) fn run(directory: &Path) -> Result<()> {
    let pre = prepare()?;
    block_on(async {
        let mut store = Store::new(pre.engine(), Host::new());
        let instance = pre.instantiate_async(&mut store).await?;
        let lock = acquire(&mut store, &instance, directory).await?;
        release(&mut store, &instance, lock).await
    })?
}
