//! Quoting of words for a shell.

use std::fmt::Write;

use crate::printable::is_escaped;

/// Quotes a word for a shell. A word with unprintable characters is written in POSIX' dollar-single-quotes, byte by
/// byte where necessary.
pub(super) fn quoted(word: &str) -> String {
    if word.contains(is_escaped) {
        return spelled(word);
    }
    let plain =
        |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '+' | '@' | ',');
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn spelled(word: &str) -> String {
    let mut spelled = "$'".to_owned();
    for character in word.chars() {
        match character {
            '\'' | '\\' => spelled.extend(['\\', character]),
            _ if is_escaped(character) => {
                for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                    // Of exactly three digits, so that a following digit is not read as part of it.
                    let _ = write!(spelled, "\\{byte:03o}");
                }
            }
            _ => spelled.push(character),
        }
    }
    spelled.push('\'');
    spelled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_a_quoted_word_for_the_word() {
        for (word, quote) in [
            ("/var/lib/app", "/var/lib/app"),
            ("", "''"),
            ("my data", "'my data'"),
            ("it's; rm *", r"'it'\''s; rm *'"),
            ("a\u{1b}[2J'\\7\n1", r"$'a\033[2J\'\\7\0121'"),
            ("\u{202e}x", r"$'\342\200\256x'"),
        ] {
            assert_eq!(quoted(word), quote);
        }
    }
}
