//! The line between kea-dhcp6 and kea-dhcp4 (`dhcp4o6-port`): any program of the machine may send to either end.
#![no_main]

use std::net::Ipv4Addr;
use std::sync::LazyLock;

use engine::v6::received_over4;
use libfuzzer_sys::fuzz_target;
use testkit::{Reply6, World4};

const CONFIG: &str = r#"{ "dhcp4o6-port": 6767, "store-extended-info": true, "subnet4": [
    { "id": 1, "subnet": "192.0.2.0/24", "4o6-interface": "eth0", "pools": [ { "pool": "192.0.2.0/24" } ] },
    { "id": 2, "subnet": "10.2.0.0/16", "4o6-subnet": "2001:db8::/32", "pools": [ { "pool": "10.2.0.0/16" } ] } ] }"#;

static SERVED: LazyLock<config::ServerConfig4> =
    LazyLock::new(|| testkit::config4(CONFIG).expect("the configuration is fine"));

fuzz_target!(|bytes: &[u8]| {
    let world = World4::new(SERVED.clone(), vec![Ipv4Addr::new(192, 0, 2, 1)]).expect("a server");
    let mut answer = Vec::new();
    let verdict = world.handle_over6(bytes, &mut answer).expect("the server works");
    if matches!(verdict, engine::v4::Verdict::Reply(_)) {
        let passed = received_over4(&answer).expect("kea-dhcp6 reads what kea-dhcp4 says");
        let mut out = Vec::new();
        if passed.deliver(&mut out).is_ok() {
            Reply6::parse(&out).expect("a client reads the answer");
        }
    }
    // The other end.
    if let Some(passed) = received_over4(bytes) {
        let _: Result<(), _> = passed.deliver(&mut Vec::new());
    }
});
