//! Texts of errors: programs and operators match them.

use crate::common::World;
use expr::{Family, compile_bool, compile_string};

use Family::{V4, V6};

fn bool_error(text: &str, family: Family) -> String {
    match compile_bool(text, family, &mut World::new(family)) {
        Ok(_) => panic!("{text} compiles"),
        Err(error) => error.to_string(),
    }
}

fn string_error(text: &str, family: Family) -> String {
    match compile_string(text, family, &mut World::new(family)) {
        Ok(_) => panic!("{text} compiles"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn of_spelling() {
    for (text, error) in [
        ("< 'a'", "<string>:1.1: Invalid character: <"),
        ("'open", "<string>:1.1: Invalid character: '"),
        ("option[12].text != 'a'", "<string>:1.17: Invalid character: !"),
        ("option[12].hex == \n  &", "<string>:2.3: Invalid character: &"),
        ("option[12].bytes", "<string>:1.12: Invalid character: b"),
        ("members('known-class')", "<string>:1.7: Invalid character: s"),
        ("known", "<string>:1.1: Invalid character: k"),
        ("0x", "<string>:1.2: Invalid character: x"),
        ("12cd", "<string>:1.3: Invalid character: c"),
        ("option[-xy].hex", "<string>:1.8: Invalid character: -"),
        ("option[xy_].hex", "<string>:1.8: Invalid character: x"),
        ("'é' == ü", "<string>:1.9: Invalid character: ü"),
        ("1.2.3.400 == 'a'", "<string>:1.1-9: Failed to convert 1.2.3.400 to an IP address."),
        ("1::2::3 == 'a'", "<string>:1.1-7: Failed to convert 1::2::3 to an IP address."),
        (
            "option[99999999999999999999].hex == ''",
            "<string>:1.8-27: Failed to convert 99999999999999999999 to an integer.",
        ),
    ] {
        assert_eq!(bool_error(text, V4), error, "{text}");
    }
}

#[test]
fn of_values() {
    for (family, text, error) in [
        (
            V4,
            "option[300].hex",
            "<string>:1.8-10: Option code has invalid value in 300. Allowed range: 0..255",
        ),
        (V4, "option[-2].hex", "<string>:1.8-9: Option code has invalid value in -2. Allowed range: 0..255"),
        (
            V6,
            "option[70000].hex",
            "<string>:1.8-12: Option code has invalid value in 70000. Allowed range: 0..65535",
        ),
        (V4, "option[nothing].hex", "<string>:1.8-14: option 'nothing' is not defined"),
        (V4, "member('nobody')", "<string>:1.8-15: Not defined client class 'nobody'"),
        (V4, "-1 == ''", "<string>:1.1-2: Invalid value in -1. Allowed range: 0..4294967295"),
        (
            V4,
            "4294967296 == ''",
            "<string>:1.1-10: Invalid value in 4294967296. Allowed range: 0..4294967295",
        ),
        (V4, "vendor[-1].exists", "<string>:1.8-9: Invalid value in -1. Allowed range: 0..4294967295"),
        (
            V4,
            "vendor-class[1].data[256] == ''",
            "<string>:1.22-24: Invalid value in 256. Allowed range: 0..255",
        ),
        (
            V6,
            "relay6[32].linkaddr == ::",
            "<string>:1.8-9: Nest level has invalid value in 32. Allowed range: -32..31",
        ),
        (
            V6,
            "relay6[-33].linkaddr == ::",
            "<string>:1.8-10: Nest level has invalid value in -33. Allowed range: -32..31",
        ),
        (V4, "relay6[0].linkaddr == ::", "<string>:1.8: Nest level invalid for DHCPv4 packets"),
        (V6, "relay4[1].exists", "<string>:1.1-6: relay4 can only be used in DHCPv4."),
        (V6, "pkt4.mac == ''", "<string>:1.1-4: pkt4 can only be used in DHCPv4."),
        (V4, "pkt6.transid == ''", "<string>:1.1-4: pkt6 can only be used in DHCPv6."),
    ] {
        assert_eq!(bool_error(text, family), error, "{text}");
    }
}

#[test]
fn of_grammar() {
    for (text, found) in [
        ("", "1.1: syntax error, unexpected end of file"),
        (" \n ", "2.2: syntax error, unexpected end of file"),
        ("'a'", "1.4: syntax error, unexpected end of file, expecting == or +"),
        ("'a' and 'b'", "1.5-7: syntax error, unexpected and, expecting == or +"),
        ("'a' == 'b' and", "1.15: syntax error, unexpected end of file"),
        ("'a' == 'b' and 'c'", "1.19: syntax error, unexpected end of file, expecting == or +"),
        ("not 'a'", "1.8: syntax error, unexpected end of file, expecting == or +"),
        ("not ()", "1.6: syntax error, unexpected )"),
        ("('a' 'b')", "1.6-8: syntax error, unexpected constant string, expecting ) or == or +"),
        ("('a' == 'b' 'c')", "1.13-15: syntax error, unexpected constant string"),
        ("('a' == 'b') 'c'", "1.14-16: syntax error, unexpected constant string, expecting end of file"),
        ("('a')", "1.6: syntax error, unexpected end of file, expecting == or +"),
        ("(not 'a')", "1.9: syntax error, unexpected ), expecting == or +"),
        ("'a' == 'b' == 'c'", "1.12-13: syntax error, unexpected ==, expecting end of file"),
        ("'a' + == 'b'", "1.7-8: syntax error, unexpected =="),
        ("10.0.1 == ''", "1.3: syntax error, unexpected ., expecting == or +"),
        ("option 1", "1.8: syntax error, unexpected integer, expecting ["),
        ("option['a']", "1.8-10: syntax error, unexpected constant string, expecting integer or option name"),
        (
            "option[0x1]",
            "1.8-10: syntax error, unexpected constant hexstring, expecting integer or option name",
        ),
        ("option[1", "1.9: syntax error, unexpected end of file, expecting ]"),
        ("option[1]", "1.10: syntax error, unexpected end of file, expecting ."),
        ("option[1].len", "1.11-13: syntax error, unexpected len, expecting option or text or hex or exists"),
        (
            "option[43].option[host-name].hex",
            "1.19-27: syntax error, unexpected option name, expecting integer",
        ),
        ("option[1].exists == 'a'", "1.18-19: syntax error, unexpected ==, expecting end of file"),
        (
            "'a' == option[1].exists",
            "1.18-23: syntax error, unexpected exists, expecting option or text or hex",
        ),
        ("relay4[host-name].hex", "1.8-16: syntax error, unexpected option name, expecting integer"),
        ("pkt.mac == ''", "1.5-7: syntax error, unexpected mac, expecting iface or src or dst or len"),
        ("pkt4.iface == ''", "1.6-10: syntax error, unexpected iface"),
        ("vendor == ''", "1.8-9: syntax error, unexpected ==, expecting [ or ."),
        ("vendor.data", "1.8-11: syntax error, unexpected data, expecting enterprise"),
        ("vendor['a']", "1.8-10: syntax error, unexpected constant string, expecting * or integer"),
        ("vendor[1].data", "1.11-14: syntax error, unexpected data, expecting option or exists"),
        ("vendor-class[1].option[1]", "1.17-22: syntax error, unexpected option, expecting exists or data"),
        ("member(known)", "1.8: Invalid character: k"),
        ("member(12)", "1.8-9: syntax error, unexpected integer, expecting constant string"),
        ("member('known-class'", "1.21: syntax error, unexpected end of file, expecting )"),
        ("member 'known-class'", "1.8-20: syntax error, unexpected constant string, expecting ("),
        ("match(option[1].hex, 'a')", "1.7-12: syntax error, unexpected option, expecting constant string"),
        ("match('a' 'b')", "1.11-13: syntax error, unexpected constant string, expecting \",\""),
        ("substring('a') == ''", "1.14: syntax error, unexpected ), expecting \",\" or +"),
        ("substring('a', 1) == ''", "1.17: syntax error, unexpected ), expecting \",\""),
        (
            "substring('a', '1', 1) == ''",
            "1.16-18: syntax error, unexpected constant string, expecting integer",
        ),
        (
            "substring('a', 1, '1') == ''",
            "1.19-21: syntax error, unexpected constant string, expecting all or integer",
        ),
        ("concat('a') == ''", "1.11: syntax error, unexpected ), expecting \",\" or +"),
        ("concat('a', 'b', 'c') == ''", "1.16: syntax error, unexpected \",\", expecting ) or +"),
        ("ifelse('a', 'b', 'c') == ''", "1.11: syntax error, unexpected \",\", expecting == or +"),
        ("ifelse('a' == 'a' 'b')", "1.19-21: syntax error, unexpected constant string"),
        ("addrtotext(1.2.3.4, 'a') == ''", "1.19: syntax error, unexpected \",\", expecting ) or +"),
        ("lcase(member('known-class')) == ''", "1.7-12: syntax error, unexpected member"),
        ("all == ''", "1.1-3: syntax error, unexpected all"),
    ] {
        assert_eq!(bool_error(text, V4), format!("<string>:{found}"), "{text}");
    }
    for (text, found) in [
        ("", "1.1: syntax error, unexpected end of file"),
        ("'a' == 'b'", "1.5-6: syntax error, unexpected ==, expecting end of file"),
        ("('a' == 'b')", "1.6-7: syntax error, unexpected ==, expecting ) or +"),
        ("option[1].exists", "1.11-16: syntax error, unexpected exists, expecting option or text or hex"),
        ("vendor[1].exists", "1.11-16: syntax error, unexpected exists, expecting option"),
        ("vendor-class[1].exists", "1.17-22: syntax error, unexpected exists, expecting data"),
        ("member('known-class')", "1.1-6: syntax error, unexpected member"),
        ("not 'a'", "1.1-3: syntax error, unexpected not"),
    ] {
        assert_eq!(string_error(text, V4), format!("<string>:{found}"), "{text}");
    }
    assert_eq!(
        bool_error("relay6[0].src", V6),
        "<string>:1.11-13: syntax error, unexpected src, expecting option or peeraddr or linkaddr"
    );
    assert_eq!(
        bool_error("pkt6.mac", V6),
        "<string>:1.6-8: syntax error, unexpected mac, expecting msgtype or transid"
    );
}
