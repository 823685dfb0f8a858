//! What is true of processes, without a component: the answers that
//! [`add_to_linker`](crate::add_to_linker) gives to one, for a host that needs just these.
//!
//! A process gets a name that lasts ([`current`]), a file can be kept for as long as it lives ([`guard`]), and whoever
//! finds the name and the file later asks whether that process is dead ([`liveness()`]). What the file is called and what
//! is in it is the caller's own affair.
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

// [`identity`] gives processes names that last, [`judge`] answers whether one is dead, and [`platform`] knows what only
// this operating system can tell. Nothing here knows what a lock file is.

#[cfg(not(processes = "linux"))]
mod absent;
pub(crate) mod ancestors;
mod cached_self;
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

use std::{fs::File, io, sync::Arc};

use self::liveness::{Liveness, UnknownReason};
pub use self::{
    evidence::{Evidence, GuardError},
    identity::{Identity, NoIdentity},
    liveness::Owner,
};

/// This process, as it is at this moment; ask again after a fork. `directory` is where the file will be that is to bear
/// the name: its file system decides whether the name [promises evidence](Identity::promises_evidence), and then
/// [`guard`] must keep that promise before anybody else can see the file. A descriptor opened with `O_PATH` will do.
/// The [module](self) has an example.
///
/// # Errors
/// If it cannot be told which process this is, or what file system that is, as the system lacks descriptors or memory.
pub fn current(directory: &File) -> io::Result<Identity> {
    let told =
        |what: &str, error: io::Error| io::Error::new(error.kind(), format!("{what}: {error}"));
    let evidence = platform::evidence_kind(directory).map_err(|error| {
        told(
            "the type of the directory's file system cannot be told",
            error,
        )
    })?;
    let me = match evidence {
        // Whoever judges it asks the kernel for the evidence, whatever else the name says.
        Some(_) => cached_self::myself(),
        None => platform::myself(),
    };
    let me = me.map_err(|error| told("it cannot be told which process this is", error))?;
    Ok(Identity {
        evidence,
        ..seen_in(directory, me)
    })
}

/// What a process may say of itself in a directory. Where owners cannot be looked for, it is not judged by its number: nor
/// by the machine that has the directory, and sees the same file as any of its own.
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

/// What [`current`] answers now in the process that has this number now, as seen from this one. `None` if there is no
/// such process, or nothing can be known about it. Beware: a moment later the number may be another process'.
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

/// Whether the owner of a file is alive, and how that is known. `Dead` is certain, now and for ever; whatever cannot be
/// known is `Unknown`, and to be treated as alive.
///
/// On file systems that a single kernel mounts, this also tries for a shared lock on the file (flock(2)), and gives it
/// back before it returns. So `file` must have been opened for this question, and never be the descriptor that was given
/// to [`guard`], nor a duplicate of it: that would end the evidence.
///
/// A directory stands for a file in it that may not be opened, of a maker whose identity is known. Nothing is tried then,
/// and `Dead` means only that the maker is: another process may keep that file locked. What is neither says nothing of an
/// owner, and is answered with [`UnknownReason::NoAnswer`].
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
        Ok(kind) if kind.is_file() => judge::judge(owner, file, false),
        Ok(kind) if kind.is_dir() => judge::judge_unread(owner, file),
        _ => Liveness::Unknown(UnknownReason::NoAnswer),
    }
}

/// Keeps a file that this process has just made, for as long as the answer lives: private to its user (mode 0600) and,
/// on file systems that a single kernel mounts, under an exclusive advisory lock (flock(2)), which the kernel drops when
/// the process ends, however it ends.
///
/// Only a file that can have been made a moment ago is kept, and any other is left as it is: a regular file that is open
/// for reading and writing, empty, with at most one name. On file systems that a single kernel mounts it also has to belong
/// to the effective user, and must have no mode but that of a new file: 0666 without the bits of a umask. Elsewhere owners
/// and modes may be made up.
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
