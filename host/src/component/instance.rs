//! An instance of the component.

use std::{fs::File, sync::Arc};

use wasmtime::{Store, component::ResourceTable};

use super::{
    prelink::{self, Prelinked},
    state::{HANDED_OVER, HANDLES, Limits, State},
};
use crate::{bindings::direct::Lockhost, process_host::ProcessCtx};

/// An instance in a store of its own.
pub(crate) struct Instance {
    pub(crate) store: Store<State>,
    pub(crate) exports: Lockhost,
}

impl Instance {
    /// Makes a new instance.
    pub(crate) fn new() -> wasmtime::Result<Self> {
        let Prelinked { pre, files } = prelink::get()?;
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        let mut store = Store::new(
            pre.engine(),
            State {
                table,
                files: files.clone(),
                process: ProcessCtx::of_blocking_files(),
                limits: Limits::default(),
            },
        );
        store.limiter(|state| &mut state.limits);
        store.set_hostcall_fuel(HANDED_OVER);
        let exports = pre.instantiate(&mut store)?;
        Ok(Self { store, exports })
    }

    /// Returns the descriptor under which a kernel keeps this instance's claim locked.
    pub(crate) fn evidence(&self) -> Option<Arc<File>> {
        self.store.data().process.evidence()
    }
}

#[cfg(test)]
impl Instance {
    /// Takes the directory away from a component that holds it: its next call traps.
    pub(crate) fn lose_directory(&mut self) {
        use wasmtime::component::Resource;
        use wasmtime_wasi::filesystem::Descriptor;

        let table = &mut self.store.data_mut().table;
        let numbers = 0..u32::try_from(HANDLES).unwrap();
        let directory = numbers
            .map(Resource::<Descriptor>::new_own)
            .find(|it| matches!(table.get(it), Ok(Descriptor::Dir(_))));
        table.delete(directory.expect("it holds one")).unwrap();
    }
}
