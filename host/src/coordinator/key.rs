//! The name of a directory's key.

use std::{error, fmt, str::FromStr};

/// The name of a directory at a coordinator: the same on all machines that mount it, and no other directory's.
///
/// It is 1 to 64 ASCII letters, digits, full stops, hyphens and underscores. A path is none: it differs from machine to
/// machine.
///
/// ```
/// use lockhost::coordinator::DirectoryKey;
///
/// let key: DirectoryKey = "billing-data".parse()?;
/// assert_eq!(key.as_str(), "billing-data");
/// assert!("/srv/data".parse::<DirectoryKey>().is_err());
/// # Ok::<(), lockhost::coordinator::InvalidKey>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DirectoryKey(String);

/// The error for a text that is not a [`DirectoryKey`]. [`DirectoryKey`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidKey;

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected 1 to 64 letters, digits, full stops, hyphens and underscores")
    }
}

impl error::Error for InvalidKey {}

impl DirectoryKey {
    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DirectoryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DirectoryKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidKey)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DirectoryKey;

    #[test]
    fn a_path_is_no_name_of_a_directory() {
        assert!("a.B-c_1".parse::<DirectoryKey>().is_ok());
        assert!("x".repeat(64).parse::<DirectoryKey>().is_ok());
        for text in ["", "a/b", "a b", "ä", "%2f", &"x".repeat(65)] {
            assert!(text.parse::<DirectoryKey>().is_err(), "{text}");
        }
    }
}
