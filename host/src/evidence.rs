//! Evidence that a claim's maker lives: the file held open under an exclusive advisory lock (flock(2)), which the
//! kernel drops when the last process that has it ends, however it ends.
//!
//! Never unlocked, only closed: an unlock through one descriptor would take the lock from a child that inherited it.
//! Rust opens files close-on-exec, so a program that is started inherits it only where that is wanted.

use std::{
    fs::{File, TryLockError},
    sync::{Arc, Weak},
};

use crate::{bindings::lockhost::lockfile::process::GuardError, process::platform};

/// A file that this process guards, for as long as this value lives.
// Public in this private module only: the bindings, which the outside does not see either, export it again.
#[allow(unreachable_pub)]
#[derive(Debug)]
pub struct Evidence {
    file: Arc<File>,
}

impl Evidence {
    /// Makes a new claim private and, where that means something, locks it.
    pub(crate) fn leave(file: &Arc<File>) -> Result<Self, GuardError> {
        let kind = platform::evidence_kind(file);
        match platform::make_private(file) {
            Ok(()) => {}
            // Foreign file systems may have no modes to set.
            Err(_) if kind.is_none() => {}
            Err(error) => return Err(refused("its mode cannot be set", &error)),
        }
        if kind.is_some() {
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(GuardError::Probed),
                Err(TryLockError::Error(error)) => {
                    return Err(refused("the kernel keeps no lock on it", &error));
                }
            }
        }
        Ok(Self {
            file: Arc::clone(file),
        })
    }

    /// To recognise the descriptor by.
    pub(crate) fn descriptor(&self) -> Weak<File> {
        Arc::downgrade(&self.file)
    }
}

fn refused(what: &str, error: &std::io::Error) -> GuardError {
    GuardError::Refused(format!("the claim was made, but {what}: {error}"))
}

/// What an attempt at a shared lock says. Shared, so that two who ask at once do not take each other for the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// Somebody keeps it locked.
    Kept,
    /// Nobody does, on a file system of this type.
    Free(u64),
    /// A lock would mean nothing here, or cannot be had for another reason.
    None,
}

/// Tries for a lock on a descriptor that is nobody's evidence. If it can be had, it stays until the descriptor is
/// closed, and hinders nobody but a maker of that very file.
pub(crate) fn probe(file: &File) -> Probe {
    let Some(kind) = platform::evidence_kind(file) else {
        return Probe::None;
    };
    match file.try_lock_shared() {
        Ok(()) => Probe::Free(kind),
        Err(TryLockError::WouldBlock) => Probe::Kept,
        Err(TryLockError::Error(_)) => Probe::None,
    }
}
