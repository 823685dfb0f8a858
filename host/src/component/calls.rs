//! The component's functions, called: each runs to its end on this thread.

use std::time::Instant;

use wasmtime::{
    Result,
    component::{Resource, ResourceAny},
};
use wasmtime_wasi::filesystem::Descriptor;

use super::instance::Instance;
use crate::{bindings::direct::lockfile as wit, wasi::cause};

/// How long something has been under way, as the component counts it: in milliseconds.
pub(crate) fn elapsed(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// How long an identity may be, in bytes, as the contract has it.
pub(crate) const IDENTITY: usize = 128;

/// An identity to be assumed dead. A longer text than any identity means no owner, and the component is not handed a copy.
pub(crate) fn assumed(identity: Option<String>) -> Option<String> {
    identity.filter(|it| it.len() <= IDENTITY)
}

/// The outer error of each is a trap, after which nothing more can be asked of the instance.
impl Instance {
    /// An attempt on a directory, which becomes the component's own.
    pub(crate) fn attempt(
        &mut self,
        directory: Descriptor,
        options: &wit::Options,
    ) -> Result<ResourceAny> {
        let directory = self.store.data_mut().table.push(directory)?;
        let guest = self.exports.lockhost_lockfile_lockfile().attempt();
        guest.call_constructor(&mut self.store, directory, options)
    }

    /// Says whose end was waited for before an attempt.
    pub(crate) fn succeed(&mut self, attempt: ResourceAny, owner: &str) -> Result<()> {
        let guest = self.exports.lockhost_lockfile_lockfile().attempt();
        guest.call_succeed(&mut self.store, attempt, &owner.to_owned())
    }

    /// One more try. What comes of an attempt that has got the lock is the lock, and no attempt any more.
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

    /// How a lock was got.
    pub(crate) fn report(&mut self, lock: ResourceAny) -> Result<wit::Report> {
        let guest = self.exports.lockhost_lockfile_lockfile().lock();
        guest.call_report(&mut self.store, lock)
    }

    /// Whether a lock is still its owner's.
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

    /// Runs the destructor of an attempt or a lock, which gives it up. Nobody is left to be told how that went.
    pub(crate) fn give_up(mut self, resource: ResourceAny) {
        if self.let_go(resource).is_ok() {
            self.done();
        }
    }

    pub(super) fn let_go(&mut self, resource: ResourceAny) -> Result<()> {
        resource.resource_drop(&mut self.store)
    }

    /// Judges a lock, which is all of the instance's task. The directory is only lent.
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
