//! The name of a lock.

#[cfg_attr(windows, path = "name/windows.rs")]
#[cfg_attr(not(windows), path = "name/unix.rs")]
mod platform;

/// The lock's name where none is chosen: the one of the program that this protocol comes from. [`inspect`](crate::inspect)
/// has an example.
pub const DEFAULT_NAME: &str = "tinyforge.lock";

/// How long a file's name may be, in bytes: a lock's is shorter by what is put behind it, which the component knows.
pub(crate) const LONGEST_NAME: usize = 255;

/// Why a name is no file's on this system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It is too long for any file.
    TooLong,
    /// What is wrong with it: a clause without a full stop.
    Unusable(&'static str),
}

/// Refuses a name that is no file's on this system, whatever directory it is in. A name that is too long for any file is
/// not handed to the component, which would keep a copy.
///
/// # Errors
/// With the reason.
pub(crate) fn check(name: &str) -> Result<(), Flaw> {
    if name.len() > LONGEST_NAME {
        return Err(Flaw::TooLong);
    }
    match platform::flaw(name) {
        None => Ok(()),
        Some(why) => Err(Flaw::Unusable(why)),
    }
}
