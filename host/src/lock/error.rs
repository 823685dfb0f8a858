//! The reasons why there is no lock: a type to match on, a line that says why, and a hint with the way out.

use std::{
    borrow::Cow,
    error, fmt, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{
    hint::{self, WayOut, Whose},
    holder::Holder,
    message::{self, Circumstance, Instead},
    name::Flaw,
    waiting::Awaited,
};
use crate::{
    backend::Fault,
    coordinator::{CoordinatorError, CoordinatorErrorKind, holding::Loss},
    outcome::error_code,
    printable::Printable,
    process::liveness::{Liveness, UnknownReason},
};

/// The reason why a lock could not be acquired, kept, released or judged.
///
/// Its text is one line: what failed, and why. It names the file and, if there is one, the holder. [`hint`](Self::hint)
/// returns the way out, which the program prints as a second line. Parts that other programs choose, such as names of
/// files and commands, are escaped as [`Printable`] does.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let data = tempfile::tempdir()?;
/// # let directory = data.path();
/// use lockhost::ErrorKind;
///
/// let lock = lockhost::acquire(directory)?;
/// let error = lockhost::acquire(directory).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Held);
/// assert_eq!(error.path(), lock.path());
/// assert!(error.is_refusal());
/// assert!(error.holder().is_some_and(|holder| holder.is_this_process()));
///
/// let error = lockhost::acquire(directory.join("nowhere")).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Io);
/// assert_eq!(error.io_error().unwrap().kind(), std::io::ErrorKind::NotFound);
/// println!("{error}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Error {
    pub(crate) path: PathBuf,
    pub(crate) kind: Box<Kind>,
    /// The moment of the failure, to which times in the text are relative.
    pub(crate) at: SystemTime,
}

/// The kind of an [`Error`], to match on. [`Error`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The lock is held by an owner that is alive, or may be. [`Error::holder`] returns it.
    Held,
    /// The lock is held by an ancestor of this process, and [`Options::patience`](crate::Options::patience) would have
    /// waited for it. [`Error::holder`] returns it. An ancestor usually waits for this process before it releases the
    /// lock, so both would wait for ever. [`Options::wait_for_ancestor`](crate::Options::wait_for_ancestor) waits all
    /// the same.
    Ancestor,
    /// Other processes were faster too often, or an empty or malformed file kept changing. Trying again may help.
    Contended,
    /// It takes some seconds to know whether the lock can be acquired, and the attempt did not wait so long.
    /// [`Options::wait`](crate::Options::wait) was `false`, or [`Options::patience`](crate::Options::patience) ended
    /// before. Trying again may help.
    Unsettled,
    /// The lock is not this owner's any more: its file was removed or replaced, or its directory was moved, removed or
    /// replaced.
    Lost,
    /// The lock belongs to the process that forked this one; this process has no part in it. Nothing was changed. A
    /// daemon acquires its lock after its last fork.
    Inherited,
    /// The lock to break is free or has another owner, which [`Error::holder`] returns. Nothing was changed.
    NotTheOwner,
    /// The file at the lock file's name is not a lock file, and was left alone.
    NotALock,
    /// More reclaims have crashed inside each other than an attempt follows.
    TooDeep,
    /// The name is not valid for a lock.
    BadName,
    /// An operation of the file system failed. [`Error::io_error`] returns its error.
    Io,
    /// The [coordinator](crate::coordinator) failed, or its data is not what it was. No lock is known to be held.
    Coordinator,
    /// The component, or its import, failed. No lock is known to be held.
    Internal,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Held(Holder, Circumstance, WayOut),
    /// The holder, and the number of the ancestor, which may be a process that inherited the holder's evidence.
    Ancestor(Holder, u32),
    Contended,
    Unsettled(Awaited),
    Lost,
    /// Lost with its directory.
    Moved,
    /// Lost at the coordinator.
    Session(Loss),
    /// The coordinator's key for the directory names another session.
    KeyHeld,
    Coordinator(CoordinatorError),
    /// The files are released, and the session is not.
    Unreleased(CoordinatorError),
    /// By fork(2), from the process of this number.
    Inherited(u32),
    /// The owner that does not have it, and what was found instead.
    NotTheOwner(String, Instead),
    NotALock(String),
    TooDeep,
    BadName,
    /// Why the system accepts no file of this name, as a clause behind the name.
    UnusableName(&'static str),
    /// The operation, its failure, and the owner of the file that is in the way, if that explains it.
    Io(String, io::Error, Option<Whose>),
    Host(String),
    Internal(Trap),
}

/// The reason why the component failed. wasmtime's own `Debug` prints texts unescaped, over many lines.
pub(crate) struct Trap(Fault);

impl fmt::Debug for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", format!("{:#}", self.0))
    }
}

impl Error {
    pub(crate) fn new(path: PathBuf, kind: Kind) -> Self {
        Self {
            path,
            kind: Box::new(kind),
            at: SystemTime::now(),
        }
    }

    /// Returns the error for a name that is not valid for a lock on this system.
    pub(crate) fn name(name: &str, flaw: Flaw) -> Self {
        let kind = match flaw {
            Flaw::TooLong => Kind::BadName,
            Flaw::Unusable(why) => Kind::UnusableName(why),
        };
        Self::new(name.into(), kind)
    }

    /// Returns the error, or the coordinator's if this one is that an owner's session could not be asked about.
    pub(super) fn because(self, failure: CoordinatorError) -> Self {
        let unreachable = Liveness::Unknown(UnknownReason::Unreachable);
        if self.holder().map(Holder::liveness) == Some(unreachable) {
            Self::new(self.path, Kind::Coordinator(failure))
        } else {
            self
        }
    }

    /// Returns whether a file could not be opened because another process blocks it for a limited time.
    pub(crate) fn passes(&self) -> bool {
        matches!(&*self.kind, Kind::Io(_, error, _) if match error.kind() {
            // A lease, which the kernel takes from its holder in the end.
            io::ErrorKind::WouldBlock => true,
            io::ErrorKind::ResourceBusy => error_code::BUSY_PASSES,
            _ => false,
        })
    }

    pub(crate) fn internal(directory: &Path, error: Fault) -> Self {
        Self::new(directory.to_owned(), Kind::Internal(Trap(error)))
    }

    pub(crate) fn io(path: PathBuf, operation: &str, error: io::Error) -> Self {
        Self::new(path, Kind::Io(operation.to_owned(), error, None))
    }

    /// Adds to a refusal by another owner than the one a person declared dead: which owner that was, and which of the
    /// two files is deeper.
    pub(crate) fn beside(mut self, assumed: &str, deeper: &Path) -> Self {
        if let Kind::Held(holder, _, way_out) = &mut *self.kind
            && holder.identity() != Some(assumed)
            && way_out.beside.is_none()
        {
            way_out.beside = Some((assumed.to_owned(), deeper.to_owned()));
        }
        self
    }

    /// Returns the way out, for a person: one line without a full stop, often with a command. Returns `None` if the
    /// error's own text says enough.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// // As an older program leaves it in a container, where every owner is process 1.
    /// std::fs::write(data.path().join("tinyforge.lock"), "1\n")?;
    ///
    /// let error = lockhost::acquire(data.path()).unwrap_err();
    /// let hint = error.hint().unwrap();
    /// assert!(hint.contains("lockhost break --owner="));
    /// eprintln!("{error}\n  hint: {hint}");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn hint(&self) -> Option<Cow<'_, str>> {
        let hint = match &*self.kind {
            Kind::Held(holder, circumstance, way_out) => way_out.held(holder, *circumstance),
            Kind::Ancestor(holder, _) => hint::ancestor(holder),
            Kind::Contended | Kind::KeyHeld => hint::contended(),
            Kind::Session(_) => hint::session_lost(),
            Kind::Unsettled(awaited) => hint::unsettled(*awaited),
            Kind::Lost | Kind::Moved => hint::lost(),
            Kind::Inherited(_) => hint::inherited(),
            Kind::NotTheOwner(_, instead) => hint::not_the_owner(instead),
            Kind::NotALock(_) => hint::not_a_lock(),
            Kind::TooDeep => hint::too_deep(),
            Kind::Io(operation, error, whose) => hint::io(operation, error, whose.as_ref()),
            Kind::BadName | Kind::UnusableName(_) | Kind::Host(_) | Kind::Internal(_) => None,
            Kind::Coordinator(failure) | Kind::Unreleased(failure) => {
                failure.hint().map(|hint| Cow::Owned(hint.to_owned()))
            }
        };
        Some(match hint? {
            // Other programs choose the names of directories and owners.
            Cow::Owned(text) => Printable(text).to_string().into(),
            fixed => fixed,
        })
    }

    /// Returns the kind of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match *self.kind {
            Kind::Held(..) => ErrorKind::Held,
            Kind::Ancestor(..) => ErrorKind::Ancestor,
            Kind::Contended | Kind::KeyHeld => ErrorKind::Contended,
            Kind::Coordinator(_) | Kind::Unreleased(_) => ErrorKind::Coordinator,
            Kind::Unsettled(_) => ErrorKind::Unsettled,
            Kind::Lost | Kind::Moved | Kind::Session(_) => ErrorKind::Lost,
            Kind::Inherited(_) => ErrorKind::Inherited,
            Kind::NotTheOwner(..) => ErrorKind::NotTheOwner,
            Kind::NotALock(_) => ErrorKind::NotALock,
            Kind::TooDeep => ErrorKind::TooDeep,
            Kind::BadName | Kind::UnusableName(_) => ErrorKind::BadName,
            Kind::Io(..) => ErrorKind::Io,
            Kind::Host(_) | Kind::Internal(_) => ErrorKind::Internal,
        }
    }

    /// Returns the file that the error is about: a lock file, a reclaim lock, a claim, or the directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the process that holds the lock. It is `Some` for [`ErrorKind::Held`] and [`ErrorKind::Ancestor`], and
    /// for [`ErrorKind::NotTheOwner`] if there is a holder.
    #[must_use]
    pub fn holder(&self) -> Option<&Holder> {
        match &*self.kind {
            Kind::Held(holder, ..)
            | Kind::Ancestor(holder, _)
            | Kind::NotTheOwner(_, Instead::Other(holder)) => Some(holder),
            _ => None,
        }
    }

    /// Returns the error that the file system reported, which this error's text includes. `Some` only for
    /// [`ErrorKind::Io`]. A failure inside the sandbox has a kind. It has a number of the operating system only where
    /// WASI has no code for it, as for too many open files.
    #[must_use]
    pub fn io_error(&self) -> Option<&io::Error> {
        match &*self.kind {
            Kind::Io(_, error, _) => Some(error),
            _ => None,
        }
    }

    /// Returns why the [coordinator](crate::coordinator) failed. `Some` only for [`ErrorKind::Coordinator`].
    ///
    /// ```no_run
    /// # fn acquire(options: &lockhost::Options) {
    /// if let Err(error) = options.acquire("/mnt/billing")
    ///     && let Some(failure) = error.coordinator_failure()
    /// {
    ///     eprintln!("{:?}: {}", failure.endpoint(), failure.cause());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn coordinator_failure(&self) -> Option<&CoordinatorError> {
        match &*self.kind {
            Kind::Coordinator(failure) | Kind::Unreleased(failure) => Some(failure),
            _ => None,
        }
    }

    /// Returns whether a coordinator did not answer, or answered with an error, and may answer soon.
    pub(super) fn may_be_answered_soon(&self) -> bool {
        use CoordinatorErrorKind::{Failed, Unreachable};
        match &*self.kind {
            // Without an endpoint, it is a judgement about what the coordinator has.
            Kind::Coordinator(failure) => match failure.kind() {
                Unreachable => true,
                Failed => failure.endpoint().is_some(),
                _ => false,
            },
            _ => false,
        }
    }

    /// Returns whether this is a refusal ([`ErrorKind::Held`], [`ErrorKind::Ancestor`], [`ErrorKind::Contended`],
    /// [`ErrorKind::Unsettled`]), and not a failure.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        use ErrorKind::{Ancestor, Contended, Held, Unsettled};
        matches!(self.kind(), Held | Ancestor | Contended | Unsettled)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Other programs choose the names of files, commands and owners.
        Printable(Sentence(self)).fmt(f)
    }
}

/// The text of an error.
struct Sentence<'a>(&'a Error);

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(error) = self;
        let path = error.path.display();
        match &*error.kind {
            Kind::Held(holder, circumstance, _) => {
                message::held(f, &error.path, holder, *circumstance, error.at)
            }
            Kind::Ancestor(holder, pid) => {
                message::ancestor(f, &error.path, holder, *pid, error.at)
            }
            Kind::Contended => write!(
                f,
                "{path} is contended: other processes keep acquiring, releasing or changing it"
            ),
            Kind::Unsettled(Awaited::Settling) => {
                write!(
                    f,
                    "{path} names no owner: another program may be writing it"
                )
            }
            Kind::Unsettled(Awaited::Release) => {
                write!(f, "{path} was removed: its owner may be putting it back")
            }
            Kind::Unsettled(Awaited::Session) => {
                write!(
                    f,
                    "{path} is held: its owner's session is gone, and is watched until the owner cannot act any more"
                )
            }
            Kind::Unsettled(Awaited::OtherReclaim | Awaited::Directory | Awaited::Coordinator) => {
                write!(f, "{path} is in use: a process may be replacing the lock")
            }
            Kind::Lost => write!(
                f,
                "{path} is lost: another process removed or replaced it while the lock was held"
            ),
            Kind::Moved => write!(
                f,
                "{path} is lost: its directory was moved, removed or replaced while the lock was held"
            ),
            Kind::Session(loss) => write!(f, "{path} is lost: {}", lost_by(*loss)),
            Kind::KeyHeld => write!(
                f,
                "{path} is contended: the coordinator has another session as the owner of the directory"
            ),
            Kind::Coordinator(error) => {
                write!(f, "cannot lock {path}: the coordinator failed: {error}")
            }
            Kind::Unreleased(error) => write!(
                f,
                "{path} is released, but its session goes only with its lease: {error}"
            ),
            Kind::Inherited(pid) => write!(
                f,
                "{path} is held by pid {pid}: it forked this process, which has no part in the lock"
            ),
            Kind::NotTheOwner(owner, instead) => {
                message::not_the_owner(f, &error.path, owner, instead)
            }
            Kind::NotALock(what) => write!(f, "{path} is {what}, not a lock file"),
            Kind::TooDeep => write!(
                f,
                "cannot reclaim the lock: crashed processes left {path} and all reclaim locks before it"
            ),
            Kind::UnusableName(why) => write!(f, "invalid lock name '{path}': {why}"),
            Kind::BadName => write!(
                f,
                "invalid lock name '{path}': expected a file name ending in .lock or .pid"
            ),
            Kind::Io(operation, error, whose) => {
                write!(f, "cannot {operation} {path}: {error}")?;
                whose
                    .iter()
                    .try_for_each(|whose| write!(f, " ({})", whose.fact))
            }
            Kind::Host(why) => write!(f, "cannot lock {path}: {why}"),
            Kind::Internal(Trap(error)) => {
                write!(f, "cannot lock {path}: the component failed: {error:#}")
            }
        }
    }
}

impl error::Error for Error {}

/// Returns how a lock was lost at the coordinator, as a clause.
fn lost_by(loss: Loss) -> &'static str {
    match loss {
        Loss::Deadline => "the coordinator did not confirm the session in time",
        Loss::SessionGone => "the session is gone from the coordinator",
        Loss::OtherIncarnation => "the coordinator's data was wiped or replaced",
        Loss::Restored => "the coordinator's data was restored from a snapshot",
        Loss::KeyLost => "the coordinator's key for the directory names another session, or none",
    }
}
