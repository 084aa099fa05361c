//! Whether two configurations are the same for those who are served.

use config::Written;
use json::{Kind, Map, Value};

use crate::Protocol;
use crate::objects::fold_comments;
use crate::render::untagged;

/// Where `config-get` of two configurations differs, as paths with both values; empty when they are the same. The order
/// of options, definitions, networks and subnets means nothing, nor does whether a number is written with a fraction.
#[must_use]
pub fn differences<P: Protocol>(one: &Written<P>, other: &Written<P>) -> Vec<String> {
    let mut found = Vec::new();
    compare("", &normal::<P>(one), &normal::<P>(other), &mut found);
    found
}

fn normal<P: Protocol>(written: &Written<P>) -> Value {
    let mut value = P::write(&untagged(written));
    tidy("", &mut value);
    value
}

fn tidy(name: &str, value: &mut Value) {
    match &mut value.kind {
        // Every whole number becomes an integer: databases tell the two apart, configurations do not.
        #[allow(clippy::cast_possible_truncation)]
        Kind::Real(real) if real.fract() == 0.0 && real.abs() < 1e15 => value.kind = Kind::Int(*real as i64),
        // The operator's own maps stay as they are.
        Kind::Map(map) if name != "user-context" => {
            fold_comments(map);
            for (name, value) in map {
                tidy(name, value);
            }
        }
        Kind::List(list) => {
            list.iter_mut().for_each(|value| tidy("", value));
            if matches!(
                name,
                "option-data" | "option-def" | "shared-networks" | "subnet4" | "subnet6" | "reservations"
            ) {
                list.sort_by_cached_key(sort_key);
            }
        }
        _ => {}
    }
}

/// What an object is found by, then all of it.
fn sort_key(value: &Value) -> (i64, String, String) {
    let text = |name| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name| value.get(name).and_then(Value::as_int).unwrap_or_default();
    let number = number("id").max(number("code"));
    (number, format!("{} {}", text("space"), text("name")), json::to_string(value))
}

fn compare(path: &str, one: &Value, other: &Value, found: &mut Vec<String>) {
    match (&one.kind, &other.kind) {
        (Kind::Map(a), Kind::Map(b)) => {
            for (name, value) in a {
                compare(&format!("{path}/{name}"), value, b.get(name).unwrap_or(&Value::default()), found);
            }
            for (name, value) in b.iter().filter(|(name, _)| !a.contains_key(*name)) {
                compare(&format!("{path}/{name}"), &Value::default(), value, found);
            }
        }
        (Kind::List(a), Kind::List(b)) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{path}/{}", label(a, at)), a, b, found);
            }
        }
        (a, b) if a == b => {}
        _ => found.push(format!("{path}: {} instead of {}", shown(path, other), shown(path, one))),
    }
}

fn label(value: &Value, at: usize) -> String {
    let map = Map::new();
    let map = value.as_map().unwrap_or(&map);
    ["id", "name", "code", "pool"].iter().find_map(|name| map.get(*name)).map_or_else(
        || at.to_string(),
        |value| value.as_str().map_or_else(|| json::to_string(value), str::to_owned),
    )
}

fn is_secret(name: &str) -> bool {
    ["password", "secret", "basic-auth", "key"].iter().any(|word| name.contains(word))
}

fn holds_secrets(value: &Value) -> bool {
    match &value.kind {
        Kind::Map(map) => map.iter().any(|(name, value)| is_secret(name) || holds_secrets(value)),
        Kind::List(list) => list.iter().any(holds_secrets),
        _ => false,
    }
}

/// A value in one line; what may be secret is not shown.
fn shown(path: &str, value: &Value) -> String {
    const LONGEST: usize = 200;
    if value.is_null() {
        return "nothing".to_owned();
    }
    if is_secret(path) || holds_secrets(value) {
        return "another value".to_owned();
    }
    let text = json::to_string(value);
    if text.len() <= LONGEST { text } else { text.chars().take(LONGEST).chain("...".chars()).collect() }
}
