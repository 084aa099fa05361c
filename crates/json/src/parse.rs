//! Tokens to the tree.

use std::sync::Arc;

use compact_str::CompactString;

use crate::error::{JsonError, Warning};
use crate::include::Loader;
use crate::lexer::{Lexer, Tok, Token, too_large};
use crate::map::Members;
use crate::value::Extent;
use crate::{Kind, Map, Pos, Value};

/// Which texts are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Configuration files: comments, includes, trailing commas (with a warning), 64-bit integers, a name at most
    /// once in a map.
    Config,
    /// Commands: comments; no includes; a trailing comma only in lists; integers beyond 64 bits; of several members
    /// with one name the last counts, as in Kea.
    Command,
}

/// Bounds that keep a hostile text from using up memory or stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Lists and maps inside each other; never more than 1000 whatever is asked.
    pub max_depth: usize,
    /// Octets of the text and all its includes.
    pub max_bytes: usize,
    /// Files including each other.
    pub max_include_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_depth: 100, max_bytes: 256 << 20, max_include_depth: 10 }
    }
}

/// A tree and what was odd about its text.
#[derive(Clone, Debug)]
pub struct Parsed {
    pub value: Value,
    pub warnings: Vec<Warning>,
}

/// A parser with its settings.
pub struct Parser<'a> {
    dialect: Dialect,
    source: Option<Arc<str>>,
    limits: Limits,
    loader: Option<&'a mut dyn Loader>,
}

impl<'a> Parser<'a> {
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, source: None, limits: Limits::default(), loader: None }
    }

    /// Name for positions; without one they read `<string>`.
    #[must_use]
    pub fn source(mut self, source: impl Into<Option<Arc<str>>>) -> Self {
        self.source = source.into();
        self
    }

    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Where includes come from; without one they are refused.
    #[must_use]
    pub fn loader(mut self, loader: &'a mut dyn Loader) -> Self {
        self.loader = Some(loader);
        self
    }

    /// Reads one value that fills the whole text.
    pub fn parse(self, text: &str) -> Result<Parsed, JsonError> {
        let pos = Pos { file: self.source.clone(), line: 1, column: 1 };
        if text.len() > self.limits.max_bytes {
            let text = too_large(self.limits.max_bytes);
            return Err(JsonError { dialect: self.dialect, pos, width: 0, text });
        }
        let limits = Limits { max_depth: self.limits.max_depth.min(1000), ..self.limits };
        let lexer = Lexer::new(text, self.source, self.dialect, limits, self.loader);
        Builder { lexer, dialect: self.dialect, max_depth: limits.max_depth, open: Vec::new() }.run()
    }

    /// As [`parse`](Self::parse), for octets that may not be UTF-8. Old configurations have comments, and even texts, in
    /// ISO 8859-1: they are read so, with a warning. Commands are refused.
    pub fn parse_bytes(self, octets: &[u8]) -> Result<Parsed, JsonError> {
        match std::str::from_utf8(octets) {
            Ok(text) => self.parse(text),
            Err(error) => {
                let valid = octets.get(..error.valid_up_to()).unwrap_or(&[]);
                let line = valid.iter().filter(|c| **c == b'\n').count() + 1;
                let column = valid.iter().rev().take_while(|c| **c != b'\n').count() + 1;
                let pos = Pos {
                    file: self.source.clone(),
                    line: u32::try_from(line).unwrap_or(u32::MAX),
                    column: u32::try_from(column).unwrap_or(u32::MAX),
                };
                if self.dialect == Dialect::Config {
                    let mut parsed = self.parse(&from_latin1(octets))?;
                    let text = "the text is not UTF-8 here: read as ISO 8859-1";
                    parsed.warnings.insert(0, Warning { pos, text });
                    return Ok(parsed);
                }
                let text = "the text is not UTF-8".to_owned();
                Err(JsonError { dialect: self.dialect, pos, width: 1, text })
            }
        }
    }
}

/// A text in UTF-8, where octets that are not are characters of ISO 8859-1.
pub(crate) fn from_latin1(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|octet| char::from(*octet)));
    }
    text
}

/// A configuration text without includes.
pub fn parse(text: &str, source: Option<Arc<str>>, limits: Limits) -> Result<Parsed, JsonError> {
    Parser::new(Dialect::Config).source(source).limits(limits).parse(text)
}

/// A command or an answer.
pub fn parse_command(octets: &[u8], limits: Limits) -> Result<Value, JsonError> {
    let wire: Arc<str> = Arc::from("<wire>");
    Ok(Parser::new(Dialect::Command).source(wire).limits(limits).parse_bytes(octets)?.value)
}

/// A list or map whose end was not seen yet.
enum Open {
    List {
        values: Vec<Value>,
        pos: Pos,
        extent: Extent,
    },
    Map {
        members: Members,
        pos: Pos,
        extent: Extent,
        /// Name and its position, while its value is awaited.
        key: (CompactString, Pos),
    },
}

/// The containers that are open stand on a stack of our own, not on that of the thread.
struct Builder<'a> {
    lexer: Lexer<'a>,
    dialect: Dialect,
    max_depth: usize,
    open: Vec<Open>,
}

impl Builder<'_> {
    fn run(mut self) -> Result<Parsed, JsonError> {
        let mut token = self.lexer.next()?;
        let value = loop {
            // `token` begins a value here.
            let extent = self.extent(&token);
            let pos = token.pos.clone();
            let kind = match token.tok {
                Tok::OpenMap => {
                    self.check_depth(&token)?;
                    token = self.lexer.next()?;
                    if token.tok != Tok::CloseMap {
                        self.open.push(Open::Map {
                            members: Members::default(),
                            pos,
                            extent,
                            key: Default::default(),
                        });
                        token = self.key(token)?;
                        continue;
                    }
                    Kind::Map(Map::new())
                }
                Tok::OpenList => {
                    self.check_depth(&token)?;
                    token = self.lexer.next()?;
                    if token.tok != Tok::CloseList {
                        self.open.push(Open::List { values: Vec::new(), pos, extent });
                        continue;
                    }
                    Kind::List(Vec::new())
                }
                Tok::Str(text) => Kind::Str(text),
                Tok::Int(value) => Kind::Int(value),
                Tok::BigInt(value) => Kind::BigInt(Box::new(value)),
                Tok::Real(value) => Kind::Real(value),
                Tok::Bool(value) => Kind::Bool(value),
                Tok::Null => Kind::Null,
                Tok::CloseMap | Tok::CloseList | Tok::Comma | Tok::Colon | Tok::End => {
                    return Err(self.unexpected(&token, ""));
                }
            };
            match self.place(Value::with_extent(kind, &pos, extent))? {
                Placed::Whole(value) => break value,
                Placed::Next(next) => token = next,
            }
        };
        let token = self.lexer.next()?;
        if token.tok != Tok::End {
            return Err(match self.dialect {
                Dialect::Config => self.unexpected(&token, "end of file"),
                Dialect::Command => self.lexer.error(token.pos, token.width, "Extra data"),
            });
        }
        Ok(Parsed { value, warnings: self.lexer.warnings })
    }

    /// Puts a value where it belongs and closes the containers that it completes.
    fn place(&mut self, mut value: Value) -> Result<Placed, JsonError> {
        while let Some(open) = self.open.pop() {
            match self.put(open, value)? {
                Put::Closed(closed) => value = closed,
                Put::Next(open, next) => {
                    self.open.push(open);
                    return Ok(Placed::Next(next));
                }
            }
        }
        Ok(Placed::Whole(value))
    }

    fn extent(&self, token: &Token) -> Extent {
        let width = match token.tok {
            Tok::OpenMap | Tok::OpenList => 0,
            _ => u16::try_from(token.width).unwrap_or(u16::MAX),
        };
        match self.open.last() {
            Some(Open::Map { key: (_, pos), .. }) if pos.file == token.pos.file => Extent {
                key_column: pos.column,
                key_lines_up: token.pos.line.saturating_sub(pos.line),
                width,
            },
            _ => Extent { key_column: 0, key_lines_up: 0, width },
        }
    }

    fn check_depth(&self, token: &Token) -> Result<(), JsonError> {
        if self.open.len() < self.max_depth {
            return Ok(());
        }
        let text = crate::scanner::too_deep(self.max_depth);
        Err(self.lexer.error(token.pos.clone(), token.width, text))
    }

    /// `token` must be a name and `:` follow; gives the first token of the value.
    fn key(&mut self, token: Token) -> Result<Token, JsonError> {
        let (name, pos) = match token.tok {
            Tok::Str(name) => (name, token.pos),
            _ if self.dialect == Dialect::Command => {
                return Err(self.lexer.error(token.pos, token.width, "String expected"));
            }
            _ => return Err(self.unexpected(&token, "constant string")),
        };
        if let Some(Open::Map { members, key, .. }) = self.open.last_mut() {
            if self.dialect == Dialect::Config
                && let Some(previous) = members.get(&name)
            {
                let previous = previous.key_pos();
                let map = self.map_name();
                let text = format!("duplicate {name} entries in {map} map (previous at {previous})");
                return Err(self.lexer.error(pos, token.width, text));
            }
            *key = (name, pos);
        }
        let colon = self.lexer.next()?;
        if colon.tok != Tok::Colon {
            return Err(self.unexpected(&colon, ":"));
        }
        self.lexer.next()
    }

    /// The name of the member that holds the innermost open map, be it in a list.
    fn map_name(&self) -> &str {
        let outer = self.open.iter().rev().skip(1);
        let name = outer
            .filter_map(|open| if let Open::Map { key, .. } = open { Some(key.0.as_str()) } else { None });
        name.into_iter().next().unwrap_or("toplevel")
    }

    /// Adds a value to its container and reads what follows.
    fn put(&mut self, open: Open, value: Value) -> Result<Put, JsonError> {
        match open {
            Open::List { mut values, pos, extent } => {
                values.push(value);
                let close = |mut values: Vec<Value>| {
                    values.shrink_to_fit();
                    Put::Closed(Value::with_extent(Kind::List(values), &pos, extent))
                };
                let token = self.lexer.next()?;
                match token.tok {
                    Tok::CloseList => return Ok(close(values)),
                    Tok::Comma => {}
                    _ => return Err(self.unexpected(&token, "\",\" or ]")),
                }
                let next = self.lexer.next()?;
                if next.tok == Tok::CloseList {
                    self.extra_comma(token.pos);
                    return Ok(close(values));
                }
                Ok(Put::Next(Open::List { values, pos, extent }, next))
            }
            Open::Map { mut members, pos, extent, key } => {
                members.push(&key.0, value);
                let close = |members: Members| {
                    Put::Closed(Value::with_extent(Kind::Map(members.into()), &pos, extent))
                };
                let token = self.lexer.next()?;
                match token.tok {
                    Tok::CloseMap => return Ok(close(members)),
                    Tok::Comma => {}
                    _ => return Err(self.unexpected(&token, "\",\" or }")),
                }
                let next = self.lexer.next()?;
                if next.tok == Tok::CloseMap && self.dialect == Dialect::Config {
                    self.extra_comma(token.pos);
                    return Ok(close(members));
                }
                self.open.push(Open::Map { members, pos, extent, key: Default::default() });
                let next = self.key(next)?;
                match self.open.pop() {
                    Some(open) => Ok(Put::Next(open, next)),
                    None => Err(self.unexpected(&next, "")),
                }
            }
        }
    }

    fn extra_comma(&mut self, pos: Pos) {
        if self.dialect == Dialect::Config {
            self.lexer.warn(pos, "Extraneous comma. A piece of configuration may have been omitted.");
        }
    }

    fn unexpected(&self, token: &Token, expected: &str) -> JsonError {
        let mut text = format!("syntax error, unexpected {}", token.tok.name());
        if !expected.is_empty() {
            text.push_str(", expecting ");
            text.push_str(expected);
        }
        self.lexer.error(token.pos.clone(), token.width, text)
    }
}

enum Placed {
    /// The value is the outermost one.
    Whole(Value),
    /// The next value begins with this token.
    Next(Token),
}

enum Put {
    /// The container is whole; it is a value itself.
    Closed(Value),
    /// The container goes on with a value that begins with this token.
    Next(Open, Token),
}
