//! Problems that do not affect a lock.

use std::{borrow::Cow, fmt, path::PathBuf};

use super::{error::Error, hint, place::Place};
use crate::{outcome, printable::Printable};

/// A problem that does not affect the lock, but that a user may want to know. [`Lock`](crate::Lock) has an example.
#[derive(Debug)]
#[non_exhaustive]
pub enum Warning {
    /// Another program's reclaim lock stayed for the two seconds of the wait, and was ignored. Most likely it was left
    /// over, and its pid belongs to another process by now.
    #[non_exhaustive]
    OtherReclaim {
        /// The directory that it is in.
        directory: PathBuf,
        /// The pid in it, if it could be read.
        pid: Option<u32>,
    },
    /// A file that dead processes left could not be removed.
    Untidy(Error),
    /// There are more claims in the directory than one owner examines when it removes what dead processes left. Later
    /// owners examine others.
    #[non_exhaustive]
    Unswept {
        /// The directory that they are in.
        directory: PathBuf,
    },
}

impl Warning {
    pub(crate) fn new(place: &Place, warning: outcome::Warning) -> Self {
        match warning.remark {
            outcome::Remark::OtherReclaim(pid) => Self::OtherReclaim {
                directory: place.given().to_owned(),
                pid,
            },
            outcome::Remark::Untidy(failure) => Self::Untidy(place.failed(&warning.file, failure)),
            outcome::Remark::Unswept => Self::Unswept {
                directory: place.given().to_owned(),
            },
        }
    }

    /// Returns what to do about the problem, for a person: one line without a full stop. Returns `None` if nothing has
    /// to be done.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let data = tempfile::tempdir()?;
    /// let lock = lockhost::acquire(data.path())?;
    /// for warning in lock.warnings() {
    ///     eprintln!("warning: {warning}");
    ///     if let Some(hint) = warning.hint() {
    ///         eprintln!("  hint: {hint}");
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::OtherReclaim { .. } => hint::other_reclaim(),
            Self::Untidy(error) => error.hint(),
            Self::Unswept { .. } => None,
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherReclaim { directory, pid } => {
                let directory = Printable(directory.display());
                f.write_str("ignored a reclaim lock ")?;
                if let Some(pid) = pid {
                    write!(f, "of pid {pid} ")?;
                }
                write!(f, "in {directory}: it stayed for two seconds")
            }
            Self::Untidy(error) => error.fmt(f),
            Self::Unswept { directory } => {
                let directory = Printable(directory.display());
                write!(
                    f,
                    "{directory} has too many claims to check all at once: later owners check the rest"
                )
            }
        }
    }
}
