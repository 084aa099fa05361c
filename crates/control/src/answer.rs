//! What a command is answered with: a result code, a text, arguments (Kea manual, "Data Syntax").

use json::{Kind, Map, Value};

/// Result codes of Kea's control channel.
pub mod result {
    /// Done.
    pub const OK: u32 = 0;
    /// General failure.
    pub const ERROR: u32 = 1;
    /// The receiver has no such command.
    pub const UNSUPPORTED: u32 = 2;
    /// Done, but nothing was found or changed.
    pub const EMPTY: u32 = 3;
    /// Well formed, but at odds with the state of the server.
    pub const CONFLICT: u32 = 4;
    /// Failed half way; the previous state could not be restored.
    pub const FATAL: u32 = 5;
}

/// The answer to one command. An error holds exactly `result` and `text`.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// One of [`result`], or a code of a hook library's own.
    pub result: u32,
    pub text: Option<String>,
    pub arguments: Option<Value>,
}

/// Why a map is not an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    #[error("invalid answer: expected toplevel entry to be a map, got {0} instead")]
    NotAMap(&'static str),
    #[error("invalid answer: does not contain mandatory 'result'")]
    NoResult,
    #[error("invalid answer: expected 'result' to be an integer, got {0} instead")]
    ResultType(&'static str),
    #[error("invalid answer: expected 'text' to be a string, got {0} instead")]
    TextType(&'static str),
}

impl Answer {
    /// Success with a text.
    pub fn ok(text: impl Into<String>) -> Self {
        Self { result: result::OK, text: Some(text.into()), arguments: None }
    }

    /// Success that carries data and no text.
    pub fn arguments(arguments: impl Into<Value>) -> Self {
        Self { result: result::OK, text: None, arguments: Some(arguments.into()) }
    }

    /// Success with a text and data.
    pub fn full(text: impl Into<String>, arguments: impl Into<Value>) -> Self {
        Self { result: result::OK, text: Some(text.into()), arguments: Some(arguments.into()) }
    }

    /// Success without a word.
    #[must_use]
    pub fn done() -> Self {
        Self { result: result::OK, text: None, arguments: None }
    }

    /// General failure.
    pub fn error(text: impl Into<String>) -> Self {
        Self::with_result(result::ERROR, text)
    }

    /// The operation worked and found nothing.
    pub fn empty(text: impl Into<String>) -> Self {
        Self::with_result(result::EMPTY, text)
    }

    /// The request is at odds with the server's state.
    pub fn conflict(text: impl Into<String>) -> Self {
        Self::with_result(result::CONFLICT, text)
    }

    /// There is no command of this name.
    #[must_use]
    pub fn unsupported(command: &str) -> Self {
        Self::with_result(result::UNSUPPORTED, format!("'{command}' command not supported."))
    }

    /// Any result with a text and no data.
    pub fn with_result(result: u32, text: impl Into<String>) -> Self {
        Self { result, text: Some(text.into()), arguments: None }
    }

    /// The same answer with data.
    #[must_use]
    pub fn and_arguments(mut self, arguments: impl Into<Value>) -> Self {
        self.arguments = Some(arguments.into());
        self
    }

    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.result == result::OK
    }

    /// The map that goes over the wire. An empty text is left out, as Kea does.
    #[must_use]
    pub fn into_value(self) -> Value {
        let mut map = Map::new();
        map.insert("result".to_owned(), self.result.into());
        if let Some(text) = self.text.filter(|text| !text.is_empty()) {
            map.insert("text".to_owned(), text.into());
        }
        if let Some(arguments) = self.arguments {
            map.insert("arguments".to_owned(), arguments);
        }
        map.into()
    }

    /// Reads an answer that a server sent. Members it does not know are ignored.
    pub fn from_value(value: Value) -> Result<Self, AnswerError> {
        let type_name = value.type_name();
        let Kind::Map(mut map) = value.kind else { return Err(AnswerError::NotAMap(type_name)) };
        let code = map.get("result").ok_or(AnswerError::NoResult)?;
        let result = code
            .as_int()
            .and_then(|code| u32::try_from(code).ok())
            .ok_or(AnswerError::ResultType(code.type_name()))?;
        let text = match map.remove("text") {
            None => None,
            Some(Value { kind: Kind::Str(text), .. }) => Some(text),
            Some(other) => return Err(AnswerError::TextType(other.type_name())),
        };
        Ok(Self { result, text, arguments: map.remove("arguments") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_holds_exactly_result_and_text() {
        let map = Answer::error("no").into_value();
        let keys: Vec<_> = map.as_map().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["result", "text"]);
        assert_eq!(Answer::done().into_value(), [("result", Value::from(0_u32))].into());
        assert_eq!(Answer::ok("").into_value(), [("result", Value::from(0_u32))].into());
    }

    #[test]
    fn answers_survive_the_round_trip() {
        let list = Value::from(vec![Value::from("a")]);
        for answer in [
            Answer::ok("fine"),
            Answer::arguments(list.clone()),
            Answer::full("two", list.clone()),
            Answer::empty("0 found"),
            Answer::conflict("busy"),
            Answer::unsupported("foo"),
            Answer::error("x").and_arguments(list),
            Answer::with_result(1001, "own code"),
        ] {
            assert_eq!(Answer::from_value(answer.clone().into_value()), Ok(answer));
        }
    }

    #[test]
    fn what_is_not_an_answer_is_named() {
        for (value, text) in [
            (Value::from("x"), "invalid answer: expected toplevel entry to be a map, got string instead"),
            (Value::map(), "invalid answer: does not contain mandatory 'result'"),
            (
                [("result", Value::from("0"))].into(),
                "invalid answer: expected 'result' to be an integer, got string instead",
            ),
            (
                [("result", Value::from(0_u32)), ("text", Value::from(true))].into(),
                "invalid answer: expected 'text' to be a string, got boolean instead",
            ),
        ] {
            assert_eq!(Answer::from_value(value).unwrap_err().to_string(), text);
        }
    }
}
