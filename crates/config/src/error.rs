//! What is wrong with a configuration, and where.

use std::fmt;

use json::{Pos, Value};

/// One fault. Its text is whole: it names the keyword and the position the way Kea's texts do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct ConfigError {
    pub kind: ErrorKind,
    pub pos: Pos,
    pub text: String,
    element: &'static str,
}

/// What sort of fault it is; `kea-dhcp4 -t` says "Syntax check failed with" for the first sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Not JSON, a member that does not belong there, or a value of the wrong type.
    Syntax,
    /// A value that cannot be, alone or beside others.
    Value,
    /// Right, but not served by this version.
    Unsupported,
    /// Forbidden unless security checks are off.
    Security,
}

impl ConfigError {
    /// `text (file:line:column)`.
    #[must_use]
    pub fn at(pos: &Pos, text: impl fmt::Display) -> Self {
        Self { kind: ErrorKind::Value, pos: pos.clone(), text: format!("{text} ({pos})"), element: "Dhcp4" }
    }

    /// A text that says all.
    #[must_use]
    pub fn plain(pos: &Pos, text: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Value, pos: pos.clone(), text: text.into(), element: "Dhcp4" }
    }

    /// `file:line.column: text`, as the faults that a grammar finds.
    pub(crate) fn syntax(pos: &Pos, width: u32, text: impl fmt::Display) -> Self {
        let file = pos.file.as_deref().unwrap_or("<string>");
        let end =
            if width > 1 { format!("-{}", pos.column.saturating_add(width - 1)) } else { String::new() };
        let text = format!("{file}:{}.{}{end}: {text}", pos.line, pos.column);
        Self { kind: ErrorKind::Syntax, pos: pos.clone(), text, element: "Dhcp4" }
    }

    /// The keyword of the globals under which the fault lies.
    #[must_use]
    pub fn element(&self) -> &'static str {
        self.element
    }

    pub(crate) fn under(mut self, element: &'static str) -> Self {
        self.element = element;
        self
    }

    pub(crate) fn kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
    }
}

impl From<json::JsonError> for ConfigError {
    fn from(error: json::JsonError) -> Self {
        Self { kind: ErrorKind::Syntax, text: error.to_string(), pos: error.pos, element: "Dhcp4" }
    }
}

/// What a syntax error calls a value.
pub(crate) fn token_name(value: &Value) -> &'static str {
    match value.type_name() {
        "map" => "{",
        "list" => "[",
        "string" => "constant string",
        "real" => "floating point",
        "bigint" => "integer",
        other => other,
    }
}
