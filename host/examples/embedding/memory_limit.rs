//! A lock that may have so much memory and no more.

use std::path::Path;

use lockhost::wasmtime::{Result, Store, StoreLimitsBuilder};

use crate::{
    host::{Host, acquire, block_on, release},
    instance_pre::prepare,
};

/// In bytes: sixteen pages. A lock takes two.
const MOST: usize = 1 << 20;

pub(crate) fn run(directory: &Path) -> Result<()> {
    // Limits do not change what code is made, so the ahead-of-time code will do.
    let pre = prepare()?;
    block_on(async {
        let mut store = Store::new(pre.engine(), Host::new());
        store.data_mut().limits = StoreLimitsBuilder::new().memory_size(MOST).build();
        store.limiter(|host| &mut host.limits);
        let instance = pre.instantiate_async(&mut store).await?;
        let lock = acquire(&mut store, &instance, directory).await?;
        release(&mut store, &instance, lock).await
    })?
}
