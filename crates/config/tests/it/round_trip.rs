//! What `config-get` prints goes back into `config-set` unchanged.

use std::sync::Arc;

use crate::common::{parse, value};
use base::ServerTag;
use config::keywords::{DHCP4, Keyword, Literal, Status, Table, Type};
use config::{Element, ParseEnv, Protocol, ResolveEnv, Written, Written4};
use json::Value;
use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;

#[track_caller]
fn again<P: Protocol>(written: &Written<P>) -> Value {
    let first = config::config_get(written, true);
    let (back, errors) = config::parse_arguments::<P>(first.clone(), ParseEnv::default());
    assert_eq!(errors, [], "{}", json::to_string_pretty(&first, 2));
    let second = config::config_get(&back, true);
    assert_eq!(json::to_string_pretty(&second, 2), json::to_string_pretty(&first, 2));
    streamed(written);
    first
}

/// The text that is written an object at a time is that of the tree.
#[track_caller]
fn streamed<P: Protocol>(written: &Written<P>) {
    let (text, hash) = config::config_get_text(written);
    assert_eq!(text, json::to_string(&config::config_get(written, false)));
    assert_eq!(hash, config::hash(written));
}

#[test]
fn defaults_are_spelled_out() {
    let got = again(&Written4::default());
    let map = got.get("Dhcp4").unwrap();
    for (name, expected) in [
        ("valid-lifetime", "7200"),
        ("t1-percent", "0.5"),
        ("hostname-char-set", "\"[^A-Za-z0-9.-]\""),
        ("interfaces-config", "{ \"interfaces\": [  ], \"re-detect\": true }"),
        ("lease-database", "{ \"type\": \"memfile\" }"),
        ("host-reservation-identifiers", "[ \"hw-address\", \"duid\", \"circuit-id\", \"client-id\" ]"),
        (
            "multi-threading",
            "{ \"enable-multi-threading\": true, \"packet-queue-size\": 64, \"thread-pool-size\": 0 }",
        ),
        ("sanity-checks", "{ \"extended-info-checks\": \"fix\", \"lease-checks\": \"warn\" }"),
        (
            "dhcp-queue-control",
            "{ \"capacity\": 64, \"enable-queue\": false, \"queue-type\": \"kea-ring4\" }",
        ),
        ("subnet4", "[  ]"),
        ("hooks-libraries", "[  ]"),
    ] {
        assert_eq!(json::to_string(map.get(name).unwrap()), expected, "{name}");
    }
    for absent in [
        "renew-timer",
        "loggers",
        "client-classes",
        "control-sockets",
        "config-control",
        "compatibility",
        "reservations",
    ] {
        assert!(map.get(absent).is_none(), "{absent}");
    }
    let hash = got.get("hash").unwrap().as_str().unwrap();
    assert!(hash.len() == 64 && hash.bytes().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase()), "{hash}");
}

/// The answer of Kea 2.2.0 to `config-get` for a configuration that has a bit of everything.
const KEA: &str = include_str!("data/kea-2.2.0-config-get.json");

#[test]
fn kea_s_own_answer_is_accepted_and_kept() {
    let kea = value(KEA);
    let (written, errors) = config::parse4(kea.clone());
    assert_eq!(errors, []);
    config::resolve4(Arc::new(written.clone()), &ResolveEnv::default()).unwrap();
    let ours = again(&written);
    let (kea, ours) = (kea.get("Dhcp4").unwrap(), ours.get("Dhcp4").unwrap());
    // Members whose name or form changed between 2.2 and 3.x.
    let renamed = [
        "control-socket",
        "ddns-use-conflict-resolution",
        "loggers",
        "client-classes",
        "option-data",
        "option-def",
        "sanity-checks",
        "subnet4",
        "shared-networks",
    ];
    for (name, value) in kea.as_map().unwrap() {
        if !renamed.contains(&name.as_str()) {
            assert_eq!(ours.get(name), Some(value), "{name}");
        }
    }
    let subnet = |tree: &Value| tree.get("subnet4").unwrap().as_list().unwrap()[0].as_map().unwrap().clone();
    let (theirs, mut own) = (subnet(kea), subnet(ours));
    // New since 2.2, or shown under a new name.
    for new in ["allocator", "client-classes", "evaluate-additional-classes"] {
        assert!(own.remove(new).is_some(), "{new}");
    }
    let names = |map: &json::Map| {
        map.keys()
            .filter(|k| !matches!(k.as_str(), "client-class" | "require-client-classes"))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&own), names(&theirs));
    for (name, value) in &own {
        if name != "pools" {
            assert_eq!(theirs.get(name), Some(value), "{name}");
        }
    }
}

#[test]
fn objects_of_databases_show_their_tags_and_nothing_inherited() {
    let mut written = parse(
        r#""valid-lifetime": 99, "option-data": [ { "code": 6, "data": "192.0.2.1" } ],
           "option-def": [ { "name": "a", "code": 222, "type": "uint8" } ],
           "user-context": { "metadata": 1, "own": { "metadata": [ 2 ] } },
           "client-classes": [ { "name": "c" } ], "shared-networks": [ { "name": "n" } ],
           "subnet4": [ { "id": 1, "subnet": "10.0.0.0/8" } ]"#,
    )
    .unwrap();
    let tag = |element: &Arc<Element>| {
        Arc::new(Element { server_tags: vec![ServerTag::new("hq").unwrap()], ..(**element).clone() })
    };
    for list in [
        &mut written.options,
        &mut written.option_defs,
        &mut written.client_classes,
        &mut written.shared_networks,
    ] {
        list[0] = tag(&list[0]);
    }
    written.subnets[0].element = tag(&written.subnets[0].element);
    let got = config::write4(&written);
    for list in ["option-data", "option-def", "client-classes", "shared-networks", "subnet4"] {
        let object = &got.get(list).unwrap().as_list().unwrap()[0];
        assert_eq!(
            json::to_string(object.get("metadata").unwrap()),
            "{ \"server-tags\": [ \"hq\" ] }",
            "{list}"
        );
        assert!(object.get("valid-lifetime").is_none(), "{list}");
    }
    let (_, errors) = config::parse4(got);
    assert_eq!(errors, []);
    streamed(&written);
    // As Kea has it, unless asked for.
    let shown = |origin| json::to_string(&config::config_get(&written, origin));
    assert!(!shown(false).contains("\"server-tags\"") && shown(true).contains("\"server-tags\""));
    assert!(shown(false).contains("{ \"metadata\": 1, \"own\": { \"metadata\": [ 2 ] } }"));
    let hash = |origin| json::to_string(config::config_get(&written, origin).get("hash").unwrap());
    assert_eq!(hash(false), hash(true));
}

/// A value that fits a keyword and no other rule forbids.
fn valid(keyword: &'static Keyword) -> Option<BoxedStrategy<Value>> {
    if let Status::Only(allowed, _) = keyword.status {
        return allowed.value().map(|v| Just(v).boxed());
    }
    Some(match keyword.kind {
        Type::Bool => any::<bool>().prop_map(Value::from).boxed(),
        Type::Int(..) if keyword.name.contains("lifetime") => Just(Value::from(7200i64)).boxed(),
        Type::Int(min, max) => (min.max(1)..=max.min(60_000)).prop_map(Value::from).boxed(),
        Type::Real if keyword.name == "t2-percent" => {
            (51u32..99).prop_map(|n| Value::from(f64::from(n) / 100.0)).boxed()
        }
        Type::Real => (1u32..50).prop_map(|n| Value::from(f64::from(n) / 100.0)).boxed(),
        Type::Str if keyword.name == "pool" => Just(Value::from("10.0.0.1 - 10.0.0.7")).boxed(),
        Type::Str if keyword.name == "4o6-subnet" => Just(Value::from("2001:db8::/48")).boxed(),
        Type::Str if keyword.name == "type" => Just(Value::from("memfile")).boxed(),
        Type::Str | Type::Text(_) => "[a-z]{1,8}".prop_map(Value::from).boxed(),
        Type::Word(words) | Type::WordAnyCase(words) | Type::WordOrBool(words, _) => {
            let served = |word: &&&str| !matches!(keyword.status, Status::Except(Literal::Str(unserved), _) if unserved == **word);
            let words: Vec<_> = words
                .iter()
                .filter(served)
                .filter(|w| **w != "TCP" && **w != "os" && **w != "fsync")
                .collect();
            if words.is_empty() {
                return None;
            }
            prop::sample::select(words).prop_map(|w| Value::from(*w)).boxed()
        }
        Type::Ipv4 | Type::Ipv6 | Type::Address => any::<[u8; 4]>()
            .prop_filter("not broadcast", |a| *a != [255; 4])
            .prop_map(|a| Value::from(std::net::Ipv4Addr::from(a).to_string()))
            .boxed(),
        Type::Strings => prop::collection::btree_set("[a-z]{1,6}", 0..3)
            .prop_map(|names| names.into_iter().map(Value::from).collect::<Vec<_>>().into())
            .boxed(),
        Type::Map(table) => map(table),
        Type::FreeMap => Just(Value::from([("k", Value::from(1i64))])).boxed(),
        Type::Maps(_) => return None,
    })
}

/// Members that clash with others or have a language of their own.
fn special(name: &str) -> bool {
    matches!(
        name,
        "comment"
            | "ddns-ttl"
            | "ddns-ttl-min"
            | "host-reservation-identifiers"
            | "control-sockets"
            | "config-control"
            | "password-file"
            | "cert-file"
            | "key-file"
            | "trust-anchor"
            | "ssl-mode"
            | "read-timeout"
            | "write-timeout"
            | "tcp-user-timeout"
            | "relay"
            | "test"
            | "template-test"
            | "interface"
            | "id"
            | "subnet"
            | "name"
    )
}

fn map(table: &'static Table) -> BoxedStrategy<Value> {
    let members: Vec<_> = table
        .keywords
        .iter()
        .filter(|k| !matches!(k.status, Status::Old(_)) && !special(k.name))
        .filter_map(|k| {
            let value = valid(k)?;
            Some(
                (any::<bool>(), value)
                    .prop_map(move |(there, v)| (there || k.required).then(|| (k.name.to_owned(), v))),
            )
        })
        .collect();
    members.prop_map(|m| m.into_iter().flatten().collect::<json::Map>().into()).boxed()
}

fn subnet(id: u32) -> BoxedStrategy<Value> {
    let pools = prop::collection::vec(map(&config::keywords::POOL4), 0..2);
    (map(&config::keywords::SUBNET4), pools)
        .prop_map(move |(mut subnet, pools)| {
            let map = subnet.as_map_mut().unwrap();
            map.insert("id".to_owned(), id.into());
            map.insert("subnet".to_owned(), "10.0.0.0/8".into());
            map.insert("pools".to_owned(), pools.into());
            subnet
        })
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_configuration(globals in map(&DHCP4), network in map(&config::keywords::SHARED_NETWORK4), subnet in subnet(7), inside in any::<bool>()) {
        let (mut globals, mut network) = (globals, network);
        // What they may be depends on other members.
        for (holder, member) in [("dhcp-ddns", "sender-ip"), ("dhcp-queue-control", "enable-queue")] {
            if let Some(map) = globals.as_map_mut().unwrap().get_mut(holder).and_then(|v| v.as_map_mut()) {
                map.remove(member);
            }
        }
        let networks = network.as_map_mut().unwrap();
        networks.insert("name".to_owned(), "n".into());
        let mut subnet = subnet;
        if inside {
            // The flag of a subnet must agree with that of its network.
            subnet.as_map_mut().unwrap().remove("authoritative");
            networks.insert("subnet4".to_owned(), vec![subnet].into());
        } else {
            globals.as_map_mut().unwrap().insert("subnet4".to_owned(), vec![subnet].into());
        }
        globals.as_map_mut().unwrap().insert("shared-networks".to_owned(), vec![network].into());
        let (written, errors) = config::parse4(globals);
        prop_assert_eq!(errors, []);
        again(&written);
        let relaxed = ResolveEnv { relaxed: true, ..ResolveEnv::default() };
        config::resolve4(Arc::new(written), &relaxed).unwrap();
    }
}
