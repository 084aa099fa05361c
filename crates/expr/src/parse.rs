//! Tokens to the typed trees: precedence climbing, with a bound on nesting.
//!
//! Loosest to tightest: `sor`, `or`, `sand`, `and`, `not`, `==`, `+`. All associate to the left. The lists of what
//! was expected are those that Kea's parser prints: at most four, in the order of its tokens.

use std::net::IpAddr;

use base::Family;

use crate::error::{ExprError, Problem, Span};
use crate::eval;
use crate::lexer::{Lexer, Token, Word};
use crate::names::{ClassId, Names};
use crate::path::{OptionRef, RELAY_AGENT};
use crate::regexp;
use crate::tree::{Bool, Field, IntegerKind, Join, Relay6Field, Str, VendorKind};
use crate::value::Octets;

/// Parentheses, functions and the like inside each other.
pub(crate) const MAX_DEPTH: usize = 128;

/// An operand before its use is known.
enum Node {
    Bool(Bool),
    Str(Str),
}

/// What may stand at a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    String,
    Either,
}

pub(crate) struct Parser<'t, 'n> {
    lexer: Lexer<'t>,
    peeked: Option<(Token<'t>, Span)>,
    family: Family,
    names: &'n mut dyn Names,
    depth: usize,
    pub(crate) classes: Vec<ClassId>,
}

type Expected = &'static [&'static str];

const AFTER_STRING: Expected = &["==", "+"];
const AFTER_STRING_IN_PARENTHESES: Expected = &[")", "==", "+"];
const NEXT_ARGUMENT: Expected = &["\",\"", "+"];
const LAST_ARGUMENT: Expected = &[")", "+"];
/// More than four: Kea prints none.
const MANY: Expected = &[];

impl<'t, 'n> Parser<'t, 'n> {
    pub(crate) fn new(text: &'t str, family: Family, names: &'n mut dyn Names) -> Self {
        Self { lexer: Lexer::new(text), peeked: None, family, names, depth: 0, classes: Vec::new() }
    }

    pub(crate) fn whole_bool(&mut self) -> Result<Bool, ExprError> {
        let value = self.boolean()?;
        self.end()?;
        Ok(value)
    }

    pub(crate) fn whole_string(&mut self) -> Result<Str, ExprError> {
        let value = self.string()?;
        self.end()?;
        Ok(value)
    }

    fn end(&mut self) -> Result<(), ExprError> {
        match self.peek()? {
            Token::End => Ok(()),
            _ => Err(self.unexpected(&["end of file"])),
        }
    }

    // Tokens.

    fn peek(&mut self) -> Result<&Token<'t>, ExprError> {
        let next = match self.peeked.take() {
            Some(next) => next,
            None => self.lexer.next()?,
        };
        Ok(&self.peeked.insert(next).0)
    }

    fn take(&mut self) -> Result<(Token<'t>, Span), ExprError> {
        match self.peeked.take() {
            Some(next) => Ok(next),
            None => self.lexer.next(),
        }
    }

    fn next_is(&mut self, word: Word) -> Result<bool, ExprError> {
        Ok(*self.peek()? == Token::Word(word))
    }

    /// Takes the word if it is next.
    fn eat(&mut self, word: Word) -> Result<bool, ExprError> {
        let there = self.next_is(word)?;
        if there {
            self.peeked = None;
        }
        Ok(there)
    }

    fn expect(&mut self, word: Word, expected: Expected) -> Result<(), ExprError> {
        if self.eat(word)? { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    /// The error for the next token; an error of its spelling comes first.
    fn unexpected(&mut self, expected: Expected) -> ExprError {
        match self.take() {
            Ok((token, span)) => ExprError::new(span, Problem::Syntax { found: token.describe(), expected }),
            Err(error) => error,
        }
    }

    /// The word next, of a closed choice.
    fn choice<T: Copy>(&mut self, choices: &[(Word, T)], expected: Expected) -> Result<T, ExprError> {
        let chosen = match self.peek()? {
            Token::Word(word) => choices.iter().find(|(known, _)| known == word).map(|(_, value)| *value),
            _ => None,
        };
        match chosen {
            Some(value) => {
                self.peeked = None;
                Ok(value)
            }
            None => Err(self.unexpected(expected)),
        }
    }

    fn integer(&mut self, expected: Expected) -> Result<(&'t str, i64, Span), ExprError> {
        if let Token::Integer(text, value) = *self.peek()? {
            let (_, span) = self.take()?;
            return Ok((text, value, span));
        }
        Err(self.unexpected(expected))
    }

    fn number_below<T: TryFrom<i64>>(
        &mut self,
        expected: Expected,
        range: &'static str,
    ) -> Result<T, ExprError> {
        let (text, value, span) = self.integer(expected)?;
        value.try_into().map_err(|_| ExprError::new(span, Problem::Range { text: text.to_owned(), range }))
    }

    fn quoted(&mut self) -> Result<(&'t str, Span), ExprError> {
        if let Token::Text(text) = *self.peek()? {
            let (_, span) = self.take()?;
            return Ok((text, span));
        }
        Err(self.unexpected(&["constant string"]))
    }

    /// Runs `inside` one level deeper.
    fn nested<T>(&mut self, inside: impl FnOnce(&mut Self) -> Result<T, ExprError>) -> Result<T, ExprError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let (_, span) = self.take()?;
            return Err(ExprError::new(span, Problem::Depth(MAX_DEPTH)));
        }
        let value = inside(self)?;
        self.depth -= 1;
        Ok(value)
    }

    // Booleans.

    fn boolean(&mut self) -> Result<Bool, ExprError> {
        match self.joined(Join::StrictOr, false)? {
            Node::Bool(value) => Ok(value),
            Node::Str(_) => Err(self.unexpected(AFTER_STRING)),
        }
    }

    /// Operands joined by operators that bind at least as tightly as `loosest`. With `group` (just after an opening
    /// parenthesis) a single string is fine too.
    fn joined(&mut self, loosest: Join, group: bool) -> Result<Node, ExprError> {
        let mut left = match self.operand(group)? {
            Node::Bool(value) => value,
            string => return Ok(string),
        };
        loop {
            let (operator, tighter) = match self.peek()? {
                Token::Word(Word::SOr) => (Join::StrictOr, Some(Join::Or)),
                Token::Word(Word::Or) => (Join::Or, Some(Join::StrictAnd)),
                Token::Word(Word::SAnd) => (Join::StrictAnd, Some(Join::And)),
                Token::Word(Word::And) => (Join::And, None),
                _ => break,
            };
            if operator < loosest {
                break;
            }
            self.peeked = None;
            let right = match tighter {
                Some(tighter) => self.joined(tighter, false)?,
                None => self.operand(false)?,
            };
            let Node::Bool(right) = right else { return Err(self.unexpected(AFTER_STRING)) };
            left = Bool::join(operator, left, right);
        }
        Ok(Node::Bool(left))
    }

    fn operand(&mut self, group: bool) -> Result<Node, ExprError> {
        let mut negated = false;
        let mut group = group;
        while self.eat(Word::Not)? {
            negated = !negated;
            group = false;
        }
        let first = if self.eat(Word::Open)? {
            let inner = self.nested(|this| this.joined(Join::StrictOr, true))?;
            self.expect(Word::Close, MANY)?;
            inner
        } else {
            self.primary(Want::Either)?
        };
        let value = match first {
            Node::Bool(value) => value,
            Node::Str(first) => {
                let left = self.sum(first)?;
                if self.eat(Word::Equal)? {
                    Bool::equal(left, self.string()?)
                } else if group && self.next_is(Word::Close)? {
                    return Ok(Node::Str(left));
                } else {
                    return Err(self.unexpected(if group {
                        AFTER_STRING_IN_PARENTHESES
                    } else {
                        AFTER_STRING
                    }));
                }
            }
        };
        Ok(Node::Bool(if negated { value.negated() } else { value }))
    }

    // Strings.

    fn string(&mut self) -> Result<Str, ExprError> {
        let first = self.string_operand()?;
        self.sum(first)
    }

    fn string_operand(&mut self) -> Result<Str, ExprError> {
        if self.eat(Word::Open)? {
            let inner = self.nested(Self::string)?;
            self.expect(Word::Close, LAST_ARGUMENT)?;
            return Ok(inner);
        }
        match self.primary(Want::String)? {
            Node::Str(value) => Ok(value),
            Node::Bool(_) => Err(self.unexpected(MANY)),
        }
    }

    /// The rest of `first + ...`.
    fn sum(&mut self, first: Str) -> Result<Str, ExprError> {
        if !self.next_is(Word::Plus)? {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.eat(Word::Plus)? {
            parts.push(self.string_operand()?);
        }
        Ok(Str::concat(parts))
    }

    /// Anything without an operator outside of parentheses.
    fn primary(&mut self, want: Want) -> Result<Node, ExprError> {
        match self.peek()? {
            Token::Text(_) | Token::Hex(_) | Token::Integer(..) | Token::Address(_) => {
                self.literal().map(Node::Str)
            }
            Token::Word(word) => match (*word, want) {
                (Word::Member, Want::Either) => self.member().map(Node::Bool),
                (Word::Match, Want::Either) => self.regex_match().map(Node::Bool),
                (Word::Option, _) => self.option(want),
                (Word::Relay4, _) => self.relay4(want),
                (Word::Relay6, _) => self.relay6(want),
                (Word::Vendor, _) => self.vendor(want),
                (Word::VendorClass, _) => self.vendor_class(want),
                (Word::Pkt | Word::Pkt4 | Word::Pkt6, _) => self.packet().map(Node::Str),
                (function, _) => self.function(function).map(Node::Str),
            },
            Token::End | Token::Name(_) => Err(self.unexpected(MANY)),
        }
    }

    fn literal(&mut self) -> Result<Str, ExprError> {
        let (token, span) = self.take()?;
        Ok(match token {
            Token::Text(text) => Str::constant(text.as_bytes()),
            Token::Hex(digits) => {
                let octets = base::decode_hex(digits)
                    .map_err(|_| ExprError::new(span, Problem::Integer(digits.to_owned())))?;
                Str::constant(&octets)
            }
            Token::Integer(text, value) => {
                let value = u32::try_from(value).map_err(|_| {
                    ExprError::new(span, Problem::Range { text: text.to_owned(), range: "0..4294967295" })
                })?;
                Str::constant(&value.to_be_bytes())
            }
            Token::Address(IpAddr::V4(address)) => Str::constant(&address.octets()),
            Token::Address(IpAddr::V6(address)) => Str::constant(&address.octets()),
            other => {
                return Err(ExprError::new(
                    span,
                    Problem::Syntax { found: other.describe(), expected: MANY },
                ));
            }
        })
    }

    fn member(&mut self) -> Result<Bool, ExprError> {
        self.peeked = None;
        self.expect(Word::Open, &["("])?;
        let (name, span) = self.quoted()?;
        self.expect(Word::Close, &[")"])?;
        let class =
            self.names.class(name).ok_or_else(|| ExprError::new(span, Problem::Class(name.to_owned())))?;
        if !self.classes.contains(&class) {
            self.classes.push(class);
        }
        Ok(Bool::Member(class))
    }

    fn regex_match(&mut self) -> Result<Bool, ExprError> {
        self.peeked = None;
        self.expect(Word::Open, &["("])?;
        let (text, span) = self.quoted()?;
        self.expect(Word::Comma, &["\",\""])?;
        let value = self.nested(Self::string)?;
        self.expect(Word::Close, LAST_ARGUMENT)?;
        let regex = regexp::compile(text).map_err(|problem| ExprError::new(span, problem))?;
        Ok(match value {
            Str::Const(octets) => Bool::Const(regex.is_match(&octets)),
            value => Bool::Match(Box::new((regex, value))),
        })
    }

    // Options.

    fn option_code(&mut self, named: bool) -> Result<u16, ExprError> {
        if let (true, Token::Name(name)) = (named, self.peek()?.clone()) {
            let (_, span) = self.take()?;
            let space = options::OptionSpace::top(self.family);
            return match self.names.definitions().by_name(space.as_str(), name) {
                Some(definition) => Ok(definition.code),
                None => Err(ExprError::new(span, Problem::OptionName(name.to_owned()))),
            };
        }
        let (text, value, span) =
            self.integer(if named { &["integer", "option name"] } else { &["integer"] })?;
        let max = options::OptionDef::max_code(self.family);
        u16::try_from(value)
            .ok()
            .filter(|code| *code <= max)
            .ok_or_else(|| ExprError::new(span, Problem::OptionCode { text: text.to_owned(), max }))
    }

    /// `[code]`
    fn bracketed_code(&mut self, named: bool) -> Result<u16, ExprError> {
        self.expect(Word::OpenBracket, &["["])?;
        let code = self.option_code(named)?;
        self.expect(Word::CloseBracket, &["]"])?;
        Ok(code)
    }

    fn family_check(&self, span: Span, family: Family, what: &'static str) -> Result<(), ExprError> {
        if self.family == family {
            return Ok(());
        }
        let family = if family == Family::V4 { "DHCPv4" } else { "DHCPv6" };
        Err(ExprError::new(span, Problem::Family { what, family }))
    }

    fn option(&mut self, want: Want) -> Result<Node, ExprError> {
        self.peeked = None;
        let code = self.bracketed_code(true)?;
        let option = OptionRef::option(self.names.definitions(), self.family, code);
        self.chain(option, want)
    }

    fn relay4(&mut self, want: Want) -> Result<Node, ExprError> {
        let (_, span) = self.take()?;
        let code = self.bracketed_code(false)?;
        self.family_check(span, Family::V4, "relay4")?;
        let mut option = OptionRef::option(self.names.definitions(), self.family, RELAY_AGENT);
        option.descend(code);
        self.chain(option, want)
    }

    fn relay6(&mut self, want: Want) -> Result<Node, ExprError> {
        self.peeked = None;
        self.expect(Word::OpenBracket, &["["])?;
        let (text, value, span) = self.integer(&["integer"])?;
        if self.family == Family::V4 {
            return Err(ExprError::new(span, Problem::NestLevelFamily));
        }
        let level = i8::try_from(value).ok().filter(|level| (-32..=31).contains(level));
        let level = level.ok_or_else(|| ExprError::new(span, Problem::NestLevel(text.to_owned())))?;
        self.expect(Word::CloseBracket, &["]"])?;
        self.expect(Word::Dot, &["."])?;
        let field = self.choice(
            &[
                (Word::Option, None),
                (Word::PeerAddr, Some(Relay6Field::Peer)),
                (Word::LinkAddr, Some(Relay6Field::Link)),
            ],
            &["option", "peeraddr", "linkaddr"],
        )?;
        if let Some(field) = field {
            return Ok(Node::Str(Str::Relay6(field, level)));
        }
        let code = self.bracketed_code(true)?;
        let option = OptionRef::relay6(self.names.definitions(), level, code);
        self.chain(option, want)
    }

    /// Further `.option[code]` and the aspect at the end.
    fn chain(&mut self, mut option: OptionRef, want: Want) -> Result<Node, ExprError> {
        loop {
            self.expect(Word::Dot, &["."])?;
            let next = match (self.peek()?, want) {
                (Token::Word(word @ (Word::Option | Word::AsText | Word::AsHex)), _)
                | (Token::Word(word @ Word::Exists), Want::Either) => *word,
                (_, Want::Either) => return Err(self.unexpected(&["option", "text", "hex", "exists"])),
                (_, Want::String) => return Err(self.unexpected(&["option", "text", "hex"])),
            };
            self.peeked = None;
            match next {
                Word::Option => {
                    let code = self.bracketed_code(false)?;
                    option.descend(code);
                }
                Word::Exists => {
                    return Ok(Node::Bool(match option.as_plain() {
                        Some(code) => Bool::Present(code),
                        None => Bool::Exists(Box::new(option)),
                    }));
                }
                Word::AsText => return Ok(Node::Str(Str::Text(Box::new(option)))),
                _ => {
                    return Ok(Node::Str(match option.as_plain() {
                        Some(code) => Str::Payload(code),
                        None => Str::Hex(Box::new(option)),
                    }));
                }
            }
        }
    }

    /// `[id]` or `[*]`, or `None` for the dot of `.enterprise`.
    fn vendor_id(&mut self) -> Result<Option<u32>, ExprError> {
        if !self.eat(Word::OpenBracket)? {
            self.expect(Word::Dot, &["[", "."])?;
            self.expect(Word::Enterprise, &["enterprise"])?;
            return Ok(None);
        }
        let id =
            if self.eat(Word::Any)? { 0 } else { self.number_below(&["*", "integer"], "0..4294967295")? };
        self.expect(Word::CloseBracket, &["]"])?;
        Ok(Some(id))
    }

    fn vendor(&mut self, want: Want) -> Result<Node, ExprError> {
        self.peeked = None;
        let Some(vendor) = self.vendor_id()? else {
            return Ok(Node::Str(Str::VendorEnterprise(VendorKind::Options)));
        };
        self.expect(Word::Dot, &["."])?;
        if want == Want::Either && self.eat(Word::Exists)? {
            return Ok(Node::Bool(Bool::VendorExists(VendorKind::Options, vendor)));
        }
        let expected: Expected = if want == Want::Either { &["option", "exists"] } else { &["option"] };
        self.expect(Word::Option, expected)?;
        let code = self.bracketed_code(false)?;
        let option = OptionRef::vendor(self.names.definitions(), self.family, vendor, code);
        self.chain(option, want)
    }

    fn vendor_class(&mut self, want: Want) -> Result<Node, ExprError> {
        self.peeked = None;
        let Some(vendor) = self.vendor_id()? else {
            return Ok(Node::Str(Str::VendorEnterprise(VendorKind::Class)));
        };
        self.expect(Word::Dot, &["."])?;
        if want == Want::Either && self.eat(Word::Exists)? {
            return Ok(Node::Bool(Bool::VendorExists(VendorKind::Class, vendor)));
        }
        let expected: Expected = if want == Want::Either { &["exists", "data"] } else { &["data"] };
        self.expect(Word::Data, expected)?;
        let mut index = 0;
        if self.eat(Word::OpenBracket)? {
            index = self.number_below(&["integer"], "0..255")?;
            self.expect(Word::CloseBracket, &["]"])?;
        }
        Ok(Node::Str(Str::VendorClassData { vendor, index }))
    }

    fn packet(&mut self) -> Result<Str, ExprError> {
        let (token, span) = self.take()?;
        self.expect(Word::Dot, &["."])?;
        let field = match token {
            Token::Word(Word::Pkt) => self.choice(
                &[
                    (Word::Iface, Field::Interface),
                    (Word::Src, Field::Source),
                    (Word::Dst, Field::Destination),
                    (Word::Len, Field::Length),
                ],
                &["iface", "src", "dst", "len"],
            )?,
            Token::Word(Word::Pkt4) => {
                let field = self.choice(
                    &[
                        (Word::Mac, Field::HardwareAddress),
                        (Word::HLen, Field::HardwareLength),
                        (Word::HType, Field::HardwareType),
                        (Word::CiAddr, Field::Ciaddr),
                        (Word::GiAddr, Field::Giaddr),
                        (Word::YiAddr, Field::Yiaddr),
                        (Word::SiAddr, Field::Siaddr),
                        (Word::MsgType, Field::MessageType),
                        (Word::TransId, Field::TransactionId),
                    ],
                    MANY,
                )?;
                self.family_check(span, Family::V4, "pkt4")?;
                field
            }
            _ => {
                let field = self.choice(
                    &[(Word::MsgType, Field::MessageType), (Word::TransId, Field::TransactionId)],
                    &["msgtype", "transid"],
                )?;
                self.family_check(span, Family::V6, "pkt6")?;
                field
            }
        };
        Ok(Str::Field(field))
    }

    // Functions.

    fn function(&mut self, function: Word) -> Result<Str, ExprError> {
        let is_function = matches!(
            function,
            Word::Substring
                | Word::Split
                | Word::Concat
                | Word::LCase
                | Word::UCase
                | Word::IfElse
                | Word::SIfElse
        ) || matches!(function, Word::HexString | Word::AddrToText)
            || integer_kind(function).is_some();
        if !is_function {
            return Err(self.unexpected(MANY));
        }
        self.peeked = None;
        self.expect(Word::Open, &["("])?;
        let value = self.nested(|this| this.arguments(function))?;
        Ok(value)
    }

    fn arguments(&mut self, function: Word) -> Result<Str, ExprError> {
        if matches!(function, Word::IfElse | Word::SIfElse) {
            return self.if_else(function == Word::SIfElse);
        }
        let value = self.string()?;
        match function {
            Word::Substring => self.substring(value),
            Word::Split => {
                self.expect(Word::Comma, NEXT_ARGUMENT)?;
                let delimiters = self.string()?;
                self.expect(Word::Comma, NEXT_ARGUMENT)?;
                let (_, number, _) = self.integer(&["integer"])?;
                self.expect(Word::Close, &[")"])?;
                Ok(match (value, delimiters) {
                    (Str::Const(value), Str::Const(delimiters)) => {
                        Str::constant(&eval::split(Octets::Slice(&value), &delimiters, number))
                    }
                    parts => Str::Split(Box::new(parts), number),
                })
            }
            Word::Concat => {
                self.expect(Word::Comma, NEXT_ARGUMENT)?;
                let second = self.string()?;
                self.expect(Word::Close, LAST_ARGUMENT)?;
                Ok(Str::concat(vec![value, second]))
            }
            Word::HexString => {
                self.expect(Word::Comma, NEXT_ARGUMENT)?;
                let separator = self.string()?;
                self.expect(Word::Close, LAST_ARGUMENT)?;
                Ok(match (value, separator) {
                    (Str::Const(value), Str::Const(separator)) => {
                        Str::constant(&eval::hex_string(&value, &separator))
                    }
                    parts => Str::HexString(Box::new(parts)),
                })
            }
            _ => {
                self.expect(Word::Close, LAST_ARGUMENT)?;
                Ok(conversion(function, value))
            }
        }
    }

    fn substring(&mut self, value: Str) -> Result<Str, ExprError> {
        self.expect(Word::Comma, NEXT_ARGUMENT)?;
        let (_, start, _) = self.integer(&["integer"])?;
        self.expect(Word::Comma, &["\",\""])?;
        let length = if self.eat(Word::All)? { None } else { Some(self.integer(&["all", "integer"])?.1) };
        self.expect(Word::Close, &[")"])?;
        Ok(match value {
            Str::Const(octets) => Str::constant(&eval::substring(Octets::Slice(&octets), start, length)),
            value => Str::Substring(Box::new(value), start, length),
        })
    }

    fn if_else(&mut self, strict: bool) -> Result<Str, ExprError> {
        let condition = self.boolean()?;
        self.expect(Word::Comma, MANY)?;
        let yes = self.string()?;
        self.expect(Word::Comma, NEXT_ARGUMENT)?;
        let no = self.string()?;
        self.expect(Word::Close, LAST_ARGUMENT)?;
        // The strict form may drop a branch only if it cannot fail.
        let settled = !strict || (yes.is_constant() && no.is_constant());
        Ok(match (condition, settled) {
            (Bool::Const(condition), true) => {
                if condition {
                    yes
                } else {
                    no
                }
            }
            (condition, _) if strict => Str::StrictIfElse(Box::new((condition, yes, no))),
            (condition, _) => Str::IfElse(Box::new((condition, yes, no))),
        })
    }
}

fn integer_kind(function: Word) -> Option<IntegerKind> {
    Some(match function {
        Word::Int8ToText => IntegerKind::Int8,
        Word::Int16ToText => IntegerKind::Int16,
        Word::Int32ToText => IntegerKind::Int32,
        Word::UInt8ToText => IntegerKind::UInt8,
        Word::UInt16ToText => IntegerKind::UInt16,
        Word::UInt32ToText => IntegerKind::UInt32,
        _ => return None,
    })
}

/// A function of one string. What fails on a constant is left to fail when it is evaluated, as everything else.
fn conversion(function: Word, value: Str) -> Str {
    let kind = integer_kind(function);
    if let Str::Const(octets) = &value {
        let slice = Octets::Slice(octets);
        let folded = match (function, kind) {
            (Word::LCase, _) => Ok(eval::mapped(slice, <[u8]>::make_ascii_lowercase)),
            (Word::UCase, _) => Ok(eval::mapped(slice, <[u8]>::make_ascii_uppercase)),
            (_, Some(kind)) => eval::integer_text(slice, kind),
            _ => eval::address_text(slice),
        };
        if let Ok(folded) = folded {
            return Str::constant(&folded);
        }
    }
    let value = Box::new(value);
    match (function, kind) {
        (Word::LCase, _) => Str::Lower(value),
        (Word::UCase, _) => Str::Upper(value),
        (_, Some(kind)) => Str::IntegerText(value, kind),
        _ => Str::AddressText(value),
    }
}
