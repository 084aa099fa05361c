//! The parameters of clients' names, level by level.

use std::sync::Arc;

use crate::common::resolve;
use base::SubnetId;
use config::{Ddns, ReplaceClientName, ServerConfig4};

fn names(config: &ServerConfig4, subnet: u32) -> &Arc<Ddns> {
    &config.subnet(SubnetId(subnet)).unwrap().params.ddns
}

#[test]
fn levels_inherit_and_share() {
    let config = resolve(
        r#""ddns-generated-prefix": "g", "hostname-char-set": "", "hostname-char-replacement": "x",
        "shared-networks": [ { "name": "n", "ddns-replace-client-name": "always", "subnet4": [
            { "id": 1, "subnet": "10.1.0.0/16", "hostname-char-set": "[0-9]",
              "pools": [ { "pool": "10.1.0.0/24" }, { "pool": "10.1.1.0/24", "ddns-qualifying-suffix": "p" } ] },
            { "id": 2, "subnet": "10.2.0.0/16" } ] } ],
        "subnet4": [ { "id": 3, "subnet": "10.3.0.0/16", "ddns-replace-client-name": true,
            "ddns-override-no-update": true, "ddns-override-client-update": true, "ddns-send-updates": false } ]"#,
    )
    .unwrap();
    let one = names(&config, 1);
    assert_eq!((one.replace_client_name, &*one.generated_prefix), (ReplaceClientName::Always, "g"));
    // The replacement is that of the globals, though nothing is replaced there.
    assert_eq!(&*one.sanitiser.as_ref().unwrap().scrub(b"a1b"), b"axb");
    assert!(names(&config, 2).sanitiser.is_none());
    assert!(Arc::ptr_eq(names(&config, 2), &config.networks[0].params.ddns), "shared where nothing differs");
    let subnet = config.subnet(SubnetId(1)).unwrap();
    assert!(Arc::ptr_eq(&subnet.pools[0].ddns, one));
    assert_eq!((&*subnet.pools[1].ddns.qualifying_suffix, &*one.qualifying_suffix), ("p", ""));
    assert!(Arc::ptr_eq(subnet.pools[1].ddns.sanitiser.as_ref().unwrap(), one.sanitiser.as_ref().unwrap()));
    let three = names(&config, 3);
    assert_eq!(three.replace_client_name, ReplaceClientName::WhenPresent);
    assert!(three.override_no_update && three.override_client_update && !three.send_updates);
    assert!(one.send_updates && !one.override_no_update && !one.override_client_update);
}

#[test]
fn expressions_that_are_none_are_refused_where_they_stand() {
    for members in [
        r#""hostname-char-set": "[a""#,
        r#""subnet4": [ { "id": 1, "subnet": "10.1.0.0/16", "hostname-char-set": "(" } ]"#,
        r#""subnet4": [ { "id": 1, "subnet": "10.1.0.0/16",
            "pools": [ { "pool": "10.1.0.0/24", "hostname-char-set": "*" } ] } ]"#,
    ] {
        let errors = resolve(members).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].contains("is not a valid regular expression"), "{errors:?}");
    }
}

#[test]
fn qualified_names() {
    for (name, suffix, dot, expected) in [
        ("host", "", false, "host"),
        ("host", "", true, "host."),
        ("host", "example.com", false, "host.example.com"),
        ("host", "example.com.", false, "host.example.com"),
        ("host", "example.com.", true, "host.example.com."),
        ("host.", "example.com", false, "host"),
        ("host.", "example.com", true, "host."),
        ("host.example.com", "example.com.", true, "host.example.com."),
        ("host.barexample.com", "example.com", false, "host.barexample.com.example.com"),
        ("example.com", "example.com", false, "example.com"),
        // The comparison heeds case, as Kea's does.
        ("host.EXAMPLE.com", "example.com", false, "host.EXAMPLE.com.example.com"),
    ] {
        let subnet = r#"[ { "id": 1, "subnet": "10.1.0.0/16" } ]"#;
        let config =
            resolve(&format!(r#""ddns-qualifying-suffix": "{suffix}", "subnet4": {subnet}"#)).unwrap();
        assert_eq!(names(&config, 1).qualify(name, dot), expected, "{name} {suffix} {dot}");
    }
}
