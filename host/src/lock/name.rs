//! The name of a lock.

#[cfg_attr(windows, path = "name/windows.rs")]
#[cfg_attr(not(windows), path = "name/unix.rs")]
mod platform;

/// The name of a lock unless another is chosen: that of the program which the protocol comes from.
/// [`inspect`](crate::inspect) has an example.
pub const DEFAULT_NAME: &str = "tinyforge.lock";

/// The longest name of a file, in bytes. A lock's name must be shorter by the suffixes that the component adds.
pub(crate) const LONGEST_NAME: usize = 255;

/// The reason why the system accepts no file of this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It is too long for any file.
    TooLong,
    /// What is wrong with it: a clause without a full stop.
    Unusable(&'static str),
}

/// Checks that a file can have this name on this system, in any directory. The component, which would keep a copy, does
/// not get a name that is too long for any file.
///
/// # Errors
/// The reason why no file can have it.
pub(crate) fn check(name: &str) -> Result<(), Flaw> {
    if name.len() > LONGEST_NAME {
        return Err(Flaw::TooLong);
    }
    match platform::flaw(name) {
        None => Ok(()),
        Some(why) => Err(Flaw::Unusable(why)),
    }
}
