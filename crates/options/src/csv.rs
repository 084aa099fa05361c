//! Splitting the text of an option into the texts of its values.

/// The values of `text`: separated by commas, trimmed, empty ones left out. A backslash in front of a comma or of
/// another backslash makes it an ordinary character; elsewhere a backslash stands for itself.
pub(crate) fn split(text: &str) -> Vec<String> {
    split_at(text, ',')
}

/// As [`split`] with another separator, which the backslash guards in the same way.
pub(crate) fn split_at(text: &str, separator: char) -> Vec<String> {
    let mut values = Vec::new();
    let mut value = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next_if(|next| *next == separator || *next == '\\') {
                Some(escaped) => value.push(escaped),
                None => value.push(c),
            },
            c if c == separator => finish(&mut value, &mut values),
            c => value.push(c),
        }
    }
    finish(&mut value, &mut values);
    values
}

fn finish(value: &mut String, values: &mut Vec<String>) {
    let trimmed = value.trim_matches(|c: char| c.is_ascii_whitespace());
    if !trimmed.is_empty() {
        values.push(trimmed.to_owned());
    }
    value.clear();
}

/// Pieces of `text` between unguarded separators, escapes kept for a later split, trimmed; empty pieces stay.
pub(crate) fn pieces(text: &str, separator: char) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut guarded = false;
    for (at, c) in text.char_indices() {
        if guarded {
            guarded = false;
        } else if c == '\\' {
            guarded = true;
        } else if c == separator {
            pieces.push(text.get(start..at).unwrap_or_default().trim());
            start = at + c.len_utf8();
        }
    }
    pieces.push(text.get(start..).unwrap_or_default().trim());
    pieces
}

/// The text that [`split`] reads back as the one value `value`.
pub(crate) fn escape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, ',' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    // What Kea 2.2.0 makes of these texts, seen on the wire.
    #[test]
    fn values_of_a_text() {
        for (text, values) in [
            ("5,6", &["5", "6"][..]),
            ("5,,6,", &["5", "6"]),
            (",5", &["5"]),
            (",", &[]),
            ("", &[]),
            ("  a b  , c", &["a b", "c"]),
            ("a\\,b", &["a,b"]),
            ("a\\b", &["a\\b"]),
            ("a\\\\b", &["a\\b"]),
            ("a\\\\,b", &["a\\", "b"]),
            ("x\\", &["x\\"]),
            ("\\,", &[","]),
        ] {
            assert_eq!(split(text), values, "{text}");
        }
    }

    #[test]
    fn escaped_values_come_back() {
        for value in ["a,b", "\\", "a\\,b", "\\\\,", "plain"] {
            assert_eq!(split(&format!("{},x", escape(value))), [value, "x"]);
        }
    }

    #[test]
    fn pieces_keep_their_escapes() {
        assert_eq!(pieces("1, a\\,b , , c\\\\,d", ','), ["1", "a\\,b", "", "c\\\\", "d"]);
        assert_eq!(pieces("", '|'), [""]);
    }
}
