//! Evidence that a claim's maker lives: the file held open under an exclusive advisory lock (flock(2)), which the
//! kernel drops when the last process that has it ends, however it ends.
//!
//! Evidence is never unlocked, only closed: an unlock through one descriptor would take the lock from a child that
//! inherited it. Rust opens files close-on-exec, so a program that is started inherits it only where that is wanted.
//! What is unlocked is the shared lock by which a question is answered, on a descriptor that was opened for it.

use std::{
    error, fmt,
    fs::{self, File},
    sync::{Arc, Weak},
};

use super::{
    mode::Mode,
    noted::{self, FileId},
    platform,
};

#[cfg_attr(windows, path = "evidence/windows.rs")]
#[cfg_attr(not(windows), path = "evidence/unix.rs")]
mod claim;

/// What a file is that is to be guarded.
enum Claim {
    /// It can be a claim that was just made.
    New {
        /// Whether its mode is right already.
        private: bool,
    },
    /// It was one, and its name was removed: its maker took so long that a sweep took it for given up.
    #[cfg_attr(
        windows,
        allow(
            dead_code,
            reason = "a file's names are not counted there, and nothing is evidence"
        )
    )]
    Gone,
    /// It cannot, for this reason.
    Not(&'static str),
}

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
    ///
    /// # Errors
    /// If it is no new claim, which is left as it is; if another process looks at it at this moment; or if it cannot be
    /// made private or locked.
    pub(crate) fn leave(file: &Arc<File>) -> Result<Self, GuardError> {
        Self::leave_with(file, Mode::PRIVATE)
    }

    /// The same, but with this mode in the end. Until the file is locked it is private: another process that could open it
    /// could be faster.
    ///
    /// # Errors
    /// As [`leave`](Self::leave); also if the file cannot have that mode.
    pub(crate) fn leave_with(file: &Arc<File>, mode: Mode) -> Result<Self, GuardError> {
        // The claim's name may promise evidence already, so no failure may pass for a file system without.
        let kind = platform::evidence_kind(file)
            .map_err(|error| refused("the type of its file system cannot be told", &error))?;
        match claim::look(file, kind.is_some()) {
            Ok(Claim::New { private: true }) => {}
            Ok(Claim::New { private: false }) => make_private(file, kind.is_some())?,
            // As one that is looked at: another one is to be made. Its name may serve another attempt of this process by now.
            Ok(Claim::Gone) => return Err(GuardError::Probed),
            Ok(Claim::Not(why)) => return Err(not_new(why)),
            Err(error) => return Err(refused("it cannot be looked at", &error)),
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
        if mode != Mode::PRIVATE {
            open_to_others(file, mode)?;
        }
        Ok(Self {
            file: Arc::clone(file),
            kept: kind.is_some(),
            noted: match kind {
                Some(_) => None,
                None => noted::note(file),
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

/// Why a file could not be guarded by [`guard`](crate::process::guard).
///
/// ```
/// use std::fs::File;
/// use lockhost::process::{Evidence, GuardError, guard};
///
/// /// Makes a file that is kept, under the first number that is free.
/// fn kept(path: &std::path::Path) -> Result<Evidence, Box<dyn std::error::Error>> {
///     for number in 0..100 {
///         match guard(File::create_new(path.with_extension(number.to_string()))?) {
///             Err(GuardError::Probed) => continue,
///             kept => return Ok(kept?),
///         }
///     }
///     Err(GuardError::Probed.into())
/// }
/// # let data = tempfile::tempdir()?;
/// # kept(&data.path().join("worker"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GuardError {
    /// Another process is looking at this very file at this moment, or the file has no name any more. Nothing is wrong; make
    /// another one.
    Probed,
    /// It cannot be done; why, in one sentence without a full stop.
    Refused(String),
}

impl fmt::Display for GuardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Probed => f.write_str("somebody is looking at the file at this moment"),
            Self::Refused(why) => f.write_str(why),
        }
    }
}

impl error::Error for GuardError {}

impl Drop for Evidence {
    fn drop(&mut self) {
        if let Some(id) = self.noted {
            noted::forget(id);
        }
    }
}

/// Whether a file is open for reading and writing, as a claim is.
pub(crate) fn is_open_for_both(file: &File) -> bool {
    claim::is_open_for_both(file)
}

/// Whether a file is one that a lock on it can say anything about: a regular one.
pub(crate) fn is_regular(file: &File) -> bool {
    file.metadata().is_ok_and(|file| file.is_file())
}

fn make_private(file: &File, known: bool) -> Result<(), GuardError> {
    match platform::set_mode(file, Mode::PRIVATE.bits()) {
        // File systems that are not known may have no modes to set.
        Err(error) if known => Err(refused("its mode cannot be set", &error)),
        _ => Ok(()),
    }
}

/// Gives a file a mode that its user has chosen. One that it does not get is no mode to go on with: those whom it is for
/// would be shut out, or others would not be.
fn open_to_others(file: &File, mode: Mode) -> Result<(), GuardError> {
    let set =
        platform::set_mode(file, mode.bits()).and_then(|()| platform::has_mode(file, mode.bits()));
    match set {
        Ok(true) => Ok(()),
        Ok(false) => Err(GuardError::Refused(format!(
            "the claim was made, but its file system does not give it the mode {mode}"
        ))),
        Err(error) => Err(refused(
            &format!("its mode cannot be set to {mode}"),
            &error,
        )),
    }
}

/// The refusal of a file that was not just made to be guarded.
pub(crate) fn not_new(why: &str) -> GuardError {
    GuardError::Refused(format!("only a file that was just made is guarded: {why}"))
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

/// Tries for a lock on a descriptor that is no evidence, and gives it back at once: a lock that is kept would be in the way
/// of the maker of that very file, and of every other program that locks it.
pub(crate) fn probe(file: &File) -> Probe {
    let kind = match platform::evidence_kind(file) {
        Ok(Some(kind)) => kind,
        Ok(None) => return Probe::None,
        Err(_) => return Probe::Kept,
    };
    match file.try_lock_shared() {
        Ok(()) => {
            // If that fails, the lock goes with the descriptor.
            let _ = file.unlock();
            Probe::Free(kind)
        }
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
    fn a_claim_that_another_process_locks_is_made_anew() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let other = File::open(file.path()).unwrap();
        other.try_lock_shared().unwrap();
        let made = Arc::new(file.reopen().unwrap());
        assert!(matches!(Evidence::leave(&made), Err(GuardError::Probed)));
    }

    #[test]
    fn a_claim_whose_name_is_gone_is_made_anew() {
        let file = Arc::new(tempfile::tempfile().unwrap());
        assert!(matches!(Evidence::leave(&file), Err(GuardError::Probed)));
    }

    #[test]
    fn a_probe_gives_its_lock_back() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let asking = File::open(file.path()).unwrap();
        assert!(matches!(probe(&asking), Probe::Free(_)));
        let made = Arc::new(file.reopen().unwrap());
        let _evidence = Evidence::leave(&made).map_err(|_| "refused").unwrap();
        assert_eq!(probe(&asking), Probe::Kept);
    }

    /// Refused with this reason, and neither locked nor changed.
    fn is_no_claim(file: File, why: &str) {
        use std::os::unix::fs::MetadataExt;

        let before = file.metadata().unwrap().mode();
        let file = Arc::new(file);
        let Err(GuardError::Refused(refusal)) = Evidence::leave(&file) else {
            panic!("it was guarded");
        };
        assert!(refusal.ends_with(why), "{refusal}");
        assert_eq!(file.metadata().unwrap().mode(), before);
        assert!(!matches!(probe(&file), Probe::Kept));
    }

    #[test]
    fn only_what_can_be_a_new_claim_is_guarded() {
        use std::{fs::Permissions, os::unix::fs::PermissionsExt};

        let directory = tempfile::tempdir().unwrap();
        let path = |name| directory.path().join(name);
        let open = |name| File::options().read(true).write(true).open(path(name));
        let make = |name| File::create_new(path(name)).unwrap();
        drop(make("full"));
        fs::write(path("full"), "7\n").unwrap();
        is_no_claim(open("full").unwrap(), "it is not empty");
        drop(make("linked"));
        fs::hard_link(path("linked"), path("further")).unwrap();
        is_no_claim(open("linked").unwrap(), "it has further names");
        for mode in [0o700, 0o755, 0o1600, 0o4600] {
            let program = make("program");
            program
                .set_permissions(Permissions::from_mode(mode))
                .unwrap();
            is_no_claim(program, "its mode is not that of a new file");
            fs::remove_file(path("program")).unwrap();
        }
        is_no_claim(
            File::open(directory.path()).unwrap(),
            "it is no regular file",
        );
        // With any umask, and with the mode asked for.
        for mode in [0o666, 0o644, 0o600, 0o400, 0] {
            let claim = make("claim");
            claim.set_permissions(Permissions::from_mode(mode)).unwrap();
            drop(
                Evidence::leave(&Arc::new(claim))
                    .map_err(|_| "refused")
                    .unwrap(),
            );
            let mode = fs::metadata(path("claim")).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o600);
            fs::remove_file(path("claim")).unwrap();
        }
    }

    #[test]
    fn a_chosen_mode_is_exact_whatever_the_file_was_made_with() {
        use std::{fs::Permissions, os::unix::fs::PermissionsExt};

        for made in [0o600, 0o644, 0o666, 0] {
            for chosen in [0o600, 0o620, 0o640, 0o660, 0o666] {
                let file = tempfile::NamedTempFile::new().unwrap();
                fs::set_permissions(file.path(), Permissions::from_mode(made)).unwrap();
                let claim = Arc::new(file.as_file().try_clone().unwrap());
                let mode = Mode::new(chosen).unwrap();
                let _evidence = Evidence::leave_with(&claim, mode)
                    .map_err(|_| "refused")
                    .unwrap();
                let mode = claim.metadata().unwrap().permissions().mode();
                assert_eq!(mode & 0o7777, chosen);
            }
        }
    }

    #[test]
    fn on_an_unlisted_file_system_nothing_is_locked_or_tried() {
        let file = File::open("/proc/self/stat").unwrap();
        assert_eq!(platform::evidence_kind(&file).unwrap(), None);
        // Somebody who has it locked would be seen on a listed one.
        let other = File::open("/proc/self/stat").unwrap();
        let _ = other.try_lock();
        assert_eq!(probe(&file), Probe::None);
    }
}
