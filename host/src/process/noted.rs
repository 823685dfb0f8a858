//! The files that this process guards where a lock would prove nothing: no kernel knows of them, but this process does.

use std::{
    fs::File,
    sync::{Mutex, MutexGuard, TryLockError},
    thread,
};

use super::platform;

/// A device and an inode.
pub(crate) type FileId = (u64, u64);

/// The files that this process guards where a lock would prove nothing. It is checked only for files that hold this
/// process' own number, so a child made by fork(2) never uses its parent's entries.
static NOTED: Mutex<Vec<FileId>> = Mutex::new(Vec::new());

/// The maximum number of tries of a thread to lock the list.
const LOOKS: usize = 10_000;

/// Locks the list. Returns `None` if another thread keeps it locked: a thread of the parent process, which called
/// fork(2) meanwhile.
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

/// Adds a file that is guarded from now on. Returns `None` if it cannot be distinguished from others.
pub(crate) fn note(file: &File) -> Option<FileId> {
    let id = platform::file_id(file)?;
    noted()?.push(id);
    Some(id)
}

/// Removes a file that is guarded no more.
pub(crate) fn forget(id: FileId) {
    if let Some(mut noted) = noted() {
        noted.retain(|it| *it != id);
    }
}

/// Returns whether this process guards a file where a lock would prove nothing.
pub(crate) fn is_ours(file: &File) -> bool {
    platform::file_id(file).is_some_and(|id| noted().is_some_and(|noted| noted.contains(&id)))
}
