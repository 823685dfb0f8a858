//! What is true of processes, without a component: the answers that
//! [`add_to_linker`](crate::add_to_linker) gives to one, for a host that needs just these.
//!
//! A process gets a name that lasts ([`current`]), a file can be kept for as long as it lives ([`guard`]), and whoever
//! finds the name and the file later asks whether that process is dead ([`liveness`]). What the file is called and what
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

pub(crate) mod ancestors;
pub(crate) mod identity;
pub(crate) mod judge;
#[cfg(any(processes = "macos", test))]
mod kinfo;
#[cfg(any(processes = "linux", processes = "macos"))]
mod portable;
mod remembered;
#[cfg(unix)]
mod unix;

use std::{error, fmt, fs::File, io, sync::Arc};

pub use self::identity::{Identity, NoIdentity};
pub use crate::evidence::Evidence;
use crate::{
    bindings::process as wit,
    evidence,
    holder::{Liveness, UnknownReason},
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
        Some(_) => remembered::myself(),
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
    let me = remembered::myself().ok()?;
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

/// Whose life is in question. [`liveness`] has an example.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The text of the [`Identity`] under which the file was made. One that cannot be read is answered with
    /// [`UnknownReason::Unreadable`].
    Maker(String),
    /// A number in a file that says no more.
    Pid(u32),
    /// The file names nobody. It is still not dead while somebody keeps it locked.
    Nobody,
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
    let owner = match owner {
        Owner::Maker(identity) => wit::Owner::Maker(identity.clone()),
        Owner::Pid(pid) => wit::Owner::Pid(*pid),
        Owner::Nobody => wit::Owner::Nobody,
    };
    match file.metadata().map(|it| it.file_type()) {
        Ok(kind) if kind.is_file() => Liveness::new(judge::judge(&owner, file, false)),
        Ok(kind) if kind.is_dir() => Liveness::new(judge::judge_unread(&owner, file)),
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
    let kept = if evidence::is_open_for_both(&file) {
        Evidence::leave(&Arc::new(file))
    } else {
        Err(evidence::not_new("it is not open for reading and writing"))
    };
    kept.map_err(|error| match error {
        wit::GuardError::Probed => GuardError::Probed,
        wit::GuardError::Refused(why) => GuardError::Refused(why),
    })
}

/// Why a file could not be guarded by [`guard`].
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

/// What tells a process from others that run, and from its parent after fork(2), also where both are the first in their PID
/// namespaces.
pub(crate) type Number = (u32, Option<u64>);

/// Whether this is still the process that `platform::number` told of, and not a child of its that fork(2) made. A
/// namespace that cannot be seen any more (after chroot(2), say) makes it no other process.
pub(crate) fn is_still(number: Number) -> bool {
    let now = platform::number();
    let differ = number.1.is_some() && now.1.is_some() && number.1 != now.1;
    number.0 == now.0 && !differ
}

#[cfg_attr(processes = "linux", path = "process/linux.rs")]
#[cfg_attr(processes = "macos", path = "process/macos.rs")]
#[cfg_attr(processes = "windows", path = "process/windows.rs")]
#[cfg_attr(processes = "unknown", path = "process/unknown.rs")]
pub(crate) mod platform;
