//! `open-at` without waiting, whatever is at the name, and directory listings an entry at a time. Everything else is
//! wasmtime-wasi's.
//!
//! open(2) waits in two cases in which a lock file is never worth the wait: for the other end of a FIFO, and for a
//! lease that the file's owner has on it (fcntl(2), `F_SETLEASE`), 45 seconds by default. The component checks what a
//! file is before it opens it, but the file may be exchanged between the two. So this opens the file with `O_NONBLOCK`,
//! and checks it once more when it is open.

use std::fs::File;

use rustix::{
    fs::{FileType, Mode, OFlags, Stat, fstat, openat},
    io::Errno,
};
use wasmtime::component::Linker;
use wasmtime_wasi::{
    filesystem::{self, Descriptor, Dir, OpenMode, WasiFilesystemCtxView},
    p2::bindings::filesystem::types::ErrorCode,
};

use super::{
    answer::{Answer, TYPES, View},
    error_code::{explained, explained_of_open_file},
    listing,
    opening::{self, Directory, Opening, Wanted, open_by_wasmtime},
};
use crate::{bindings::direct::lockfile::Operation, sys::patience::patiently};

/// Defines `open-at` anew, and how a directory is read.
pub(super) fn fit<T: 'static>(linker: &mut Linker<T>, view: View<T>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES)?;
    let fitted =
        opening::fit(&mut types, view, open_at).and_then(|()| listing::fit(&mut types, view));
    linker.allow_shadowing(false);
    fitted
}

fn open_at(
    view: WasiFilesystemCtxView<'_>,
    dir: &Directory,
    path: String,
    opening: Opening,
) -> Answer<Directory> {
    let (Descriptor::Dir(parent), Some(wanted), true) =
        (view.table.get(dir)?, opening.wanted(), is_plain(&path))
    else {
        return open_by_wasmtime(view, dir, path, opening);
    };
    let mode = opening.mode();
    if mode.contains(OpenMode::WRITE) && parent.perms.write_not_permitted() {
        return Ok(Err(ErrorCode::NotPermitted));
    }
    let perms = parent.perms;
    Ok(match open(&parent.dir, &path, mode, wanted) {
        Ok(Opened::Directory(dir)) => {
            let dir = Dir::new(dir, perms, mode, true);
            Ok(view.table.push(Descriptor::Dir(dir))?)
        }
        Ok(Opened::New(file) | Opened::File(file, _)) => {
            let file = filesystem::File::new(file, perms, mode, true);
            Ok(view.table.push(Descriptor::File(file))?)
        }
        Err(code) => Err(code),
    })
}

/// Returns whether it is the name of a file in the directory itself.
pub(crate) fn is_plain(path: &str) -> bool {
    !matches!(path, "" | "." | "..") && !path.contains('/')
}

/// The object that was opened.
#[allow(
    clippy::large_enum_variant,
    reason = "it is taken apart where it was made, and never kept"
)]
pub(crate) enum Opened {
    /// A regular file, as it was seen when it was open.
    File(File, Stat),
    Directory(File),
    /// A regular file that was made.
    New(File),
}

/// Opens a file of a directory, or makes one that is private to its user from the start. It follows no link. While
/// another process has a lease on the file, it waits for a moment.
pub(crate) fn open(
    directory: &File,
    name: &str,
    mode: OpenMode,
    wanted: Wanted,
) -> Result<Opened, ErrorCode> {
    let passes = |code: &ErrorCode| *code == ErrorCode::WouldBlock;
    patiently(passes, || open_at_once(directory, name, mode, wanted))
}

fn open_at_once(
    directory: &File,
    name: &str,
    mode: OpenMode,
    wanted: Wanted,
) -> Result<Opened, ErrorCode> {
    let file = openat(
        directory,
        name,
        flags(mode, wanted),
        Mode::RUSR | Mode::WUSR,
    );
    let file = File::from(file.map_err(|error| code(error, wanted))?);
    if wanted == Wanted::New {
        return Ok(Opened::New(file));
    }
    let failed = |error| explained_of_open_file(Operation::Open, error);
    let seen = fstat(&file).map_err(failed)?;
    match FileType::from_raw_mode(seen.st_mode) {
        FileType::RegularFile => Ok(Opened::File(file, seen)),
        FileType::Directory => Ok(Opened::Directory(file)),
        // It is closed before a byte was read or written.
        _ => Err(ErrorCode::NoSuchDevice),
    }
}

fn flags(mode: OpenMode, wanted: Wanted) -> OFlags {
    let access = match (
        mode.contains(OpenMode::READ),
        mode.contains(OpenMode::WRITE),
    ) {
        (_, false) => OFlags::RDONLY,
        (false, true) => OFlags::WRONLY,
        (true, true) => OFlags::RDWR,
    };
    let how = match wanted {
        Wanted::Existing => OFlags::empty(),
        Wanted::New => OFlags::CREATE | OFlags::EXCL,
    };
    // If a terminal was exchanged in, it must not become this process' own.
    access | how | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC
}

/// Returns WASI's code for an error.
fn code(error: Errno, wanted: Wanted) -> ErrorCode {
    match error {
        // With `O_NONBLOCK`, a lease causes this error.
        Errno::WOULDBLOCK => ErrorCode::WouldBlock,
        // A socket, a device without a driver, or a FIFO that is opened for writing and that no process reads.
        Errno::NXIO | Errno::NODEV => ErrorCode::NoSuchDevice,
        // FreeBSD's error for a symbolic link.
        Errno::MLINK if wanted == Wanted::Existing => ErrorCode::Loop,
        error => explained(
            match wanted {
                Wanted::Existing => Operation::Open,
                Wanted::New => Operation::Create,
            },
            error,
        ),
    }
}

#[cfg(test)]
#[path = "unix/tests.rs"]
mod tests;
