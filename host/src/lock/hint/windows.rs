//! Quoting of words for a command prompt, and for PowerShell.

/// Quotes a word for either; it is a file's name or a path.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| {
        c.is_alphanumeric() || matches!(c, '\\' | ':' | '/' | '.' | '-' | '_' | '+' | '@')
    };
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    // A program reads a backslash before a quotation mark as a part of the word.
    let end = if word.ends_with('\\') { r"\" } else { "" };
    format!("\"{word}{end}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_takes_a_quoted_word_for_the_word() {
        for (word, quote) in [
            (r"C:\data", r"C:\data"),
            ("", r#""""#),
            (r"C:\my data\", r#""C:\my data\\""#),
            (r"\\server\a,b", r#""\\server\a,b""#),
        ] {
            assert_eq!(quoted(word), quote);
        }
    }
}
