//! The locks in this process' memory that belong to the process that forked it.
//!
//! A child made by fork(2) has a copy of its parent's locks, and no part in them. A refusal by such a lock reports
//! that: a daemon that acquires its lock before it forks is refused by its own parent.

use std::{
    sync::{Mutex, MutexGuard, TryLockError},
    thread,
};

use crate::process::{fork::is_still, number::Number};

/// A lock that was acquired in this memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) maker: Number,
    pub(crate) identity: String,
    /// Whether other processes see the identity. If not, the lock file has only the number of its maker.
    pub(crate) claimed: bool,
}

/// The locks that are held, by this process or by one that forked it.
static TAKEN: Mutex<Vec<Taken>> = Mutex::new(Vec::new());

/// The maximum number of tries of a thread to lock [`TAKEN`]. A thread of the parent may have held it at the fork(2).
const TRIES: usize = 10_000;

fn taken() -> Option<MutexGuard<'static, Vec<Taken>>> {
    (0..TRIES).find_map(|_| match TAKEN.try_lock() {
        Ok(taken) => Some(taken),
        Err(TryLockError::Poisoned(taken)) => Some(taken.into_inner()),
        Err(TryLockError::WouldBlock) => {
            thread::yield_now();
            None
        }
    })
}

/// Notes a lock of this process.
pub(crate) fn note(lock: Taken) {
    if let Some(mut taken) = taken() {
        taken.push(lock);
    }
}

/// Forgets a lock of this process that is given up: only one, since locks on other directories may have the same
/// identity.
pub(crate) fn forget(lock: &Taken) {
    if let Some(mut taken) = taken()
        && let Some(nth) = taken.iter().position(|it| it == lock)
    {
        taken.swap_remove(nth);
    }
}

/// Returns whether a process that forked this one holds the lock that names this owner, or held it at the fork.
pub(crate) fn is_forkers(pid: Option<u32>, identity: Option<&str>, claimed: bool) -> bool {
    let names = |it: &Taken| match claimed {
        true => Some(it.identity.as_str()) == identity,
        false => !it.claimed && Some(it.maker.0) == pid,
    };
    let is_one =
        |taken: MutexGuard<'_, Vec<Taken>>| taken.iter().any(|it| names(it) && !is_still(it.maker));
    taken().is_some_and(is_one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_of_this_process_is_not_a_forkers() {
        let directory = tempfile::tempdir().unwrap();
        let lock = crate::acquire(directory.path()).unwrap();
        let is_forkers = || is_forkers(Some(lock.pid()), Some(lock.identity()), lock.is_claimed());
        assert!(!is_forkers());
        // As in the memory of a child, for two directories.
        let inherited = Taken {
            maker: (lock.pid() + 1, None),
            identity: lock.identity().to_owned(),
            claimed: true,
        };
        note(inherited.clone());
        note(inherited.clone());
        forget(&inherited);
        assert!(is_forkers());
        forget(&inherited);
        assert!(!is_forkers());
    }
}
