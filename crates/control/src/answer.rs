//! What a command is answered with: a result code, a text, arguments (Kea manual, "Data Syntax").

use std::sync::Arc;

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
    /// In place of `arguments`: their text, written before.
    pub written: Option<Arc<str>>,
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
        Self::with_result(result::OK, text)
    }

    /// Success that carries data and no text.
    pub fn arguments(arguments: impl Into<Value>) -> Self {
        Self { arguments: Some(arguments.into()), ..Self::done() }
    }

    /// Success with a text and data.
    pub fn full(text: impl Into<String>, arguments: impl Into<Value>) -> Self {
        Self::ok(text).and_arguments(arguments)
    }

    /// Success that carries data which is kept as text.
    #[must_use]
    pub fn written(text: Arc<str>) -> Self {
        Self { written: Some(text), ..Self::done() }
    }

    /// Success without a word.
    #[must_use]
    pub fn done() -> Self {
        Self { result: result::OK, text: None, arguments: None, written: None }
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
        Self { result, text: Some(text.into()), ..Self::done() }
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

    /// Makes `arguments` of what is written.
    pub fn open(&mut self) {
        if let Some(written) = self.written.take() {
            // Our own text: it parses.
            let limits = json::Limits { max_depth: usize::MAX, ..json::Limits::default() };
            self.arguments = json::parse_command(written.as_bytes(), limits).ok();
        }
    }

    /// Appends the text that goes over the wire: that of [`into_value`](Self::into_value).
    pub fn write(&self, out: &mut String) {
        out.push_str("{ ");
        if let Some(written) = &self.written {
            out.push_str("\"arguments\": ");
            out.push_str(written);
            out.push_str(", ");
        } else if let Some(arguments) = &self.arguments {
            out.push_str("\"arguments\": ");
            json::write_compact(arguments, out);
            out.push_str(", ");
        }
        out.push_str("\"result\": ");
        out.push_str(&self.result.to_string());
        if let Some(text) = self.text.as_deref().filter(|text| !text.is_empty()) {
            out.push_str(", \"text\": ");
            json::write_string(text, out);
        }
        out.push_str(" }");
    }

    /// The map that goes over the wire. An empty text is left out, as Kea does.
    #[must_use]
    pub fn into_value(mut self) -> Value {
        self.open();
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
            Some(Value { kind: Kind::Str(text), .. }) => Some(text.into()),
            Some(other) => return Err(AnswerError::TextType(other.type_name())),
        };
        Ok(Self { result, text, arguments: map.remove("arguments"), written: None })
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
            let mut text = String::new();
            answer.write(&mut text);
            assert_eq!(text, json::to_string(&answer.clone().into_value()));
            assert_eq!(Answer::from_value(answer.clone().into_value()), Ok(answer));
        }
    }

    #[test]
    fn what_was_written_before_is_what_it_stands_for() {
        let value = Value::from([("a", Value::from(vec![1_i64.into(), "x".into()]))]);
        let mut answer = Answer::written(json::to_string(&value).into());
        let mut text = String::new();
        answer.write(&mut text);
        assert_eq!(text, r#"{ "arguments": { "a": [ 1, "x" ] }, "result": 0 }"#);
        assert_eq!(answer.clone().into_value(), Answer::arguments(value.clone()).into_value());
        answer.open();
        assert_eq!(answer, Answer::arguments(value));
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
