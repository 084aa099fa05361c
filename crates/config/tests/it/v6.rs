//! kea-dhcp6: what the engine gets, what is refused, and what `config-get` shows.

use std::sync::Arc;

use crate::common::value;
use base::{Ipv6Prefix, Seconds, SubnetId};
use config::{DuidKind, Lifetime, MacSource, ParseEnv, ResolveEnv, ServerConfig6, Written6};
use host::{IdentifierKind, Reservation};

fn parse(members: &str) -> Result<Written6, Vec<String>> {
    let (written, errors) = config::parse6(value(&format!("{{ \"Dhcp6\": {{ {members} }} }}")));
    if errors.is_empty() { Ok(written) } else { Err(errors.into_iter().map(|e| e.text).collect()) }
}

fn resolve(members: &str) -> Result<ServerConfig6, Vec<String>> {
    let env = ResolveEnv::default();
    config::resolve6(Arc::new(parse(members)?), &env)
        .map_err(|errors| errors.into_iter().map(|e| e.text).collect())
}

fn prefix(text: &str) -> Ipv6Prefix {
    text.parse().unwrap()
}

fn subnet(config: &ServerConfig6, id: u32) -> &config::Subnet6 {
    config.subnet(SubnetId(id)).unwrap()
}

fn lifetime(min: u32, default: u32, max: u32) -> Lifetime {
    Lifetime { min: Seconds(min), default: Seconds(default), max: Seconds(max) }
}

#[test]
fn the_smallest_configuration_has_kea_s_defaults() {
    let config = resolve("").unwrap();
    let own = &config.globals.own;
    assert_eq!((own.server_id.kind, own.server_id.persist), (DuidKind::Llt, true));
    assert_eq!((&*own.mac_sources, &*own.relay_supplied_options), (&[MacSource::Any][..], &[65][..]));
    assert!(own.allow_address_registration && config.services.data_directory.is_none());
    assert_eq!(&*config.host_identifiers, [IdentifierKind::HwAddress, IdentifierKind::Duid]);
    let config = resolve(r#""subnet6": [ { "id": 1, "subnet": "2001:db8::/32" } ]"#).unwrap();
    let params = &subnet(&config, 1).params;
    assert_eq!((params.valid_lifetime, params.own.preferred_lifetime), (lifetime(7200, 7200, 7200), None));
    assert_eq!((params.calculate_tee_times, params.t1_percent, params.t2_percent), (true, 0.5, 0.8));
    assert!(!params.own.rapid_commit);
}

#[test]
fn parameters_flow_through_networks_to_subnets() {
    let config = resolve(
        r#""preferred-lifetime": 100, "valid-lifetime": 200, "pd-allocator": "iterative", "renew-timer": 7,
           "shared-networks": [ { "name": "n", "interface-id": "port1", "rapid-commit": true, "relay": { "ip-addresses": [ "fe80::1" ] },
             "max-preferred-lifetime": 150,
             "subnet6": [ { "id": 9, "subnet": "2001:db8:9::/48", "preferred-lifetime": 110, "rapid-commit": true },
                          { "id": 5, "subnet": "2001:db8:5::/48", "relay": { "ip-address": "2001:db8:5::1" }, "interface-id": "port5" } ] } ],
           "subnet6": [ { "id": 1, "subnet": "2001:db8:1::/48", "interface": "eth0", "rapid-commit": true,
                          "min-preferred-lifetime": 50 } ]"#,
    )
    .unwrap();
    let nine = subnet(&config, 9);
    assert_eq!(nine.params.own.preferred_lifetime, Some(lifetime(110, 110, 150)));
    assert_eq!((nine.own.interface_id.as_deref(), nine.params.own.rapid_commit), (Some(&b"port1"[..]), true));
    let five = subnet(&config, 5);
    assert_eq!(five.params.own.preferred_lifetime, Some(lifetime(100, 100, 150)));
    assert!(five.params.own.rapid_commit && five.params.renew_timer == Some(Seconds(7)));
    assert_eq!(subnet(&config, 1).params.own.preferred_lifetime, Some(lifetime(50, 100, 100)));
    // By id: 1, 5, 9.
    let index = &config.index;
    assert_eq!((index.by_interface_id(b"port1"), index.by_interface_id(b"port5")), (&[2][..], &[1][..]));
    assert_eq!(index.by_relay("fe80::1".parse().unwrap()), [2]);
    assert_eq!(index.by_relay("2001:db8:5::1".parse().unwrap()), [1]);
    assert_eq!(index.in_range("2001:db8:9::77".parse().unwrap()).collect::<Vec<_>>(), [2]);
    assert_eq!(index.by_interface("eth0"), [0]);
    assert_eq!(config.networks[0].subnets, [2, 1]);
}

#[test]
fn pools_of_addresses_and_prefixes() {
    let config = resolve(
        r#""subnet6": [ { "id": 1, "subnet": "2001:db8:1::/48",
             "pools": [ { "pool": "2001:db8:1::/80", "pool-id": 3 }, { "pool": "2001:db8:1:1::10 - 2001:db8:1:1::1f" } ],
             "pd-pools": [ { "prefix": "3000::", "prefix-len": 56, "delegated-len": 64, "client-classes": [ "a" ],
                             "excluded-prefix": "3000:0:0:0:cafe:80::", "excluded-prefix-len": 72,
                             "option-data": [ { "name": "dns-servers", "data": "3000::1" } ] } ] } ]"#,
    )
    .unwrap();
    let one = subnet(&config, 1);
    assert_eq!((one.pools[0].id.0, one.pools[0].capacity(), one.pools[1].capacity()), (3, 1 << 48, 16));
    let pd = &one.own.pd_pools[0];
    assert_eq!((pd.prefix, pd.delegated_len, pd.capacity()), (prefix("3000::/56"), 64, 256));
    assert_eq!(pd.excluded, Some(prefix("3000:0:0:0:ca00::/72")));
    assert_eq!((pd.client_classes.len(), pd.options.entries(23).len()), (1, 1));
}

#[test]
fn options_of_every_level_are_encoded_with_their_containers() {
    let config = resolve(
        r#""option-def": [ { "name": "foo", "code": 1000, "type": "uint16" } ],
           "option-data": [ { "name": "foo", "data": "12" }, { "name": "dns-servers", "data": "2001:db8::1, 2001:db8::2" },
             { "name": "s46-cont-mape", "data": "" },
             { "space": "s46-cont-mape-options", "name": "s46-rule", "data": "128, 0, 24, 192.0.2.0, 2001:db8::/64" },
             { "space": "s46-rule-options", "name": "s46-portparams", "data": "2, 3/4" },
             { "space": "vendor-4491", "code": 1000, "csv-format": false, "data": "0102" } ],
           "client-classes": [ { "name": "c", "test": "option[16].exists", "preferred-lifetime": 5,
                                 "option-data": [ { "code": 59, "data": "http://x" } ] } ]"#,
    )
    .unwrap();
    let payload = |code: u16| config.options.entries(code)[0].payload.to_vec();
    assert_eq!(payload(1000), [0, 12]);
    assert_eq!(payload(23).len(), 32);
    let map = payload(94);
    // 89, its length, the rule and inside it 93 with four octets.
    assert_eq!((&map[..2], map.ends_with(&[0, 93, 0, 4, 2, 4, 0x30, 0])), (&[0u8, 89][..], true), "{map:?}");
    assert_eq!(config.options.vendors[0].vendor, 4491);
    let class = config.classes.id("c").and_then(|id| config.classes.get(id)).unwrap();
    assert_eq!(class.preferred_lifetime, Some(lifetime(5, 5, 5)));
    assert_eq!(class.options.entries(59).len(), 1);
}

#[test]
fn reservations_hold_addresses_and_prefixes() {
    let members = r#""reservations": [ { "duid": "01:02", "hostname": "g", "prefixes": [ "3000:1::/48" ] } ],
        "subnet6": [ { "id": 1, "subnet": "2001:db8:1::/48", "reservations": [
          { "hw-address": "1a:1b:1c:1d:1e:1f", "ip-addresses": [ "2001:db8:1::1", "2001:db8:1::2" ],
            "prefixes": [ "3000:2::/48", "3000:3::/48" ], "excluded-prefixes": [ "", "3000:3::/64" ], "client-classes": [ "x" ] } ] } ]"#;
    let config = resolve(members).unwrap();
    let host =
        config.hosts.get(SubnetId(1), IdentifierKind::HwAddress, &[0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f]);
    let host = host.unwrap();
    assert_eq!(host.extra.addresses(), [prefix("2001:db8:1::1/128"), prefix("2001:db8:1::2/128")]);
    assert_eq!(host.extra.prefixes(), [prefix("3000:2::/48"), prefix("3000:3::/48")]);
    assert_eq!(&*host.extra.excluded, [None, Some(prefix("3000:3::/64"))]);
    assert_eq!(host.extra.resources().len(), 4);
    let mut holders = 0;
    config.hosts.each_at(SubnetId(1), prefix("3000:3::/48"), &mut |_| holders += 1);
    assert_eq!(holders, 1);
    let global = config.hosts.get(host::GLOBAL, IdentifierKind::Duid, &[1, 2]).unwrap();
    assert_eq!((&*global.hostname, global.extra.addresses().len()), ("g", 0));
}

#[test]
fn what_is_wrong_has_kea_s_text() {
    let subnet =
        |members: &str| format!(r#""subnet6": [ {{ "id": 1, "subnet": "2001:db8::/64", {members} }} ]"#);
    let reservation =
        |members: &str| subnet(&format!(r#""reservations": [ {{ "duid": "01:02", {members} }} ]"#));
    let pd = |members: &str| subnet(&format!(r#""pd-pools": [ {{ {members} }} ]"#));
    for (members, part) in [
        (
            subnet(r#""allocator": "flq""#),
            "Free Lease Queue allocator is not supported for IPv6 address pools",
        ),
        (subnet(r#""interface": "a", "interface-id": "b""#), "cannot be defined at the same time for subnet 2001:db8::/64"),
        (subnet(r#""pools": [ { "pool": "2001:db9::/80" } ]"#), "a pool of type IA_NA, with the following address range: 2001:db9::-2001:db9::ffff:ffff:ffff does not match the prefix of a subnet: 2001:db8::/64"),
        (subnet(r#""preferred-lifetime": 5, "max-preferred-lifetime": 4"#), "the value of (default) preferred-lifetime (5) is not less than max-preferred-lifetime (4)"),
        (subnet(r#""relay": { "ip-addresses": [ "10.0.0.1" ] }"#), "address 10.0.0.1 is not a valid: IPv6address"),
        (pd(r#""prefix": "3000::1", "prefix-len": 56, "delegated-len": 64"#), "Invalid Pool6 address boundaries: 3000::1 is not the first address in prefix: 3000::/56"),
        (pd(r#""prefix": "3000::", "prefix-len": 64, "delegated-len": 56"#), "Delegated length (56) must be longer than or equal to prefix length (64)"),
        (pd(r#""prefix": "3000::", "prefix-len": 56, "delegated-len": 64, "excluded-prefix": "3000::", "excluded-prefix-len": 64"#), "Excluded prefix (64) must be longer than the delegated prefix length (64)"),
        (pd(r#""prefix": "3000::", "prefix-len": 56, "delegated-len": 64, "excluded-prefix": "3000:0:0:1::", "excluded-prefix-len": 72"#), "must have the same common prefix part of 64 as the delegated prefix 3000::/64"),
        (pd(r#""prefix": "3000::", "prefix-len": 56, "delegated-len": 64, "excluded-prefix-len": 72"#), "invalid excluded prefix ::/72"),
        (pd(r#""prefix": "3000::", "prefix-len": 56, "delegated-len": 129"#), "The 'delegated-len' value (129) is not within expected range: (1 - 128)"),
        (reservation(r#""ip-addresses": [ "2001:db9::1" ]"#), "specified reservation '2001:db9::1' is not within the IPv6 subnet '2001:db8::/64'"),
        (reservation(r#""ip-addresses": [ "ff02::1" ]"#), "invalid prefix 'ff02::1' for new IPv6 reservation"),
        (reservation(r#""prefixes": [ "3000::" ]"#), "prefix reservation requires prefix length be specified in '3000::'"),
        (reservation(r#""prefixes": [ "3000::/" ]"#), "prefix '3000::/' requires length after '/'"),
        (reservation(r#""prefixes": [ "3000::1/64" ]"#), "Prefix address: 3000::1 exceeds prefix/prefix-len pair: 3000::/64"),
        (reservation(r#""prefixes": [ "3000::/48" ], "excluded-prefixes": [ "3000::/48" ]"#), "must be greater than the length of the delegated prefix 3000::/48"),
        (reservation(r#""prefixes": [ "3000::/48" ], "excluded-prefixes": [ ]"#), "'excluded-prefixes' parameter does not match the 'prefixes' parameter: 0 != 1"),
        (r#""reservations": [ { "circuit-id": "01" } ]"#.to_owned(), "got unexpected keyword \"circuit-id\" in reservations map."),
        (r#""reservations": [ { "hostname": "x" } ]"#.to_owned(), "one of the supported identifiers must be specified for host reservation: duid, flex-id, hw-address"),
        (r#""host-reservation-identifiers": [ "circuit-id" ]"#.to_owned(), "Host reservation identifier 'circuit-id' is not supported"),
        (r#""mac-sources": [ ]"#.to_owned(), "If specified, MAC Sources cannot be empty"),
        (r#""mac-sources": [ "rfc6939", "client-link-addr-option" ]"#.to_owned(), "The mac-sources value 'client-link-addr-option' was specified twice"),
        (r#""mac-sources": [ "x" ]"#.to_owned(), "Failed to convert 'x' to any recognized MAC source"),
        (r#""server-id": { "type": "XX" }"#.to_owned(), "unsupported DUID type 'XX'. Expected: LLT, EN or LL"),
        (r#""server-id": { "identifier": "zz" }"#.to_owned(), "identifier specified as a hexadecimal string 'zz' is not valid"),
        (r#""server-id": { "type": "UUID", "identifier": "0102" }"#.to_owned(), "its DUID takes 16"),
        (r#""relay-supplied-options": [ "nothing" ]"#.to_owned(), "unable to find option code for the  specified option name 'nothing'"),
        (r#""relay-supplied-options": [ "70000" ]"#.to_owned(), "the option code must not be greater than '65535'"),
        (r#""interfaces-config": { "interfaces": [ "eth0/ff02::1" ] }"#.to_owned(), "address 'ff02::1' is not a valid IPv6 unicast address"),
        (r#""interfaces-config": { "interfaces": [ "eth0/10.0.0.1" ] }"#.to_owned(), "address '10.0.0.1' is not a valid IPv6 unicast address"),
        (r#""interfaces-config": { "dhcp-socket-type": "raw" }"#.to_owned(), "got unexpected keyword \"dhcp-socket-type\" in interfaces-config map."),
        (r#""option-data": [ { "space": "dhcp4", "code": 3, "data": "" } ]"#.to_owned(), "'dhcp4' option space name is reserved for DHCPv4 server"),
        (r#""option-data": [ { "code": 0 } ]"#.to_owned(), "invalid option code '0': reserved value"),
        (r#""authoritative": true"#.to_owned(), "got unexpected keyword \"authoritative\" in Dhcp6 map."),
        (subnet(r#""id": 1"#).replace("\"id\": 1, \"subnet\"", "\"subnet\"").replace(", \"id\": 1", ""), "missing parameter 'id'"),
        (r#""shared-networks": [ { "name": "n", "subnet6": [ { "id": 1, "subnet": "2001:db8::/64", "rapid-commit": true }, { "id": 2, "subnet": "2001:db8:1::/64", "rapid-commit": false } ] } ]"#.to_owned(), "All subnets in a shared network must have the same rapid-commit value. Subnet 2001:db8:1::/64 has specified rapid-commit false"),
        (format!("{}, {}", subnet(r#""valid-lifetime": 1"#).replace("\"id\": 1", "\"id\": 7"), r#""shared-networks": [ { "name": "n", "subnet6": [ { "id": 7, "subnet": "2001:db8:2::/64" } ] } ]"#), "ID of the new IPv6 subnet '7' is already in use"),
        (subnet(r#""reservations": [ { "duid": "01:02", "prefixes": [ "3000::/48" ] }, { "duid": "01:03", "prefixes": [ "3000::/48" ] } ]"#), "failed to add address reservation for host using the HW address '(null) and DUID '01:03' to the IPv6 subnet id '1' for address/prefix 3000::: There's already reservation for this address/prefix"),
    ] {
        let errors = resolve(&members).err().unwrap_or_default();
        assert!(errors.iter().any(|e| e.contains(part)), "{members}\n wanted {part}\n got {errors:#?}");
    }
}

#[test]
fn config_get_goes_back_in() {
    let members = r#""server-id": { "type": "EN", "enterprise-id": 7, "identifier": "0a0B" }, "mac-sources": [ "rfc4649", "duid" ],
        "relay-supplied-options": [ "110", "erp-local-domain-name" ], "preferred-lifetime": 50, "data-directory": "/var/lib/kea",
        "compatibility": { "lenient-option-parsing": true },
        "reservations": [ { "flex-id": "'abc'", "ip-addresses": [ "2001:db8::1" ] } ],
        "client-classes": [ { "name": "c", "test": "option[16].exists" } ],
        "shared-networks": [ { "name": "n", "interface-id": "x", "subnet6": [ { "id": 2, "subnet": "2001:db8:2::/64" } ] } ],
        "subnet6": [ { "id": 1, "subnet": "2001:db8:1::/64", "pools": [ { "pool": "2001:db8:1::-2001:db8:1::f" } ],
          "pd-pools": [ { "prefix": "3000::", "prefix-len": 48, "delegated-len": 64, "excluded-prefix": "::", "excluded-prefix-len": 0 } ],
          "option-data": [ { "name": "dns-servers", "data": "2001:db8::1" } ] } ]"#;
    let written = parse(members).unwrap();
    let first = config::config_get(&written, true);
    let (back, errors) = config::parse_arguments::<config::Dhcp6>(first.clone(), ParseEnv::default());
    assert_eq!(errors, []);
    assert_eq!(
        json::to_string_pretty(&config::config_get(&back, true), 2),
        json::to_string_pretty(&first, 2)
    );
    let text = config::config_get_text(&written).0;
    assert_eq!(text, json::to_string(&config::config_get(&written, false)));
    let map = first.get("Dhcp6").unwrap();
    for (name, expected) in [
        ("mac-sources", r#"[ "remote-id", "duid" ]"#),
        ("relay-supplied-options", r#"[ "65", "110" ]"#),
        (
            "server-id",
            r#"{ "enterprise-id": 7, "htype": 0, "identifier": "0a0B", "persist": true, "time": 0, "type": "EN" }"#,
        ),
        ("t2-percent", "0.8"),
        ("calculate-tee-times", "true"),
        ("interfaces-config", r#"{ "interfaces": [  ], "re-detect": true }"#),
        ("host-reservation-identifiers", r#"[ "hw-address", "duid" ]"#),
        ("dhcp-queue-control", r#"{ "capacity": 64, "enable-queue": false, "queue-type": "kea-ring6" }"#),
    ] {
        assert_eq!(json::to_string(map.get(name).unwrap()), expected, "{name}");
    }
    let subnet = &map.get("subnet6").unwrap().as_list().unwrap()[0];
    assert_eq!(
        json::to_string(subnet.get("pd-pools").unwrap()),
        r#"[ { "delegated-len": 64, "option-data": [  ], "prefix": "3000::", "prefix-len": 48 } ]"#
    );
    for (name, expected) in
        [("min-preferred-lifetime", "50"), ("rapid-commit", "false"), ("pd-allocator", r#""iterative""#)]
    {
        assert_eq!(json::to_string(subnet.get(name).unwrap()), expected, "{name}");
    }
    for absent in ["offer-lifetime", "4o6-subnet", "next-server", "interface-id"] {
        assert!(subnet.get(absent).is_none(), "{absent}");
    }
    let host = &map.get("reservations").unwrap().as_list().unwrap()[0];
    assert_eq!(
        json::to_string(host),
        r#"{ "client-classes": [  ], "flex-id": "616263", "hostname": "", "ip-addresses": [ "2001:db8::1" ], "option-data": [  ], "prefixes": [  ] }"#
    );
}
