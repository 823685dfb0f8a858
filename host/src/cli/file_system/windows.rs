//! The names of file systems on Windows.

use std::{fs::OpenOptions, os::windows::fs::OpenOptionsExt, path::Path};

use windows_sys::Win32::Storage::FileSystem::FILE_FLAG_BACKUP_SEMANTICS;

#[path = "../../sys/volume.rs"]
mod volume;

/// Returns the type of the file system that a path is on, as the system names it (`NTFS`, `FAT32`); `None` if it is
/// unknown. A file system on another machine has the name that the machine reports.
pub(crate) fn name(path: &Path) -> Option<String> {
    let mut options = OpenOptions::new();
    // No access is needed to read nothing; without the flag no directory is opened.
    options
        .access_mode(0)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS);
    let file = options.open(path).ok()?;
    volume::about(&file).map(|(name, _)| name)
}

/// Returns a clause about what is not known of the owners of locks, if that deserves a warning. The identity of an
/// owner that may be judged names the installation.
pub(crate) fn limit(identity: &str) -> Option<&'static str> {
    let is_judged = identity.split('-').any(|part| part.starts_with('b'));
    (!is_judged).then_some("other machines may use it as well, so owners cannot be judged")
}

/// How locks are judged by their owners' identities: the text after "identities:".
pub(crate) const BY_IDENTITY: &str = "correctly among the processes of this installation of Windows, also after a reboot; \
                                      locks from other machines and containers are never reclaimed";
