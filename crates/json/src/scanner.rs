//! Finds the end of a JSON text in a stream without framing.

use crate::run::clean;

/// What a [`Scanner`] knows after a piece of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scan {
    /// The text ends after this many octets, counted from the first octet ever pushed.
    Complete(usize),
    NeedMore,
    /// No continuation can make it a command.
    Invalid(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Between,
    /// After one `/` that must begin a comment.
    Slash,
    LineComment,
    BlockComment,
    /// After a `*` in a block comment.
    Star,
    String,
    Escape,
}

/// Watches brackets, strings and comments of one command, octet by octet, in constant memory. Whether the text is
/// correct is for the parser to say.
#[derive(Clone, Debug)]
pub struct Scanner {
    state: State,
    /// Open brackets; 0 before the first.
    open: usize,
    /// The first octet was seen, be it a blank.
    started: bool,
    seen: usize,
    ended: Option<Scan>,
    max_depth: usize,
}

impl Default for Scanner {
    fn default() -> Self {
        Self { state: State::Between, open: 0, started: false, seen: 0, ended: None, max_depth: usize::MAX }
    }
}

impl Scanner {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses more lists and maps inside each other than this, before the rest has arrived.
    #[must_use]
    pub fn max_depth(mut self, max_depth: usize) -> Self {
        self.max_depth = max_depth;
        self
    }

    /// Octets looked at so far.
    #[must_use]
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// Takes the next piece of the stream. Once complete or invalid it stays so.
    pub fn push(&mut self, piece: &[u8]) -> Scan {
        if let Some(ended) = &self.ended {
            return ended.clone();
        }
        let mut rest = piece;
        loop {
            let count = match self.state {
                State::String => clean(rest),
                State::Between if self.open > 0 => rest.iter().take_while(|octet| !is_mark(**octet)).count(),
                _ => 0,
            };
            self.seen += count;
            rest = rest.get(count..).unwrap_or_default();
            let Some((octet, after)) = rest.split_first() else { return Scan::NeedMore };
            rest = after;
            self.seen += 1;
            let verdict = self.step(*octet);
            self.started = true;
            if !matches!(verdict, Scan::NeedMore) {
                self.ended = Some(verdict.clone());
                return verdict;
            }
        }
    }

    fn step(&mut self, octet: u8) -> Scan {
        self.state = match (self.state, octet) {
            (State::Between, b'#') | (State::Slash, b'/') => State::LineComment,
            (State::Between, b'/') => State::Slash,
            (State::Slash, b'*') => State::BlockComment,
            (State::Slash, other) => return invalid("invalid characters /", other),
            (State::LineComment, b'\n') | (State::Star, b'/') => State::Between,
            (State::BlockComment | State::Star, b'*') => State::Star,
            (State::Star, _) => State::BlockComment,
            (State::String, b'"') => State::Between,
            (State::String, b'\\') => State::Escape,
            (State::Escape, _) => State::String,
            (State::Between, b'{' | b'[') => {
                self.open += 1;
                if self.open > self.max_depth {
                    return Scan::Invalid(too_deep(self.max_depth));
                }
                State::Between
            }
            (State::Between, b'}' | b']') if self.open > 0 => {
                self.open -= 1;
                if self.open == 0 {
                    return Scan::Complete(self.seen);
                }
                State::Between
            }
            (State::Between, b'"') if self.open > 0 => State::String,
            (State::Between, b' ' | b'\t' | b'\r' | b'\n') => State::Between,
            (State::Between, other) if self.open == 0 => {
                return invalid(
                    if self.started { "invalid character " } else { "invalid first character " },
                    other,
                );
            }
            (same, _) => same,
        };
        Scan::NeedMore
    }
}

/// What changes the state between two strings of an open list or map.
fn is_mark(octet: u8) -> bool {
    const MARKS: [bool; 256] = {
        let mut marks = [false; 256];
        let mut rest: &[u8] = b"\"#/[]{}";
        while let Some((octet, after)) = rest.split_first() {
            marks[*octet as usize] = true;
            rest = after;
        }
        marks
    };
    MARKS.get(usize::from(octet)).is_some_and(|mark| *mark)
}

/// What the scanner and the parser say to a text that is nested too deeply.
pub(crate) fn too_deep(max_depth: usize) -> String {
    format!("elements nested too deeply: more than {max_depth} levels")
}

fn invalid(text: &str, octet: u8) -> Scan {
    let shown = if octet.is_ascii_graphic() || octet == b' ' {
        char::from(octet).to_string()
    } else {
        format!("\\x{octet:02x}")
    };
    Scan::Invalid(format!("{text}{shown}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_found_however_the_stream_is_cut() {
        let cases: [(&str, usize); 7] = [
            ("{}", 2),
            (" \n[1] rest", 5),
            (r#"{"a":"}\"]\\"}x"#, 14),
            ("# {\n{ /* } * / */ } //", 19),
            ("// a\n{//}\n}", 11),
            ("{\"a\": [ {}, [] ] }{", 18),
            ("/**/{}", 6),
        ];
        for (text, end) in cases {
            for cut in 0..text.len() {
                let mut scanner = Scanner::new();
                let (head, tail) = text.as_bytes().split_at(cut);
                let first = scanner.push(head);
                if cut < end {
                    assert_eq!(first, Scan::NeedMore, "{text} cut at {cut}");
                }
                assert_eq!(scanner.push(tail), Scan::Complete(end), "{text} cut at {cut}");
            }
        }
    }

    #[test]
    fn what_cannot_become_a_command_is_refused_at_once() {
        for (text, why) in [
            ("x", "invalid first character x"),
            (" x", "invalid character x"),
            ("\"a\"", "invalid first character \""),
            ("}", "invalid first character }"),
            ("\u{1}", "invalid first character \\x01"),
            ("{ /x", "invalid characters /x"),
        ] {
            assert_eq!(Scanner::new().push(text.as_bytes()), Scan::Invalid(why.to_owned()), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded_before_the_text_ends() {
        let scan = |text: &str| Scanner::new().max_depth(3).push(text.as_bytes());
        assert_eq!(scan("[[{"), Scan::NeedMore);
        assert_eq!(scan("[[],[],[[]]]"), Scan::Complete(12));
        let refused = Scan::Invalid("elements nested too deeply: more than 3 levels".to_owned());
        assert_eq!(scan("[[{\"a\":["), refused);
        assert_eq!(scan(&"[".repeat(200_000)), refused);
    }

    #[test]
    fn an_ended_scanner_stays_ended() {
        let mut scanner = Scanner::new();
        assert_eq!(scanner.push(b"{}"), Scan::Complete(2));
        assert_eq!(scanner.push(b"{"), Scan::Complete(2));
    }
}
