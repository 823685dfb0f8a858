//! Colours in text for users, in the palette of cargo: at a terminal, or as `--color`, `NO_COLOR` and `CLICOLOR_FORCE` ask.

use std::{
    ffi::OsString,
    fmt,
    io::{stderr, stdout},
};

use anstream::{AutoStream, ColorChoice};
use clap::{
    ValueEnum,
    builder::{
        StyledStr,
        styling::{AnsiColor, Style, Styles},
    },
};

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// At a terminal, unless NO_COLOR is set.
    Auto,
    /// Always, also in a file or a pipe.
    Always,
    /// Never.
    Never,
}

/// The option with which a user chooses.
const OPTION: &str = "--color";

impl When {
    /// Returns the choice on a command line that is not parsed yet, so that help and errors of parsing follow it.
    pub(crate) fn typed(words: &[OsString]) -> Option<Self> {
        let mut words = words.iter().take_while(|word| *word != "--");
        let mut last = None;
        while let Some(word) = words.next() {
            let word = word.to_string_lossy();
            last = match word.strip_prefix(OPTION) {
                Some("") => words
                    .next()
                    .and_then(|next| Self::parse(&next.to_string_lossy())),
                Some(rest) => rest.strip_prefix('=').and_then(Self::parse),
                None => continue,
            };
        }
        last
    }

    fn parse(text: &str) -> Option<Self> {
        Self::from_str(text, false).ok()
    }

    /// Applies the choice to the rest of the program.
    pub(crate) fn apply(self) {
        let choice = match self {
            Self::Auto => ColorChoice::Auto,
            Self::Always => ColorChoice::Always,
            Self::Never => ColorChoice::Never,
        };
        choice.write_global();
    }
}

const HEADER: Style = AnsiColor::BrightGreen.on_default().bold();
const LITERAL: Style = AnsiColor::BrightCyan.on_default().bold();
const PLACEHOLDER: Style = AnsiColor::Cyan.on_default();
const GOOD: Style = AnsiColor::BrightGreen.on_default().bold();
const DOUBTFUL: Style = AnsiColor::BrightYellow.on_default().bold();
const BAD: Style = AnsiColor::BrightRed.on_default().bold();
const BOLD: Style = Style::new().bold();

/// The palette for clap.
pub(crate) const STYLES: Styles = Styles::styled()
    .header(HEADER)
    .usage(HEADER)
    .literal(LITERAL)
    .placeholder(PLACEHOLDER)
    .error(BAD)
    .valid(LITERAL)
    .invalid(DOUBTFUL);

/// The palette for one stream, empty where the stream gets no colours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Palette {
    is_coloured: bool,
}

/// A text in a style.
pub(crate) struct Painted<T> {
    style: Style,
    text: T,
}

impl Palette {
    /// Returns the palette for standard output.
    pub(crate) fn output() -> Self {
        let is_coloured = AutoStream::choice(&stdout()) != ColorChoice::Never;
        if is_coloured {
            // Only its constructor is of use here: it makes a console of Windows accept control sequences.
            let _ = AutoStream::always(stdout());
        }
        Self { is_coloured }
    }

    /// Returns the palette for standard error.
    pub(crate) fn error() -> Self {
        let is_coloured = AutoStream::choice(&stderr()) != ColorChoice::Never;
        if is_coloured {
            // As for standard output.
            let _ = AutoStream::always(stderr());
        }
        Self { is_coloured }
    }

    /// Returns the palette for text that is styled first and stripped later, as clap does it.
    pub(crate) fn styled() -> Self {
        Self { is_coloured: true }
    }

    /// Paints a heading.
    pub(crate) fn header<T>(self, text: T) -> Painted<T> {
        self.paint(HEADER, text)
    }

    /// Paints a word that a user types as it stands.
    pub(crate) fn literal<T>(self, text: T) -> Painted<T> {
        self.paint(LITERAL, text)
    }

    /// Paints a word for which a user types another.
    pub(crate) fn placeholder<T>(self, text: T) -> Painted<T> {
        self.paint(PLACEHOLDER, text)
    }

    /// Paints what is as it should be.
    pub(crate) fn good<T>(self, text: T) -> Painted<T> {
        self.paint(GOOD, text)
    }

    /// Paints what a user should know of: a warning, and what cannot be known.
    pub(crate) fn doubtful<T>(self, text: T) -> Painted<T> {
        self.paint(DOUBTFUL, text)
    }

    /// Paints an error, and what is not as it should be.
    pub(crate) fn bad<T>(self, text: T) -> Painted<T> {
        self.paint(BAD, text)
    }

    /// Paints a label.
    pub(crate) fn label<T>(self, text: T) -> Painted<T> {
        self.paint(BOLD, text)
    }

    /// Paints the words with which a line on standard error begins: the program's name, and the kind of the message.
    ///
    /// The text has no control characters: apply [`printable`](super::printable) first.
    pub(crate) fn message(self, text: &str) -> String {
        let program = self.label("lockhost:");
        for (word, style) in [("error:", BAD), ("warning:", DOUBTFUL)] {
            if let Some(rest) = text.strip_prefix(word) {
                return format!("{program} {}{rest}", self.paint(style, word));
            }
        }
        format!("{program} {text}")
    }

    /// Returns clap's text, with its styles or without.
    pub(crate) fn clap(self, text: &StyledStr) -> String {
        match self.is_coloured {
            true => text.ansi().to_string(),
            false => text.to_string(),
        }
    }

    fn paint<T>(self, style: Style, text: T) -> Painted<T> {
        let style = match self.is_coloured {
            true => style,
            false => Style::new(),
        };
        Painted { style, text }
    }
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{:#}", self.style, self.text, self.style)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_last_choice_before_a_double_hyphen_counts() {
        for (line, choice) in [
            ("lockhost --color=always status d", Some(When::Always)),
            ("lockhost --color never status d", Some(When::Never)),
            (
                "lockhost --color=always status --color=auto d",
                Some(When::Auto),
            ),
            ("lockhost acquire d -- ls --color=always", None),
            ("lockhost --colour=always", None),
            ("lockhost status d --color", None),
            ("lockhost status d --color=red", None),
        ] {
            assert_eq!(When::typed(&words(line)), choice, "{line}");
        }
    }

    #[test]
    fn a_message_is_painted_up_to_its_first_colon() {
        let plain = Palette { is_coloured: false };
        for text in ["warning: it", "error: it", "hint: it", "it: warning: it"] {
            assert_eq!(plain.message(text), format!("lockhost: {text}"));
        }
        let painted = Palette::styled().message("warning: warning: it");
        let reset = "\u{1b}[0m";
        let parts: Vec<_> = painted.split(reset).collect();
        assert_eq!(parts.len(), 3, "{painted:?}");
        assert!(parts[0].ends_with("lockhost:") && parts[1].ends_with("warning:"));
        assert_eq!(parts[2], " warning: it");
    }
}
