//! Sessions, incarnations, revisions and tokens, and their texts.

use std::{error, fmt, str::FromStr};

/// How many digits of base 36 hold 64 bits.
const DIGITS: usize = 13;

/// The error for a text that is not an [`Incarnation`], a [`Nonce`] or a [`Session`].
///
/// ```
/// use lockhost::coordinator::{NoSession, Nonce};
///
/// assert_eq!("7".parse::<Nonce>(), Err(NoSession));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSession;

impl fmt::Display for NoSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a number of 13 lower case digits of base 36")
    }
}

impl error::Error for NoSession {}

/// Reads a number in its only form, so that two texts of it are equal.
fn read(text: &str) -> Result<u64, NoSession> {
    if text.len() != DIGITS || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(NoSession);
    }
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(NoSession);
    }
    u64::from_str_radix(text, 36).map_err(|_| NoSession)
}

fn write(number: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut digits = [b'0'; DIGITS];
    let mut left = number;
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[(left % 36) as usize];
        left /= 36;
    }
    f.write_str(str::from_utf8(&digits).map_err(|_| fmt::Error)?)
}

/// One life of a coordinator's data. Data that was wiped has another one; data that was restored from a snapshot has the
/// one of the snapshot.
///
/// It is a random number. Its text is 13 lower case digits of base 36.
///
/// ```
/// use lockhost::coordinator::Incarnation;
///
/// assert_eq!(Incarnation(35).to_string(), "000000000000z");
/// assert_eq!("000000000000z".parse(), Ok(Incarnation(35)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Incarnation(pub u64);

/// What distinguishes a session from all others of any incarnation.
///
/// It is a random number. Its text is 13 lower case digits of base 36.
///
/// ```
/// use lockhost::coordinator::Nonce;
///
/// assert_eq!(Nonce(u64::MAX).to_string(), "3w5e11264sgsf");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nonce(pub u64);

/// Gives a number its text.
macro_rules! text {
    ($($name:ident),+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write(self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = NoSession;

            fn from_str(text: &str) -> Result<Self, NoSession> {
                read(text).map(Self)
            }
        }
    )+};
}

text!(Incarnation, Nonce);

/// The session of one attempt: a key at a coordinator that an owner confirms for as long as it acts.
///
/// Its text is its incarnation and its nonce without a separator: 26 lower case digits of base 36.
///
/// ```
/// use lockhost::coordinator::{Incarnation, Nonce, Session};
///
/// let session = Session { incarnation: Incarnation(1), nonce: Nonce(36) };
/// assert_eq!(session.to_string(), "00000000000010000000000010");
/// assert_eq!(session.to_string().parse(), Ok(session));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    /// The life of the coordinator's data in which it was made.
    pub incarnation: Incarnation,
    /// What distinguishes it from other sessions.
    pub nonce: Nonce,
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.incarnation, self.nonce)
    }
}

impl FromStr for Session {
    type Err = NoSession;

    fn from_str(text: &str) -> Result<Self, NoSession> {
        let (incarnation, nonce) = text.split_at_checked(DIGITS).ok_or(NoSession)?;
        Ok(Self {
            incarnation: incarnation.parse()?,
            nonce: nonce.parse()?,
        })
    }
}

/// A point in the history of a coordinator's data: it rises with each write. Only a restored snapshot has a lower one.
/// [`Coordinator`](crate::coordinator::Coordinator) has an example.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Revision(pub u64);

/// A number that rises from owner to owner of one directory, within one incarnation.
///
/// A service that keeps the highest token that it has seen can refuse an owner that acts too late. Tokens of two
/// incarnations have no order. [`Coordinator`](crate::coordinator::Coordinator) has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FencingToken(pub u64);

impl fmt::Display for FencingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::{Incarnation, NoSession, Nonce, Session};

    #[test]
    fn a_session_has_one_text_and_no_other() {
        let session = Session {
            incarnation: Incarnation(u64::MAX),
            nonce: Nonce(10),
        };
        let text = session.to_string();
        assert_eq!(text, "3w5e11264sgsf000000000000a");
        assert_eq!(text.parse(), Ok(session));
        for other in [
            "",
            "a",
            "3W5E11264SGSF000000000000a",
            "3w5e11264sgsf00000000000a",
            "3w5e11264sgsf0000000000000a",
            "3w5e11264sgsg000000000000a",
            "3w5e11264sgsf+00000000000a",
            "3w5e11264sgsf-00000000000a",
            "3w5e11264sgsé000000000000a",
        ] {
            assert_eq!(other.parse::<Session>(), Err(NoSession), "{other}");
        }
    }
}
