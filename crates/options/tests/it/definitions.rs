//! Definitions as configurations write them, and Kea's words for those it refuses.

use std::borrow::Cow;

use base::Family;
use options::{DataType, DefTable, OptionDef, OptionSpace};

fn def(space: &str, code: u16, name: &str, data_type: &str) -> OptionDef {
    let name = name.to_owned();
    OptionDef::new(
        Family::V4,
        OptionSpace::new(space).unwrap(),
        code,
        name,
        DataType::from_name(data_type).unwrap(),
    )
}

fn record(types: &str, array: bool) -> OptionDef {
    let mut def = def("dhcp4", 222, "a", "record");
    def.record_types = Cow::Owned(DataType::parse_list(types).unwrap());
    def.array = array;
    def
}

fn with(mut def: OptionDef, change: impl FnOnce(&mut OptionDef)) -> OptionDef {
    change(&mut def);
    def
}

fn verdict(def: &OptionDef) -> String {
    def.validate().map_or_else(|e| e.to_string(), |()| "ok".to_owned())
}

#[test]
fn names_and_codes() {
    for (name, good) in [
        ("foo", true),
        ("FOO", true),
        ("1foo", true),
        ("a-b_c", true),
        ("fo o", false),
        ("_foo", false),
        ("foo-", false),
        ("fo.o", false),
        ("", false),
    ] {
        let expected = if good { "ok".to_owned() } else { format!("invalid option name '{name}'") };
        assert_eq!(verdict(&def("dhcp4", 222, name, "uint8")), expected);
    }
    for (space, code, expected) in [
        ("dhcp4", 0, "invalid option code '0': reserved for PAD"),
        ("dhcp4", 255, "invalid option code '255': reserved for END"),
        ("isc", 0, "ok"),
        ("isc", 255, "ok"),
        ("isc", 256, "invalid option code '256', it must not be greater than '255'"),
        ("dhcp4", 256, "invalid option code '256', it must not be greater than '255'"),
    ] {
        assert_eq!(verdict(&def(space, code, "foo", "uint8")), expected, "{space} {code}");
    }
    let v6 = with(def("dhcp6", 0, "foo", "uint8"), |d| d.family = Family::V6);
    assert_eq!(verdict(&v6), "invalid option code '0': reserved value");
    assert_eq!(verdict(&with(v6, |d| d.code = 60_000)), "ok");
    for bad in ["", "-isc", "isc-", "is c", "_isc", "i.sc"] {
        assert_eq!(
            OptionSpace::new(bad).unwrap_err().to_string(),
            format!("invalid option space name '{bad}'")
        );
    }
    assert_eq!(OptionSpace::new("vendor-4491").unwrap().enterprise(), Some(4491));
    assert_eq!(OptionSpace::vendor(9).enterprise(), Some(9));
    assert_eq!(OptionSpace::new("vendor-4294967296").unwrap().enterprise(), None);
}

#[test]
fn standard_options_stay_as_they_are() {
    let refused = |what: &str, space: &str| {
        format!("unable to override definition of option '{what}' in standard option space '{space}'")
    };
    for (definition, expected) in [
        (def("dhcp4", 6, "foo", "uint8"), refused("6", "dhcp4")),
        (def("dhcp4", 3, "routers", "ipv4-address"), refused("3", "dhcp4")),
        (def("dhcp4", 222, "routers", "ipv4-address"), refused("routers", "dhcp4")),
        (def("dhcp4", 82, "foo", "binary"), refused("82", "dhcp4")),
        (def("dhcp6", 1, "foo", "binary"), refused("1", "dhcp6")),
        (def("docsis3-v4", 2, "foo", "binary"), refused("2", "docsis3-v4")),
        (def("dhcp4", 95, "ldap", "string"), "ok".to_owned()),
        (def("dhcp4", 43, "vendor-encapsulated-options", "binary"), "ok".to_owned()),
        (def("dhcp4", 43, "other", "binary"), "ok".to_owned()),
        (def("dhcp-agent-options-space", 1, "foo", "string"), "ok".to_owned()),
        (def("cablelabs-client-conf", 1, "foo", "string"), "ok".to_owned()),
        (def("vendor-4491", 2, "foo", "string"), "ok".to_owned()),
    ] {
        assert_eq!(verdict(&definition), expected, "{definition:?}");
    }
}

#[test]
fn types_records_and_arrays() {
    assert_eq!(DataType::from_name("sausage"), None);
    assert_eq!(DataType::from_name("UINT8"), None);
    assert_eq!(verdict(&def("dhcp4", 222, "a", "internal")), "option type 'internal' not supported.");
    let fields = |n| {
        format!(
            "invalid number of data fields: {n} specified for the option of type 'record'. Expected at least 2 fields."
        )
    };
    assert_eq!(verdict(&record("", false)), fields(0));
    assert_eq!(verdict(&record("uint8", false)), fields(1));
    for (types, array, expected) in [
        ("uint8, uint16,", false, "ok"),
        ("fqdn, uint8", false, "ok"),
        ("uint8, uint16", true, "ok"),
        ("uint8, fqdn", true, "ok"),
        ("string, uint8", false, "string data field can't be laid before data fields of other types."),
        ("binary, uint8", false, "binary data field can't be laid before data fields of other types."),
        ("uint8, string", true, "array of strings is not a valid option definition."),
        ("uint8, binary", true, "array of binary values is not a valid option definition."),
    ] {
        assert_eq!(verdict(&record(types, array)), expected, "{types}");
    }
    for (types, bad) in [
        ("uint8, sausage", "sausage"),
        ("uint8; uint16", "uint8; uint16"),
        ("uint8, record", "record"),
        ("uint8, empty", "empty"),
    ] {
        assert_eq!(
            DataType::parse_list(types).unwrap_err().to_string(),
            format!(
                "invalid record type values specified for the option definition: attempted to add invalid data type '{bad}' to the record."
            )
        );
    }
    let plain = with(def("dhcp4", 222, "a", "uint8"), |d| d.record_types = vec![DataType::Uint8].into());
    assert!(
        verdict(&plain).ends_with(
            "'record' option type must be used instead of 'uint8' to add data fields to the record"
        )
    );
    for (data_type, expected) in [
        ("empty", "array of empty value is not a valid option definition."),
        ("binary", "array of binary values is not a valid option definition."),
        ("string", "array of strings is not a valid option definition."),
        ("boolean", "ok"),
        ("fqdn", "ok"),
        ("tuple", "ok"),
        ("psid", "ok"),
        ("ipv6-prefix", "ok"),
    ] {
        assert_eq!(
            verdict(&with(def("dhcp4", 222, "a", data_type), |d| d.array = true)),
            expected,
            "{data_type}"
        );
    }
}

#[test]
fn encapsulation() {
    let inner = |space: &str| Some(OptionSpace::new(space).unwrap());
    let array = with(def("dhcp4", 222, "a", "uint8"), |d| {
        d.array = true;
        d.encapsulates = inner("isc");
    });
    assert_eq!(
        verdict(&array),
        "option 'dhcp4.a', comprising an array of data fields may not encapsulate any option space"
    );
    let own = with(def("isc", 1, "a", "uint8"), |d| d.encapsulates = inner("isc"));
    assert_eq!(
        verdict(&own),
        "option must not encapsulate an option space it belongs to: 'isc.a' is set to encapsulate 'isc'"
    );
    assert_eq!(verdict(&with(def("dhcp4", 222, "a", "string"), |d| d.encapsulates = inner("isc"))), "ok");
    assert_eq!(verdict(&def("dhcp4", 222, "a", "empty")), "ok");
}

#[test]
fn layers_hide_what_lies_below() {
    let standard = DefTable::standard(Family::V4);
    let global = standard
        .with(vec![
            def("dhcp4", 222, "foo", "uint8"),
            def("dhcp4", 43, "vx", "binary"),
            def("isc", 1, "sub", "string"),
        ])
        .unwrap();
    assert_eq!(global.by_code("dhcp4", 222).unwrap().name, "foo");
    assert_eq!(global.by_name("dhcp4", "routers").unwrap().code, 3);
    assert_eq!(global.by_code("isc", 1).unwrap().data_type, DataType::String);
    // The old name of a code that was defined anew leads to the new definition.
    assert_eq!(global.by_name("dhcp4", "vendor-encapsulated-options").unwrap().data_type, DataType::Binary);
    assert_eq!(standard.by_code("dhcp4", 43).unwrap().data_type, DataType::Empty);
    assert!(standard.by_code("isc", 1).is_none());
    let class = global.with(vec![def("dhcp4", 222, "bar", "string")]).unwrap();
    assert_eq!(class.by_code("dhcp4", 222).unwrap().name, "bar");
    assert_eq!(class.space("dhcp4").iter().filter(|d| d.code == 222).count(), 1);
    for (second, expected) in [
        (
            def("dhcp4", 222, "b", "string"),
            "option definition with code '222' already exists in option space 'dhcp4'",
        ),
        (
            def("dhcp4", 223, "a", "string"),
            "option definition with name 'a' already exists in option space 'dhcp4'",
        ),
        (
            def("dhcp4", 1, "b", "string"),
            "unable to override definition of option '1' in standard option space 'dhcp4'",
        ),
    ] {
        let error = standard.with(vec![def("dhcp4", 222, "a", "string"), second]).unwrap_err();
        assert_eq!((error.index, error.to_string().as_str()), (1, expected));
    }
}

#[test]
fn standard_tables_are_whole() {
    let (v4, v6) = (DefTable::standard(Family::V4), DefTable::standard(Family::V6));
    for (table, space, count) in [
        (&v4, "dhcp4", 125),
        (&v4, "dhcp-agent-options-space", 20),
        (&v4, "cablelabs-client-conf", 9),
        (&v4, "vendor-4491", 2),
        (&v4, "docsis3-v4", 2),
        (&v6, "docsis3-v6", 10),
        (&v6, "4o6", 3),
        (&v6, "dhcp6", 76),
        (&v6, "vendor-4491", 10),
        (&v6, "vendor-2495", 3),
        (&v6, "s46-cont-mape-options", 2),
        (&v6, "s46-cont-mapt-options", 2),
        (&v6, "s46-cont-lw-options", 2),
        (&v6, "s46-rule-options", 1),
        (&v6, "s46-v4v6bind-options", 1),
        (&v6, "v6-ntp-server-suboptions", 3),
    ] {
        assert_eq!(table.space(space).len(), count, "{space}");
        for def in table.space(space) {
            assert_eq!(OptionSpace::new(space).as_ref(), Ok(&def.space));
            assert!(def.code <= OptionDef::max_code(table.family()), "{def:?}");
            assert_eq!(def.data_type == DataType::Record, def.record_types.len() > 1, "{def:?}");
            if let Some((_, before)) = def.fields().split_last() {
                assert!(!before.iter().any(|t| matches!(t, DataType::String | DataType::Binary)), "{def:?}");
            }
            assert!(std::sync::Arc::ptr_eq(table.by_name(space, &def.name).unwrap(), def));
        }
    }
}
