//! What the parser reports.

use std::fmt;

use crate::{Dialect, Pos};

/// Why a text is not JSON of its dialect, and where.
///
/// Prints as `file:line.column: text` for configurations and as `text in file:line:column` for commands, the two
/// forms in which Kea reports them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct JsonError {
    pub dialect: Dialect,
    /// Of the token that is in the way.
    pub pos: Pos,
    /// Characters of that token.
    pub width: u32,
    pub text: String,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.dialect {
            Dialect::Config => {
                let file = self.pos.file.as_deref().unwrap_or("<string>");
                write!(f, "{file}:{}.{}", self.pos.line, self.pos.column)?;
                if self.width > 1 {
                    write!(f, "-{}", self.pos.column.saturating_add(self.width - 1))?;
                }
                write!(f, ": {}", self.text)
            }
            Dialect::Command => write!(f, "{} in {}", self.text, self.pos),
        }
    }
}

/// Something that is accepted but looks like a slip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub pos: Pos,
    pub text: &'static str,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.pos.file.as_deref().unwrap_or("<string>");
        write!(f, "{file}:{}.{}: {}", self.pos.line, self.pos.column, self.text)
    }
}
