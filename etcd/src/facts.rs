//! Sessions, and what the coordinator has of them.

use std::time::Duration;

use crate::{
    answer::{Answer, Malformed},
    error::Failure,
    keys::{self, Keys},
};

/// A session: its nonce, and the life of the coordinator's data in which it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) incarnation: String,
    pub(crate) nonce: String,
}

/// What a new session is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Enrollment {
    pub(crate) nonce: String,
    /// The incarnation, if there is none yet.
    pub(crate) incarnation: String,
    pub(crate) about: String,
    pub(crate) lease: Duration,
}

/// The incarnation in which a session was made, and a revision at which it was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Enrolled {
    pub(crate) incarnation: String,
    pub(crate) revision: u64,
}

/// What the coordinator has, all of it read at one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) incarnation: Option<String>,
    pub(crate) revision: u64,
    pub(crate) own: bool,
    pub(crate) judged: bool,
    /// The session that has the directory.
    pub(crate) key: Option<Owner>,
}

/// What the key of a directory holds: the session that has it, and how long its holder may act without a confirm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) nonce: String,
    pub(crate) deadline: u64,
}

impl Owner {
    fn read(value: &[u8]) -> Result<Self, Malformed> {
        let text = str::from_utf8(value).unwrap_or_default();
        let owner = text.split_once(' ').and_then(|(nonce, deadline)| {
            Some(Self {
                nonce: Some(nonce).filter(|it| keys::is_number(it))?.to_owned(),
                deadline: deadline.parse().ok()?,
            })
        });
        // A transaction compares the whole value, so there is one form of it.
        let owner = owner.filter(|it| it.value() == text);
        owner.ok_or_else(|| Malformed::value(value))
    }

    /// Returns the value of the key.
    pub(crate) fn value(&self) -> String {
        format!("{} {}", self.nonce, self.deadline)
    }
}

/// The outcome of a transaction: its revision, or what was there in place of what it compared.
pub(crate) type Outcome = Result<u64, Facts>;

/// The keys that a question reads.
pub(crate) struct Question {
    keys: Vec<String>,
    judged: bool,
}

impl Question {
    pub(crate) fn new(
        names: &Keys,
        own: &Session,
        judged: Option<&Session>,
        directory: &str,
    ) -> Self {
        let mut keys = vec![
            names.incarnation(),
            names.session(&own.nonce),
            names.directory(directory),
        ];
        keys.extend(judged.map(|it| names.session(&it.nonce)));
        Self {
            keys,
            judged: judged.is_some(),
        }
    }

    pub(crate) fn keys(&self) -> Vec<&str> {
        self.keys.iter().map(String::as_str).collect()
    }

    /// Reads the facts in an answer that has an entry for each key.
    pub(crate) fn facts(&self, answer: &Answer) -> Result<Facts, Failure> {
        let mut entries = answer.entries(&self.keys())?;
        let judged = self.judged && entries.pop().flatten().is_some();
        let key = entries.pop().flatten();
        let own = entries.pop().flatten().is_some();
        let incarnation = entries.pop().flatten();
        Ok(Facts {
            incarnation: incarnation.map(|it| it.number()).transpose()?,
            revision: answer.revision()?,
            own,
            judged,
            key: key.map(|it| Owner::read(&it.value)).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_directory_has_one_form() {
        let value = b"3w5e11264sgsf 10000";
        let owner = Owner::read(value).unwrap();
        assert_eq!(owner.deadline, 10_000);
        assert_eq!(owner.value().as_bytes(), value);
        for other in [
            "",
            "3w5e11264sgsf",
            "3w5e11264sgsf ",
            "3w5e11264sgsf 010",
            "3w5e11264sgsf +10",
            "3w5e11264sgsf 10 ",
            "3w5e11264sgsf  10",
            "3w5e11264sgsf 99999999999999999999",
            "x 10",
        ] {
            assert!(Owner::read(other.as_bytes()).is_err(), "{other}");
        }
        assert!(Owner::read(b"\xff 10").is_err());
    }
}
