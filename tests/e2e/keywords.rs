//! Keywords whose effect shows only at a whole server.

use harness::{Server, World, subnets, subnets6, until};
use serde_json::{Value, json};

/// Addresses with UDP sockets that are open in the server's namespace.
fn sockets(server: &Server) -> String {
    server.space.sh("ss -lunH")
}

/// `interfaces-config.re-detect`: interfaces that come are served at once, or when the server is told.
#[test]
fn interfaces_are_followed_or_not() {
    let Some(world) = World::new() else { return };
    let space = world.space("srv");
    let four = |re_detect: bool| {
        let mut config = subnets(&["*"], json!([]));
        config["interfaces-config"]["dhcp-socket-type"] = json!("udp");
        config["interfaces-config"]["re-detect"] = json!(re_detect);
        config
    };
    let six = |re_detect: bool| {
        let mut config = subnets6(&["*"], json!([]));
        config["interfaces-config"]["re-detect"] = json!(re_detect);
        config
    };
    let (mut server, mut server6) = (world.server("kea", &space), world.server6("kea6", &space));
    server.configure(&four(true));
    server6.configure(&six(true));
    server.start();
    server6.start();
    let comes = |name: &str, number: u8| {
        space.ip(&format!("link add {name} type bridge"));
        space.ip(&format!("address add 10.0.{number}.1/24 dev {name}"));
        space.ip(&format!("address add fe80::{number}/64 dev {name} nodad"));
        space.ip(&format!("link set {name} up"));
    };
    let served = |number: u8| {
        let open = sockets(&server);
        (open.contains(&format!("10.0.{number}.1:67")), open.contains(&format!("[fe80::{number}]")))
    };
    comes("one", 1);
    until("a new interface is served", || served(1) == (true, true));

    // The configuration that says no more is itself a reason to look.
    comes("two", 2);
    server.tell("config-set", json!({ "Dhcp4": four(false) }));
    server6.tell("config-set", json!({ "Dhcp6": six(false) }));
    until("what was there is served", || served(2) == (true, true));
    comes("three", 3);
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert_eq!(served(3), (false, false), "{}", sockets(&server));
    assert_eq!(served(1), (true, true), "{}", sockets(&server));
    server.tell("interface-redetect", Value::Null);
    server6.tell("interface-redetect", Value::Null);
    until("what was looked for is served", || served(3) == (true, true));
}

/// `reservations-lookup-first` decides nothing here, and the log says so where it stands.
#[test]
fn the_order_of_lookups_is_told() {
    let Some(world) = World::new() else { return };
    let space = world.space("srv");
    let mut server = world.server("kea", &space);
    let told = |server: &Server| server.log().matches("DHCP4_RESERVATIONS_LOOKUP_FIRST_ENABLED").count();
    let mut config = subnets(&[], json!([]));
    server.configure(&config);
    server.start();
    assert_eq!(told(&server), 0, "{}", server.log());
    config["reservations-lookup-first"] = json!(true);
    server.tell("config-set", json!({ "Dhcp4": config }));
    until("it is told", || told(&server) == 1);
    // Without threads it is what the server does anyway.
    config["multi-threading"] = json!({ "enable-multi-threading": false });
    server.tell("config-set", json!({ "Dhcp4": config }));
    assert_eq!(told(&server), 1, "{}", server.log());
}

/// `data-directory` of DHCPv6 may only say where files lie anyway.
#[test]
fn the_data_directory_is_that_of_the_installation() {
    let world = World::plain();
    let prefix = world.prefix("kea");
    let data = prefix.path("var/lib/kea").display().to_string();
    let check = |directory: &str, flags: &[&str]| {
        let mut config = subnets6(&[], json!([]));
        config["data-directory"] = json!(directory);
        let file = prefix.write_config("kea.conf", &json!({ "Dhcp6": config }).to_string());
        let file = file.display().to_string();
        let words: Vec<&str> = flags.iter().copied().chain(["-T", &file]).collect();
        world.run(prefix.program("kea-dhcp6"), &words, "")
    };
    let there = check(&data, &[]);
    assert_eq!(there.code(), 0, "{there:?}");
    assert!(there.stdout.contains("DHCP6_DATA_DIRECTORY_DEPRECATED"), "{there:?}");
    for flags in [&[][..], &["-X"]] {
        let elsewhere = check("/tmp", flags);
        assert_eq!(elsewhere.code(), 1, "{elsewhere:?}");
        let text = format!("'data-directory' of '/tmp' is invalid, supported path is '{data}'");
        assert!(elsewhere.stderr.contains(&text), "{elsewhere:?}");
    }
}
