//! Words in the place of a directory that are none: a duration, an option, a command.
//!
//! A directory of that name is accepted if it is there, and so is `./NAME`. Otherwise `--mkdir` would make it, and the
//! lock would be on something that no other process uses.

use std::{
    env,
    env::consts::EXE_EXTENSION,
    ffi::{OsStr, OsString},
    fmt,
    path::Path,
};

use super::{super::acquire::Acquire, ANNOUNCEMENT};
use crate::cli::printable;

/// Hyphens and dashes that word processors put in the place of a hyphen.
const DASHES: [char; 8] = [
    '-', '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2015}', '\u{2212}',
];

/// A word that is no directory, and what was probably meant.
#[derive(Debug)]
pub(super) enum Typo {
    Duration(String),
    Option(String),
    /// The words before the command, and those from it on.
    Command(Vec<String>, Vec<String>),
}

impl Typo {
    /// Looks for one among the directories of a command line.
    pub(super) fn find(acquire: &Acquire, words: &[OsString]) -> Option<Self> {
        let directories = acquire.directories();
        // The file system is asked only about a word that reads like something else.
        let absent = |is_other: &dyn Fn(&OsStr) -> bool| {
            let mut words = directories.iter().map(|it| it.as_os_str());
            words.find(|word| is_other(word) && is_absent(word))
        };
        if let Some(word) = absent(&|word| is_duration(word, words)) {
            return Some(Self::Duration(shown(word)));
        }
        if let Some(word) = absent(&is_option) {
            return Some(Self::Option(shown(word)));
        }
        if acquire.has_command() {
            return None;
        }
        let directories: Vec<_> = directories.iter().map(|it| it.as_os_str()).collect();
        let begins = |(nth, word): (usize, &&OsStr)| is_command(nth, word, acquire.makes());
        let nth = directories.iter().enumerate().position(begins)?;
        Some(Self::command(&directories, nth))
    }

    /// Looks for a command before an option that is unknown, and so the command's own.
    pub(super) fn before_option(words: &[OsString]) -> Option<Self> {
        if words.iter().any(|word| word == ANNOUNCEMENT) {
            return None;
        }
        let words: Vec<_> = words.iter().map(OsString::as_os_str).collect();
        let begin = words.iter().position(|word| !is_option(word))?;
        // The first word may be a directory that is missing, or the value of an option.
        let begins = |word: &&OsStr| !is_option(word) && is_command(1, word, false);
        let nth = begin + 1 + words[begin + 1..].iter().position(begins)?;
        Some(Self::command(&words, nth))
    }

    fn command(words: &[&OsStr], nth: usize) -> Self {
        let text = |words: &[&OsStr]| words.iter().map(|word| shown(word)).collect();
        let (before, command) = words.split_at(nth);
        Self::Command(text(before), text(command))
    }
}

impl fmt::Display for Typo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duration(word) => write!(
                f,
                "directory {word} does not exist\n  hint: for a duration, write --wait={word}; for a directory of this \
                 name, ./{word}"
            ),
            Self::Option(word) => write!(
                f,
                "directory {word} does not exist\n  hint: an option begins with one or two hyphens; for a directory of \
                 this name, write ./{word}"
            ),
            Self::Command(before, command) => {
                let (word, command) = (&command[0], command.join(" "));
                let before = match before.is_empty() {
                    true => "DIRECTORY".to_owned(),
                    false => before.join(" "),
                };
                write!(
                    f,
                    "directory {word} does not exist\n  hint: for a command, write lockhost acquire {before} -- \
                     {command}; for a directory of this name, ./{word}"
                )
            }
        }
    }
}

fn shown(word: &OsStr) -> String {
    printable(&word.display())
}

/// Whether nothing has this name.
fn is_absent(word: &OsStr) -> bool {
    Path::new(word).symlink_metadata().is_err()
}

/// Whether a word is a duration: in digits and units, or as any value of the option that it stands behind.
fn is_duration(word: &OsStr, words: &[OsString]) -> bool {
    let Some(text) = word.to_str() else {
        return false;
    };
    let is_behind = || {
        words
            .windows(2)
            .any(|pair| pair[0] == "--wait" && pair[1] == word)
    };
    let is_number =
        |text: &str| !text.is_empty() && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'.'));
    match text {
        text if is_number(text) || text == "forever" => is_behind(),
        text => humantime::parse_duration(text).is_ok(),
    }
}

fn is_option(word: &OsStr) -> bool {
    word.to_str().is_some_and(|word| word.starts_with(DASHES))
}

/// Whether the word in this place is a command: a program of that name can be found, or behind a directory a file that is
/// none. One that is to be made may have the name of a program, where no other stands before it.
fn is_command(nth: usize, word: &OsStr, is_made: bool) -> bool {
    let path = Path::new(word);
    let is_name = path.components().count() == 1 && path.file_name() == Some(word);
    let may_be = nth > 0 || !is_made;
    // The first word is mostly a path, and then costs no question, which a dead mount would not answer.
    nth > 0 && path.is_file() || may_be && is_name && is_absent(word) && is_program(path)
}

/// Whether a program of this name is found as a shell would find it.
fn is_program(name: &Path) -> bool {
    let directories = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&directories).any(|directory| {
        let program = directory.join(name);
        program.is_file()
            || (!EXE_EXTENSION.is_empty() && program.with_extension(EXE_EXTENSION).is_file())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn a_number_is_a_duration_behind_the_option_alone() {
        let line = words("lockhost acquire --wait 30 2026");
        for (word, is) in [
            ("30", true),
            ("2026", false),
            ("30s", true),
            ("1h 5m", true),
        ] {
            assert_eq!(is_duration(OsStr::new(word), &line), is, "{word}");
        }
        for word in ["", "data", "s", "./30s", "forever"] {
            assert!(!is_duration(OsStr::new(word), &line), "{word}");
        }
        assert!(is_duration(OsStr::new("forever"), &words("--wait forever")));
    }

    #[test]
    fn what_begins_with_any_dash_is_an_option() {
        for word in ["-", "-x", "\u{2013}wait", "\u{2014}", "\u{2212}v"] {
            assert!(is_option(OsStr::new(word)), "{word}");
        }
        assert!(!is_option(OsStr::new("./-x")) && !is_option(OsStr::new("a-b")));
    }
}
