//! The configuration of the control agent. It has no second stage here: the program reads the checked map.

use base::Family;
use json::{Map, Value};

use super::{Checker, Origin, top};
use crate::error::ConfigError;
use crate::keywords::AGENT;

/// Reads the text of a file: a map with `Control-agent`. All faults are reported; what is faulty is left out.
#[must_use]
pub fn parse_agent(value: Value) -> (Map, Vec<ConfigError>) {
    whole(value, Origin::File)
}

/// Reads the arguments of the agent's `config-set` and `config-test`: a map with `Control-agent`.
#[must_use]
pub fn parse_agent_arguments(value: Value) -> (Map, Vec<ConfigError>) {
    whole(value, Origin::Command)
}

fn whole(value: Value, origin: Origin) -> (Map, Vec<ConfigError>) {
    let mut checker = Checker::new(origin, Family::V4);
    let inner = top(&mut checker.errors, value, "Control-agent", origin);
    let map = inner.map(|inner| checker.map(&AGENT, inner)).unwrap_or_default();
    (map, checker.errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let value = json::parse(text, None, json::Limits::default()).unwrap().value;
        parse_agent(value).1.into_iter().map(|error| error.text).collect()
    }

    #[test]
    fn a_sample_of_older_days() {
        let text = r#"{ "Control-agent": { "http-host": "127.0.0.1", "http-port": 8080, "control-sockets": {
            "dhcp4": { "socket-type": "unix", "socket-name": "/tmp/kea-dhcp4.sock" } }, "hooks-libraries": [] } }"#;
        assert_eq!(faults(text), [] as [&str; 0]);
    }

    #[test]
    fn faults_are_all_reported() {
        let text = r#"{ "Control-agent": { "http-port": 70000, "foo": 1, "control-sockets": { "dhcp5": {},
            "dhcp4": { "socket-name": "x", "socket-port": 1 }, "d2": { "socket-type": "https", "user-file": "u" } },
            "trust-anchor": "ca.pem", "key-file": "key.pem" } }"#;
        let faults = faults(text);
        assert_eq!(faults.len(), 8, "{faults:#?}");
        for part in [
            "got unexpected keyword \"foo\" in Control-agent map.",
            "got unexpected keyword \"dhcp5\" in control-sockets map.",
            "cert-file parameter is missing or empty: all or none of TLS parameters must be set",
            "parameter 'socket-port' is not for a control socket of type 'unix'",
            "Mandatory 'socket-address' parameter missing",
            "Mandatory 'socket-port' parameter missing",
            "Mandatory 'trust-anchor' parameter missing",
            "70000",
        ] {
            assert!(faults.iter().any(|fault| fault.contains(part)), "{part}: {faults:#?}");
        }
    }
}
