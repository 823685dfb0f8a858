//! Evidence that a claim's maker lives: the file held open under an exclusive advisory lock (flock(2)), which the
//! kernel drops when the last process that has it ends, however it ends.
//!
//! Never unlocked, only closed: an unlock through one descriptor would take the lock from a child that inherited it.
//! Rust opens files close-on-exec, so a program that is started inherits it only where that is wanted.

use std::{
    fs::{self, File},
    sync::{Arc, Mutex, MutexGuard, TryLockError, Weak},
    thread,
};

use crate::{bindings::lockhost::lockfile::process::GuardError, process::platform};

/// A file that this process guards, for as long as this value lives. [`guard`](crate::process::guard) has an example.
#[must_use = "dropping it gives the evidence up"]
#[derive(Debug)]
pub struct Evidence {
    file: Arc<File>,
    /// Whether a kernel keeps it locked.
    kept: bool,
    /// What it is known by in this process, where no kernel knows it.
    noted: Option<FileId>,
}

impl Evidence {
    /// Makes a new claim private and, where that means something, locks it.
    pub(crate) fn leave(file: &Arc<File>) -> Result<Self, GuardError> {
        // The claim's name may promise evidence already, so no failure may pass for a file system without.
        let kind = platform::evidence_kind(file)
            .map_err(|error| refused("the type of its file system cannot be told", &error))?;
        match platform::make_private(file) {
            Ok(()) => {}
            // Foreign file systems may have no modes to set.
            Err(_) if kind.is_none() => {}
            Err(error) => return Err(refused("its mode cannot be set", &error)),
        }
        if kind.is_some() {
            match file.try_lock() {
                Ok(()) => {}
                Err(fs::TryLockError::WouldBlock) => return Err(GuardError::Probed),
                Err(fs::TryLockError::Error(error)) => {
                    return Err(refused("the kernel keeps no lock on it", &error));
                }
            }
        }
        Ok(Self {
            file: Arc::clone(file),
            kept: kind.is_some(),
            noted: match kind {
                Some(_) => None,
                None => note(file),
            },
        })
    }

    /// The file that is kept, to write what it is to say. It is not to be unlocked, nor to be asked about: that would end
    /// the evidence.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// To recognise the descriptor by.
    pub(crate) fn descriptor(&self) -> Weak<File> {
        Arc::downgrade(&self.file)
    }

    /// Whether a kernel keeps the file locked, and not only this process a note of it.
    pub(crate) fn is_kept(&self) -> bool {
        self.kept
    }
}

/// A device and an inode.
type FileId = (u64, u64);

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

fn note(file: &File) -> Option<FileId> {
    let id = platform::file_id(file)?;
    noted()?.push(id);
    Some(id)
}

impl Drop for Evidence {
    fn drop(&mut self) {
        if let Some(id) = self.noted
            && let Some(mut noted) = noted()
        {
            noted.retain(|it| *it != id);
        }
    }
}

/// Whether this process guards a file where a lock would mean nothing.
pub(crate) fn is_ours(file: &File) -> bool {
    platform::file_id(file).is_some_and(|id| noted().is_some_and(|noted| noted.contains(&id)))
}

fn refused(what: &str, error: &std::io::Error) -> GuardError {
    GuardError::Refused(format!("the claim was made, but {what}: {error}"))
}

/// What an attempt at a shared lock says. Shared, so that two who ask at once do not take each other for the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// Somebody keeps it locked, or may.
    Kept,
    /// Nobody does, on a file system of this type.
    Free(u64),
    /// A lock would mean nothing here.
    None,
}

/// Tries for a lock on a descriptor that is nobody's evidence. If it can be had, it stays until the descriptor is
/// closed, and hinders nobody but a maker of that very file.
pub(crate) fn probe(file: &File) -> Probe {
    let kind = match platform::evidence_kind(file) {
        Ok(Some(kind)) => kind,
        Ok(None) => return Probe::None,
        Err(_) => return Probe::Kept,
    };
    match file.try_lock_shared() {
        Ok(()) => Probe::Free(kind),
        // Where locks mean something and none can be had, for want of resources say, somebody may still keep one.
        Err(fs::TryLockError::WouldBlock | fs::TryLockError::Error(_)) => Probe::Kept,
    }
}

#[cfg(all(test, not(windows)))]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_seen_while_it_lasts_and_recognised() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let look = || File::open(file.path()).unwrap();
        let made = Arc::new(
            File::options()
                .read(true)
                .write(true)
                .open(file.path())
                .unwrap(),
        );
        let kind = platform::evidence_kind(&made)
            .unwrap()
            .expect("temporary files lie on a listed file system");
        assert_eq!(probe(&look()), Probe::Free(kind));
        let evidence = Evidence::leave(&made).map_err(|_| "refused").unwrap();
        assert_eq!(probe(&look()), Probe::Kept);
        assert!(std::ptr::eq(
            evidence.descriptor().as_ptr(),
            Arc::as_ptr(&made)
        ));
        drop(evidence);
        assert_eq!(
            probe(&look()),
            Probe::Kept,
            "the descriptor is open still, and is never unlocked"
        );
        drop(made);
        assert_eq!(probe(&look()), Probe::Free(kind));
    }

    #[test]
    fn a_claim_that_somebody_probes_is_made_anew() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let prober = File::open(file.path()).unwrap();
        assert!(matches!(probe(&prober), Probe::Free(_)));
        let made = Arc::new(file.reopen().unwrap());
        assert!(matches!(Evidence::leave(&made), Err(GuardError::Probed)));
    }

    #[test]
    fn on_a_file_system_that_is_not_listed_nothing_is_locked_or_tried() {
        let file = File::open("/proc/self/stat").unwrap();
        assert_eq!(platform::evidence_kind(&file).unwrap(), None);
        // Somebody who has it locked would be seen on a listed one.
        let other = File::open("/proc/self/stat").unwrap();
        let _ = other.try_lock();
        assert_eq!(probe(&file), Probe::None);
    }
}
