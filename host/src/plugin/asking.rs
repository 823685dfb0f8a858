//! Questions of a plugin about a lock.

use wasmtime::Result;
use wasmtime_wasi::filesystem::Descriptor;

use super::disclosure::Disclosure;
use crate::{
    bindings::direct::lockfile as wit,
    component::instance::Instance,
    lock::name::{self, LONGEST_NAME},
};

/// The lock that a plugin asks about, and what the plugin learns of processes.
#[derive(Clone)]
pub(super) struct Asking {
    pub(super) name: String,
    pub(super) disclosure: Disclosure,
}

impl Asking {
    pub(super) fn error(&self, error: wit::Error) -> wit::Error {
        self.disclosure.error(&self.name, error)
    }

    /// Returns the identity that a handle stands for, among the owners that there are. The component compares it under
    /// the reclaim lock, so it has no effect once another owner holds the lock.
    pub(super) fn meant(&self, dir: &Descriptor, handle: &str) -> Result<Option<String>> {
        let instance = Instance::for_plugin(self.disclosure.withholds())?;
        let status = instance.inspect(dir.clone(), &self.name)?;
        let files = status.map(|status| status.files).unwrap_or_default();
        let mut owners = files.into_iter().filter_map(|it| it.holder.identity);
        Ok(owners.find(|it| self.disclosure.identity(it.clone()) == handle))
    }
}

/// Judges a lock for a plugin.
pub(super) fn inspect(
    dir: Descriptor,
    asked: &str,
    disclosure: &Disclosure,
) -> Result<std::result::Result<wit::Status, wit::InspectError>> {
    if name::check(asked).is_err() {
        return Ok(Err(wit::InspectError {
            file: beginning(asked),
            cause: wit::InspectCause::BadName,
        }));
    }
    let instance = Instance::for_plugin(disclosure.withholds())?;
    let status = instance.inspect(dir, asked)?;
    Ok(status
        .map(|status| disclosure.status(status))
        .map_err(|error| disclosure.unjudged(asked, error)))
}

/// Returns as much of a name as a file's may have.
pub(super) fn beginning(name: &str) -> String {
    name[..name.floor_char_boundary(LONGEST_NAME)].to_owned()
}
