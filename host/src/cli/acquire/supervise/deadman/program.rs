//! The program that becomes the deadman: this one.
//!
//! The kernel reads pages of a program when they are used first, and drops them under memory pressure. The deadman must not
//! need a page of a share that does not answer. So it runs from a copy in memory, unless the program is on a file system
//! that one kernel has alone: there the page comes from a disk. In addition, the deadman locks its pages once the command
//! runs, as far as the limits of the process permit.

use std::{
    ffi::OsString,
    fs::{self, File},
    io,
    os::fd::AsRawFd,
    path::Path,
};

use rustix::fs::{MemfdFlags, memfd_create};

/// The program of this process.
const OWN: &str = "/proc/self/exe";

/// A program, while its copy is open.
#[derive(Debug)]
pub(super) struct Program(Option<File>);

impl Program {
    /// Returns this process's own one.
    pub(super) fn own() -> Self {
        match is_local() {
            true => Self(None),
            // Without a copy, the deadman still has its locked pages.
            false => Self(copy().ok()),
        }
    }

    /// Returns a path for execve(2).
    pub(super) fn path(&self) -> OsString {
        match &self.0 {
            Some(copy) => format!("/proc/self/fd/{}", copy.as_raw_fd()).into(),
            None => OWN.into(),
        }
    }
}

/// Returns whether the program is on a file system that no other machine changes.
fn is_local() -> bool {
    let promises = || -> io::Result<bool> {
        let program = fs::read_link(OWN)?;
        let directory = program.parent().unwrap_or(Path::new("/"));
        let directory = lockhost::process::open_directory(directory)?;
        Ok(lockhost::process::current(&directory)?.promises_evidence())
    };
    promises().unwrap_or(false)
}

fn copy() -> io::Result<File> {
    let name = "lockhost";
    // Older kernels do not know the second flag, and need none.
    let made = memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::EXEC)
        .or_else(|_| memfd_create(name, MemfdFlags::CLOEXEC))?;
    let mut copy = File::from(made);
    io::copy(&mut File::open(OWN)?, &mut copy)?;
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_the_bytes_of_the_program() {
        let copy = Program(Some(copy().unwrap()));
        let length = |path: &Path| fs::metadata(path).unwrap().len();
        assert_eq!(length(Path::new(&copy.path())), length(Path::new(OWN)));
    }
}
