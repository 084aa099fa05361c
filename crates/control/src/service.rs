//! The `service` list of a command: whom it is meant for.

use json::Value;

use crate::Answer;

/// What a daemon's own HTTP socket makes of `service`: it may be absent, empty, `[ "" ]`, or name just `own`.
/// Kea's texts for everything else.
pub fn check_own(command: &Value, own: &str) -> Result<(), Answer> {
    let Some(service) = command.get("service") else { return Ok(()) };
    let Some(list) = service.as_list() else { return Err(Answer::error("service value must be a list")) };
    match list {
        [] => Ok(()),
        [one] => match one.as_str() {
            None => Err(Answer::error("service name must be a string")),
            Some(name) if name.is_empty() || name == own => Ok(()),
            Some(name) => Err(Answer::error(format!("unsupported service '{name}', expected '{own}'"))),
        },
        _ => Err(Answer::error("service value has more than one item")),
    }
}

/// The services that a control agent has to forward to, in the order written; empty: the agent itself.
pub fn forward_list(command: &Value) -> Result<Vec<&str>, Answer> {
    let Some(service) = command.get("service") else { return Ok(Vec::new()) };
    let Some(list) = service.as_list() else { return Err(Answer::error("service value must be a list")) };
    list.iter()
        .map(|name| name.as_str().ok_or_else(|| Answer::error("service name must be a string")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(service: Value) -> Value {
        [("command", Value::from("x")), ("service", service)].into()
    }

    fn names(names: &[&str]) -> Value {
        with(names.iter().map(|name| Value::from(*name)).collect::<Vec<_>>().into())
    }

    #[test]
    fn own_service() {
        let error = |text: &str| Err(Answer::error(text));
        for (command, expected) in [
            (Value::map(), Ok(())),
            (names(&[]), Ok(())),
            (names(&[""]), Ok(())),
            (names(&["dhcp4"]), Ok(())),
            (names(&["dhcp6"]), error("unsupported service 'dhcp6', expected 'dhcp4'")),
            (names(&["dhcp4", "dhcp4"]), error("service value has more than one item")),
            (with("dhcp4".into()), error("service value must be a list")),
            (with(json::Kind::Null.into()), error("service value must be a list")),
            (with(vec![1_i64.into()].into()), error("service name must be a string")),
        ] {
            assert_eq!(check_own(&command, "dhcp4"), expected, "{command:?}");
        }
    }

    #[test]
    fn services_to_forward_to() {
        assert_eq!(forward_list(&Value::map()), Ok(vec![]));
        assert_eq!(forward_list(&names(&["d2", "dhcp4", "d2"])), Ok(vec!["d2", "dhcp4", "d2"]));
        assert_eq!(forward_list(&with(true.into())), Err(Answer::error("service value must be a list")));
        assert_eq!(
            forward_list(&with(vec!["dhcp4".into(), Value::map()].into())),
            Err(Answer::error("service name must be a string"))
        );
    }
}
