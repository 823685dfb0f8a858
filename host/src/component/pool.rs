//! The pool of idle instances for the next attempts: making an instance costs more than taking a lock.

use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

use wasmtime::Result;

use super::instance::Instance;
use crate::{
    member::{Member, Observer},
    process::mode::Mode,
};

/// The maximum number of idle instances that are kept. A process reaches this only if it used so many at one time. Each
/// keeps some tens of kilobytes.
const KEPT: usize = 64;

/// The largest memory of an instance that is kept, in bytes; most never grow.
const GROWN: usize = 1 << 20;

static IDLE: Mutex<Vec<Instance>> = Mutex::new(Vec::new());

/// Locks the pool. Returns `None` while another thread has it, which may be a thread of the parent before a fork.
fn idle() -> Option<MutexGuard<'static, Vec<Instance>>> {
    match IDLE.try_lock() {
        Ok(idle) => Some(idle),
        Err(TryLockError::Poisoned(idle)) => Some(idle.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

impl Instance {
    /// Returns an idle instance, or a new one.
    pub(crate) fn ready() -> Result<Self> {
        let waiting = idle().and_then(|mut idle| idle.pop());
        waiting.map_or_else(Self::new, Ok)
    }

    /// Returns an instance as [`ready`](Self::ready) does, for a plugin. With `by_evidence`, it examines no process.
    pub(crate) fn for_plugin(by_evidence: bool) -> Result<Self> {
        let mut instance = Self::ready()?;
        let state = instance.store.data_mut();
        state.process.judge_by_evidence(by_evidence);
        Ok(instance)
    }

    /// Returns the instance with this mode for its lock.
    pub(crate) fn with_mode(mut self, mode: Mode) -> Self {
        self.store.data_mut().process.set_mode(mode);
        self
    }

    /// Returns the instance with a session of this process.
    pub(crate) fn with_member(mut self, member: Option<Arc<Member>>) -> Self {
        self.store.data_mut().process.set_member(member);
        self
    }

    /// Returns the instance with what asks about sessions.
    pub(crate) fn with_observer(mut self, observer: Option<Arc<Observer>>) -> Self {
        self.store.data_mut().process.set_observer(observer);
        self
    }

    /// Returns the instance to the pool. Call it only if no call of the instance has failed: after a trap an instance
    /// is dead.
    ///
    /// The pool keeps it only if nothing of its last task is left: no file, no directory, no evidence. So the next
    /// user, also in a child made by fork(2), can learn nothing of that task, and do nothing to it.
    pub(super) fn done(mut self) {
        if self.is_clean()
            && let Some(mut idle) = idle()
            && idle.len() < KEPT
        {
            let state = self.store.data_mut();
            state.process.judge_by_evidence(false);
            state.process.set_mode(Mode::PRIVATE);
            state.process.set_member(None);
            state.process.set_observer(None);
            state.process.known.forget();
            idle.push(self);
        }
    }

    fn is_clean(&mut self) -> bool {
        let state = self.store.data_mut();
        state.table.is_empty() && !state.process.guards_any() && state.limits.size <= GROWN
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bindings::direct::lockfile as wit, wasi::directory::open_directory};

    fn cycle(mut instance: Instance, directory: &tempfile::TempDir) -> Instance {
        let options = wit::Options {
            name: "some.lock".to_owned(),
            assume_dead: None,
        };
        let handle = open_directory(directory.path()).unwrap();
        let attempt = instance.attempt(handle, &options).unwrap();
        let lock = instance.proceed(attempt, 0).unwrap().unwrap();
        assert!(!instance.is_clean());
        instance.released(lock).unwrap().unwrap();
        instance
    }

    #[test]
    fn an_instance_that_is_used_again_and_again_does_not_grow() {
        let directory = tempfile::tempdir().unwrap();
        let mut instance = cycle(Instance::new().unwrap(), &directory);
        let size = instance.store.data().limits.size;
        assert!(size > 0);
        for _ in 0..2_000 {
            assert!(instance.is_clean());
            instance = cycle(instance, &directory);
        }
        assert_eq!(instance.store.data().limits.size, size);
    }

    #[test]
    fn an_instance_that_has_anything_left_does_not_wait() {
        let directory = tempfile::tempdir().unwrap();
        let mut instance = Instance::new().unwrap();
        assert!(instance.is_clean());
        let handle = open_directory(directory.path()).unwrap();
        instance.store.data_mut().table.push(handle).unwrap();
        assert!(!instance.is_clean());

        let mut grown = Instance::new().unwrap();
        grown.store.data_mut().limits.size = GROWN + 1;
        assert!(!grown.is_clean());
    }

    #[test]
    fn an_instance_that_has_trapped_does_not_wait() {
        let directory = tempfile::tempdir().unwrap();
        let mut instance = Instance::new().unwrap();
        let options = wit::Options {
            name: "some.lock".to_owned(),
            assume_dead: None,
        };
        let handle = open_directory(directory.path()).unwrap();
        let attempt = instance.attempt(handle, &options).unwrap();
        instance.lose_directory();
        assert!(instance.is_clean());
        instance.proceed(attempt, 0).unwrap_err();
        instance.let_go(attempt).unwrap_err();
    }

    #[test]
    fn what_a_plugin_may_is_not_left_to_the_next_task() {
        Instance::for_plugin(true).unwrap().done();
        // Other tests use the idle instances, so all of them are checked.
        for instance in IDLE.lock().unwrap().iter_mut() {
            assert!(!instance.store.data().process.judges_by_evidence());
        }
    }

    #[test]
    fn not_many_wait() {
        for _ in 0..3 * KEPT {
            Instance::new().unwrap().done();
        }
        // Other tests use the pool meanwhile.
        assert!(IDLE.lock().unwrap().len() <= KEPT);
    }
}
