//! Texts of configurations: what is accepted resolves or is refused with reasons, and `config-get` goes back in.
#![no_main]

use std::sync::Arc;

use config::{ParseEnv, ResolveEnv};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(parsed) = json::parse(text, None, json::Limits::default()) else { return };
    let _ = config::parse_agent(parsed.value.clone());
    for one in [config::parse_option_def, config::parse_option_data, config::parse_client_class] {
        let _ = one(&parsed.value);
    }
    let (written, errors) = config::parse4_with(parsed.value, ParseEnv { assign_subnet_ids: true });
    let env = ResolveEnv {
        relaxed: true,
        read_secret: Arc::new(|_| Err("no files here".to_owned())),
        ..ResolveEnv::default()
    };
    let written = Arc::new(written);
    match config::resolve4(Arc::clone(&written), &env) {
        Err(faults) => assert!(faults.iter().all(|f| !f.text.is_empty())),
        Ok(resolved) => {
            assert_eq!(resolved.subnets.len(), written.subnets.len());
            if errors.is_empty() {
                let got = config::config_get(&written);
                let (again, errors) = config::parse4_arguments(got.clone(), ParseEnv::default());
                assert_eq!(errors, []);
                assert_eq!(config::config_get(&again), got);
            }
        }
    }
});
