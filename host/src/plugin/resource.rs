//! A resource of the component that the host keeps on a plugin's behalf.

use wasmtime::{Error, Result, component::ResourceAny};

use crate::{
    component::instance::Instance,
    process::{fork, number::Number, platform},
};

/// An attempt or a lock of the component, in an instance of its own. Dropping it runs the component's destructor, which
/// gives it up, except in a child made by fork(2), which has no part in it.
pub(crate) struct OwnedResource {
    /// `None` once the component has it back.
    instance: Option<Instance>,
    pub(crate) resource: ResourceAny,
    maker: Number,
}

impl OwnedResource {
    pub(crate) fn new(instance: Instance, resource: ResourceAny) -> Self {
        Self {
            instance: Some(instance),
            resource,
            maker: platform::number(),
        }
    }

    /// Returns whether this is the process that made it.
    pub(crate) fn is_ours(&self) -> bool {
        fork::is_still(self.maker)
    }

    /// Returns the instance that it is in.
    ///
    /// # Errors
    /// If the component has it back.
    pub(crate) fn instance(&mut self) -> Result<&mut Instance> {
        self.instance.as_mut().ok_or_else(gone)
    }

    /// Returns the instance and the resource, to be handed to the component for good.
    ///
    /// # Errors
    /// As [`instance`](Self::instance).
    pub(crate) fn spend(mut self) -> Result<(Instance, ResourceAny)> {
        let instance = self.instance.take().ok_or_else(gone)?;
        Ok((instance, self.resource))
    }
}

fn gone() -> Error {
    Error::msg("the component has this resource back")
}

impl Drop for OwnedResource {
    fn drop(&mut self) {
        if let Some(instance) = self.instance.take()
            && self.is_ours()
        {
            instance.give_up(self.resource);
        }
    }
}
