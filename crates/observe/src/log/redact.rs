//! Secrets in maps that are about to be logged.

use json::{Kind, Value};

/// What stands in place of a secret.
const STARS: &str = "*****";

/// Members whose value is a secret wherever they occur.
const SECRET_KEYS: [&str; 3] = ["password", "secret", "key"];

/// A copy of a command or configuration in which the values of `password`, `secret` and `key` are stars. Maps and
/// lists under such a key are replaced as a whole.
#[must_use]
pub fn redact(value: &Value) -> Value {
    let kind = match &value.kind {
        Kind::List(list) => Kind::List(list.iter().map(redact).collect()),
        Kind::Map(map) => Kind::Map(
            map.iter()
                .map(|(key, value)| {
                    let secret = SECRET_KEYS.contains(&key.as_str()) && !value.is_null();
                    (key.clone(), if secret { STARS.into() } else { redact(value) })
                })
                .collect(),
        ),
        other => other.clone(),
    };
    value.replaced(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_at_every_depth() {
        let database = |password: Value| -> Value {
            [("name", "kea".into()), ("password", password), ("key-file", "k.pem".into())].into()
        };
        let tree = |password: Value, secret: Value| -> Value {
            vec![[("a", database(password)), ("secret", secret)].into()].into()
        };
        assert_eq!(redact(&tree("tiger".into(), vec![1_u8.into()].into())), tree(STARS.into(), STARS.into()));
        assert_eq!(redact(&"password".into()), "password".into());
    }
}
