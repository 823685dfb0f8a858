//! A resource of the component that the host keeps on a plugin's behalf.

use wasmtime::component::ResourceAny;

use crate::{
    component::Instance,
    process::{self, platform},
};

/// An attempt or a lock of the component, in an instance of its own. Dropping it runs the component's destructor, which
/// gives it up; but in a child made by fork(2), which has no part in it.
pub(crate) struct Inner {
    pub(crate) instance: Instance,
    pub(crate) resource: ResourceAny,
    /// The component has it back.
    spent: bool,
    maker: platform::Number,
}

impl Inner {
    pub(crate) fn new(instance: Instance, resource: ResourceAny) -> Self {
        Self {
            instance,
            resource,
            spent: false,
            maker: platform::number(),
        }
    }

    /// Whether this is the process that made it.
    pub(crate) fn is_ours(&self) -> bool {
        process::is_still(self.maker)
    }

    /// The resource, to be handed to the component for good.
    pub(crate) fn spend(&mut self) -> ResourceAny {
        self.spent = true;
        self.resource
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if !self.spent && self.is_ours() {
            self.instance.let_go(self.resource);
        }
    }
}
