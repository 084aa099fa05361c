//! JSON of the control channels, in and out, without holding up the other connections.

use json::Value;

use crate::Limits;

/// From here on the work moves to a thread that may block: a runtime thread serves other connections too.
const LARGE: usize = 64 << 10;

fn parse_now(octets: &[u8]) -> Result<Value, String> {
    let limits = json::Limits { max_depth: Limits::UNIX.nesting, ..json::Limits::default() };
    json::parse_command(octets, limits).map_err(|error| error.to_string())
}

/// Parses a command, or an answer of another server; the error is Kea's text.
pub async fn parse(octets: Vec<u8>) -> Result<Value, String> {
    if octets.len() < LARGE {
        return parse_now(&octets);
    }
    tokio::task::spawn_blocking(move || parse_now(&octets))
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
