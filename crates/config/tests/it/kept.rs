//! A configuration that follows another one takes over what did not change, and is the same as one made anew.

use std::sync::Arc;

use crate::common::{parse, value};
use base::SubnetId;
use config::{Dhcp4, Element, Protocol, ResolveEnv, ServerConfig4, Written4, WrittenSubnet4};

fn first() -> Written4 {
    parse(
        r#""valid-lifetime": 100,
            "client-classes": [ { "name": "one", "test": "option[60].exists" }, { "name": "two" } ],
            "option-def": [ { "name": "own", "code": 222, "type": "uint8" } ],
            "option-data": [ { "name": "own", "data": "1" } ],
            "shared-networks": [ { "name": "floor", "interface": "eth0", "subnet4": [
                { "id": 3, "subnet": "10.3.0.0/16", "pools": [ { "pool": "10.3.0.0/24" } ] },
                { "id": 1, "subnet": "10.1.0.0/16", "client-classes": [ "two" ] } ] } ],
            "subnet4": [
                { "id": 2, "subnet": "10.2.0.0/16", "option-data": [ { "name": "own", "data": "2" } ],
                  "pools": [ { "pool": "10.2.0.0/24", "client-classes": [ "elsewhere" ] } ] },
                { "id": 4, "subnet": "10.4.0.0/16", "renew-timer": 7, "valid-lifetime": 9 } ]"#,
    )
    .unwrap()
}

fn subnet(id: u32, network: Option<&str>, members: &str) -> WrittenSubnet4 {
    let map = value(&format!(r#"{{ "id": {id}, "subnet": "10.{id}.0.0/16" {members} }}"#));
    WrittenSubnet4 {
        id: SubnetId(id),
        prefix: format!("10.{id}.0.0/16").parse().unwrap(),
        shared_network: network.map(str::to_owned),
        element: Arc::new(Element {
            map: map.as_map().unwrap().clone(),
            pos: json::Pos::default(),
            server_tags: Vec::new(),
        }),
    }
}

/// The numbers of the subnets that are the same object in both.
fn same(before: &ServerConfig4, after: &ServerConfig4) -> Vec<u32> {
    let kept = |subnet: &&Arc<_>| before.subnets.iter().any(|old| Arc::ptr_eq(old, subnet));
    after.subnets.iter().filter(kept).map(|subnet| subnet.id.0).collect()
}

/// Resolves `first` and then what `edit` makes of it, and answers which subnets stayed.
fn kept(edit: impl FnOnce(&mut Written4)) -> Vec<u32> {
    let env = ResolveEnv::default();
    let before = Dhcp4::resolve(Arc::new(first()), &env).unwrap();
    let mut written = (*before.written).clone();
    edit(&mut written);
    let written = Arc::new(written);
    let after = Dhcp4::resolve_after(Arc::clone(&written), &env, Some(&before)).unwrap();
    let anew = Dhcp4::resolve(written, &env).unwrap();
    let text = |config: &ServerConfig4| {
        let parts =
            (&config.subnets, &config.networks, &config.options, &config.globals, &config.classes.configured);
        format!("{parts:#?}")
    };
    assert_eq!(text(&after), text(&anew));
    same(&before, &after)
}

#[test]
fn only_what_changed_is_made_anew() {
    assert_eq!(kept(|_| ()), [1, 2, 3, 4]);
    assert_eq!(kept(|w| w.subnets.push(subnet(5, None, ""))), [1, 2, 3, 4]);
    assert_eq!(kept(|w| w.subnets.retain(|s| s.id != SubnetId(2))), [1, 3, 4]);
    let longer = subnet(4, None, r#", "valid-lifetime": 70, "client-classes": [ "one" ]"#);
    assert_eq!(
        kept(|w| w.subnets.iter_mut().filter(|s| s.id == longer.id).for_each(|s| *s = longer.clone())),
        [1, 2, 3]
    );
    assert_eq!(kept(|w| w.options.clear()), [1, 2, 3, 4], "options of the outermost level are in no subnet");
    assert_eq!(kept(|w| w.subnets.reverse()), [1, 2, 3, 4]);
}

#[test]
fn subnets_of_a_network_stay_together() {
    assert_eq!(kept(|w| w.subnets.push(subnet(5, Some("floor"), ""))), [2, 4], "one more");
    assert_eq!(kept(|w| w.subnets.retain(|s| s.id != SubnetId(3))), [2, 4], "one less");
    let other =
        |w: &mut Written4| w.subnets.iter_mut().filter(|s| s.id.0 == 1).for_each(|s| s.shared_network = None);
    assert_eq!(kept(other), [2, 4], "one that left");
    let joined = |w: &mut Written4| {
        w.subnets
            .iter_mut()
            .filter(|s| s.id.0 == 4)
            .for_each(|s| s.shared_network = Some("floor".to_owned()));
    };
    assert_eq!(kept(joined), [2], "one that came");
    assert_eq!(
        kept(|w| w.shared_networks.push(Arc::clone(&subnet(9, None, r#", "name": "new""#).element))),
        [0; 0]
    );
}

#[test]
fn what_all_depend_on() {
    assert_eq!(kept(|w| drop(w.globals.insert("valid-lifetime".to_owned(), 200i64.into()))), [0; 0]);
    assert_eq!(kept(|w| w.client_classes.reverse()), [0; 0]);
    assert_eq!(
        kept(|w| {
            w.option_defs.clear();
            w.options.clear();
            w.subnets.retain(|s| s.id != SubnetId(2));
        }),
        [0; 0]
    );
}

#[test]
fn faults_are_found_all_the_same() {
    let env = ResolveEnv::default();
    let before = Dhcp4::resolve(Arc::new(first()), &env).unwrap();
    for (more, wanted) in [
        (subnet(4, None, ""), "ID of the new IPv4 subnet '4' is already in use"),
        (subnet(6, Some("nowhere"), ""), "network does not exist"),
        (subnet(6, Some("floor"), r#", "interface": "eth1""#), "has specified interface eth1"),
        (subnet(6, None, r#", "option-data": [ { "name": "own", "data": "many" } ]"#), "unable to convert"),
    ] {
        let mut written = (*before.written).clone();
        written.subnets.push(more);
        let written = Arc::new(written);
        let text = |answer: Result<_, Vec<config::ConfigError>>| {
            let errors = answer.map(|_: ServerConfig4| ()).unwrap_err();
            errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        let told = text(Dhcp4::resolve_after(Arc::clone(&written), &env, Some(&before)));
        assert!(told.contains(wanted), "{told}");
        assert_eq!(told, text(Dhcp4::resolve(written, &env)));
    }
}

/// Names that are only referred to get numbers in the order in which they are met; those in use keep theirs.
#[test]
fn classes_keep_their_numbers() {
    let env = ResolveEnv::default();
    let before = Dhcp4::resolve(Arc::new(first()), &env).unwrap();
    let mut written = (*before.written).clone();
    written.subnets.push(subnet(9, None, r#", "client-classes": [ "new", "elsewhere" ]"#));
    let after = Dhcp4::resolve_after(Arc::new(written), &env, Some(&before)).unwrap();
    for class in &before.classes.classes {
        assert_eq!(before.classes.id(&class.name), after.classes.id(&class.name), "{}", class.name);
    }
    let ids = &after.subnet(SubnetId(9)).unwrap().client_classes;
    let names: Vec<&str> = ids.iter().map(|id| &*after.classes.get(*id).unwrap().name).collect();
    assert_eq!(names, ["new", "elsewhere"]);
    assert!(before.classes.id("new").is_none(), "the one in force is left alone");
}
