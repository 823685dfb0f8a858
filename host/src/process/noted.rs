//! Files that this process guards where a lock would mean nothing: no kernel knows of them, but this process does.

use std::{
    fs::File,
    sync::{Mutex, MutexGuard, TryLockError},
    thread,
};

use super::platform;

/// A device and an inode.
pub(crate) type FileId = (u64, u64);

/// The files that this process guards where a lock would mean nothing. Only asked about files that hold its own number,
/// so that a child made by fork(2) has no use for what its parent noted.
static NOTED: Mutex<Vec<FileId>> = Mutex::new(Vec::new());

/// How often it is looked whether another thread is done with it.
const LOOKS: usize = 10_000;

/// What is noted; `None` if another thread does not come to an end with it: one of a parent process, whose fork(2) came
/// in between.
fn noted() -> Option<MutexGuard<'static, Vec<FileId>>> {
    (0..LOOKS).find_map(|_| match NOTED.try_lock() {
        Ok(noted) => Some(noted),
        Err(TryLockError::Poisoned(noted)) => Some(noted.into_inner()),
        Err(TryLockError::WouldBlock) => {
            thread::yield_now();
            None
        }
    })
}

/// Notes a file that is guarded from now on. `None` if it cannot be told from others.
pub(crate) fn note(file: &File) -> Option<FileId> {
    let id = platform::file_id(file)?;
    noted()?.push(id);
    Some(id)
}

/// Forgets a file that is guarded no more.
pub(crate) fn forget(id: FileId) {
    if let Some(mut noted) = noted() {
        noted.retain(|it| *it != id);
    }
}

/// Whether this process guards a file where a lock would mean nothing.
pub(crate) fn is_ours(file: &File) -> bool {
    platform::file_id(file).is_some_and(|id| noted().is_some_and(|noted| noted.contains(&id)))
}
