//! The keys in which everything is stored.

/// How many digits a number of 64 bits has in base 36.
const DIGITS: usize = 13;

/// The names of the keys, which begin with a prefix.
#[derive(Clone, Debug)]
pub(crate) struct Keys(String);

impl Keys {
    /// Creates the names with a prefix that ends in a slash.
    pub(crate) fn new(prefix: &str) -> Self {
        Self(prefix.to_owned())
    }

    /// Returns the key that names the life of the coordinator's data.
    pub(crate) fn incarnation(&self) -> String {
        format!("{}incarnation", self.0)
    }

    /// Returns the key of a session.
    pub(crate) fn session(&self, nonce: &str) -> String {
        format!("{}session/{nonce}", self.0)
    }

    /// Returns the key with which a session is marked: it has seen another one gone.
    pub(crate) fn mark(&self, asker: &str, judged: &str) -> String {
        format!("{}mark/{asker}/{judged}", self.0)
    }

    /// Returns the key of a directory.
    pub(crate) fn directory(&self, name: &str) -> String {
        format!("{}directory/{name}", self.0)
    }
}

/// Returns whether a text is a number of 64 bits as lockhost writes it: 13 lower case digits of base 36.
pub(crate) fn is_number(text: &str) -> bool {
    let digit = |it: u8| it.is_ascii_digit() || it.is_ascii_lowercase();
    text.len() == DIGITS && text.bytes().all(digit) && u64::from_str_radix(text, 36).is_ok()
}

/// Returns whether a text can name a directory.
pub(crate) fn is_directory(text: &str) -> bool {
    let fits = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'-' | b'_');
    (1..=64).contains(&text.len()) && text.bytes().all(fits)
}

/// Returns the id of the lease of a session. It follows from the nonce, so that an enrollment that is repeated needs no
/// memory, and makes no second lease.
pub(crate) fn lease(nonce: &str) -> i64 {
    let number = u64::from_str_radix(nonce, 36).unwrap_or_default();
    // etcd chooses an id if it is zero, and accepts none below.
    ((number & i64::MAX as u64) as i64).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_text() {
        assert!(is_number("3w5e11264sgsf"));
        for text in [
            "",
            "3W5E11264SGSF",
            "3w5e11264sgsg",
            "3w5e11264sgs",
            "+w5e11264sgsf",
        ] {
            assert!(!is_number(text), "{text}");
        }
    }

    #[test]
    fn a_lease_has_a_positive_id() {
        for (nonce, id) in [
            ("0000000000000", 1),
            ("000000000000z", 35),
            ("3w5e11264sgsf", i64::MAX),
        ] {
            assert_eq!(lease(nonce), id);
        }
    }
}
