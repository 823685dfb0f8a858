//! The findings of the trials.

use lockhost::process::Identity;

use crate::cli::{printable, style::Palette};

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

impl Finding {
    /// Returns a line for a user.
    pub(super) fn line(&self, palette: Palette) -> String {
        let mark = match self.mark {
            Mark::Yes => palette.good("yes  "),
            Mark::No => palette.bad("no   "),
            Mark::Fact => palette.label("-    "),
        };
        format!("  {mark}{}\n", printable(&self.text))
    }
}

/// Returns a fact in an identity's text, by its letter.
pub(super) fn fact(me: &Identity, tag: char) -> Option<String> {
    let text = me.to_string();
    let mut parts = text.split('-').skip(1);
    let part = parts.find(|part| part.starts_with(tag))?;
    Some(part[1..].to_owned())
}
