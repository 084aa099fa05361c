//! Texts of configurations: what is accepted resolves or is refused with reasons, and `config-get` goes back in.
#![no_main]

use std::sync::Arc;

use base::Family;
use config::{Dhcp4, Dhcp6, ParseEnv, Protocol, ResolveEnv};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(parsed) = json::parse(text, None, json::Limits::default()) else { return };
    let _ = config::parse_agent(parsed.value.clone());
    for one in [config::parse_option_def, config::parse_option_data, config::parse_client_class] {
        let _ = one(Family::V4, &parsed.value);
        let _ = one(Family::V6, &parsed.value);
    }
    resolve::<Dhcp4>(parsed.value.clone());
    resolve::<Dhcp6>(parsed.value);
});

fn resolve<P: Protocol>(value: json::Value) {
    let (written, errors) = config::parse_with::<P>(value, ParseEnv { assign_subnet_ids: true });
    let env = ResolveEnv {
        relaxed: true,
        read_secret: Arc::new(|_| Err("no files here".to_owned())),
        ..ResolveEnv::default()
    };
    let written = Arc::new(written);
    match P::resolve(Arc::clone(&written), &env) {
        Err(faults) => assert!(faults.iter().all(|f| !f.text.is_empty())),
        Ok(resolved) => {
            assert_eq!(resolved.subnets.len(), written.subnets.len());
            if errors.is_empty() {
                let got = config::config_get(&written, true);
                let (again, errors) = config::parse_arguments::<P>(got.clone(), ParseEnv::default());
                assert_eq!(errors, []);
                assert_eq!(config::config_get(&again, true), got);
            }
        }
    }
}
