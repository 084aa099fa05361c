//! JSON of the control channels, in and out, without holding up the other connections.

use std::sync::Arc;

use json::Value;

use crate::gate::ResponseFilter;
use crate::{Answer, Limits};

/// From here on the work moves to a thread that may block: a runtime thread serves other connections too.
const LARGE: usize = 64 << 10;

/// As many values as are written in less time than a thread takes to wake up, or not much more.
const MANY: usize = 4000;

/// Octets that most answers have room in.
const USUAL: usize = 1024;

/// Parses a command; the error is Kea's text.
pub async fn parse(octets: impl AsRef<[u8]> + Send + 'static) -> Result<Value, String> {
    let max_depth = Limits::UNIX.nesting;
    parse_within(octets, json::Limits { max_depth, ..json::Limits::default() }).await
}

/// Parses the answer of a server, which may be large and deep: it repeats what the server was told, and more.
pub async fn parse_answer(octets: impl AsRef<[u8]> + Send + 'static) -> Result<Value, String> {
    let limits = json::Limits { max_depth: usize::MAX, max_bytes: usize::MAX, ..json::Limits::default() };
    parse_within(octets, limits).await
}

async fn parse_within(
    octets: impl AsRef<[u8]> + Send + 'static,
    limits: json::Limits,
) -> Result<Value, String> {
    let parse = move |octets: &[u8]| json::parse_command(octets, limits).map_err(|error| error.to_string());
    if octets.as_ref().len() < LARGE {
        return parse(octets.as_ref());
    }
    tokio::task::spawn_blocking(move || parse(octets.as_ref()))
        .await
        .unwrap_or_else(|_| Err("internal server error: the JSON parser failed".to_owned()))
}

/// Lets go of what so many octets were parsed to.
pub fn discard(parsed: impl Send + 'static, octets: usize) {
    if octets >= LARGE {
        // Nobody waits for it.
        drop(tokio::task::spawn_blocking(move || drop(parsed)));
    }
}

/// The text of an answer, if it may be passed on as it came: see [`json::is_plain`].
pub async fn plain(text: String) -> Result<String, String> {
    let check = |text: String| if json::is_plain(&text) { Ok(text) } else { Err(text) };
    if text.len() < 16 * LARGE {
        return check(text);
    }
    tokio::task::spawn_blocking(move || check(text)).await.unwrap_or_else(|_| Err(String::new()))
}

/// The text of an answer, as Kea spaces it.
pub async fn write(answer: Answer) -> String {
    let large = is_large(&answer);
    aside(large, move || {
        let mut text = String::with_capacity(USUAL);
        answer.write(&mut text);
        text
    })
    .await
}

/// As [`write`], as a list of one.
pub async fn write_list(answer: Answer) -> String {
    let large = is_large(&answer);
    aside(large, move || {
        let mut text = String::with_capacity(USUAL);
        text.push_str("[ ");
        answer.write(&mut text);
        text.push_str(" ]");
        text
    })
    .await
}

/// The text of any value, as Kea spaces it.
pub async fn write_value(value: Value) -> String {
    let large = nested(&value);
    aside(large, move || json::to_string(&value)).await
}

/// An answer without what its receiver is not to see.
pub async fn filter(mut answer: Answer, filter: Arc<dyn ResponseFilter>) -> Answer {
    answer.open();
    let large = is_large(&answer);
    aside(large, move || {
        filter.apply(&mut answer);
        answer
    })
    .await
}

fn is_large(answer: &Answer) -> bool {
    answer.arguments.as_ref().is_some_and(nested)
}

/// Does something on a thread that may block if it is large: how large a text becomes is not known before, and what is
/// nested may be large.
async fn aside<T: Send + From<Failed> + 'static>(
    large: bool,
    what: impl FnOnce() -> T + Send + 'static,
) -> T {
    if !large {
        return what();
    }
    tokio::task::spawn_blocking(what).await.unwrap_or_else(|_| Failed.into())
}

/// The thread that may block did not live to tell.
struct Failed;

impl From<Failed> for Answer {
    fn from(Failed: Failed) -> Self {
        Self::error("internal server error: no response generated")
    }
}

impl From<Failed> for String {
    fn from(failed: Failed) -> Self {
        let mut text = Self::new();
        Answer::from(failed).write(&mut text);
        text
    }
}

fn nested(value: &Value) -> bool {
    fn many(value: &Value, left: &mut usize) -> bool {
        let Some(rest) = left.checked_sub(1) else { return true };
        *left = rest;
        match &value.kind {
            json::Kind::List(list) => list.iter().any(|value| many(value, left)),
            json::Kind::Map(map) => map.values().any(|value| many(value, left)),
            json::Kind::Str(text) => text.len() > LARGE,
            _ => false,
        }
    }
    let mut left = MANY;
    many(value, &mut left)
}
