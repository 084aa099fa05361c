//! Regular expressions of `match`: linear time, on octets, against the whole value.

use regex::bytes::{Regex, RegexBuilder};

use crate::error::Problem;

/// Bound on the compiled size, so that a configuration cannot take the memory of the server.
const SIZE_LIMIT: usize = 4 << 20;

pub(crate) fn compile(text: &str) -> Result<Regex, Problem> {
    let bad = |reason: &str| Problem::Regex { text: text.to_owned(), reason: reason.to_owned() };
    // Alone first, so that an unbalanced parenthesis cannot pair up with the group that anchors the whole.
    let translated = translate(text);
    let build = |pattern: &str| {
        RegexBuilder::new(pattern)
            .unicode(false)
            .dot_matches_new_line(true)
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(SIZE_LIMIT)
            .build()
    };
    let explain = |error: &regex::Error| match error {
        regex::Error::CompiledTooBig(_) => "too large".to_owned(),
        // The text points into the pattern over several lines; its last line says what is wrong.
        other => {
            let text = other.to_string();
            let last = text.lines().next_back().unwrap_or_default();
            last.strip_prefix("error: ").unwrap_or(last).to_owned()
        }
    };
    build(&translated).map_err(|error| bad(&explain(&error)))?;
    build(&format!(r"\A(?:{translated})\z")).map_err(|error| bad(&explain(&error)))
}

/// Takes away the meanings that the engine gives to texts which are plain in extended regular expressions: set
/// operators and nested classes between brackets, and `\<` and `\>`.
fn translate(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut characters = text.chars().peekable();
    // Between brackets, and the number of characters seen there.
    let mut class: Option<usize> = None;
    while let Some(character) = characters.next() {
        let next = characters.peek().copied();
        match (&mut class, character) {
            (_, '\\') => {
                match characters.next() {
                    Some(angle @ ('<' | '>')) => out.push(angle),
                    Some(escaped) => out.extend(['\\', escaped]),
                    None => out.push('\\'),
                }
                if let Some(seen) = &mut class {
                    *seen += 1;
                }
            }
            (None, '[') => {
                out.push('[');
                class = Some(0);
                if characters.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
            }
            // A bracket that comes first is a member of the class.
            (Some(seen @ 0), ']') => {
                out.push_str("\\]");
                *seen = 1;
            }
            (Some(_), ']') => {
                out.push(']');
                class = None;
            }
            (Some(seen), '[') if next == Some(':') => {
                *seen += 1;
                out.push('[');
                // The name of a character class, up to its own bracket.
                for inner in characters.by_ref() {
                    out.push(inner);
                    if inner == ']' {
                        break;
                    }
                }
            }
            (Some(seen), '[' | '&' | '~') => {
                *seen += 1;
                out.extend(['\\', character]);
            }
            // Two hyphens are an operator to the engine. Here the one that comes first in a class is a member that
            // may start a range; later ones make a range that ends at a hyphen.
            (Some(seen @ 0), '-') => {
                *seen += 1;
                out.push_str("\\-");
            }
            (Some(seen), '-') if next == Some('-') => {
                *seen += 2;
                characters.next();
                out.push_str("-\\-");
            }
            (Some(seen), other) => {
                *seen += 1;
                out.push(other);
            }
            (None, other) => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_value() {
        for (pattern, value, matches) in [
            ("foo.*", "foobar", true),
            ("foo", "foobar", false),
            ("bar", "foobar", false),
            ("a|foobar", "foobar", true),
            ("^foo.*$", "foobar", true),
            ("", "", true),
            ("", "a", false),
            ("[[:digit:]]+", "0123", true),
            ("[]a]+", "]a]", true),
            ("[^]a]+", "bcd", true),
            ("[a&&b]+", "a&b", true),
            ("[a[b]+", "a[b", true),
            ("[+--]+", "+,-", true),
            ("[--/]+", "-./", true),
            ("[-a]+", "-a", true),
            ("[a-]+", "-a", true),
            ("[a~~b]+", "~a", true),
            (r"\<a\>", "<a>", true),
            (r"a{2,3}", "aaa", true),
            (r"a{2,3}", "a", false),
            (r"\d+\.\d+", "1.2", true),
            (".", "\n", true),
        ] {
            assert_eq!(compile(pattern).unwrap().is_match(value.as_bytes()), matches, "{pattern} {value}");
        }
        assert!(compile(".").unwrap().is_match(&[0xff]), "octets, not characters");
    }

    #[test]
    fn bad_patterns_are_refused() {
        for pattern in
            ["(", ")", "a)(b", "[", "*", "a{3,2}", r"(a)\1", "(?=a)", "((((a{100}){100}){100}){100})"]
        {
            assert!(matches!(compile(pattern), Err(Problem::Regex { .. })), "{pattern}");
        }
    }
}
