//! The mode of a lock's files: which users may read them.

use std::{error, fmt, str::FromStr};

use super::platform::HAS_MODES;

/// The bits that a mode may have: reading and writing, for each user.
const POSSIBLE: u32 = 0o666;

/// The mode of a lock's files, for [`Options::mode`](crate::Options::mode).
///
/// Only a user who may read a lock's file can judge whether its owner lives, and take the lock over from a dead one.
/// But a process that may read the file can also lock it (flock(2)), and counts as its owner while it does. So a lock
/// is private to its user unless its directory is shared on purpose.
///
/// ```
/// # fn main() -> Result<(), lockhost::InvalidMode> {
/// # if cfg!(unix) {
/// use lockhost::Mode;
///
/// let group: Mode = "0640".parse()?;
/// assert_eq!(group, Mode::new(0o640)?);
/// assert_eq!(group.to_string(), "0640");
/// assert_eq!(Mode::default(), Mode::PRIVATE);
/// assert!(Mode::new(0o040).is_err(), "its owner must be able to read it");
/// assert!(Mode::new(0o750).is_err(), "it is no program");
/// # }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mode(u32);

impl Mode {
    /// Mode 0600: only the lock's own user, and root. It is the default for a lock. [`Mode`] has an example.
    pub const PRIVATE: Self = Self(0o600);

    /// Returns the mode with these bits.
    ///
    /// # Errors
    /// [`InvalidMode`] if the owner could not read and write the file, or if there are other bits than those for
    /// reading and writing. Where files have no mode (Windows), for any but [`Mode::PRIVATE`].
    pub fn new(bits: u32) -> Result<Self, InvalidMode> {
        match Self(bits) {
            Self::PRIVATE => Ok(Self::PRIVATE),
            _ if !HAS_MODES => Err(InvalidMode(
                "this system has no file modes: a file inherits the permissions of its directory",
            )),
            _ if bits & !POSSIBLE != 0 => Err(InvalidMode(
                "only bits for reading and writing are possible: expected 0600 to 0666",
            )),
            _ if bits & Self::PRIVATE.0 != Self::PRIVATE.0 => Err(InvalidMode(
                "the owner must be able to read and write the files: expected 0600 to 0666",
            )),
            mode => Ok(mode),
        }
    }

    /// Returns its bits. [`Mode`] has an example.
    #[must_use]
    pub fn bits(self) -> u32 {
        self.0
    }
}

impl Default for Mode {
    fn default() -> Self {
        Self::PRIVATE
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl FromStr for Mode {
    type Err = InvalidMode;

    /// Reads an octal number, as chmod(1) does.
    fn from_str(text: &str) -> Result<Self, InvalidMode> {
        let is_octal = |byte: u8| matches!(byte, b'0'..=b'7');
        let bits = Some(text).filter(|it| it.bytes().all(is_octal));
        let bits = bits.and_then(|it| u32::from_str_radix(it, 8).ok());
        Self::new(bits.ok_or(InvalidMode(
            "not an octal number: expected a mode such as 0600 or 0640",
        ))?)
    }
}

/// The reason why a number is not a mode of a lock's files. [`Mode`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidMode(&'static str);

impl fmt::Display for InvalidMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl error::Error for InvalidMode {}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_mode_lets_its_user_read_and_write_and_no_user_execute() {
        for (text, bits) in [
            ("0600", Some(0o600)),
            ("600", Some(0o600)),
            ("640", Some(0o640)),
            ("0660", Some(0o660)),
            ("0666", Some(0o666)),
            ("0400", None),
            ("0200", None),
            ("0060", None),
            ("0700", None),
            ("0611", None),
            ("1600", None),
            ("2660", None),
            ("4600", None),
            ("0", None),
            ("", None),
            ("+600", None),
            ("0o600", None),
            ("0680", None),
            ("u=rw", None),
            ("77777777777777777777", None),
        ] {
            let mode = text.parse::<Mode>().ok().map(Mode::bits);
            assert_eq!(mode, bits, "{text:?}");
        }
    }
}
