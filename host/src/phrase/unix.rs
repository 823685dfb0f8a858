//! Words of a shell's.

/// As a shell takes one word.
pub(super) fn quoted(word: &str) -> String {
    let plain =
        |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '+' | '@' | ',');
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
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
        ] {
            assert_eq!(quoted(word), quote);
        }
    }
}
