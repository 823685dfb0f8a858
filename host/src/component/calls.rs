//! Calls of the component's functions: each runs to its end on this thread.

use wasmtime::{
    Result,
    component::{Resource, ResourceAny},
};
use wasmtime_wasi::filesystem::Descriptor;

use super::instance::Instance;
use crate::{bindings::direct::lockfile as wit, outcome::cause};

pub(crate) use crate::outcome::{assumed, elapsed};

/// The outer error of each is a trap, after which the instance cannot be called any more.
impl Instance {
    /// Makes an attempt on a directory, which becomes the component's own.
    pub(crate) fn attempt(
        &mut self,
        directory: Descriptor,
        options: &wit::Options,
    ) -> Result<ResourceAny> {
        let directory = self.store.data_mut().table.push(directory)?;
        let guest = self.exports.lockhost_lockfile_lockfile().attempt();
        guest.call_constructor(&mut self.store, directory, options)
    }

    /// Sets the owner whose end was awaited before an attempt.
    pub(crate) fn succeed(&mut self, attempt: ResourceAny, owner: &str) -> Result<()> {
        let guest = self.exports.lockhost_lockfile_lockfile().attempt();
        guest.call_succeed(&mut self.store, attempt, &owner.to_owned())
    }

    /// Takes one more step. When an attempt has acquired the lock, the lock takes its place.
    pub(crate) fn proceed(
        &mut self,
        attempt: ResourceAny,
        elapsed: u64,
    ) -> Result<std::result::Result<ResourceAny, wit::Error>> {
        let guest = self.exports.lockhost_lockfile_lockfile().attempt();
        cause::forget();
        let outcome = guest.call_try(&mut self.store, attempt, elapsed)?;
        if outcome.is_ok() {
            // It is an empty shell by now.
            self.let_go(attempt)?;
        }
        Ok(outcome)
    }

    /// Returns how a lock was acquired.
    pub(crate) fn report(&mut self, lock: ResourceAny) -> Result<wit::Report> {
        let guest = self.exports.lockhost_lockfile_lockfile().lock();
        guest.call_report(&mut self.store, lock)
    }

    /// Returns whether a lock is still its owner's.
    pub(crate) fn still_held(
        &mut self,
        lock: ResourceAny,
    ) -> Result<std::result::Result<bool, wit::Failure>> {
        let guest = self.exports.lockhost_lockfile_lockfile().lock();
        cause::forget();
        guest.call_still_held(&mut self.store, lock)
    }

    /// Puts a lock file back that was removed.
    pub(crate) fn restore(
        &mut self,
        lock: ResourceAny,
        elapsed: u64,
    ) -> Result<std::result::Result<wit::Restored, wit::Unrestored>> {
        let guest = self.exports.lockhost_lockfile_lockfile().lock();
        cause::forget();
        guest.call_restore(&mut self.store, lock, elapsed)
    }

    /// Returns the makers of the other claims.
    pub(crate) fn rivals(
        &mut self,
        lock: ResourceAny,
    ) -> Result<std::result::Result<Vec<String>, wit::Failure>> {
        let guest = self.exports.lockhost_lockfile_lockfile().lock();
        cause::forget();
        guest.call_rivals(&mut self.store, lock)
    }

    /// Sets the access time of a lock's files to now.
    pub(crate) fn refresh(
        &mut self,
        lock: ResourceAny,
    ) -> Result<std::result::Result<(), wit::Failure>> {
        let guest = self.exports.lockhost_lockfile_lockfile().lock();
        guest.call_refresh(&mut self.store, lock)
    }

    /// Releases a lock, which is the end of the instance's task.
    pub(crate) fn release(
        mut self,
        lock: ResourceAny,
    ) -> Result<std::result::Result<(), wit::ReleaseError>> {
        let outcome = self.released(lock)?;
        self.done();
        Ok(outcome)
    }

    pub(super) fn released(
        &mut self,
        lock: ResourceAny,
    ) -> Result<std::result::Result<(), wit::ReleaseError>> {
        let guest = self.exports.lockhost_lockfile_lockfile().lock();
        cause::forget();
        guest.call_release(&mut self.store, lock)
    }

    /// Runs the destructor of an attempt or a lock, which gives it up. An error cannot be reported.
    pub(crate) fn give_up(mut self, resource: ResourceAny) {
        if self.let_go(resource).is_ok() {
            self.done();
        }
    }

    pub(super) fn let_go(&mut self, resource: ResourceAny) -> Result<()> {
        resource.resource_drop(&mut self.store)
    }

    /// Judges a lock, which is the instance's whole task. The directory is only lent.
    pub(crate) fn inspect(
        mut self,
        directory: Descriptor,
        name: &str,
    ) -> Result<std::result::Result<wit::Status, wit::InspectError>> {
        let directory = self.store.data_mut().table.push(directory)?;
        let lent = Resource::new_borrow(directory.rep());
        let guest = self.exports.lockhost_lockfile_lockfile();
        cause::forget();
        let answer = guest.call_inspect(&mut self.store, lent, name)?;
        self.store.data_mut().table.delete(directory)?;
        self.done();
        Ok(answer)
    }
}
