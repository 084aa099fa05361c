//! Text to tokens, on demand: an error of the grammar is reported before a later one of spelling.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::error::{ExprError, Problem, Span, Spot};

/// One word of the language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token<'t> {
    End,
    /// Between single quotes; no escapes.
    Text(&'t str),
    /// Digits after `0x`.
    Hex(&'t str),
    /// As written, and its value.
    Integer(&'t str, i64),
    Address(IpAddr),
    /// A name before `]`.
    Name(&'t str),
    Word(Word),
}

macro_rules! words {
    ($($name:ident $text:literal),* $(,)?) => {
        /// Keywords and punctuation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Word { $($name),* }

        impl Word {
            const ALL: &[(Self, &'static str)] = &[$((Self::$name, $text)),*];

            pub(crate) fn text(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

words! {
    Equal "==", Option "option", Relay4 "relay4", Relay6 "relay6", PeerAddr "peeraddr", LinkAddr "linkaddr",
    AsText "text", AsHex "hex", Exists "exists", Pkt "pkt", Iface "iface", Src "src", Dst "dst", Len "len",
    Pkt4 "pkt4", Mac "mac", HLen "hlen", HType "htype", CiAddr "ciaddr", GiAddr "giaddr", YiAddr "yiaddr",
    SiAddr "siaddr", Pkt6 "pkt6", MsgType "msgtype", TransId "transid", Vendor "vendor",
    VendorClass "vendor-class", Data "data", Enterprise "enterprise", Substring "substring", LCase "lcase",
    UCase "ucase", Split "split", All "all", Concat "concat", IfElse "ifelse", SIfElse "sifelse",
    HexString "hexstring", AddrToText "addrtotext", Int8ToText "int8totext", Int16ToText "int16totext",
    Int32ToText "int32totext", UInt8ToText "uint8totext", UInt16ToText "uint16totext",
    UInt32ToText "uint32totext", Not "not", And "and", SAnd "sand", Or "or", SOr "sor", Member "member",
    Match "match", Dot ".", Open "(", Close ")", OpenBracket "[", CloseBracket "]", Comma ",", Any "*", Plus "+",
}

impl Token<'_> {
    /// How error texts call it.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::End => "end of file",
            Self::Text(_) => "constant string",
            Self::Hex(_) => "constant hexstring",
            Self::Integer(..) => "integer",
            Self::Address(_) => "ip address",
            Self::Name(_) => "option name",
            Self::Word(Word::Comma) => "\",\"",
            Self::Word(word) => word.text(),
        }
    }
}

pub(crate) struct Lexer<'t> {
    text: &'t str,
    /// Octets of `text` already read.
    at: usize,
    spot: Spot,
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, at: 0, spot: Spot { line: 1, column: 1 } }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// Skips `length` octets of one line.
    fn advance(&mut self, length: usize) {
        self.at = self.at.saturating_add(length);
        self.spot.column = self.spot.column.saturating_add(length);
    }

    fn skip_blanks(&mut self) {
        while let Some(byte) = self.rest().bytes().next() {
            match byte {
                b' ' | b'\t' => self.advance(1),
                b'\n' => {
                    self.at += 1;
                    self.spot = Spot { line: self.spot.line.saturating_add(1), column: 1 };
                }
                _ => break,
            }
        }
    }

    /// The next token and where it stands; [`Token::End`] for ever once the text is used up.
    pub(crate) fn next(&mut self) -> Result<(Token<'t>, Span), ExprError> {
        self.skip_blanks();
        let rest = self.rest();
        let (token, length) = match longest(rest) {
            Some(found) => found,
            None => {
                let Some(character) = rest.chars().next() else {
                    return Ok((Token::End, Span::new(self.spot, 1)));
                };
                return Err(ExprError::new(Span::new(self.spot, 1), Problem::Character(character)));
            }
        };
        let span = Span::new(self.spot, length);
        self.advance(length);
        token.map(|token| (token, span)).map_err(|problem| ExprError::new(span, problem))
    }
}

type Found<'t> = (Result<Token<'t>, Problem>, usize);

/// The longest token at the start of `rest`; of equally long ones the first in the order of the calls.
fn longest(rest: &str) -> Option<Found<'_>> {
    let mut best: Option<Found<'_>> = None;
    let mut reach = 0;
    // A name counts with the blanks and the bracket behind it, which it needs but does not take.
    for (candidate, counted) in
        [quoted(rest), hexadecimal(rest), integer(rest), name(rest), address(rest), word(rest)]
            .into_iter()
            .flatten()
    {
        if counted > reach {
            reach = counted;
            best = Some(candidate);
        }
    }
    best
}

/// A candidate and the length by which candidates compete.
type Candidate<'t> = Option<(Found<'t>, usize)>;

fn plain(token: Token<'_>, length: usize) -> Candidate<'_> {
    Some(((Ok(token), length), length))
}

/// Octets at the start of `text` that satisfy `test`.
fn run(text: &str, test: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| test(*byte)).count()
}

fn quoted(rest: &str) -> Candidate<'_> {
    let inner = rest.strip_prefix('\'')?;
    let length = run(inner, |byte| byte != b'\'' && byte != b'\n');
    let text = inner.get(..length)?;
    inner.get(length..)?.starts_with('\'').then_some(())?;
    plain(Token::Text(text), length + 2)
}

fn hexadecimal(rest: &str) -> Candidate<'_> {
    let digits = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X"))?;
    let length = run(digits, |byte| byte.is_ascii_hexdigit());
    if length == 0 {
        return None;
    }
    plain(Token::Hex(digits.get(..length)?), length + 2)
}

fn integer(rest: &str) -> Candidate<'_> {
    let digits = rest.strip_prefix('-').unwrap_or(rest);
    let count = run(digits, |byte| byte.is_ascii_digit());
    if count == 0 {
        return None;
    }
    let length = rest.len() - digits.len() + count;
    let text = rest.get(..length)?;
    let token = match text.parse() {
        Ok(value) => Ok(Token::Integer(text, value)),
        Err(_) => Err(Problem::Integer(text.to_owned())),
    };
    Some(((token, length), length))
}

fn name(rest: &str) -> Candidate<'_> {
    if !rest.bytes().next()?.is_ascii_alphabetic() {
        return None;
    }
    let length = run(rest, |byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let text = rest.get(..length)?;
    if !text.bytes().next_back()?.is_ascii_alphanumeric() {
        return None;
    }
    let after = rest.get(length..)?;
    let blanks = run(after, |byte| matches!(byte, b' ' | b'\t' | b'\n'));
    after.get(blanks..)?.starts_with(']').then_some(())?;
    Some(((Ok(Token::Name(text)), length), length + blanks + 1))
}

fn address(rest: &str) -> Candidate<'_> {
    let length = length_of_v4(rest).max(length_of_v6(rest));
    if length == 0 {
        return None;
    }
    let text = rest.get(..length)?;
    let value = if text.contains(':') {
        text.parse::<Ipv6Addr>().map(IpAddr::V6)
    } else {
        text.parse::<Ipv4Addr>().map(IpAddr::V4)
    };
    let token = value.map(Token::Address).map_err(|_| Problem::Address(text.to_owned()));
    Some(((token, length), length))
}

/// Length of something that looks like a dotted quad, 0 if nothing does.
fn length_of_v4(rest: &str) -> usize {
    let mut length = 0;
    for group in 0..4 {
        if group > 0 {
            if rest.as_bytes().get(length) != Some(&b'.') {
                return 0;
            }
            length += 1;
        }
        let digits = run(rest.get(length..).unwrap_or(""), |byte| byte.is_ascii_digit());
        if digits == 0 {
            return 0;
        }
        length += digits;
    }
    length
}

/// Length of something that looks like an IPv6 address: it has two colons.
fn length_of_v6(rest: &str) -> usize {
    let mut length = 0;
    for _ in 0..2 {
        length += run(rest.get(length..).unwrap_or(""), |byte| byte.is_ascii_hexdigit());
        if rest.as_bytes().get(length) != Some(&b':') {
            return 0;
        }
        length += 1;
    }
    length
        + run(rest.get(length..).unwrap_or(""), |byte| {
            byte.is_ascii_hexdigit() || byte == b':' || byte == b'.'
        })
}

fn word(rest: &str) -> Candidate<'_> {
    let (word, text) =
        Word::ALL.iter().filter(|(_, text)| rest.starts_with(text)).max_by_key(|(_, text)| text.len())?;
    plain(Token::Word(*word), text.len())
}
