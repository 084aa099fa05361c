//! Every construct of the language against packets of both families.

use crate::common::{World, boolean, packet, packet4, string};
use expr::{ClassId, EvalError, Family, compile_bool, compile_string};

use Family::{V4, V6};

fn check_bool(family: Family, rows: &[(&str, bool)]) {
    let packet = packet(family);
    for (text, expected) in rows {
        assert_eq!(boolean(text, family).eval_bool(&packet), Ok(*expected), "{text}");
    }
}

fn check_string(family: Family, rows: &[(&str, &[u8])]) {
    let packet = packet(family);
    for (text, expected) in rows {
        let expression = string(text, family);
        let value = expression.eval_string(&packet).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(value, expected, "{text}");
    }
}

#[test]
fn literals() {
    check_string(
        V4,
        &[
            ("'text'", b"text"),
            ("''", b""),
            ("'no \\escapes'", b"no \\escapes"),
            ("0x0A0b", &[10, 11]),
            ("0X123", &[1, 0x23]),
            ("192.0.2.1", &[192, 0, 2, 1]),
            ("2001:db8::1", &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
            ("::ffff:192.0.2.1", &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1]),
            ("::", &[0; 16]),
            ("123", &[0, 0, 0, 123]),
            ("4294967295", &[255; 4]),
            ("(('a'))", b"a"),
            ("\t'a'\n+\n'b'", b"ab"),
        ],
    );
}

#[test]
fn string_functions() {
    check_string(
        V4,
        &[
            ("concat('foo','bar')", b"foobar"),
            ("'a' + 'b' + 'c'", b"abc"),
            ("'a' + option[230].hex + 'b' + 'c'", b"a\x01\x02\x03bc"),
            ("lcase('LoWeR')", b"lower"),
            ("ucase('uPpEr')", b"UPPER"),
            ("lcase(option[60].hex)", b"pxeclient:arch:00007"),
            ("ucase(option[12].text)", b"HOST-1"),
            ("substring('foobar', 0, 6)", b"foobar"),
            ("substring('foobar', 3, 3)", b"bar"),
            ("substring('foobar', 3, all)", b"bar"),
            ("substring('foobar', 1, 4)", b"ooba"),
            ("substring('foobar', -5, 4)", b"ooba"),
            ("substring('foobar', -1, -3)", b"oba"),
            ("substring('foobar', 4, -2)", b"ob"),
            ("substring('foobar', 10, 2)", b""),
            ("substring('foobar', 6, 1)", b""),
            ("substring('foobar', -6, 1)", b"f"),
            ("substring('foobar', -7, 1)", b""),
            ("substring('foobar', 2, -5)", b"fo"),
            ("substring('foobar', 2, 0)", b""),
            ("substring('foobar', 0, -1)", b""),
            ("substring('foobar', 1, 9223372036854775807)", b"oobar"),
            ("substring('foobar', -9223372036854775808, 2)", b""),
            ("substring('', 0, 1)", b""),
            ("substring(option[60].hex, 0, 3)", b"PXE"),
            ("substring(option[60].hex, -5, 2)", b"00"),
            ("substring(ucase(option[60].hex), 3, 6)", b"CLIENT"),
            ("split('one.two..four', '.', 1)", b"one"),
            ("split('one.two..four', '.', 2)", b"two"),
            ("split('one.two..four', '.', 3)", b""),
            ("split('one.two..four', '.', 4)", b"four"),
            ("split('one.two..four', '.', 5)", b""),
            ("split('one.two', '.', 0)", b""),
            ("split('one.two', '.', -1)", b""),
            ("split('one.two', '', 7)", b"one.two"),
            ("split('', '.', 1)", b""),
            ("split('a:b-c', '-:', 3)", b"c"),
            ("split(option[60].hex, ':', 3)", b"00007"),
            ("split(0x61276227, 0x27, 2)", b"b"),
            ("hexstring('foo', '-')", b"66-6f-6f"),
            ("hexstring(pkt4.mac, ':')", b"08:00:2b:02:3f:4e"),
            ("hexstring(option[230].hex, '')", b"010203"),
            ("hexstring('', ':')", b""),
            ("ifelse(option[230].exists, 'yes', 'no')", b"yes"),
            ("ifelse(option[231].exists and option[232].exists, 'yes', 'no')", b"no"),
            ("ifelse('a' == 'a', 'yes', option[12].hex)", b"yes"),
            ("sifelse(option[230].exists, 'yes', 'no')", b"yes"),
            ("sifelse('a' == 'b', 'yes', 'no')", b"no"),
            ("addrtotext(192.10.0.1)", b"192.10.0.1"),
            ("addrtotext(2003:db8::)", b"2003:db8::"),
            ("addrtotext(option[50].hex)", b"192.0.2.9"),
            ("addrtotext('')", b""),
            ("int8totext(0xff)", b"-1"),
            ("int16totext(0xffff)", b"-1"),
            ("int32totext(0x80000000)", b"-2147483648"),
            ("uint8totext(0xff)", b"255"),
            ("uint16totext(0xffff)", b"65535"),
            ("uint32totext(4294967295)", b"4294967295"),
            ("uint8totext(option[23].hex)", b"64"),
            ("int8totext('')", b""),
            ("uint32totext(option[99].hex)", b""),
        ],
    );
}

#[test]
fn conversions_of_the_wrong_length_are_errors() {
    let packet = packet4();
    let int = |name| EvalError::Integer(name);
    for (text, error) in [
        ("addrtotext('abc')", EvalError::Address),
        ("addrtotext(option[230].hex)", EvalError::Address),
        ("int8totext('ab')", int("int8")),
        ("int16totext('a')", int("int16")),
        ("int32totext('abc')", int("int32")),
        ("uint8totext(255)", int("uint8")),
        ("uint16totext(65535)", int("uint16")),
        ("uint32totext(option[230].hex)", int("uint32")),
        ("'x' + uint8totext('ab')", int("uint8")),
    ] {
        assert_eq!(string(text, V4).eval_string(&packet).unwrap_err(), error, "{text}");
    }
    assert_eq!(EvalError::Address.to_string(), "Can not convert to valid address.");
    assert_eq!(int("uint16").to_string(), "Can not convert to valid uint16.");
}

#[test]
fn lazy_and_strict_operators() {
    let packet = packet4();
    const FAILS: &str = "uint8totext('ab') == '1'";
    const YES: &str = "option[230].exists";
    const NO: &str = "option[99].exists";
    let value = |text: String| boolean(&text, V4).eval_bool(&packet).ok();
    assert_eq!(value(format!("{NO} and {FAILS}")), Some(false));
    assert_eq!(value(format!("{YES} or {FAILS}")), Some(true));
    assert_eq!(value(format!("{YES} and {FAILS}")), None);
    assert_eq!(value(format!("{NO} or {FAILS}")), None);
    assert_eq!(value(format!("{NO} sand {FAILS}")), None);
    assert_eq!(value(format!("{YES} sor {FAILS}")), None);
    assert_eq!(value(format!("ifelse({YES}, 'a', uint8totext('ab')) == 'a'")), Some(true));
    assert_eq!(value(format!("sifelse({YES}, 'a', uint8totext('ab')) == 'a'")), None);
    assert_eq!(value("sifelse('a' == 'a', 'a', uint8totext('ab')) == 'a'".into()), None);
    // Constants do not change what is evaluated.
    assert_eq!(value(format!("'a' == 'b' and {FAILS}")), Some(false));
    assert_eq!(value(format!("'a' == 'b' sand {FAILS}")), None);
    assert_eq!(value(format!("'a' == 'a' sor {FAILS}")), None);
    assert_eq!(value(format!("{FAILS} and 'a' == 'b'")), None);
    assert_eq!(value(format!("{YES} and 'a' == 'a' and {YES}")), Some(true));
    assert_eq!(value(format!("{NO} or 'a' == 'a' or {FAILS}")), Some(true));
}

#[test]
fn boolean_operators_and_their_precedence() {
    let t = "'a' == 'a'";
    let f = "'a' == 'b'";
    // The same with values that only the packet knows, so that nothing is folded.
    let (yes, no) = ("option[230].exists", "option[99].exists");
    for (t, f) in [(t, f), (yes, no)] {
        for (text, expected) in [
            (format!("not {f}"), true),
            (format!("not not {t}"), true),
            (format!("not {f} and {f}"), false),
            (format!("not ({f} and {f})"), true),
            (format!("{t} or {f} and {f}"), true),
            (format!("({t} or {f}) and {f}"), false),
            (format!("{f} and {f} or {t}"), true),
            // `sor` is looser than `or`, `sand` looser than `and`.
            (format!("{t} sor {f} and {f}"), true),
            (format!("{f} sand {f} or {t}"), true),
            (format!("{f} and {t} sand {t}"), false),
            (format!("{t} or {t} sand {f}"), true),
            (format!("{t} sor {t} or {f}"), true),
            (format!("{t} sand {t} sand {t}"), true),
            (format!("{f} sor {f} sor {t}"), true),
            (format!("(({t}))"), true),
            ("('a') == ('a')".to_owned(), true),
            ("('a' + 'b') + 'c' == 'a' + ('b' + 'c')".to_owned(), true),
            ("not 'a' == 'b'".to_owned(), true),
            ("1 == 0x00000001".to_owned(), true),
            ("1 == 0x01".to_owned(), false),
        ] {
            assert_eq!(boolean(&text, V4).eval_bool(&packet4()), Ok(expected), "{text}");
        }
    }
}

#[test]
fn regular_expressions() {
    check_bool(
        V4,
        &[
            ("match('foo.*', lcase('FooBar'))", true),
            ("match('.*foo.*', 'is it foo or bar')", true),
            ("match('^.*foo.*$', 'is it foo or bar')", true),
            ("match('foo', 'foobar')", false),
            ("match('PXEClient:Arch:0000[0-9]', option[60].hex)", true),
            ("match('PXE', option[60].hex)", false),
            ("match('', option[99].hex)", true),
            ("not match('.+', option[99].hex)", true),
            ("match('.*', 0xff00)", true),
        ],
    );
    let error = compile_bool("match('(', 'a')", V4, &mut World::new(V4)).unwrap_err().to_string();
    assert!(error.starts_with("<string>:1.7-9: invalid regular expression '(': "), "{error}");
}

#[test]
fn options_of_the_packet() {
    check_bool(
        V4,
        &[
            ("option[60].exists", true),
            ("option[80].exists", true),
            ("option[99].exists", false),
            ("option[vendor-class-identifier].exists", true),
            ("option[ host-name\n].exists", true),
            ("option[container].exists", true),
            ("option[60].hex == 'PXEClient:Arch:00007'", true),
            ("option[80].hex == ''", true),
            ("option[99].hex == ''", true),
            ("option[99].text == ''", true),
            ("option[61].hex == 0x0108002b023f4e", true),
            ("option[12].hex == 0x486f73742d3100", true),
            ("option[12].text == 'Host-1'", true),
            ("option[43].option[1].hex == 'hi'", true),
            ("option[43].option[2].exists", true),
            ("option[43].option[2].hex == 'you'", true),
            // Behind the end of the options.
            ("option[43].option[9].exists", false),
            ("option[43].option[0].exists", false),
            ("option[82].option[1].hex == 'port'", true),
            ("relay4[1].hex == 'port'", true),
            ("relay4[2].hex == 0xaa00cc", true),
            ("relay4[1].exists", true),
            ("relay4[3].exists", false),
            ("relay4[3].hex == ''", true),
            // No definition says that there is anything inside.
            ("relay4[9].option[7].exists", false),
            ("option[230].option[1].exists", false),
            // Sub-options follow the fields of the definition.
            ("option[222].option[1].hex == 'ok'", true),
            ("option[222].option[1].text == 'ok'", true),
            ("option[222].option[2].exists", false),
            ("option[222].option[1].option[1].exists", false),
            ("option[222].option[1].option[1].hex == ''", true),
            ("option[125].option[1].hex == 'one'", true),
        ],
    );
}

#[test]
fn texts_of_options() {
    check_string(
        V4,
        &[
            ("relay4[1].text", b"type=001, len=004: 70:6f:72:74 'port'"),
            ("option[3].text", b"type=003, len=008: 192.0.2.1 192.0.2.2"),
            ("option[23].text", b"type=023, len=001: 64 (uint8)"),
            ("option[50].text", b"type=050, len=004: 192.0.2.9 (ipv4-address)"),
            ("option[55].text", b"type=055, len=003: 1(uint8) 3(uint8) 6(uint8)"),
            ("option[61].text", b"type=061, len=007: 01:08:00:2b:02:3f:4e"),
            ("option[80].text", b"type=080, len=000: ''"),
            ("option[230].text", b"type=230, len=003: 01:02:03"),
            ("option[231].text", b"type=231, len=009: 70:72:69:6e:74:61:62:6c:65 'printable'"),
            (
                "option[222].text",
                b"type=222, len=011: \"name.\" (fqdn) 5 (uint8),\noptions:\n  type=001, len=002: \"ok\" (string)",
            ),
            ("vendor[4491].option[1].text", b"type=001, len=003: 111(uint8) 110(uint8) 101(uint8)"),
        ],
    );
    check_string(V6, &[("relay6[0].option[18].text", b"type=00018, len=00003: 69:66:31 'if1'")]);
    // Names of clients show their flags, and are in lower case.
    for (family, code, payload, expected) in [
        (
            V6,
            39,
            &b"\x01\x04HOST\x07example\x00"[..],
            "39(CLIENT_FQDN), flags: (N=0, O=0, S=1), domain-name='host.example.' (full)",
        ),
        (V6, 39, b"\x04\x04host", "39(CLIENT_FQDN), flags: (N=1, O=0, S=0), domain-name='host' (partial)"),
        (V6, 39, b"\x02", "39(CLIENT_FQDN), flags: (N=0, O=1, S=0), domain-name='' (partial)"),
        (
            V4,
            81,
            b"\x05\xff\xff\x04host\x00",
            "81 (CLIENT_FQDN), flags: (N=0, E=1, O=0, S=1), domain-name='host.' (full)",
        ),
        (
            V4,
            81,
            b"\x00\x00\x00Host",
            "81 (CLIENT_FQDN), flags: (N=0, E=0, O=0, S=0), domain-name='host' (partial)",
        ),
    ] {
        let mut view = packet(family);
        view.options.retain(|(there, _)| *there != code);
        view.options.push((code, payload.to_vec()));
        let expression = string(&format!("option[{code}].text"), family);
        let text = expression.eval_string(&view).unwrap();
        assert_eq!(String::from_utf8_lossy(&text), format!("type={expected}"));
    }
}

#[test]
fn packet_fields() {
    check_bool(
        V4,
        &[
            ("pkt.iface == 'eth0'", true),
            ("pkt.src == 10.1.2.3", true),
            ("pkt.dst == 10.1.2.4", true),
            ("pkt.len == 300", true),
            ("pkt4.mac == 0x08002b023f4e", true),
            ("pkt4.hlen == 6", true),
            ("pkt4.htype == 1", true),
            ("pkt4.ciaddr == 192.0.2.1", true),
            ("pkt4.yiaddr == 192.0.2.2", true),
            ("pkt4.siaddr == 192.0.2.3", true),
            ("pkt4.giaddr == 192.0.2.4", true),
            ("pkt4.msgtype == 1", true),
            ("pkt4.transid == 0x00123456", true),
        ],
    );
    check_bool(
        V6,
        &[
            ("pkt.iface == 'eth0'", true),
            ("pkt.src == fe80::1", true),
            ("pkt.dst == ff02::1:2", true),
            ("pkt.len == 300", true),
            ("pkt6.msgtype == 1", true),
            ("pkt6.transid == 1193046", true),
        ],
    );
}

#[test]
fn vendor_options() {
    check_bool(
        V4,
        &[
            ("vendor[*].exists", true),
            ("vendor[0].exists", true),
            ("vendor[4491].exists", true),
            ("vendor[9].exists", true),
            ("vendor[10].exists", false),
            ("vendor.enterprise == 4491", true),
            ("vendor[4491].option[1].exists", true),
            ("vendor[4491].option[1].hex == 'one'", true),
            ("vendor[*].option[1].hex == 'one'", true),
            ("vendor[9].option[7].hex == 0x07", true),
            ("vendor[9].option[1].exists", false),
            ("vendor[10].option[1].hex == ''", true),
            ("vendor[4491].option[1].option[1].exists", false),
            ("vendor-class[*].exists", true),
            ("vendor-class[4491].exists", true),
            ("vendor-class[10].exists", false),
            ("vendor-class.enterprise == 4491", true),
            ("vendor-class[4491].data == 'abc'", true),
            ("vendor-class[*].data == 'abc'", true),
            ("vendor-class[4491].data[0] == 'abc'", true),
            ("vendor-class[4491].data[1] == 'de'", true),
            ("vendor-class[4491].data[2] == ''", true),
            ("vendor-class[9].data == 'z'", true),
            ("vendor-class[4491].data[255] == ''", true),
        ],
    );
    check_bool(
        V6,
        &[
            ("vendor[*].exists", true),
            ("vendor[4491].exists", true),
            ("vendor[9].exists", true),
            ("vendor[10].exists", false),
            ("vendor.enterprise == 4491", true),
            ("vendor[4491].option[2].hex == 'ECM'", true),
            ("vendor[4491].option[2].text == 'ECM'", true),
            ("vendor[9].option[7].exists", true),
            ("vendor-class[4491].data == 'docsis3.0'", true),
            ("vendor-class[*].data[1] == 'de'", true),
            ("vendor-class[4491].data[2] == ''", true),
            ("vendor-class[9].data[0] == 'z'", true),
            ("vendor-class[10].exists", false),
            ("vendor-class.enterprise == 4491", true),
        ],
    );
    let mut bare = packet4();
    bare.options.clear();
    for text in
        ["vendor.enterprise", "vendor-class.enterprise", "vendor-class[*].data", "vendor[1].option[1].hex"]
    {
        assert_eq!(string(text, V4).eval_string(&bare).unwrap(), b"", "{text}");
    }
}

#[test]
fn relays_of_dhcpv6() {
    check_bool(
        V6,
        &[
            ("relay6[0].linkaddr == 2001:db8::1", true),
            ("relay6[1].peeraddr == fe80::2", true),
            ("relay6[-1].linkaddr == 2001:db8::2", true),
            ("relay6[-2].linkaddr == 2001:db8::1", true),
            ("relay6[-3].linkaddr == ''", true),
            ("relay6[2].linkaddr == ''", true),
            ("relay6[31].peeraddr == ''", true),
            ("relay6[-32].peeraddr == ''", true),
            ("relay6[0].option[18].hex == 'if1'", true),
            ("relay6[-1].option[interface-id].hex == 'if2'", true),
            ("relay6[0].option[37].exists", false),
            ("relay6[5].option[18].exists", false),
            ("relay6[0].option[18].option[1].exists", false),
            ("option[3].option[5].exists", true),
            ("substring(option[3].option[5].hex, 0, 16) == 2001:db8::7", true),
            ("option[3].option[13].exists", false),
            ("option[1000].exists", true),
            ("option[65535].exists", false),
        ],
    );
}

#[test]
fn class_membership() {
    check_bool(
        V4,
        &[
            ("member('known-class')", true),
            ("member('other-class')", false),
            ("not member('other-class') and member('known-class')", true),
        ],
    );
    let expression = boolean("member('other-class') or member('known-class') or member('other-class')", V4);
    assert_eq!(expression.classes(), [ClassId(2), ClassId(1)]);
    assert!(boolean("option[1].exists", V4).classes().is_empty());
}

#[test]
fn each_kind_serves_the_other() {
    let packet = packet4();
    let yes = boolean("option[230].exists", V4);
    assert_eq!(yes.eval_string(&packet).unwrap(), b"true");
    assert_eq!(string("'false'", V4).eval_bool(&packet), Ok(false));
    assert_eq!(string("'maybe'", V4).eval_bool(&packet), Err(EvalError::NotBoolean));
    let dynamic: &dyn expr::QueryView = &packet;
    assert_eq!(yes.eval_bool(dynamic), Ok(true));
}

#[test]
fn long_chains_need_no_depth() {
    let packet = packet4();
    let or = vec!["option[99].exists"; 20_000].join(" or ");
    assert_eq!(boolean(&or, V4).eval_bool(&packet), Ok(false));
    let mixed = vec!["option[99].exists and option[98].exists sand option[97].exists"; 5_000].join(" sor ");
    assert_eq!(boolean(&mixed, V4).eval_bool(&packet), Ok(false));
    let not = "not ".repeat(20_001) + "option[99].exists";
    assert_eq!(boolean(&not, V4).eval_bool(&packet), Ok(true));
    let plus = vec!["option[23].hex"; 20_000].join(" + ");
    assert_eq!(string(&plus, V4).eval_string(&packet).unwrap().len(), 20_000);
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| format!("{}option[230].exists{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(boolean(&nested(128), V4).eval_bool(&packet4()), Ok(true));
    let error = compile_bool(&nested(100_000), V4, &mut World::new(V4)).unwrap_err().to_string();
    assert_eq!(error, "<string>:1.130: expression is nested too deeply (more than 128 levels)");
    let calls = "lcase(".repeat(100_000);
    let error = compile_string(&calls, V4, &mut World::new(V4)).unwrap_err().to_string();
    assert!(error.contains("nested too deeply"), "{error}");
    let deep = format!("{}'a'{}", "ifelse(option[230].exists, 'x', ".repeat(128), ")".repeat(128));
    assert_eq!(string(&deep, V4).eval_string(&packet4()).unwrap(), b"x");
    let deep = format!("{}option[230].hex{}", "lcase(".repeat(128), ")".repeat(128));
    assert_eq!(string(&deep, V4).eval_string(&packet4()).unwrap(), [1, 2, 3]);
}
