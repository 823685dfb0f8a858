//! Rust source, cut into words and signs.

/// A word or a sign of Rust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) line: usize,
}

/// Returns names, numbers, strings, `::`, and everything else sign by sign, without comments.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let end = token_end(&chars, at);
        let text: String = chars[at..end].iter().collect();
        let is_comment = text.starts_with("//") || text.starts_with("/*");
        if !is_comment && !text.trim().is_empty() {
            tokens.push(Token {
                text: text.clone(),
                line,
            });
        }
        line += text.matches('\n').count();
        at = end;
    }
    tokens
}

fn token_end(chars: &[char], at: usize) -> usize {
    let is = |nth: usize, c: char| chars.get(nth) == Some(&c);
    let until = |from: usize, stop: &dyn Fn(usize) -> bool| {
        (from..chars.len())
            .find(|nth| stop(*nth))
            .unwrap_or(chars.len())
    };
    match chars[at] {
        '/' if is(at + 1, '/') => until(at, &|nth| is(nth, '\n')),
        '/' if is(at + 1, '*') => {
            let mut depth = 0;
            let mut nth = at;
            while nth < chars.len() {
                let step = match (chars[nth], chars.get(nth + 1)) {
                    ('/', Some('*')) => 1,
                    ('*', Some('/')) => -1,
                    _ => 0,
                };
                depth += step;
                nth += if step == 0 { 1 } else { 2 };
                if depth == 0 {
                    return nth;
                }
            }
            nth
        }
        '"' => quoted_end(chars, at),
        // A letter, or the name of a lifetime.
        '\'' if is(at + 1, '\\') => until(at + 3, &|nth| is(nth, '\'')) + 1,
        '\'' if is(at + 2, '\'') => at + 3,
        ':' if is(at + 1, ':') => at + 2,
        c if c.is_alphanumeric() || c == '_' => {
            let end = until(at, &|nth| {
                !(chars[nth].is_alphanumeric() || chars[nth] == '_')
            });
            let prefix: String = chars[at..end].iter().collect();
            let hashes = chars[end..].iter().take_while(|c| **c == '#').count();
            match &*prefix {
                "r" | "br" | "cr" if is(end + hashes, '"') => {
                    let close: Vec<char> = format!("\"{}", "#".repeat(hashes)).chars().collect();
                    until(end + hashes + 1, &|nth| chars[nth..].starts_with(&close)) + close.len()
                }
                "b" | "c" if is(end, '"') => quoted_end(chars, end),
                _ => end,
            }
        }
        _ => at + 1,
    }
}

fn quoted_end(chars: &[char], at: usize) -> usize {
    let mut nth = at + 1;
    while nth < chars.len() && chars[nth] != '"' {
        nth += if chars[nth] == '\\' { 2 } else { 1 };
    }
    nth + 1
}
