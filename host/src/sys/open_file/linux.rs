//! A name for an open file: linkat(2) with `AT_EMPTY_PATH`, or by the file's entry in proc(5).

use std::os::fd::{AsFd, AsRawFd};

use rustix::{
    fs::{AtFlags, CWD, linkat},
    io::{Errno, Result},
};

/// Gives the file `name` in `directory`. The kernel refuses a file that has no name left.
pub(crate) fn link(file: impl AsFd, directory: impl AsFd, name: &str) -> Result<()> {
    let (file, directory) = (file.as_fd(), directory.as_fd());
    match linkat(file, "", directory, name, AtFlags::EMPTY_PATH) {
        // Without CAP_DAC_READ_SEARCH, unless the kernel is newer than 6.9.
        Err(Errno::NOENT) => {
            // Another thread may have other descriptors.
            let entry = format!("/proc/thread-self/fd/{}", file.as_raw_fd());
            linkat(CWD, entry, directory, name, AtFlags::SYMLINK_FOLLOW)
        }
        linked => linked,
    }
}
