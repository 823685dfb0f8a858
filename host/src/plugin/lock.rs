//! A lock of a plugin.

use std::time::Instant;

use wasmtime::Result;

use super::{asking::Asking, resource::OwnedResource};
use crate::{bindings::direct::lockfile as wit, component::calls::elapsed};

/// A lock of a plugin.
pub(super) struct Lock {
    pub(super) inner: OwnedResource,
    /// Since when its file is being put back.
    pub(super) restoring: Option<Instant>,
    pub(super) asking: Asking,
}

impl Lock {
    pub(super) fn report(&mut self) -> Result<wit::Report> {
        let lock = self.inner.resource;
        let report = self.inner.instance()?.report(lock)?;
        Ok(self.asking.disclosure.report(&self.asking.name, report))
    }

    pub(super) fn still_held(&mut self) -> Result<std::result::Result<bool, wit::Failure>> {
        if !self.inner.is_ours() {
            return Ok(Ok(false));
        }
        let lock = self.inner.resource;
        self.inner.instance()?.still_held(lock)
    }

    /// Puts the lock's file back. The host measures the wait, as for an attempt.
    pub(super) fn restore(
        &mut self,
        told: u64,
    ) -> Result<std::result::Result<wit::Restored, wit::Unrestored>> {
        if !self.inner.is_ours() {
            return Ok(Err(wit::Unrestored::Lost));
        }
        let begun = *self.restoring.get_or_insert_with(Instant::now);
        let lock = self.inner.resource;
        let outcome = self
            .inner
            .instance()?
            .restore(lock, told.min(elapsed(begun)))?;
        if !matches!(outcome, Err(wit::Unrestored::Again(_))) {
            self.restoring = None;
        }
        Ok(outcome)
    }

    /// Returns a failure: only an owner with a session asks, and a plugin has none. The makers of claims are not its concern.
    pub(super) fn rivals(&self) -> std::result::Result<Vec<String>, wit::Failure> {
        Err(wit::Failure {
            operation: wit::Operation::List,
            code: wit::ErrorCode::Unsupported,
        })
    }

    pub(super) fn refresh(&mut self) -> Result<std::result::Result<(), wit::Failure>> {
        if !self.inner.is_ours() {
            return Ok(Ok(()));
        }
        let lock = self.inner.resource;
        self.inner.instance()?.refresh(lock)
    }

    pub(super) fn release(self) -> Result<std::result::Result<(), wit::ReleaseError>> {
        if !self.inner.is_ours() {
            return Ok(Ok(()));
        }
        let Asking { name, disclosure } = self.asking;
        let (instance, lock) = self.inner.spend()?;
        let released = instance.release(lock)?;
        Ok(released.map_err(|error| disclosure.released(&name, error)))
    }
}
