//! Texts of options and what Kea makes of them: payloads as Kea 2.2.0 put them on the wire, refusals with its words.
//! Where we refuse what Kea mangles, the case says so.

use std::borrow::Cow;

use base::Family;
use options::{
    DataType, DefTable, OptionDef, OptionSpace, decode_csv, decode_text, encode_csv, encode_hex, normalize,
};

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|o| format!("{o:02x}")).collect()
}

/// A definition from words such as `uint8`, `uint8[]`, `record uint8,string`, `record[] uint8,fqdn`.
fn def(words: &str) -> OptionDef {
    let (head, fields) = words.split_once(' ').unwrap_or((words, ""));
    let name = head.trim_end_matches("[]");
    let mut def =
        OptionDef::new(Family::V4, OptionSpace::DHCP4, 222, "foo", DataType::from_name(name).unwrap());
    def.array = head.ends_with("[]");
    def.record_types = Cow::Owned(DataType::parse_list(fields).unwrap());
    def.validate().unwrap();
    def
}

fn encoded(words: &str, text: &str) -> Result<String, String> {
    encode_csv(&def(words), text).map(|octets| hex(&octets)).map_err(|e| e.to_string())
}

#[test]
fn csv_texts_that_kea_takes() {
    for (words, text, payload) in [
        ("uint8", "5", "05"),
        ("uint8", " 5 ", "05"),
        ("uint8", "5,6", "05"),
        ("uint8", "5,x", "05"),
        ("uint8", "010", "0a"),
        ("uint8", "0x1f", "1f"),
        ("uint8", "1f", "1f"),
        ("uint8", "ab", "ab"),
        ("uint8", "+5", "05"),
        ("uint16", "65535", "ffff"),
        ("uint16", "ffff", "ffff"),
        ("uint32", "4294967295", "ffffffff"),
        ("uint32", "ffffffff", "ffffffff"),
        ("int8", "-0x1", "ff"),
        ("int8", "-128", "80"),
        ("int8", "+0x7f", "7f"),
        ("int16", "-32768", "8000"),
        ("int32", "-2147483648", "80000000"),
        ("uint8[]", "5,,6,", "0506"),
        ("uint8[]", ",5", "05"),
        ("boolean", "TRUE", "01"),
        ("boolean", "False", "00"),
        ("boolean", "1", "01"),
        ("boolean", "00", "00"),
        ("boolean", "+1", "01"),
        ("boolean[]", "true, false, 1", "010001"),
        ("string", "a,b", "61"),
        ("string", "a\\,b", "612c62"),
        ("string", "a\\b", "615c62"),
        ("string", "a\\\\b", "615c62"),
        ("string", "a\\\\,b", "615c"),
        ("string", "x\\", "785c"),
        ("string", "  x  ", "78"),
        ("string", "\"q\"", "227122"),
        ("binary", "010203", "010203"),
        ("binary", "01 02", "0102"),
        ("binary", "AbCd", "abcd"),
        ("binary", "01,02", "01"),
        ("fqdn", "www.example.com", "03777777076578616d706c6503636f6d00"),
        ("fqdn", "www.example.com.", "03777777076578616d706c6503636f6d00"),
        ("fqdn", "WWW.Ex", "0357575702457800"),
        ("fqdn", "*.a", "012a016100"),
        ("fqdn", "-a.b", "022d61016200"),
        ("fqdn", "a.b, c.d", "0161016200"),
        ("fqdn[]", "a.b, c.d.", "01610162000163016400"),
        ("tuple", "foo", "03666f6f"),
        ("tuple", "a\\,b", "03612c62"),
        ("tuple", " a b ", "03612062"),
        ("tuple[]", "a\\,b,c", "03612c620163"),
        ("tuple[]", "foo,,b", "03666f6f0162"),
        ("ipv4-address", "192.0.2.1,192.0.2.2", "c0000201"),
        ("ipv4-address[]", "192.0.2.1, 192.0.2.2", "c0000201c0000202"),
        ("ipv6-address", "2001:db8::1", "20010db8000000000000000000000001"),
        ("ipv6-address", "::ffff:1.2.3.4", "00000000000000000000ffff01020304"),
        ("ipv6-prefix", "2001:db8::/48", "3020010db80000"),
        ("ipv6-prefix", "2001:db8::1/64", "4020010db800000000"),
        ("ipv6-prefix", "2001:db8::/0", "00"),
        ("ipv6-prefix", "2001:db8:ffff::/33", "2120010db880"),
        ("ipv6-prefix[]", "2001:db8::/48, 2001:db8:1::/64", "3020010db800004020010db800010000"),
        ("psid", "3/4", "043000"),
        ("psid", "3/0", "000000"),
        ("psid", "65535/16", "10ffff"),
        ("psid", "1/16", "100001"),
        ("psid", "0x3/4", "043000"),
        ("psid", " 3 / 4 ", "043000"),
        ("psid[]", "3/4, 1/1", "043000018000"),
        ("empty", "", ""),
        ("record ipv4-address,uint16", "192.0.2.1, 5", "c00002010005"),
        ("record ipv4-address,uint16", "192.0.2.1,5,6", "c00002010005"),
        ("record ipv4-address,uint16", "192.0.2.1,,5", "c00002010005"),
        ("record[] ipv4-address,uint16", "192.0.2.1,5,6", "c000020100050006"),
        ("record fqdn,uint8", "a.b, 5", "016101620005"),
        ("record tuple,uint8", "foo, 5", "03666f6f05"),
        ("record ipv6-prefix,uint8", "2001:db8::/48, 5", "3020010db8000005"),
        ("record uint8,string", "5, Hello World", "0548656c6c6f20576f726c64"),
        ("record uint8,string", "5, Hello, World", "0548656c6c6f"),
        ("record uint8,binary", "5, 0102 03", "05010203"),
        ("record boolean,psid", "true, 3/4", "01043000"),
    ] {
        assert_eq!(encoded(words, text).as_deref(), Ok(payload), "{words}: {text}");
    }
}

#[test]
fn csv_texts_that_are_refused() {
    let prefix = "option data does not match option definition (space: dhcp4, code: 222): ";
    for (words, text, reason) in [
        (
            "uint8",
            "256",
            "unable to convert '256' to numeric type. This value is expected to be in the range of 0..255",
        ),
        (
            "uint8",
            "-1",
            "unable to convert '-1' to numeric type. This value is expected to be in the range of 0..255",
        ),
        (
            "uint8",
            "abc",
            "unable to convert 'abc' to numeric type. This value is expected to be in the range of 0..255",
        ),
        ("uint8", "5 6", "unable to convert the value '5 6' to integer data type"),
        ("uint8", "0xg", "unable to convert the value '0xg' to integer data type"),
        ("uint8", "", "no option value specified"),
        ("uint8[]", "", "no option value specified"),
        (
            "uint8[]",
            "1,300",
            "unable to convert '300' to numeric type. This value is expected to be in the range of 0..255 (field 2)",
        ),
        (
            "int8",
            "128",
            "unable to convert '128' to numeric type. This value is expected to be in the range of -128..127",
        ),
        (
            "uint32",
            "99999999999999999999999",
            "unable to convert '99999999999999999999999' to numeric type. This value is expected to be in the range of 0..4294967295",
        ),
        ("string", ",", "no option value specified"),
        ("boolean", "yes", "unable to convert the value 'yes' to boolean data type"),
        ("boolean", "2", "unable to convert the value '2' to boolean data type"),
        ("boolean", "0x1", "unable to convert the value '0x1' to boolean data type"),
        ("ipv4-address", "192.0.2", "Failed to convert string to address '192.0.2': Invalid argument"),
        ("ipv4-address", "192.0.2.01", "Failed to convert string to address '192.0.2.01': Invalid argument"),
        ("ipv6-address", "x", "Failed to convert string to address 'x': Invalid argument"),
        // Kea writes 4 or 16 wrong octets.
        ("ipv4-address", "2001:db8::1", "provided address 2001:db8::1 is not a valid IPv4 address."),
        ("ipv6-address", "192.0.2.1", "provided address 192.0.2.1 is not a valid IPv6 address."),
        ("ipv6-prefix", "2001:db8::", "provided address/prefix 2001:db8:: is not valid."),
        ("ipv6-prefix", "2001:db8::/-1", "provided prefix -1 is not valid."),
        ("ipv6-prefix", "/48", "Failed to convert string to address '': Invalid argument"),
        // Kea writes 17 octets.
        ("ipv6-prefix", "2001:db8::/129", "provided prefix 129 is not valid."),
        ("psid", "16/4", "invalid PSID value 16 for a specified PSID length 4"),
        ("psid", "3/17", "invalid value 17 of PSID length"),
        ("psid", "3", "provided PSID value 3 is not valid"),
        ("psid", "x/4", "provided PSID x is not valid"),
        ("psid", "3/4/5", "provided PSID length 4/5 is not valid"),
        ("binary", "abc", "unable to cast abc to binary data type: odd number of hexadecimal digits"),
        (
            "binary",
            "xy",
            "unable to cast xy to binary data type: attempt to decode a value not in base16 char set",
        ),
        (
            "binary",
            ":",
            "unable to cast : to binary data type: attempt to decode a value not in base16 char set",
        ),
        ("fqdn", "a..b", "invalid domain name: duplicate period in a..b"),
        ("fqdn", "a b", "invalid domain name: character that is not allowed in a b"),
        ("empty", "foo", "the option carries no data of its own, but 'foo' is specified"),
        (
            "record ipv4-address,uint16",
            "192.0.2.1",
            "number of data fields for the option type '222' is greater than number of values provided.",
        ),
        (
            "record ipv4-address,uint16",
            "192.0.2.1,x",
            "unable to convert the value 'x' to integer data type (field 2)",
        ),
    ] {
        assert_eq!(encoded(words, text), Err(format!("{prefix}{reason}")), "{words}: {text}");
    }
    let error = encoded("tuple", &"x".repeat(256)).unwrap_err();
    assert!(error.ends_with("invalid tuple value (size 256 larger than 255)"), "{error}");
}

#[test]
fn hexadecimal_texts() {
    for (text, payload) in [
        ("", ""),
        ("01:02", "0102"),
        ("01 02", "0102"),
        ("0x0102", "0102"),
        ("1:2", "0102"),
        ("1 2", "0102"),
        ("abc", "0abc"),
        ("0xabc", "0abc"),
        ("C0000201", "c0000201"),
        ("'abc'", "616263"),
        (" 'abc' ", "616263"),
        ("'a'b'", "612762"),
        ("'a:b'", "613a62"),
    ] {
        assert_eq!(encode_hex(text).map(|o| hex(&o)).as_deref(), Ok(payload), "{text}");
    }
    for bad in [
        "0x01:02",
        "1:",
        "01-02",
        "01:02 03",
        "01  02",
        " 0102 ",
        "g",
        "0x",
        ":",
        "1:222",
        "''",
        "'a",
        "192.0.2.1",
        "é",
    ] {
        let error = encode_hex(bad).unwrap_err().to_string();
        assert_eq!(error, format!("option data is not a valid string of hexadecimal digits: {bad}"));
    }
}

#[test]
fn hexadecimal_payloads_against_definitions() {
    for (words, text, payload) in [
        ("uint8", "0102", "01"),
        ("uint16", "010203", "0102"),
        ("boolean", "0100", "01"),
        ("ipv4-address", "c000020101", "c0000201"),
        ("string", "61620000", "6162"),
        ("fqdn", "016100", "016100"),
        ("tuple", "0161", "0161"),
        ("tuple", "00", "00"),
        ("psid", "043000", "043000"),
        ("ipv6-prefix", "3020010db80000", "3020010db80000"),
        ("ipv6-prefix", "00", "00"),
        ("uint8[]", "010203", "010203"),
        ("record ipv4-address,uint16", "c0000201000500", "c00002010005"),
        ("record uint8,string", "05610000", "0561"),
        ("empty", "01", ""),
        ("binary", "", ""),
    ] {
        let octets = normalize(&def(words), encode_hex(text).unwrap()).map(|o| hex(&o));
        assert_eq!(octets.as_deref(), Ok(payload), "{words}: {text}");
    }
    for (words, text, problem) in [
        (
            "uint8",
            "",
            "option dhcp4.foo (code 222) is truncated: field 1 (uint8) needs more than the 0 octet(s) left",
        ),
        ("uint16", "01", "field 1 (uint16) needs more than the 1 octet(s) left"),
        ("uint16[]", "010203", "field 2 (uint16) needs more than the 1 octet(s) left"),
        ("uint8[]", "", "truncated"),
        ("ipv4-address", "c00002", "truncated"),
        ("string", "", "field 1 does not hold a valid string"),
        ("string", "0000", "valid string"),
        ("fqdn", "0161", "valid fqdn"),
        ("fqdn", "c000", "valid fqdn"),
        ("tuple", "0261", "valid tuple"),
        ("tuple", "", "valid tuple"),
        ("psid", "110000", "valid psid"),
        ("ipv6-prefix", "3020010db8", "valid ipv6-prefix"),
        ("ipv6-prefix", "8100", "valid ipv6-prefix"),
        ("record ipv4-address,uint16", "c0000201", "field 2 (uint16)"),
    ] {
        let error = normalize(&def(words), encode_hex(text).unwrap()).unwrap_err().to_string();
        assert!(error.contains(problem), "{words}: {text}: {error}");
    }
}

#[test]
fn surplus_octets_may_be_sub_options() {
    let mut container = def("uint16");
    container.encapsulates = Some(OptionSpace::new("isc").unwrap());
    let payload = encode_hex("000501010a").unwrap();
    assert_eq!(options::data_len(&container, &payload), Ok(2));
    assert_eq!(normalize(&container, payload.clone()), Ok(payload));
}

/// A list of addresses may have none, in every form; other lists have one value at least.
#[test]
fn empty_lists() {
    for (words, may) in [("ipv4-address[]", true), ("ipv6-address[]", true), ("uint16[]", false)] {
        let def = def(words);
        assert_eq!(encode_csv(&def, "").is_ok(), may, "{words}");
        assert_eq!(normalize(&def, Vec::new()).is_ok(), may, "{words}");
        assert_eq!(decode_csv(&def, &[]), may.then(String::new), "{words}");
    }
}

#[test]
fn standard_options() {
    let table = DefTable::standard(Family::V4);
    for (code, text, payload) in [
        (119, "a.b, c.d", "01610162000163016400"),
        (159, "0,3/4", "00043000"),
        (212, "24,32,2001:db8::,192.0.2.1", "182020010db8000000000000000000000000c0000201"),
        (146, "1,192.0.2.1,192.0.2.2,a.b,c.", "01c0000201c00002020161016200016300"),
        (77, "0102", "0102"),
        (78, "true,192.0.2.1,192.0.2.2", "01c0000201c0000202"),
        (79, "true,foo", "01666f6f"),
        (94, "1,2,3", "010203"),
        (97, "0, 0102", "000102"),
        (124, "4491, 03616263", "0000118b03616263"),
        (125, "4491", "0000118b"),
        // The length of these tuples has two octets (RFC 8572).
        (143, "https://a, b", "000968747470733a2f2f61000162"),
        (121, "10.0.0.0/8 - 192.0.2.1", "080ac0000201"),
    ] {
        let def = table.by_code("dhcp4", code).unwrap();
        let octets = encode_csv(def, text).unwrap();
        assert_eq!(hex(&octets), payload, "{code}: {text}");
        let again = decode_csv(def, &octets).unwrap();
        assert_eq!(encode_csv(def, &again).unwrap(), octets, "{again}");
    }
    let vivco = table.by_name("dhcp4", "vivco-suboptions").unwrap();
    assert!(encode_csv(vivco, "4491, 010203").is_err());
    assert!(encode_csv(vivco, "4491, 0301").is_err());
    let table = DefTable::standard(Family::V6);
    for (space, name, text, payload) in [
        ("dhcp6", "pd-exclude", "2001:db8:1:1::/64", "4020010db800010001"),
        (
            "dhcp6",
            "bootfile-param",
            "root=/dev/sda2, quiet",
            "000e726f6f743d2f6465762f73646132000571756965 74",
        ),
        ("dhcp6", "vendor-class", "4491, 0003616263", "0000118b0003616263"),
        (
            "s46-cont-mape-options",
            "s46-rule",
            "1, 0, 24, 192.0.2.0, 2001:db8:1::/64",
            "010018c00002004020010db800010000",
        ),
        ("s46-rule-options", "s46-portparams", "2, 3/4", "02043000"),
        ("dhcp6", "v6-dnr", "1, a.", "00010003016100"),
        ("v6-ntp-server-suboptions", "ntp-server-fqdn", "ntp.example", "036e7470076578616d706c6500"),
    ] {
        let def = table.by_name(space, name).unwrap();
        let octets = encode_csv(def, text).unwrap();
        assert_eq!(hex(&octets), payload.replace(' ', ""), "{name}");
    }
}

#[test]
fn readable_texts() {
    for (words, payload, text) in [
        ("uint8[]", "0506", "5, 6"),
        ("boolean", "01", "true"),
        ("int16", "ffff", "-1"),
        ("string", "612c6200", "a,b"),
        ("binary", "0aff", "0aff"),
        ("fqdn[]", "01610001620163c000", "a., b.c.a."),
        ("fqdn[]", "01610001620163c003", "0x01610001620163C003"),
        ("psid", "043000", "3/4"),
        ("ipv6-prefix", "2120010db8ff", "2001:db8:8000::/33"),
        ("record uint8,string", "05613d62", "5, a=b"),
        ("ipv4-address", "c00002", "0xC00002"),
        ("empty", "", ""),
    ] {
        assert_eq!(decode_text(&def(words), &encode_hex(payload).unwrap()), text, "{words}");
    }
}
