//! Evidence that a claim's maker lives: the file held open under an exclusive advisory lock (flock(2)). The kernel
//! drops the lock when the last process that has the file ends, however it ends.
//!
//! Evidence is never unlocked, only closed: an unlock through one descriptor would take the lock from a child that
//! inherited it. Rust opens files close-on-exec, so a started program inherits evidence only where that is wanted. A
//! probe unlocks only the shared lock that it took, on a descriptor that was opened for it.

use std::{
    error, fmt,
    fs::{self, File},
    io,
    sync::Arc,
};

use super::{
    mode::Mode,
    noted::{self, FileId},
    platform,
};

#[cfg_attr(windows, path = "evidence/windows.rs")]
#[cfg_attr(not(windows), path = "evidence/unix.rs")]
mod claim;

/// The result of checking whether a file to guard can be a new claim.
enum Claim {
    /// It can be a claim that was just made.
    New {
        /// Whether its mode is right already.
        private: bool,
    },
    /// It was a claim, and its name was removed: its maker took so long that a sweep judged it abandoned.
    #[cfg_attr(
        windows,
        allow(
            dead_code,
            reason = "a file's names are not counted there, and nothing is evidence"
        )
    )]
    Gone,
    /// It cannot be a claim, for this reason.
    Not(&'static str),
}

/// A file that this process guards, for as long as this value lives. [`guard`](crate::process::guard) has an example.
#[must_use = "dropping it gives the evidence up"]
#[derive(Debug)]
pub struct Evidence {
    file: Arc<File>,
    /// Whether a kernel keeps it locked.
    kept: bool,
    /// Its number in this process' own list, where no kernel keeps it locked.
    noted: Option<FileId>,
}

impl Evidence {
    /// Makes a new claim private and, where a lock is evidence, locks it.
    ///
    /// # Errors
    /// If it is not a new claim, which is left as it is; if another process probes it at this moment; or if it cannot
    /// be made private or locked.
    pub(crate) fn leave(file: &Arc<File>) -> Result<Self, GuardError> {
        Self::leave_with(file, Mode::PRIVATE)
    }

    /// Leaves evidence as [`leave`](Self::leave) does, but with this mode in the end. The file is private until it is
    /// locked: another process that could open it might lock it first.
    ///
    /// # Errors
    /// As [`leave`](Self::leave); also if the file cannot have that mode.
    pub(crate) fn leave_with(file: &Arc<File>, mode: Mode) -> Result<Self, GuardError> {
        // The claim's name may promise evidence already. So a failure must not count as a file system without evidence.
        let kind = platform::evidence_kind(file)
            .map_err(|error| refused("the type of its file system cannot be determined", &error))?;
        let looked = claim::look(file, kind.is_some());
        check(looked, file, kind)?;
        lock(file, kind)?;
        Self::kept(file, kind, mode)
    }

    /// Leaves evidence as [`leave_with`](Self::leave_with) does on a file that this process has just made, exclusively,
    /// in a directory on a file system of this type. So the file is this user's, and lies there as well: where another
    /// file system was mounted on the name, the name would have existed. Returns the file's number, too.
    ///
    /// The file is examined once it is locked. From then on no sweep takes it for the claim of a dead process, so it
    /// keeps its name; and a file that lost its name before is found out.
    ///
    /// # Errors
    /// As [`leave_with`](Self::leave_with). If it is not a new claim, it stays locked until it is closed.
    #[cfg_attr(
        windows,
        allow(dead_code, reason = "files are made by other calls there")
    )]
    pub(crate) fn leave_new(
        file: &Arc<File>,
        kind: Option<u64>,
        mode: Mode,
    ) -> Result<(Self, FileId), GuardError> {
        lock(file, kind)?;
        let looked = claim::look_new(file, kind.is_some());
        let id = looked.as_ref().map(|(_, id)| *id).unwrap_or_default();
        check(looked.map(|(claim, _)| claim), file, kind)?;
        Ok((Self::kept(file, kind, mode)?, id))
    }

    /// Returns the evidence that was left, with this mode in the end.
    fn kept(file: &Arc<File>, kind: Option<u64>, mode: Mode) -> Result<Self, GuardError> {
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

    /// Returns the guarded file, to write its content. Do not unlock it, and do not probe it: that would end the
    /// evidence.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Returns a weak reference, to recognise the descriptor.
    #[cfg(feature = "component")]
    pub(crate) fn descriptor(&self) -> std::sync::Weak<File> {
        Arc::downgrade(&self.file)
    }

    /// Returns whether a kernel keeps the file locked, and not only this process' own list.
    pub(crate) fn is_kept(&self) -> bool {
        self.kept
    }
}

/// The reason why [`guard`](crate::process::guard) could not guard a file.
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
    /// Another process is probing this file at this moment, or the file has no name any more. This is not a fault; make
    /// another file.
    Probed,
    /// It is not possible; the reason is one sentence without a full stop.
    Refused(String),
}

impl fmt::Display for GuardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Probed => f.write_str("another process is probing the file"),
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

/// Returns whether a file is open for reading and writing, as a claim is.
pub(crate) fn is_open_for_both(file: &File) -> bool {
    claim::is_open_for_both(file)
}

/// Returns whether a file is regular: only then does a lock on it prove anything.
#[cfg(feature = "component")]
pub(crate) fn is_regular(file: &File) -> bool {
    file.metadata().is_ok_and(|file| file.is_file())
}

/// Checks that a file can be a new claim, and makes it private.
fn check(looked: io::Result<Claim>, file: &File, kind: Option<u64>) -> Result<(), GuardError> {
    match looked {
        Ok(Claim::New { private: true }) => Ok(()),
        Ok(Claim::New { private: false }) => make_private(file, kind.is_some()),
        // The same error as for a probed file: the caller must make another one. The name may serve another attempt of
        // this process by now.
        Ok(Claim::Gone) => Err(GuardError::Probed),
        Ok(Claim::Not(why)) => Err(not_new(why)),
        Err(error) => Err(refused("it cannot be looked at", &error)),
    }
}

/// Locks a file where a lock is evidence.
fn lock(file: &File, kind: Option<u64>) -> Result<(), GuardError> {
    if kind.is_none() {
        return Ok(());
    }
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(fs::TryLockError::WouldBlock) => Err(GuardError::Probed),
        Err(fs::TryLockError::Error(error)) => {
            Err(refused("the kernel keeps no lock on it", &error))
        }
    }
}

fn make_private(file: &File, known: bool) -> Result<(), GuardError> {
    match platform::set_mode(file, Mode::PRIVATE.bits()) {
        // Unknown file systems may have no modes to set.
        Err(error) if known => Err(refused("its mode cannot be set", &error)),
        _ => Ok(()),
    }
}

/// Gives a file a mode that its user has chosen. If the file does not get that mode, this fails: users who should have
/// access would be shut out, or others would have it.
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

/// Returns the refusal to guard a file that was not just made.
pub(crate) fn not_new(why: &str) -> GuardError {
    GuardError::Refused(format!("only a file that was just made is guarded: {why}"))
}

fn refused(what: &str, error: &io::Error) -> GuardError {
    GuardError::Refused(format!("the claim was made, but {what}: {error}"))
}

/// The result of a try for a shared lock. It is shared, so that two processes that probe at once do not see each other
/// as the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// A process keeps it locked, or may.
    Kept,
    /// No process keeps it locked, on a file system of this type.
    Free(u64),
    /// A lock would prove nothing here.
    None,
}

/// Tries for a shared lock on a descriptor that is not evidence, and releases it at once. A lock that is kept would
/// block the maker of that file, and every other program that locks it.
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
        // Where locks are evidence and none can be acquired, for instance for want of resources, a process may still
        // keep one.
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

    /// Asserts that a file is refused for this reason, and neither locked nor changed.
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
        // With any umask, and with the requested mode.
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
        // On a listed file system, a lock of another process would show.
        let other = File::open("/proc/self/stat").unwrap();
        let _ = other.try_lock();
        assert_eq!(probe(&file), Probe::None);
    }
}
