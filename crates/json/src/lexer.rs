//! Text to tokens, over a stack of included files.

use std::sync::Arc;

use compact_str::CompactString;

use crate::error::{JsonError, Warning};
use crate::include::Loader;
use crate::run::clean;
use crate::{Dialect, Limits, Pos};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tok {
    OpenMap,
    CloseMap,
    OpenList,
    CloseList,
    Comma,
    Colon,
    Str(CompactString),
    Int(i64),
    BigInt(i128),
    Real(f64),
    Bool(bool),
    Null,
    End,
}

impl Tok {
    /// What Kea's syntax errors call it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::OpenMap => "{",
            Self::CloseMap => "}",
            Self::OpenList => "[",
            Self::CloseList => "]",
            Self::Comma => "\",\"",
            Self::Colon => ":",
            Self::Str(_) => "constant string",
            Self::Int(_) | Self::BigInt(_) => "integer",
            Self::Real(_) => "floating point",
            Self::Bool(_) => "boolean",
            Self::Null => "null",
            Self::End => "end of file",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) tok: Tok,
    pub(crate) pos: Pos,
    /// Characters.
    pub(crate) width: u32,
}

/// One file being read.
struct Source {
    text: Arc<str>,
    /// Octets consumed.
    at: usize,
    line: u32,
    column: u32,
    file: Option<Arc<str>>,
}

impl Source {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at.checked_add(ahead)?).copied()
    }

    fn bump(&mut self) -> Option<u8> {
        let octet = self.peek()?;
        self.at += 1;
        if octet == b'\n' {
            self.line = self.line.saturating_add(1);
            self.column = 1;
        } else if octet & 0xc0 != 0x80 {
            // Continuation octets of UTF-8 are no characters of their own.
            self.column = self.column.saturating_add(1);
        }
        Some(octet)
    }

    fn pos(&self) -> Pos {
        Pos { file: self.file.clone(), line: self.line, column: self.column }
    }

    fn since(&self, start: usize) -> &str {
        self.text.get(start..self.at).unwrap_or("")
    }

    /// Goes to the next quote, backslash or control character.
    fn skip_clean(&mut self) {
        loop {
            let rest = self.text.get(self.at..).unwrap_or("");
            let run = rest.get(..clean(rest.as_bytes())).unwrap_or("");
            self.at += run.len();
            let characters = u32::try_from(run.chars().count()).unwrap_or(u32::MAX);
            self.column = self.column.saturating_add(characters);
            if self.peek() != Some(0x7f) {
                return;
            }
            self.bump();
        }
    }

    fn skip_while(&mut self, pred: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&pred) {
            self.bump();
        }
    }
}

pub(crate) struct Lexer<'a> {
    dialect: Dialect,
    limits: Limits,
    loader: Option<&'a mut dyn Loader>,
    current: Source,
    /// Files that include the current one, outermost first.
    outer: Vec<Source>,
    /// Octets of all files together.
    total: usize,
    pub(crate) warnings: Vec<Warning>,
}

const LONGEST_QUOTE: usize = 64;

impl<'a> Lexer<'a> {
    pub(crate) fn new(
        text: &str,
        file: Option<Arc<str>>,
        dialect: Dialect,
        limits: Limits,
        loader: Option<&'a mut dyn Loader>,
    ) -> Self {
        Self {
            dialect,
            limits,
            loader,
            total: text.len(),
            current: Source { text: Arc::from(text), at: 0, line: 1, column: 1, file },
            outer: Vec::new(),
            warnings: Vec::new(),
        }
    }

    pub(crate) fn error(&self, pos: Pos, width: u32, text: impl Into<String>) -> JsonError {
        JsonError { dialect: self.dialect, pos, width, text: text.into() }
    }

    pub(crate) fn warn(&mut self, pos: Pos, text: &'static str) {
        self.warnings.push(Warning { pos, text });
    }

    fn token(&self, tok: Tok, pos: Pos, start: usize) -> Token {
        let width = self.current.since(start).chars().count();
        Token { tok, pos, width: u32::try_from(width).unwrap_or(u32::MAX) }
    }

    fn error_since(&self, pos: Pos, start: usize, text: impl Into<String>) -> JsonError {
        let width = u32::try_from(self.current.since(start).chars().count()).unwrap_or(u32::MAX);
        self.error(pos, width, text)
    }

    pub(crate) fn next(&mut self) -> Result<Token, JsonError> {
        loop {
            self.current.skip_while(|c| matches!(c, b' ' | b'\t' | b'\r' | b'\n'));
            let pos = self.current.pos();
            let start = self.current.at;
            let Some(octet) = self.current.peek() else {
                if self.leave_include()? {
                    continue;
                }
                return Ok(Token { tok: Tok::End, pos, width: 0 });
            };
            let single = match octet {
                b'#' => {
                    self.current.skip_while(|c| c != b'\n');
                    continue;
                }
                b'/' => {
                    self.comment(&pos)?;
                    continue;
                }
                b'<' if self.dialect == Dialect::Config && self.current.peek_at(1) == Some(b'?') => {
                    self.enter_include(&pos)?;
                    continue;
                }
                b'{' => Some(Tok::OpenMap),
                b'}' => Some(Tok::CloseMap),
                b'[' => Some(Tok::OpenList),
                b']' => Some(Tok::CloseList),
                b',' => Some(Tok::Comma),
                b':' => Some(Tok::Colon),
                _ => None,
            };
            if let Some(tok) = single {
                self.current.bump();
                return Ok(Token { tok, pos, width: 1 });
            }
            let tok = match octet {
                b'"' => Tok::Str(self.string(&pos)?),
                b'0'..=b'9' | b'-' | b'+' | b'.' => self.number(&pos)?,
                b't' | b'T' | b'f' | b'F' | b'n' | b'N' => self.word(&pos)?,
                _ => return Err(self.invalid_character(pos)),
            };
            return Ok(self.token(tok, pos, start));
        }
    }

    fn invalid_character(&self, pos: Pos) -> JsonError {
        let rest = self.current.text.get(self.current.at..).unwrap_or("");
        let shown = rest.chars().next().unwrap_or(' ').escape_debug().to_string();
        let text = match self.dialect {
            Dialect::Config => format!("Invalid character: {}", if shown == "\\\"" { "\"" } else { &shown }),
            Dialect::Command => format!("error: unexpected character {shown}"),
        };
        self.error(pos, 1, text)
    }

    fn comment(&mut self, pos: &Pos) -> Result<(), JsonError> {
        match self.current.peek_at(1) {
            Some(b'/') => {
                self.current.skip_while(|c| c != b'\n');
                Ok(())
            }
            Some(b'*') => {
                self.current.bump();
                self.current.bump();
                loop {
                    match self.current.bump() {
                        Some(b'*') if self.current.peek() == Some(b'/') => {
                            self.current.bump();
                            return Ok(());
                        }
                        Some(_) => {}
                        None => {
                            let text = format!("Comment not closed. (/* in line {}", pos.line);
                            return Err(self.error(pos.clone(), 2, text));
                        }
                    }
                }
            }
            _ => Err(self.invalid_character(pos.clone())),
        }
    }

    /// At `<?`: reads the directive and continues in the file it names.
    fn enter_include(&mut self, pos: &Pos) -> Result<(), JsonError> {
        self.current.bump();
        self.current.bump();
        let blank = |c: u8| matches!(c, b' ' | b'\t' | b'\r' | b'\n');
        self.current.skip_while(blank);
        let word = self.current.at;
        self.current.skip_while(|c| c.is_ascii_alphabetic());
        if self.current.since(word) != "include" {
            return Err(self.error(pos.clone(), 2, "Directive not known, only include is."));
        }
        self.current.skip_while(blank);
        if self.current.peek() != Some(b'"') {
            return Err(self.error(pos.clone(), 2, "Directive without the name of a file in quotes."));
        }
        self.current.bump();
        let name = self.current.at;
        self.current.skip_while(|c| !matches!(c, b'"' | b'\n'));
        let path = self.current.since(name).to_owned();
        if path.is_empty() || self.current.bump() != Some(b'"') {
            return Err(self.error(pos.clone(), 2, "Directive without the name of a file in quotes."));
        }
        if self.outer.len() >= self.limits.max_include_depth {
            return Err(self.error(pos.clone(), 2, "Too many nested include."));
        }
        let Some(loader) = self.loader.as_mut() else {
            return Err(self.error(pos.clone(), 2, "Include of files is not allowed here."));
        };
        let loaded = match loader.load(&path) {
            Ok(loaded) => loaded,
            Err(why) => {
                return Err(self.error(pos.clone(), 2, format!("Can't open include file {path}: {why}")));
            }
        };
        let open = self.outer.iter().chain(std::iter::once(&self.current));
        if open.into_iter().any(|s| s.file.as_deref() == Some(&*loaded.name)) {
            return Err(self.error(pos.clone(), 2, format!("Include loop: {path} includes itself.")));
        }
        self.total = self.total.saturating_add(loaded.text.len());
        if self.total > self.limits.max_bytes {
            return Err(self.error(pos.clone(), 2, too_large(self.limits.max_bytes)));
        }
        let source =
            Source { text: Arc::from(loaded.text), at: 0, line: 1, column: 1, file: Some(loaded.name) };
        self.outer.push(std::mem::replace(&mut self.current, source));
        Ok(())
    }

    /// At the end of a file: back to the one that included it, behind its `?>`. False at the outermost end.
    fn leave_include(&mut self) -> Result<bool, JsonError> {
        let Some(outer) = self.outer.pop() else { return Ok(false) };
        self.current = outer;
        self.current.skip_while(|c| matches!(c, b' ' | b'\t' | b'\r' | b'\n'));
        let pos = self.current.pos();
        if self.current.bump() == Some(b'?') && self.current.bump() == Some(b'>') {
            return Ok(true);
        }
        Err(self.error(pos, 1, "Directive not closed."))
    }

    fn word(&mut self, pos: &Pos) -> Result<Tok, JsonError> {
        let start = self.current.at;
        if self.dialect == Dialect::Command {
            self.current.skip_while(|c| c.is_ascii_alphabetic());
            return match self.current.since(start) {
                "true" => Ok(Tok::Bool(true)),
                "false" => Ok(Tok::Bool(false)),
                "null" => Ok(Tok::Null),
                other => {
                    let what = match other.as_bytes().first() {
                        Some(b'n') => format!("Bad null value: {}", quote(other)),
                        Some(b't' | b'f') => format!("Bad boolean value: {}", quote(other)),
                        _ => format!("error: unexpected character {}", other.chars().next().unwrap_or(' ')),
                    };
                    Err(self.error_since(pos.clone(), start, what))
                }
            };
        }
        let rest = self.current.text.get(start..).unwrap_or("");
        for (word, tok) in [("true", Tok::Bool(true)), ("false", Tok::Bool(false)), ("null", Tok::Null)] {
            let Some(written) = rest.get(..word.len()) else { continue };
            if written.eq_ignore_ascii_case(word) {
                let exact = written == word;
                for _ in 0..word.len() {
                    self.current.bump();
                }
                return if exact {
                    Ok(tok)
                } else {
                    let text = format!("JSON {word} reserved keyword is lower case only");
                    Err(self.error_since(pos.clone(), start, text))
                };
            }
        }
        Err(self.invalid_character(pos.clone()))
    }

    fn number(&mut self, pos: &Pos) -> Result<Tok, JsonError> {
        let start = self.current.at;
        if self.dialect == Dialect::Command {
            if self.current.peek() == Some(b'+') {
                return Err(self.invalid_character(pos.clone()));
            }
            self.current.skip_while(|c| matches!(c, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
            return self.command_number(pos, start);
        }
        let signed = matches!(self.current.peek(), Some(b'-' | b'+'));
        let plus = self.current.peek() == Some(b'+');
        if signed {
            self.current.bump();
        }
        let digits = self.current.at;
        self.current.skip_while(|c| c.is_ascii_digit());
        let leading_zero = {
            let run = self.current.since(digits);
            run.len() > 1 && run.starts_with('0')
        };
        let mut real = self.current.at == digits;
        if self.current.peek() == Some(b'.') {
            real = true;
            self.current.bump();
            self.current.skip_while(|c| c.is_ascii_digit());
        }
        if matches!(self.current.peek(), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.current.peek_at(1), Some(b'+' | b'-')));
            if self.current.peek_at(1 + sign).is_some_and(|c| c.is_ascii_digit()) {
                real = true;
                for _ in 0..=sign {
                    self.current.bump();
                }
                self.current.skip_while(|c| c.is_ascii_digit());
            }
        }
        let text = self.current.since(start).to_owned();
        if plus {
            return Err(self.error_since(
                pos.clone(),
                start,
                format!("Deprecated plus sign in {} number.", quote(&text)),
            ));
        }
        if real {
            let value = text.parse::<f64>().ok().filter(|v| v.is_finite()).ok_or_else(|| {
                let why = format!("Failed to convert {} to a floating point.", quote(&text));
                self.error_since(pos.clone(), start, why)
            })?;
            if leading_zero {
                self.warn(pos.clone(), "leading zeros in numbers will be deprecated.");
            }
            return Ok(Tok::Real(value));
        }
        let value = text.parse::<i64>().map_err(|_| {
            let why = format!("Failed to convert {} to an integer.", quote(&text));
            self.error_since(pos.clone(), start, why)
        })?;
        if leading_zero {
            self.warn(pos.clone(), "leading zeros in integers will be deprecated.");
        }
        Ok(Tok::Int(value))
    }

    fn command_number(&self, pos: &Pos, start: usize) -> Result<Tok, JsonError> {
        let text = self.current.since(start);
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let mut head = unsigned.bytes();
        if head.next() == Some(b'0') && head.next().is_some_and(|c| c.is_ascii_digit()) {
            let why = format!("Illegal leading zeros in '{}'", quote(text));
            return Err(self.error_since(pos.clone(), start, why));
        }
        let overflow = || self.error_since(pos.clone(), start, format!("Number overflow: {}", quote(text)));
        if text.contains(['.', 'e', 'E']) {
            return text.parse::<f64>().ok().filter(|v| v.is_finite()).map(Tok::Real).ok_or_else(overflow);
        }
        if let Ok(value) = text.parse::<i64>() {
            return Ok(Tok::Int(value));
        }
        text.parse::<i128>().map(Tok::BigInt).map_err(|_| overflow())
    }

    /// At the opening quote.
    fn string(&mut self, pos: &Pos) -> Result<CompactString, JsonError> {
        let start = self.current.at;
        self.current.bump();
        let run = self.current.at;
        self.current.skip_clean();
        // Nearly all strings have no escape: one copy.
        if self.current.peek() == Some(b'"') {
            let text = self.current.since(run).into();
            self.current.bump();
            return Ok(text);
        }
        let mut octets = self.current.since(run).as_bytes().to_vec();
        loop {
            let run = self.current.at;
            self.current.skip_clean();
            octets.extend_from_slice(self.current.since(run).as_bytes());
            match self.current.bump() {
                None => return Err(self.unterminated(pos)),
                Some(b'"') => return Ok(decode(octets).into()),
                Some(b'\\') => self.escape(pos, start, &mut octets)?,
                Some(control) if self.dialect == Dialect::Command => octets.push(control),
                Some(_) => {
                    // A line break in a string is nearly always a forgotten quote: the error must end in this line.
                    let literal = quote(self.current.since(start).trim_end_matches('\n'));
                    return Err(self.error(pos.clone(), 1, format!("Invalid control in {literal}")));
                }
            }
        }
    }

    fn unterminated(&self, pos: &Pos) -> JsonError {
        match self.dialect {
            Dialect::Config => self.error(pos.clone(), 1, "Invalid character: \""),
            Dialect::Command => self.error(self.current.pos(), 1, "Unterminated string"),
        }
    }

    /// Behind a backslash.
    fn escape(&mut self, pos: &Pos, start: usize, octets: &mut Vec<u8>) -> Result<(), JsonError> {
        let octet = match self.current.bump() {
            None => return Err(self.unterminated(pos)),
            Some(c @ (b'"' | b'\\' | b'/')) => c,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => return self.unicode_escape(pos, start, octets),
            Some(_) => return Err(self.bad_escape(pos, start, "Bad escape")),
        };
        octets.push(octet);
        Ok(())
    }

    fn unicode_escape(&mut self, pos: &Pos, start: usize, octets: &mut Vec<u8>) -> Result<(), JsonError> {
        let from = self.current.at;
        while self.current.at < from + 4 && self.current.peek().is_some_and(|c| c.is_ascii_hexdigit()) {
            self.current.bump();
        }
        let digits = self.current.since(from);
        let Ok(value) = u16::from_str_radix(digits, 16) else {
            return Err(self.bad_escape(pos, start, "Bad escape"));
        };
        if digits.len() < 4 {
            let what =
                if self.current.peek() == Some(b'"') { "Overflow unicode escape" } else { "Bad escape" };
            return Err(self.bad_escape(pos, start, what));
        }
        let Ok(octet) = u8::try_from(value) else {
            return Err(self.bad_escape(pos, start, "Unsupported unicode escape"));
        };
        octets.push(octet);
        Ok(())
    }

    fn bad_escape(&self, pos: &Pos, start: usize, what: &str) -> JsonError {
        match self.dialect {
            Dialect::Config => {
                let literal = quote(self.current.since(start));
                self.error_since(pos.clone(), start, format!("{what} in {literal}"))
            }
            Dialect::Command => self.error(self.current.pos(), 1, what),
        }
    }
}

/// What a string's octets mean: UTF-8, and Latin-1 where they are not. Escapes stand for octets, not characters:
/// Kea prints the two octets of `é` as `\u00c3\u00a9`, and a lone `\u00e9` can only have meant the letter.
fn decode(octets: Vec<u8>) -> String {
    String::from_utf8(octets).unwrap_or_else(|not_utf8| {
        let mut text = String::new();
        for chunk in not_utf8.as_bytes().utf8_chunks() {
            text.push_str(chunk.valid());
            text.extend(chunk.invalid().iter().map(|octet| char::from(*octet)));
        }
        text
    })
}

/// Part of the text for an error, cut to a bearable length.
fn quote(text: &str) -> String {
    match text.char_indices().nth(LONGEST_QUOTE) {
        Some((cut, _)) => format!("{}...", text.get(..cut).unwrap_or("")),
        None => text.to_owned(),
    }
}

pub(crate) fn too_large(max: usize) -> String {
    format!("the text is larger than {max} octets")
}
