//! Whether a text is JSON, without making values of it.

use crate::run::clean;

/// Whether a text is one value as RFC 8259 writes it, blanks around it included. Nothing is built, and nothing of the
/// dialect (comments, trailing commas) is taken.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    Text { rest: text.as_bytes() }.document().is_some()
}

/// What is left of a text. Steps answer `None` where it is no JSON.
struct Text<'a> {
    rest: &'a [u8],
}

impl Text<'_> {
    fn document(mut self) -> Option<()> {
        // The brackets that will have to close.
        let mut open = Vec::new();
        loop {
            self.blanks();
            match self.next()? {
                b'{' => {
                    self.blanks();
                    if !self.eat(b'}') {
                        self.key()?;
                        open.push(b'}');
                        continue;
                    }
                }
                b'[' => {
                    self.blanks();
                    if !self.eat(b']') {
                        open.push(b']');
                        continue;
                    }
                }
                b'"' => self.string()?,
                b't' => self.word(b"rue")?,
                b'f' => self.word(b"alse")?,
                b'n' => self.word(b"ull")?,
                b'-' => {
                    let digit = self.next()?;
                    self.number(digit)?;
                }
                digit => self.number(digit)?,
            }
            // What follows a value: brackets that close, then the next value or the end.
            loop {
                self.blanks();
                let Some(close) = open.last() else { return self.rest.is_empty().then_some(()) };
                match self.next()? {
                    b',' if *close == b'}' => {
                        self.blanks();
                        self.key()?;
                        break;
                    }
                    b',' => break,
                    octet if octet == *close => {
                        open.pop();
                    }
                    _ => return None,
                }
            }
        }
    }

    fn next(&mut self) -> Option<u8> {
        let (octet, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*octet)
    }

    fn eat(&mut self, wanted: u8) -> bool {
        let there = self.rest.first() == Some(&wanted);
        if there {
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        there
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) -> usize {
        let count = self.rest.iter().take_while(|octet| wanted(**octet)).count();
        self.rest = self.rest.get(count..).unwrap_or_default();
        count
    }

    fn blanks(&mut self) {
        self.skip_while(|octet| matches!(octet, b' ' | b'\n' | b'\t' | b'\r'));
    }

    fn word(&mut self, rest: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(rest)?;
        Some(())
    }

    /// A name and its colon.
    fn key(&mut self) -> Option<()> {
        (self.next()? == b'"').then_some(())?;
        self.string()?;
        self.blanks();
        self.eat(b':').then_some(())
    }

    /// After the first quote.
    fn string(&mut self) -> Option<()> {
        loop {
            self.rest = self.rest.get(clean(self.rest)..).unwrap_or_default();
            match self.next()? {
                b'"' => return Some(()),
                0x7f => {}
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        for _ in 0..4 {
                            self.next()?.is_ascii_hexdigit().then_some(())?;
                        }
                    }
                    _ => return None,
                },
                _ => return None,
            }
        }
    }

    /// From its first digit on.
    fn number(&mut self, first: u8) -> Option<()> {
        let digit = |octet: u8| octet.is_ascii_digit();
        digit(first).then_some(())?;
        if first != b'0' {
            self.skip_while(digit);
        }
        if self.eat(b'.') {
            (self.skip_while(digit) > 0).then_some(())?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _: bool = self.eat(b'+') || self.eat(b'-');
            (self.skip_while(digit) > 0).then_some(())?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_json_and_what_is_not() {
        for text in [
            "{}",
            " [ ] ",
            "0",
            "-1.5e+3",
            "1E9",
            "\"\"",
            "true",
            "[1,2,{\"a\":[]}]",
            r#"{ "a": { "b": [ null, false ] }, "c": "\u00e9\n\"" }"#,
        ] {
            assert!(is_plain(text), "{text}");
        }
        for text in [
            "",
            " ",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "{\"a\"}",
            "{a:1}",
            "[1 2]",
            "01",
            "1.",
            "-",
            "+1",
            ".5",
            "1e",
            "tru",
            "\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\u{1}\"",
            "[}",
            "{]",
            "{} {}",
            "# x\n{}",
            "[1]]",
        ] {
            assert!(!is_plain(text), "{text}");
        }
        assert!(is_plain(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))));
    }

    proptest! {
        #[test]
        fn the_parser_takes_what_is_plain(text in r#"[ \[\]{}:,"\\0-9.eE+\-untrfalse]{0,40}"#) {
            if is_plain(&text) {
                prop_assert!(crate::parse_command(text.as_bytes(), crate::Limits::default()).is_ok());
            }
        }
    }
}
