//! What could not be done beside a lock.

use std::{fmt, path::PathBuf};

use super::{error::Error, place::Place};
use crate::{bindings::direct::lockfile as wit, printable::Printable};

/// Something that does not touch the lock, and that somebody may want to know. [`Lock`](crate::Lock) has an example.
#[derive(Debug)]
#[non_exhaustive]
pub enum Warning {
    /// Another program's reclaim lock stayed for the two seconds that it is waited for. Most likely it was left over,
    /// and the pid in it is somebody else's by now.
    #[non_exhaustive]
    OtherReclaim {
        /// Where it is.
        directory: PathBuf,
        /// Whose it says it is, if it could be read.
        pid: Option<u32>,
    },
    /// Something that the dead have left could not be tidied away.
    Untidy(Error),
    /// There are more claims in the directory than one owner looks at when it removes what the dead have left. Later
    /// owners look at others.
    #[non_exhaustive]
    Unswept {
        /// Where they are.
        directory: PathBuf,
    },
}

impl Warning {
    pub(crate) fn new(place: &Place, warning: wit::Warning) -> Self {
        match warning.remark {
            wit::Remark::OtherReclaim(pid) => Self::OtherReclaim {
                directory: place.given().to_owned(),
                pid,
            },
            wit::Remark::Untidy(failure) => Self::Untidy(place.failed(&warning.file, failure)),
            wit::Remark::Unswept => Self::Unswept {
                directory: place.given().to_owned(),
            },
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherReclaim { directory, pid } => {
                let directory = Printable(directory.display());
                write!(f, "a reclaim lock in {directory}")?;
                if let Some(pid) = pid {
                    write!(f, ", of pid {pid},")?;
                }
                f.write_str(" stayed for two seconds and was waited for no longer; it is most likely left over")
            }
            Self::Untidy(error) => error.fmt(f),
            Self::Unswept { directory } => {
                let directory = Printable(directory.display());
                write!(
                    f,
                    "{directory} holds too many claims to check all of them at once; later owners check the rest"
                )
            }
        }
    }
}
