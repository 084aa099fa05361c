//! What can be wrong with an expression, and with the values it meets.

use std::fmt;

/// A place in the text: line and column (in octets), both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    pub line: usize,
    pub column: usize,
}

/// The stretch of one line that a message is about, written `<string>:line.first-last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub start: Spot,
    /// Octets, at least 1.
    pub length: usize,
}

impl Span {
    pub(crate) fn new(start: Spot, length: usize) -> Self {
        Self { start, length: length.max(1) }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<string>:{}.{}", self.start.line, self.start.column)?;
        if self.length > 1 {
            write!(f, "-{}", self.start.column.saturating_add(self.length - 1))?;
        }
        Ok(())
    }
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("Invalid character: {0}")]
    Character(char),
    #[error("Failed to convert {0} to an integer.")]
    Integer(String),
    #[error("Failed to convert {0} to an IP address.")]
    Address(String),
    #[error("syntax error, unexpected {found}{}", Expected(.expected))]
    Syntax { found: &'static str, expected: &'static [&'static str] },
    #[error("Option code has invalid value in {text}. Allowed range: 0..{max}")]
    OptionCode { text: String, max: u16 },
    #[error("option '{0}' is not defined")]
    OptionName(String),
    #[error("Nest level has invalid value in {0}. Allowed range: -32..31")]
    NestLevel(String),
    #[error("Nest level invalid for DHCPv4 packets")]
    NestLevelFamily,
    #[error("Invalid value in {text}. Allowed range: {range}")]
    Range { text: String, range: &'static str },
    #[error("{what} can only be used in {family}.")]
    Family { what: &'static str, family: &'static str },
    #[error("Not defined client class '{0}'")]
    Class(String),
    #[error("invalid regular expression '{text}': {reason}")]
    Regex { text: String, reason: String },
    #[error("expression is nested too deeply (more than {0} levels)")]
    Depth(usize),
}

struct Expected<'a>(&'a &'static [&'static str]);

impl fmt::Display for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, what) in self.0.iter().enumerate() {
            f.write_str(if i == 0 { ", expecting " } else { " or " })?;
            f.write_str(what)?;
        }
        Ok(())
    }
}

/// Why a text is not an expression, with the place: `<string>:1.8-10: Option code has ...`.
///
/// Boxed, because the parser passes it up through every level of nesting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", .0.0, .0.1)]
pub struct ExprError(Box<(Span, Problem)>);

impl ExprError {
    pub(crate) fn new(span: Span, problem: Problem) -> Self {
        Self(Box::new((span, problem)))
    }

    /// Where.
    #[must_use]
    pub fn span(&self) -> Span {
        self.0.0
    }

    /// What.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.0.1
    }
}

/// Why an expression has no value for a query. The caller logs it and takes the class as not matching.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    #[error("Can not convert to valid address.")]
    Address,
    #[error("Can not convert to valid {0}.")]
    Integer(&'static str),
    #[error("The value of the expression is neither 'true' nor 'false'.")]
    NotBoolean,
}
