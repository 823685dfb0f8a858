//! The way out of a failure: the second line of a message.

use std::{borrow::Cow, error, fmt, io, path::Path};

use anyhow::Error;
use lockhost::coordinator::CoordinatorError;

/// An error of the program itself that has a way out.
#[derive(Debug)]
struct Hinted {
    what: String,
    hint: &'static str,
}

impl fmt::Display for Hinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl error::Error for Hinted {}

/// Returns an error with this hint.
pub(crate) fn hinted(what: impl Into<String>, hint: &'static str) -> Error {
    let what = what.into();
    Hinted { what, hint }.into()
}

/// Returns the hint of an error, if it has one.
pub(crate) fn of(error: &Error) -> Option<Cow<'_, str>> {
    error.chain().find_map(|error| {
        if let Some(Hinted { hint, .. }) = error.downcast_ref() {
            return Some(Cow::Borrowed(*hint));
        }
        if let Some(failure) = error.downcast_ref::<CoordinatorError>() {
            return failure.hint().map(Cow::Borrowed);
        }
        error.downcast_ref::<lockhost::Error>()?.hint()
    })
}

/// Returns the error for a directory that cannot be opened, as the library words it.
pub(crate) fn cannot_open(directory: &Path, error: &io::Error) -> Error {
    let failure = failure(directory, error);
    match error.kind() {
        io::ErrorKind::NotFound => {
            hinted(failure, "create it first; lockhost acquire --mkdir does")
        }
        _ => Error::msg(failure),
    }
}

/// Returns the error for a directory after the first one that does not exist, and may be meant as a command.
pub(crate) fn may_be_a_command(word: &Path, error: &io::Error) -> Error {
    hinted(
        failure(word, error),
        "if it is a command, write '--' before it",
    )
}

fn failure(directory: &Path, error: &io::Error) -> String {
    format!("cannot open directory {}: {error}", directory.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_found_below_a_context() {
        let error = hinted("cannot do it", "do this").context("nothing works");
        assert_eq!(of(&error).as_deref(), Some("do this"));
        assert_eq!(format!("{error:#}"), "nothing works: cannot do it");
        assert_eq!(of(&Error::msg("cannot do it")), None);
    }

    #[test]
    fn a_missing_directory_has_the_librarys_words() {
        let missing = Path::new("missing/directory");
        let by_library = lockhost::acquire(missing).unwrap_err();
        let error = std::fs::read_dir(missing).unwrap_err();
        let by_program = cannot_open(missing, &error);
        assert_eq!(by_program.to_string(), by_library.to_string());
        assert_eq!(of(&by_program), by_library.hint());
    }
}
