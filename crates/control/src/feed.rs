//! Finds the end of a JSON value in a stream that has no framing.
//!
//! A command over a UNIX socket ends where its outermost bracket closes; Kea answers then, whether or not the client
//! closes its side. The feed only counts brackets (outside strings and comments); the parser judges the rest.

/// What the bytes seen so far amount to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feed {
    /// The value is not complete.
    NeedMore,
    /// The value is complete: this many octets from the start of the stream. What follows is ignored, as in Kea.
    Complete(usize),
    /// It can never become a command.
    Failed(FeedError),
}

/// Why a stream cannot become a command. Texts are Kea's where it has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    #[error("invalid first character {0}")]
    FirstCharacter(char),
    #[error("invalid character {0}")]
    Character(char),
    #[error("fromJSON elements nested too deeply")]
    TooDeep,
    #[error("command of more than {0} octets")]
    TooLong(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the value: blanks and comments.
    Before,
    Inside,
    String,
    Escape,
    /// A `/` that may begin a comment.
    Slash,
    LineComment,
    BlockComment,
    /// A `*` that may end a block comment.
    Star,
    Done,
}

/// The state between two pieces of a stream.
#[derive(Clone, Debug)]
pub struct JsonFeed {
    state: State,
    depth: usize,
    seen: usize,
    any_blank: bool,
    max_depth: usize,
    max_octets: usize,
}

impl JsonFeed {
    #[must_use]
    pub fn new(max_depth: usize, max_octets: usize) -> Self {
        Self { state: State::Before, depth: 0, seen: 0, any_blank: false, max_depth, max_octets }
    }

    /// Octets taken in so far.
    #[must_use]
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// Takes the next piece. After `Complete` or `Failed` the feed is spent.
    pub fn push(&mut self, piece: &[u8]) -> Feed {
        for &octet in piece {
            if self.state == State::Done {
                break;
            }
            if self.seen >= self.max_octets {
                return Feed::Failed(FeedError::TooLong(self.max_octets));
            }
            self.seen += 1;
            if let Err(error) = self.step(octet) {
                return Feed::Failed(error);
            }
        }
        if self.state == State::Done { Feed::Complete(self.seen) } else { Feed::NeedMore }
    }

    fn step(&mut self, octet: u8) -> Result<(), FeedError> {
        let resting = if self.depth == 0 { State::Before } else { State::Inside };
        self.state = match (self.state, octet) {
            (State::Before, b' ' | b'\t' | b'\r' | b'\n') => {
                self.any_blank = true;
                State::Before
            }
            (State::Before | State::Inside, b'#') => State::LineComment,
            (State::Before | State::Inside, b'/') => State::Slash,
            (State::Before | State::Inside, b'{' | b'[') => {
                self.depth += 1;
                if self.depth > self.max_depth {
                    return Err(FeedError::TooDeep);
                }
                State::Inside
            }
            (State::Before, other) if self.any_blank => return Err(FeedError::Character(char::from(other))),
            (State::Before, other) => return Err(FeedError::FirstCharacter(char::from(other))),
            (State::Inside, b'}' | b']') => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 { State::Done } else { State::Inside }
            }
            (State::Inside, b'"') => State::String,
            (State::Inside, _) => State::Inside,
            (State::String, b'\\') => State::Escape,
            (State::String, b'"') => State::Inside,
            (State::String | State::Escape, _) => State::String,
            (State::Slash, b'/') => State::LineComment,
            (State::Slash, b'*') => State::BlockComment,
            (State::Slash, other) if self.depth == 0 => return Err(FeedError::Character(char::from(other))),
            // A lone slash is the parser's to refuse, but the octet after it may be a bracket.
            (State::Slash, _) => {
                self.state = State::Inside;
                return self.step(octet);
            }
            (State::LineComment, b'\n') => {
                self.any_blank = true;
                resting
            }
            (State::LineComment, _) => State::LineComment,
            (State::BlockComment | State::Star, b'*') => State::Star,
            (State::Star, b'/') => {
                self.any_blank = true;
                resting
            }
            (State::BlockComment | State::Star, _) => State::BlockComment,
            (State::Done, _) => State::Done,
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn feed(text: &[u8]) -> Feed {
        JsonFeed::new(100, 1 << 20).push(text)
    }

    #[test]
    fn the_value_ends_where_its_bracket_closes() {
        for (text, length) in [
            (r#"{"command":"foo"}"#, 17),
            (r#"{"command":"foo"} trailing"#, 17),
            ("  \n[]x", 5),
            (r#"{"a":"}"}"#, 9),
            (r#"{"a":"\"}"}"#, 11),
            (r#"{"a":"\\"}}"#, 10),
            ("# } {\n{}", 8),
            ("// {\n{}", 7),
            ("/* { ** / **/ {}", 16),
            ("{ # }\n}", 7),
            ("{ /* } */ }", 11),
            ("{ // }\n}", 8),
            ("[/]", 3),
        ] {
            assert_eq!(feed(text.as_bytes()), Feed::Complete(length), "{text}");
        }
    }

    #[test]
    fn what_is_open_needs_more() {
        for text in ["", " ", "{", "{\"", "{\"}", "{\"\\\"}", "# {}", "{ # }", "{ /* } *", "[[]", "/"] {
            assert_eq!(feed(text.as_bytes()), Feed::NeedMore, "{text}");
        }
    }

    #[test]
    fn what_can_never_be_a_command() {
        let text = |text: &str| match feed(text.as_bytes()) {
            Feed::Failed(error) => error.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(text("abc"), "invalid first character a");
        assert_eq!(text("\"x\""), "invalid first character \"");
        assert_eq!(text(" x"), "invalid character x");
        assert_eq!(text("/x"), "invalid character x");
        assert_eq!(text(&"[".repeat(200_000)), "fromJSON elements nested too deeply");
        assert_eq!(feed("[".repeat(100).as_bytes()), Feed::NeedMore);
        let mut small = JsonFeed::new(10, 4);
        assert_eq!(small.push(b"{   "), Feed::NeedMore);
        assert_eq!(small.push(b"}"), Feed::Failed(FeedError::TooLong(4)));
    }

    proptest! {
        #[test]
        fn cutting_the_stream_changes_nothing(text in r#"[ \n\[\]{}"\\#/*a]{0,60}"#, cuts in prop::collection::vec(0_usize..60, 0..6)) {
            let whole = feed(text.as_bytes());
            let mut pieces = JsonFeed::new(100, 1 << 20);
            let mut at = 0;
            let mut last = Feed::NeedMore;
            let mut cuts = cuts;
            cuts.push(text.len());
            cuts.sort_unstable();
            for cut in cuts {
                let cut = cut.clamp(at, text.len());
                last = pieces.push(&text.as_bytes()[at..cut]);
                at = cut;
                if last != Feed::NeedMore {
                    break;
                }
            }
            prop_assert_eq!(last, whole);
        }

        #[test]
        fn any_octets_are_survived(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = feed(&octets);
        }
    }
}
