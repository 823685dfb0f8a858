//! Text from outside (names of files and commands, content by other programs) in a message for a person.

use std::fmt::{self, Write};

/// Displays a text on one line, without effects on a terminal.
///
/// Names of files and commands may contain nearly anything: terminal control sequences, line ends, and characters that
/// change the direction of the text behind them. These characters are displayed as Rust writes them in a literal. The
/// errors of this crate do so already. [`Error::path`](crate::Error::path) and
/// [`Keeper::command`](crate::Keeper::command) return the raw text; a program that prints them itself escapes them in
/// this way.
///
/// ```
/// use lockhost::Printable;
///
/// let command = "\u{1b}[2Jmy app\n";
/// assert_eq!(Printable(command).to_string(), r"\u{1b}[2Jmy app\n");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Printable<T>(pub T);

impl<T: fmt::Display> fmt::Display for Printable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.split_inclusive(is_escaped).try_for_each(|part| {
            let last = part.char_indices().next_back();
            match last.filter(|(_, last)| is_escaped(*last)) {
                None => self.0.write_str(part),
                Some((start, last)) => {
                    self.0.write_str(&part[..start])?;
                    write!(self.0, "{}", last.escape_default())
                }
            }
        })
    }
}

/// Returns whether a character affects others, or is invisible: controls, line ends, direction marks, and characters
/// without a shape in Unicode.
pub(crate) fn is_escaped(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_escaped() {
        for (text, printed) in [
            ("plain \\ 'text' é 中 😀", "plain \\ 'text' é 中 😀"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("a\nb\r\tc\u{9b}31m\u{7f}", "a\\nb\\r\\tc\\u{9b}31m\\u{7f}"),
            ("\u{202e}kcol\u{2066}", "\\u{202e}kcol\\u{2066}"),
            ("\u{2028}\u{feff}", "\\u{2028}\\u{feff}"),
            ("", ""),
        ] {
            assert_eq!(Printable(text).to_string(), printed);
        }
    }

    #[test]
    fn a_text_that_comes_in_pieces_is_escaped_in_each() {
        let pieces = Printable(format_args!("{}{}{}", "\u{1b}", "[2J", '\n')).to_string();
        assert_eq!(pieces, "\\u{1b}[2J\\n");
    }
}
