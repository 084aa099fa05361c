//! JSON of the control channels, in and out, without holding up the other connections.

use json::Value;

use crate::Limits;

/// From here on the work moves to a thread that may block: a runtime thread serves other connections too.
const LARGE: usize = 64 << 10;

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

/// The text of an answer, as Kea spaces it.
pub async fn write(value: Value) -> String {
    // How large a text becomes is not known before; what is nested may be large.
    if !nested(&value) {
        return json::to_string(&value);
    }
    tokio::task::spawn_blocking(move || json::to_string(&value)).await.unwrap_or_else(|_| {
        r#"{ "result": 1, "text": "internal server error: no response generated" }"#.to_owned()
    })
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
    many(value, &mut 1000)
}
