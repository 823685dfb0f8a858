//! The findings of the trials.

use std::fmt;

use lockhost::process::Identity;

use crate::cli::printable;

/// One thing that was checked.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) mark: Mark,
    pub(super) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Yes,
    No,
    /// Neither good nor bad.
    Fact,
}

impl Finding {
    pub(super) fn fact(text: impl Into<String>) -> Self {
        Self {
            mark: Mark::Fact,
            text: text.into(),
        }
    }

    /// Returns whether a trial succeeded, or why it did not.
    pub(super) fn tried(what: &str, outcome: &Result<(), String>) -> Self {
        match outcome {
            Ok(()) => Self {
                mark: Mark::Yes,
                text: what.to_owned(),
            },
            Err(why) => Self {
                mark: Mark::No,
                text: format!("{what}: {why}"),
            },
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.mark {
            Mark::Yes => "yes",
            Mark::No => "no",
            Mark::Fact => "-",
        };
        writeln!(f, "  {mark:<5}{}", printable(&self.text))
    }
}

/// Returns a fact in an identity's text, by its letter.
pub(super) fn fact(me: &Identity, tag: char) -> Option<String> {
    let text = me.to_string();
    let mut parts = text.split('-').skip(1);
    let part = parts.find(|part| part.starts_with(tag))?;
    Some(part[1..].to_owned())
}
