//! `libdhcp_ping_check`: which addresses are asked before they are offered (Kea manual, "Ping Check").

use std::collections::HashMap;

use base::Seconds;
use json::{Kind, Map};

use super::{Context, MAX_THREADS};
use crate::{HookLibrary, PingCheck, PingRules, Protocol, Written};

const LIBRARY: &str = "libdhcp_ping_check";

/// What the library's parameters and the user contexts of subnets say, where it is listed.
pub(crate) fn resolve<P: Protocol>(
    ctx: &mut Context<'_>,
    written: &Written<P>,
    libraries: &[HookLibrary],
) -> Option<PingCheck> {
    let library = libraries.iter().find(|library| library.is(LIBRARY))?;
    let usual = PingRules { enabled: true, requests: 1, timeout: 100, cltt: Seconds(60) };
    let mut threads = 0;
    let rules = rules(ctx, &library.parameters, usual, Some(&mut threads));
    let mut subnets = HashMap::new();
    for subnet in &written.subnets {
        let Some(own) = subnet.element.map.get("user-context").and_then(|context| context.get("ping-check"))
        else {
            continue;
        };
        match own.as_map() {
            Some(map) => {
                let own = self::rules(ctx, map, rules, None);
                subnets.insert(subnet.id, own);
            }
            None => ctx.fault(&own.pos(), "'ping-check' of a subnet's user-context is not a map"),
        }
    }
    Some(PingCheck { rules, threads, subnets })
}

/// Rules that go without saying where others are given. `threads`: they may be given, too.
fn rules(
    ctx: &mut Context<'_>,
    map: &Map,
    inherited: PingRules,
    mut threads: Option<&mut usize>,
) -> PingRules {
    let mut rules = inherited;
    for (name, value) in map {
        let mut number = |least: i64, most: i64| match value.kind {
            Kind::Int(given) if (least..=most).contains(&given) => Some(given),
            _ => {
                let given = json::to_string(value);
                let text = format!("invalid {name}: '{given}', must be a number from {least} to {most}");
                ctx.fault(&value.pos(), text);
                None
            }
        };
        let most = i64::from(u32::MAX);
        let small = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        match name.as_str() {
            "enable-ping-check" => match value.as_bool() {
                Some(given) => rules.enabled = given,
                None => ctx.fault(&value.pos(), format_args!("'{name}' of {LIBRARY} is not a boolean")),
            },
            "min-ping-requests" => rules.requests = number(1, most).map_or(rules.requests, small),
            "reply-timeout" => rules.timeout = number(1, most).map_or(rules.timeout, small),
            "ping-cltt-secs" => {
                rules.cltt = number(0, most).map_or(rules.cltt, |given| Seconds(small(given)))
            }
            "ping-channel-threads" if threads.is_some() => {
                let given = number(0, MAX_THREADS).and_then(|given| usize::try_from(given).ok());
                if let (Some(threads), Some(given)) = (threads.as_deref_mut(), given) {
                    *threads = given;
                }
            }
            "comment" | "user-context" => {}
            _ => ctx.fault(&value.pos(), format_args!("'{name}' is no parameter of {LIBRARY}")),
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base::SubnetId;

    use super::*;

    fn resolved(parameters: &str, context: &str) -> Result<PingCheck, Vec<String>> {
        let text = format!(
            r#"{{ "Dhcp4": {{ "subnet4": [{{ "id": 7, "subnet": "192.0.2.0/24", "user-context": {context} }}],
                "hooks-libraries": [{{ "library": "libdhcp_ping_check.so", "parameters": {parameters} }}] }} }}"#
        );
        let value = json::Parser::new(json::Dialect::Config).parse(&text).unwrap().value;
        let (written, errors) = crate::parse_with::<crate::Dhcp4>(value, crate::ParseEnv::default());
        assert_eq!(errors, []);
        let resolved = crate::Dhcp4::resolve(Arc::new(written), &crate::ResolveEnv::default());
        let texts = |errors: Vec<crate::ConfigError>| errors.iter().map(ToString::to_string).collect();
        resolved.map(|config| config.ping_check.unwrap()).map_err(texts)
    }

    #[test]
    fn subnets_have_rules_of_their_own() {
        let found = resolved(r#"{ "reply-timeout": 250, "ping-channel-threads": 2 }"#, "{ }").unwrap();
        assert_eq!((found.rules.timeout, found.rules.requests, found.threads), (250, 1, 2));
        assert_eq!(found.of(SubnetId(7)), found.rules);
        let own = r#"{ "ping-check": { "enable-ping-check": false, "min-ping-requests": 3 } }"#;
        let found = resolved(r#"{ "reply-timeout": 250 }"#, own).unwrap();
        let wanted = PingRules { enabled: false, requests: 3, timeout: 250, cltt: Seconds(60) };
        assert_eq!(found.of(SubnetId(7)), wanted);
        assert!(found.of(SubnetId(8)).enabled);
    }

    #[test]
    fn faults_are_told_with_their_places() {
        for (parameters, context, wanted) in [
            (r#"{ "min-ping-requests": 0 }"#, "{ }", "invalid min-ping-requests: '0'"),
            (r#"{ "reply-timeout": "x" }"#, "{ }", "invalid reply-timeout"),
            (r#"{ "enable-ping-check": 1 }"#, "{ }", "is not a boolean"),
            (r#"{ "pings": 1 }"#, "{ }", "'pings' is no parameter"),
            ("{ }", r#"{ "ping-check": 1 }"#, "is not a map"),
            ("{ }", r#"{ "ping-check": { "ping-channel-threads": 1 } }"#, "is no parameter"),
        ] {
            let errors = resolved(parameters, context).unwrap_err();
            assert_eq!(errors.len(), 1, "{errors:?}");
            assert!(errors[0].contains(wanted) && errors[0].contains(':'), "{errors:?}");
        }
    }
}
