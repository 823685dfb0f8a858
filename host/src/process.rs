//! Facts about processes, without a component: the answers that [`add_to_linker`](crate::add_to_linker) gives to one,
//! for a host that needs only these.
//!
//! [`current`] gives a process a name that lasts, and [`guard`] keeps a file for as long as the process lives. With the
//! name and the file, [`liveness()`] reports later whether that process is dead. The caller chooses the file's name and
//! content.
//!
//! ```
//! use std::fs::{self, File};
//! use lockhost::process::{self, Owner};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let data = tempfile::tempdir()?;
//! # let directory = data.path();
//! let me = process::current(&File::open(directory)?)?;
//! fs::write(directory.join("worker"), me.to_string())?;
//!
//! // Somewhere else, later:
//! let file = File::open(directory.join("worker"))?;
//! let maker = fs::read_to_string(directory.join("worker"))?;
//! let liveness = process::liveness(&Owner::Maker(maker), &file);
//! # Ok(())
//! # }
//! ```

// [`identity`] gives processes names that last, [`judge`] judges whether a process is dead, and [`platform`] has the
// facts that only this operating system can report. Nothing here knows what a lock file is.

#[cfg(not(processes = "linux"))]
mod absent;
pub(crate) mod ancestors;
mod cached_self;
#[cfg(any(
    processes = "macos",
    all(test, processes = "linux", feature = "component")
))]
mod cmdline;
mod entry;
pub(crate) mod evidence;
pub(crate) mod fork;
pub(crate) mod identity;
pub(crate) mod judge;
pub(crate) mod keeper;
#[cfg(any(processes = "linux", processes = "macos"))]
mod kill;
#[cfg(any(processes = "macos", test))]
mod kinfo;
pub(crate) mod liveness;
pub(crate) mod mode;
mod noted;
pub(crate) mod number;
#[cfg(unix)]
mod unix;

#[cfg_attr(processes = "linux", path = "process/linux/mod.rs")]
#[cfg_attr(processes = "macos", path = "process/macos/mod.rs")]
#[cfg_attr(processes = "windows", path = "process/windows/mod.rs")]
#[cfg_attr(processes = "unknown", path = "process/unknown.rs")]
pub(crate) mod platform;

use std::{fs::File, io, path::Path, sync::Arc};

use self::liveness::{Liveness, UnknownReason};
pub use self::{
    evidence::{Evidence, GuardError},
    identity::{Identity, NoIdentity},
    liveness::Owner,
};

/// Opens a directory for the questions of this module, as a lock opens it: it has to be searchable, and need not be
/// readable.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # let data = tempfile::tempdir()?;
/// use lockhost::process;
///
/// let directory = process::open_directory(data.path())?;
/// assert_eq!(process::current(&directory)?.pid(), std::process::id());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// If there is no such directory, or it may not be searched.
pub fn open_directory(path: impl AsRef<Path>) -> io::Result<File> {
    platform::open_directory(path.as_ref())
}

/// Returns the identity of this process at this moment; call it again after a fork. `directory` is the directory of the
/// file that will have this name. Its file system decides whether the name [promises
/// evidence](Identity::promises_evidence). If so, [`guard`] must keep that promise before any other process can see the
/// file. A descriptor opened with `O_PATH` is enough. The [module](self) has an example.
///
/// # Errors
/// If the system lacks the descriptors or memory to identify this process, or the file system.
pub fn current(directory: &File) -> io::Result<Identity> {
    current_on(directory, evidence_kind(directory)?)
}

/// Returns the type of a directory's file system, if locks are evidence there.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn evidence_kind(directory: &File) -> io::Result<Option<u64>> {
    let what = "the type of its file system cannot be determined";
    platform::evidence_kind(directory).map_err(|error| in_context(what, &error))
}

/// Returns the identity as [`current`] does, for a directory on a file system of this type.
///
/// # Errors
/// If the system lacks the descriptors or memory to identify this process.
pub(crate) fn current_on(directory: &File, evidence: Option<u64>) -> io::Result<Identity> {
    let me = match evidence {
        // A process that judges it asks the kernel for the evidence, whatever else the name contains.
        Some(_) => cached_self::myself(),
        None => platform::myself(),
    };
    let what = "this process cannot be identified";
    Ok(Identity {
        evidence,
        ..seen_in(directory, me.map_err(|error| in_context(what, &error))?)
    })
}

fn in_context(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}

/// Returns the identity that a process may use in a directory. Where owners cannot be judged from here, it leaves out
/// the boot and the PID namespace, so that its number proves nothing. So the machine that exports the directory does
/// not judge the number either: to that machine, the file is like any of its own.
fn seen_in(directory: &File, process: Identity) -> Identity {
    match platform::blindness(directory) {
        None => process,
        Some(_) => Identity {
            boot: None,
            pid_namespace: None,
            ..process
        },
    }
}

/// Returns the identity that [`current`] returns now in the process with this number, as seen from this one. `None` if
/// there is no such process, or nothing can be known about it. Beware: a moment later the number may belong to another
/// process.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # let data = tempfile::tempdir()?;
/// use lockhost::process::{current, identify};
///
/// let directory = std::fs::File::open(data.path())?;
/// let me = current(&directory)?;
/// assert_eq!(identify(me.pid(), &directory), Some(me));
/// assert_eq!(identify(999_999_999, &directory), None);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn identify(pid: u32, directory: &File) -> Option<Identity> {
    let me = cached_self::myself().ok()?;
    let start = match platform::entry(pid) {
        _ if pid == me.pid => me.start,
        Some(entry) if me.start.is_some() => entry.start,
        _ => return None,
    };
    let found = Identity {
        pid,
        start,
        evidence: platform::evidence_kind(directory).ok()?,
        ..me
    };
    Some(seen_in(directory, found))
}

/// Returns whether the owner of a file is alive, and how that is known. `Dead` is certain, now and for ever. What
/// cannot be known is `Unknown`; treat it as alive.
///
/// On file systems that a single kernel mounts, this also tries for a shared lock on the file (flock(2)), and releases
/// it before it returns. So open `file` for this question. Never use the descriptor that was given to [`guard`], nor a
/// duplicate of it: that would end the evidence.
///
/// A directory stands for a file in it that may not be opened, of a maker whose identity is known. Then no lock is
/// tried, and `Dead` means only that the maker is dead: another process may keep that file locked. A file that is
/// neither regular nor a directory proves nothing about an owner; the answer is [`UnknownReason::NoAnswer`].
///
/// ```
/// use lockhost::{DeadReason, Liveness, process::{Owner, liveness}};
///
/// let file = tempfile::tempfile()?;
/// // Beyond what Linux ever counts to.
/// let dead = liveness(&Owner::Pid(999_999_999), &file);
/// assert_eq!(dead, Liveness::Dead(DeadReason::NoProcess));
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use]
pub fn liveness(owner: &Owner, file: &File) -> Liveness {
    match file.metadata().map(|it| it.file_type()) {
        Ok(kind) if kind.is_file() => judge::judge(owner, file, false, None),
        Ok(kind) if kind.is_dir() => judge::judge_unread(owner, file, None),
        _ => Liveness::Unknown(UnknownReason::NoAnswer),
    }
}

/// Guards a file that this process has just made, until the returned value is dropped. The file becomes private to its
/// user (mode 0600). On file systems that a single kernel mounts, it also gets an exclusive advisory lock (flock(2)).
/// The kernel drops that lock when the process ends, however it ends.
///
/// It guards only a file that can have been made a moment ago, and leaves any other as it is: a regular file that is
/// open for reading and writing, empty, with at most one name. On file systems that a single kernel mounts, the file
/// must also belong to the effective user, and have the mode of a new file: 0666 without the bits of a umask.
/// Elsewhere, owners and modes may be invented.
///
/// ```
/// use std::fs::File;
/// use lockhost::{DeadReason, Liveness, process::{self, Owner}};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let data = tempfile::tempdir()?;
/// # let path = data.path().join("worker");
/// let evidence = process::guard(File::create_new(&path)?)?;
/// let ask = || Ok::<_, std::io::Error>(process::liveness(&Owner::Nobody, &File::open(&path)?));
/// assert!(matches!(ask()?, Liveness::Alive(_)));
/// drop(evidence);
/// assert_eq!(ask()?, Liveness::Dead(DeadReason::Nobody));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`GuardError`].
pub fn guard(file: File) -> Result<Evidence, GuardError> {
    if evidence::is_open_for_both(&file) {
        Evidence::leave(&Arc::new(file))
    } else {
        Err(evidence::not_new("it is not open for reading and writing"))
    }
}
