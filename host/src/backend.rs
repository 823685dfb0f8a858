//! The two rooms that can decide about a lock, behind one signature, and the choice between them.
//!
//! `component` has the sandboxed component decide. `native` drives the same machine over the calls of the operating
//! system. Where both are compiled in, the component decides. `lock/` knows neither: it has [`Chosen`], and the types of
//! [`outcome`](crate::outcome).

#[cfg(all(feature = "component", feature = "native"))]
pub mod comparison;
#[cfg(feature = "component")]
mod component;
#[cfg(feature = "native")]
mod native;

use std::{fmt, fs::File, sync::Arc};

use crate::{
    member::Observer,
    outcome::{
        Error, Failure, InspectError, Options, ReleaseError, Report, Restored, Status, Unrestored,
    },
};

/// The room that decides in this build.
#[cfg(feature = "component")]
pub(crate) type Chosen = component::ComponentRun;
#[cfg(not(feature = "component"))]
pub(crate) type Chosen = native::NativeRun;

/// The reason why a backend itself failed, and not an operation: a trap of the component. The native backend has none.
#[cfg(feature = "component")]
pub(crate) type Fault = wasmtime::Error;
#[cfg(not(feature = "component"))]
pub(crate) type Fault = std::convert::Infallible;

/// An answer, unless the backend itself fails. After that, it cannot be asked any more.
pub(crate) type Answer<T, E> = Result<Result<T, E>, Fault>;

/// The part of this library that decides about locks. Its text is its name: `component` or `native`. [`BACKEND`] has an
/// example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// The sandboxed component, by the feature `component`.
    Component,
    /// The same machine as native code, by the feature `native` without `component`.
    Native,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Component => "component",
            Self::Native => "native",
        })
    }
}

/// The backend of this build. The features of the crate choose it.
///
/// Both follow the same protocol, and each respects the locks of the other.
///
/// ```
/// use lockhost::{BACKEND, Backend};
///
/// let expected = if cfg!(feature = "component") { Backend::Component } else { Backend::Native };
/// assert_eq!(BACKEND, expected);
/// println!("the {BACKEND} decides");
/// ```
pub const BACKEND: Backend = Chosen::BACKEND;

/// An attempt on one directory, and then the lock that it acquired. Dropping it gives nothing up: it closes the files,
/// and what is left on disk is then a dead process'. So a child made by fork(2) may drop its copy.
pub(crate) trait Run: Sized {
    /// Which backend it is.
    const BACKEND: Backend;

    /// Makes an attempt on a directory. It touches nothing yet.
    fn begin(directory: File, options: Options) -> Result<Self, Fault>;

    /// Returns the open directory.
    fn directory(&self) -> &Arc<File>;

    /// Sets the owner whose end was awaited before this attempt.
    fn succeed(&mut self, owner: &str) -> Result<(), Fault>;

    /// Goes on until it has the lock, or ends without it, or has to wait. `elapsed` is the time since it began, in
    /// milliseconds.
    fn proceed(&mut self, elapsed: u64) -> Answer<(), Error>;

    /// Returns how the lock was acquired.
    fn report(&mut self) -> Result<Report, Fault>;

    /// Returns whether the lock file is the lock's own.
    fn still_held(&mut self) -> Answer<bool, Failure>;

    /// Puts a lock file back that was removed. `elapsed` is the time since the first of these calls.
    fn restore(&mut self, elapsed: u64) -> Answer<Restored, Unrestored>;

    /// Returns the makers of the other claims, after those of dead makers were swept.
    fn rivals(&mut self) -> Answer<Vec<String>, Failure>;

    /// Sets the access time of the lock's files to now.
    fn refresh(&mut self) -> Answer<(), Failure>;

    /// Releases the lock.
    fn release(self) -> Answer<(), ReleaseError>;

    /// Gives up an attempt or a lock. An error cannot be reported.
    fn give_up(self);

    /// Returns the descriptor under which a kernel keeps the claim locked.
    fn evidence(&self) -> Option<Arc<File>>;

    /// Judges the lock of this name, and writes nothing. `observer` asks about owners with sessions.
    fn inspect(
        directory: File,
        name: &str,
        observer: Option<Arc<Observer>>,
    ) -> Answer<Status, InspectError>;
}
